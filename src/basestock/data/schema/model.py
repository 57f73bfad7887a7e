"""What a column and a table of the canonical schema are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

ColumnType = Literal["str", "dec", "int", "bool", "date", "ts", "enum"]
Requirement = Literal["R", "C", "O"]

QUANTITY_UNITS = ("base_uom", "uom", "order_uom")
"""Units in which a column counts pieces; the sums of these columns are balanced after each load."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a canonical table.

    Parameters
    ----------
    name : str
        Canonical name.
    type : ColumnType
        ``dec`` is decimal at the border and float64 inside; ``ts`` an instant in UTC.
    unit : str
        Unit of the values, empty for plain text.
    key : bool
        Part of the table's key. A key column that is not required may be null.
    requirement : Requirement
        ``R`` required, ``C`` required for the feature named in the description, ``O`` optional.
    default : str or None
        Canonical text used where the cell is missing; None keeps it missing.
    lower, upper : float or None
        Least and greatest legal value, in `unit`.
    open_lower, open_upper : bool
        The bound itself is not legal.
    choices : tuple of str
        Legal values of an ``enum``.
    aliases : tuple of str
        Other headers read as this column.
    refers : str
        Table whose master row must exist.
    code : str
        Code of a value outside its bounds or of a missing required cell.
    description : str
        One sentence.
    """

    name: str
    type: ColumnType = "str"
    unit: str = ""
    key: bool = False
    requirement: Requirement = "O"
    default: str | None = None
    lower: float | None = None
    upper: float | None = None
    open_lower: bool = False
    open_upper: bool = False
    choices: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    refers: str = ""
    code: str = ""
    description: str = ""

    @property
    def required(self) -> bool:
        """Return True when the file must have this column: required, and nothing stands in for it."""
        return self.requirement == "R" and self.default is None

    @property
    def quantity(self) -> bool:
        """Return True when the column counts pieces, so that its sum must balance."""
        return self.type == "dec" and self.unit in QUANTITY_UNITS

    @property
    def numeric(self) -> bool:
        """Return True for decimals and whole numbers."""
        return self.type in ("dec", "int")


@dataclass(frozen=True, slots=True)
class Table:
    """One canonical table.

    Parameters
    ----------
    name : str
        Name of the table, of its file and of its sheet.
    key : tuple of str
        Columns that identify a row.
    columns : tuple of Column
        In order of output; input tables end with the lineage columns.
    tier : int
        0 needed for a first order list, 1 and 2 unlock more, 3 is written by basestock; outputs have -1.
    title : str
        One sentence.
    unlocks : str
        The feature that the file switches on.
    kind : str
        ``master`` (one row per key), ``snapshot`` (dated state), ``transaction`` (events), ``output``.
    date : str
        Column by which the rows of a history are dated; ``--since`` reads it. Empty otherwise.
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    tier: int
    title: str
    unlocks: str = ""
    kind: Literal["master", "snapshot", "transaction", "output"] = "master"
    date: str = ""
    _index: dict[str, Column] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_index", {column.name: column for column in self.columns})

    def __getitem__(self, name: str) -> Column:
        return self._index[name]

    def __contains__(self, name: object) -> bool:
        return name in self._index

    @property
    def names(self) -> tuple[str, ...]:
        """Return the canonical column names in order."""
        return tuple(self._index)

    @property
    def required(self) -> tuple[str, ...]:
        """Return the columns without which a file is refused."""
        return tuple(column.name for column in self.columns if column.required)

    def resolve(self, header: str) -> str | None:
        """Return the canonical name of a header, through its aliases, or None."""
        if header in self._index:
            return header
        return next((column.name for column in self.columns if header in column.aliases), None)


LINEAGE = (
    Column("source", description="System the row comes from, kept for write-back."),
    Column("source_id", description="Identifier of the row in that system, kept for write-back."),
    Column("updated_at", "ts", "UTC", description="Last change in the source system."),
)
"""Columns every input table accepts and keeps."""

VINTAGE = (
    Column("recorded_at", "ts", "UTC", description="When the value was written."),
    Column("known_at", "ts", "UTC", description="When the value could first be known; backtests respect it."),
)
"""Columns history tables accept besides: no backtest sees a value before it was known."""


