"""S12, data health: what was wrong with the data, what it touches in money, and what was left out."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from basestock.data.codes import RECHECK
from basestock.operations.report.glossary import codes
from basestock.operations.report.numbers import UNKNOWN, day, fixed, minor_digits, quantity
from basestock.operations.report.orders import Row
from basestock.operations.report.view import ReportMeta, ReportView

NUM_ISSUES_DRAWN = 200
NUM_HELD_DRAWN = 500
ROW_COUNTS = ("read", "accepted", "repaired", "quarantined", "folded", "ignored")
_SEVERITIES = {
    "error": "error",
    "e": "error",
    "warning": "warning",
    "w": "warning",
    "repair": "repair",
    "r": "repair",
}
_OWNER = re.compile(r"item=(?P<item>(?:(?!, \w+=).)*)(?:, location=(?P<place>(?:(?!, \w+=).)*))?")
"""Item, and place if there is one, in the key of a finding."""

_SEVERITY_ORDER = ("error", "warning", "repair", "note")


@dataclass(frozen=True)
class CodeTotal:
    """All findings of one code."""

    code: str
    severity: str
    num: int
    exposure: float
    rule: str
    remedy: str


@dataclass(frozen=True)
class IssueRow:
    """One finding, ready to print."""

    code: str
    severity: str
    place: str
    key: str
    column: str
    value: str
    rule: str
    remedy: str
    action: str
    change: str
    exposure: str


@dataclass(frozen=True)
class TableBalance:
    """Rows of one input table, and whether they balance."""

    name: str
    counts: list[str]
    num_quarantined: int
    is_balanced: bool


@dataclass(frozen=True)
class HeldRow:
    """One item-location that was not planned."""

    item: str
    location: str
    codes: list[str]
    reason: str
    on_hand: str
    on_order: str
    look_by: str


@dataclass(frozen=True)
class Feature:
    """One feature and what switches it on."""

    name: str
    enabled: bool
    needs: str
    missing: str


@dataclass(frozen=True)
class Health:
    """The whole screen."""

    num_issues: int
    exposure: float
    by_severity: list[tuple[str, int]]
    codes: list[CodeTotal]
    issues: list[IssueRow]
    num_rest: int
    rest_exposure: float
    tables: list[TableBalance]
    num_quarantined: int
    held: list[HeldRow]
    num_held: int
    features: list[Feature]


def data_health(view: ReportView) -> Health:
    """Everything S12 shows."""
    digits = minor_digits(view.meta.currency)
    ranked = view.issues.with_columns(pl.col("exposure").round(digits), _severity()).sort(
        ["exposure", "code", "file", "row", "key", "column", "value"],
        descending=[True, *[False] * 6],
        nulls_last=True,
    )
    owned = _with_owner(ranked)
    drawn = ranked.head(NUM_ISSUES_DRAWN).to_dicts()
    tables = [_balance(name, counts) for name, counts in sorted(view.meta.tables.items())]
    return Health(
        num_issues=ranked.height,
        exposure=_exposure(owned),
        by_severity=[
            (name, num) for name in _SEVERITY_ORDER if (num := int((ranked["severity"] == name).sum()))
        ],
        codes=_code_totals(owned),
        issues=[_issue(row, view.meta) for row in drawn],
        num_rest=ranked.height - len(drawn),
        rest_exposure=_exposure(owned.slice(len(drawn))),
        tables=tables,
        num_quarantined=sum(table.num_quarantined for table in tables),
        held=[_held(row, view.meta) for row in _held_rows(view)],
        num_held=view.not_planned.height,
        features=[
            Feature(_sentence(row["feature"]), bool(row["enabled"]), row["needs"] or "", row["missing"] or "")
            for row in view.coverage.iter_rows(named=True)
        ],
    )


def _severity() -> pl.Expr:
    word = pl.col("severity").str.strip_chars().str.to_lowercase()
    return word.replace_strict(_SEVERITIES, default="note", return_dtype=pl.String)


def _with_owner(issues: pl.DataFrame) -> pl.DataFrame:
    """Add the item and the place that each finding is about, empty where it is about a file."""
    owners = {key: _OWNER.match(key) for key in issues["key"].drop_nulls().unique().to_list()}
    names = [
        (key, owner["item"], owner["place"] or "") if owner else (key, "", "")
        for key, owner in owners.items()
    ]
    known = pl.DataFrame(names, schema=dict.fromkeys(("key", "_item", "_place"), pl.String), orient="row")
    joined = issues.join(known, on="key", how="left", maintain_order="left")
    return joined.with_columns(pl.col("_item", "_place").fill_null(""), pl.col("exposure").fill_null(0.0))


def _exposure(owned: pl.DataFrame) -> float:
    """Return the money that findings touch; what several of them touch counts once."""
    places: dict[str, dict[str, float]] = {}
    most = owned.group_by("_item", "_place").agg(pl.col("exposure").max().clip(lower_bound=0.0))
    for item, place, money in most.iter_rows():
        places.setdefault(item, {})[place] = money
    # A finding about an item touches all its places, one about a file everything.
    everything = places.pop("", {}).get("", 0.0)
    items = [max(touched.pop("", 0.0), math.fsum(touched.values())) for touched in places.values()]
    return max(everything, math.fsum(items))


def _code_totals(owned: pl.DataFrame) -> list[CodeTotal]:
    groups = owned.with_columns(pl.col("code").fill_null(UNKNOWN)).partition_by(
        "code", as_dict=True, maintain_order=True
    )
    totals = [
        CodeTotal(
            code=str(code),
            severity=min(group["severity"].unique().to_list(), key=_SEVERITY_ORDER.index),
            num=group.height,
            exposure=_exposure(group),
            rule=_sentence(group["rule"][0] or ""),
            remedy=(group["remedy"][0] or "").removesuffix(RECHECK),
        )
        for (code,), group in groups.items()
    ]
    return sorted(totals, key=lambda total: (-total.exposure, -total.num, total.code))


def _sentence(text: str) -> str:
    """Begin with a capital, unless the first word is the name of a column."""
    first = text.split(" ", 1)[0]
    return text[:1].upper() + text[1:] if first.replace("-", "").isalpha() else text


def _issue(row: Row, meta: ReportMeta) -> IssueRow:
    sheet = f"#{row['sheet']}" if row["sheet"] else ""
    at_row = f", row {row['row']}" if row["row"] is not None else ""
    changed = row["old"] is not None or row["new"] is not None
    return IssueRow(
        code=row["code"] or UNKNOWN,
        severity=row["severity"],
        place=f"{row['file']}{sheet}{at_row}" if row["file"] else (row["scope"] or ""),
        key=row["key"] or "",
        column=row["column"] or "",
        value=row["value"] or "",
        rule=_sentence(row["rule"] or ""),
        remedy=row["remedy"] or "",
        action=row["action"] or "",
        change=f"{row['old'] or 'empty'} → {row['new'] or 'empty'}" if changed else "",
        exposure=fixed(row["exposure"], minor_digits(meta.currency)),
    )


def _balance(name: str, counts: Mapping[str, int]) -> TableBalance:
    numbers = [int(counts.get(key, 0)) for key in ROW_COUNTS]
    return TableBalance(
        name=name,
        counts=[fixed(number, 0) for number in numbers],
        num_quarantined=int(counts.get("quarantined", 0)),
        is_balanced=numbers[0] == sum(numbers[1:]),
    )


def _held_rows(view: ReportView) -> list[Row]:
    return (
        view.not_planned.sort(["look_by", "item_id", "location_id"], nulls_last=True)
        .head(NUM_HELD_DRAWN)
        .to_dicts()
    )


def _held(row: Row, meta: ReportMeta) -> HeldRow:
    return HeldRow(
        item=row["item_id"],
        location=row["location_id"],
        codes=codes(row["codes"]),
        reason=row["reason"] or "",
        on_hand=quantity(row["on_hand"]),
        on_order=quantity(row["on_order"]),
        look_by=day(row["look_by"], near=meta.as_of),
    )
