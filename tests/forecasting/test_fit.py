"""The whole fit on known demand: right laws, honest tables, nothing leaked, nothing depending on its neighbors."""

import dataclasses

import numpy as np
import pytest

from basestock.forecasting import DemandForecast, ForecastArgumentError, fit
from basestock.forecasting.batches import MAX_ROWS
from basestock.forecasting.scoring import coverage

NUM_PERIODS, SEASON, HORIZON, PROTECTION = 104, 4, 8, 3
WAVE = np.array([0.5, 1.5, 1.2, 0.8])


def _late(values: list[float]) -> np.ndarray:
    """Return a history that starts late."""
    return np.concatenate([np.full(NUM_PERIODS - len(values), np.nan), values])


def _named() -> dict[str, np.ndarray]:
    generator = np.random.default_rng(7)
    gaps = generator.poisson(9.0, NUM_PERIODS).astype(float)
    gaps[generator.random(NUM_PERIODS) < 0.3] = np.nan
    return {
        "constant": np.full(NUM_PERIODS, 6.0),
        "fraction": np.full(NUM_PERIODS, 2.5),
        "zero": np.zeros(NUM_PERIODS),
        "unknown": np.full(NUM_PERIODS, np.nan),
        "one": _late([4.0]),
        "two": _late([4.0, 6.0]),
        "five": _late([4.0, 6.0, 5.0, 5.0, 3.0]),
        "season": np.tile(20 * WAVE, NUM_PERIODS // 4),
        "poisson": generator.poisson(10.0, NUM_PERIODS).astype(float),
        "gaps": gaps,
        "lumpy": (generator.random(NUM_PERIODS) < 0.25) * (2.0 + generator.poisson(3.0, NUM_PERIODS)),
        "stopped": np.concatenate([generator.poisson(5.0, 60), np.zeros(NUM_PERIODS - 60)]),
    }


NAMES = tuple(_named())


def _fit(history: np.ndarray, ids: list[str] | None = None, **more: object) -> DemandForecast:
    settings = {
        "season_length": SEASON,
        "horizon": HORIZON,
        "protection": np.full(len(history), PROTECTION),
        "series_ids": ids,
    }
    return fit(history, **(settings | more))


@pytest.fixture(scope="module")
def named() -> DemandForecast:
    return _fit(np.stack(list(_named().values())), list(NAMES))


def _row(forecast: DemandForecast, name: str) -> DemandForecast:
    return forecast.take(np.array([forecast.series_ids.index(name)]))


def _same(left: DemandForecast, right: DemandForecast) -> None:
    assert left.model == right.model
    assert left.status == right.status
    for name in ("mean", "protection_mean", "protection_quantiles", "quantiles"):
        np.testing.assert_array_equal(getattr(left, name), getattr(right, name), err_msg=name)
    np.testing.assert_array_equal(left.scores.pinball, right.scores.pinball)


@pytest.mark.parametrize(("name", "level"), [("constant", 6.0), ("fraction", 2.5)])
def test_a_constant_is_continued_without_any_doubt(named: DemandForecast, name: str, level: float) -> None:
    forecast = _row(named, name)
    np.testing.assert_allclose(forecast.mean, level, rtol=1e-4)
    np.testing.assert_allclose(forecast.quantiles, level, rtol=1e-4)
    np.testing.assert_allclose(forecast.protection_quantiles, PROTECTION * level, rtol=1e-4)


def test_a_season_is_continued(named: DemandForecast) -> None:
    np.testing.assert_allclose(_row(named, "season").mean[0], np.tile(20 * WAVE, 2), rtol=0.05)


def test_poisson_demand_gives_poisson_tables() -> None:
    """Sum of 3 x Poisson(10): mean 30, variance 30; smoothing by 0.1 knows the level to 0.73 a bucket, 2.2 in all.

    So the middle 90 % are 2 x 1.645 x sqrt(30) = 18.0 wide where the level is known, and sqrt(30 + 2.2^2) gives 19.4
    where it is smoothed; all within 4.5 standard errors over 200 series.
    """
    history = np.random.default_rng(3).poisson(10.0, (200, NUM_PERIODS)).astype(float)
    forecast = _fit(history)
    mean, doubt = forecast.protection_mean, 3 * np.sqrt(10 * 0.1 / 1.9)
    width = forecast.protection_quantile(0.95) - forecast.protection_quantile(0.05)
    error = 4.5 * np.stack([mean, width]).std(axis=1, ddof=1) / np.sqrt(200)
    assert abs(mean.mean() - 30.0) < error[0]
    assert mean.std(ddof=1) < doubt * (1 + 4.5 / np.sqrt(2 * 200))
    narrow, wide = 2 * 1.645 * np.sqrt([30.0, 30.0 + doubt**2])
    assert narrow - error[1] < width.mean() < wide + error[1]


def test_random_demand_in_lumps_keeps_rate_and_zeros(named: DemandForecast) -> None:
    forecast, history = _row(named, "lumpy"), _named()["lumpy"]
    assert forecast.mean.mean() == pytest.approx(history.mean(), rel=0.4)
    assert forecast.quantiles[0, 0, 0] == 0.0


def test_unknown_periods_are_not_zero(named: DemandForecast) -> None:
    assert _row(named, "gaps").mean.mean() == pytest.approx(9.0, abs=1.2)


def test_demand_that_stopped_is_forecast_low(named: DemandForecast) -> None:
    assert _row(named, "stopped").mean.mean() < 1.0


def test_no_demand_is_certain_and_says_so(named: DemandForecast) -> None:
    forecast = _row(named, "zero")
    assert (forecast.status, forecast.model) == (["no_demand"], ["no_demand"])
    assert forecast.protection_quantiles.max() == 0.0


@pytest.mark.requirement("C-04")
@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("unknown", "all_missing"),
        ("one", "short_history"),
        ("two", "short_history"),
        ("five", "short_history"),
    ],
)
def test_little_history_takes_a_wide_law_of_the_others(named: DemandForecast, name: str, status: str) -> None:
    forecast = _row(named, name)
    assert (forecast.status, forecast.model) == ([status], ["pooled_prior"])
    assert np.isfinite(forecast.protection_quantiles).all()
    assert forecast.protection_quantile(0.95)[0] > 1.5 * forecast.protection_quantile(0.5)[0] > 0


