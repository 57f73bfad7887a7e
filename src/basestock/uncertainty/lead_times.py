"""Random lead times of lanes: drawn on ordering, or revealed by arrival."""

from collections.abc import Mapping

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, UInt32

from basestock.network import Lane, SupplyNetwork
from basestock.uncertainty.axes import Axes, bucket
from basestock.uncertainty.keys import entity_uniforms
from basestock.uncertainty.places import Places, few_places
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

    Parameters
    ----------
    arrival_hazard
        For lanes whose lead time is revealed on arrival: probability that an order arrives at an age, given that it had
        not before.
    shortest, cumulative
        For lanes whose random lead time is known on ordering: its smallest value, and P(L <= smallest + level).
    revealed, drawn
        Where these laws are random; ``None`` where they are in most places, which are then all drawn.
    """

    arrival_hazard: Float[Array, "age lane item 1"] | None = None
    shortest: Int[Array, "lane item 1"] | None = None
    cumulative: Float[Array, "level lane item 1"] | None = None
    revealed: Places | None = None
    drawn: Places | None = None

    def sample(
        self,
        key: tuple[Array, Array],
        lanes: UInt32[Array, "lane 2"],
        items: UInt32[Array, "item 2"],
        replications: Int[Array, " replication"],
    ) -> tuple[Float[Array, "age *place replication"] | None, Int[Array, "lane item #replication"] | None]:
        """Draw which orders arrive now, by age, and the lead times of what is shipped now.

        Parameters
        ----------
        key
            A period key.
        lanes, items
            Stable hashes of the names.
        replications
            Numbers of the replications.

        Returns
        -------
        tuple
            1 where the order of an age arrives, by lane and item or by place of ``revealed``; and periods. ``None``
            where no law is of that kind.
        """
        arrives = lead_time = None
        if self.arrival_hazard is not None:
            hazard, ages = self.arrival_hazard, self.arrival_hazard.shape[0]
            if self.revealed is None:
                uniform = entity_uniforms(key, lanes, items, replications, ages)
                arrives = (uniform < hazard).astype(jnp.float32)
            else:
                uniform = self.revealed.uniforms(key, lanes, items, replications, ages)
                arrives = (uniform < self.revealed.read(hazard)).astype(jnp.float32)
        if self.cumulative is not None and self.shortest is not None:
            shortest = self.shortest
            if self.drawn is None:
                uniform = entity_uniforms(key, lanes, items, replications)
                lead_time = shortest + count_passed(self.cumulative, uniform).astype(jnp.int32)
            else:
                uniform = self.drawn.uniforms(key, lanes, items, replications)
                more = count_passed(self.drawn.read(self.cumulative), uniform)
                table = jnp.broadcast_to(shortest, (*shortest.shape[:-1], len(replications)))
                lead_time = self.drawn.write(table, self.drawn.read(table) + more.astype(jnp.int32))
        return arrives, lead_time


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
    arrival = {place: law for place, law in laws.items() if len(law) > 1 and axes.lanes[place[0]] in revealed}
    known = {place: law for place, law in laws.items() if place not in arrival}
    draws_on_order = any(len(law) > 1 for law in known.values())
    shortest, cumulative = _on_order_tables(known, shape) if draws_on_order else (None, None)
    return LeadTimeTables(
        _hazard_table(arrival, shape) if arrival else None,
        shortest,
        cumulative,
        few_places(arrival, shape) if arrival else None,
        few_places((place for place, law in known.items() if len(law) > 1), shape),
    )


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
