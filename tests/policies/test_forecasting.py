"""Base stock that follows a forecast: what is forecast, how far ahead an order looks, and which lanes it takes."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.policies import find
from basestock.policies.forecasting import Forecast, ForecastBaseStock, Reach, forecasting_parts
from basestock.policies.formulas import leaf
from basestock.problems import lost_sales
from basestock.problems.or_gym.scenarios import invmgmt_scenario
from tests.policies.observations import observe

ONE = jnp.ones((1, 1, 1))


def followed(demands: list[float], *, smoothing: float = 0.3, prior: float = 0.0) -> Forecast:
    known = Forecast(10.0 * ONE, 0.0 * ONE, 0.0 * ONE, 0.0 * ONE)
    for seen, demand in enumerate(demands):
        known = known.after(demand * ONE, jnp.asarray(float(seen)), smoothing * ONE, 0.2 * ONE, prior * ONE)
    return known


def test_steady_demand_is_forecast_as_it_is() -> None:
    known = followed([10.0] * 6)
    assert float(known.level[0, 0, 0]) == pytest.approx(10.0)
    assert float(known.total(7.0 * ONE)[0, 0, 0]) == pytest.approx(70.0)


def test_the_first_guess_counts_as_many_demands_as_it_is_worth() -> None:
    known = followed([40.0], smoothing=0.0, prior=2.0)
    assert float(known.level[0, 0, 0]) == pytest.approx((2 * 10 + 40) / 3)


def test_a_damped_trend_adds_up() -> None:
    known = Forecast(10.0 * ONE, 2.0 * ONE, ONE, ONE)
    by_hand = sum(10 + 2 * sum(0.9**step for step in range(1, ahead + 1)) for ahead in range(1, 6))
    assert float(known.total(5.0 * ONE)[0, 0, 0]) == pytest.approx(by_hand, rel=1e-5)


def test_a_shift_is_followed_faster_than_noise() -> None:
    shifted = followed([10.0] * 4 + [30.0] * 3)
    slow = 30.0 - 20.0 * 0.7**3
    assert slow < float(shifted.level[0, 0, 0]) <= 35.0


def test_an_order_looks_ahead_until_customers_buy_it() -> None:
    problem = invmgmt_scenario(chain="serial")
    # 4 periods to the shop and the period of the sale; one more to pass on; 4 to the distributor; none to the factory.
    assert Reach.of(problem).periods[:3, 0].tolist() == [5, 10, 11]
    assert Reach.of(lost_sales(lead_time=2)).last > 1e5


def policy(safety: float) -> ForecastBaseStock:
    problem = invmgmt_scenario(chain="network")
    nodes = problem.arrays.num_nodes
    given = {name: leaf(part) for name, part in forecasting_parts(problem).items()}
    each = {"smoothing": 0.3, "trend_smoothing": 0.1, "prior": 4.0, "safety": safety}
    return ForecastBaseStock(
        **{name: jnp.full((nodes, 1, 1), value) for name, value in each.items()}, **given
    )


def ordered(period: int, safety: float = 1.0) -> np.ndarray:
    """Return what is ordered on each lane with the stock of the start."""
    problem = invmgmt_scenario(chain="network")
    state = dataclasses.replace(problem.start(1), period=jnp.asarray(period, dtype=jnp.int32))
    decision, _ = policy(safety)(observe(problem, state), None, key=jax.random.key(0))
    return np.asarray(decision.order)[:11, 0, 0]


def test_what_the_first_source_lacks_is_ordered_elsewhere() -> None:
    # 2 x 6 x 20 units less 100 on hand; 110 are at the first source, 80 at the other.
    assert ordered(0)[:2].tolist() == pytest.approx([110.0, 30.0])


def test_nothing_is_ordered_for_after_the_end() -> None:
    assert ordered(24, safety=3.0)[0] > 0
    assert ordered(25, safety=3.0).sum() == 0


def test_who_is_told_the_means_orders_for_them() -> None:
    problem = invmgmt_scenario(chain="serial", demand="m5_volatile")
    told = find("told_base_stock").make(problem, {"safety": leaf(np.zeros((problem.arrays.num_nodes, 1)))})
    state = dataclasses.replace(problem.start(1), on_hand=jnp.zeros_like(problem.start(1).on_hand))
    decision, _ = told(observe(problem, state), None, key=jax.random.key(0))
    law = problem.uncertainty.demand["1", "item"]
    means = [each.mean for each in law.laws]  # type: ignore[attr-defined]
    by_hand = [sum(means[:ahead]) for ahead in (5, 10, 11)]
    assert np.asarray(decision.order)[:3, 0, 0].tolist() == pytest.approx(by_hand, rel=1e-4)
