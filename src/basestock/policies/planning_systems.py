"""What planning systems do: minimum stock, demand-driven buffers, requirements planning, min-max of two ERPs."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.decision import NodeOrders, Observation, Policy
from basestock.dynamics import Decision, into_nodes
from basestock.policies.pipeline import lead_at_nodes

NodeItem = Float[Array, "node item #replication"]


class MinimumStock(Policy):
    """When the stock on hand is below its minimum and nothing is on order, order a fixed quantity.

    Parameters
    ----------
    minimum_stock
        Stock on hand that triggers an order when it is not reached, units.
    order_quantity
        Units per order.
    """

    minimum_stock: NodeItem
    order_quantity: NodeItem

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Order the quantity if stock is low and no order is open."""
        low = (observation.on_hand < self.minimum_stock) & (observation.on_order <= 0)
        return NodeOrders()(jnp.where(low, self.order_quantity, 0.0), observation), memory


class DemandDriven(Policy):
    """Demand-driven MRP: order up to the top of green from yellow or red (Ptak and Smith 2016).

    Parameters
    ----------
    lead_time_factor
        Share of the demand over the lead time in the red base and in green.
    variability_factor
        Red safety over red base.
    order_cycle
        Periods of demand in the green zone, at least.
    demand_rate
        Average daily usage, units per period.

    Notes
    -----
    yellow = usage x lead time; red base = yellow x lead time factor; red safety = red base x variability factor;
    green = max(usage x cycle, red base, order minimum), the zones in whole units rounded up. The net flow position is
    stock and orders under way less demand that waits; spikes of known future demand are not seen here. Lead times of 0
    count as one period.
    """

    lead_time_factor: NodeItem
    variability_factor: NodeItem
    order_cycle: NodeItem
    demand_rate: NodeItem

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Order the top of green less the net flow position, if that is at or below the top of yellow."""
        network = observation.network
        yellow = self.demand_rate * jnp.maximum(lead_at_nodes(network), 1.0)
        base = yellow * self.lead_time_factor
        minimum = into_nodes(network, network.order_minimum * network.primary)
        green = jnp.maximum(jnp.maximum(self.demand_rate * self.order_cycle, base), minimum)
        top_of_yellow = _up(observation, yellow + base * (1.0 + self.variability_factor))
        position = observation.inventory_position
        short = top_of_yellow + _up(observation, green) - position
        # Nothing is used where nothing is asked for: no zones, no orders.
        acts = (position <= top_of_yellow) & (self.demand_rate > 0)
        return NodeOrders()(jnp.where(acts, short, 0.0), observation), memory


class MaterialRequirements(Policy):
    """MRP with safety stock and safety lead time: cover the net requirement (Orlicky 1975).

    Parameters
    ----------
    safety_stock
        Projected stock that is kept, units.
    safety_lead_time
        Periods that orders are released early.
    order_periods
        Periods whose requirements an order covers [P]; 1 is lot for lot, more is the periodic order quantity.
    demand_rate
        Requirement of a period where the observation grants no forecast, units.

    Notes
    -----
    The projected balance at the end of period L + k is B = IP - d (L + k + 1), with the lead time L, the safety lead
    time k and the requirement d of a period. If B is below the safety stock, the order is
    safety stock - B + d (P - 1), in whole units rounded up.
    """

    safety_stock: NodeItem
    safety_lead_time: NodeItem
    order_periods: NodeItem
    demand_rate: NodeItem

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Release what is required, if the projected balance falls below the safety stock."""
        required = self.demand_rate if observation.forecast is None else observation.forecast
        covered = lead_at_nodes(observation.network) + self.safety_lead_time + 1.0
        missing = self.safety_stock + required * covered - observation.inventory_position
        lot = missing + required * (jnp.maximum(self.order_periods, 1.0) - 1.0)
        return NodeOrders()(jnp.where(missing > 0, _up(observation, lot), 0.0), observation), memory


def _up(observation: Observation, quantity: Array) -> Array:
    """Return the next whole unit, where items exist in whole units only; what is off by rounding alone stays."""
    if not observation.network.features.whole_units:
        return quantity
    return jnp.ceil(quantity - 1e-4)


class OdooMinMax(Policy):
    """The reordering rule of Odoo: below the minimum, fill up to the larger of minimum and maximum.

    Parameters
    ----------
    min_stock, max_stock
        Levels of the rule, units; a maximum of 0 stands for none.
    rounds_down
        Whether the quantity is rounded down to the multiple of the lane when a maximum is set, as version 18 does.

    Notes
    -----
    Else the quantity is rounded up, beyond the maximum if need be (versions 17 and 19). Rounded down it may become
    nothing, so that stock stays below the minimum silently. The forecast is the inventory position.
    """

    min_stock: NodeItem
    max_stock: NodeItem
    rounds_down: bool = eqx.field(static=True, default=False)

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Order the rounded deficit if the forecast is below the minimum."""
        position = observation.inventory_position
        need = jnp.maximum(self.min_stock, self.max_stock) - position
        need = jnp.where(position < self.min_stock, need, 0.0)
        packs, pack = _packs(observation, need)
        down = self.rounds_down & (self.max_stock > 0)
        whole = jnp.where(down, jnp.floor(packs + 1e-5), jnp.ceil(packs - 1e-5))
        return NodeOrders()(jnp.where(pack > 0, whole * pack, need), observation), memory


class ErpnextMinMax(Policy):
    """The reorder rule of ERPNext: at or below the level, order the larger of the reorder quantity and the deficit.

    Parameters
    ----------
    reorder_level
        Level of the rule, units.
    reorder_quantity
        Smallest quantity that it asks for, units.

    Notes
    -----
    A rule with neither level nor quantity never orders; minima and packs of the supplier are not read, whole units are
    rounded up.
    """

    reorder_level: NodeItem
    reorder_quantity: NodeItem

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Order max(quantity, level - position) if the position is at or below the level."""
        position = observation.inventory_position
        kept = (self.reorder_level > 0) | (self.reorder_quantity > 0)
        need = jnp.maximum(self.reorder_quantity, self.reorder_level - position)
        need = jnp.where(kept & (position <= self.reorder_level), need, 0.0)
        return NodeOrders()(_up(observation, need), observation), memory


def _packs(observation: Observation, need: Array) -> tuple[Array, Array]:
    """Return a need in packs of the lane of first priority, and their size; whole units are packs of one."""
    network = observation.network
    pack = into_nodes(network, network.order_multiple * network.primary)
    single = 1.0 if network.features.whole_units else 0.0
    pack = jnp.where(pack > 0, pack, single)
    return need / jnp.where(pack > 0, pack, 1.0), pack
