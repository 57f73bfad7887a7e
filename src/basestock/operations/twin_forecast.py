"""The law of demand of planned lines."""

import numpy as np

from basestock.data.twin import Twin
from basestock.forecasting import DemandForecast, fit
from basestock.forecasting.plan import law_steps
from basestock.operations.lines import line_names

_SEASONS = {1.0: 7, 7.0: 52}
MAX_HORIZON = 512


def forecast_lines(
    twin: Twin, *, seed: int = 0, history: np.ndarray | None = None, upto: int | None = None
) -> DemandForecast:
    """Forecast every line from its history.

    Parameters
    ----------
    twin
        Calibrated lines.
    seed
        Root of random numbers.
    history
        ``[line, time]`` other history than the twin's, units.
    upto
        Use only the first buckets: nothing from then on is seen (LEK-003).

    Returns
    -------
    DemandForecast
        Laws of every coming bucket and of the protection interval, base units.
    """
    known = as_known(twin, upto, twin.history if history is None else history)
    protection = twin.lead_periods + twin.review_periods
    return fit(
        _before(known, upto, np.nan),
        season_length=_SEASONS.get(twin.period_days, 12),
        horizon=_horizon(twin),
        protection=np.maximum(protection, 1),
        lead=twin.lead_periods,
        in_stock=_before(twin.in_stock, upto, np.nan),
        closed=_before(twin.closed, upto, False),
        seed=seed,
        series_ids=line_names(twin),
    )


def as_known(twin: Twin, upto: int | None, values: np.ndarray) -> np.ndarray:
    """Return values with those hidden that were not known yet on the first day of bucket ``upto`` (LEK-001).

    Parameters
    ----------
    twin
        Calibrated lines.
    upto
        First bucket that is hidden whole; all is known if ``None``.
    values
        ``[line, time]`` of the twin's history.

    Returns
    -------
    numpy.ndarray
        NaN where unknown.
    """
    if upto is None or upto >= len(twin.dates):
        return values
    day = (twin.dates[upto] - twin.dates[0]).days
    return np.where(twin.known_at > day, np.nan, values)


def forecast_steps(twin: Twin) -> int:
    """Return how many steps the laws of :func:`forecast_lines` hold."""
    return law_steps(_horizon(twin), twin.lead_periods + twin.review_periods)


def _horizon(twin: Twin) -> int:
    return min(4 * int((twin.lead_periods + twin.review_periods).max(initial=1)), MAX_HORIZON)


def _before(values: np.ndarray, upto: int | None, unknown: float) -> np.ndarray:
    """Cut the buckets from ``upto`` on and put as many unknown ones in front: refits then share compiled programs."""
    hidden = 0 if upto is None else max(values.shape[-1] - upto, 0)
    return np.pad(values[:, : values.shape[-1] - hidden], ((0, 0), (hidden, 0)), constant_values=unknown)
