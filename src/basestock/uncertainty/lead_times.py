"""Random lead times of lanes: drawn on ordering, or revealed by arrival."""

from collections.abc import Mapping

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from basestock.network import Lane, SupplyNetwork
from basestock.uncertainty.axes import Axes, bucket
from basestock.uncertainty.tables import count_passed


def hazard(law: Mapping[int, float]) -> np.ndarray:
    """Return P(L = a | L >= a) for a = 1, ..., max L.

    Examples
    --------
    >>> hazard({1: 0.5, 3: 0.5}).tolist()
    [0.5, 0.0, 1.0]
    """
    longest = max(law)
    masses = np.array([law.get(age, 0.0) for age in range(1, longest + 1)])
    survival = masses[::-1].cumsum()[::-1]
    return masses / survival


def is_random(lane: Lane, items: tuple[str, ...]) -> bool:
    """Tell whether any item of the lane has more than one possible lead time."""
    served = lane.items if lane.items is not None else items
    plain = isinstance(lane.lead_time, int) and not lane.item_lead_time
    return not plain and any(len(lane.lead_time_law(item)) > 1 for item in served)


class LeadTimeTables(eqx.Module):
    """Lead-time laws of every lane and item.

    ``arrival_hazard`` serves lanes whose lead time is revealed on arrival; ``shortest`` and ``cumulative`` serve
    lanes whose random lead time is known on ordering.
    """

    arrival_hazard: Float[Array, "age lane item 1"] | None = None
    shortest: Int[Array, "lane item 1"] | None = None
    cumulative: Float[Array, "level lane item 1"] | None = None

    def arrivals(
        self, uniform: Float[Array, "age lane item replication"]
    ) -> Float[Array, "age lane item replication"]:
        """Return 1 where an order of the age arrives."""
        if self.arrival_hazard is None:
            raise ValueError(
                "LeadTimeTables: no lane reveals its lead time on arrival; ask only where one does."
            )
        return (uniform < self.arrival_hazard).astype(jnp.float32)

    def on_order(self, uniform: Float[Array, "lane item replication"]) -> Int[Array, "lane item replication"]:
        """Return the lead time of what is shipped now, in periods."""
        if self.cumulative is None or self.shortest is None:
            raise ValueError(
                "LeadTimeTables: no lane draws its lead time on ordering; ask only where one does."
            )
        return self.shortest + count_passed(self.cumulative, uniform).astype(jnp.int32)


def compile_lead_times(network: SupplyNetwork, axes: Axes) -> LeadTimeTables | None:
    """Compile the random lead times of a network; ``None`` when every lead time is fixed."""
    random = [lane for lane in network.lanes if is_random(lane, axes.items)]
    if not random:
        return None
    revealed = {lane.name for lane in random if lane.lead_time_known == "on_arrival"}
    laws: dict[tuple[int, int], Mapping[int, float]] = {}
    for position, lane in enumerate(network.lanes):
        for item in lane.items if lane.items is not None else axes.items:
            laws[position, network.item_index[item]] = lane.lead_time_law(item)
    shape = (axes.num_lanes, axes.num_items)
    arrival = {place: law for place, law in laws.items() if axes.lanes[place[0]] in revealed}
    known = {place: law for place, law in laws.items() if place not in arrival}
    draws_on_order = any(len(law) > 1 for law in known.values())
    shortest, cumulative = _on_order_tables(known, shape) if draws_on_order else (None, None)
    return LeadTimeTables(_hazard_table(arrival, shape) if arrival else None, shortest, cumulative)


def _hazard_table(laws: Mapping[tuple[int, int], Mapping[int, float]], shape: tuple[int, int]) -> Array:
    ages = bucket(max(max(law) for law in laws.values()))
    table = np.zeros((ages, *shape, 1), dtype=np.float32)
    for (lane, item), law in laws.items():
        values = hazard(law)
        table[: len(values), lane, item, 0] = values
    return jnp.asarray(table)


def _on_order_tables(
    laws: Mapping[tuple[int, int], Mapping[int, float]], shape: tuple[int, int]
) -> tuple[Array, Array]:
    levels = bucket(max(max(law) - min(law) for law in laws.values()))
    shortest = np.zeros((*shape, 1), dtype=np.int32)
    cumulative = np.ones((levels, *shape, 1), dtype=np.float32)
    for (lane, item), law in laws.items():
        low, high = min(law), max(law)
        shortest[lane, item] = low
        masses = np.cumsum([law.get(periods, 0.0) for periods in range(low, high)])
        cumulative[: high - low, lane, item, 0] = masses
    return jnp.asarray(shortest), jnp.asarray(cumulative)
