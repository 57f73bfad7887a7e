"""Every forecaster against numbers that can be worked out by hand."""

import numpy as np
import pytest

from basestock.forecasting.cleaning import Cleaned
from basestock.forecasting.demand_rates import RATE_GAINS
from basestock.forecasting.drafting import candidate_laws
from basestock.forecasting.law import Dynamics, Law
from basestock.forecasting.levels import exponential_level
from basestock.forecasting.programs import filled_tables
from basestock.forecasting.registry import FORECASTERS
from basestock.forecasting.setting import NUM_ATOMS, Setting
from basestock.forecasting.training import Draft, Training, View, prepare

NUM_PERIODS = 128
"""Every history is put before as many unknown periods as fill this, so that few programs are compiled."""

NUM_STEPS = 8


def _training(
    history: list[float] | np.ndarray, season_length: int, protection: int
) -> tuple[Training, np.ndarray]:
    given = np.atleast_2d(np.asarray(history, dtype=np.float64))
    values = np.full((3, NUM_PERIODS), np.nan)
    values[: len(given), NUM_PERIODS - given.shape[1] :] = given
    known, whole = np.isfinite(values), np.ones(3, dtype=bool)
    cleaned = Cleaned(np.where(known, values, 0.0).astype(np.float32), known.astype(np.float32), whole)
    setting = Setting(season_length, NUM_STEPS)
    return prepare(cleaned, np.full(3, protection), setting), whole


def _view(history: list[float] | np.ndarray, *, season_length: int = 1, protection: int = 2) -> View:
    return View(_training(history, season_length, protection)[0], Setting(season_length, NUM_STEPS))


def _laws(
    name: str, history: list[float] | np.ndarray, *, season_length: int = 1, protection: int = 2
) -> Law:
    training, whole = _training(history, season_length, protection)
    return candidate_laws(training, whole, names=[name], setting=Setting(season_length, NUM_STEPS))


def _first(law: Law) -> Law:
    """Return the law of the first series."""
    return Law(law.atoms[0, 0], Dynamics(*(leaf[0, 0] for leaf in law.dynamics)))


def _law(name: str, history: list[float] | np.ndarray, *, season_length: int = 1, protection: int = 2) -> Law:
    return _first(_laws(name, history, season_length=season_length, protection=protection))


def _sample(draft: Draft, view: View) -> list[float]:
    """Return what may be drawn, newest first."""
    allowed = (view.values if draft.at_demands else view.observed)[:, 0] > 0
    return draft.sample[allowed, 0][::-1][: int(draft.size[0])].tolist()


def _mean(law: Law) -> float:
    """Expected demand of the first bucket."""
    dynamics = law.dynamics
    level = float(dynamics.base[0] + dynamics.occurrence * law.atoms.mean() * dynamics.spread[0])
    return float(dynamics.season_scale[0]) * level + float(dynamics.season_shift[0])


@pytest.mark.parametrize("name", FORECASTERS)
@pytest.mark.parametrize("season_length", [1, 4])
def test_every_model_continues_a_constant(name: str, season_length: int) -> None:
    assert _mean(_law(name, [6.0] * 24, season_length=season_length)) == pytest.approx(6.0, rel=0.16)


@pytest.mark.parametrize("name", [name for name in FORECASTERS if name != "sba"])
def test_every_model_but_the_deflated_one_continues_a_constant_exactly(name: str) -> None:
    assert _mean(_law(name, [6.0] * 24)) == pytest.approx(6.0, rel=1e-4)


@pytest.mark.parametrize("name", FORECASTERS)
def test_every_model_gives_finite_laws_of_the_declared_shape(name: str) -> None:
    history = np.array(
        [[0.0, 3.0, np.nan, 1.0, 0.0, 0.0, 2.0, 5.0] * 4, [np.nan] * 30 + [1.0, 2.0], [np.nan] * 32]
    )
    law = _laws(name, history, season_length=4)
    assert law.atoms.shape == (3, 1, NUM_ATOMS)
    assert [leaf.shape for leaf in law.dynamics] == [(3, 1, NUM_STEPS)] * 4 + [(3, 1)] * 8
    for leaf in (law.atoms, *law.dynamics):
        assert np.isfinite(leaf.astype(np.float64)).all()


def _level(values: list[float], known: list[float], gain: float) -> np.ndarray:
    """Return the smoothed level of one series, written at the end of a longer one."""
    columns = np.zeros((2, NUM_PERIODS, 3), np.float32)
    columns[:, NUM_PERIODS - len(values) :] = np.array([values, known], np.float32)[..., None]
    level = exponential_level(columns[0], columns[1], np.full(3, gain, np.float32))
    return np.asarray(level)[-len(values) :, 0]


