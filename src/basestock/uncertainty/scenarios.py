"""Demand scenarios: trend, two seasons, lognormal uncertainty and volatility, smoothing; and given paths as dice."""

import dataclasses
from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np

from basestock.network import SupplyNetwork
from basestock.uncertainty.axes import Axes
from basestock.uncertainty.lead_times import compile_lead_times
from basestock.uncertainty.market import Wave
from basestock.uncertainty.sources import EventSource, MarketPaths, Uncertainty


@dataclasses.dataclass(frozen=True)
class ScenarioSettings:
    """What a demand scenario is made of.

    Parameters
    ----------
    base
        Units per period at the start.
    trend
        Growth over one year of 365.25 periods, as a share of the base; linear.
    waves
        Seasons, multiplied.
    uncertainty, volatility
        Deviations of two lognormal factors with mean 1, drawn in every period: log-scale sigma.
    smoothed
        Share of a moving average over ``window`` periods in the result; the rest is the raw series.
    window
        Odd number of periods of the centered moving average, shorter at the ends.
    """

    base: float = 50.0
    trend: float = 0.05
    waves: tuple[Wave, ...] = (Wave(365.25, 0.3), Wave(7.0, 0.1))
    uncertainty: float = 0.20
    volatility: float = 0.15
    smoothed: float = 0.7
    window: int = 3

    def __post_init__(self) -> None:
        checks = {
            "base": (self.base > 0, "a number > 0"),
            "trend": (self.trend > -1, "a share > -1"),
            "uncertainty": (self.uncertainty >= 0, "a number >= 0"),
            "volatility": (self.volatility >= 0, "a number >= 0"),
            "smoothed": (0 <= self.smoothed <= 1, "a share in [0, 1]"),
            "window": (self.window >= 1 and self.window % 2 == 1, "an odd number of periods >= 1"),
        }
        wrong = [
            f"{n} is {getattr(self, n)}, must be {rule}." for n, (fine, rule) in checks.items() if not fine
        ]
        if wrong:
            raise ValueError(f"ScenarioSettings: {' '.join(wrong)} Correct the settings.")

    def expected(self, num_periods: int) -> np.ndarray:
        """Return the expected demand of each period before smoothing, units.

        Examples
        --------
        >>> ScenarioSettings(waves=()).expected(2).round(4).tolist()
        [50.0, 50.0068]
        """
        time = np.arange(num_periods, dtype=np.float64)
        season = np.prod(
            [1 + w.amplitude * np.sin(2 * np.pi * (time + w.phase) / w.length) for w in self.waves], axis=0
        )
        return self.base * np.maximum(1 + self.trend * time / 365.25, 0.0) * season


def demand_scenario(settings: ScenarioSettings, num_periods: int, seed: int) -> np.ndarray:
    """Draw one scenario.

    Parameters
    ----------
    settings
        What it is made of.
    num_periods
        Its length.
    seed
        Seed; equal seeds give equal scenarios.

    Returns
    -------
    numpy.ndarray
        ``float64[period]``, units.
    """
    draw = np.random.default_rng(seed)
    factors = [
        np.exp(sigma * draw.standard_normal(num_periods) - sigma**2 / 2)
        for sigma in (settings.uncertainty, settings.volatility)
    ]
    raw = settings.expected(num_periods) * factors[0] * factors[1]
    return smooth(raw, settings.smoothed, settings.window)


def smooth(series: np.ndarray, share: float, window: int) -> np.ndarray:
    """Mix a series with its centered moving average; at the ends the average is over what there is.

    Examples
    --------
    >>> smooth(np.array([0.0, 3.0, 0.0]), 1.0, 3).tolist()
    [1.5, 1.0, 1.5]
    """
    kernel = np.ones(window)
    sums, counts = (
        np.convolve(part, kernel)[window // 2 :][: len(series)] for part in (series, np.ones(len(series)))
    )
    return share * sums / counts + (1 - share) * series


def demand_scenarios(settings: ScenarioSettings, num_periods: int, seeds: tuple[int, ...]) -> np.ndarray:
    """Draw one scenario for each seed, ``float64[period, path]``, units."""
    return np.stack([demand_scenario(settings, num_periods, seed) for seed in seeds], axis=-1)


@dataclasses.dataclass(frozen=True, eq=False)
class DemandPaths(Uncertainty):
    """Given paths of demand instead of laws; replication r follows path r modulo their number.

    Parameters
    ----------
    demand
        Left empty.
    paths
        (node, item) to ``[period, path]``, units; all of one shape.
    """

    demand: Mapping[tuple[str, str], object] = dataclasses.field(default_factory=dict)  # type: ignore[assignment]
    paths: Mapping[tuple[str, str], np.ndarray] = dataclasses.field(default_factory=dict)

    def compile(self, network: SupplyNetwork) -> EventSource:
        """Compile to a source that ends with the paths.

        Raises
        ------
        ValueError
            If a place is unknown, shapes differ, or a demand is negative or not finite.
        """
        self._check(network)
        axes = Axes.of(network)
        shape = next(iter(self.paths.values())).shape
        table = np.zeros((shape[0], axes.num_nodes, axes.num_items, shape[1]), dtype=np.float32)
        for (node, item), path in self.paths.items():
            table[:, network.node_index[node], network.item_index[item]] = path
        return EventSource(
            MarketPaths(jnp.asarray(table)),
            jnp.asarray(axes.words("lane")),
            jnp.asarray(axes.words("item")),
            compile_lead_times(network, axes),
        )

    def _check(self, network: SupplyNetwork) -> None:
        wrong = [
            f"path at {place!r}, must be at (node, item) of the network."
            for place in self.paths
            if place[0] not in network.node_index or place[1] not in network.item_index
        ]
        if not self.paths:
            wrong.append("there is no path, must be one at least.")
        if len({path.shape for path in self.paths.values()}) > 1 or any(
            p.ndim != 2 for p in self.paths.values()
        ):
            wrong.append("paths differ in shape, must all be [period, path].")
        wrong += [
            f"path at {place!r} has a value that is negative or not finite, must be >= 0."
            for place, path in self.paths.items()
            if not (np.isfinite(path).all() and (path >= 0).all())
        ]
        if wrong:
            raise ValueError(f"DemandPaths: {' '.join(wrong)} Correct the paths.")
