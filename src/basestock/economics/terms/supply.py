"""What suppliers, carriers and contracts charge beyond the unit."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.dynamics import Step
from basestock.economics.leaves import given
from basestock.economics.tariff import Tariff

LaneItem = Float[Array, "lane item replication"]
Lane = Float[Array, "lane replication"]


def joint_order(tariff: Tariff, step: Step) -> Lane:
    """Charge a fixed cost per lane and period with an order, whatever number of items it has."""
    ordered = given(step.outcome.ordered)
    return given(tariff.joint_order) * (ordered > 0).any(1).astype(ordered.dtype)


def bracket_purchase(tariff: Tariff, step: Step) -> LaneItem:
    """Charge the price of its bracket per unit ordered: quantity breaks for all units or for those beyond a break."""
    return (given(tariff.bracket_purchase) * given(step.outcome.by_bracket)).sum(0)


def vehicle(tariff: Tariff, step: Step) -> Lane:
    """Charge a rate per vehicle that leaves."""
    return given(tariff.vehicle) * given(step.outcome.vehicles)


def expediting(tariff: Tariff, step: Step) -> LaneItem:
    """Charge a premium per unit shipped on an expedited lane."""
    return given(tariff.expediting) * given(step.outcome.shipped)


def special_delivery(tariff: Tariff, step: Step) -> LaneItem:
    """Charge a rate per unit sent to a customer straight from the source."""
    return given(tariff.special_delivery) * given(step.outcome.special)


def order_change(tariff: Tariff, step: Step) -> LaneItem:
    """Charge |q_t - q_(t-1)| on each lane and item."""
    before = given(step.start.previous_order)
    return given(tariff.order_change) * jnp.abs(given(step.outcome.ordered) - before)


def carbon(tariff: Tariff, step: Step) -> LaneItem:
    """Charge the emissions of moving a unit."""
    return given(tariff.carbon) * given(step.outcome.shipped)


def carbon_vehicle(tariff: Tariff, step: Step) -> Lane:
    """Charge the emissions of a vehicle, however full."""
    return given(tariff.carbon_vehicle) * given(step.outcome.vehicles)


def contract_shortfall(tariff: Tariff, step: Step) -> Float[Array, " replication"]:
    """Charge what the orders of a period fall short of the floor of a contract, per unit of its metric."""
    return (given(tariff.contract_shortfall) * given(step.outcome.contract_shortfall)).sum(0)


def limit_excess(tariff: Tariff, step: Step) -> Float[Array, " replication"]:
    """Charge what the orders of a period exceed a soft limit by, per unit of its metric."""
    return (given(tariff.limit_excess) * given(step.outcome.limit_excess)).sum(0)
