"""The law of the stock that an order will find when it arrives, given what is on hand and on its way."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from basestock.decision import Observation, Problem
from basestock.dynamics.stages import receive, serve
from basestock.policies.formulas import leaf
from basestock.policies.pipeline import arrivals_ahead
from basestock.policies.protection import (
    lead_periods,
    period_demand,
    protection_demand,
    waiting_places,
)

MOST_LEVELS = 512
"""Levels of stock that are told apart; beyond, several units share one."""

CELLS = 20_000_000
"""Entries of the matrices of all places together; with many places, more units share a level."""

DEVIATIONS = 9.0
"""Stock beyond the mean demand until arrival and review plus this many deviations lasts until then for sure."""

Law = Float[Array, "_level node item #replication"]


class StockLaw(eqx.Module):
    """What demand does to stock until an order placed now arrives.

    Parameters
    ----------
    masses
        Probability that the demand of a period is 0, 1, ... levels.
    kernel
        Probability of each level after the demand of a period, by the level before it.
    waits
        1 where unmet demand waits and stock goes below zero.
    lead
        Periods until an order placed now can be used [L].
    width
        Units to a level: 1 where demand comes in few whole units, which is exact.
    below
        Levels below zero; 0 where no demand waits.
    levels
        Levels from zero on.
    periods
        Longest lead time.
    delay
        1 where arrivals can be used in the period after, else 0.
    """

    masses: Law
    kernel: Float[Array, "_after _before node item #replication"]
    waits: Float[Array, "node item #replication"]
    lead: Float[Array, "node item #replication"]
    width: Float[Array, "node item #replication"]
    below: int = eqx.field(static=True)
    levels: int = eqx.field(static=True)
    periods: int = eqx.field(static=True)
    delay: int = eqx.field(static=True)

    @classmethod
    def for_problem(cls, problem: Problem) -> "StockLaw":
        """Tabulate the demand of every place of a problem."""
        waits, lead, delay = waiting_places(problem), lead_periods(problem), used_later(problem)
        demand = protection_demand(problem)
        most = np.ceil(demand.mean + DEVIATIONS * demand.deviation + 2.0)
        below = bool((waits & (most > 2.0)).any())
        limit = min(MOST_LEVELS, int(np.sqrt(CELLS / waits.size)) // (1 + below))
        levels = int(min(most.max(), limit))
        width = np.maximum(most / levels, 1.0) if _whole(problem) else most / levels
        masses, floor = _binned(*period_demand(problem), width), np.where(waits, 0, levels * below)
        return cls(
            masses=leaf(masses),
            kernel=leaf(_kernel(masses, floor, levels * below + levels + 1)),
            waits=leaf(waits.astype(float)),
            lead=leaf(lead + delay),
            width=leaf(width),
            below=levels if below else 0,
            levels=levels + 1,
            periods=int(lead.max()) + delay,
            delay=delay,
        )

    def amounts(self) -> Law:
        """Return the units of stock of every level."""
        return (jnp.arange(self.below + self.levels) - self.below)[:, None, None, None] * self.width

    def pipeline(self, observation: Observation) -> Law:
        """Return what arrives 0, 1, ... periods from now, in levels."""
        if not self.delay:
            return arrivals_ahead(observation, self.periods) / self.width
        rows = arrivals_ahead(observation, max(self.periods - 1, 0))
        return jnp.concatenate([jnp.zeros_like(rows[:1]), rows])[: self.periods + 1] / self.width

    def stock_now(self, observation: Observation) -> Float[Array, "node item replication"]:
        """Return the stock that meets the demand of this period, in levels, without an order placed now."""
        today = jnp.where(self.lead > 0, self.pipeline(observation)[0], 0.0)
        return observation.inventory_level / self.width + today

    def at(self, stock: Float[Array, "node item replication"]) -> Law:
        """Return a law that is sure of a stock in levels: shared out between two levels, cut at the ends."""
        place = jnp.clip(stock + self.below, 0.0, self.below + self.levels - 1.0)
        rows = jnp.arange(self.below + self.levels)[:, None, None, None]
        return jnp.maximum(1.0 - jnp.abs(rows - place[None]), 0.0)

    def added(self, law: Law, units: Float[Array, "node item replication"]) -> Law:
        """Return the law after an arrival, in levels; what lies beyond the highest level counts as it."""
        whole = jnp.floor(units)
        part = (units - whole)[None]
        moved = (1.0 - part) * _moved(law, whole) + part * _moved(law, whole + 1.0)
        return moved.at[-1].add(law.sum(0) - moved.sum(0))

    def demanded(self, law: Law) -> Law:
        """Return the law after the demand of a period."""
        if self.kernel.shape[-1] == 1:
            return jnp.einsum("vuni,unir->vnir", self.kernel[..., 0], law)
        wide = jnp.broadcast_to(law, (*law.shape[:3], self.kernel.shape[-1]))
        return jnp.einsum("vunir,unir->vnir", self.kernel, wide)

    def on_arrival(self, observation: Observation) -> Law:
        """Return the law of the stock that an order placed now finds, without what arrives with it."""
        return self.played(self.at(self.stock_now(observation)), self.pipeline(observation), 0)

    def played(self, law: Law, pipeline: Law, first: int) -> Law:
        """Return the law at the end of the lead time, from a law before the demand of period ``first`` ahead."""
        for ahead in range(first, self.periods):
            arriving = jnp.where(ahead + 1 < self.lead, pipeline[ahead + 1], 0.0)
            following = self.added(self.demanded(law), arriving)
            law = jnp.where(ahead < self.lead, following, law)
        return law

    def with_it(self, observation: Observation) -> Float[Array, "node item replication"]:
        """Return what arrives with an order placed now or after it, units."""
        rows = self.pipeline(observation)
        ahead = jnp.arange(self.periods + 1)[:, None, None, None]
        return jnp.where(ahead >= self.lead, rows, 0.0).sum(0) * self.width


def _moved(law: Law, steps: Float[Array, "node item replication"]) -> Law:
    count = law.shape[0]
    law = jnp.broadcast_to(law, (*law.shape[:3], steps.shape[-1]))
    source = jnp.arange(count)[:, None, None, None] - jnp.clip(steps, -count, count)[None].astype(jnp.int32)
    taken = jnp.take_along_axis(law, jnp.clip(source, 0, count - 1), axis=0)
    return jnp.where((source >= 0) & (source < count), taken, 0.0)


def _binned(values: np.ndarray, masses: np.ndarray, width: np.ndarray) -> np.ndarray:
    """Share out the probability of each value to the two levels it lies between, which keeps the mean."""
    places = values / width
    low = np.floor(places)
    count = int(low.max()) + 2
    binned = np.zeros((count, *width.shape))
    node, item = np.indices(width.shape)
    for at, part, mass in zip(low.astype(np.intp), places - low, masses, strict=True):
        np.add.at(binned, (at, node, item), mass * (1.0 - part))
        np.add.at(binned, (np.minimum(at + 1, count - 1), node, item), mass * part)
    return binned


def _kernel(masses: np.ndarray, floor: np.ndarray, count: int) -> np.ndarray:
    """Return ``[after, before, node, item]``; what demand would take below the floor counts as the floor."""
    found = np.zeros((count, count, *floor.shape))
    before, node, item = np.indices((count, *floor.shape))
    for used, mass in enumerate(masses):
        after = np.maximum(before - used, np.minimum(floor, before))
        np.add.at(found, (after, before, node, item), np.broadcast_to(mass, before.shape))
    return found


def _whole(problem: Problem) -> bool:
    return problem.arrays.features.whole_units


def used_later(problem: Problem) -> int:
    """Return 1 where demand comes before what arrives on the same day, else 0."""
    stages: tuple[Any, ...] = problem.sequence.after
    if receive in problem.sequence.before or receive not in stages or serve not in stages:
        return 0
    return int(stages.index(serve) < stages.index(receive))
