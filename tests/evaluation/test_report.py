"""The report document: fields, senses, gaps, intervals, and what does not change it."""

import dataclasses
import json
from functools import lru_cache

import jax.numpy as jnp
import numpy as np
import pytest

from basestock.decision import KnownValue, Problem
from basestock.economics import make_tariff
from basestock.evaluation import (
    EvaluationReport,
    estimate,
    evaluate,
    gap_percent,
    kpi_estimates,
    paired,
    play,
)
from basestock.evaluation import run as played
from basestock.evaluation.report import policy_parameters, pooled
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.policies import BaseStock, Legal, from_parameters, marginal_for
from basestock.problems import lost_sales
from basestock.uncertainty import Poisson, Uncertainty

REPLICATIONS = 40


@lru_cache
def _problem(**changes) -> Problem:
    problem = lost_sales(lead_time=1, horizon=48, warm_up=6)
    rates = {"holding": 0.5, "lost_sale": 4.0, "fixed_order": 1.0, "purchase": 4.0, "price": 7.0}
    return dataclasses.replace(problem, tariff=make_tariff(problem.network, **rates), known=None, **changes)


def _level(level: float) -> BaseStock:
    return BaseStock(jnp.full((1, 1, 1), float(level)))


@lru_cache
def _report(sense: str = "min") -> EvaluationReport:
    return evaluate(_problem(sense=sense), {"low": _level(6), "high": _level(14)}, REPLICATIONS, 3, windows=4)


def test_the_document_has_the_fields_of_its_contract() -> None:
    document = json.loads(json.dumps(_report().to_dict(), allow_nan=False))
    assert document["schema"] == "basestock.evaluation/1"
    assert document["id"] == "lost_sales"
    assert [row["policy"] for row in document["policies"]] == ["low", "high"]
    contract = {"policy", "parameters", "total", "terms", "kpis", "versus", "gap_percent", "certificate"}
    for row in document["policies"]:
        assert contract <= set(row)
        estimates = [row["total"], *row["terms"].values(), *row["kpis"].values(), *row["versus"].values()]
        assert all({"mean", "half_width", "n"} <= set(estimate) for estimate in estimates)
        assert all(estimate["mean"] is not None or estimate["reason"] for estimate in estimates)
        assert row["certificate"] in {"exact", "lower_bound", "best_known", "none"}
    assert document["provenance"]["replications"] == REPLICATIONS


def test_terms_with_their_signs_add_up_to_the_total() -> None:
    """SIM-401."""
    row = _report()["low"]
    assert set(row.terms) == {"holding", "lost_sale", "purchase", "fixed_order", "revenue"}
    costs = sum(term.mean for name, term in row.terms.items() if name != "revenue")
    assert row.total.mean == pytest.approx(costs - row.terms["revenue"].mean, rel=1e-9)


def test_the_same_seed_gives_the_same_document() -> None:
    """SIM-501."""
    again = evaluate(_problem(), {"low": _level(6), "high": _level(14)}, REPLICATIONS, 3, windows=4)
    assert again.to_dict() == _report().to_dict()


def test_the_order_of_policies_is_irrelevant() -> None:
    """SIM-1004."""
    turned = evaluate(_problem(), {"high": _level(14), "low": _level(6)}, REPLICATIONS, 3, windows=4)
    assert turned["low"].to_dict() == _report()["low"].to_dict()
    assert turned["low"].versus["high"].mean == -turned["high"].versus["low"].mean


@pytest.mark.slow
def test_a_policy_differs_in_nothing_from_itself() -> None:
    """SIM-1002."""
    same = evaluate(_problem(), {"one": _level(6), "other": _level(6)}, REPLICATIONS, 3, windows=4)
    difference = same["one"].versus["other"]
    assert (difference.mean, difference.half_width) == (0.0, 0.0)


def test_common_events_narrow_the_difference() -> None:
    """SIM-1003."""
    one, other = (
        play(_problem(), _level(level), replications=REPLICATIONS, seed=3, windows=4).totals
        for level in (13, 14)
    )
    assert paired(one, other).half_width < np.hypot(estimate(one).half_width, estimate(other).half_width)
    low, high = _report()["low"], _report()["high"]
    assert low.versus["high"].mean == pytest.approx(low.total.mean - high.total.mean)


