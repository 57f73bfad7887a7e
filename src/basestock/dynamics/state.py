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
    defective
        Defective units in stock that nobody has found yet.
    outstanding
        In transit by age, 1, 2, ... periods since shipping; lead time revealed on arrival.
    unfilled
        Ordered and not yet shipped by the source, units; ``None`` where every source ships at once.
    lots
        Stock by remaining life: one block for each group of items of similar life, counted up from what expires next; a
        ring that starts at the clock. :func:`basestock.dynamics.by_remaining_life` reads it.
    lots_under_way
        The same of what nodes shipped, by slot of shipping, with the life it had then.
    lots_held
        Units by remaining life that are held at the end of closed lanes, or come in parts.
    awaited
        Lead time of those shipments, or marks of what is unknown or has arrived.
    life_clock
        Number of times that stock has grown older; by item where classes of life are longer than a period.
    decay_carry
        Fractions of a unit that have decayed and wait to be a whole one.
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
        Units that will come back, by slot and place from which something does.
    messages
        What nodes told each other.
    held
        At the end of a lane and not received yet: a closed lane, or the rest of a partial delivery; part of
        ``in_transit``.
    waiting
        ``unfilled`` by periods of waiting, newest first, for sources that serve in the order of arrival.
    incoming
        Orders and demand that came to each node last, units; kept where orders travel.
    unit_ages
        Age of every single unit under way, -1 for an empty place; for lead times of single units in continuous time.
    """

    period: Int[Array, ""]
    on_hand: NodeItem
    in_transit: LaneItem
    backorders: NodeItem | None = None
    due: Float[Array, "slot lane item replication"] | None = None
    defective: NodeItem | None = None
    outstanding: Float[Array, "age lane item replication"] | None = None
    unfilled: LaneItem | None = None
    lots: tuple[Float[Array, "_life node _place replication"], ...] | None = None
    lots_under_way: tuple[Float[Array, "_slot _life _inner _place replication"], ...] | None = None
    lots_held: tuple[Float[Array, "_life _inner _place replication"], ...] | None = None
    awaited: Float[Array, "_slot _inner _places replication"] | None = None
    life_clock: Int[Array, "..."] | None = None
    decay_carry: NodeItem | None = None
    lot_defects: Float[Array, "life node item replication"] | None = None
    order_slips: Float[Array, "slip_slot lane item replication"] | None = None
    work_in_process: Float[Array, "run_slot process replication"] | None = None
    resource_status: PerResource | None = None
    resource_setup: PerResource | None = None
    repair_left: PerResource | None = None
    previous_price: NodeItem | None = None
    previous_order: LaneItem | None = None
    satisfaction: NodeItem | None = None
    returns_due: Float[Array, "return_slot place replication"] | None = None
    messages: Float[Array, "lane message replication"] | None = None
    held: LaneItem | None = None
    waiting: Float[Array, "wait lane item replication"] | None = None
    incoming: NodeItem | None = None
    unit_ages: Float[Array, "unit_slot lane item replication"] | None = None


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
    overtime
        Hours of each resource called for beyond its regular ones.
    messages
        Number of messages that nodes sent each other for this decision.
    """

    order: LaneItem
    start: PerProcess | None = None
    price: NodeItem | None = None
    allocation: LaneItem | None = None
    assign: Float[Array, "resource process replication"] | None = None
    cancel: LaneItem | None = None
    overtime: PerResource | None = None
    messages: Float[Array, " replication"] | None = None


class PeriodOutcome(eqx.Module):
    """The quantities of one period; non-negative, free of money.

    At nodes: ``opening`` and ``closing`` stock, ``demand``, ``sales`` (handed over in the period of the demand),
    ``backorders_filled``, ``newly_backordered``, ``lost``, ``backorders`` at the end, ``expired``, ``overflow``,
    ``adjusted``, ``consumed``, ``produced``, ``returned``. On lanes: ``ordered``, ``shipped``, ``received``,
    ``in_transit`` at the end, ``unfilled`` at the end, ``unfilled_lost``, ``cancelled``, ``lost_in_transit``,
    ``rejected``, what was ``requested`` before it was made legal and the signed change by each rule (``repaired``),
    ``special`` deliveries, units ordered ``by_bracket`` of price, ``vehicles``. On limits: ``contract_shortfall`` and
    ``limit_excess`` in the unit of the metric. Stock ``recalled`` at nodes. Where a step is the time to the next
    demand: the time ``elapsed``, and stock and backorders integrated over it (``stock_time``, ``backorder_time``). On
    processes: ``started``, ``completed``, ``scrapped``. On resources: hours ``used``, ``idle``, of ``changeover``,
    ``down`` and beyond the regular ones (``overtime``), and runs ``unstarted`` for want of components or hours. Prices:
    ``price`` and ``supply_price``. Customers at nodes: ``switched_to`` and ``switched_away`` (the demand of
    ``switched_to`` was for another item), ``came_back`` (of which ``returned`` goes into stock again). ``messages``
    between nodes.
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
    sampled: LaneItem | None = None
    defects_accepted: LaneItem | None = None
    defects_found: NodeItem | None = None
    requested: LaneItem | None = None
    repaired: Float[Array, "rule lane item replication"] | None = None
    special: LaneItem | None = None
    by_bracket: Float[Array, "level lane item replication"] | None = None
    vehicles: Float[Array, "lane replication"] | None = None
    contract_shortfall: Float[Array, "limit replication"] | None = None
    limit_excess: Float[Array, "limit replication"] | None = None
    recalled: NodeItem | None = None
    elapsed: Float[Array, " replication"] | None = None
    stock_time: NodeItem | None = None
    backorder_time: NodeItem | None = None
    started: PerProcess | None = None
    completed: PerProcess | None = None
    scrapped: PerProcess | None = None
    hours_used: PerResource | None = None
    hours_idle: PerResource | None = None
    hours_changeover: PerResource | None = None
    hours_down: PerResource | None = None
    hours_overtime: PerResource | None = None
    unstarted: PerProcess | None = None
    price: NodeItem | None = None
    supply_price: LaneItem | None = None
    switched_to: NodeItem | None = None
    switched_away: NodeItem | None = None
    came_back: NodeItem | None = None
    messages: Float[Array, " replication"] | None = None
