"""What moves: the state of a network, the decision of a period, and the quantities that came of it.

Every array ends in the replication axis. Absent leaves (``None``) belong to features that a network does not use.
"""

import equinox as eqx
from jaxtyping import Array, Float, Int

NodeItem = Float[Array, "node item replication"]
LaneItem = Float[Array, "lane item replication"]
PerProcess = Float[Array, "process replication"]
PerResource = Float[Array, "resource replication"]


class State(eqx.Module):
    """The whole memory of a network between two stages.

    Parameters
    ----------
    period
        Number of the period, shared by all replications.
    on_hand
        Stock ready for use, units.
    in_transit
        Under way on each lane, units: the sum of ``due`` and ``outstanding``, carried along because summing a long
        ring every period cost more than the rest of the period.
    backorders
        Demand that waits, units; ``None`` where no demand ever waits.
    due
        In transit by slot of arrival: slot ``(period + s) mod slots`` arrives in s periods; lead time known on
        ordering.
    outstanding
        In transit by age, 1, 2, ... periods since shipping; lead time revealed on arrival.
    unfilled
        Ordered and not yet shipped by the source, units; ``None`` where every source ships at once.
    lots
        Stock by remaining life, one block per life class.
    lot_defects
        Defective share of stock by lot.
    order_slips
        Orders on their way to the source, by slot.
    work_in_process
        Runs by slot of completion.
    resource_status, resource_setup, repair_left
        Condition, setup and remaining repair of each resource.
    previous_price, previous_order
        Last decisions, for costs of change.
    satisfaction
        Goodwill of customers.
    returns_due
        Units that will come back, by slot.
    messages
        What nodes told each other.
    """

    period: Int[Array, ""]
    on_hand: NodeItem
    in_transit: LaneItem
    backorders: NodeItem | None = None
    due: Float[Array, "slot lane item replication"] | None = None
    outstanding: Float[Array, "age lane item replication"] | None = None
    unfilled: LaneItem | None = None
    lots: tuple[Float[Array, "life node item replication"], ...] | None = None
    lot_defects: Float[Array, "life node item replication"] | None = None
    order_slips: Float[Array, "slot lane item replication"] | None = None
    work_in_process: Float[Array, "slot process replication"] | None = None
    resource_status: PerResource | None = None
    resource_setup: PerResource | None = None
    repair_left: PerResource | None = None
    previous_price: NodeItem | None = None
    previous_order: LaneItem | None = None
    satisfaction: NodeItem | None = None
    returns_due: Float[Array, "slot node item replication"] | None = None
    messages: Float[Array, "lane message replication"] | None = None


class Decision(eqx.Module):
    """What is decided in a period.

    Parameters
    ----------
    order
        Units ordered on each lane.
    start
        Runs started of each process.
    price
        Selling price, money per unit.
    allocation
        Units a source reserves for each lane.
    assign
        Hours of each resource given to each process.
    cancel
        Units of unshipped orders withdrawn.
    """

    order: LaneItem
    start: PerProcess | None = None
    price: NodeItem | None = None
    allocation: LaneItem | None = None
    assign: Float[Array, "resource process replication"] | None = None
    cancel: LaneItem | None = None


class PeriodOutcome(eqx.Module):
    """The quantities of one period; non-negative, free of money.

    At nodes: ``opening`` and ``closing`` stock, ``demand``, ``sales`` (handed over in the period of the demand),
    ``backorders_filled``, ``newly_backordered``, ``lost``, ``backorders`` at the end, ``expired``, ``overflow``,
    ``adjusted``, ``consumed``, ``produced``, ``returned``. On lanes: ``ordered``, ``shipped``, ``received``,
    ``in_transit`` at the end, ``unfilled`` at the end, ``unfilled_lost``, ``cancelled``, ``lost_in_transit``,
    ``rejected``. On processes: ``started``, ``completed``, ``scrapped``. On resources: hours ``used``, ``idle``,
    of ``changeover`` and ``down``. Prices: ``price`` and ``supply_price``.
    """

    opening: NodeItem
    demand: NodeItem | None = None
    sales: NodeItem | None = None
    backorders_filled: NodeItem | None = None
    newly_backordered: NodeItem | None = None
    lost: NodeItem | None = None
    backorders: NodeItem | None = None
    closing: NodeItem | None = None
    expired: NodeItem | None = None
    overflow: NodeItem | None = None
    adjusted: NodeItem | None = None
    consumed: NodeItem | None = None
    produced: NodeItem | None = None
    returned: NodeItem | None = None
    ordered: LaneItem | None = None
    shipped: LaneItem | None = None
    received: LaneItem | None = None
    in_transit: LaneItem | None = None
    unfilled: LaneItem | None = None
    unfilled_lost: LaneItem | None = None
    cancelled: LaneItem | None = None
    lost_in_transit: LaneItem | None = None
    rejected: LaneItem | None = None
    started: PerProcess | None = None
    completed: PerProcess | None = None
    scrapped: PerProcess | None = None
    hours_used: PerResource | None = None
    hours_idle: PerResource | None = None
    hours_changeover: PerResource | None = None
    hours_down: PerResource | None = None
    price: NodeItem | None = None
    supply_price: LaneItem | None = None
