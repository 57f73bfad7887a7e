"""What cost weights and lead times do to optimal policies of the assembly system, component by component."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from basestock.decision import Policy, Problem
from basestock.dynamics import blank_outcome
from basestock.economics import estimate
from basestock.evaluation import play
from basestock.optimal.mdp import optimize
from basestock.problems.assembly import assembly_dqn_2025
from basestock.uncertainty import root_words
from experiments.contest import kpi
from experiments.drawing import Sheets
from experiments.registry import Options
from experiments.report import Cell, Table

COMPONENTS: dict[str, dict[str, Any]] = {
    "component 1": {"consumption": (3,), "lead_times": ((0.3, 0.5, 0.2),)},
    "component 2": {"consumption": (2,), "lead_times": ((0.3, 0.4, 0.3),)},
    "component 3": {"consumption": (1,), "lead_times": ((0.1, 0.6, 0.3),)},
}
"""Settings of each component alone: cost and dynamics separate, so that its optimal policy is the same."""

WEIGHTS = {
    "holding h": ("holding_cost", "holding", 0.5),
    "shortage p": ("shortage_cost", "backorder", 62.0),
    "stock of zero alpha": ("zero_stock_penalty", "zero_stock", 50.0),
    "order beta": ("order_cost", "unit_order", 1.0),
}
"""Each weight: its setting, the term of the cost that is linear in it, and its published value."""

FACTORS = (0.1, 0.5, 2.0, 10.0)
"""What weights are multiplied by, one at a time."""

PERIOD = 25
"""Period of the maps, of 50: far from both ends."""

STOCKS = {"component 1": range(-9, 37, 3), "component 2": range(-6, 25, 2), "component 3": range(-3, 13)}
"""Net stocks of the maps."""

LEAD_TIMES: dict[str, tuple[float, ...]] = {
    "always 1": (1.0,),
    "always 2": (0.0, 1.0),
    "always 3": (0.0, 0.0, 1.0),
    "1, 2, 3: 0.1, 0.8, 0.1": (0.1, 0.8, 0.1),
    "1, 2, 3: alike": (1 / 3, 1 / 3, 1 / 3),
    "1, 2, 3: 0.5, 0, 0.5": (0.5, 0.0, 0.5),
}
"""Laws of a lead time: the mean grows without variance, then the variance with a mean of 2."""


def orders_at(problem: Problem, policy: Policy, stocks: Sequence[int], period: int) -> np.ndarray:
    """Return ``[stock]`` what a policy orders of a single component, units.

    Parameters
    ----------
    problem, policy
        The system of one component, and who decides.
    stocks
        Net stocks, with nothing on order.
    period
        Period of the decision.
    """
    net, key = np.asarray(stocks, np.float32), jax.random.key(0)
    state, world = problem.start(len(net)), problem.events.initial_world(len(net))
    place = state.on_hand.at[0, 0]
    state = dataclasses.replace(
        state,
        period=jnp.asarray(period, state.period.dtype),
        on_hand=place.set(jnp.asarray(np.maximum(net, 0.0))),
        backorders=jnp.zeros_like(state.on_hand).at[0, 0].set(jnp.asarray(np.maximum(-net, 0.0))),
    )
    last = blank_outcome(problem.arrays, problem.sequence, problem.events, state, world, root_words(key))
    memory = problem.information.init(problem.arrays, len(net))
    seen, _ = problem.information.observe(problem.arrays, state, world, last, memory, key=key)
    decision, _ = policy(seen, policy.init(seen), key=key)
    return np.asarray(decision.order[0, 0])


def policy_maps(component: str, given: Mapping[str, Any]) -> Table:
    """Return what the optimal policy orders by net stock, for every weight times every factor.

    Parameters
    ----------
    component, given
        Name of a component, and its settings.
    """
    stocks = STOCKS[component]
    variants: dict[str, dict[str, Any]] = {"as published": {}}
    for told, (setting, _, published) in WEIGHTS.items():
        variants |= {f"{told} x {factor:g}": {setting: factor * published} for factor in FACTORS}
    rows: list[dict[str, Cell]] = []
    for told, weights in variants.items():
        problem = assembly_dqn_2025(**given, **weights)
        optimum = optimize(problem)
        orders = orders_at(problem, optimum.policy(problem), stocks, PERIOD)
        by_stock = {f"{stock}": int(order) for stock, order in zip(stocks, orders, strict=True)}
        rows.append({"weights": told, "optimum": optimum.value, **by_stock})
    return Table(f"{component}: optimal order by net stock, nothing on order, period {PERIOD}", rows)


def draw_map(sheets: Sheets, table: Table) -> None:
    """Draw the table of :func:`policy_maps` as a map: net stock across, weights down, orders as shades.

    Parameters
    ----------
    sheets, table
        Where, and what.
    """
    stocks = table.columns[2:]
    orders = np.array([[row[stock] for stock in stocks] for row in table.rows], np.float64)
    with sheets.figure(f"policy-map-{table.title.split(':')[0].replace(' ', '-')}") as (axes,):
        axes.imshow(orders, cmap="Blues", aspect="auto")
        for (row, column), order in np.ndenumerate(orders):
            dark = order > 0.6 * orders.max()
            axes.text(
                column, row, f"{order:g}", ha="center", va="center", fontsize=6, color="w" if dark else "k"
            )
        axes.set_xticks(range(len(stocks)), stocks, fontsize=7)
        axes.set_yticks(range(len(table.rows)), [str(row["weights"]) for row in table.rows], fontsize=7)
        axes.set_xlabel("net stock, nothing on order")
        axes.set_title(table.title, fontsize=9)


def elasticities(options: Options) -> Table:
    """Return by how many percent the optimal cost grows with one percent of a weight.

    Notes
    -----
    The cost of a policy is linear in each weight, so that by the envelope theorem the derivative of the optimal cost is
    what the optimal policy pays of it: the elasticity is the share of the term.
    """
    rows: list[dict[str, Cell]] = []
    for component, given in COMPONENTS.items():
        problem = assembly_dqn_2025(**given)
        optimum = optimize(problem)
        policy = optimum.policy(problem)
        played = play(problem, policy, replications=options.replications, seed=options.seed)
        row: dict[str, Cell] = {"component": component, "optimum": optimum.value}
        for told, (_, term, _) in WEIGHTS.items():
            share = estimate(played.sums[0].money[term])
            row[told] = (share.mean or 0.0) / optimum.value
            row[f"{told} +-"] = (share.half_width or 0.0) / optimum.value
        rows.append(row)
    return Table("elasticity of the optimal cost in each weight", rows)


def lead_time_study(options: Options) -> Table:
    """Return what mean and variance of a component's lead time do to its optimal stock and cost."""
    rows: list[dict[str, Cell]] = []
    for component, given in COMPONENTS.items():
        for told, law in {"as published": given["lead_times"][0], **LEAD_TIMES}.items():
            problem = assembly_dqn_2025(consumption=given["consumption"], lead_times=(law,))
            optimum = optimize(problem)
            policy = optimum.policy(problem)
            played = play(problem, policy, replications=options.replications, seed=options.seed)
            stock, short = (kpi(name)(played) for name in ("average_inventory", "joint_availability"))
            periods = np.arange(1, len(law) + 1)
            mean = float(periods @ law)
            rows.append(
                {
                    "component": component,
                    "lead time": told,
                    "mean": mean,
                    "variance": float((periods - mean) ** 2 @ law),
                    "optimum": optimum.value,
                    "average stock": stock.mean,
                    "+-": stock.half_width,
                    "periods without shortage %": None if short.mean is None else 100.0 * short.mean,
                }
            )
    return Table("lead time of one component at a time: what its optimal policy keeps", rows)