def table(
    name: str,
    columns: Iterable[Column],
    *,
    tier: int,
    title: str,
    unlocks: str = "",
    kind: Literal["master", "snapshot", "transaction", "output"] = "master",
    date: str = "",
) -> Table:
    """Build an input or output table; the key is what the columns say, lineage is added to inputs."""
    own = tuple(columns)
    extra = () if kind == "output" else LINEAGE
    if kind in ("snapshot", "transaction"):
        extra = (*extra, *VINTAGE)
    key = tuple(column.name for column in own if column.key)
    return Table(name, key, (*own, *extra), tier, title, unlocks, kind, date)


def item_id(requirement: Requirement = "R", *, key: bool = True) -> Column:
    """Return the reference to an item."""
    return Column(
        "item_id", "str", key=key, requirement=requirement, aliases=("unique_id", "sku"), refers="item",
        code="IDN-009", description="Item, as in `item`.",
    )  # fmt: skip


def location_id(default: str | None = "MAIN", *, key: bool = True) -> Column:
    """Return the reference to a location; without a column everything lies at `MAIN`."""
    return Column(
        "location_id", "str", key=key, requirement="R" if default else "O", default=default,
        refers="location", code="IDN-009", description="Location, as in `location`.",
    )  # fmt: skip


def supplier_id(requirement: Requirement = "R", *, key: bool = True) -> Column:
    """Return the reference to a supplier."""
    return Column(
        "supplier_id", "str", key=key, requirement=requirement, refers="supplier",
        code="IDN-009" if requirement == "R" else "", description="Supplier, as in `supplier`.",
    )  # fmt: skip


def amount(
    name: str,
    unit: str,
    description: str,
    *,
    requirement: Requirement = "O",
    default: str | None = None,
    positive: bool = False,
    code: str = "NUM-006",
    aliases: tuple[str, ...] = (),
) -> Column:
    """Return a decimal column that must not be negative (or must be positive)."""
    return Column(
        name, "dec", unit, requirement=requirement, default=default, lower=0.0, open_lower=positive,
        aliases=aliases, code=code, description=description,
    )  # fmt: skip


def ratio(name: str, description: str, *, default: str | None = None, code: str = "NUM-010") -> Column:
    """Return a share between 0 and 1."""
    return Column(
        name, "dec", "share 0..1", default=default, lower=0.0, upper=1.0, code=code, description=description
    )


def choice(
    name: str,
    choices: tuple[str, ...],
    description: str,
    *,
    requirement: Requirement = "O",
    default: str | None = None,
    code: str = "SCH-010",
) -> Column:
    """Return a column with a closed list of values."""
    return Column(
        name, "enum", requirement=requirement, default=default, choices=choices, code=code,
        description=description,
    )  # fmt: skip


def flag(name: str, default: str, description: str) -> Column:
    """Return a truth value."""
    return Column(name, "bool", default=default, description=description)


def day(name: str, description: str, *, key: bool = False, requirement: Requirement = "O") -> Column:
    """Return an ISO day in the location's own time zone."""
    return Column(name, "date", "day", key=key, requirement=requirement, description=description)


def currency() -> Column:
    """Return the ISO 4217 code of the money columns of the row."""
    return Column("currency", code="PRC-001", description="ISO 4217 code; empty = the reporting currency.")


def order_minimum() -> Column:
    """Return the minimum of one order line."""
    return amount(
        "order_minimum", "order_uom", "Least quantity of an order line; empty = no minimum.",
        aliases=("moq", "min_order_qty"),
    )  # fmt: skip


def order_multiple() -> Column:
    """Return the multiple of one order line; zero and negatives are repaired to none."""
    return Column(
        "order_multiple", "dec", "order_uom", lower=0.0, open_lower=True,
        aliases=("pack_size", "qty_multiple"), code="SRC-011",
        description="Orders are whole multiples of this; empty = 1 for whole-unit items.",
    )  # fmt: skip


def order_maximum() -> Column:
    """Return the maximum of one order line."""
    return amount("order_maximum", "order_uom", "Greatest quantity of an order line; larger needs are split.")


def validity() -> tuple[Column, Column]:
    """Return the open-ended validity of a row; its start belongs to the key."""
    return (
        day("valid_from", "First day the row holds; empty = always.", key=True),
        day("valid_to", "First day the row no longer holds; empty = open end."),
    )
