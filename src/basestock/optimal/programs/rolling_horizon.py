"""A program solved anew in every period, of which only the first decision is carried out."""

import dataclasses
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from basestock.decision import Observation, Policy, Problem
from basestock.dynamics import Decision, State, by_remaining_life
from basestock.dynamics.plants import maintained
from basestock.dynamics.stages import can_order
from basestock.optimal.programs.coverage import check
from basestock.optimal.programs.frame import make_frame
from basestock.optimal.programs.money import Prices, read_prices
from basestock.optimal.programs.network_program import assemble
from basestock.optimal.programs.paths import ProgramPath, draw_events, expected_events, read_path
from basestock.optimal.programs.plan import Plan
from basestock.optimal.programs.refusal import ProgramError, UnsupportedError
from basestock.uncertainty import Seasonal

Forecast = Callable[[int, int], np.ndarray]
"""``(period, horizon) -> [scenario, period, node, item]`` demand in units, on the authored axes; no JAX inside."""


def expected_demand(problem: Problem) -> Forecast:
    """Return the forecast of one scenario: the mean of each period's law, whatever happened before.

    Parameters
    ----------
    problem
        Whose laws.
    """
    cycle = _cycle(problem)
    nodes, items = len(problem.network.nodes), len(problem.network.items)
    means = np.asarray(expected_events(problem, cycle).market, dtype=np.float64).sum(1)[:, :nodes, :items, 0]

    def forecast(period: int, horizon: int) -> np.ndarray:
        return means[np.arange(period, period + horizon) % cycle][None]

    return forecast


def sampled_demand(problem: Problem, num_scenarios: int, *, num_periods: int, seed: int = 0) -> Forecast:
    """Return the forecast of several scenarios, drawn once from the laws of a problem with a key of their own.

    Parameters
    ----------
    problem
        Whose laws.
    num_scenarios
        Number of scenarios.
    num_periods
        Number of periods that are drawn; a later one starts again at the first.
    seed
        Seed of the scenarios.

    Raises
    ------
    ValueError
        If a number is below 1.
    """
    if num_scenarios < 1 or num_periods < 1:
        raise ValueError(
            f"sampled_demand: {num_scenarios} scenarios of {num_periods} periods, must be at least 1. Ask for more."
        )
    nodes, items = len(problem.network.nodes), len(problem.network.items)
    key = jax.random.fold_in(jax.random.key(seed), 0x5CE4A10)
    drawn = [
        draw_events(problem, num_periods, key=key, replication=number).market
        for number in range(num_scenarios)
    ]
    paths = np.stack([np.asarray(path, dtype=np.float64).sum(1)[:, :nodes, :items, 0] for path in drawn])

    def forecast(period: int, horizon: int) -> np.ndarray:
        return paths[:, np.arange(period, period + horizon) % num_periods]

    return forecast


def _cycle(problem: Problem) -> int:
    lengths = [len(law.laws) for law in problem.uncertainty.demand.values() if isinstance(law, Seasonal)]
    return int(np.lcm.reduce(lengths)) if lengths else 1


