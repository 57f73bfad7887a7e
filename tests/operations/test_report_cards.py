"""Order cards and their charts: sums that close, signs that are certain, drawings that say what they show."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basestock.operations.report import render_report, view_from_frames
from basestock.operations.report.cards import order_cards, pack_rows, worth_sentence
from basestock.operations.report.charts import ledger_bars, pack_chart, return_curve
from basestock.operations.report.ledger import ledger_rows
from basestock.operations.report.numbers import (
    MINUS,
    THIN_SPACE,
)
from basestock.operations.report.orders import ranked
from basestock.operations.report.svg import date_ticks, round_ticks
from basestock.operations.report.timeline import timeline
from tests.operations.report_fixture import AS_OF, example_frames, example_view, meta, order_rows, view_with
from tests.operations.report_page import Page, payload

NUM_LINES = 14


def test_shown_ledger_adds_up_to_the_shown_order() -> None:
    view = example_view(NUM_LINES)
    for card in order_cards(ranked(view), view):
        parts = [row for row in card.ledger if row.style in ("more", "less")]
        total = next(row for row in card.ledger if row.style == "total")
        shown = [Decimal(row.qty.replace(THIN_SPACE, "").replace(MINUS, "-")) for row in parts]
        assert sum(shown) == Decimal(total.qty.replace(THIN_SPACE, ""))
        assert card.ledger_warning == ""


def test_need_stands_between_the_components_and_the_steps() -> None:
    row = {"qty": 84.0, "base_uom": "EA"}
    parts = [("demand over lead time", 56.0), ("safety", 30.739), ("PACK", -2.739)]
    ledger = [
        {"seq": seq, "component": name, "qty": qty, "note": None}
        for seq, (name, qty) in enumerate(parts, start=1)
    ]
    rows, warning = ledger_rows(row, ledger)
    assert [(entry.label, entry.qty) for entry in rows] == [
        ("Demand over lead time", "+56.000"),
        ("Safety", "+30.739"),
        ("Need", "86.739"),
        ("Pack size", MINUS + "2.739"),
        ("Order, EA", "84.000"),
    ]
    assert warning == ""


def test_a_ledger_that_does_not_add_up_is_said_aloud() -> None:
    row = {"qty": 84.0, "base_uom": "EA"}
    _, warning = ledger_rows(row, [{"seq": 1, "component": "demand", "qty": 80.0, "note": None}])
    assert warning == "The components add up to 80, the order is 84."


def test_ledger_sum_is_decimal_not_floating() -> None:
    parts = [0.1] * 10
    ledger = [{"seq": seq, "component": "demand", "qty": qty, "note": None} for seq, qty in enumerate(parts)]
    _, warning = ledger_rows({"qty": 1.0, "base_uom": "KG"}, ledger)
    assert sum(parts) != 1.0
    assert warning == ""


@given(st.lists(st.integers(-500_000, 500_000), min_size=1, max_size=8))
def test_ledger_bars_stay_on_their_scale(thousandths: list[int]) -> None:
    total, spans = Decimal(0), []
    for part in thousandths:
        spans.append((total, total + Decimal(part) / 1000))
        total = spans[-1][1]
    for bar in ledger_bars(spans):
        assert -0.1 <= bar.x <= 100.1
        assert 0.6 <= bar.width <= 100.1


def test_headline_is_made_of_stored_fields() -> None:
    row = {**order_rows(1)[0], "qty": 84.0, "packs": 7.0, "order_qty": 84.0, "order_uom": "EA", "kind": "buy"}
    row |= {"item_id": "SKU-1001", "location_id": "DC-EAST", "supplier_name": "ACME", "order_date": AS_OF}
    row |= {"p_stockout_without": 1.0, "p_stockout_with": 0.07, "value_now": 68.72, "value_se": 1.2}
    view = view_with(orders=[row])
    card = order_cards(ranked(view), view)[0]
    assert (card.verb, card.order, card.packs, card.when) == ("Buy", "84\u00a0EA", "7 packs", "today")
    assert card.risk.replace("\u00a0", " ") == (
        "Stockout before the next order can arrive: 100 % without, 7 % with this line."
    )
    assert card.worth.replace("\u00a0", " ") == "Worth 68.72 EUR ± 1.20."


@pytest.mark.parametrize(
    ("value", "error", "style"),
    [
        (10.0, 1.0, "good"),
        (-10.0, 1.0, "bad"),
        (1.9, 1.0, "unsure"),
        (-1.9, 1.0, "unsure"),
        (None, None, "unsure"),
    ],
)
def test_sign_of_a_value_is_asserted_beyond_two_standard_errors_only(
    value: float | None, error: float | None, style: str
) -> None:
    text, found = worth_sentence(value, error, "EUR")
    assert found == style
    assert ("not certain" in text or "not known" in text) == (style == "unsure")


def test_last_pack_ordered_and_next_one_not_ordered_are_named() -> None:
    packs = [
        {
            "pack_no": number,
            "qty": 12.0,
            "expected_gain": gain,
            "gain_se": 0.05,
            "cumulative_cost": 48.0 * number,
        }
        for number, gain in ((1, 9.0), (2, 1.57), (3, -0.22), (4, -3.0), (5, -5.0))
    ]
    row = {"packs": 2.0, "base_uom": "EA", "line_cost": 96.0}
    rows = pack_rows(row, packs, "EUR")
    assert [(pack.number, pack.is_ordered) for pack in rows] == [(1, True), (2, True), (3, False), (4, False)]
    assert rows[1].earns == "earns 1.57 ± 0.05 EUR"
    assert rows[2].earns == "loses 0.22 ± 0.05 EUR"
    assert rows[1].cost == "48.00"


def test_packs_of_a_line_without_pack_count_follow_its_cost() -> None:
    packs = [
        {
            "pack_no": number,
            "qty": 1.0,
            "expected_gain": 1.0,
            "gain_se": None,
            "cumulative_cost": 10.0 * number,
        }
        for number in (1, 2, 3)
    ]
    rows = pack_rows({"packs": None, "base_uom": "KG", "line_cost": 20.0}, packs, "EUR")
    assert [pack.is_ordered for pack in rows] == [True, True, False]


def test_card_without_any_detail_says_so_in_each_section() -> None:
    view = view_from_frames(meta=meta(), orders=example_frames(1)["orders"])
    html = render_report(view)
    for text in (
        "No ledger is stored",
        "No value per pack is stored",
        "No alternatives are stored",
        "No history, forecast or projection",
    ):
        assert text in html


def test_cards_are_drawn_for_the_first_lines_only() -> None:
    view = view_from_frames(meta=meta(), orders=example_frames(230, num_charts=0)["orders"])
    html = render_report(view)
    assert html.count('class="card-holder"') == 200
    assert len(re.findall(r'<tr data-line="\d+"', html)) == 200
    assert len(payload(Page(html))["columns"]["item"]) == 230


def place_rows(**columns: list[Any]) -> list[dict[str, Any]]:
    names = list(columns)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def test_stockout_buckets_are_shaded_as_one_span() -> None:
    history = place_rows(
        bucket_start=[date(2026, 2, day) for day in (20, 21, 22, 23)],
        qty=[4.0, 0.0, 0.0, 5.0],
        in_stock_fraction=[1.0, 0.0, 0.5, None],
    )
    chart = timeline(history, [], [], as_of=AS_OF, arrival=None, unit="EA")
    assert chart is not None
    assert len(chart.shaded) == 1
    assert "2 buckets with a stockout" in chart.summary


def test_daily_forecast_beside_weekly_history_is_drawn_per_week() -> None:
    history = place_rows(
        bucket_start=[date(2026, 2, 2), date(2026, 2, 9), date(2026, 2, 16)],
        qty=[70.0, 70.0, 70.0],
        in_stock_fraction=[None, None, None],
    )
    forecast = place_rows(date=[date(2026, 3, 2), date(2026, 3, 3)], quantile=[0.5, 0.5], value=[10.0, 10.0])
    chart = timeline(history, forecast, [], as_of=AS_OF, arrival=None, unit="EA")
    assert chart is not None and chart.demand is not None
    assert chart.demand.title == "Demand, EA per week"
    assert [row[1] for row in chart.future_rows] == ["70", "70"]


def test_chart_says_when_stock_runs_out() -> None:
    projection = place_rows(
        date=[date(2026, 3, 2), date(2026, 3, 9)] * 2,
        quantile=[0.5] * 4,
        on_hand=[10.0, 40.0, 10.0, 0.0],
        scenario=["with", "with", "without", "without"],
    )
    chart = timeline([], [], projection, as_of=AS_OF, arrival=date(2026, 3, 5), unit="EA")
    assert chart is not None
    assert "without the order runs out on 9\u00a0Mar\u00a02026" in chart.summary
    assert "with the order does not run out" in chart.summary
    assert chart.arrival_label == "arrives 5\u00a0Mar"


def test_nothing_to_draw_gives_no_chart() -> None:
    assert timeline([], [], [], as_of=AS_OF, arrival=None, unit="EA") is None
    assert pack_chart([]) is None
    assert return_curve([], [], 100.0) is None


def test_return_curve_ends_at_the_totals() -> None:
    curve = return_curve([50.0, 100.0, 50.0], [40.0, 30.0, 1.0], 120.0)
    assert curve is not None
    assert curve.rows[-1][:3] == (3, 200.0, 71.0)
    assert curve.half_lines == 1


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_round_ticks_cover_the_range(low: float, span: float) -> None:
    ticks = round_ticks(low, low + span)
    slack = 1e-9 * max(abs(low), abs(low + span)) + 1e-6
    assert ticks[0] <= low + slack
    assert ticks[-1] >= low + span - slack
    assert 2 <= len(ticks) <= 8


@given(st.dates(date(2000, 1, 1), date(2040, 1, 1)), st.integers(0, 2000))
def test_date_ticks_lie_inside_and_are_few(start: date, span: int) -> None:
    end = date.fromordinal(start.toordinal() + span)
    ticks = date_ticks(start, end)
    assert all(start <= tick <= end for tick in ticks)
    assert len(ticks) <= 12


def test_step_codes_of_a_ledger_may_be_lower_case() -> None:
    parts = [("demand_lead_time", 50.0), ("on_order", -2.0), ("minimum", 12.0)]
    ledger = [
        {"seq": seq, "component": name, "qty": qty, "note": None}
        for seq, (name, qty) in enumerate(parts, start=1)
    ]
    rows, _ = ledger_rows({"qty": 60.0, "base_uom": "EA"}, ledger)
    assert [row.label for row in rows] == [
        "Demand over lead time",
        "On order",
        "Need",
        "Minimum",
        "Order, EA",
    ]


def test_assumptions_of_a_line_are_on_its_card() -> None:
    rows = [order_rows(1)[0] | {"assumptions": "source assumed by the profile; stock assumed"}]
    html = render_report(view_with(orders=rows))
    assert "Rests on an assumption: source assumed by the profile." in html
    assert "Rests on an assumption: stock assumed." in html
