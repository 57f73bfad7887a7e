"""What exists: items, nodes, suppliers, lanes and limits."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, final

from basestock.network.checks import Report, SelfChecked, conform
from basestock.network.errors import shown
from basestock.network.schema import NONE
from basestock.network.terms import check_limit, check_supply_terms

LeadTime = int | Mapping[int, float]
"""A number of periods, or {periods: probability}."""

Quantity = float | Mapping[str, float]
"""One number for all items, or {item: number}."""

Unmet = Literal["lost", "backorder"] | float
"""What happens to demand without stock: lost, backordered, or the share of it that is backordered."""


@final
@dataclass(frozen=True, slots=True)
class Item(SelfChecked):
    """A thing that is stocked.

    Parameters
    ----------
    name
        Identifies the item.
    shelf_life
        Periods until a new unit expires [m]; ``None`` when it never does.
    decay_rate
        Share of the stock that perishes each period, instead of a shelf life.
    issuing
        Which units leave first: the oldest, the newest, or a mix.
    oldest_share
        Where issuing is mixed, the share of each withdrawal that takes the oldest units, to the nearest whole unit and
        halves up where the item exists in whole units; the rest takes the newest.
    life_classes
        Number of classes that remaining life is kept in, the last one period or longer; ``None`` keeps every period
        apart. Fewer classes cost less and discard units up to a class length early, never late.
    volume, weight
        Of one unit.
    storage_class
        Kind of storage the item needs.
    whole_units
        Whether the item exists in whole units only.
    unit
        Name of the unit.

    Raises
    ------
    NetworkError
        If an attribute breaks its rule.

    Examples
    --------
    >>> Item("milk", shelf_life=7, storage_class="chilled").shelf_life
    7
    """

    name: str
    shelf_life: int | None = None
    decay_rate: float | None = None
    issuing: Literal["fifo", "lifo", "mixed"] = "fifo"
    oldest_share: float = 0.5
    life_classes: int | None = None
    volume: float = 0.0
    weight: float = 0.0
    storage_class: str = "ambient"
    whole_units: bool = True
    unit: str = "unit"

    def __post_init__(self) -> None:
        report = conform(self, self.name)
        if self.shelf_life is not None and self.decay_rate is not None:
            rule = "must be absent where shelf_life is given"
            report.add("decay_rate", shown(self.decay_rate), rule, "Keep one of the two.")
        if self.life_classes is not None and not report.defects:
            _check_life_classes(self.life_classes, self.shelf_life, report)
        report.close()


def _check_life_classes(life_classes: int, shelf_life: int | None, report: Report) -> None:
    if shelf_life is None:
        report.add("life_classes", shown(life_classes), "must be absent without a shelf_life", "Drop it.")
    elif life_classes > shelf_life:
        rule = f"must be <= shelf_life, which is {shelf_life}"
        report.add("life_classes", shown(life_classes), rule, "Lower it or drop it.")


@final
@dataclass(frozen=True, slots=True)
class Node(SelfChecked):
    """A place that holds stock.

    Parameters
    ----------
    name
        Identifies the node.
    tier
        Number of the tier in reports, counted from the customer.
    storage
        Storage class to capacity in volume; a class that is not listed is unlimited.
    allocation
        How the node shares its stock among the lanes that ask when it is short.

    Raises
    ------
    NetworkError
        If an attribute breaks its rule.
    """

    name: str
    tier: int = 0
    storage: Mapping[str, float] = NONE
    allocation: Literal["proportional", "priority", "first_come", "largest_remainder", "least_shortfall"] = (
        "proportional"
    )

    def __post_init__(self) -> None:
        conform(self, self.name).close()


@final
@dataclass(frozen=True, slots=True)
class Supplier(SelfChecked):
    """An outside source with an identity: its lanes share its capacity and its outages.

    Parameters
    ----------
    name
        Identifies the supplier.
    capacity
        Units per period over all its lanes; ``None`` when unlimited.
    minimum_value
        Smallest value of an order, currency; ``None`` for any.

    Raises
    ------
    NetworkError
        If an attribute breaks its rule.
    """

    name: str
    capacity: float | None = None
    minimum_value: float | None = None

    def __post_init__(self) -> None:
        conform(self, self.name).close()


@final
@dataclass(frozen=True, slots=True)
class Lane(SelfChecked):
    """A way from a supplier or node into a node: purchase, transfer or expedite.

    Parameters
    ----------
    source, destination
        The supplier or node that ships, the node that receives.
    items
        Names of the items it carries; ``None`` for all.
    name
        Identifies the lane; ``"source -> destination"`` when not given.
    lead_time
        Periods from shipping to receipt [L], or {periods: probability}; one outcome becomes a number.
    item_lead_time
        Item to lead time, where it differs.
    lead_time_known
        When a random lead time becomes known.
    priority
        The lane with the lowest number into a place is tried first.
    order_minimum, order_multiple, order_maximum
        Limits of one order, units; a number, {item: number}, or ``None``.
    review_period, review_phase
        Orders are taken when ``(period - review_phase) % review_period == 0``, periods [R].
    order_days
        Weekdays that take orders, 0 = Monday; ``None`` for all. Where periods are days, period 0 is a Monday.
    unfilled
        What happens to what the source cannot ship.
    life_on_receipt
        Remaining life of what a supplier delivers, periods; a number, {item: number}, or ``None`` for the whole shelf
        life. Between nodes, units keep their age.
    order_delay
        Periods that an order travels to the source before it can be shipped.
    capacity
        Volume that it ships in a period over all items; ``None`` when unlimited.
    vehicle_capacity
        Volume that one vehicle holds; ``None`` where nobody counts vehicles.
    full_vehicles
        Whether an order fills whole vehicles.
    interruption
        ``"never"``, or what happens to units under way while the lane is closed: they keep moving, or wait at its end.
    max_extra_lead_time
        Most periods that a disruption adds to the lead time.
    price_breaks, break_kind
        Order quantities from which the next price holds, for the whole order or for the units beyond the break.
    special_share
        Probability that a customer whom the destination cannot serve takes a delivery straight from the source.

    Raises
    ------
    NetworkError
        If an attribute breaks its rule.

    Examples
    --------
    >>> Lane("factory", "DC", lead_time={2: 0.5, 3: 0.5}).name
    'factory -> DC'
    """

    source: str
    destination: str
    items: tuple[str, ...] | None = None
    name: str = ""
    lead_time: LeadTime = 1
    item_lead_time: Mapping[str, LeadTime] = NONE
    lead_time_known: Literal["on_order", "on_arrival"] = "on_order"
    priority: int = 1
    order_minimum: Quantity | None = None
    order_multiple: Quantity | None = None
    order_maximum: Quantity | None = None
    review_period: int = 1
    review_phase: int = 0
    order_days: tuple[int, ...] | None = None
    unfilled: Literal["wait", "lost"] = "wait"
    life_on_receipt: Quantity | None = None
    order_delay: int = 0
    capacity: float | None = None
    vehicle_capacity: float | None = None
    full_vehicles: bool = False
    interruption: Literal["never", "keep_moving", "wait"] = "never"
    max_extra_lead_time: int = 0
    price_breaks: tuple[float, ...] = ()
    break_kind: Literal["all_units", "incremental"] = "all_units"
    special_share: float = 0.0

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", default_lane_name(self.source, self.destination))
        report = conform(self, self.name)
        if not report.defects:
            _check_ends(self, report)
            _check_review(self, report)
            _check_listed(self, report)
            _check_revealed(self, report)
            _check_feasible(self, report)
            check_supply_terms(self, report)
        report.close()

    def lead_time_law(self, item: str) -> Mapping[int, float]:
        """Return the lead time of an item as {periods: probability}.

        Examples
        --------
        >>> dict(Lane("factory", "DC", lead_time=2).lead_time_law("bolt"))
        {2: 1.0}
        """
        lead_time = self.item_lead_time.get(item, self.lead_time)
        return {lead_time: 1.0} if isinstance(lead_time, int) else lead_time

    def order_limit(
        self, name: Literal["order_minimum", "order_multiple", "order_maximum"], item: str
    ) -> float | None:
        """Return a limit of one order of an item, units; ``None`` where there is none.

        Examples
        --------
        >>> Lane("factory", "DC", order_multiple={"bolt": 12}).order_limit("order_multiple", "bolt")
        12.0
        """
        limit: Quantity | None = getattr(self, name)
        return limit.get(item) if isinstance(limit, Mapping) else limit


def default_lane_name(source: object, destination: object) -> str:
    """Return the name of a lane whose author gave none.

    Examples
    --------
    >>> default_lane_name("factory", "DC")
    'factory -> DC'
    """
    return f"{source} -> {destination}"


def _check_ends(lane: Lane, report: Report) -> None:
    if lane.source == lane.destination:
        report.add(
            "destination", shown(lane.destination), "must differ from the source", "Correct or drop the lane."
        )


def _check_review(lane: Lane, report: Report) -> None:
    if lane.review_phase >= lane.review_period:
        rule = f"must be below review_period, which is {lane.review_period}"
        report.add("review_phase", shown(lane.review_phase), rule)


def _check_listed(lane: Lane, report: Report) -> None:
    if lane.items is None:
        return
    served = frozenset(lane.items)
    for field in ("item_lead_time", "order_minimum", "order_multiple", "order_maximum", "life_on_receipt"):
        value = getattr(lane, field)
        for item in value if isinstance(value, Mapping) else ():
            if item not in served:
                rule = "must be for an item that the lane carries"
                report.add(
                    f"{field}[{item!r}]", shown(value[item]), rule, "Add the item to items or drop the entry."
                )


def _check_revealed(lane: Lane, report: Report) -> None:
    """Refuse a random lead time that may be 0 and is revealed on arrival: ages start at 1."""
    if lane.lead_time_known != "on_arrival":
        return
    laws = {"lead_time": lane.lead_time} | {
        f"item_lead_time[{k!r}]": v for k, v in lane.item_lead_time.items()
    }
    for field, law in laws.items():
        if isinstance(law, Mapping) and 0 in law:
            rule = "must be >= 1 in every case when lead_time_known is 'on_arrival'"
            report.add(field, shown(law), rule, "Use lead_time_known='on_order' or drop the 0.")


def _check_feasible(lane: Lane, report: Report) -> None:
    """Refuse limits that no order can meet."""
    if lane.order_maximum is None:
        return
    limits = (lane.order_minimum, lane.order_multiple, lane.order_maximum)
    listed = {item: None for limit in limits if isinstance(limit, Mapping) for item in limit}
    for item in listed or [""]:
        minimum = lane.order_limit("order_minimum", item)
        multiple = lane.order_limit("order_multiple", item)
        maximum = lane.order_limit("order_maximum", item)
        smallest = smallest_order(minimum, multiple)
        if maximum is not None and smallest > maximum * (1 + 1e-9):
            place = f"[{item!r}]" if isinstance(lane.order_maximum, Mapping) else ""
            rule = f"must be >= {smallest:.16g}, the smallest order that meets minimum and multiple"
            report.add(
                f"order_maximum{place}",
                shown(maximum),
                rule,
                "Raise it, or lower the minimum or the multiple.",
            )


def smallest_order(minimum: float | None, multiple: float | None) -> float:
    """Return the smallest order that meets a minimum and a multiple, units.

    Examples
    --------
    >>> smallest_order(100.0, 48.0)
    144.0
    """
    least = minimum or 0.0
    # The tolerance keeps 0.3 / 0.1 = 2.9999999999999996 and 1.1 / 0.1 = 11.000000000000002 at 3 and 11.
    return least if multiple is None else max(math.ceil(least / multiple - 1e-9), 1) * multiple


@final
@dataclass(frozen=True, slots=True)
class Limit(SelfChecked):
    """A cap in each period that places or lanes share: a budget, a vehicle, shared transport, a contract.

    Parameters
    ----------
    scope
        ``"network"``, or the names of the nodes, suppliers and lanes that share the cap; kept as a tuple.
    metric
        What is limited: spend, number of orders, units, volume or weight.
    cap
        Largest value in a period, in the unit of the metric.
    hard
        Whether the cap is never exceeded; a soft one has a price.
    floor
        Smallest value agreed on, as in a contract; falling short of it has a price.
    rule
        How a decision beyond a hard cap is cut: lines of lower priority first, or all in proportion.

    Raises
    ------
    NetworkError
        If an attribute breaks its rule.
    """

    scope: str | tuple[str, ...]
    metric: Literal["spend", "orders", "units", "volume", "weight"]
    cap: float
    hard: bool = True
    floor: float = 0.0
    rule: Literal["cut_in_order_of_priority", "scale_proportionally"] = "cut_in_order_of_priority"

    def __post_init__(self) -> None:
        if isinstance(self.scope, str):
            object.__setattr__(self, "scope", (self.scope,))
        report = conform(self, self.label)
        if not report.defects:
            check_limit(self, report)
        report.close()

    @property
    def label(self) -> str:
        """What the limit is called in messages.

        Examples
        --------
        >>> Limit(("DC", "shop"), "spend", cap=1000.0).label
        'spend of DC + shop'
        """
        scope = self.scope if isinstance(self.scope, tuple) else (self.scope,)
        return f"{self.metric} of {' + '.join(map(str, scope))}"
