"""The backtest sees the past alone."""

import pytest

from basestock.data.twin import Twin
from basestock.forecasting import DemandForecast
from basestock.operations.backtest import BacktestSettings, WindowError, run_backtest
from basestock.operations.replay import LeakError, honest_forecast, require_no_leak
from basestock.operations.twin_forecast import forecast_lines
from tests.operations.twin_fixture import small_twin


def _leaking(twin: Twin, upto: int) -> DemandForecast:
    """A forecast that was allowed to see everything."""
    return forecast_lines(twin)


@pytest.mark.slow
def test_orders_do_not_change_with_what_comes_after_them_and_a_planted_leak_is_caught() -> None:
    twin = small_twin(num_lines=2, num_days=160)
    require_no_leak(twin, ["marginal", "current"], first=110, last=150, forecaster=honest_forecast)
    with pytest.raises(LeakError, match="LEK-003: orders of marginal"):
        require_no_leak(twin, ["marginal"], first=110, last=150, forecaster=_leaking)


@pytest.mark.slow
def test_a_backtest_has_a_window_paired_intervals_and_a_verdict() -> None:
    twin = small_twin(num_lines=3, num_days=260)
    document = run_backtest(twin, BacktestSettings(policies=("marginal", "base_stock"), refits=2))
    assert [row["policy"] for row in document["policies"]] == ["marginal", "base_stock", "current"]
    assert document["window"]["periods"] == 52
    marginal = document["policies"][0]
    assert marginal["versus"]["current"]["half_width"] >= 0
    assert marginal["kpis"]["saving"]["mean"] == pytest.approx(
        -marginal["versus"]["current"]["mean"], abs=1e-5
    )
    assert document["verdict"]["outcome"] in {"better", "worse", "no difference shown"}


def test_a_window_that_is_too_short_is_refused() -> None:
    with pytest.raises(WindowError, match=r"must have at least 3 x \(lead time \+ review\) = 42"):
        run_backtest(small_twin(num_days=100), BacktestSettings())