@pytest.mark.slow
def test_profit_is_reported_where_it_is_to_be_large() -> None:
    cost, profit = _report("min"), _report("max")
    for name in ("low", "high"):
        assert profit[name].total.mean == -cost[name].total.mean
        assert profit[name].total.half_width == cost[name].total.half_width
        assert profit[name].kpis["fill_rate"] == cost[name].kpis["fill_rate"]
    assert profit["low"].versus["high"].mean == -cost["low"].versus["high"].mean


@pytest.mark.parametrize(
    ("sense", "known", "total", "gap"),
    [
        ("min", 10.0, 12.0, 20.0),
        ("min", 10.0, 9.0, -10.0),
        ("max", 10.0, 8.0, 20.0),
        ("max", 10.0, 11.0, -10.0),
        ("min", 0.0, 3.0, None),
        ("max", -5.0, -6.0, 20.0),
    ],
)
def test_a_gap_is_positive_for_the_worse_in_either_sense(
    sense: str, known: float, total: float, gap: float | None
) -> None:
    problem = dataclasses.replace(_problem(), sense=sense, known=KnownValue(known, "best_known", 0.1, "here"))
    assert gap_percent(problem, total) == (pytest.approx(gap) if gap is not None else None, "best_known")
    exact = dataclasses.replace(problem, known=KnownValue(known, "optimal", 0.1, "here"))
    assert gap_percent(exact, total)[1] == "exact"


@pytest.mark.slow
def test_without_a_known_value_there_is_no_gap() -> None:
    assert gap_percent(_problem(), 3.0) == (None, "none")
    assert _report()["low"].gap_percent is None
    row = evaluate(lost_sales(lead_time=1, horizon=48, warm_up=6), {"low": _level(6)}, 4)["low"]
    assert row.gap_percent > 0
    assert row.certificate == "exact"


def test_one_replication_or_no_policy_is_refused() -> None:
    with pytest.raises(ValueError, match="1 policies and 1 replications, must be at least 1 and 2"):
        evaluate(_problem(), {"low": _level(6)}, 1)
    with pytest.raises(ValueError, match="0 policies"):
        evaluate(_problem(), {}, 10)


def test_windows_must_divide_the_periods() -> None:
    with pytest.raises(ValueError, match="windows is 5, must divide the 48 periods"):
        play(_problem(), _level(6), replications=2, seed=0, windows=5)


@pytest.mark.slow
def test_key_figures_of_windows_pool_to_those_of_the_whole_path() -> None:
    """Classes A, L and R: two traces one after the other are one trace."""
    whole = play(_problem(), _level(6), replications=4, seed=1)
    parts = play(_problem(), _level(6), replications=4, seed=1, windows=4)
    assert len(parts.sums) == 4
    one, other = kpi_estimates(whole.sums[0], 1), kpi_estimates(pooled(parts), 1)
    assert one.keys() == other.keys()
    for name, figure in one.items():
        assert (other[name].mean is None) == (figure.mean is None), name
        assert figure.mean is None or other[name].mean == pytest.approx(figure.mean, rel=1e-5), name
    np.testing.assert_allclose(whole.totals, parts.totals, rtol=1e-6)


@pytest.mark.slow
def test_how_replications_are_split_among_runs_is_irrelevant(monkeypatch: pytest.MonkeyPatch) -> None:
    """SIM-610: numbers of replications, not their place in a batch, choose the events."""
    whole = play(_problem(), _level(6), replications=4, seed=1)
    monkeypatch.setattr(played, "CELLS", 2)
    parts = play(_problem(), _level(6), replications=4, seed=1)
    np.testing.assert_array_equal(whole.totals, parts.totals)
    np.testing.assert_array_equal(whole.sums[0].totals["demand"], parts.sums[0].totals["demand"])


@pytest.mark.slow
def test_fewer_replications_are_the_first_of_more() -> None:
    few, more = (play(_problem(), _level(6), replications=n, seed=1).totals for n in (2, 4))
    np.testing.assert_array_equal(few, more[:2])


