"""S4, exceptions: one list ranked by the money lost if nothing is done."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from basestock.operations.report.glossary import FAMILIES, family, plain
from basestock.operations.report.numbers import UNKNOWN, count, day, fixed, minor_digits
from basestock.operations.report.orders import Row
from basestock.operations.report.view import ReportMeta, ReportView

NUM_EXCEPTIONS_DRAWN = 500


@dataclass(frozen=True)
class ExceptionRow:
    """One exception, ready to print."""

    rank: int
    type: str
    family: str
    object: str
    card: int | None
    money: str
    share: float
    deadline: str
    days_left: str
    urgency: str
    action: str
    root_cause: str
    state: str


@dataclass(frozen=True)
class FamilyTotal:
    """Count and money at risk of one family of exceptions."""

    key: str
    label: str
    num: int
    money: float


@dataclass(frozen=True)
class ExceptionList:
    """The whole screen."""

    num: int
    total: float
    families: list[FamilyTotal]
    rows: list[ExceptionRow]
    num_rest: int
    rest_money: float

    def of(self, key: str) -> FamilyTotal:
        """The total of one family."""
        return next(total for total in self.families if total.key == key)


def exception_list(view: ReportView, orders: pl.DataFrame) -> ExceptionList:
    """Rank exceptions by money at risk and link those of a drawn line to its card."""
    digits = minor_digits(view.meta.currency)
    ranked = view.exceptions.with_columns(pl.col("money_at_risk").round(digits)).sort(
        ["money_at_risk", "exception_id"], descending=[True, False], nulls_last=True, maintain_order=True
    )
    rows = ranked.to_dicts()
    places = _places(orders)
    largest = max((row["money_at_risk"] or 0.0 for row in rows), default=0.0)
    drawn = rows[:NUM_EXCEPTIONS_DRAWN]
    return ExceptionList(
        num=len(rows),
        total=_sum(rows),
        families=[_family_total(key, rows) for key in FAMILIES],
        rows=[_row(rank, row, places, largest, view.meta) for rank, row in enumerate(drawn, start=1)],
        num_rest=len(rows) - len(drawn),
        rest_money=_sum(rows[len(drawn) :]),
    )


def _sum(rows: Sequence[Row]) -> float:
    return math.fsum(row["money_at_risk"] or 0.0 for row in rows)


def _family_total(key: str, rows: Sequence[Row]) -> FamilyTotal:
    members = [row for row in rows if family(row["type"] or "") == key]
    return FamilyTotal(key, FAMILIES[key], len(members), _sum(members))


def _places(orders: pl.DataFrame) -> dict[str, tuple[int, str]]:
    """First line of each item-location and what to call it, by the ways an object names it."""
    places: dict[str, tuple[int, str]] = {}
    for index, row in enumerate(orders.select("item_id", "location_id").iter_rows()):
        item, location = row
        for name in (f"{item}@{location}", f"item={item}, location={location}", f"{item}"):
            places.setdefault(name, (index, f"{item} at {location}"))
    return places


def _row(
    rank: int, row: Row, places: dict[str, tuple[int, str]], largest: float, meta: ReportMeta
) -> ExceptionRow:
    at_risk = row["money_at_risk"]
    card, name = places.get(row["object"] or "", (None, row["object"] or UNKNOWN))
    left = None if row["act_by"] is None else (row["act_by"] - meta.as_of).days
    return ExceptionRow(
        rank=rank,
        type=plain(row["type"] or "unnamed"),
        family=family(row["type"] or ""),
        object=name,
        card=card,
        money=fixed(at_risk, minor_digits(meta.currency)),
        share=round(100 * (at_risk or 0.0) / largest, 1) if largest > 0 else 0.0,
        deadline=day(row["act_by"], near=meta.as_of),
        days_left=_days_left(left),
        urgency="late" if left is not None and left < 0 else "soon" if left is not None and left <= 1 else "",
        action=_sentence(row["recommended_action"] or "No action recorded."),
        root_cause=(row["root_cause_id"] or "").replace(":", " ", 1),
        state=plain(row["state"] or ""),
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _days_left(left: int | None) -> str:
    if left is None:
        return "no deadline"
    if left == 0:
        return "today"
    return f"in {count(left, 'day')}" if left > 0 else f"{count(-left, 'day')} late"
