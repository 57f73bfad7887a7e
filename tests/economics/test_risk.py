"""Risk over episodes: exact small cases, known laws, and rules at the edges (``kpis.md`` section 6)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basestock.economics import (
    cvar,
    estimate,
    estimate_ratio,
    risk_adjusted,
    semideviation,
    share_estimate,
    sharpe,
    sortino,
    value_at_risk,
    wilson,
)

SAMPLES = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=60).map(np.array)


@pytest.mark.parametrize(
    ("n", "expected"),
    [(20, 0.0), (30, (0 + 0.5 * 1) / 1.5), (40, (0 + 1) / 2), (50, (0 + 1 + 0.5 * 2) / 2.5), (10, 0.0)],
)
def test_the_tail_takes_the_next_value_in_part(n: int, expected: float) -> None:
    assert cvar(np.arange(float(n))[::-1]) == pytest.approx(expected)


@given(SAMPLES)
def test_the_tail_never_lies_above_the_mean_nor_above_the_quantile(values: np.ndarray) -> None:
    slack = 1e-9 * (1 + np.abs(values).max())
    assert cvar(values) <= values.mean() + slack
    assert cvar(values) <= value_at_risk(values) + slack
    assert cvar(values, 1.0) == pytest.approx(values.mean(), abs=slack)


@given(SAMPLES)
def test_the_tail_of_costs_is_minus_the_tail_of_profits(values: np.ndarray) -> None:
    worst_cost = -cvar(-values)
    assert worst_cost == pytest.approx(-cvar(-values))
    assert worst_cost >= values.mean() - 1e-9 * (1 + np.abs(values).max())


def test_semideviation_of_a_symmetric_law_is_a_share_of_the_deviation() -> None:
    values = np.linspace(-1, 1, 10_001)
    assert semideviation(values) == pytest.approx(values.std() / np.sqrt(2), rel=1e-3)
    assert semideviation(np.array([1.0, 2.0, 3.0]), target=2.0) == pytest.approx(np.sqrt(1 / 3))


def test_what_never_varies_has_no_sharpe() -> None:
    assert sharpe(np.full(5, 0.1)) is None
    assert sharpe(np.array([1.0, 2.0, 3.0])) == pytest.approx(2.0)
    assert sharpe(np.array([1.0, 2.0, 3.0]), reference=np.array([0.0, 1.0, 2.0])) is None


def test_what_never_falls_short_has_no_sortino() -> None:
    assert sortino(np.array([1.0, 2.0])) is None
    assert sortino(np.array([-1.0, 3.0])) == pytest.approx(1 / np.sqrt(0.5))


def test_risk_adjusted_takes_half_a_deviation_off() -> None:
    assert risk_adjusted(np.array([0.0, 2.0])) == pytest.approx(1 - 0.5 * np.sqrt(2))
    assert risk_adjusted(np.array([0.0, 2.0]), aversion=0.0) == 1.0


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(0, 10, 0.0, 0.277533), (5, 10, 0.236593, 0.763407), (10, 10, 0.722467, 1.0), (1, 1, 0.206549, 1.0)],
)
def test_wilson_interval(successes: int, n: int, low: float, high: float) -> None:
    assert wilson(successes, n) == pytest.approx((low, high), abs=1e-6)


def test_the_half_width_of_a_share_covers_its_wilson_interval() -> None:
    found = share_estimate(np.array([True, False, False, False]))
    low, high = wilson(1, 4)
    assert found.mean == 0.25
    assert found.mean - found.half_width <= low <= high <= found.mean + found.half_width


def test_wilson_intervals_cover_a_rare_event() -> None:
    """Exact coverage over the binomial law, not a simulation; it swings about 95 % and never falls far."""
    from scipy import stats

    for rate in (0.02, 0.1, 0.5):
        hits = np.arange(51)
        inside = [low <= rate <= high for low, high in (wilson(int(k), 50) for k in hits)]
        assert stats.binom(50, rate).pmf(hits)[inside].sum() > 0.91


def test_one_replication_has_no_interval_and_none_has_no_value() -> None:
    assert (estimate(np.array([3.0])).mean, estimate(np.array([3.0])).half_width) == (3.0, None)
    empty = estimate(np.array([]))
    assert (empty.mean, empty.n, empty.reason) == (None, 0, "no_replication")
    assert empty.to_dict() == {"mean": None, "half_width": None, "n": 0, "reason": "no_replication"}


def test_three_replications_use_students_quantile() -> None:
    assert estimate(np.array([0.0, 1.0, 2.0])).half_width == pytest.approx(4.302653 / np.sqrt(3), rel=1e-6)


def test_a_ratio_that_never_varies_has_an_interval_of_nothing() -> None:
    found = estimate_ratio(np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0]), "none")
    assert (found.mean, found.half_width) == (0.5, 0.0)
    assert estimate_ratio(np.zeros(3), np.zeros(3), "no_demand").reason == "no_demand"