def test_a_smoothed_level_is_the_normalized_weighted_mean() -> None:
    # weights 1/4, 1/2, 1 over 7/4; after two periods 1/2 and 1 over 3/2
    expected = [4.0, (2.0 + 8.0) / 1.5, (1.0 + 4.0 + 6.0) / 1.75]
    np.testing.assert_allclose(_level([4.0, 8.0, 6.0], [1, 1, 1], 0.5), expected, rtol=1e-6)


def test_smoothing_skips_unknown_periods() -> None:
    np.testing.assert_allclose(_level([4.0, 0.0, 8.0], [1, 0, 1], 0.5), [4.0, 4.0, 10.0 / 1.5], rtol=1e-6)


def test_smoothing_approaches_the_textbook_recursion() -> None:
    history = np.random.default_rng(1).uniform(5, 15, 80)
    textbook = history[0]
    for value in history[1:]:
        textbook += 0.3 * (value - textbook)
    assert float(_level(history.tolist(), [1] * 80, 0.3)[-1]) == pytest.approx(textbook, rel=1e-5)


def test_smoothing_follows_a_step_with_a_large_gain_and_noise_with_a_small_one() -> None:
    generator = np.random.default_rng(2)
    walk = 50 + np.cumsum(generator.normal(0, 3, 96))
    noise = generator.normal(50, 5, 96)
    gains = [_law("simple_exponential_smoothing", history).dynamics.level_gain for history in (walk, noise)]
    assert gains[0] >= 0.3
    assert gains[1] <= 0.1


def test_the_errors_of_smoothing_are_its_one_step_errors() -> None:
    history = [10.0, 12.0, 9.0, 11.0, 10.0, 13.0, 8.0, 10.0] * 3
    view = _view(history)
    draft = FORECASTERS["simple_exponential_smoothing"].draft(view)
    level = _level(history, [1] * 24, float(draft.dynamics["level_gain"][0]))
    errors = (np.array(history[1:]) - level[:-1])[::-1]
    np.testing.assert_allclose(_sample(draft, view), errors[:20], atol=1e-4)


def test_the_seasonal_naive_repeats_the_last_season() -> None:
    history = np.concatenate([np.array([1.0, 2.0, 3.0, 4.0]) + 10 * year for year in range(5)])
    law = _law("seasonal_naive", history, season_length=4)
    np.testing.assert_allclose(law.dynamics.season_shift, [41, 42, 43, 44, 41, 42, 43, 44])
    np.testing.assert_allclose(law.atoms, 10.0)


def test_the_seasonal_naive_is_less_sure_of_the_second_season() -> None:
    spread = _law("seasonal_naive", np.arange(20.0), season_length=4).dynamics.spread
    np.testing.assert_allclose(spread, [1, 1, 1, 1] + [np.sqrt(2)] * 4, rtol=1e-6)


def test_the_seasonal_naive_takes_the_newest_known_value_of_a_phase() -> None:
    history = [1.0, 2.0, 3.0, 4.0] * 3 + [1.0, np.nan, 3.0, 4.0]
    law = _law("seasonal_naive", history, season_length=4)
    np.testing.assert_allclose(law.dynamics.season_shift[:4], [1, 2, 3, 4])


@pytest.mark.parametrize("kind", ["additive", "multiplicative"])
def test_holt_winters_learns_a_season_on_a_slope(kind: str) -> None:
    season = np.tile([0.6, 1.4, 1.0, 1.0], 24)
    level = 40.0 + 0.5 * np.arange(96)
    history = level * season if kind == "multiplicative" else level + 30 * (season - 1)
    dynamics = _law("seasonal_exponential_smoothing", history, season_length=4).dynamics
    forecast = (dynamics.season_scale * dynamics.base + dynamics.season_shift)[:4]
    ahead = 40.0 + 0.5 * np.arange(96, 100)
    expected = ahead * season[:4] if kind == "multiplicative" else ahead + 30 * (season[:4] - 1)
    np.testing.assert_allclose(forecast, expected, rtol=0.08)


def test_holt_winters_without_a_season_is_damped_holt() -> None:
    base = _law("seasonal_exponential_smoothing", 20.0 + 2.0 * np.arange(64)).dynamics.base
    steps = np.diff(base)
    assert 140 < base[0] < 155
    np.testing.assert_allclose(steps[1:] / steps[:-1], 0.9, rtol=1e-3)


def test_croston_on_a_textbook_pattern() -> None:
    """Six pieces every third period: size 6, interval 3, forecast 2; the deflated one (1 - alpha / 2) of it."""
    history = [0.0, 0.0, 6.0] * 10
    croston, sba = _law("croston", history), _law("sba", history)
    assert float(croston.dynamics.occurrence) == pytest.approx(1 / 3, rel=1e-5)
    assert _mean(croston) == pytest.approx(2.0, rel=1e-4)
    deflated = 2.0 * (1.0 - np.array(RATE_GAINS) / 2.0)
    assert np.abs(_mean(sba) - deflated).min() < 1e-4


