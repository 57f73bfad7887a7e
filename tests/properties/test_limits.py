"""Limits with closed forms that take a whole recursion or convolution of their own (``invariants.md`` section 8)."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array
from scipy import stats

from basestock.decision import Policy, Problem, game, simulate
from basestock.dynamics import Step
from basestock.economics import make_tariff
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.policies import BaseStock, EchelonBaseStock
from basestock.uncertainty import Discrete, Poisson, Uncertainty

KEY = jax.random.key(31)


def _flows(_: None, step: Step) -> tuple[None, dict[str, Array]]:
    outcome = step.outcome
    return None, {
        "closing": outcome.closing[:, 0],
        "backorders": outcome.backorders[:, 0],
        "in_transit": outcome.in_transit[:, 0],
        "order": outcome.ordered[:, 0],
    }


def _play(problem: Problem, policy: Policy, start: Any, periods: int) -> dict[str, np.ndarray]:
    """Play a path; ``[period, place, replication]`` of each flow."""
    path = simulate(game(problem), policy, start, key=KEY, num_periods=periods, fold=_flows, initial=None)
    return {name: np.asarray(leaf, dtype=float) for name, leaf in path.traced.items()}


# Random lead times

RATE, LEVEL, PATHS = 0.1, 3.0, 4000
LAWS = {"two": {2: 0.75, 10: 0.25}, "even": dict.fromkeys(range(1, 8), 1 / 7), "none": 4}
"""Laws of the lead time with mean 4."""


def _units_on_order(law: Any) -> np.ndarray:
    """Law of the units on order: what was ordered a periods ago, Poisson, is still under way with P(L > a)."""
    lead_time = {law: 1.0} if isinstance(law, int) else law
    total, one = np.ones(1), stats.poisson(RATE).pmf(np.arange(12))
    for age in range(max(lead_time)):
        late = sum(share for periods, share in lead_time.items() if periods > age)
        total = np.convolve(total, late * one + (1 - late) * np.eye(1, 12)[0])
    return total[:12]


@pytest.mark.slow
@pytest.mark.parametrize("name", LAWS)
def test_units_on_order_are_poisson_whatever_the_law_of_the_lead_time(name: str) -> None:
    """SIM-806, Palm: units on order and cost, against their exact law in periods, within 4.5 standard errors.

    Units ordered in one period travel together, so the exact law is a convolution; where two units in a period are
    rare it is Poisson with mean lambda E L up to a distance of lambda squared times the periods under way.
    """
    network = SupplyNetwork(
        items=(Item("i"),), nodes=(Node("n"),), suppliers=(Supplier("s"),),
        lanes=(Lane("s", "n", lead_time=LAWS[name], lead_time_known="on_arrival"),), unmet="backorder",
    )  # fmt: skip
    tariff = make_tariff(network, holding=1.0, backorder=9.0)
    problem = Problem("palm", network, Uncertainty({("n", "i"): Poisson(RATE)}), tariff)
    start = problem.start(PATHS)
    start = dataclasses.replace(start, on_hand=start.on_hand + LEVEL)
    found = _play(problem, BaseStock(jnp.full((1, 1, 1), LEVEL)), start, 16)
    law = _units_on_order(LAWS[name])
    distance = np.abs(law - stats.poisson(RATE * 4).pmf(np.arange(12))).sum() / 2
    assert distance <= RATE**2 * 10
    under_way = found["in_transit"][-1, 0]
    share = np.array([(under_way == units).mean() for units in range(12)])
    assert (np.abs(share - law) <= 4.5 * np.sqrt(law * (1 - law) / PATHS) + 1e-4).all()
    short, owed = np.arange(23) - LEVEL, np.convolve(law, stats.poisson(RATE).pmf(np.arange(12)))
    expected = owed @ (np.maximum(-short, 0) + 9 * np.maximum(short, 0))
    cost = found["closing"][-1, 0] + 9 * found["backorders"][-1, 0]
    assert abs(cost.mean() - expected) < 4.5 * cost.std(ddof=1) / np.sqrt(PATHS)


# Serial systems

DEMAND = Discrete((0.0, 1.0, 2.0, 4.0), (0.3, 0.3, 0.25, 0.15))
HOLDING, WAITING = (1.0, 2.0), 18.0
"""Money per unit and period at the upper and the lower stage, and per unit waiting at the lower."""
TIMES = (2, 1)
"""Periods from outside to the upper stage, and from there to the lower."""


def _demand_of(periods: int) -> np.ndarray:
    one, total = np.zeros(5), np.ones(1)
    one[np.array(DEMAND.values, dtype=int)] = DEMAND.probabilities
    for _ in range(periods):
        total = np.convolve(total, one)
    return total


def _clark_scarf() -> tuple[tuple[int, int], float]:
    """Return the echelon levels (upper, lower) and the optimal average cost, of stock on hand and demand waiting.

    Echelon rates are the upper holding rate, and what the lower adds. Lower stage: G1(y) = E[h (y - D) + (b + H)
    (D - y)+] over lead time plus review, S1 its minimum. What the upper stage cannot supply costs G1(min(S1, x)) -
    G1(S1) more, with x its echelon stock when it ships. The mean of what is under way between them is charged by
    the echelon rates but not by the ledger here, hence the last term.
    """
    (above, below), (long, short) = HOLDING, TIMES
    levels = np.arange(-60, 60)
    after = _demand_of(short + 1)
    gap = levels[:, None] - np.arange(len(after))
    lower = ((below - above) * gap + (WAITING + below) * np.maximum(-gap, 0)) @ after
    best_low = int(levels[lower.argmin()])
    penalty = np.where(levels < best_low, lower - lower.min(), 0.0)
    before, whole = _demand_of(long), _demand_of(long + 1)
    upper = np.full(len(levels), np.inf)
    for at in range(len(before) - 1, len(levels)):
        held = above * (levels[at] - np.arange(len(whole))) @ whole
        upper[at] = held + penalty[at - np.arange(len(before))] @ before
    mean = float(np.dot(DEMAND.values, DEMAND.probabilities))
    value = float(lower.min() + upper.min()) - above * mean * short
    return (int(levels[upper.argmin()]), best_low), value


def _serial() -> Problem:
    network = SupplyNetwork(
        items=(Item("i"),), nodes=(Node("upper", tier=1), Node("lower")), suppliers=(Supplier("s"),),
        lanes=(Lane("s", "upper", lead_time=TIMES[0]), Lane("upper", "lower", lead_time=TIMES[1])),
        unmet="backorder",
    )  # fmt: skip
    rates = {("upper", "i"): HOLDING[0], ("lower", "i"): HOLDING[1]}
    tariff = make_tariff(network, holding=rates, backorder=WAITING)
    return Problem("serial", network, Uncertainty({("lower", "i"): DEMAND}), tariff)


@pytest.mark.slow
def test_a_serial_system_costs_the_clark_scarf_recursion() -> None:
    """SIM-810: echelon base stock at the levels of the recursion, its cost, and that of the levels beside them."""
    problem, paths, periods, warm_up = _serial(), 400, 240, 40
    (upper, lower), value = _clark_scarf()
    start = problem.start(paths)
    stock = jnp.asarray([upper - lower, lower], dtype=jnp.float32).reshape(2, 1, 1)
    start = dataclasses.replace(start, on_hand=start.on_hand + stock)

    def costs(up: int, low: int) -> np.ndarray:
        policy = EchelonBaseStock(jnp.asarray([up, low], dtype=jnp.float32).reshape(2, 1, 1))
        found = _play(problem, policy, start, periods)
        local = np.einsum("n,tnr->tr", HOLDING, found["closing"]) + WAITING * found["backorders"][:, 1]
        net = found["closing"][:, 1] - found["backorders"][:, 1]
        echelon_upper = found["closing"][:, 0] + found["in_transit"][:, 1] + net
        by_stage = (
            HOLDING[0] * echelon_upper,
            (HOLDING[1] - HOLDING[0]) * net + (WAITING + HOLDING[1]) * found["backorders"][:, 1],
        )
        np.testing.assert_array_equal(sum(by_stage) - HOLDING[0] * found["in_transit"][:, 1], local)
        return local[warm_up:].mean(0)

    best = costs(upper, lower)
    assert abs(best.mean() - value) < 4.5 * best.std(ddof=1) / np.sqrt(paths)
    for up, low in ((upper + 2, lower), (upper - 2, lower), (upper, lower + 2), (upper, lower - 2)):
        more = costs(up, low) - best
        assert more.mean() > 2 * more.std(ddof=1) / np.sqrt(paths), (up, low)


@pytest.mark.slow
@pytest.mark.parametrize("promised", range(3))
def test_guaranteed_service_keeps_its_promise_for_all_bounded_demand(promised: int) -> None:
    """SIM-813: stock for the most that can be asked for in the net replenishment time, and no less.

    The upper stage promises to ship within 0, 1 or 2 periods. Demand is at most 4 a period.
    """
    most, periods = 4, 24
    often = Uncertainty({("lower", "i"): Discrete((0.0, 4.0), (0.3, 0.7))})
    problem = dataclasses.replace(_serial(), uncertainty=often)
    upper, lower = most * (TIMES[0] - promised), most * (promised + TIMES[1] + 1)

    def short(low: int) -> float:
        levels = jnp.asarray([upper + low, low], dtype=jnp.float32).reshape(2, 1, 1)
        stock = jnp.asarray([upper, low], dtype=jnp.float32).reshape(2, 1, 1)
        start = problem.start(200)
        start = dataclasses.replace(start, on_hand=start.on_hand + stock)
        return float(_play(problem, EchelonBaseStock(levels), start, periods)["backorders"][:, 1].max())

    assert short(lower) == 0
    assert short(lower - 4) > 0
