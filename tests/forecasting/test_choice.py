"""The choice between candidates: own evidence against what is believed of the class."""

import numpy as np

from basestock.forecasting.choice import choose, relative_losses
from basestock.forecasting.registry import FORECASTERS
from basestock.forecasting.scoring import Scores

NAMES = tuple(FORECASTERS)


def _scores(pinball: np.ndarray, num_origins: list[int], names: tuple[str, ...] = NAMES) -> Scores:
    unknown = np.full(pinball.shape, np.nan)
    count = np.array(num_origins)
    return Scores(
        names, np.where(count > 0, pinball, np.nan), unknown, unknown, unknown, unknown, count, count / 3
    )


def _chosen(pinball: np.ndarray, num_origins: list[int], zero_share: list[float]) -> list[str]:
    return [NAMES[place] for place in choose(_scores(pinball, num_origins), np.array(zero_share))]


def test_without_evidence_the_class_decides() -> None:
    nothing = np.ones((len(NAMES), 2))
    assert _chosen(nothing, [0, 0], [0.0, 0.8]) == ["simple_exponential_smoothing", "tsb"]


def test_overwhelming_evidence_beats_the_belief() -> None:
    loss = np.full((len(NAMES), 1), 10.0)
    loss[NAMES.index("seasonal_naive")] = 0.1
    assert _chosen(loss, [12], [0.0]) == ["seasonal_naive"]


def test_a_little_luck_does_not() -> None:
    loss = np.full((len(NAMES), 1), 10.0)
    loss[NAMES.index("seasonal_naive")] = 9.0
    assert _chosen(loss, [3], [0.0]) == ["simple_exponential_smoothing"]


def test_a_series_without_origins_follows_its_class() -> None:
    loss = np.full((len(NAMES), 40), 10.0)
    loss[NAMES.index("croston")] = 2.0
    chosen = _chosen(loss, [3] * 39 + [0], [0.7] * 40)
    assert chosen[-1] == "croston"


def test_a_series_with_origins_does_not_depend_on_the_others() -> None:
    generator = np.random.default_rng(0)
    loss = generator.uniform(1, 10, (len(NAMES), 30))
    together = _chosen(loss, [3] * 30, [0.1] * 30)
    alone = [_chosen(loss[:, [row]], [3], [0.1])[0] for row in range(30)]
    assert together == alone


def test_losses_are_compared_in_relation_to_their_mean() -> None:
    np.testing.assert_allclose(relative_losses(np.array([[1.0, 0.0], [3.0, 0.0]])), [[0.5, 1.0], [1.5, 1.0]])


def test_the_units_of_a_series_do_not_matter() -> None:
    loss = np.random.default_rng(1).uniform(1, 10, (len(NAMES), 5))
    assert _chosen(loss, [3] * 5, [0.1] * 5) == _chosen(1000 * loss, [3] * 5, [0.1] * 5)


def test_every_registered_forecaster_has_positive_priors() -> None:
    for candidate in FORECASTERS.values():
        assert candidate.smooth_prior >= 1.0
        assert candidate.intermittent_prior >= 1.0