def test_tables_do_not_cross_and_are_never_negative(named: DemandForecast) -> None:
    for table in (named.quantiles, named.protection_quantiles):
        assert (np.diff(table, axis=-1) >= 0).all()
        assert table.min() >= 0


def test_whole_demand_has_whole_tables_and_paths(named: DemandForecast) -> None:
    whole = named.take(np.flatnonzero(named.whole))
    paths = whole.sample_paths(8, seed=0)
    for values in (whole.quantiles, whole.protection_quantiles, paths, whole.protection_quantile(0.873)):
        np.testing.assert_array_equal(values, np.rint(values))
    assert not named.whole[NAMES.index("fraction")]


@pytest.mark.slow
def test_the_interval_sums_the_paths(named: DemandForecast) -> None:
    """1,024 paths know a level to 1.6 points: their quantiles lie between the tabulated ones 5 points away."""
    totals = named.sample_paths(1024, seed=3)[:, :, :PROTECTION].sum(axis=2)
    for level in (0.5, 0.8, 0.9):
        share = (totals <= named.protection_quantile(min(level + 0.05, 0.995))[None] + 1e-3).mean(axis=0)
        assert (share >= level).all(), level
        share = (totals < named.protection_quantile(level - 0.05)[None] - 1e-3).mean(axis=0)
        assert (share <= level).all(), level
    spread = totals.std(axis=0) / np.sqrt(1024)
    np.testing.assert_allclose(totals.mean(axis=0), named.protection_mean, atol=5 * spread.max() + 0.05)


def test_any_level_of_the_interval_is_monotone(named: DemandForecast) -> None:
    levels = np.linspace(0, 1, 23)
    table = np.stack([named.protection_quantile(level) for level in levels])
    assert (np.diff(table, axis=0) >= 0).all()


def test_the_order_of_series_changes_nothing(named: DemandForecast) -> None:
    order = np.random.default_rng(0).permutation(len(NAMES))
    history = np.stack(list(_named().values()))[order]
    _same(_fit(history, [NAMES[place] for place in order]), named.take(order))


def test_a_series_alone_is_what_it_is_among_many(named: DemandForecast) -> None:
    ready = ["constant", "season", "poisson", "lumpy"]
    alone = _fit(np.stack([_named()[name] for name in ready]), ready)
    _same(alone, named.take(np.array([NAMES.index(name) for name in ready])))


@pytest.mark.slow
def test_batches_change_nothing(named: DemandForecast) -> None:
    """The same series in the first and in the last, smaller batch."""
    ready = ["constant", "season", "poisson", "lumpy"]
    own = np.stack([_named()[name] for name in ready])
    filler = np.random.default_rng(1).poisson(3.0, (MAX_ROWS, NUM_PERIODS)).astype(float)
    ids = [*ready, *(f"filler {row}" for row in range(MAX_ROWS)), *(f"{name} again" for name in ready)]
    many = _fit(np.concatenate([own, filler, own]), ids)
    first, last = many.take(np.arange(4)), many.take(np.arange(MAX_ROWS + 4, MAX_ROWS + 8))
    _same(first, last)
    _same(first, named.take(np.array([NAMES.index(name) for name in ready])))


def test_unknown_time_before_history_changes_nothing(named: DemandForecast) -> None:
    history = np.stack(list(_named().values()))
    _same(_fit(np.pad(history, ((0, 0), (9, 0)), constant_values=np.nan), list(NAMES)), named)


def test_paths_of_a_series_follow_its_name_alone(named: DemandForecast) -> None:
    few, many = named.sample_paths(3, seed=5), named.sample_paths(8, seed=5)
    np.testing.assert_array_equal(few, many[:3])
    place = NAMES.index("lumpy")
    np.testing.assert_array_equal(_row(named, "lumpy").sample_paths(8, seed=5)[:, 0], many[:, place])
    assert (many != named.sample_paths(8, seed=6)).any()


