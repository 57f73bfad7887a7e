"""Continuous lead times of single units that may cross, revealed on arrival; and the time to the next demand."""

import dataclasses
import math
from typing import Literal

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, UInt32
from scipy.stats import poisson

from basestock.network import SupplyNetwork
from basestock.uncertainty.axes import Axes
from basestock.uncertainty.event import World
from basestock.uncertainty.keys import entity_uniforms, period_key, stable_words
from basestock.uncertainty.laws import LawError
from basestock.uncertainty.part import EventPart
from basestock.uncertainty.rules import Rule, is_number, non_negative, positive, require


@dataclasses.dataclass(frozen=True)
class UnitLeadTime:
    """The law of the lead time of one unit, by its survival function.

    Parameters
    ----------
    kind
        ``exponential``, ``uniform`` or ``pareto_lomax``.
    mean
        Of the exponential law, time.
    low, high
        Ends of the uniform law, time.
    q, tau
        Survival (1 + tau t)^-q of the Pareto law of the second kind.
    """

    kind: Literal["exponential", "uniform", "pareto_lomax"]
    mean: float = 0.0
    low: float = 0.0
    high: float = 0.0
    q: float = 0.0
    tau: float = 0.0

    def __post_init__(self) -> None:
        above_one = Rule(self.q, is_number(self.q) and self.q > 1, "a number > 1")
        wider = Rule(
            self.high,
            is_number(self.high) and (not is_number(self.low) or self.high > self.low),
            "a number > low",
        )
        rules = {
            "exponential": {"mean": positive(self.mean)},
            "uniform": {"low": non_negative(self.low), "high": wider},
            "pareto_lomax": {"q": above_one, "tau": positive(self.tau)},
        }
        known = isinstance(self.kind, str) and self.kind in rules
        kind = Rule(self.kind, known, f"one of {', '.join(rules)}")
        require(LawError, "UnitLeadTime", "parameters", kind=kind, **(rules[self.kind] if known else {}))

    @property
    def average(self) -> float:
        """Expected lead time."""
        if self.kind == "exponential":
            return self.mean
        return (self.low + self.high) / 2 if self.kind == "uniform" else 1 / (self.tau * (self.q - 1))

    def residual(self, level: Array, age: Array) -> Array:
        """Return the time that a unit of an age has left, at a quantile of its survival.

        Notes
        -----
        R solves P(L > age + R) = level x P(L > age), by the inverse of the survival function.
        """
        if self.kind == "exponential":
            return -self.mean * jnp.log(level)
        if self.kind == "uniform":
            left = jnp.maximum(self.high - jnp.maximum(age, self.low), 0.0)
            return jnp.maximum(self.low - age, 0.0) + left * (1.0 - level)
        return (1.0 / self.tau + age) * (level ** (-1.0 / self.q) - 1.0)

    def age_edges(self, classes: int) -> Float[np.ndarray, " edge"]:
        """Return ages between which a unit under way is found equally often, time.

        Parameters
        ----------
        classes
            Number of classes; one more than edges.

        Notes
        -----
        In the long run the age of a unit under way has a density proportional to the survival of its lead time.
        """
        # Quantiles of the lead time are ages at which survival is 1 - level.
        level = np.linspace(0.0, 1.0, 4001)[:-1]
        age = np.asarray(self.residual(jnp.asarray(1.0 - level), jnp.zeros(len(level))), np.float64)
        # Nothing arrives before the shortest lead time.
        age, level = np.insert(age, 0, 0.0), np.insert(level, 0, 0.0)
        spent = np.concatenate([[0.0], np.cumsum(np.diff(age) * (1.0 - (level[1:] + level[:-1]) / 2.0))])
        return np.interp(np.arange(1, classes) / classes * self.average, spent, age)

    def demands_meanwhile(self, rate: float) -> dict[int, float]:
        """Return the probabilities of numbers of demands during a lead time; demands are a Poisson process.

        Parameters
        ----------
        rate
            Demands per unit of time [lambda].
        """
        level = (np.arange(2000) + 0.5) / 2000
        means = rate * np.asarray(self.residual(jnp.asarray(1.0 - level), jnp.zeros(2000)), np.float64)
        count = np.arange(int(means.max() + 6.0 * math.sqrt(means.max()) + 10.0))
        masses = poisson.pmf(count[:, None], means).mean(1)
        likely = np.flatnonzero(masses > 1e-9)
        return {int(at): float(masses[at] / masses[likely].sum()) for at in likely}


@dataclasses.dataclass(frozen=True)
class UnitArrivals:
    """Unit demands of a Poisson process, and the dice of the units under way.

    Parameters
    ----------
    rate
        Demands per unit of time [lambda].
    slots
        Largest number of units under way on a lane.
    law
        Law of the lead time of a unit.
    """

    rate: float
    slots: int
    law: UnitLeadTime


class UnitPart(EventPart):
    """Draws the time to the next demand and a survival quantile for every place of a unit under way."""

    rate: Float[Array, ""]
    slot_words: UInt32[Array, "slot 2"]
    lane_words: UInt32[Array, "lane 2"]

    def sample(
        self,
        world: World,
        root: UInt32[Array, "2"],
        period: Int[Array, ""],
        replications: Int[Array, " replication"],
    ) -> tuple[dict[str, Array], dict[str, Array]]:
        """Draw the leaves of this part for one period."""
        nobody = jnp.zeros((1, 2), dtype=jnp.uint32)
        gap = entity_uniforms(period_key(root, "time_to_demand", period), nobody, nobody, replications)[0, 0]
        key = period_key(root, "unit_lead_time", period)
        level = entity_uniforms(key, self.slot_words, self.lane_words, replications)
        return {"elapsed": -jnp.log(gap) / self.rate, "unit_level": level[:, :, None]}, {}


def unit_part(law: UnitArrivals | None, network: SupplyNetwork, axes: Axes) -> UnitPart | None:
    """Compile the dice of single units; ``None`` without any."""
    if law is None:
        return None
    slots = jnp.asarray(stable_words([f"slot {number}" for number in range(law.slots)]))
    return UnitPart(jnp.asarray(law.rate, dtype=jnp.float32), slots, jnp.asarray(axes.words("lane")))