def test_croston_smooths_sizes_and_intervals_at_demands_only() -> None:
    """Sizes 2, 8 and intervals 1, 3 with gain 0.2: size 0.8 x 2 + 8 over 1.8, interval 0.8 x 1 + 3 over 1.8."""
    view = _view([2.0, 0.0, 0.0, 8.0, 0.0])
    lane = RATE_GAINS.index(0.2)
    assert float(view.demand_rates.interval[lane, 0]) == pytest.approx((0.8 + 3.0) / 1.8, rel=1e-5)
    assert _sample(FORECASTERS["croston"].draft(view), view) == [8.0, 2.0]


def test_tsb_forgets_an_item_that_died() -> None:
    history = [0.0, 4.0] * 16 + [0.0] * 20
    assert _mean(_law("tsb", history)) < 0.7 * _mean(_law("croston", history))


@pytest.mark.parametrize("name", ["croston", "sba", "tsb"])
def test_intermittent_models_find_the_rate_of_random_demand(name: str) -> None:
    """A piece count of mean 5 with probability 0.3 a bucket: 1.5 a bucket; 3 standard errors are 0.55."""
    generator = np.random.default_rng(11)
    history = (generator.random(NUM_PERIODS) < 0.3) * (1 + generator.poisson(4, NUM_PERIODS))
    assert _mean(_law(name, history.astype(float))) == pytest.approx(history.mean(), abs=0.55)


def test_unknown_periods_do_not_lengthen_an_interval() -> None:
    known, gaps = (
        _view(history).demand_rates.interval for history in ([0.0, 0.0, 6.0] * 6, [0.0, np.nan, 0.0, 6.0] * 6)
    )
    np.testing.assert_allclose(known, gaps, rtol=1e-6)


def test_the_bootstrap_draws_from_history_alone() -> None:
    atoms = _law("empirical_bootstrap", [0.0, 0.0, 7.0, 0.0, 2.0, 0.0, 0.0, 11.0] * 4).atoms
    assert set(atoms.tolist()) <= {0.0, 2.0, 7.0, 11.0}
    assert (atoms == 0).mean() == pytest.approx(5 / 8, abs=0.05)


def test_the_bootstrap_knows_weekdays() -> None:
    history = np.tile([10.0, 10.0, 10.0, 10.0, 10.0, 30.0, 0.0], 12)
    scale = _law("empirical_bootstrap", history, season_length=7).dynamics.season_scale
    assert scale[5] > 2.5 * scale[0] > 10 * scale[6]


def test_the_bootstrap_draws_runs_where_a_steady_level_has_memory() -> None:
    generator = np.random.default_rng(0)
    waves = 50 + np.convolve(generator.normal(0, 8, 130), np.ones(3), mode="valid")
    noise = generator.normal(50, 8, 128)
    steps = [
        float(_law("empirical_bootstrap", past, protection=8).dynamics.block_step) for past in (waves, noise)
    ]
    assert steps == [pytest.approx(1 / 128), 0.0]


def _table(values: list[float], size: float, recency: float) -> np.ndarray:
    """Return the table of the newest entries of one series."""
    num_entries = len(values)
    newest = np.arange(num_entries, dtype=np.int32)[::-1][None, :, None]
    sample = np.array(values, np.float32)[None, :, None]
    count, gain = (np.array([[number]], np.float32) for number in (size, recency))
    return np.asarray(filled_tables(sample, newest, np.zeros(1, np.int32), count, gain))[0, 0]


def test_a_table_holds_every_value_equally_often() -> None:
    atoms = _table([7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.0], 4, 0.0)
    assert np.bincount(atoms.astype(int)).tolist() == [NUM_ATOMS // 4] * 4


def test_a_table_prefers_recent_values_by_its_gain() -> None:
    atoms = _table([7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.0], 3, 0.5)
    shares = np.bincount(atoms.astype(int), minlength=3) / NUM_ATOMS
    np.testing.assert_allclose(shares, np.array([4, 2, 1]) / 7, atol=1 / NUM_ATOMS)


def test_an_empty_sample_gives_a_table_of_one_value() -> None:
    np.testing.assert_array_equal(_table([0.0] * 8, 0, 0.0), 0.0)


def test_sums_missed_by_more_than_chance_make_the_level_uncertain() -> None:
    generator = np.random.default_rng(4)
    regimes = np.repeat(generator.choice([20.0, 60.0], 16), 8) + generator.normal(0, 2, 128)
    noise = generator.normal(40, 20, 128)
    spreads = [
        float(_law("empirical_bootstrap", np.maximum(past, 0), protection=6).dynamics.level_spread)
        for past in (regimes, noise)
    ]
    assert spreads[0] > 0.1
    assert spreads[1] < 0.05
