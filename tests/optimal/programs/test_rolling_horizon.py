"""The policy that plans anew in every period."""

import jax
import numpy as np
import pytest

from basestock.decision import game, simulate
from basestock.dynamics import InitialState
from basestock.network import Node
from basestock.optimal.programs import UnsupportedError, draw_events, network_program
from basestock.optimal.programs.rolling_horizon import expected_demand, rolling_horizon_policy, sampled_demand
from basestock.problems import lost_sales
from basestock.uncertainty import Recorded
from tests.optimal.programs.networks import shop


def _cost(problem, policy, periods, *, source=None, seed=1):
    def money(total, step):
        return total + (problem.ledger.by_term(problem.tariff, step)).sum(0), step.outcome.ordered

    path = simulate(
        game(problem, source), policy, problem.start(1), key=jax.random.key(seed), num_periods=periods,
        fold=money, initial=np.zeros(1, np.float32),
    )  # fmt: skip
    return float(path.folded[0]), np.asarray(path.traced)[:, 0, 0, 0]


@pytest.mark.slow
def test_with_a_perfect_forecast_it_is_the_optimal_plan():
    problem = lost_sales(lead_time=1, fixed_order_cost=6.0)
    events = draw_events(problem, 5, key=jax.random.key(4))
    demand = np.asarray(events.market, dtype=float).sum(1)[:, :1, :1, 0]

    def known(period, horizon):
        ahead = np.zeros((1, horizon, 1, 1))
        ahead[0, : 5 - period] = demand[period : period + horizon]
        return ahead

    policy = rolling_horizon_policy(problem, horizon=5, forecast=known)
    best = network_program(problem, events).solve()
    assert _cost(problem, policy, 5, source=Recorded(events))[0] == pytest.approx(best.objective, abs=1e-4)


def test_orders_follow_the_expected_demand_of_a_season():
    problem = shop([6.0, 0.0, 2.0, 1.0], lead_time=0, rates={"holding": 1.0})
    assert expected_demand(problem)(1, 4)[0, :, 0, 0].tolist() == [0.0, 2.0, 1.0, 6.0]
    _, orders = _cost(problem, rolling_horizon_policy(problem, horizon=2), 4)
    assert orders.tolist() == [6.0, 0.0, 2.0, 1.0]


@pytest.mark.slow
def test_scenarios_hold_more_than_the_mean_where_losing_is_dear():
    problem = lost_sales(lead_time=0, lost_sale_cost=20.0)
    mean = rolling_horizon_policy(problem, horizon=2)
    many = rolling_horizon_policy(problem, horizon=2, forecast=sampled_demand(problem, 8, num_periods=6))
    assert _cost(problem, many, 1)[1][0] > _cost(problem, mean, 1)[1][0]


def test_what_cannot_be_seen_is_refused_by_name():
    with pytest.raises(UnsupportedError, match="order_delay of lane 'road'"):
        rolling_horizon_policy(shop(order_delay=2), horizon=3)
    with pytest.raises(ValueError, match="horizon is 0"):
        rolling_horizon_policy(shop(), horizon=0)
    with pytest.raises(ValueError, match="0 scenarios"):
        sampled_demand(shop(), 0, num_periods=3)


def test_without_a_feasible_plan_the_last_one_goes_on():
    full = InitialState(on_hand={("shop", "milk"): 50.0})
    problem = shop([2.0], lead_time=0, node=Node("shop", storage={"ambient": 4.0}), start=full)
    _, orders = _cost(problem, rolling_horizon_policy(problem, horizon=2), 4)
    # Stock overflows whatever is ordered; from the second period on there is a plan.
    assert orders.tolist() == [0.0, 0.0, 0.0, 2.0]
