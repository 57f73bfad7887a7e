"""What the best plan earns that knows the path: never less than anybody, and attained where all plans are tried."""

import dataclasses
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

from basestock.decision import Observation, Policy, Problem
from basestock.dynamics import Decision
from basestock.evaluation import play
from basestock.network import Goodwill
from basestock.optimal.bounds.hindsight import hindsight_bound, hindsight_costs
from basestock.optimal.programs import UnsupportedError, draw_events, expected_events, network_program
from basestock.policies import BaseStock
from basestock.problems.or_gym import inventory_management
from basestock.problems.or_gym.chain import ITEM, Link, Market, Rules, Stocked, Unmet, chain_problem
from basestock.problems.or_gym.scenarios import Sentiment, invmgmt_scenario
from basestock.uncertainty import Deterministic, Seasonal

PERIODS = 3


def tiny(unmet: Unmet, *, goodwill: bool = False) -> Problem:
    """A shop and a factory that may send 3 units a period; demand of 2, 4 and 3."""
    demand = Seasonal((Deterministic(2.0), Deterministic(4.0), Deterministic(3.0)))
    problem = chain_problem(
        "tiny",
        (Stocked("shop", 1.0, 0.3), Stocked("factory", 4.0, 0.1, 3.0, 0.05)),
        (Link("factory", "shop", 1, 1.5, 0.02), Link("outside", "factory", 0, 0.5)),
        [Market("shop", 2.0, 0.1, demand)],
        Rules(unmet, "lost"),
        periods=PERIODS,
        discount=1.0,
        parameters={},
        source="",
    )
    if not goodwill:
        return problem
    network = dataclasses.replace(problem.network, goodwill=(Goodwill("shop", ITEM, demand_effect=1.0),))
    after = (*problem.sequence.after, Sentiment())
    return dataclasses.replace(
        problem, network=network, sequence=dataclasses.replace(problem.sequence, after=after)
    )


class Scripted(Policy):
    """Orders that were written before, ``[period, lane, item, replication]``."""

    orders: Array

    def __call__(self, observation: Observation, memory: object, *, key: Array) -> tuple[Decision, object]:
        return Decision(order=self.orders[observation.period]), memory


def every_plan() -> np.ndarray:
    """``[period, lane, item, plan]`` every plan in whole units up to 4."""
    plans = np.array(list(itertools.product(range(5), repeat=2 * PERIODS)), np.float32)
    return plans.reshape(-1, PERIODS, 2).transpose(1, 2, 0)[:, :, None]


def profits(problem: Problem, plans: np.ndarray) -> np.ndarray:
    """Profit of each plan."""
    lanes = problem.arrays.num_lanes
    padded = np.pad(plans, ((0, 0), (0, lanes - plans.shape[1]), (0, 0), (0, 0)))
    return play(problem, Scripted(jnp.asarray(padded)), replications=plans.shape[-1], seed=0).totals


@pytest.mark.parametrize("unmet", ["backorder", "lost"])
def test_the_best_of_all_plans_attains_the_bound(unmet: Unmet) -> None:
    problem = tiny(unmet)
    bound = hindsight_bound(problem, max_seconds=60, paths=2)
    assert bound is not None
    assert profits(problem, every_plan()).max() == pytest.approx(bound.value, abs=1e-4)


def test_goodwill_is_bounded_from_above_by_a_plan_that_almost_earns_it() -> None:
    problem = tiny("backorder", goodwill=True)
    events = draw_events(problem, PERIODS, key=jax.random.key(0))
    result = network_program(problem, events).solve()
    relaxed = network_program(problem, events, relaxed=True).solve()
    planned = result.plan.order.astype(np.float32)[..., None]
    earned = profits(problem, np.concatenate([planned, every_plan()], -1))
    # Goodwill that falls twice is bounded by a line.
    assert earned.max() <= -result.bound + 1e-4 <= earned[0] + 0.05
    assert -result.bound <= -relaxed.bound + 1e-6


@pytest.mark.slow
def test_goodwill_of_lost_customers_is_bounded_from_above() -> None:
    problem = tiny("lost", goodwill=True)
    result = network_program(problem, draw_events(problem, PERIODS, key=jax.random.key(0))).solve()
    assert profits(problem, every_plan()).max() <= -result.bound + 1e-4


@pytest.mark.parametrize(
    "arguments",
    [
        {"demand": "m5_volatile"},
        pytest.param({"demand": "trend_seasonal", "goodwill": True}, marks=pytest.mark.slow),
    ],
)
def test_no_policy_earns_more_on_any_path(arguments: dict[str, object]) -> None:
    problem = dataclasses.replace(invmgmt_scenario(chain="serial", **arguments), horizon=12)  # type: ignore[arg-type]
    costs = hindsight_costs(problem, max_seconds=60, seed=4, paths=2, whole=True)
    assert costs is not None
    stock = jnp.full((problem.arrays.num_nodes, 1, 1), 120.0)
    earned = play(problem, BaseStock(stock), replications=2, seed=4).totals
    assert (earned <= -costs + 1e-3).all()


def test_what_a_program_cannot_say_is_refused_by_name() -> None:
    faithful = inventory_management(mode="faithful")
    with pytest.raises(UnsupportedError, match="orders rounded 'toward_zero'"):
        network_program(faithful, expected_events(faithful, 2))
    counted = invmgmt_scenario(chain="serial", goodwill=True)
    with pytest.raises(UnsupportedError, match="goodwill of the network"):
        network_program(counted, expected_events(counted, 2))
