"""Demand scenarios: moments, smoothing, repeatability."""

import numpy as np
import pytest

from basestock.network import single_item
from basestock.uncertainty.scenarios import (
    DemandPaths,
    ScenarioSettings,
    demand_scenario,
    demand_scenarios,
    smooth,
)

FLAT = ScenarioSettings(trend=0.0, waves=())


@pytest.mark.requirement("D-13")
def test_moments_of_the_noise_follow_both_sigmas_and_the_smoothing() -> None:
    paths = demand_scenarios(FLAT, 400, tuple(range(200)))[5:-5]
    assert paths.mean() == pytest.approx(50.0, rel=0.002)
    raw = np.sqrt(np.exp(0.20**2 + 0.15**2) - 1)
    weights = np.array([0.7 / 3, 0.3 + 0.7 / 3, 0.7 / 3])
    assert paths.std() / 50 == pytest.approx(raw * np.sqrt((weights**2).sum()), rel=0.02)


@pytest.mark.requirement("D-13")
def test_trend_and_seasons_are_in_the_mean() -> None:
    settings = ScenarioSettings(uncertainty=0.0, volatility=0.0, smoothed=0.0)
    path = demand_scenario(settings, 731, seed=1)
    np.testing.assert_allclose(path, settings.expected(731))
    assert settings.expected(731)[91] / settings.expected(731)[274] == pytest.approx(1.3 / 0.7, rel=0.2)
    without = ScenarioSettings(waves=()).expected(731)
    assert without[-1] / without[0] == pytest.approx(1.05**1 + 0.05 * 730 / 365.25 - 0.05, rel=1e-3)


def test_equal_seeds_give_equal_scenarios_and_others_differ() -> None:
    assert (demand_scenario(FLAT, 30, 42) == demand_scenario(FLAT, 30, 42)).all()
    assert (demand_scenario(FLAT, 30, 42) != demand_scenario(FLAT, 30, 43)).any()


def test_smoothing_keeps_constants_and_no_smoothing_keeps_all() -> None:
    np.testing.assert_allclose(smooth(np.full(9, 4.0), 0.7, 3), 4.0)
    series = np.array([1.0, 5.0, 2.0])
    np.testing.assert_allclose(smooth(series, 0.0, 3), series)


def test_settings_that_cannot_be_are_all_named() -> None:
    with pytest.raises(ValueError, match=r"base is 0.*window is 2"):
        ScenarioSettings(base=0, window=2)


def test_paths_are_checked_and_named() -> None:
    network = single_item()
    place = (network.nodes[0].name, network.items[0].name)
    with pytest.raises(ValueError, match="negative or not finite"):
        DemandPaths(paths={place: np.array([[-1.0]])}).compile(network)
    with pytest.raises(ValueError, match="must be at"):
        DemandPaths(paths={("moon", "cheese"): np.array([[1.0]])}).compile(network)
    assert DemandPaths(paths={place: np.ones((4, 2))}).compile(network).num_periods == 4
