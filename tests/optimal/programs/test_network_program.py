"""Programs of networks against closed forms, other formulations, and every plan there is."""

import dataclasses
import itertools

import jax
import numpy as np
import pytest

from basestock.dynamics import SELL_BEFORE_RECEIVING
from basestock.optimal.closed_form.lot_sizing import lot_sizing
from basestock.optimal.programs import (
    InfeasibleError,
    Plan,
    expected_events,
    network_program,
    replay,
)
from tests.optimal.programs.networks import chain, planned, shop, with_leaf

DEMAND = [90.0, 120.0, 80.0, 70.0]


def _lots(demand, fixed, holding):
    rates = {"fixed_order": fixed, "holding": holding, "purchase": None, "backorder": 1e4}
    made = shop(demand, unmet="backorder", rates=rates, lead_time=0)
    return made, expected_events(made, len(demand))


def test_lot_sizing_agrees_with_the_closed_form():
    made, events = _lots(DEMAND, 500.0, 2.0)
    result = network_program(made, events).solve()
    assert result.objective == pytest.approx(lot_sizing(DEMAND, [500.0] * 4, [2.0] * 4, [0.0] * 4).value)


def _disaggregated(demand, fixed, holding):
    """Return the optimum of the facility-location formulation of lot sizing (Krarup and Bilde 1977), by SciPy."""
    from scipy.optimize import LinearConstraint, milp

    periods = len(demand)
    arcs = [(s, t) for s in range(periods) for t in range(s, periods)]
    cost = [holding * (t - s) * demand[t] for s, t in arcs] + [fixed] * periods
    served = np.zeros((periods, len(cost)))
    opened = np.zeros((len(arcs), len(cost)))
    for number, (s, t) in enumerate(arcs):
        served[t, number] = 1.0
        opened[number, number], opened[number, len(arcs) + s] = 1.0, -1.0
    whole = [0] * len(arcs) + [1] * periods
    rows = [LinearConstraint(served, 1, 1), LinearConstraint(opened, -np.inf, 0)]
    return milp(cost, constraints=rows, integrality=whole, bounds=(0, 1)).fun


@pytest.mark.parametrize("seed", range(2))
def test_aggregated_and_disaggregated_lot_sizing_agree(seed):
    generator = np.random.default_rng(seed)
    demand = generator.integers(1, 30, 6).astype(float).tolist()
    fixed, holding = float(generator.integers(5, 80)), float(generator.integers(1, 4))
    made, events = _lots(demand, fixed, holding)
    assert network_program(made, events).solve().objective == pytest.approx(
        _disaggregated(demand, fixed, holding)
    )


def _every_plan(made, events, choices):
    """Return the smallest cost over all order plans of one lane, played in the simulator."""
    periods = events.market.shape[0]
    best = np.inf
    for orders in itertools.product(choices, repeat=periods):
        order = np.array(orders, dtype=float).reshape(periods, 1, 1)
        best = min(best, replay(Plan(order, order), made, events).total)
    return best


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "changes"),
    [("lost", {"lead_time": 1}), ("waiting", {"unmet": "backorder", "lead_time": 0}),
     ("after", {"sequence": SELL_BEFORE_RECEIVING, "lead_time": 0})],
)  # fmt: skip
def test_the_optimum_is_that_of_all_plans(name, changes):
    made = shop([1.0, 3.0, 2.0], rates={"fixed_order": 4.0}, **changes)
    events = expected_events(made, 3)
    program = network_program(made, events).solve()
    assert program.objective == pytest.approx(_every_plan(made, events, range(7)), abs=1e-4)


def test_a_known_plan_is_a_warm_start_and_the_answer_stays():
    made, events = _lots(DEMAND, 500.0, 2.0)
    program = network_program(made, events)
    cold = program.solve()
    assert program.solve(warm_plan=cold.plan).objective == cold.objective
    assert program.solve(warm_plan=cold.plan.moved()).objective == cold.objective


def test_first_decisions_are_the_same_in_every_scenario():
    made = shop(rates={"lost_sale": 5.0}, lead_time=1)
    base = expected_events(made, 4)
    low, high = (with_leaf(base, market=base.market * k) for k in (0, 2))
    result = network_program(made, [low, high], weights=(0.25, 0.75), shared=2).solve()
    plans = [result.plan_of(scenario) for scenario in (0, 1)]
    assert plans[0].order[:2].tolist() == plans[1].order[:2].tolist()
    each = [replay(plan, made, events).total for plan, events in zip(plans, (low, high), strict=True)]
    assert result.objective == pytest.approx(0.25 * each[0] + 0.75 * each[1], abs=1e-4)
    alone = [network_program(made, events).solve().objective for events in (low, high)]
    # Knowing the scenario beforehand is never worse.
    assert result.objective >= 0.25 * alone[0] + 0.75 * alone[1] - 1e-6


def test_a_newsvendor_in_scenarios_orders_the_critical_fractile():
    made = shop([1.0], rates={"holding": 1.0, "lost_sale": 4.0, "purchase": None}, lead_time=0)
    base = expected_events(made, 1)
    paths = [with_leaf(base, market=base.market * k) for k in (2, 4, 6, 8, 10)]
    result = network_program(made, paths).solve()
    assert result.plan.order.tolist() == [[[8.0]]]
    assert result.objective == pytest.approx((6 + 4 + 2 + 0 + 8) / 5)


def test_weights_that_are_no_probabilities_are_refused():
    made, events = planned("stock_balance")
    with pytest.raises(ValueError, match=r"weights are \[0\.5\]"):
        network_program(made, events, weights=(0.5,))
    with pytest.raises(ValueError, match=r"\[1, 4\] periods"):
        network_program(made, [events, jax.tree.map(lambda leaf: leaf[:1], events)])


def test_one_period_and_no_demand_are_fine():
    made = shop([0.0])
    assert network_program(made, expected_events(made, 1)).solve().objective == 0.0


def test_what_overflows_already_is_infeasible_and_named():
    made, events = planned("storage")
    start = made.start()
    full = dataclasses.replace(start, on_hand=start.on_hand.at[0, 0].set(50.0))
    with pytest.raises(InfeasibleError, match="storage by") as caught:
        network_program(made, events, start=full).solve()
    assert set(caught.value.violations) == {"storage"}


@pytest.mark.slow
def test_holding_back_for_a_better_place_is_not_promised():
    # The warehouse's own customers pay less: the physics serves them first, and the program must not pretend otherwise.
    made = chain(lost_sale={("DC", "bolt"): 1.0, ("east", "bolt"): 50.0, ("west", "bolt"): 50.0})
    events = expected_events(made, 4)
    result = network_program(made, events).solve()
    with jax.disable_jit():
        assert replay(result.plan, made, events).total == pytest.approx(result.objective, abs=1e-4)