@pytest.mark.slow
def test_a_longer_warm_up_moves_the_estimate_by_its_noise() -> None:
    """SIM-1005."""
    problems = (_problem(), dataclasses.replace(_problem(), warm_up=12))
    short, long = (play(p, _level(12), replications=REPLICATIONS, seed=3, windows=4).totals for p in problems)
    gap = paired(short, long)
    assert abs(gap.mean) < 3 / 2.02 * gap.half_width


@pytest.mark.slow
def test_discounted_cost_is_the_sum_of_what_each_period_costs_less() -> None:
    """SIM-410: with a factor of 1 it is the undiscounted total; less with a smaller one."""
    totals = {
        factor: play(
            dataclasses.replace(_problem(), criterion="discounted_cost", discount=factor, warm_up=0),
            _level(8), replications=4, seed=1,
        ).totals
        for factor in (1.0, 0.9)
    }  # fmt: skip
    total = dataclasses.replace(_problem(), criterion="finite_horizon_total_cost", warm_up=0)
    plain = play(total, _level(8), replications=4, seed=1).totals
    np.testing.assert_allclose(totals[1.0], plain, rtol=1e-6)
    assert (np.abs(totals[0.9]) < np.abs(plain)).all()


@pytest.mark.slow
def test_risk_figures_are_flagged_when_there_are_few_episodes() -> None:
    few = kpi_estimates(play(_problem(), _level(6), replications=4, seed=1).sums[0])
    many = _report()["low"].kpis
    for name in (
        "cvar05_profit",
        "std_profit",
        "sharpe",
        "cvar05_cost",
        "risk_adjusted_profit",
        "var05_profit",
    ):
        assert few[name].reason == "few_episodes"
        assert many[name].reason == ""
    assert many["cvar05_profit"].mean <= many["var05_profit"].mean <= many["profit"].mean
    assert many["cvar05_cost"].mean >= many["total_cost"].mean
    assert 0 <= many["probability_of_loss"].mean <= 1


@pytest.mark.slow
def test_what_never_varies_has_no_sharpe_but_a_reason() -> None:
    problem = lost_sales(demand="deterministic", mean=4.0, horizon=12)
    problem = dataclasses.replace(
        problem, tariff=make_tariff(problem.network, holding=1.0, purchase=2.0, price=5.0)
    )
    found = kpi_estimates(play(problem, _level(12), replications=3, seed=0).sums[0])
    assert (found["sharpe"].mean, found["sharpe"].reason) == (None, "no_spread")
    assert found["std_profit"].mean == 0.0
    assert found["probability_of_loss"].half_width > 0, "an interval is never empty"


@pytest.mark.slow
def test_without_prices_only_the_tail_of_cost_is_reported() -> None:
    found = kpi_estimates(play(lost_sales(horizon=12), _level(12), replications=3, seed=0).sums[0])
    assert "cvar05_cost" in found
    assert not {"profit", "sharpe", "cvar05_profit"} & set(found)


def test_parameters_leave_padding_out() -> None:
    """17 items are padded to 18; a number that holds everywhere is one number."""
    items = tuple(f"i{k}" for k in range(17))
    network = SupplyNetwork(
        items=tuple(map(Item, items)), nodes=(Node("n"),), suppliers=(Supplier("s"),), lanes=(Lane("s", "n"),)
    )
    demand = Uncertainty({("n", item): Poisson(1.0 + k) for k, item in enumerate(items)})
    problem = Problem("many", network, demand, make_tariff(network, holding=1.0, lost_sale=4.0))
    assert policy_parameters(problem, from_parameters(problem, "base_stock", {"base_stock_level": 5.0})) == {
        "base_stock_level": 5.0
    }
    levels = policy_parameters(problem, BaseStock(jnp.arange(18.0).reshape(1, 18, 1)))["base_stock_level"]
    assert levels == [[float(k) for k in range(17)]]
    assert "demand" not in policy_parameters(problem, marginal_for(problem))
    assert policy_parameters(problem, Legal(_level(3))) == {}


def test_the_summary_prints_the_numbers_of_the_document() -> None:
    """SIM-1006."""
    text = _report().summary()
    for row in _report().rows:
        assert f"{row.total.mean:.4f}" in text
        assert f"{row.total.half_width:.4f}" in text
