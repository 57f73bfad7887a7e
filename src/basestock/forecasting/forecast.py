"""What a fit returns: the law of demand of every series, as tables and as paths."""

import dataclasses
import functools

import numpy as np

from basestock.forecasting.law import Law
from basestock.forecasting.scoring import Scores


@dataclasses.dataclass(frozen=True)
class DemandForecast:
    """The law of future demand of every series.

    Parameters
    ----------
    series_ids
        Stable names; paths are drawn by name.
    model
        The chosen candidate of each series; ``pooled_prior`` or ``no_demand`` where none was fitted.
    status
        ``ok``; ``short_history`` (fewer than 2 x protection periods: law of the category, wide, DEM-007);
        ``no_demand`` (every known bucket is 0, DEM-015); ``all_missing`` (no bucket is known: law of the category; NaN
        where no series at all has demand).
    mean
        ``float32[series, horizon]``, expected demand of each bucket, in item units.
    levels
        ``float[level]``, levels of the quantile tables.
    protection
        ``int[series]``, periods of the protection interval, counted from the first bucket after history.
    protection_mean, protection_quantiles
        ``float32[series]`` and ``float32[series, level]`` of the sum over the protection interval, also where that
        is longer than the horizon.
    before_arrival, after_arrival
        ``float32[series, scenario]``, scenarios of equal probability: demand in the part of the protection interval
        before an order arrives, and in the rest of it.
    whole
        ``bool[series]``: all known demand comes in whole units, and so do quantiles and paths.
    scores
        Rolling-origin scores of every candidate.
    training_periods
        ``int[series]``, known periods the final fit learned from.
    laws
        The chosen laws, NumPy leaves ``[series, ...]``.
    seed
        Of the stratified numbers behind the tables.

    Notes
    -----
    Tables are computed from 1,024 stratified paths of the same laws that :meth:`sample_paths` draws from.
    """

    series_ids: tuple[str, ...]
    model: list[str]
    status: list[str]
    mean: np.ndarray
    levels: np.ndarray
    protection: np.ndarray
    protection_mean: np.ndarray
    protection_quantiles: np.ndarray
    before_arrival: np.ndarray
    after_arrival: np.ndarray
    whole: np.ndarray
    scores: Scores
    training_periods: np.ndarray
    laws: Law = dataclasses.field(repr=False)
    seed: int

    @property
    def horizon(self) -> int:
        """Number of buckets forecast."""
        return self.mean.shape[1]

    @functools.cached_property
    def quantiles(self) -> np.ndarray:
        """Quantiles of each bucket, ``float32[series, horizon, level]``, in item units; tabulated on first use."""
        from basestock.forecasting.tables import bucket_quantiles

        return bucket_quantiles(self.laws, self.horizon, self.seed)

    def take(self, series: np.ndarray) -> "DemandForecast":
        """Return the forecast of some of its series.

        Parameters
        ----------
        series
            ``int[selected]`` positions.

        Returns
        -------
        DemandForecast
            The same laws, in the order asked for.
        """
        from basestock.forecasting.batches import take_rows

        names = (
            "mean",
            "protection",
            "protection_mean",
            "protection_quantiles",
            "before_arrival",
            "after_arrival",
            "whole",
            "training_periods",
        )
        return dataclasses.replace(
            self,
            series_ids=tuple(self.series_ids[at] for at in series),
            model=[self.model[at] for at in series],
            status=[self.status[at] for at in series],
            scores=self.scores.take(series),
            laws=take_rows(self.laws, series),
            **{name: getattr(self, name)[series] for name in names},
        )

    def sample_paths(self, num_paths: int, *, seed: int) -> np.ndarray:
        """Draw demand paths, independent between series.

        Parameters
        ----------
        num_paths
            Number of paths; path k is the same however many are drawn.
        seed
            Root of the draws; each series adds its id, so that adding a series changes no other's paths.

        Returns
        -------
        numpy.ndarray
            ``float32[path, series, horizon]``, non-negative, in item units.
        """
        from basestock.forecasting.batches import batches, pad_rows, take_rows
        from basestock.forecasting.draws import draw, draw_sizes
        from basestock.uncertainty.keys import MAX_REPLICATIONS, stable_words

        if not 1 <= num_paths <= MAX_REPLICATIONS or seed < 0:
            raise ValueError(
                f"num_paths is {num_paths} and seed {seed}; must be 1 to {MAX_REPLICATIONS}, and >= 0."
            )
        num_series = len(self.series_ids)
        drawn = np.empty((num_paths, num_series, self.horizon), dtype=np.float32)
        words = stable_words(self.series_ids)
        # Whatever the number of series, one program draws for them, and for most horizons the same one.
        sizes = draw_sizes(num_paths, self.horizon, self.laws.dynamics.base.shape[1])
        for part in batches(num_series, sizes.rows):
            laws, own = pad_rows((take_rows(self.laws, part), words[part]), sizes.rows)
            demand = np.asarray(draw(laws, own, seed, sizes.num_steps, sizes.num_paths))
            drawn[:, part] = demand[: part.stop - part.start, : self.horizon, :num_paths].transpose(2, 0, 1)
        return drawn

    def protection_quantile(self, level: np.ndarray | float) -> np.ndarray:
        """Return the quantile of demand over the protection interval at any level, one level per series.

        Parameters
        ----------
        level
            ``float`` or ``float[series]``, for instance a critical ratio; a level beyond the table takes its end.

        Returns
        -------
        numpy.ndarray
            ``float64[series]``, linear between the levels of the table; rounded up where demand is whole.
        """
        wanted = np.broadcast_to(np.asarray(level, dtype=np.float64), self.protection.shape)
        position = np.interp(wanted, self.levels, np.arange(len(self.levels)))
        low = np.floor(position).astype(np.int64)
        high = np.minimum(low + 1, len(self.levels) - 1)
        rows, table = np.arange(len(low)), self.protection_quantiles.astype(np.float64)
        between = table[rows, low] + (position - low) * (table[rows, high] - table[rows, low])
        return np.where(self.whole, np.ceil(between - 1e-6), between)
