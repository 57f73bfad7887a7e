"""The mapping file: any export becomes canonical tables by data only, without expressions or code.

`load_mapping` reads a built-in profile or a TOML file and checks it completely before any source file is
opened. What its parts mean is in the classes below; `mapping_parser` knows the TOML.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Literal

from basestock.data.frames import CellOptions, Declarations
from basestock.data.issues import IssueLog
from basestock.data.names import nearest

Form = Literal["from", "const", "text", "first", "sum", "product", "bits_clear"]


@dataclass(frozen=True, slots=True)
class Value:
    """How one canonical cell comes about.

    Parameters
    ----------
    form : Form
        ``from`` a cell, ``const``, ``text`` template, ``first`` not missing, ``sum``, ``product``,
        ``bits_clear`` (share of the lowest bits that are 0).
    text : str
        Column (from, bits_clear), constant, template, or pattern of columns (sum).
    parts : tuple of Value
        Of first, sum, product.
    of : int
        Number of bits.
    null_if : tuple of str
        Cells that mean missing; numbers are compared as numbers.
    codes : str
        Code list the cell is looked up in.
    date : tuple of str
        Date formats of the cell.
    scale, offset : Decimal or None
        Exact factor, then exact addend.
    assumed : bool
        The value is a guess.
    """

    form: Form
    text: str = ""
    parts: tuple[Value, ...] = ()
    of: int = 0
    null_if: tuple[str, ...] = ()
    codes: str = ""
    date: tuple[str, ...] = ()
    scale: Decimal | None = None
    offset: Decimal | None = None
    assumed: bool = False

    @property
    def plain(self) -> bool:
        """Return True for the cell of one column as it is."""
        return self == Value("from", self.text, assumed=self.assumed)


@dataclass(frozen=True, slots=True)
class Condition:
    """What a cell must be for its row to stay.

    Parameters
    ----------
    any_of : tuple of str or None
        The trimmed cell is one of these.
    none_of : tuple of str or None
        The trimmed cell is none of these; a missing cell passes.
    empty : bool or None
        The cell is missing, or is not.
    bounds : tuple of (str, Decimal)
        Pairs of ``gt``, ``ge``, ``lt``, ``le`` and a number; a missing cell fails.
    """

    any_of: tuple[str, ...] | None = None
    none_of: tuple[str, ...] | None = None
    empty: bool | None = None
    bounds: tuple[tuple[str, Decimal], ...] = ()


@dataclass(frozen=True, slots=True)
class Unpivot:
    """Wide periods become rows.

    Parameters
    ----------
    columns : str
        Pattern of the wide columns.
    name, value : str
        Columns for the label and for the cell.
    first : date or None
        Day of the first column; None keeps the labels as they are.
    step : {"day", "week", "month"}
        Distance of the columns.
    """

    columns: str
    name: str
    value: str
    first: date | None = None
    step: Literal["day", "week", "month"] = "day"


@dataclass(frozen=True, slots=True)
class Join:
    """Left join to at most one row of another file.

    Parameters
    ----------
    file : str
        As `from` of a feed.
    on : mapping of str to str
        Column of the feed to column of the file.
    name : str
        Its columns are called ``name.Column``.
    """

    file: str
    on: Dict[str, str]
    name: str


@dataclass(frozen=True, slots=True)
class Written:
    """How files are written; None = not declared here.

    Parameters
    ----------
    encoding, delimiter : str or None
        Of text files; UTF-8 and comma otherwise.
    decimal, thousands, null, date_format, pivot
        See `CellOptions`.
    """

    encoding: str | None = None
    delimiter: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    null: tuple[str, ...] | None = None
    date_format: tuple[str, ...] | None = None
    pivot: int | None = None

    def over(self, other: Written) -> Written:
        """Return what is declared here, and `other` where nothing is."""
        own = {name: getattr(self, name) for name in self.__slots__}
        return replace(other, **{name: value for name, value in own.items() if value is not None})


@dataclass(frozen=True, slots=True)
class Feed:
    """One way rows of a canonical table come about.

    Parameters
    ----------
    table : str
        Canonical table.
    label : str
        Where the feed stands in the mapping, for messages.
    file : str
        File, pattern of files, or ``Book.xlsx#Sheet``; empty with `rows`.
    rows : tuple of mapping of str to str
        Inline rows in canonical names.
    unpivot, joins, where, columns, attributes, reduce
        The steps, in this order.
    assumed : bool
        The whole feed is a guess.
    extend : bool
        Added to the feeds of the built-in map instead of replacing them.
    written : Written
        How its files are written.
    builtin : bool
        Comes from a built-in map: files and columns that are absent are left out, not refused.
    """

    table: str
    label: str
    file: str = ""
    rows: tuple[Dict[str, str], ...] = ()
    unpivot: Unpivot | None = None
    joins: tuple[Join, ...] = ()
    where: Dict[str, Condition] = field(default_factory=dict)
    columns: Dict[str, Value] = field(default_factory=dict)
    attributes: tuple[str, ...] = ()
    reduce: Dict[str, str] = field(default_factory=dict)
    assumed: bool = False
    extend: bool = False
    written: Written = Written()
    builtin: bool = False


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """The `[source]` part: how files are read, and what a person declares about them.

    Parameters
    ----------
    name : str
        Name of the source.
    builtin : str
        Built-in map to start from.
    written : Written
        How files are written.
    timezone, week_rule, currency, as_of, gaps, lead_time
        See `SourceInfo`; None = not declared.
    declarations : Declarations
        See there.
    """

    name: str = ""
    builtin: str = ""
    written: Written = Written()
    timezone: str | None = None
    week_rule: str | None = None
    currency: str | None = None
    as_of: date | None = None
    gaps: Literal["zero", "closed", "missing"] | None = None
    lead_time: Literal["learned", "stated"] | None = None
    declarations: Declarations = field(default_factory=Declarations)


@dataclass(frozen=True, slots=True)
class Mapping:
    """A checked mapping file.

    Parameters
    ----------
    file : str
        Its name, for messages.
    source : SourceSettings
        The `[source]` part.
    feeds : tuple of Feed
        In order of the file; those of a built-in map first.
    amendments : mapping of str to (mapping of str to Value)
        ``[columns.T]`` for files named ``T.csv``.
    codes : mapping of str to (mapping of str to str)
        Code lists; key ``*`` = anything else.
    assume : mapping of str to str
        Tables nobody exports.
    sha256 : str
        Hash of the file, and of the built-in map it starts from.
    """

    file: str = ""
    source: SourceSettings = SourceSettings()
    feeds: tuple[Feed, ...] = ()
    amendments: Dict[str, Dict[str, Value]] = field(default_factory=dict)
    codes: Dict[str, Dict[str, str]] = field(default_factory=dict)
    assume: Dict[str, str] = field(default_factory=dict)
    sha256: str = ""

    def options(self, feed: Feed | None = None, *, iso: bool = False) -> CellOptions:
        """Return how cells are written, for a feed or for files named as tables."""
        written = feed.written.over(self.source.written) if feed else self.source.written
        return CellOptions(
            decimal=written.decimal,
            thousands=written.thousands,
            null=written.null or (),
            date_format=written.date_format or (),
            iso=iso,
            signs=self.source.declarations.signs,
            pivot=written.pivot,
            timezone=self.source.timezone,
        )


def builtin_maps() -> list[str]:
    """Return the names of the built-in maps, sorted."""
    folder = files("basestock.data.connectors").joinpath("profiles")
    return sorted(Path(each.name).stem for each in folder.iterdir() if each.name.endswith(".toml"))


def builtin_text(name: str) -> str:
    """Return the TOML of a built-in map."""
    folder = files("basestock.data.connectors").joinpath("profiles")
    return folder.joinpath(f"{name}.toml").read_text(encoding="utf-8")


def load_mapping(choice: str | Path, log: IssueLog) -> Mapping | None:
    """Read and check a built-in map or a mapping file.

    Parameters
    ----------
    choice : str or Path
        Name of a built-in map, or a TOML file.
    log : IssueLog
        Gets every SCH-009 (and SCH-001 of feeds without a required column).

    Returns
    -------
    Mapping or None
        None when anything is wrong; then no source file may be read.
    """
    if str(choice) in builtin_maps():
        return parse_mapping(builtin_text(str(choice)), log, file=f"{choice}.toml", builtin=True)
    path = Path(choice)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError:
        rule = f"a mapping must be a file or one of {', '.join(builtin_maps())}"
        log.add(
            "SCH-009", file=path.name, value=str(choice), rule=rule + nearest(str(choice), builtin_maps())
        )
        return None
    except UnicodeDecodeError:
        log.add("SCH-009", file=path.name, rule="a mapping file must be UTF-8 text")
        return None
    return parse_mapping(text, log, file=path.name)


def parse_mapping(
    text: str, log: IssueLog, *, file: str = "mapping", builtin: bool = False
) -> Mapping | None:
    """Check the text of a mapping file.

    Parameters
    ----------
    text : str
        TOML.
    log : IssueLog
        Gets everything that is wrong.
    file : str
        Name used in messages.
    builtin : bool
        The text is a built-in map.

    Examples
    --------
    >>> log = IssueLog()
    >>> parse_mapping("[[table.itm]]", log) is None
    True
    >>> log.to_frame()["rule"].item()
    'a mapping must name tables of the schema; `itm` is none; did you mean `item`?'
    """
    from basestock.data.mapping_parser import MappingParser

    try:
        document = tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        log.add("SCH-009", file=file, rule=f"a mapping must be TOML with one entry per field: {error}")
        return None
    parser = MappingParser(log, file, builtin=builtin)
    sha256 = hashlib.sha256(text.encode("utf-8")).hexdigest()
    return parser.mapping(document, sha256)
