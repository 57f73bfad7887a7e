"""Identifiers: what a spreadsheet or a careless export does to them (codes IDN-001 to -009, -015, -017)."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import polars as pl

from basestock.data.cells import trimmed
from basestock.data.frames import ATTRIBUTE
from basestock.data.rules.work import Work
from basestock.data.tables import TABLES, Column

MAX_LENGTH = 100
"""Longest identifier, in characters."""

_ROUNDED = r"^[0-9](?:[.,][0-9]+)?[eE]\+[0-9]{1,3}$"
_UNPRINTABLE = "[\x00-\x1f\x7f-\x9f\u2028\u2029]"
_FORMULA = "^[=+@\t\r\uff1d\uff0b\uff20]"
_EXACT_DIGITS = 15
_LIKE_LATIN = r"\p{Cyrillic}|\p{Greek}"
_LOOK_ALIKE = str.maketrans(
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0423\u0430\u0435\u043e\u0440\u0441\u0445\u0443"
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7",
    "ABEKMHOPCTXYaeopcxyABEZHIKMNOPTYX",
)
"""Cyrillic and Greek letters that are drawn like a Latin one."""


def identifier_columns(table: str) -> list[Column]:
    """Return the columns of a table that name things."""
    columns = TABLES[table].columns
    return [
        column
        for column in columns
        if column.type == "str" and (column.key or column.refers or column.code == "IDN-009")
    ]


def _filled(work: Work, table: str) -> list[Column]:
    """Return the identifier columns that are not empty."""
    frame = work.rows(table)
    return [column for column in identifier_columns(table) if frame[column.name].null_count() < frame.height]


def clean_identifiers(work: Work) -> None:
    """Trim, compose, pad and fold identifiers; mark rows whose identifiers are damaged beyond repair.

    Rows stay live until `Work.settle`, so that the identifiers of bad master rows are still known.
    """
    for table in work.tables:
        for column in _filled(work, table):
            _repair(work, table, column.name, "IDN-005", trimmed)
            _repair(work, table, column.name, "IDN-006", _composed)
            _take_damaged(work, table, column)
            _pad(work, table, column)
    _fold_case(work)
    _ignore_non_stock(work)
    _flag_formulas(work)


def _distinct(work: Work, table: str, column: str) -> pl.Series:
    return work.rows(table)[column].drop_nulls().unique()


def _repair(
    work: Work,
    table: str,
    column: str,
    code: str,
    change: Callable[[pl.Series], pl.Series],
    severity: str = "",
) -> None:
    """Replace identifiers by what a rule makes of them, one finding per changed row."""
    before = _distinct(work, table, column)
    if len(before) == 0:
        return
    after = change(before)
    changed = before != after
    if not changed.any():
        return
    before, after = before.filter(changed), after.filter(changed)
    frame = work.rows(table)
    new = pl.col(column).replace_strict(before, after, default=pl.col(column), return_dtype=pl.String)
    frame = frame.with_columns(new.alias("_new"))
    offenders = frame.filter(pl.col("_new") != pl.col(column)).with_columns(
        pl.col(column).alias("_old"), pl.col("_new").alias(column)
    )
    work.find(
        code, table, offenders, column=column, value=pl.col("_old"), old=pl.col("_old"), new=pl.col("_new"),
        action="repair", severity=severity,
    )  # fmt: skip
    work.put(table, frame.with_columns(pl.col("_new").alias(column)).drop("_new"))


def _composed(text: pl.Series) -> pl.Series:
    return pl.Series(text.name, [unicodedata.normalize("NFC", each) for each in text], dtype=pl.String)


def _take_damaged(work: Work, table: str, column: Column) -> None:
    ids = _distinct(work, table, column.name)
    wrong = (ids == "") | (ids.str.len_chars() > MAX_LENGTH) | ids.str.contains(_UNPRINTABLE)
    rounded = ids.str.contains(_ROUNDED)
    for code, mask in (("IDN-009", wrong), ("IDN-002", rounded)):
        if mask.any():
            offenders = work.rows(table).filter(pl.col(column.name).is_in(ids.filter(mask).implode()))
            work.find(code, table, offenders, column=column.name)
    _refuse_rounded_files(work, table, column.name, ids)


def _refuse_rounded_files(work: Work, table: str, column: str, ids: pl.Series) -> None:
    """Refuse files in which most long numeric identifiers end in zeros beyond the 15th digit (IDN-003)."""
    long = ids.filter(ids.str.contains(rf"^[0-9]{{{_EXACT_DIGITS + 1},}}$"))
    if len(long) == 0:
        return
    zeros = pl.col(column).str.slice(_EXACT_DIGITS).str.strip_chars("0") == ""
    frame = work.rows(table)
    files = (
        frame.filter(pl.col(column).is_in(long.implode()))
        .unique(["_file", column], maintain_order=True)
        .group_by("_file", maintain_order=True)
        .agg(zeros.mean().alias("share"), pl.col(column).filter(zeros).first().alias("example"))
        .filter(pl.col("share") > 0.5)
    )
    for file, _, example in files.iter_rows():
        rows = frame.filter(pl.col("_file") == file)
        offender = rows.filter(pl.col(column) == example).head(1)
        work.log.extend_frame("IDN-003", offender, table=table, column=column, value=pl.col(column))
        entry = work.log.entries["IDN-003"]
        words = (entry.rule, entry.remedy)
        work.act("IDN-003", table, rows, action="refuse", severity="error", words=words)


def _width(work: Work, column: Column) -> int:
    """Return the declared width of an identifier, by its own name or that of its master."""
    pad = work.info.declarations.pad
    master = TABLES[column.refers].key[0] if column.refers in TABLES else ""
    return int(pad.get(column.name, pad.get(master, 0)))


def _pad(work: Work, table: str, column: Column) -> None:
    width = _width(work, column)
    if width == 0:
        return

    def padded(ids: pl.Series) -> pl.Series:
        numeric = ids.str.contains("^[0-9]+$")
        return ids.str.zfill(width).zip_with(numeric, ids)

    _repair(work, table, column.name, "IDN-001", padded, severity="repair")


def _fold_case(work: Work) -> None:
    """Write identifiers that differ in case only alike, if declared; masters give the spelling."""
    if work.info.declarations.case != "fold":
        return
    for master in ("item", "location", "supplier"):
        spelling = _spelling(work, master)

        def folded(ids: pl.Series, spelling: dict[str, str] = spelling) -> pl.Series:
            return pl.Series(ids.name, [spelling.get(each.casefold(), each) for each in ids], dtype=pl.String)

        for table in work.tables:
            for column in identifier_columns(table):
                if column.refers == master or (table == master and column.key):
                    _repair(work, table, column.name, "IDN-008", folded, severity="repair")


def _spelling(work: Work, master: str) -> dict[str, str]:
    key = TABLES[master].key[0]
    names: dict[str, str] = {}
    for name in sorted(_distinct(work, master, key), reverse=True):
        names[name.casefold()] = name
    for table in work.tables:
        for column in identifier_columns(table):
            if column.refers == master:
                for name in sorted(_distinct(work, table, column.name)):
                    names.setdefault(name.casefold(), name)
    return names


def flag_case_twins(work: Work) -> None:
    """Flag master identifiers that are equal but for upper and lower case (IDN-008)."""
    for master in ("item", "location", "supplier"):
        key = TABLES[master].key[0]
        ids = pl.DataFrame({key: _distinct(work, master, key)})
        twins = (
            ids.with_columns(pl.col(key).str.to_lowercase().alias("_fold"))
            .with_columns(pl.col(key).sort().str.join(" and ").over("_fold").alias("_twins"))
            .filter(pl.len().over("_fold") > 1)
        )
        rows = work.rows(master).join(twins, on=key, how="inner")
        rule = pl.format("Identifiers must differ by more than upper and lower case; here are {}.", "_twins")
        work.find("IDN-008", master, rows, column=key, rule=rule)


def flag_mixed_scripts(work: Work) -> None:
    """Flag master identifiers with letters of two alphabets; the twin that looks alike is named (IDN-007)."""
    for master in ("item", "location", "supplier"):
        key = TABLES[master].key[0]
        rows = work.rows(master)
        foreign = rows.filter(rows[key].str.contains(_LIKE_LATIN).fill_null(False))
        known = set(rows[key].drop_nulls())
        plain = [name.translate(_LOOK_ALIKE) for name in foreign[key]]
        told = [f"{name} looks like it" if name in known else f"in one it may be {name}" for name in plain]
        twinned = pl.Series("_twinned", [name in known for name in plain], dtype=pl.Boolean)
        foreign = foreign.with_columns(pl.Series("_twin", told, dtype=pl.String), twinned)
        mixed = foreign.filter(pl.col("_twinned") | pl.col(key).str.contains(r"\p{Latin}"))
        rule = pl.format("An identifier must be of one script; {}.", "_twin")
        work.find("IDN-007", master, mixed, column=key, rule=rule)


def _ignore_non_stock(work: Work) -> None:
    codes = list(work.info.declarations.non_stock)
    if not codes:
        return
    for table in work.tables:
        for column in identifier_columns(table):
            if column.refers == "item" or (table == "item" and column.key):
                rows = work.rows(table).filter(pl.col(column.name).is_in(codes))
                work.find("IDN-015", table, rows, column=column.name)


def _flag_formulas(work: Work) -> None:
    """Flag text that a spreadsheet would run; inside it stays as it is (IDN-017)."""
    for table in work.tables:
        frame = work.rows(table)
        for name, kind in frame.schema.items():
            data = name in TABLES[table] or name.startswith(ATTRIBUTE)
            if kind != pl.String or not data or frame[name].null_count() == frame.height:
                continue
            rows = frame.filter(frame[name].str.contains(_FORMULA).fill_null(False))
            if rows.height:
                column = name.removeprefix(ATTRIBUTE)
                work.find("IDN-017", table, rows, column=column, value=pl.col(name))
