"""S3, the order cards: why this much, what the last pack earns, and what the reference would do.

Every sentence is put together from stored fields; only sums, differences and drawings are computed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import polars as pl

from basestock.operations.report.charts import PackChart, pack_chart
from basestock.operations.report.glossary import codes, plain
from basestock.operations.report.ledger import LedgerRow, ledger_rows
from basestock.operations.report.numbers import (
    UNKNOWN,
    currency_name,
    day,
    days,
    fixed,
    minor_digits,
    money,
    percent,
    percent_exact,
    quantity,
    ratio,
    signed,
)
from basestock.operations.report.orders import Chip, Row, chips, order_text, with_unit
from basestock.operations.report.timeline import Timeline, timeline
from basestock.operations.report.view import ReportMeta, ReportView

NUM_CARDS = 200
_VERBS = {
    "transfer": "Transfer",
    "make": "Make",
    "expedite": "Expedite",
    "cancel": "Cancel",
    "defer": "Defer",
}


@dataclass(frozen=True)
class Fact:
    """One number in the strip at the head of a card."""

    label: str
    value: str
    note: str
    definition: str


@dataclass(frozen=True)
class PackRow:
    """One pack: what it earns on what it costs."""

    number: int
    qty: str
    gain: str
    error: str
    cost: str
    earns: str
    is_ordered: bool


@dataclass(frozen=True)
class ReferenceRow:
    """One quantity to judge the proposal against."""

    label: str
    qty: str
    difference: str
    width: float
    style: str
    definition: str


@dataclass(frozen=True)
class Alternative:
    """One counterfactual."""

    name: str
    qty: str
    delta: str
    error: str
    note: str


@dataclass(frozen=True)
class OrderCard:
    """One card, ready to print."""

    index: int
    item: str
    description: str
    location: str
    supplier: str
    verb: str
    order: str
    packs: str
    when: str
    risk: str
    worth: str
    worth_style: str
    facts: list[Fact]
    chips: list[Chip]
    ledger: list[LedgerRow]
    ledger_warning: str
    pack_rows: list[PackRow]
    pack_sentences: list[str]
    pack_chart: PackChart | None
    references: list[ReferenceRow]
    alternatives: list[Alternative]
    timeline: Timeline | None
    flags: list[str]
    assumptions: list[str]
    provenance: list[tuple[str, str]]


def order_cards(orders: pl.DataFrame, view: ReportView) -> list[OrderCard]:
    """Cards of the first lines of `orders`, in their order."""
    lines = orders.head(NUM_CARDS)
    by_line = {
        name: _groups(getattr(view, name), lines, ["proposal_id"])
        for name in ("ledger", "marginal", "counterfactual")
    }
    by_place = {
        name: _groups(getattr(view, name), lines, ["item_id", "location_id"])
        for name in ("history", "forecast", "projection")
    }
    cards: list[OrderCard] = []
    for index, row in enumerate(lines.iter_rows(named=True)):
        line, place = (row["proposal_id"],), (row["item_id"], row["location_id"])
        frames = {name: groups.get(line, []) for name, groups in by_line.items()}
        frames |= {name: groups.get(place, []) for name, groups in by_place.items()}
        cards.append(_card(index, row, frames, view.meta))
    return cards


def _groups(frame: pl.DataFrame, lines: pl.DataFrame, keys: list[str]) -> dict[tuple[Any, ...], list[Row]]:
    wanted = frame.join(lines.select(keys).unique(), on=keys, how="semi")
    parts = wanted.partition_by(keys, as_dict=True, maintain_order=True)
    return {key: part.to_dicts() for key, part in parts.items()}


def _card(index: int, row: Row, frames: dict[str, list[Row]], meta: ReportMeta) -> OrderCard:
    ledger, warning = ledger_rows(row, frames["ledger"])
    packs = pack_rows(row, frames["marginal"], meta.currency)
    worth, worth_style = worth_sentence(row["value_now"], row["value_se"], meta.currency)
    unit = row["base_uom"] or "units"
    return OrderCard(
        index=index,
        item=row["item_id"],
        description=row["description"] or "",
        location=row["location_id"],
        supplier=row["supplier_name"] or UNKNOWN,
        verb=_VERBS.get(row["kind"], "Buy"),
        order=order_text(row),
        packs=_packs(row),
        when=_when(row, meta),
        risk=_risk(row),
        worth=worth,
        worth_style=worth_style,
        facts=_facts(row, meta),
        chips=chips(row),
        ledger=ledger,
        ledger_warning=warning,
        pack_rows=packs,
        pack_sentences=_pack_sentences(packs, meta.currency),
        pack_chart=_pack_chart(row, frames["marginal"]),
        references=_references(row, meta),
        alternatives=[_alternative(line, unit, meta.currency) for line in frames["counterfactual"]],
        timeline=timeline(
            frames["history"],
            frames["forecast"],
            frames["projection"],
            as_of=meta.as_of,
            arrival=row["arrival_p50"],
            unit=unit,
        ),
        flags=[*codes(row["data_flags"]), *codes(row["guardrails"])],
        assumptions=[text.strip() for text in (row["assumptions"] or "").split(";") if text.strip()],
        provenance=_provenance(row, meta),
    )


def _packs(row: Row) -> str:
    if row["packs"] is None:
        return ""
    return f"{quantity(row['packs'])} {'pack' if row['packs'] == 1 else 'packs'}"


def _when(row: Row, meta: ReportMeta) -> str:
    if row["order_date"] is None:
        return ""
    return "today" if row["order_date"] == meta.as_of else f"on {day(row['order_date'], near=meta.as_of)}"


def _risk(row: Row) -> str:
    without, with_line = row["p_stockout_without"], row["p_stockout_with"]
    if without is None and with_line is None:
        return ""
    return (
        "Stockout before the next order can arrive: "
        f"{percent(without)} without, {percent(with_line)} with this line."
    )


def worth_sentence(value: float | None, error: float | None, currency: str) -> tuple[str, str]:
    """What the line is worth; its sign is asserted only beyond two standard errors.

    >>> worth_sentence(68.72, 1.2, "USD")[0].replace(chr(160), " ")
    'Worth 68.72 USD ± 1.20.'
    """
    if value is None:
        return "Its value is not known.", "unsure"
    spread = "" if error is None else f" ± {fixed(error, minor_digits(currency))}"
    if error is not None and abs(value) <= 2 * error:
        return f"Worth {money(value, currency)}{spread}: the sign is not certain.", "unsure"
    if value < 0:
        return f"Loses {money(-value, currency)}{spread} against waiting for the next review.", "bad"
    return f"Worth {money(value, currency)}{spread}.", "good"


def _facts(row: Row, meta: ReportMeta) -> list[Fact]:
    unit = row["base_uom"] or "units"
    rate = None if row["demand_per_day"] is None else f"{fixed(row['demand_per_day'], 1)}\u00a0{unit}"
    return [
        Fact("On hand", with_unit(row["on_hand"], unit), _on_order(row, unit), "on_hand"),
        Fact("Demand a day", rate or UNKNOWN, "forecast mean", "demand_per_day"),
        _service(row),
        Fact(
            "Cover after", f"{days(row['cover_days_after'])}\u00a0days", "median forecast", "cover_days_after"
        ),
        Fact("Arrives", day(row["arrival_p50"], near=meta.as_of), _late(row, meta), "arrival"),
        Fact(
            "Line cost",
            money(row["line_cost"], meta.currency),
            _unit_cost(row, meta.currency, unit),
            "line_cost",
        ),
        Fact(
            "Return",
            ratio(row["return_per_currency"]),
            f"per {_one(meta.currency)} spent",
            "return_per_currency",
        ),
    ]


def _one(currency: str) -> str:
    return "unit of money" if currency == "XXX" else currency


def _on_order(row: Row, unit: str) -> str:
    if row["on_order"] is None:
        return "on order unknown"
    return f"{with_unit(row['on_order'], unit)} on order"


def _late(row: Row, meta: ReportMeta) -> str:
    if row["arrival_p90"] is None:
        return "P50"
    return f"P50; P90 {day(row['arrival_p90'], near=meta.as_of)}"


def _unit_cost(row: Row, currency: str, unit: str) -> str:
    if row["unit_cost"] is None:
        return "unit cost unknown"
    return f"{money(row['unit_cost'], currency)} per {unit}"


def _service(row: Row) -> Fact:
    metric = row["service_metric"]
    if metric in (None, "none"):
        return Fact("Service", "no target", "money decides", "fill_rate")
    target = f"target {percent_exact(row['service_target'])}"
    expected, goal = row["service_expected"], row["service_target"]
    if expected is not None and goal is not None:
        target += ", met" if expected >= goal else ", missed"
    return Fact(plain(metric), percent_exact(expected), target, metric)


def _sorted_packs(row: Row, marginal: Sequence[Row]) -> list[tuple[Row, bool]]:
    """Packs in order, each with whether the line includes it."""
    packs = sorted(
        (pack for pack in marginal if pack["pack_no"] is not None), key=lambda pack: pack["pack_no"]
    )
    if row["packs"] is not None:
        return [(pack, pack["pack_no"] <= row["packs"] + 1e-9) for pack in packs]
    spent = row["line_cost"] or 0.0
    return [(pack, (pack["cumulative_cost"] or 0.0) <= spent + 0.005) for pack in packs]


def pack_rows(row: Row, marginal: Sequence[Row], currency: str) -> list[PackRow]:
    """Gain and cost of each pack, up to two beyond the order."""
    packs = _sorted_packs(row, marginal)
    digits, unit = minor_digits(currency), row["base_uom"] or "units"
    costs = [pack["cumulative_cost"] for pack, _ in packs]
    steps = [None if None in pair else pair[1] - pair[0] for pair in pairwise([0.0, *costs])]
    rows = [
        PackRow(
            number=pack["pack_no"],
            qty=with_unit(pack["qty"], unit),
            gain=signed(fixed(pack["expected_gain"], digits)),
            error="" if pack["gain_se"] is None else f"± {fixed(pack['gain_se'], digits)}",
            cost=fixed(step, digits),
            earns=_earns(pack["expected_gain"], pack["gain_se"], currency),
            is_ordered=is_ordered,
        )
        for (pack, is_ordered), step in zip(packs, steps, strict=True)
    ]
    num_ordered = sum(pack.is_ordered for pack in rows)
    return rows[: num_ordered + 2]


def _pack_sentences(packs: Sequence[PackRow], currency: str) -> list[str]:
    unit = currency_name(currency)
    last = next((pack for pack in reversed(packs) if pack.is_ordered), None)
    following = next((pack for pack in packs if not pack.is_ordered), None)
    sentences: list[str] = []
    if last is not None:
        sentences.append(
            f"Pack {last.number}, the last one ordered, costs {last.cost} {unit} and {last.earns}."
        )
    if following is not None:
        sentences.append(f"Not ordered: pack {following.number}, which {following.earns}.")
    return sentences


def _earns(gain: float | None, error: float | None, currency: str) -> str:
    """What a pack earns, as the end of a sentence; a sign is asserted only beyond two standard errors."""
    if gain is None:
        return "has no known gain"
    digits, unit = minor_digits(currency), currency_name(currency)
    spread = "" if error is None else f" ± {fixed(error, digits)}"
    if error is not None and abs(gain) <= 2 * error:
        return f"earns about nothing ({signed(fixed(gain, digits))}{spread} {unit})"
    return f"{'earns' if gain >= 0 else 'loses'} {fixed(abs(gain), digits)}{spread} {unit}"


def _pack_chart(row: Row, marginal: Sequence[Row]) -> PackChart | None:
    return pack_chart(
        [
            (pack["pack_no"], pack["expected_gain"], pack["gain_se"], is_ordered)
            for pack, is_ordered in _sorted_packs(row, marginal)
            if pack["expected_gain"] is not None
        ]
    )


def _references(row: Row, meta: ReportMeta) -> list[ReferenceRow]:
    unit = row["base_uom"] or "units"
    incumbent = f"Incumbent: {meta.reference}" if meta.reference else "Incumbent rule"
    quantities = [
        ("This proposal", row["qty"], "own", "qty"),
        (incumbent, row["reference_qty"], "other", "reference_qty"),
        ("Last order", row["previous_qty"], "other", "previous_qty"),
        ("Same week last year", row["last_year_qty"], "other", "last_year_qty"),
    ]
    largest = max([qty for _, qty, _, _ in quantities if qty is not None], default=0.0)
    return [
        ReferenceRow(
            label=label,
            qty=with_unit(qty, unit),
            difference=_difference(qty, row["qty"]) if style == "other" else "",
            width=round(100 * max(qty or 0.0, 0.0) / largest, 1) if largest > 0 else 0.0,
            style=style,
            definition=definition,
        )
        for label, qty, style, definition in quantities
    ]


def _difference(reference: float | None, qty: float | None) -> str:
    """How much more or less this proposal is than a reference."""
    if reference is None or qty is None:
        return ""
    delta = round(qty - reference, 3)
    if delta == 0:
        return "the same"
    return f"{quantity(abs(delta))} {'more' if delta > 0 else 'less'} here"


def _alternative(line: Row, unit: str, currency: str) -> Alternative:
    digits = minor_digits(currency)
    delta, error = line["value_delta"], line["value_se"]
    return Alternative(
        name=plain(line["alternative"] or ""),
        qty=with_unit(line["qty"], unit),
        delta="" if delta is None else signed(fixed(delta, digits)),
        error="" if error is None else f"± {fixed(error, digits)}",
        note=line["note"] or "",
    )


def _provenance(row: Row, meta: ReportMeta) -> list[tuple[str, str]]:
    entries = [
        ("Proposal", row["proposal_id"]),
        ("Run", row["run_id"] or meta.run_id),
        ("Policy", row["policy_id"] or meta.policy),
        ("Policy hash", row["policy_sha"] or meta.hashes.get("policy_sha")),
        ("Inputs hash", row["inputs_sha"] or meta.hashes.get("inputs_sha")),
        ("Configuration hash", meta.hashes.get("config_sha")),
        ("Seed", row["seed"] if row["seed"] is not None else meta.seed),
        ("Code version", meta.code_version),
    ]
    return [(label, str(value)) for label, value in entries if value not in (None, "")]
