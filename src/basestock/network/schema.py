"""The attributes of every authored type: one table that construction, files and documentation read."""

import dataclasses
from typing import Any, Final

from basestock.network.frozen import FrozenMapping

REQUIRED: Final = object()
"""Stands for "no default" in the table."""

NONE: Final[FrozenMapping[Any, Any]] = FrozenMapping()
"""The empty mapping, default of every mapping attribute."""

MAX_LEAD_TIME = 17_520
"""Longest lead time in periods: 730 days of hours. A pipeline holds one slot for each period."""

MAX_EXACT = 16_777_216.0
"""Largest whole quantity that single precision keeps exact, 2 ** 24."""


@dataclasses.dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of an authored type.

    Parameters
    ----------
    name
        Name of the field.
    kind
        How the value is read and checked; a key of :data:`basestock.network.checks.CHECKS`.
    unit
        Unit of the number, or of the numbers inside; ``"-"`` for what is no quantity.
    default
        Value when the author says nothing; ``REQUIRED`` when there is none. ``None`` is a value only where
        it is the default.
    description
        One phrase.
    low, high
        Bounds of the number, or of the numbers inside.
    excludes_low, excludes_high
        Whether a bound itself is refused.
    choices
        The words allowed, for a kind that is a choice.
    symbol
        The literature's symbol.
    """

    name: str
    kind: str
    unit: str
    default: Any
    description: str
    low: float | None = None
    high: float | None = None
    excludes_low: bool = False
    excludes_high: bool = False
    choices: tuple[str, ...] = ()
    symbol: str = ""


def _name(description: str, *, default: Any = REQUIRED, high: int = 100) -> Attribute:
    return Attribute("name", "name", "-", default, description, low=1, high=high)


def _limit(name: str, description: str, symbol: str = "", *, high: float | None = None) -> Attribute:
    return Attribute(
        name, "limit", "units of item", None, description,
        low=0.0, high=high, excludes_low=name == "order_multiple", symbol=symbol,
    )  # fmt: skip


_UNITS, _HOURS, _PERIODS = "units of item", "hours", "periods"

SCHEMA: Final[dict[str, tuple[Attribute, ...]]] = {
    "Item": (
        _name("identifies the item"),
        Attribute("shelf_life", "whole number", _PERIODS, None,
                  "periods until a new unit expires; None: never", low=1, symbol="m"),
        Attribute("decay_rate", "number", "share per period", None,
                  "share of stock that perishes each period", low=0.0, high=1.0, excludes_high=True),
        Attribute("issuing", "choice", "-", "fifo", "which units leave first: oldest, newest, or both",
                  choices=("fifo", "lifo", "mixed")),
        Attribute("volume", "number", "units of volume per unit of item", 0.0,
                  "space one unit takes", low=0.0),
        Attribute("weight", "number", "units of weight per unit of item", 0.0, "weight of one unit", low=0.0),
        Attribute("storage_class", "name", "-", "ambient", "kind of storage the item needs", low=1, high=100),
        Attribute("whole_units", "flag", "-", True, "whether the item exists in whole units only"),
        Attribute("unit", "name", "-", "unit", "name of the unit of the item", low=1, high=100),
    ),
    "Node": (
        _name("identifies the place that holds stock"),
        Attribute("tier", "whole number", "-", 0,
                  "number of the tier in reports, counted from the customer", low=0),
        Attribute("storage", "quantities", "units of volume", NONE,
                  "storage class to capacity; not listed: unlimited", low=0.0),
    ),
    "Supplier": (
        _name("identifies the outside source"),
        Attribute("capacity", "number", "units of item per period", None,
                  "what it ships at most over all its lanes; None: unlimited", low=0.0),
        Attribute("minimum_value", "number", "units of currency", None,
                  "smallest value of an order; None: any", low=0.0),
    ),
    "Lane": (
        Attribute("source", "name", "-", REQUIRED, "supplier or node that ships", low=1, high=100),
        Attribute("destination", "name", "-", REQUIRED, "node that receives", low=1, high=100),
        Attribute("items", "names", "-", None, "items it carries; None: all"),
        _name("identifies the lane; default 'source -> destination'", default="", high=250),
        Attribute("lead_time", "lead time", _PERIODS, 1,
                  "periods from shipping to receipt, or {periods: probability}",
                  low=0, high=MAX_LEAD_TIME, symbol="L"),
        Attribute("item_lead_time", "lead times", _PERIODS, NONE, "item to lead time, where it differs",
                  low=0, high=MAX_LEAD_TIME),
        Attribute("lead_time_known", "choice", "-", "on_order", "when a random lead time becomes known",
                  choices=("on_order", "on_arrival")),
        Attribute("priority", "whole number", "-", 1,
                  "the lane with the lowest number into a place is tried first", low=0),
        _limit("order_minimum", "smallest order, or {item: smallest order}", high=MAX_EXACT),
        _limit("order_multiple", "orders are multiples of this, or {item: multiple}", "Q", high=MAX_EXACT),
        _limit("order_maximum", "largest order, or {item: largest order}"),
        Attribute("review_period", "whole number", _PERIODS, 1, "periods between two chances to order",
                  low=1, symbol="R"),
        Attribute("review_phase", "whole number", _PERIODS, 0,
                  "orders are taken when (period - review_phase) % review_period is 0", low=0),
        Attribute("order_days", "weekdays", "-", None, "weekdays that take orders, 0 = Monday; None: all",
                  low=0, high=6),
        Attribute("unfilled", "choice", "-", "wait", "what happens to what the source cannot ship",
                  choices=("wait", "lost")),
    ),
    "Process": (
        _name("identifies the process"),
        Attribute("node", "name", "-", REQUIRED, "node where it runs", low=1, high=100),
        Attribute("consumes", "quantities", "units of item per run", NONE,
                  "item to quantity that one run takes", low=0.0, high=MAX_EXACT, excludes_low=True),
        Attribute("produces", "quantities", "units of item per run", NONE,
                  "item to quantity that one run makes", low=0.0, high=MAX_EXACT, excludes_low=True),
        Attribute("duration", "whole number", _PERIODS, 0, "periods from start to completion",
                  low=0, high=MAX_LEAD_TIME),
        Attribute("uses", "quantities", "hours per run", NONE, "resource to hours that one run occupies",
                  low=0.0, excludes_low=True),
        Attribute("batch", "number", "runs", None, "runs start in multiples of this; None: in any number",
                  low=0.0, excludes_low=True),
        Attribute("yield_", "number", "share", 1.0, "share of the output that is good", low=0.0, high=1.0,
                  excludes_low=True),
        Attribute("scrap", "quantities", "share", NONE, "consumed item to the share that is scrapped",
                  low=0.0, high=1.0, excludes_high=True),
    ),
    "Resource": (
        _name("identifies the machines, the labor or the tools"),
        Attribute("units", "whole number", "-", 1, "number of equal units", low=1),
        Attribute("hours", "number", "hours per period", None,
                  "hours of one unit in a period; None: unlimited", low=0.0),
        Attribute("states", "names", "-", ("up",), "states a unit can be in"),
        Attribute("changeover", "pairs", _HOURS, NONE,
                  "(process before, process after) to hours between them", low=0.0),
    ),
    "Inspection": (
        Attribute("target", "name", "-", REQUIRED,
                  "lane or process whose lots are inspected", low=1, high=250),
        Attribute("sample_size", "whole number", "units of item", REQUIRED, "units drawn from a lot", low=1,
                  symbol="n"),
        Attribute("acceptance_number", "whole number", "units of item", REQUIRED,
                  "defective units up to which the lot passes", low=0, symbol="a"),
    ),
    "Limit": (
        Attribute("scope", "names", "-", REQUIRED,
                  "'network', or the nodes, suppliers and lanes that share the limit"),
        Attribute("metric", "choice", "-", REQUIRED, "what is limited in each period",
                  choices=("spend", "orders", "units", "volume", "weight")),
        Attribute("cap", "number", "units of the metric per period", REQUIRED, "largest value", low=0.0),
        Attribute("hard", "flag", "-", True,
                  "whether the limit is never exceeded; else exceeding it has a price"),
    ),
    "SupplyNetwork": (
        Attribute("items", "Item", "-", REQUIRED, "what is stocked"),
        Attribute("nodes", "Node", "-", REQUIRED, "where stock is held"),
        Attribute("suppliers", "Supplier", "-", (), "where supply enters"),
        Attribute("lanes", "Lane", "-", (), "how stock moves"),
        Attribute("processes", "Process", "-", (), "how items become other items"),
        Attribute("resources", "Resource", "-", (), "what processes need"),
        Attribute("inspections", "Inspection", "-", (), "what is inspected"),
        Attribute("limits", "Limit", "-", (), "what is shared"),
        Attribute("unmet", "unmet", "share backordered", "lost", "what happens to demand without stock",
                  low=0.0, high=1.0),
        Attribute("unmet_at", "unmet at", "share backordered", NONE,
                  "(node, item) to the same, where it differs", low=0.0, high=1.0),
    ),
}  # fmt: skip
"""Type name to its attributes, in the order of the fields."""


def describe(*names: str) -> str:
    """Return the attributes of authored types as Markdown tables.

    Parameters
    ----------
    names
        Names of types; all types when none is given.

    Examples
    --------
    >>> print(describe("Inspection").splitlines()[0])
    ### Inspection
    """
    return "\n\n".join(_table(name) for name in names or SCHEMA)


def _table(name: str) -> str:
    head = [
        f"### {name}",
        "",
        "| attribute | kind | unit | default | bounds | description |",
        "|---|---|---|---|---|---|",
    ]
    return "\n".join(head + [_row(attribute) for attribute in SCHEMA[name]])


def _row(attribute: Attribute) -> str:
    default = "required" if attribute.default is REQUIRED else repr(attribute.default)
    symbol = f" [{attribute.symbol}]" if attribute.symbol else ""
    head = (f"`{attribute.name}`{symbol}", attribute.kind, attribute.unit)
    return "| " + " | ".join((*head, default, bounds(attribute), attribute.description)) + " |"


def bounds(attribute: Attribute) -> str:
    """Return the bounds of an attribute as text.

    Examples
    --------
    >>> bounds(SCHEMA["Process"][7])
    '> 0 and <= 1'
    """
    if attribute.choices:
        return ", ".join(repr(choice) for choice in attribute.choices)
    low = "" if attribute.low is None else f"{'>' if attribute.excludes_low else '>='} {attribute.low:.16g}"
    high = (
        "" if attribute.high is None else f"{'<' if attribute.excludes_high else '<='} {attribute.high:.16g}"
    )
    return " and ".join(part for part in (low, high) if part)
