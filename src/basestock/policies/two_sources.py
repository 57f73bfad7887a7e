"""A slow source and a fast one: who of both gets how much."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from basestock.decision import Observation, Policy
from basestock.dynamics import Decision, NetworkArrays, at_destination, into_nodes
from basestock.policies.pipeline import arrivals_ahead, longest_lead

NodeItem = Float[Array, "node item #replication"]
Lanes = Float[Array, "lane item 1"]

FAR = 1e9


def slow_and_fast(network: NetworkArrays) -> tuple[Lanes, Lanes]:
    """Return 1 on the lane of the longest, and on that of the shortest expected lead time into each node.

    Of equal lead times the lane whose name sorts first is fast and the one whose name sorts last slow. A lane without
    another beside it is slow: there is nothing to expedite with.
    """
    active = network.lane_active > 0
    rank = jnp.broadcast_to(network.lane_rank[:, None, None], active.shape).astype(jnp.float32)
    slow = _least(network, _least(network, active, -network.mean_lead_time), -rank)
    fast = _least(network, _least(network, active, network.mean_lead_time), rank)
    return slow.astype(jnp.float32), (fast & ~slow).astype(jnp.float32)


def _least(
    network: NetworkArrays, among: Bool[Array, "lane item 1"], score: Array
) -> Bool[Array, "lane item 1"]:
    """Return the lanes of the least score into their node, of those given."""
    score = jnp.where(among, score, FAR)
    least = jax.ops.segment_min(score, network.lane_destination, network.num_nodes + 1)
    return among & (score <= least[network.lane_destination])


class TwoSources(Policy):
    """What policies of two sources share: expediting up to a level."""

    def split(self, observation: Observation, slow: Array, fast: Array) -> Decision:
        """Return the orders ``[node, item, replication]`` on both lanes."""
        slow_lane, fast_lane = slow_and_fast(observation.network)
        orders = (
            at_destination(observation.network, jnp.maximum(units, 0.0)) * lane
            for units, lane in ((slow, slow_lane), (fast, fast_lane))
        )
        return Decision(order=sum(orders, jnp.zeros_like(observation.in_transit)))


def expedited_position(observation: Observation) -> Float[Array, "node item replication"]:
    """Return stock, less backorders, plus everything that arrives within the lead time of the fast lane, units."""
    network = observation.network
    fast = slow_and_fast(network)[1]
    lead = jnp.round(into_nodes(network, fast * network.mean_lead_time))
    rows = arrivals_ahead(observation, longest_lead(observation))
    ahead = jnp.arange(rows.shape[0])[:, None, None, None]
    return observation.inventory_level + jnp.where(ahead <= lead, rows, 0.0).sum(0)


def _expedited(observation: Observation, level: NodeItem, position: Array) -> Array:
    """Return what a position is short of its level, where there is a fast lane."""
    network = observation.network
    return jnp.maximum(level - position, 0.0) * into_nodes(network, slow_and_fast(network)[1])


class SingleIndex(TwoSources):
    """Both sources look at the whole inventory position (Scheller-Wolf, Veeraraghavan and van Houtum 2007).

    Parameters
    ----------
    expedite_up_to
        Level of the fast source [S_e], units.
    regular_up_to
        Level of the slow source [S_r], units.

    Notes
    -----
    q_e = (S_e - IP)+, q_r = (S_r - IP - q_e)+.
    """

    expedite_up_to: NodeItem
    regular_up_to: NodeItem

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Expedite up to the lower level, order regularly up to the higher one."""
        position = observation.inventory_position
        fast = _expedited(observation, self.expedite_up_to, position)
        return self.split(observation, self.regular_up_to - position - fast, fast), memory


class DualIndex(TwoSources):
    """The fast source looks at what arrives within its lead time, the slow one at everything.

    Parameters
    ----------
    expedite_up_to
        Level of the expedited position [S_e], units.
    regular_up_to
        Level of the inventory position [S_r], units.

    Notes
    -----
    Veeraraghavan and Scheller-Wolf 2008, Operations Research 56(4):850-864: q_e = (S_e - IP_e)+ and
    q_r = (S_r - IP - q_e)+.
    """

    expedite_up_to: NodeItem
    regular_up_to: NodeItem

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Expedite up to the level of the expedited position, order regularly up to that of the whole."""
        fast = _expedited(observation, self.expedite_up_to, expedited_position(observation))
        slow = self.regular_up_to - observation.inventory_position - fast
        return self.split(observation, slow, fast), memory


class CappedDualIndex(TwoSources):
    """Dual index with a largest regular order (Sun and Van Mieghem 2019).

    Parameters
    ----------
    expedite_up_to, regular_up_to
        Levels as of the dual index [S_e, S_r], units.
    cap
        Largest regular order, units.

    Notes
    -----
    Manufacturing & Service Operations Management 21(4):912-931. A very large cap makes it the dual index, a very large
    level S_r tailored base surge.
    """

    expedite_up_to: NodeItem
    regular_up_to: NodeItem
    cap: NodeItem

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Expedite up to the level of the expedited position, order the rest regularly up to the cap."""
        fast = _expedited(observation, self.expedite_up_to, expedited_position(observation))
        slow = self.regular_up_to - observation.inventory_position - fast
        return self.split(observation, jnp.minimum(slow, self.cap), fast), memory


class TailoredBaseSurge(TwoSources):
    """A constant regular order, and expediting up to a level (Allon and Van Mieghem 2010).

    Parameters
    ----------
    regular_quantity
        Units per period from the slow source.
    expedite_up_to
        Level of the expedited position [S_e], units.

    Notes
    -----
    Management Science 56(1):110-124; q_r is constant, q_e = (S_e - IP_e)+.
    """

    regular_quantity: NodeItem
    expedite_up_to: NodeItem

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Order the constant, expedite what is short."""
        fast = _expedited(observation, self.expedite_up_to, expedited_position(observation))
        slow = jnp.broadcast_to(self.regular_quantity, observation.on_hand.shape)
        return self.split(observation, slow, fast), memory
