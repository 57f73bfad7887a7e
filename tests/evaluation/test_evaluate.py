"""Comparisons on the same events."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from basestock.economics import make_tariff
from basestock.evaluation import FairnessError, estimate, estimate_ratio, evaluate, play
from basestock.policies import BaseStock, ConstantOrder, OrderUpTo, from_parameters
from basestock.problems import backorder, lost_sales


def _policy(problem, name: str, **parameters: float):
    return from_parameters(problem, name, parameters)


def _year():
    problem = lost_sales(lead_time=2, lost_sale_cost=4.0, horizon=360, warm_up=60)
    rates = {"holding": 0.01, "lost_sale": 1.0, "fixed_order": 2.0, "purchase": 4.0, "price": 7.0}
    return dataclasses.replace(problem, tariff=make_tariff(problem.network, **rates), known=None)


@pytest.fixture(scope="module")
def report():
    problem = _year()
    policies = {
        "base": _policy(problem, "base_stock", base_stock_level=20),
        "s,S": _policy(problem, "order_up_to", reorder_point=14, order_up_to_level=26),
    }
    return evaluate(problem, policies, replications=60, seed=3, windows=12)


@pytest.fixture(scope="module")
def year():
    """The base-stock policy of the report on the same events, by month."""
    problem = _year()
    policy = _policy(problem, "base_stock", base_stock_level=20)
    return play(problem, policy, replications=60, seed=3, windows=12)


@pytest.mark.slow
@pytest.mark.requirement("B-03")
def test_a_year_of_days_gives_paired_intervals_on_common_events(report) -> None:
    base, other = report["base"], report["s,S"]
    assert report.provenance["periods"] == 360
    difference = base.versus["s,S"]
    assert difference.mean == pytest.approx(base.total.mean - other.total.mean)
    assert difference.mean == pytest.approx(-other.versus["base"].mean)
    unpaired = np.hypot(base.total.half_width, other.total.half_width)
    assert difference.half_width < unpaired, "common events must narrow the interval"
    assert difference.n == 60


@pytest.mark.slow
@pytest.mark.requirement("B-22")
def test_monthly_key_figures_have_bands_and_add_up_to_the_year(report) -> None:
    base = report["base"]
    assert len(base.windows) == 12
    for figure in ("turnover", "stockout_events", "holding_cost", "fill_rate", "bullwhip"):
        months = [window[figure] for window in base.windows]
        assert all(month.mean is not None and month.half_width is not None for month in months)
    for figure in ("stockout_events", "holding_cost", "profit"):
        assert sum(month[figure].mean for month in base.windows) == pytest.approx(base.kpis[figure].mean)


@pytest.mark.slow
@pytest.mark.requirement("D-16")
def test_revenue_cost_and_service_come_from_one_trajectory(year) -> None:
    sums = year.sums[0]
    sold = sums.units("sales")
    np.testing.assert_allclose(sums.money["revenue"], 7.0 * sold)
    np.testing.assert_allclose(sums.money["lost_sale"], 1.0 * (sums.units("demand") - sold))
    np.testing.assert_allclose(sums.money["holding"], 0.01 * sums.units("closing"), rtol=1e-6)


@pytest.mark.slow
@pytest.mark.requirement("D-16")
def test_profit_and_total_cost_add_up_to_the_margin_of_all_demand(report, year) -> None:
    kpis = report["base"].kpis
    possible = 3.0 * sum(month.units("demand").mean() for month in year.sums)
    assert kpis["profit"].mean + kpis["total_cost"].mean == pytest.approx(possible, rel=1e-6)


@pytest.mark.slow
@pytest.mark.requirement("D-17")
@pytest.mark.parametrize(
    ("other", "aspect"),
    [
        ({"lead_time": 3}, "lead times"),
        ({"mean": 6.0}, "demand"),
        ({"lost_sale_cost": 9.0}, "prices"),
        ({"horizon": 500}, "horizon"),
    ],
)
def test_methods_that_face_another_game_are_refused(other: dict[str, float], aspect: str) -> None:
    problem, easier = lost_sales(horizon=100), lost_sales(**{"horizon": 100} | other)
    policy = _policy(problem, "base_stock", base_stock_level=16)
    with pytest.raises(FairnessError, match=rf"'easy' differs from 'problem' in .*{aspect}"):
        evaluate(problem, {"fair": policy, "easy": (easier, policy)}, 4)
    assert evaluate(problem, {"fair": (lost_sales(horizon=100), policy)}, 4)["fair"].total.n == 4


@pytest.mark.requirement("D-17")
def test_another_order_timing_or_order_range_is_refused() -> None:
    problem = lost_sales(horizon=100)
    lane = problem.network.lanes[0]
    policy = _policy(problem, "base_stock", base_stock_level=16)
    for change, aspect in (({"review_period": 2}, "order timing"), ({"order_multiple": 5.0}, "order range")):
        network = dataclasses.replace(problem.network, lanes=(dataclasses.replace(lane, **change),))
        with pytest.raises(FairnessError, match=aspect):
            evaluate(problem, {"other": (dataclasses.replace(problem, network=network), policy)}, 4)


@pytest.mark.slow
def test_a_policy_against_itself_differs_by_exactly_nothing() -> None:
    problem = lost_sales(horizon=100)
    policy = _policy(problem, "base_stock", base_stock_level=16)
    versus = evaluate(problem, {"a": policy, "b": policy}, 4)["a"].versus["b"]
    assert (versus.mean, versus.half_width) == (0.0, 0.0)


@pytest.mark.slow
def test_backorder_base_stock_matches_its_closed_form() -> None:
    """Level and backlog over L + 1 periods of Poisson demand (SIM-808)."""
    problem = backorder(lead_time=2, fixed_order_cost=0.0, mean=5.0, horizon=2000, warm_up=20)
    row = evaluate(problem, {"base": _policy(problem, "base_stock", base_stock_level=20)}, 60, seed=4)["base"]
    demand = np.arange(0, 80)
    masses = stats.poisson(15).pmf(demand)
    expected = (np.maximum(20 - demand, 0) + 9 * np.maximum(demand - 20, 0)) @ masses
    assert abs(row.total.mean - expected) < 2 * row.total.half_width
    assert row.kpis["ready_rate"].mean == pytest.approx(stats.poisson(15).cdf(19), abs=0.01)
    assert row.kpis["bullwhip"].mean == pytest.approx(1.0, abs=1e-3)


@pytest.mark.slow
def test_ratios_without_denominator_say_why() -> None:
    nothing = lost_sales(demand="deterministic", mean=0.0, horizon=10)
    kpis = evaluate(nothing, {"none": ConstantOrder(jnp.zeros((1, 1, 1)))}, 3)["none"].kpis
    assert (kpis["fill_rate"].mean, kpis["fill_rate"].reason) == (None, "no_demand")
    assert (kpis["cycle_service_level"].mean, kpis["cycle_service_level"].reason) == (None, "no_cycle")


def test_intervals_cover_the_truth() -> None:
    """SIM-1001: between 93 and 97 % of 2,000 repetitions."""
    draws = np.random.default_rng(0).gamma(9.0, 2 / 9, (2000, 40))
    found = [estimate(row) for row in draws]
    share = np.mean([abs(e.mean - 2.0) <= e.half_width for e in found])
    assert 0.93 <= share <= 0.97
    pairs = [
        estimate_ratio(row, 0.5 * row + np.random.default_rng(k).normal(5, 1, 40), "x")
        for k, row in enumerate(draws[:500])
    ]
    assert 0.9 <= np.mean([abs(e.mean - 2 / 6) <= e.half_width for e in pairs]) <= 0.98


@pytest.mark.slow
@pytest.mark.requirement("E-29")
def test_whole_unit_problems_have_whole_unit_decisions_throughout() -> None:
    problem = lost_sales(horizon=200)
    played = play(
        problem,
        OrderUpTo(jnp.full((1, 1, 1), 11.0), jnp.full((1, 1, 1), 17.0)),
        replications=5,
        seed=0,
    )
    for name in ("ordered", "received", "sales", "closing"):
        quantities = played.sums[0].totals[name]
        np.testing.assert_array_equal(quantities, np.round(quantities))
    assert isinstance(_policy(problem, "base_stock", base_stock_level=3), BaseStock)
