"""Intervals of a backtest, its window, and what it counts."""

import dataclasses

import numpy as np
import pytest

from basestock.operations.backtest import (
    BacktestSettings,
    WindowError,
    _blocks,
    _estimate,
    _length_told,
    _why_not,
    _window,
    run_backtest,
)
from basestock.operations.replay import replay
from tests.operations.twin_fixture import small_twin


def _two_places(num_days: int = 60) -> object:
    return dataclasses.replace(small_twin(num_lines=2, num_days=num_days), location_id=["A", "B"])


def test_the_window_is_the_last_fifth_or_the_horizon_asked_for() -> None:
    twin = small_twin(num_lines=1, num_days=103)
    assert _window(twin, BacktestSettings()) == (83, 103)
    assert _window(twin, BacktestSettings(horizon_days=30.0)) == (73, 103)


def test_a_window_that_is_too_short_is_refused_with_the_horizon_that_would_do() -> None:
    with pytest.raises(
        WindowError, match=r"must have at least 3 x \(lead time \+ review\) = 42.*--horizon 42"
    ):
        run_backtest(small_twin(num_days=100), BacktestSettings())


def test_a_short_history_gives_the_quickest_lines_a_longer_window_but_never_more_than_a_third() -> None:
    twin = small_twin(num_lines=1, num_days=138)
    assert _window(twin, BacktestSettings()) == (96, 138)
    assert _window(twin.take(np.array([], dtype=int)), BacktestSettings()) == (111, 138)
    assert _window(small_twin(num_lines=1, num_days=125), BacktestSettings()) == (100, 125)


def test_the_length_of_the_window_is_told_with_its_reason() -> None:
    twin = small_twin(num_lines=1, num_days=138)
    assert _length_told(twin, BacktestSettings(), 27) == "the last fifth of the history"
    assert _length_told(twin, BacktestSettings(horizon_days=30.0), 30) == "the last 30 days, as asked for"
    grown = _length_told(twin, BacktestSettings(), 42)
    assert grown.startswith("longer than the last fifth of the history, 27 buckets")
    assert grown.endswith("the quickest needs 3 x (lead time + review) = 42 buckets")


def test_lines_that_cannot_be_replayed_are_named_with_the_reason() -> None:
    twin = small_twin(num_lines=3, num_days=138)
    late = twin.history.copy()
    late[2, :96] = np.nan
    mixed = dataclasses.replace(twin, history=late, lead_periods=np.array([7, 20, 7]))
    assert _why_not(mixed, 42, 96) == [
        "",
        "3 x (lead time + review) is 81 buckets, a window has 42",
        f"0 known buckets before {twin.dates[96].isoformat()}, must be at least 2",
    ]


def test_the_reference_is_played_even_if_nobody_names_it() -> None:
    assert BacktestSettings(("marginal",)).names == ["marginal", "current"]
    assert BacktestSettings(("current", "marginal")).names == ["current", "marginal"]


def test_blocks_are_weeks_clustered_by_location() -> None:
    blocks = _blocks(_two_places(), 21)  # type: ignore[arg-type]
    assert blocks.week.tolist() == [0] * 7 + [1] * 7 + [2] * 7
    assert blocks.place.tolist() == [0, 1]
    assert np.allclose(blocks.weights.sum((1, 2)), 3 * 2)


def test_a_constant_has_an_interval_without_width() -> None:
    twin = small_twin(num_lines=2)
    blocks = _blocks(twin, 14)
    estimate = _estimate(blocks.sums(np.ones((14, 2))), 2)
    assert estimate == {"mean": 28.0, "half_width": 0.0, "n": 2}


def test_weeks_that_differ_give_an_interval_and_equal_policies_a_paired_one_of_zero() -> None:
    blocks = _blocks(small_twin(num_lines=1), 70)
    money = np.repeat(np.arange(10.0), 7)[:, None]
    alone = _estimate(blocks.sums(money), 10)
    paired = _estimate(blocks.sums(money) - blocks.sums(money), 10)
    assert alone["half_width"] > 50.0
    assert paired["half_width"] == paired["mean"] == 0.0


def test_a_ratio_without_demand_is_unknown_with_its_reason() -> None:
    assert _estimate(np.array([np.nan, np.nan]), 3)["reason"] == "no_demand"


@pytest.mark.slow
def test_every_cost_is_counted_for_lost_and_for_waiting_lines() -> None:
    twin = small_twin(num_lines=2, num_days=160)
    mixed = dataclasses.replace(twin, backordered=np.array([False, True]))
    played = replay(mixed, ["current"], first=110, last=152, refits=1)["current"]
    money, flows = played.money, played.flows
    assert set(money) == {"holding", "lost_sale", "backorder", "fixed_order"}
    holding = flows["closing"] * np.array(twin.unit_cost) * 0.25 / 365.0
    assert np.allclose(money["holding"], holding, rtol=1e-4)
    assert np.allclose(money["fixed_order"], 2.0 * (flows["ordered"] > 0))
    assert np.allclose(money["lost_sale"], flows["lost"] * twin.stockout_cost, rtol=1e-4)
    assert flows["lost"][:, 1].sum() == 0.0
    assert flows["newly_backordered"][:, 0].sum() == 0.0
    served = flows["sales"] + flows["lost"] + flows["newly_backordered"]
    assert np.allclose(served, flows["demand"])


@pytest.mark.slow
def test_a_backtest_pairs_policies_and_gives_a_verdict() -> None:
    twin = small_twin(num_lines=3, num_days=260)
    document = run_backtest(twin, BacktestSettings(policies=("marginal", "base_stock"), refits=1, folds=1))
    assert [row["policy"] for row in document["policies"]] == ["marginal", "base_stock", "current"]
    assert document["window"]["periods"] == 52
    marginal = document["policies"][0]
    against = marginal["versus"]["current"]
    assert marginal["kpis"]["saving"]["mean"] == pytest.approx(-against["mean"], abs=1e-5)
    assert document["verdict"]["outcome"] in {"better", "worse", "no difference shown"}
    sums = sum(term["mean"] for term in marginal["terms"].values())
    assert marginal["total"]["mean"] == pytest.approx(sums, rel=1e-6)
