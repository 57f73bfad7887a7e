"""What exists: items, nodes, suppliers, lanes, processes, resources, inspections and limits."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, final

from basestock.network.checks import Report, SelfChecked, conform
from basestock.network.errors import shown
from basestock.network.schema import NONE

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
        report.close()


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

    Raises
    ------
    NetworkError
        If an attribute breaks its rule.
    """

    name: str
    tier: int = 0
    storage: Mapping[str, float] = NONE

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
        Weekdays that take orders, 0 = Monday; ``None`` for all.
    unfilled
        What happens to what the source cannot ship.

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
    for field in ("item_lead_time", "order_minimum", "order_multiple", "order_maximum"):
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
class Process(SelfChecked):
    """What turns items into other items at a node: production, assembly, repacking.

    Parameters
    ----------
    name
        Identifies the process.
    node
        Where it runs.
    consumes, produces
        Item to units that one run takes and makes.
    duration
        Periods from start to completion.
    uses
        Resource to hours that one run occupies.
    batch
        Runs start in multiples of this; ``None`` for any number.
    yield_
        Share of the output that is good.
    scrap
        Consumed item to the share of it that is scrapped: a run takes ``quantity / (1 - scrap)``.

    Raises
    ------
    NetworkError
        If an attribute breaks its rule.
    """

    name: str
    node: str
    consumes: Mapping[str, float] = NONE
    produces: Mapping[str, float] = NONE
    duration: int = 0
    uses: Mapping[str, float] = NONE
    batch: float | None = None
    yield_: float = 1.0
    scrap: Mapping[str, float] = NONE

    def __post_init__(self) -> None:
        report = conform(self, self.name)
        if not report.defects:
            self._check_bill(report)
        report.close()

    def _check_bill(self, report: Report) -> None:
        if not self.consumes and not self.produces:
            report.add(
                "produces",
                "{}",
                "must name an item, or consumes must",
                "Add what the process makes or takes.",
            )
        for item in self.consumes:
            if item in self.produces:
                rule = "must not be consumed by the process that makes it"
                report.add(f"produces[{item!r}]", shown(self.produces[item]), rule, "Net the two quantities.")
        for item, share in self.scrap.items():
            if item not in self.consumes:
                rule = "must be for an item in consumes"
                report.add(f"scrap[{item!r}]", shown(share), rule, "Scrap of what is made belongs in yield_.")


@final
@dataclass(frozen=True, slots=True)
class Resource(SelfChecked):
    """Machines, labor or tools that processes occupy.

    Parameters
    ----------
    name
        Identifies the resource.
    units
        Number of equal units.
    hours
        Hours of one unit in a period; ``None`` when unlimited.
    states
        States a unit can be in; the first is the state at the start.
    changeover
        (process before, process after) to hours between them.

    Raises
    ------
    NetworkError
        If an attribute breaks its rule.
    """

    name: str
    units: int = 1
    hours: float | None = None
    states: tuple[str, ...] = ("up",)
    changeover: Mapping[tuple[str, str], float] = NONE

    def __post_init__(self) -> None:
        conform(self, self.name).close()


@final
@dataclass(frozen=True, slots=True)
class Inspection(SelfChecked):
    """A sampling plan: a lot passes when a sample has few enough defective units.

    Parameters
    ----------
    target
        Name of the lane or process whose lots are inspected.
    sample_size
        Units drawn from a lot [n].
    acceptance_number
        Defective units up to which the lot passes [a].

    Raises
    ------
    NetworkError
        If an attribute breaks its rule.
    """

    target: str
    sample_size: int
    acceptance_number: int

    def __post_init__(self) -> None:
        report = conform(self, self.target)
        if not report.defects and self.acceptance_number >= self.sample_size:
            rule = f"must be below sample_size, which is {self.sample_size}"
            report.add("acceptance_number", shown(self.acceptance_number), rule)
        report.close()


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

    Raises
    ------
    NetworkError
        If an attribute breaks its rule.
    """

    scope: str | tuple[str, ...]
    metric: Literal["spend", "orders", "units", "volume", "weight"]
    cap: float
    hard: bool = True

    def __post_init__(self) -> None:
        if isinstance(self.scope, str):
            object.__setattr__(self, "scope", (self.scope,))
        conform(self, self.label).close()

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