@dataclasses.dataclass(frozen=True, eq=False)
class Planner:
    """Solves the program of one period on the host; everything that needs JAX was read before.

    Parameters
    ----------
    problem, start
        The problem, and a state of its network whose leaves are replaced.
    template, prices
        An expected path of the horizon, and the coefficients of money on it.
    horizon
        Periods that are looked ahead.
    forecast
        Demand of the scenarios.
    options
        Of :meth:`ProgramModel.solve`.
    """

    problem: Problem
    start: State
    template: ProgramPath
    prices: Prices
    horizon: int
    forecast: Forecast
    options: tuple[tuple[str, Any], ...]

    def __call__(self, seen: dict[str, Any]) -> dict[str, np.ndarray]:
        """Return the plans of all replications for what is seen, ``[period, ..., replication]``."""
        told = {name: np.asarray(leaf) for name, leaf in seen.items()}
        count = told["on_hand"].shape[-1]
        plans = [self._plan({name: _of(name, leaf, k) for name, leaf in told.items()}) for k in range(count)]
        shapes = planned_shapes(self.problem, self.horizon, count)
        result = {name: np.zeros(shape.shape, dtype=np.float32) for name, shape in shapes.items()}
        for number, plan in enumerate(plans):
            for name, table in result.items():
                part = getattr(plan, name)
                if part is not None:
                    table[(*(slice(0, size) for size in part.shape), number)] = part
        return result

    def _plan(self, seen: dict[str, np.ndarray]) -> Plan:
        period = int(seen["period"])
        state = self._state(seen, period)
        demand = np.asarray(self.forecast(period, self.horizon), dtype=np.float64)
        lanes, resources = len(self.problem.network.lanes), len(self.problem.network.resources)
        paths = [
            dataclasses.replace(
                self.template,
                demand=path,
                can_order=seen["can_order"][:, :lanes] > 0,
                working=seen["working"][:, :resources],
            )
            for path in demand
        ]
        opened = bool(self.problem.sequence.before)
        lots = seen.get("lots")
        if lots is not None:
            lots = lots[:, : len(self.problem.network.nodes), : len(self.problem.network.items)].astype(
                np.float64
            )
        frame = make_frame(self.problem, state, paths, opened=opened, relaxed=False, lots=lots)
        shares = (1.0 / len(paths),) * len(paths)
        program = assemble(frame, paths, [self.prices] * len(paths), shares)
        before = self._before(seen)
        try:
            return program.solve(warm_plan=before.moved(), **dict(self.options)).plan
        except ProgramError:
            # Nothing meets every constraint from here, or time was short: the plan of the last period goes on.
            return before.moved()

    def _before(self, seen: dict[str, np.ndarray]) -> Plan:
        """Return the plan of the last period on the authored axes."""
        network = self.problem.network
        lanes, items = len(network.lanes), len(network.items)
        start, overtime = seen.get("plan_start"), seen.get("plan_overtime")
        return Plan(
            seen["plan_order"][:, :lanes, :items].astype(np.float64),
            seen["plan_allocation"][:, :lanes, :items].astype(np.float64),
            None if start is None else start[:, : len(network.processes)].astype(np.float64),
            None if overtime is None else overtime[:, : len(network.resources)].astype(np.float64),
        )

    def _state(self, seen: dict[str, np.ndarray], period: int) -> State:
        """Return what is seen as a state of one replication."""
        leaves: dict[str, Any] = {name: seen[name][..., None] for name in ("on_hand", "in_transit")}
        leaves["period"] = np.int32(period)
        under_way = seen["in_transit"].copy()
        for name in ("backorders", "unfilled", "outstanding"):
            if getattr(self.start, name) is not None:
                leaves[name] = seen[name][..., None]
        for name in ("due", "outstanding"):
            if getattr(self.start, name) is not None:
                under_way -= seen[name].sum(0)
        if self.start.due is not None:
            leaves["due"] = np.roll(seen["due"], period % len(seen["due"]), axis=0)[..., None]
        if self.start.held is not None:
            leaves["held"] = np.maximum(under_way, 0.0)[..., None]
        if self.start.previous_order is not None:
            leaves["previous_order"] = seen["plan_order"][0][..., None]
        if self.start.work_in_process is not None:
            ring = np.zeros(self.start.work_in_process.shape)
            # Only processes of one period are allowed: what is under way is completed in the next one.
            ring[(period + 1) % len(ring), :, 0] = seen["work_in_process"]
            leaves["work_in_process"] = ring
        # On the host: leaves are NumPy arrays, and nothing is dispatched to JAX.
        return eqx.tree_at(
            lambda state: [getattr(state, name) for name in leaves], self.start, [*leaves.values()]
        )


_COMMON = ("period", "can_order", "working")


def _of(name: str, leaf: np.ndarray, replication: int) -> np.ndarray:
    """Return a leaf of one replication; what all share stays as it is."""
    return leaf if name in _COMMON else leaf[..., replication]


def planned_shapes(problem: Problem, horizon: int, count: int) -> dict[str, jax.ShapeDtypeStruct]:
    """Return the shapes of a plan on padded axes, ``[period, ..., replication]``."""
    network, production = problem.arrays, problem.arrays.production
    lanes = (horizon, network.num_lanes, network.num_items, count)
    shapes: dict[str, tuple[int, ...]] = {"order": lanes, "allocation": lanes}
    if production is not None:
        shapes["start"] = (horizon, production.num_processes, count)
        if production.num_resources:
            shapes["overtime"] = (horizon, production.num_resources, count)
    return {name: jax.ShapeDtypeStruct(shape, jnp.float32) for name, shape in shapes.items()}


