"""Lanes as two tables: a row for each lane, and a row for each item that a lane lists or treats apart."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Final

from basestock.network.checks import CHECKS, Report
from basestock.network.document import Row, authored, plain, values_of
from basestock.network.errors import Defect, Suggestions, shown
from basestock.network.schema import SCHEMA
from basestock.network.types import Lane, default_lane_name

ALL, LISTED = "all", "listed"
"""What a lane's cell ``items`` says: it carries all items, or those in the second table."""

_ATTRIBUTES: Final = {attribute.name: attribute for attribute in SCHEMA["Lane"]}
_BY_ITEM: Final = {
    "lead_time": "item_lead_time",
    "order_minimum": "order_minimum",
    "order_multiple": "order_multiple",
    "order_maximum": "order_maximum",
}

LANE_COLUMNS: Final[dict[str, str]] = {
    "name": "name",
    **{name: attribute.kind for name, attribute in _ATTRIBUTES.items() if name != "item_lead_time"},
    "items": "choice",
}
"""Columns of the table of lanes, with the kinds of their cells."""

LANE_ITEM_COLUMNS: Final[dict[str, str]] = {
    "lane": "name",
    "item": "name",
    **{column: _ATTRIBUTES[column].kind for column in _BY_ITEM},
}
"""Columns of the table of items of lanes, with the kinds of their cells."""


def lane_row(lane: Lane) -> dict[str, object]:
    """Return the row of a lane; what differs by item is left to :func:`lane_item_rows`."""
    values = {name: value for name, value in values_of(lane).items() if not _differs_by_item(name, value)}
    return values | {"items": ALL if lane.items is None else LISTED}


def _differs_by_item(name: str, value: object) -> bool:
    return name == "item_lead_time" or (
        name in _BY_ITEM and name != "lead_time" and isinstance(value, Mapping)
    )


def lane_item_rows(lane: Lane) -> list[dict[str, object]]:
    """Return a row for each item that the lane lists; if it carries all, for each with values of its own."""
    own: dict[str, Mapping[str, Any]] = {}
    for column, field in _BY_ITEM.items():
        value = getattr(lane, field)
        own[column] = value if isinstance(value, Mapping) else {}
    special = sorted({item for values in own.values() for item in values})
    rows: list[dict[str, object]] = []
    for item in special if lane.items is None else lane.items:
        cells = {c: plain(_ATTRIBUTES[c], values[item]) for c, values in own.items() if item in values}
        rows.append({"lane": lane.name, "item": item, **cells})
    return rows


def merged_lanes(lanes: Sequence[Row], lane_items: Sequence[Row], defects: list[Defect]) -> list[Row]:
    """Return the rows of lanes with what the second table says about their items.

    Parameters
    ----------
    lanes, lane_items
        Rows of the two tables.
    defects
        What is wrong is added here.
    """
    names = [_name(row) for row in lanes]
    suggestions, known = Suggestions(), frozenset(names)
    by_lane: dict[str, list[Row]] = {name: [] for name in names}
    for row in lane_items:
        lane = row.values.get("lane", "")
        if lane in by_lane:
            by_lane[lane].append(row)
        else:
            remedy = f"{suggestions.nearest(lane, known)}Correct the row."
            defects.append(
                Defect("Lane", "", "lane", shown(lane), "must be the name of a lane", remedy, row.place)
            )
    return [_merged(row, name, by_lane[name], defects) for row, name in zip(lanes, names, strict=True)]


def _name(row: Row) -> str:
    default = default_lane_name(row.values.get("source", ""), row.values.get("destination", ""))
    return row.values.get("name") or default


def _merged(lane: Row, name: str, rows: Sequence[Row], defects: list[Defect]) -> Row:
    values = dict(lane.values)
    scope = values.pop("items", ALL)
    if scope not in (ALL, LISTED):
        rule = f"must be {ALL!r}, or {LISTED!r} for those in the table of items of lanes"
        defects.append(Defect("Lane", name, "items", shown(scope), rule, "Correct the lane.", lane.place))
    if scope == LISTED:
        values["items"] = [row.values.get("item", "") for row in rows]
    for column, field in _BY_ITEM.items():
        own = _own_values(name, column, rows, defects)
        if own and field in values:
            rule = "must be absent where rows of single items give it"
            defect = Defect(
                "Lane", name, field, shown(values[field]), rule, "Keep one of the two.", lane.place
            )
            defects.append(defect)
        elif own:
            values[field] = own
    return Row(lane.place, values)


def _own_values(name: str, column: str, rows: Sequence[Row], defects: list[Defect]) -> dict[str, Any]:
    """Return item to value of one column; what breaks its rule is reported with its own row and left out."""
    own: dict[str, Any] = {}
    attribute = _ATTRIBUTES[column]
    for row in rows:
        if column in row.values:
            report = Report("Lane", name)
            value = authored(attribute, row.values[column])
            CHECKS[attribute.kind](attribute, value, report)
            defects += [dataclasses.replace(defect, place=row.place) for defect in report.defects]
            if not report.defects:
                own[row.values.get("item", "")] = plain(attribute, value)
    return own


def repeated_items(lane_items: Sequence[Row]) -> list[Defect]:
    """Return a defect for each row that names a lane and an item that an earlier row names."""
    seen: set[tuple[str, str]] = set()
    defects: list[Defect] = []
    for row in lane_items:
        key = (row.values.get("lane", ""), row.values.get("item", ""))
        if key in seen:
            rule = "must have one row only for the lane"
            defects.append(
                Defect("Lane", key[0], "item", shown(key[1]), rule, "Drop one of the rows.", row.place)
            )
        seen.add(key)
    return defects
