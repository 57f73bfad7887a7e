"""A network as rows of plain values and back: the form that both file formats share."""

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from basestock.network.errors import Defect, NetworkError, nearest, shown
from basestock.network.life import DemandClass
from basestock.network.market import Goodwill, PriceResponse, ReturnFlow, Substitution, place_label
from basestock.network.production import Inspection, Process, Resource
from basestock.network.schema import REQUIRED, SCHEMA, Attribute
from basestock.network.supply_network import SupplyNetwork
from basestock.network.types import Item, Lane, Limit, Node, Supplier, default_lane_name

FORMAT = 1
"""Version of the file formats."""

_TYPES: dict[str, Callable[..., Any]] = {
    "Item": Item,
    "Node": Node,
    "Supplier": Supplier,
    "Lane": Lane,
    "Process": Process,
    "Resource": Resource,
    "Inspection": Inspection,
    "Limit": Limit,
    "DemandClass": DemandClass,
    "PriceResponse": PriceResponse,
    "Substitution": Substitution,
    "ReturnFlow": ReturnFlow,
    "Goodwill": Goodwill,
}

SECTIONS: dict[str, str] = {
    attribute.name: attribute.kind for attribute in SCHEMA["SupplyNetwork"] if attribute.kind in _TYPES
}
"""Attribute of a network to the type of its parts."""

UNMET_COLUMNS = ("node", "item", "unmet")
"""Fields of a row of ``unmet_at``."""

_WHOLE = re.compile(r"-?\d{1,18}", re.ASCII)


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """Plain values of one part, and where they stand.

    Parameters
    ----------
    place
        File and row, for messages.
    values
        Attribute to plain value; absent attributes take their default.
    """

    place: str
    values: Mapping[str, Any]


def plain(attribute: Attribute, value: Any) -> object:
    """Return an attribute's value in numbers, text, lists and mappings with text keys."""
    if attribute.kind == "lead time":
        return _plain_law(value)
    if attribute.kind == "lead times":
        return {item: _plain_law(law) for item, law in value.items()}
    if attribute.kind == "pairs":
        return [
            {"before": before, "after": after, attribute.unit: number}
            for (before, after), number in value.items()
        ]
    if attribute.kind in ("names", "weekdays", "levels"):
        return list(value)
    return dict(value) if isinstance(value, Mapping) else value


def _plain_law(law: int | Mapping[int, float]) -> object:
    return {str(periods): law[periods] for periods in law} if isinstance(law, Mapping) else law


def authored(attribute: Attribute, value: Any) -> Any:
    """Return a plain value as the constructor takes it; another form is left for the checks to report."""
    if attribute.kind == "lead time":
        return _authored_law(value)
    if attribute.kind == "lead times" and isinstance(value, Mapping):
        return {item: _authored_law(law) for item, law in cast("Mapping[Any, Any]", value).items()}
    if attribute.kind == "pairs" and isinstance(value, list):
        return _authored_pairs(attribute, cast("list[Any]", value))
    return value


