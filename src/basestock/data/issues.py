"""The log of findings: everything that was wrong with the input, collected and never raised one by one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from basestock.data.codes import Code, catalogue

ISSUE_SCHEMA: dict[str, Any] = {
    "code": pl.String,
    "severity": pl.String,
    "scope": pl.String,
    "file": pl.String,
    "sheet": pl.String,
    "row": pl.Int64,
    "key": pl.String,
    "column": pl.String,
    "value": pl.String,
    "rule": pl.String,
    "remedy": pl.String,
    "action": pl.String,
    "old": pl.String,
    "new": pl.String,
    "exposure": pl.Float64,
}
"""Columns of the issue table, in output order."""

MAX_TEXT = 80
"""A reported value is cut at this number of characters."""

_HIDDEN: dict[str, Any] = {"table": pl.String, "item_id": pl.String, "location_id": pl.String}
_TEXTS = (
    "table", "file", "sheet", "key", "column", "value", "rule", "remedy", "action", "old", "new",
    "item_id", "location_id", "severity",
)  # fmt: skip
_WIDE = ("run", "profile", "file", "part", "sheet", "table", "column")
"""Scopes of findings that concern everything."""

_CONTROL = r"[\x00-\x1f\x7f-\x9f\u2028\u2029]"
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}

Text = str | pl.Expr
"""A constant for all rows, or an expression over the frame of offenders."""


def shown(text: pl.Expr) -> pl.Expr:
    r"""Return text as a report shows it: control characters escaped, cut at 80 characters with its length.

    Examples
    --------
    >>> pl.select(shown(pl.lit("a\tb"))).item()
    'a\\tb'
    """
    whole = escaped(text)
    length = whole.str.len_chars()
    cut = pl.concat_str(whole.str.slice(0, MAX_TEXT), pl.lit("... ("), length, pl.lit(" characters)"))
    return pl.when(length > MAX_TEXT).then(cut).otherwise(whole)


def escaped(text: pl.Expr) -> pl.Expr:
    """Return text with its control characters escaped; missing is empty."""
    text = text.cast(pl.String).fill_null("")
    visible = text.str.replace_many(list(_ESCAPES), list(_ESCAPES.values())).str.replace_all(_CONTROL, "?")
    return pl.when(text.str.contains(_CONTROL)).then(visible).otherwise(text)


def _expression(value: Text) -> pl.Expr:
    return pl.lit(value) if isinstance(value, str) else value


def _default(name: str, frame: pl.DataFrame) -> pl.Expr:
    """Take lineage and identity of a finding from the offender's own columns."""
    column = {"file": "_file", "sheet": "_sheet"}.get(name, name)
    known = name in ("file", "sheet", "item_id", "location_id") and column in frame.columns
    return pl.col(column) if known else pl.lit("")


