"""Fit, validate, choose: from demand history to the law of demand over the protection interval."""

from collections.abc import Sequence

import numpy as np

from basestock.forecasting.arguments import Request, check_arguments
from basestock.forecasting.choice import choose
from basestock.forecasting.cleaning import Cleaned, clean
from basestock.forecasting.final import final_laws
from basestock.forecasting.forecast import DemandForecast
from basestock.forecasting.plan import make_plan
from basestock.forecasting.registry import FORECASTERS
from basestock.forecasting.rolling import known_span
from basestock.forecasting.tables import LEVELS, tabulate
from basestock.forecasting.validation import rolling_scores

SMALLEST_HISTORY = 4
"""Known periods below which a series takes the law of its category, whatever its protection interval."""


def fit(
    history: np.ndarray,
    *,
    season_length: int,
    horizon: int,
    protection: np.ndarray,
    lead: np.ndarray | int = 0,
    in_stock: np.ndarray | None = None,
    closed: np.ndarray | None = None,
    candidates: Sequence[str] | None = None,
    num_folds: int = 3,
    seed: int = 0,
    series_ids: Sequence[str] | None = None,
    categories: Sequence[str] | None = None,
) -> DemandForecast:
    """Forecast the law of demand of every series over its protection interval.

    Parameters
    ----------
    history
        ``float[series, time]``, demand per bucket in item units, oldest first; NaN where unknown (never 0 for
        unknown). The first bucket of the forecast is the one after the last column.
    season_length
        Buckets in a season: 7 for days, 52 for weeks, 12 for months, 1 for none. Days get a yearly season besides
        the weekly one from two years on.
    horizon
        Buckets to forecast.
    protection
        ``int[series]``, periods of the protection interval: lead time + review.
    lead
        ``int[series]``, the part of the protection interval before an order arrives, periods.
    in_stock
        ``float[series, time]``, share of the bucket in stock, 0 to 1, NaN where unknown. Below 1 the recorded value is
        a lower bound of demand.
    closed
        ``bool[time]`` or ``bool[series, time]``, buckets in which no demand was possible. Entries beyond the history
        tell the buckets to come; without them a phase of the season closed in its last two cycles stays closed.
    candidates
        Names from ``FORECASTERS``; all by default.
    num_folds
        Rolling origins per series on which candidates are compared; 0 takes the prior belief.
    seed
        Of the stratified numbers behind tables and scores.
    series_ids
        Stable unique names; the row number by default.
    categories
        One name per series; series with little history borrow from their category.

    Returns
    -------
    DemandForecast
        Tables, scores, status and the laws that sample paths are drawn from.

    Raises
    ------
    ForecastArgumentError
        With every finding at once.

    Notes
    -----
    Candidates are compared by the pinball loss of the *sum* over the protection interval on windows that the fitted
    model never saw. If all known demand of a series is in whole units, so are its tables and paths: simulated
    demand is rounded to the nearest unit. Nothing of a series depends on the other series, except for series with
    fewer than two origins.

    Examples
    --------
    >>> demand = np.tile([4.0, 6.0], 20)[None, :]
    >>> forecast = fit(demand, season_length=1, horizon=4, protection=np.array([3]))
    >>> forecast.status, bool(13 <= forecast.protection_quantile(0.5)[0] <= 17)
    (['ok'], True)
    """
    request = check_arguments(
        history,
        protection=protection,
        lead=lead,
        in_stock=in_stock,
        closed=closed,
        candidates=candidates,
        known_candidates=tuple(FORECASTERS),
        series_ids=series_ids,
        categories=categories,
        counts={
            "season_length": (season_length, 1),
            "horizon": (horizon, 1),
            "num_folds": (num_folds, 0),
            "seed": (seed, 0),
        },
    )
    return _fit(request)


def _fit(request: Request) -> DemandForecast:
    plan = make_plan(request)
    cleaned = clean(request.history, request.in_stock)
    status = _status(request, cleaned)
    needy = np.isin(status, ["all_missing", "short_history"])
    scores = rolling_scores(request, plan, scorable=status == "ok")
    known = cleaned.observed.sum(axis=1)
    chosen = choose(scores, 1.0 - (cleaned.values > 0).sum(axis=1) / np.maximum(known, 1.0))
    laws = final_laws(request, plan, chosen, cleaned, needy)
    tables = tabulate(laws, request.protection, request.lead, request.horizon, request.seed)
    names = np.where(status == "no_demand", "no_demand", np.asarray(request.candidates)[chosen])
    return DemandForecast(
        series_ids=request.series_ids,
        model=np.where(needy, "pooled_prior", names).tolist(),
        status=status.tolist(),
        mean=tables.mean,
        levels=LEVELS.copy(),
        protection=request.protection,
        protection_mean=tables.protection_mean,
        protection_quantiles=tables.protection_quantiles,
        before_arrival=tables.before_arrival,
        after_arrival=tables.after_arrival,
        whole=laws.dynamics.whole,
        scores=scores,
        training_periods=known.astype(np.int64),
        laws=laws,
        seed=request.seed,
    )


def _status(request: Request, cleaned: Cleaned) -> np.ndarray:
    """Return the reason word of each series; closed buckets count as history, but teach nothing."""
    known = cleaned.observed.sum(axis=1)
    first, end = known_span(np.isfinite(request.history) | request.closed)
    short = (end - first < 2 * request.protection) | (known < SMALLEST_HISTORY)
    idle = cleaned.values.sum(axis=1) == 0
    return np.select([known == 0, short, idle], ["all_missing", "short_history", "no_demand"], default="ok")
