"""Lead times as they are drawn in a simulation, beside the laws that they follow."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from basestock.decision import Problem
from basestock.uncertainty import EventSource, root_words
from basestock.uncertainty.keys import period_key

CELLS = 4_000_000
"""Lanes times items times ages times orders that are drawn together."""


@dataclasses.dataclass(frozen=True)
class LeadTimeHistogram:
    """What was drawn on one lane, for items of one law.

    Parameters
    ----------
    lane, items
        Where.
    law
        Probability by lead time, periods.
    drawn
        Share of the orders by lead time.
    num_orders
        Orders drawn.
    """

    lane: str
    items: tuple[str, ...]
    law: Mapping[int, float]
    drawn: Mapping[int, float]
    num_orders: int

    @property
    def largest_deviation(self) -> float:
        """Largest distance of a share from its probability, in standard errors."""
        times = sorted({*self.law, *self.drawn})
        pairs = [(self.law.get(each, 0.0), self.drawn.get(each, 0.0)) for each in times]
        return max(_errors(p, share, self.num_orders) for p, share in pairs)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "lane": self.lane,
            "items": list(self.items),
            "law": {str(periods): share for periods, share in self.law.items()},
            "drawn": {str(periods): share for periods, share in self.drawn.items()},
            "num_orders": self.num_orders,
            "largest_deviation": self.largest_deviation,
        }


def _errors(probability: float, share: float, count: int) -> float:
    if share == probability:
        return 0.0
    spread = math.sqrt(probability * (1 - probability) / count)
    return abs(share - probability) / spread if spread > 0 else math.inf


def lead_time_histograms(
    problem: Problem, *, num_orders: int = 2000, seed: int = 0
) -> tuple[LeadTimeHistogram, ...]:
    """Draw the lead times of orders as a simulation does, and count them.

    Parameters
    ----------
    problem
        Any problem.
    num_orders
        Orders for each lane and item; fewer in a network so large that they would not fit.
    seed
        Root of the events.

    Returns
    -------
    tuple
        One histogram for each lane and law that is random, in the order of the network.
    """
    source = problem.events
    if not isinstance(source, EventSource) or source.lead_times is None:
        return ()
    groups = _groups(problem)
    ages = max(max(law) for _, _, law in groups)
    arrays = problem.arrays
    count = max(1, min(num_orders, CELLS // (arrays.num_lanes * arrays.num_items * ages)))
    on_order, on_arrival = _drawn(source, ages, count, seed)
    known = {lane.name: lane.lead_time_known == "on_order" for lane in problem.network.lanes}
    found: list[LeadTimeHistogram] = []
    for lane, items, law in groups:
        table = on_order if known[lane] else on_arrival
        columns = [problem.network.item_index[item] for item in items]
        times, counts = np.unique(table[problem.network.lane_index[lane], columns], return_counts=True)
        total = int(counts.sum())
        drawn = {int(at): int(number) / total for at, number in zip(times, counts, strict=True)}
        found.append(LeadTimeHistogram(lane, items, law, drawn, total))
    return tuple(found)


def _groups(problem: Problem) -> list[tuple[str, tuple[str, ...], dict[int, float]]]:
    """Return (lane, items, law) for every random law of a lane."""
    found: dict[tuple[str, tuple[tuple[int, float], ...]], list[str]] = {}
    for lane in problem.network.lanes:
        for item in lane.items if lane.items is not None else problem.network.item_index:
            law = tuple(sorted(lane.lead_time_law(item).items()))
            if len(law) > 1:
                found.setdefault((lane.name, law), []).append(item)
    return [(lane, tuple(items), dict(law)) for (lane, law), items in found.items()]


def _drawn(source: EventSource, ages: int, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return ``[lane, item, order]`` lead times of orders of period 0: told at once, and found when they arrive."""
    root, orders = root_words(jax.random.key(seed)), jnp.arange(count)
    shape = (len(source.lane_words), len(source.item_words), count)
    told, waited = np.zeros(shape, dtype=int), np.zeros(shape, dtype=int)
    for age in range(ages + 1):
        key = period_key(root, "lead_time", jnp.asarray(age))
        arrives, lead_time = _sampled(source, key, orders)
        if age == 0 and lead_time is not None:
            told = np.broadcast_to(np.asarray(lead_time), shape)
        if age > 0 and arrives is not None and age <= len(arrives):
            come = np.asarray(arrives[age - 1]) > 0
            waited = np.where((waited == 0) & come, age, waited)
    return told, waited


@eqx.filter_jit
def _sampled(
    source: EventSource, key: tuple[Array, Array], orders: Array
) -> tuple[Array | None, Array | None]:
    """Return what arrives by age, and the lead times known on ordering; neither where all are fixed."""
    if source.lead_times is None:
        return None, None
    return source.lead_times.sample(key, source.lane_words, source.item_words, orders)