class IssueLog:
    """Findings of one load, in any order of arrival, read out in one stable order.

    Parameters
    ----------
    entries : mapping of str to Code, optional
        The catalogue with raised severities; the plain catalogue by default.

    Examples
    --------
    >>> log = IssueLog()
    >>> log.add("INV-001", table="inventory", row=7, column="on_hand", value="-3")
    >>> log.to_frame().select("code", "row", "value").row(0)
    ('INV-001', 7, '-3')
    """

    def __init__(self, entries: Mapping[str, Code] | None = None) -> None:
        self.entries = dict(entries or catalogue())
        self._frames: list[pl.DataFrame] = []

    def __len__(self) -> int:
        return sum(frame.height for frame in self._frames)

    def codes(self) -> set[str]:
        """Return the codes found so far."""
        return {str(code) for frame in self._frames for code in frame["code"].unique()}

    def add(
        self,
        code: str,
        *,
        table: str = "",
        file: str = "",
        sheet: str = "",
        row: int | None = None,
        key: str = "",
        column: str = "",
        value: str = "",
        rule: str = "",
        remedy: str = "",
        action: str = "",
        old: str = "",
        new: str = "",
        item_id: str = "",
        location_id: str = "",
        severity: str = "",
        count: int = 1,
    ) -> None:
        """Record one finding; what is not given comes from the catalogue.

        Parameters
        ----------
        code : str
            A code of the catalogue.
        table, file, sheet, row, key, column, value : str or int
            The offender: where it stands and its raw text (row is the physical row number, header = 1).
        rule, remedy, action, severity : str
            Replace the catalogue's words for this finding.
        old, new : str
            Both values of a repair.
        item_id, location_id : str
            Whom it touches, for the money at stake.
        count : int
            Number of cells or rows the finding stands for; shown in the key when above 1.
        """
        if count > 1:
            key = f"{key}, rows={count}" if key else f"rows={count}"
        self.extend_frame(
            code,
            pl.DataFrame({"_row": [row]}, schema={"_row": pl.Int64}),
            table=table, file=file, sheet=sheet, key=key, column=column, value=value, rule=rule,
            remedy=remedy, action=action, old=old, new=new, item_id=item_id, location_id=location_id,
            severity=severity,
        )  # fmt: skip

    def extend_frame(
        self, code: str, frame: pl.DataFrame, *, row: pl.Expr | None = None, **texts: Text
    ) -> None:
        """Record one finding per row of a frame of offenders.

        Parameters
        ----------
        code : str
            A code of the catalogue.
        frame : DataFrame
            The offenders; `_file`, `_sheet`, `_row`, `item_id`, `location_id` are used where present.
        row : Expr, optional
            The physical row number, instead of `_row`.
        **texts : str or Expr
            The keyword arguments of `add`: a constant, or an expression over `frame`.
        """
        unknown = set(texts) - set(_TEXTS)
        if unknown:
            msg = f"unknown field of a finding: {sorted(unknown)}"
            raise TypeError(msg)
        if frame.height == 0:
            return
        entry = self.entries[code]
        given = {name: value for name, value in texts.items() if not (isinstance(value, str) and value == "")}
        fields = {
            name: _expression(given[name]) if name in given else _default(name, frame) for name in _TEXTS
        }
        for name in ("severity", "rule", "remedy", "action"):
            if name not in given:
                fields[name] = pl.lit(getattr(entry, name))
        for name in ("value", "old", "new"):
            fields[name] = shown(fields[name])
        fields["key"] = escaped(fields["key"])
        number = row if row is not None else (pl.col("_row") if "_row" in frame.columns else pl.lit(None))
        fields |= {"code": pl.lit(code), "scope": pl.lit(entry.scope), "row": number.cast(pl.Int64)}
        fields["exposure"] = pl.lit(0.0)
        columns = {**ISSUE_SCHEMA, **_HIDDEN}
        typed = [
            fields[name].cast(kind).fill_null("").alias(name)
            if kind == pl.String
            else fields[name].alias(name)
            for name, kind in columns.items()
        ]
        # A column of the frame beside the constants makes these as long as the frame.
        self._frames.append(frame.select(pl.first().alias("_height"), *typed).drop("_height"))

    def restore(self, findings: pl.DataFrame) -> None:
        """Add findings that `touched` has returned before."""
        if findings.height:
            self._frames.append(findings)

    def touched(self) -> pl.DataFrame:
        """Return all findings with the hidden columns table, item_id, location_id, unordered."""
        schema = {**ISSUE_SCHEMA, **_HIDDEN}
        return pl.concat(self._frames) if self._frames else pl.DataFrame(schema=schema)

    def to_frame(self, exposure: pl.DataFrame | None = None) -> pl.DataFrame:
        """Return the issue table, most money first, then by stable keys.

        Parameters
        ----------
        exposure : DataFrame, optional
            Columns item_id, location_id, exposure: value at stake of each item-location, in money.

        Returns
        -------
        DataFrame
            One row per finding with the columns of ``ISSUE_SCHEMA``.
        """
        found = self.touched()
        if exposure is not None:
            found = _exposed(found, exposure)
        order = ["code", "file", "sheet", "row", "key", "column", "value", "old", "new", "rule"]
        found = found.sort(["exposure", *order], descending=[True] + [False] * len(order), nulls_last=True)
        return found.select(list(ISSUE_SCHEMA))


def _exposed(found: pl.DataFrame, exposure: pl.DataFrame) -> pl.DataFrame:
    """Attach the money at stake: of the item-location, of all locations of the item, or of everything."""
    by_item = exposure.group_by("item_id").agg(pl.col("exposure").sum().round(6).alias("_item"))
    found = found.drop("exposure").join(
        exposure.select("item_id", "location_id", "exposure"), on=["item_id", "location_id"], how="left"
    )
    found = found.join(by_item, on="item_id", how="left")
    total = round(float(exposure["exposure"].sum()), 6)
    value = pl.coalesce("exposure", pl.when(pl.col("location_id") == "").then(pl.col("_item")), pl.lit(0.0))
    wide = pl.when(pl.col("scope").is_in(_WIDE)).then(pl.lit(total)).otherwise(value)
    return found.with_columns(wide.alias("exposure")).drop("_item")
