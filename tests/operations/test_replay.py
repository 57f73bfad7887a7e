"""The backtest sees the past alone."""

import dataclasses

import numpy as np
import pytest

from basestock.data.twin import Twin
from basestock.forecasting import DemandForecast
from basestock.operations.replay import LeakError, honest_forecast, recorded_demand, require_no_leak
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


def test_demand_of_a_bucket_that_was_partly_out_of_stock_is_scaled_up() -> None:
    twin = small_twin(num_lines=1, num_days=40)
    history, share, closed = twin.history.copy(), twin.in_stock.copy(), twin.closed.copy()
    history[0, 30:35] = [6.0, 6.0, np.nan, 0.0, np.nan]
    share[0, 30:34] = [1.0, 0.5, np.nan, 0.0]
    closed[0, 34] = True
    known = dataclasses.replace(twin, history=history, in_stock=share, closed=closed)
    # In stock, half a day in stock, unknown, empty, closed.
    demand = recorded_demand(known, 30, 35, np.array([3.2]))
    assert demand[0].tolist() == [6.0, 12.0, 3.0, 3.0, 0.0]