class RollingHorizon(Policy):
    """Solves the program of the next periods in every period, and carries out its first decision.

    Parameters
    ----------
    planner
        Solves the programs; called back on the host.
    """

    planner: Planner = eqx.field(static=True)

    def init(self, observation: Observation) -> dict[str, Float[Array, "..."]]:
        """Return the plan to do nothing."""
        count = observation.on_hand.shape[-1]
        shapes = planned_shapes(self.planner.problem, self.planner.horizon, count)
        return {name: jnp.zeros(shape.shape) for name, shape in shapes.items()}

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Plan from what is seen, starting at the plan of the last period."""
        planner = self.planner
        seen = _seen(observation, planner) | {f"plan_{name}": leaf for name, leaf in memory.items()}
        shapes = planned_shapes(planner.problem, planner.horizon, observation.on_hand.shape[-1])
        plan = jax.pure_callback(planner, shapes, seen, vmap_method="sequential")
        first = {name: leaf[0] for name, leaf in plan.items()}
        allocation = first["allocation"] if planner.problem.arrays.features.internal else None
        decision = Decision(
            order=first["order"],
            start=first.get("start"),
            overtime=first.get("overtime"),
            allocation=allocation,
        )
        return decision, plan


def _seen(observation: Observation, planner: Planner) -> dict[str, Array]:
    """Return what the program needs of an observation."""
    network = observation.network
    names = (
        "period",
        "on_hand",
        "backorders",
        "in_transit",
        "unfilled",
        "due",
        "outstanding",
        "work_in_process",
    )
    leaves = {name: leaf for name in names if (leaf := getattr(observation, name)) is not None}
    if network.life is not None and observation.lots is not None and observation.life_clock is not None:
        leaves["lots"] = by_remaining_life(network.life, observation.lots, observation.life_clock)
    later = [
        eqx.tree_at(lambda state: state.period, planner.start, observation.period + ahead)
        for ahead in range(planner.horizon)
    ]
    leaves["can_order"] = jnp.stack([can_order(network, state)[:, 0, 0] for state in later])
    production = network.production
    if production is None or production.num_resources == 0:
        leaves["working"] = jnp.ones((planner.horizon, 0))
    else:
        shape = (production.num_resources, 1)
        shares = [1.0 - jnp.broadcast_to(maintained(production, state), shape)[:, 0] for state in later]
        leaves["working"] = jnp.stack(shares)
    return leaves


def rolling_horizon_policy(
    problem: Problem, *, horizon: int, forecast: Forecast | None = None, **options: Any
) -> RollingHorizon:
    """Return the policy that plans some periods ahead in every period.

    Parameters
    ----------
    problem
        The problem that is played; its prices and rules are those of the programs.
    horizon
        Periods that each program looks ahead.
    forecast
        Demand of the scenarios of a program; :func:`expected_demand` if not given. With several scenarios the first
        decision is the same in all.
    options
        Of :meth:`ProgramModel.solve`: ``time_limit``, ``mip_rel_gap``, ``threads``, ``seed``.

    Returns
    -------
    RollingHorizon
        Plays in the simulator like any other policy; each program starts at the plan of the period before.

    Raises
    ------
    UnsupportedError
        Naming a feature without a linear constraint, or that an observation does not show.
    ValueError
        If the horizon is below 1.

    Notes
    -----
    Lead times, and what else is random beside demand, are taken as expected. Where no plan meets every constraint, the
    plan of the period before goes on.
    """
    if horizon < 1:
        raise ValueError(
            f"rolling_horizon: horizon is {horizon}, must be a whole number of periods >= 1. Raise it."
        )
    check(problem)
    _check_shown(problem)
    start = problem.start()
    events = expected_events(problem, horizon)
    template = read_path(problem, start, events, opened=bool(problem.sequence.before))
    host = jax.tree.map(np.asarray, start)
    planner = Planner(
        problem, host, template, read_prices(problem, start, events), horizon,
        expected_demand(problem) if forecast is None else forecast, tuple(sorted(options.items())),
    )  # fmt: skip
    return RollingHorizon(planner)


def _check_shown(problem: Problem) -> None:
    """Refuse what an observation does not tell apart by the time at which it comes."""
    for lane in problem.network.lanes:
        if lane.order_delay:
            raise UnsupportedError(
                f"order_delay of lane {lane.name!r}", "nobody sees when orders reach their source"
            )
    for process in problem.network.processes:
        if process.duration > 1:
            raise UnsupportedError(f"duration of process {process.name!r}", "nobody sees when runs end")
