"""Save and load a network: one TOML text, or a folder of TOML and CSV tables."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

from basestock.network.csv_tables import csv_text, read_csv
from basestock.network.document import (
    FORMAT,
    SECTIONS,
    UNMET_COLUMNS,
    Row,
    network_of,
    unmet_rows,
    values_of,
    without_defaults,
)
from basestock.network.errors import Defect, nearest, shown
from basestock.network.lane_tables import (
    LANE_COLUMNS,
    LANE_ITEM_COLUMNS,
    lane_item_rows,
    lane_row,
    merged_lanes,
    repeated_items,
)
from basestock.network.schema import SCHEMA
from basestock.network.supply_network import SupplyNetwork
from basestock.network.toml_text import parse_toml, toml_document

NETWORK_FILE: Final = "network.toml"
"""File of a folder that holds the scalars and the small tables."""

TABLES: Final[dict[str, dict[str, str]]] = {
    **{
        section: {attribute.name: attribute.kind for attribute in SCHEMA[SECTIONS[section]]}
        for section in ("items", "nodes", "suppliers")
    },
    "lanes": LANE_COLUMNS,
    "lane_items": LANE_ITEM_COLUMNS,
    "processes": {attribute.name: attribute.kind for attribute in SCHEMA["Process"]},
    "unmet_at": dict(zip(UNMET_COLUMNS, ("name", "name", "unmet"), strict=True)),
}
"""CSV table of a folder to its columns and their kinds; the other sections stand in the TOML file."""

_SMALL: Final = tuple(section for section in SECTIONS if section not in TABLES)
_REQUIRED: Final = (NETWORK_FILE, "items.csv", "nodes.csv")


def to_toml(network: SupplyNetwork) -> str:
    """Return a network as one TOML text; values at their defaults are left out.

    Examples
    --------
    >>> from basestock.network import single_item
    >>> print(to_toml(single_item(lead_time=4)).splitlines()[-1])
    lead_time = 4
    """
    tables: dict[str, Sequence[Mapping[str, object]]] = {
        section: [without_defaults(part) for part in getattr(network, section)] for section in SECTIONS
    }
    return toml_document(_scalars(network), {**tables, "unmet_at": unmet_rows(network)})


def from_toml(text: str, *, file: str = NETWORK_FILE, besides: Sequence[str] = ()) -> SupplyNetwork:
    """Return the network that a TOML text describes.

    Parameters
    ----------
    text
        What :func:`to_toml` writes; attributes may be left out where they have a default.
    file
        Name of the file, for messages.
    besides
        Tables of the text that are not about the network, and are left to whoever reads them.

    Raises
    ------
    NetworkError
        With everything that is wrong, each with its table and field.
    """
    defects: list[Defect] = []
    document = {name: value for name, value in _parsed(text, file, defects).items() if name not in besides}
    sections = _sections(document, file, (*SECTIONS, "unmet_at"), defects)
    return network_of(sections, document.get("unmet", "lost"), defects)


def save(network: SupplyNetwork, folder: Path | str) -> None:
    """Write a network to a folder: ``network.toml`` and one CSV file for each large table.

    Parameters
    ----------
    network
        The network; equal networks are written to equal bytes.
    folder
        Created if absent. The network that stood there is replaced.
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    small = {section: [without_defaults(part) for part in getattr(network, section)] for section in _SMALL}
    _write(place / NETWORK_FILE, toml_document(_scalars(network), small))
    rows: dict[str, list[dict[str, object]]] = {
        "lanes": [lane_row(lane) for lane in network.lanes],
        "lane_items": [row for lane in network.lanes for row in lane_item_rows(lane)],
        "unmet_at": unmet_rows(network),
    }
    for table, columns in TABLES.items():
        listed = rows[table] if table in rows else [values_of(part) for part in getattr(network, table)]
        # A table without rows is written as well, so that none is left over from an earlier network.
        _write(place / f"{table}.csv", csv_text(columns, listed))


def load(folder: Path | str) -> SupplyNetwork:
    """Return the network that a folder holds.

    Parameters
    ----------
    folder
        What :func:`save` writes; tables may be left out, but for items and nodes.

    Raises
    ------
    NetworkError
        With everything that is wrong, each with its file, row and field.
    """
    place = Path(folder)
    defects: list[Defect] = []
    document = _parsed(_read(place, NETWORK_FILE, defects), NETWORK_FILE, defects)
    sections = _sections(document, NETWORK_FILE, _SMALL, defects)
    for table, columns in TABLES.items():
        file = f"{table}.csv"
        text = _read(place, file, defects)
        rows = read_csv(file, text, columns, defects) if text is not None else []
        sections[table] = [Row(f"{file} row {number}", values) for number, values in rows]
    lane_items = sections.pop("lane_items")
    defects += repeated_items(lane_items)
    sections["lanes"] = merged_lanes(sections["lanes"], lane_items, defects)
    return network_of(sections, document.get("unmet", "lost"), defects)


def _scalars(network: SupplyNetwork) -> dict[str, object]:
    return {"format": FORMAT, "unmet": network.unmet}


def _write(path: Path, text: str) -> None:
    path.write_bytes(text.encode("utf-8"))


def _read(folder: Path, file: str, defects: list[Defect]) -> str | None:
    """Return the text of a file without its byte-order mark; ``None`` when there is none to read."""
    path = folder / file
    if not path.is_file():
        if file in _REQUIRED:
            remedy = f"Save the network to {folder}, or correct the folder."
            defects.append(Defect("File", file, "content", "absent", "must be given", remedy))
        return None
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        value = f"{error.object[error.start : error.start + 1]!r} at byte {error.start}"
        defects.append(Defect("File", file, "encoding", value, "must be UTF-8", "Save the file as UTF-8."))
        return None


def _parsed(text: str | None, file: str, defects: list[Defect]) -> dict[str, Any]:
    """Return a TOML text as a document of a known format; an empty one when it is not."""
    if text is None:
        return {}
    try:
        document = parse_toml(text)
    except ValueError as error:
        defects.append(Defect("File", file, "content", str(error), "must be TOML", "Correct the file."))
        return {}
    if document.get("format") != FORMAT:
        rule = f"must be {FORMAT}, the format that this version reads"
        defects.append(
            Defect("File", file, "format", shown(document.get("format")), rule, "Save the network again.")
        )
    return document


def _sections(
    document: Mapping[str, Any], file: str, allowed: Sequence[str], defects: list[Defect]
) -> dict[str, Sequence[Row]]:
    sections: dict[str, Sequence[Row]] = {}
    for name, value in document.items():
        if name in ("format", "unmet"):
            continue
        if name not in allowed:
            remedy = f"{nearest(name, allowed)}Rename or drop it."
            defects.append(
                Defect("File", file, "table", shown(name), f"must be one of {', '.join(allowed)}", remedy)
            )
        elif not _is_array_of_tables(value):
            rule = f"must be tables written as [[{name}]]"
            defects.append(Defect("File", file, name, shown(value), rule, "Correct the file."))
        else:
            rows = cast("list[dict[str, Any]]", value)
            sections[name] = [Row(f"{file} {name} {number}", row) for number, row in enumerate(rows, start=1)]
    return sections


def _is_array_of_tables(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(row, dict) for row in cast("list[object]", value))
