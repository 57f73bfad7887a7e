"""Scores against values worked out by hand, and against the definition on continuous laws."""

import numpy as np
import pytest
from scipy.stats import norm

from basestock.forecasting.scoring import (
    CRPS_LEVELS,
    combine,
    coverage,
    pinball_loss,
    sample_quantiles,
    score_fold,
)


def test_pinball_weighs_too_little_by_tau_and_too_much_by_the_rest() -> None:
    loss = pinball_loss(np.array([[8.0], [12.0]]), np.array([10.0, 10.0]), np.array([0.9]))
    np.testing.assert_allclose(loss[:, 0], [1.8, 0.2])


def test_quantiles_of_a_sample_are_values_of_it() -> None:
    ordered = np.array([0.0, 0.0, 0.0, 2.0, 7.0])
    assert sample_quantiles(ordered, np.array([0.2, 0.6, 0.61, 0.8, 0.99])).tolist() == [0, 0, 2, 2, 7]


def test_coverage_is_one_below_and_zero_above_the_quantile() -> None:
    ordered = np.arange(10.0)
    assert float(coverage(ordered, np.array(3.0), 0.9)) == 1.0
    assert float(coverage(ordered, np.array(30.0), 0.9)) == 0.0
    assert float(coverage(ordered, np.array(-1.0), 0.9)) == 1.0


def test_ties_at_zero_count_in_proportion() -> None:
    ordered = np.array([0.0] * 95 + [1.0] * 5)
    assert float(coverage(ordered, np.array(0.0), 0.9)) == pytest.approx(0.9 / 0.95)


def test_coverage_of_a_right_discrete_law_is_nominal() -> None:
    generator = np.random.default_rng(0)
    ordered = np.sort(generator.poisson(0.3, 4000)).astype(float)
    came = generator.poisson(0.3, 20_000).astype(float)
    # 20,000 trials: a deviation of 0.01 has a chance below 1e-4 under the right law
    assert coverage(ordered[None], came, 0.9).mean() == pytest.approx(0.9, abs=0.01)


def test_the_ranked_probability_score_of_a_normal_law() -> None:
    """CRPS of N(0, 1) at 0 is 2 phi(0) - 1 / sqrt(pi) = 0.2337; the grid stops at 5 and 95 %."""
    sample = norm.ppf((np.arange(4000) + 0.5) / 4000)
    scores = score_fold(sample[None, None], np.array([0.0]), np.array([True]))
    quantiles = norm.ppf(CRPS_LEVELS)
    expected = 2 * pinball_loss(quantiles, np.array(0.0), CRPS_LEVELS).mean()
    assert scores.crps[0, 0] == pytest.approx(expected, rel=1e-2)
    assert scores.crps[0, 0] == pytest.approx(0.2337, rel=0.1)


def test_folds_are_combined_by_sums_not_by_means_of_ratios() -> None:
    first = score_fold(np.full((1, 1, 4), 12.0), np.array([10.0]), np.array([True]))
    second = score_fold(np.full((1, 1, 4), 20.0), np.array([30.0]), np.array([True]))
    scores = combine([first, second], ("only",), np.ones(1))
    assert scores.wape[0, 0] == pytest.approx(12.0 / 40.0)
    assert scores.bias_ratio[0, 0] == pytest.approx(-8.0 / 40.0)
    assert scores.num_origins.tolist() == [2]


def test_over_forecast_is_positive_bias() -> None:
    fold = score_fold(np.full((1, 1, 4), 12.0), np.array([10.0]), np.array([True]))
    assert combine([fold], ("only",), np.ones(1)).bias_ratio[0, 0] == pytest.approx(0.2)


def test_a_fold_that_is_not_usable_leaves_no_trace() -> None:
    fold = score_fold(np.ones((2, 1, 4)), np.array([1.0, 1.0]), np.array([True, False]))
    scores = combine([fold], ("only",), np.ones(2))
    assert scores.num_origins.tolist() == [1, 0]
    assert np.isnan(scores.pinball[0, 1])


def test_no_demand_has_no_ratio() -> None:
    fold = score_fold(np.zeros((1, 1, 4)), np.array([0.0]), np.array([True]))
    scores = combine([fold], ("only",), np.ones(1))
    assert np.isnan(scores.wape[0, 0])
    assert scores.pinball[0, 0] == 0.0


def test_without_folds_everything_is_unknown() -> None:
    scores = combine([], ("a", "b"), np.full(3, np.nan))
    assert scores.pinball.shape == (2, 3)
    assert np.isnan(scores.pinball).all()