def _authored_law(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    law = cast("Mapping[str, Any]", value)
    return {int(key) if _WHOLE.fullmatch(key) else key: law[key] for key in law}


def _authored_pairs(attribute: Attribute, value: list[Any]) -> Any:
    fields = ("before", "after", attribute.unit)
    if not all(isinstance(entry, dict) and tuple(sorted(entry)) == tuple(sorted(fields)) for entry in value):
        return value
    return {(entry["before"], entry["after"]): entry[attribute.unit] for entry in value}


def values_of(part: object) -> dict[str, object]:
    """Return the plain values of a part; ``None`` and empty mappings are left out."""
    values: dict[str, object] = {}
    for attribute in SCHEMA[type(part).__name__]:
        value = getattr(part, attribute.name)
        if value is not None and not (isinstance(value, Mapping) and not value):
            values[attribute.name] = plain(attribute, value)
    return values


def without_defaults(part: object) -> dict[str, object]:
    """Return the plain values of a part that differ from their defaults."""
    defaults = {attribute.name: attribute.default for attribute in SCHEMA[type(part).__name__]}
    if isinstance(part, Lane):
        defaults["name"] = default_lane_name(part.source, part.destination)
    values = values_of(part)
    return {name: value for name, value in values.items() if getattr(part, name) != defaults[name]}


def unmet_rows(network: SupplyNetwork) -> list[dict[str, object]]:
    """Return ``unmet_at`` as rows."""
    return [{"node": node, "item": item, "unmet": unmet} for (node, item), unmet in network.unmet_at.items()]


def network_of(
    sections: Mapping[str, Sequence[Row]], unmet: Any, defects: Iterable[Defect] = ()
) -> SupplyNetwork:
    """Return the network that rows describe.

    Parameters
    ----------
    sections
        Attribute of the network to the rows of its parts; ``"unmet_at"`` to rows of node, item and unmet.
    unmet
        What happens to demand without stock.
    defects
        What the reader found already.

    Raises
    ------
    NetworkError
        With everything that is wrong, each with its place.
    """
    found = list(defects)
    parts = {section: _built(kind, sections.get(section, ()), found) for section, kind in SECTIONS.items()}
    unmet_at = _unmet_at(sections.get("unmet_at", ()), found)
    if found:
        raise NetworkError(found)
    try:
        return SupplyNetwork(**parts, unmet=unmet, unmet_at=unmet_at)
    except NetworkError as error:
        raise NetworkError(_placed(error.defects, sections)) from None


def _built(kind: str, rows: Sequence[Row], found: list[Defect]) -> tuple[Any, ...]:
    parts: list[Any] = []
    attributes = {attribute.name: attribute for attribute in SCHEMA[kind]}
    for row in rows:
        wrong = [*unknown_fields(kind, row, attributes), *_missing_fields(kind, row, attributes.values())]
        found += wrong
        if not wrong:
            values = {name: authored(attributes[name], value) for name, value in row.values.items()}
            try:
                parts.append(_TYPES[kind](**values))
            except NetworkError as error:
                found += [dataclasses.replace(defect, place=row.place) for defect in error.defects]
    return tuple(parts)


def unknown_fields(kind: str, row: Row, known: Iterable[str]) -> list[Defect]:
    """Return a defect for each field of a row that its type does not have."""
    names = list(known)
    return [
        Defect(kind, _label(row), field, shown(value), "must be absent: there is no such attribute",
               f"{nearest(field, names)}Rename or drop the field.", row.place)
        for field, value in row.values.items()
        if field not in names
    ]  # fmt: skip


def _missing_fields(kind: str, row: Row, attributes: Iterable[Attribute]) -> list[Defect]:
    return [
        Defect(kind, _label(row), attribute.name, "absent", "must be given", "Add the value.", row.place)
        for attribute in attributes
        if attribute.default is REQUIRED and attribute.name not in row.values
    ]


def _label(row: Row) -> str:
    return str(row.values.get("name", row.values.get("target", "")))


def _unmet_at(rows: Sequence[Row], found: list[Defect]) -> dict[tuple[str, str], Any]:
    unmet_at: dict[tuple[str, str], Any] = {}
    for row in rows:
        wrong = unknown_fields("unmet_at", row, UNMET_COLUMNS)
        wrong += [
            _unmet_defect(row, field, "absent", "must be given")
            for field in UNMET_COLUMNS
            if field not in row.values
        ]
        wrong += [
            _unmet_defect(row, field, shown(row.values[field]), "must be a name")
            for field in ("node", "item")
            if field in row.values and not isinstance(row.values[field], str)
        ]
        found += wrong
        if wrong:
            continue
        key = (row.values["node"], row.values["item"])
        if key in unmet_at:
            found.append(_unmet_defect(row, "(node, item)", shown(key), "must have one row only"))
        unmet_at[key] = row.values["unmet"]
    return unmet_at


def _unmet_defect(row: Row, field: str, value: str, rule: str) -> Defect:
    return Defect("unmet_at", "", field, value, rule, "Correct the row.", row.place)


def _placed(defects: Iterable[Defect], sections: Mapping[str, Sequence[Row]]) -> list[Defect]:
    """Add the place of its offender to each defect."""
    places: dict[tuple[str, str], str] = {}
    for section, rows in sections.items():
        for row in rows:
            places.setdefault(_offender(section, row.values), row.place)
    return [
        dataclasses.replace(defect, place=places.get((defect.kind, defect.name or defect.field), ""))
        for defect in defects
    ]


def _offender(section: str, values: Mapping[str, Any]) -> tuple[str, str]:
    """Return kind and name of a row as defects state them, or kind and field for the network itself."""
    if section == "unmet_at":
        return "SupplyNetwork", f"unmet_at[{(values['node'], values['item'])!r}]"
    kind = SECTIONS[section]
    if kind == "Lane" and not values.get("name"):
        return kind, default_lane_name(values["source"], values["destination"])
    if kind == "Limit":
        return kind, Limit(**values).label
    if kind == "Substitution":
        return kind, f"{place_label(values['item'], values['node'])} by {values['substitute']}"
    if "node" in values and "item" in values:
        return kind, place_label(values["item"], values["node"])
    return kind, str(values.get("name", values.get("target")))
