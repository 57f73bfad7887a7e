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
_PER_UNIT = "units of currency per unit of item"

SCHEMA: Final[dict[str, tuple[Attribute, ...]]] = {
    "Item": (
        _name("identifies the item"),
        Attribute("shelf_life", "whole number", _PERIODS, None,
                  "periods until a new unit expires; None: never", low=1, symbol="m"),
        Attribute("decay_rate", "number", "share per period", None,
                  "share of stock that perishes each period", low=0.0, high=1.0, excludes_high=True),
        Attribute("issuing", "choice", "-", "fifo", "which units leave first: oldest, newest, or both",
                  choices=("fifo", "lifo", "mixed")),
        Attribute("oldest_share", "number", "share", 0.5,
                  "share of each withdrawal that takes the oldest units, where issuing is mixed",
                  low=0.0, high=1.0),
        Attribute("life_classes", "whole number", "-", None,
                  "number of classes that remaining life is kept in; None: one for each period", low=1),
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
        Attribute("allocation", "choice", "-", "proportional", "how it shares its stock when it is short",
                  choices=("proportional", "priority", "first_come", "largest_remainder", "least_shortfall")),
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
        Attribute("life_on_receipt", "limit", _PERIODS, None,
                  "remaining life of what a supplier delivers, or {item: life}; None: the whole shelf life",
                  low=1.0),
        Attribute("order_delay", "whole number", _PERIODS, 0, "periods that an order travels to the source",
                  low=0, high=MAX_LEAD_TIME),
        Attribute("capacity", "number", "units of volume per period", None,
                  "what it ships at most over all its items; None: unlimited", low=0.0),
        Attribute("vehicle_capacity", "number", "units of volume", None,
                  "what one vehicle holds; None: there are no vehicles", low=0.0, excludes_low=True),
        Attribute("full_vehicles", "flag", "-", False, "whether an order fills whole vehicles"),
        Attribute("interruption", "choice", "-", "never",
                  "whether it can be closed, and what happens then to what is under way",
                  choices=("never", "keep_moving", "wait")),
        Attribute("max_extra_lead_time", "whole number", _PERIODS, 0,
                  "most periods that a disruption adds to the lead time", low=0, high=MAX_LEAD_TIME),
        Attribute("price_breaks", "levels", "units of item", (),
                  "order quantities from which the next price holds", low=0.0, excludes_low=True),
        Attribute("break_kind", "choice", "-", "all_units",
                  "whether a price holds for the whole order or for the units beyond its break",
                  choices=("all_units", "incremental")),
        Attribute("special_share", "number", "share", 0.0,
                  "probability that a customer without stock takes a delivery straight from the source",
                  low=0.0, high=1.0),
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
        Attribute("priority", "whole number", "-", 1,
                  "lower numbers take components and hours first; equal numbers go by name", low=0),
        Attribute("yield_law", "choice", "-", "fixed",
                  "good share of a lot: fixed, unit by unit, or a share of the lot",
                  choices=("fixed", "binomial", "beta")),
        Attribute("yield_deviation", "number", "share", 0.0,
                  "standard deviation of the good share of a lot, for the beta law", low=0.0, high=0.5),
    ),
    "Resource": (
        _name("identifies the machines, the labor or the tools"),
        Attribute("units", "whole number", "-", 1, "number of equal units", low=1),
        Attribute("hours", "number", "hours per period", None,
                  "hours of one unit in a period; None: unlimited", low=0.0),
        Attribute("states", "names", "-", ("up",), "states a unit can be in"),
        Attribute("changeover", "pairs", _HOURS, NONE,
                  "(process before, process after) to hours between them", low=0.0),
        Attribute("overtime", "number", "hours per period", 0.0,
                  "hours of one unit beyond hours that a decision may call for", low=0.0),
        Attribute("breakdown", "number", "share per period", 0.0,
                  "probability that it breaks down while it is up", low=0.0, high=1.0, excludes_high=True),
        Attribute("repair_time", "lead time", _PERIODS, 1,
                  "periods that a breakdown lasts, or {periods: probability}", low=1, high=MAX_LEAD_TIME),
        Attribute("breakdown_share", "number", "share", 1.0, "share of the hours that a breakdown takes",
                  low=0.0, high=1.0),
        Attribute("maintenance_every", "whole number", _PERIODS, None,
                  "periods from one maintenance to the next; None: never", low=2),
        Attribute("maintenance_length", "whole number", _PERIODS, 1, "periods that a maintenance lasts", low=1),
        Attribute("maintenance_phase", "whole number", _PERIODS, 0,
                  "it is maintained when (period - phase) % every < length", low=0),
    ),
    "Inspection": (
        Attribute("target", "name", "-", REQUIRED,
                  "lane or process whose lots are inspected", low=1, high=250),
        Attribute("sample_size", "whole number", "units of item", REQUIRED, "units drawn from a lot", low=1,
                  symbol="n"),
        Attribute("acceptance_number", "whole number", "units of item", REQUIRED,
                  "defective units up to which the lot passes", low=0, symbol="a"),
        Attribute("second_sample_size", "whole number", "units of item", None,
                  "units of a second sample when the first decides nothing; None: single sampling", low=1),
        Attribute("second_acceptance_number", "whole number", "units of item", None,
                  "defective units of both samples up to which the lot passes", low=0),
    ),
    "Limit": (
        Attribute("scope", "names", "-", REQUIRED,
                  "'network', or the nodes, suppliers and lanes that share the limit"),
        Attribute("metric", "choice", "-", REQUIRED, "what is limited in each period",
                  choices=("spend", "orders", "units", "volume", "weight")),
        Attribute("cap", "number", "units of the metric per period", REQUIRED, "largest value", low=0.0),
        Attribute("hard", "flag", "-", True,
                  "whether the limit is never exceeded; else exceeding it has a price"),
        Attribute("floor", "number", "units of the metric per period", 0.0,
                  "smallest value agreed on; falling short of it has a price", low=0.0),
        Attribute("rule", "choice", "-", "cut_in_order_of_priority", "how a decision beyond a hard cap is cut",
                  choices=("cut_in_order_of_priority", "scale_proportionally")),
    ),
    "DemandClass": (
        _name("identifies the customers who are served together"),
        Attribute("issuing", "choice", "-", None,
                  "which units they take: oldest or newest; None: as the item says", choices=("fifo", "lifo")),
    ),
    "PriceResponse": (
        Attribute("node", "name", "-", REQUIRED, "where customers buy", low=1, high=100),
        Attribute("item", "name", "-", REQUIRED, "what they buy", low=1, high=100),
        Attribute("reference_price", "number", _PER_UNIT, REQUIRED,
                  "price at which demand is what its law says", low=0.0, excludes_low=True, symbol="p0"),
        Attribute("elasticity", "number", "-", REQUIRED,
                  "relative change of demand for a relative change of the price", low=-20.0, high=0.0),
        Attribute("law", "choice", "-", "log_linear", "form of the answer",
                  choices=("linear", "log_linear", "logit")),
        Attribute("competitor_elasticity", "number", "-", 0.0,
                  "the same for the price over the competitor's price", low=-20.0, high=0.0),
        Attribute("reference_share", "number", "share", 0.5,
                  "share who choose this offer at the reference price, for logit", low=0.0, high=1.0,
                  excludes_low=True, excludes_high=True),
        Attribute("competitor_share", "number", "share", 0.25,
                  "share who choose the competitor's offer then, for logit", low=0.0, high=1.0, excludes_high=True),
        Attribute("lowest_price", "number", _PER_UNIT, None,
                  "lowest price; None: a tenth of the reference price", low=0.0, excludes_low=True),
        Attribute("highest_price", "number", _PER_UNIT, None,
                  "highest price; None: ten times the reference price", low=0.0),
    ),
    "Substitution": (
        Attribute("node", "name", "-", REQUIRED, "where customers buy", low=1, high=100),
        Attribute("item", "name", "-", REQUIRED, "what they want", low=1, high=100),
        Attribute("substitute", "name", "-", REQUIRED, "what they take instead", low=1, high=100),
        Attribute("share", "number", "share", REQUIRED, "share of those without stock who would", low=0.0, high=1.0),
        Attribute("law", "choice", "-", "fixed", "whether exactly the share takes it, or each customer by chance",
                  choices=("fixed", "binomial")),
    ),
    "ReturnFlow": (
        Attribute("node", "name", "-", REQUIRED, "where customers bring back", low=1, high=100),
        Attribute("item", "name", "-", REQUIRED, "what they bring back", low=1, high=100),
        Attribute("share", "number", "share", REQUIRED, "share of units sold that come back", low=0.0, high=1.0),
        Attribute("delay", "whole number", _PERIODS, 1, "periods from the sale to the return", low=1,
                  high=MAX_LEAD_TIME),
        Attribute("restock_share", "number", "share", 1.0, "share of what comes back that is sold again",
                  low=0.0, high=1.0),
        Attribute("overtime_share", "number", "share", 0.0,
                  "share that comes back in addition of what is sold while all hours are overtime",
                  low=0.0, high=1.0),
    ),
    "Goodwill": (
        Attribute("node", "name", "-", REQUIRED, "where customers buy", low=1, high=100),
        Attribute("item", "name", "-", REQUIRED, "what they buy", low=1, high=100),
        Attribute("memory", "number", "share", 0.9, "share of satisfaction carried into the next period",
                  low=0.0, high=1.0, excludes_high=True),
        Attribute("stockout_effect", "number", "-", 1.0, "loss of satisfaction when all demand stays unmet",
                  low=0.0),
        Attribute("price_effect", "number", "-", 0.0,
                  "loss when the price changes by the reference price every period", low=0.0),
        Attribute("return_effect", "number", "-", 0.0, "loss when every unit sold comes back", low=0.0),
        Attribute("demand_effect", "number", "share", 0.5, "share of demand lost at satisfaction 0",
                  low=0.0, high=1.0),
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
        Attribute("demand_classes", "DemandClass", "-", (), "who is served, first come first; none: all alike"),
        Attribute("responses", "PriceResponse", "-", (), "who answers to prices"),
        Attribute("substitutions", "Substitution", "-", (), "who takes another item on a stockout"),
        Attribute("returns", "ReturnFlow", "-", (), "who brings back what was bought"),
        Attribute("goodwill", "Goodwill", "-", (), "who remembers bad experience"),
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