def test_a_shorter_horizon_draws_the_same_beginning(named: DemandForecast) -> None:
    short = dataclasses.replace(named, mean=named.mean[:, :3])
    np.testing.assert_array_equal(short.sample_paths(4, seed=1), named.sample_paths(4, seed=1)[:, :, :3])


@pytest.mark.requirement("C-04")
def test_stockouts_do_not_bias_demand_down() -> None:
    """Every second bucket is in stock half of the time and sells half of Poisson(20)."""
    generator = np.random.default_rng(3)
    demand = generator.poisson(20.0, (12, NUM_PERIODS)).astype(float)
    share = np.ones_like(demand)
    share[:, ::2] = 0.5
    sold = np.where(share < 1, generator.binomial(demand.astype(int), 0.5), demand).astype(float)
    told, blind = _fit(sold, in_stock=share), _fit(sold)
    assert told.mean.mean() == pytest.approx(20.0, rel=0.05)
    assert blind.mean.mean() < 16.5


def test_a_bucket_without_stock_teaches_nothing() -> None:
    history = np.stack([_named()["poisson"]] * 12)
    share = np.ones_like(history)
    share[:, ::3] = 0.0
    lost = np.where(share > 0, history, 0.0)
    _same(_fit(lost, in_stock=share), _fit(np.where(share > 0, history, np.nan)))


def test_a_known_law_is_forecast_with_the_stated_probability() -> None:
    """500 negative binomial series, means 2 to 30: shares below a quantile differ by 3 standard errors at most."""
    generator = np.random.default_rng(9)
    level = np.exp(generator.uniform(np.log(2), np.log(30), (500, 1)))
    demand = generator.poisson(level * generator.gamma(5.0, 0.2, (500, NUM_PERIODS + PROTECTION))).astype(
        float
    )
    forecast = _fit(demand[:, :NUM_PERIODS])
    totals = np.sort(forecast.sample_paths(1024, seed=0)[:, :, :PROTECTION].sum(axis=2).T, axis=1)
    came = demand[:, NUM_PERIODS:].sum(axis=1)
    for nominal in (0.1, 0.5, 0.8, 0.9, 0.95):
        covered = coverage(totals, came, nominal).mean()
        assert covered == pytest.approx(nominal, abs=3 * np.sqrt(nominal * (1 - nominal) / 500) + 0.01)


def test_what_comes_after_the_origin_changes_no_law_of_the_past() -> None:
    """A fit as of a bucket is the fit of what was recorded before it (LEK-003)."""
    history = np.stack(list(_named().values()))
    changed = history.copy()
    changed[:, 98:] = 1000.0
    _same(_fit(history[:, :98], list(NAMES)), _fit(changed[:, :98], list(NAMES)))
    assert (_fit(changed, list(NAMES)).protection_mean > _fit(history, list(NAMES)).protection_mean)[8]


def test_closed_buckets_to_come_have_no_demand() -> None:
    history = np.stack([_named()["poisson"]] * 12)
    closed = np.zeros((12, NUM_PERIODS + HORIZON), dtype=bool)
    closed[:, NUM_PERIODS + 1] = True
    forecast = _fit(history, closed=closed)
    assert forecast.mean[:, 1].max() == 0.0
    assert forecast.mean[:, 0].min() > 5.0
    assert forecast.protection_mean[0] == pytest.approx(20.0, abs=3.0)


def test_the_weekend_of_the_last_two_weeks_stays_closed() -> None:
    history = np.tile([5.0, 6.0, 4.0, np.nan], NUM_PERIODS // 4)[None].repeat(12, axis=0)
    closed = np.tile([False, False, False, True], NUM_PERIODS // 4)
    forecast = _fit(np.nan_to_num(history), closed=closed)
    assert forecast.mean[0, 3] == 0.0
    assert forecast.mean[0, 0] > 3.0


def test_the_same_arguments_give_the_same_bytes(named: DemandForecast) -> None:
    again = _fit(np.stack(list(_named().values())), list(NAMES))
    assert again.protection_quantiles.tobytes() == named.protection_quantiles.tobytes()
    assert again.mean.tobytes() == named.mean.tobytes()


def test_all_unknown_gives_unknown_not_zero() -> None:
    forecast = _fit(np.full((12, NUM_PERIODS), np.nan))
    assert set(forecast.status) == {"all_missing"}
    assert np.isnan(forecast.protection_mean).all()


def test_every_finding_is_named_at_once() -> None:
    history = np.ones((2, 5))
    history[1, 3] = -2.0
    with pytest.raises(ForecastArgumentError) as raised:
        fit(history, season_length=0, horizon=4, protection=np.array([1, 0]), candidates=["oracle"])
    text = str(raised.value)
    for part in ("season_length is 0", "'1' period 3 is -2.0", "protection: series '1' has 0", "'oracle'"):
        assert part in text


@pytest.mark.parametrize("history", [np.ones(4), np.ones((0, 4))])
def test_history_must_be_a_table_of_series(history: np.ndarray) -> None:
    with pytest.raises(ForecastArgumentError, match="history has"):
        fit(history, season_length=1, horizon=1, protection=np.array([1]))
