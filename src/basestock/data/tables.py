"""The canonical tables: one place that the loader, the validators, the schema export and the template read.

Examples
--------
>>> TABLES["inventory"].key
('as_of', 'item_id', 'location_id')
>>> TABLES["item_supplier"].resolve("moq")
'order_minimum'
"""

from __future__ import annotations

from basestock.data.schema.masters import MASTERS
from basestock.data.schema.model import Column, ColumnType, Requirement, Table
from basestock.data.schema.movements import MOVEMENTS
from basestock.data.schema.outputs import OUTPUTS
from basestock.data.schema.structure import STRUCTURE

__all__ = ["OUTPUT_TABLES", "TABLES", "Column", "ColumnType", "Requirement", "Table", "schema_json"]

TABLES: dict[str, Table] = {table.name: table for table in (*MASTERS, *MOVEMENTS, *STRUCTURE)}
"""Every input table by name, masters first."""

OUTPUT_TABLES: dict[str, Table] = {table.name: table for table in OUTPUTS}
"""Every output table by name."""

_JSON_TYPES: dict[ColumnType, dict[str, str]] = {
    "str": {"type": "string"},
    "enum": {"type": "string"},
    "dec": {"type": "number"},
    "int": {"type": "integer"},
    "bool": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "ts": {"type": "string", "format": "date-time"},
}
_NUMBERS = ("dec", "int")


def _json_default(column: Column) -> object:
    """Return the default as a JSON value."""
    text = column.default or ""
    if column.type in _NUMBERS:
        return int(text) if column.type == "int" else float(text)
    return text == "true" if column.type == "bool" else text


def _column_schema(column: Column) -> dict[str, object]:
    described: dict[str, object] = {**_JSON_TYPES[column.type]}
    if not column.required:
        described["type"] = [described["type"], "null"]
    if column.choices:
        described["enum"] = [*column.choices] if column.required else [*column.choices, None]
    for bound, is_open, name in (
        (column.lower, column.open_lower, "Minimum"),
        (column.upper, column.open_upper, "Maximum"),
    ):
        if bound is not None:
            described[f"exclusive{name}" if is_open else name.lower()] = bound
    if column.default is not None:
        described["default"] = _json_default(column)
    described["description"] = column.description
    extras = {
        "x-unit": column.unit,
        "x-requirement": column.requirement,
        "x-key": column.key,
        "x-aliases": list(column.aliases),
        "x-refers": column.refers,
        "x-code": column.code,
    }
    return described | {name: value for name, value in extras.items() if value}


def schema_json(table: str) -> dict[str, object]:
    """Return the JSON Schema of one row of a table.

    Parameters
    ----------
    table : str
        Name of an input or output table.

    Returns
    -------
    dict
        JSON Schema (draft 2020-12); what it cannot say is in keys that begin with ``x-``: unit, requirement
        (R, C, O), key, aliases, referenced table, code of a violation.

    Raises
    ------
    KeyError
        If there is no such table; the message names the nearest.

    Examples
    --------
    >>> schema_json("inventory")["required"]
    ['item_id', 'on_hand']
    >>> schema_json("uom_conversion")["properties"]["factor"]["exclusiveMinimum"]
    0.0
    """
    found = TABLES.get(table) or OUTPUT_TABLES.get(table)
    if found is None:
        from basestock.data.names import nearest

        raise KeyError(f"no table `{table}`{nearest(table, [*TABLES, *OUTPUT_TABLES])}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": found.name,
        "description": found.title,
        "type": "object",
        "properties": {column.name: _column_schema(column) for column in found.columns},
        "required": [column.name for column in found.columns if column.required],
        "x-key": list(found.key),
        "x-tier": found.tier,
        "x-unlocks": found.unlocks,
    }
