"""The one-file report: self-contained, exact, escaped, and honest where it has nothing to show."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from dataclasses import fields
from datetime import date
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basestock.operations.report import ReportView, render_backtest, render_report, view_from_frames
from basestock.operations.report.cards import order_cards, pack_rows, worth_sentence
from basestock.operations.report.charts import ledger_bars, pack_chart, return_curve
from basestock.operations.report.exceptions import exception_list
from basestock.operations.report.glossary import GLOSSARY, REASONS, codes, family, plain
from basestock.operations.report.health import data_health
from basestock.operations.report.ledger import ledger_rows
from basestock.operations.report.numbers import (
    MINUS,
    THIN_SPACE,
    UNKNOWN,
    days,
    fixed,
    percent,
    quantity,
    signed,
)
from basestock.operations.report.orders import order_list, ranked
from basestock.operations.report.svg import date_ticks, round_ticks
from basestock.operations.report.timeline import timeline
from basestock.operations.report.today import today
from tests.operations.report_fixture import AS_OF, example_frames, example_view, meta

NUM_LINES = 14
VOID = {"meta", "link", "input", "br", "path", "rect", "circle"}
HOSTILE = [
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"><svg onload=alert(1)> '&amp;",
    "</noscript><b>",
    "=HYPERLINK(1)",
    "鈴木-№7 é \u202e\u2028",
    "{{ 7 * 7 }}{% raw %}",
    "__proto__",
]


class Page(HTMLParser):
    """Ids, links, inline scripts and styles of a document, and tags that are not closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.ids: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.raw: list[tuple[str, str, str]] = []
        self.open: list[str] = []
        self.misnested: list[str] = []
        self.tiles: dict[str, str] = {}
        self.text: list[str] = []
        self._tile = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.attributes += [(tag, name, value) for name, value in values.items()]
        if "id" in values:
            self.ids[values["id"]] += 1
        self._tile = values.get("data-tile", self._tile)
        if tag == "data" and self._tile:
            self.tiles[self._tile] = values["value"]
            self._tile = ""
        if tag in ("script", "style"):
            self.raw.append((tag, values.get("type", ""), ""))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.misnested.append(tag)

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("script", "style"):
            tag, kind, text = self.raw[-1]
            self.raw[-1] = (tag, kind, text + data)
        else:
            self.text.append(data)

    def attribute(self, name: str) -> list[str]:
        return [value for _, attribute, value in self.attributes if attribute == name]


def view_with(**changes: list[dict[str, Any]]) -> ReportView:
    """The example run with some frames replaced by rows."""
    frames = example_frames(8)
    frames.update({name: pl.DataFrame(rows, infer_schema_length=None) for name, rows in changes.items()})
    return view_from_frames(meta=meta(), **frames)


def order_rows(num: int = 2) -> list[dict[str, Any]]:
    return example_frames(num)["orders"].to_dicts()


@pytest.fixture(scope="module")
def html() -> str:
    return render_report(example_view(NUM_LINES))


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def payload(page: Page) -> dict[str, Any]:
    return json.loads(next(text for _, kind, text in page.raw if kind == "application/json"))


# One file that loads nothing


def test_no_attribute_points_outside_the_file(page: Page) -> None:
    links = [
        value for name in ("src", "href", "action", "xlink:href", "poster") for value in page.attribute(name)
    ]
    assert links
    assert all(link.startswith("#") or link == "data:," for link in links)


def test_no_address_of_another_host_occurs_in_style_or_script(page: Page) -> None:
    for _, _, text in page.raw:
        assert not re.search(r"https?://|//[a-z]+\.[a-z]|@import|\bfetch\(|XMLHttpRequest|import\(", text)


def test_policy_admits_only_the_script_and_style_by_hash(html: str, page: Page) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert policy is not None
    rules = dict(rule.split(" ", 1) for rule in policy[1].replace("&#39;", "'").split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    for tag, kind, text in page.raw:
        if kind == "application/json":
            continue
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules[f"{tag}-src"] == f"'sha256-{digest}'"


def test_nothing_needs_an_inline_handler_or_style_attribute(page: Page) -> None:
    names = {name for _, name, _ in page.attributes}
    assert "style" not in names
    assert not [name for name in names if name.startswith("on")]


def test_tags_are_nested_and_ids_unique(page: Page) -> None:
    assert page.misnested == []
    assert page.open == []
    assert [name for name, times in page.ids.items() if times > 1] == []


def test_every_link_inside_the_page_has_a_target(page: Page) -> None:
    missing = {link[1:] for link in page.attribute("href") if link.startswith("#")} - set(page.ids)
    assert missing == set()


def test_same_view_gives_the_same_bytes(html: str) -> None:
    assert render_report(example_view(NUM_LINES)) == html


def test_row_order_of_the_frames_does_not_matter(html: str) -> None:
    frames = {
        name: frame.reverse()
        for name, frame in example_frames(NUM_LINES).items()
        if name in ("orders", "exceptions")
    }
    assert render_report(view_from_frames(meta=meta(), **{**example_frames(NUM_LINES), **frames})) == html


# Numbers on tiles are sums of the tables they open


def test_tiles_of_orders_equal_the_sums_of_the_order_data(page: Page) -> None:
    columns = payload(page)["columns"]
    for tile, column in (("to_order", "cost"), ("value_now", "value")):
        total = sum((Decimal(str(number)) for number in columns[column]), Decimal(0))
        assert Decimal(page.tiles[tile]) == total
    assert page.tiles["lines"] == str(len(columns["item"]))


def test_tiles_of_risk_equal_the_rows_of_the_exception_table(html: str, page: Page) -> None:
    for key in ("lost_sales", "excess"):
        row = re.search(rf'<tr id="exceptions-{key}".*?<data value="([^"]+)">', html, re.DOTALL)
        assert row is not None
        assert float(page.tiles[key]) == pytest.approx(float(row[1]), abs=1e-9)


def test_exception_families_add_up_to_the_listed_money() -> None:
    view = example_view(NUM_LINES)
    listed = exception_list(view, ranked(view))
    shown = sum(Decimal(row.money.replace(THIN_SPACE, "")) for row in listed.rows)
    assert shown == sum(Decimal(str(round(total.money, 2))) for total in listed.families)
    assert sum(total.num for total in listed.families) == listed.num


def test_data_tile_counts_the_findings_of_the_code_table(page: Page) -> None:
    health = data_health(example_view(NUM_LINES))
    assert page.tiles["issues"] == str(sum(total.num for total in health.codes))
    assert sum(total.exposure for total in health.codes) == pytest.approx(health.exposure)


def test_supplier_totals_add_up_to_the_list() -> None:
    view = example_view(NUM_LINES)
    listed = order_list(ranked(view), view.meta)
    assert sum(total.num_lines for total in listed.suppliers) == listed.num_lines
    assert sum(total.cost for total in listed.suppliers) == pytest.approx(listed.total_cost, abs=1e-9)


def test_lines_are_ranked_by_return_with_unknown_last() -> None:
    rows = order_rows(3)
    rows[0]["return_per_currency"] = None
    order = ranked(view_with(orders=rows))["return_per_currency"].to_list()
    assert order[-1] is None
    assert order[0] >= order[1]


def test_budget_line_stands_above_the_first_line_not_paid_in_full() -> None:
    rows = [{**row, "line_cost": 100.0, "return_per_currency": 1.0} for row in order_rows(4)]
    view = view_from_frames(meta={**meta(), "budget": 250}, orders=pl.DataFrame(rows))
    assert order_list(ranked(view), view.meta).budget_row == 2


def test_without_a_budget_no_line_is_drawn() -> None:
    view = view_from_frames(meta={"as_of": AS_OF}, orders=example_frames(3)["orders"].drop("currency"))
    assert order_list(ranked(view), view.meta).budget_row is None
    assert not re.search(r"Budget \d.* is spent here", render_report(view))


def test_reference_line_compares_the_same_lines_only() -> None:
    rows = [
        {**row, "qty": 10.0, "line_cost": 100.0, "reference_qty": reference}
        for row, reference in zip(order_rows(3), (20.0, 5.0, None), strict=True)
    ]
    view = view_with(orders=rows)
    orders = ranked(view)
    line = today(
        view, orders, order_list(orders, view.meta), exception_list(view, orders), data_health(view)
    ).reference
    assert line is not None
    assert (line.own, line.reference) == (200.0, 250.0)
    assert (line.num_more, line.num_less, line.num_same, line.num_unknown) == (1, 1, 0, 1)
    assert line.change == "20\u00a0% less money on these lines"


# Cards


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


# Charts


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


# Whatever the text is


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text: str) -> None:
    row = {
        **order_rows(1)[0],
        "item_id": text,
        "location_id": text,
        "description": text,
        "supplier_name": text,
    }
    row |= {"reason_codes": text, "data_flags": text, "source_id": text, "base_uom": text, "order_uom": text}
    exceptions = [{"exception_id": text, "type": text, "object": text, "money_at_risk": 1.0, "act_by": None}]
    view = view_with(orders=[row], exceptions=exceptions)
    page = Page(render_report(view))
    plain_page = Page(render_report(view_with(orders=order_rows(1))))
    assert page.misnested == []
    assert [tag for tag, *_ in page.raw] == [tag for tag, *_ in plain_page.raw]
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert payload(page)["columns"]["item"] == [text]
    assert any(text in piece for piece in page.text)


@settings(max_examples=20, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30))
def test_any_identifier_comes_back_from_the_data(text: str) -> None:
    view = view_from_frames(meta=meta(), orders=pl.DataFrame([{**order_rows(1)[0], "item_id": text}]))
    html = render_report(view)
    assert payload(Page(html))["columns"]["item"] == [text]
    assert not re.search(
        r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", html.replace("\x7f", "") if "\x7f" not in text else ""
    )


def test_unknown_is_a_dash_and_never_zero() -> None:
    row = dict.fromkeys(example_frames(1)["orders"].columns)
    row |= {"proposal_id": "p", "kind": "buy", "item_id": "A", "location_id": "B", "qty": 5.0}
    view = view_from_frames(meta={"as_of": "2026-03-02"}, orders=pl.DataFrame([row]))
    line = order_list(ranked(view), view.meta).rows[0]
    assert (line.cost, line.value, line.cover, line.risk_with, line.reference) == (UNKNOWN,) * 5
    assert line.order == "5\u00a0units"
    assert "units of money" in render_report(view)


# Nothing to show is a designed state


def test_empty_run_explains_every_empty_place() -> None:
    page = Page(render_report(view_from_frames(meta={"as_of": AS_OF})))
    text = " ".join(page.text)
    for sentence in (
        "Nothing to order.",
        "No exceptions.",
        "No key figures in this run.",
        "No findings.",
        "Every item-location was planned.",
        "Coverage was not recorded.",
        "Row counts were not recorded.",
        "Nothing was defaulted or assumed",
    ):
        assert sentence in text
    assert page.misnested == []
    assert page.tiles["to_order"] == "0.00"


def test_empty_order_list_does_not_hide_what_was_held() -> None:
    held = example_frames(1)["not_planned"]
    html = render_report(view_from_frames(meta=meta(), not_planned=held))
    assert "2 item-locations not planned: that is not an order of zero." in html


@pytest.mark.parametrize("name", [field.name for field in fields(ReportView) if field.name != "meta"])
def test_each_frame_may_be_missing_alone(name: str) -> None:
    frames = {key: frame for key, frame in example_frames(3).items() if key != name}
    assert Page(render_report(view_from_frames(meta=meta(), **frames))).misnested == []


def test_notice_and_warnings_come_before_the_numbers(html: str) -> None:
    assert (
        html.index("validation by an expert")
        < html.index("No open orders are known")
        < html.index('class="tiles"')
    )


def test_every_number_of_the_list_links_to_a_definition(page: Page) -> None:
    linked = {link.removeprefix("#def-") for link in page.attribute("href") if link.startswith("#def-")}
    assert {"line_cost", "value_now", "return_per_currency", "p_stockout", "cover_days_after"} <= linked
    assert linked <= set(GLOSSARY)


def test_every_chart_has_a_name_and_a_table(html: str) -> None:
    assert html.count('role="img"') == html.count("Show as table")
    assert html.count('role="img"') == html.count("<title id=")


# The frames are checked


def test_all_faults_of_the_frames_are_reported_at_once() -> None:
    orders = example_frames(2)["orders"].drop("qty")
    ledger = pl.DataFrame({"proposal_id": ["p"], "seq": ["first"], "component": ["x"], "qty": [1.0]})
    with pytest.raises(ValueError, match="cannot be drawn") as caught:
        view_from_frames(meta={}, orders=orders, ledger=ledger, surprise=None)
    text = str(caught.value)
    assert "`as_of` is None, must be a day" in text
    assert "frame `orders`: column `qty` is missing" in text
    assert "frame `ledger`: column `seq` is String" in text
    assert "there is no frame `surprise`" in text


@pytest.mark.parametrize(
    ("key", "value", "rule"),
    [
        ("budget", "much", "must be an amount of money"),
        ("seed", "x", "must be a whole number"),
        ("warnings", "one text", "must be a list of sentences"),
        ("tables", ["item"], "must map a table to its row counts"),
        ("hashes", "ab12", "must map a name to a text"),
    ],
)
def test_facts_of_a_wrong_kind_are_named_with_their_rule(key: str, value: object, rule: str) -> None:
    with pytest.raises(ValueError, match=f"meta: `{key}` is .*{rule}"):
        view_from_frames(meta={"as_of": AS_OF, key: value})


def test_two_currencies_are_refused_since_sums_must_add_up() -> None:
    rows = order_rows(2)
    rows[1]["currency"] = "USD"
    with pytest.raises(ValueError, match="orders are in USD but the report is in EUR"):
        view_with(orders=rows)


def test_repeated_proposal_id_is_refused() -> None:
    row = order_rows(1)[0]
    with pytest.raises(ValueError, match="occurs twice"):
        view_with(orders=[row, row])


def test_unknown_scenario_is_refused() -> None:
    rows = [
        {
            "item_id": "A",
            "location_id": "B",
            "date": AS_OF,
            "quantile": 0.5,
            "on_hand": 1.0,
            "scenario": "both",
        }
    ]
    with pytest.raises(ValueError, match="scenario `both` is unknown"):
        view_with(projection=rows)


def test_code_lists_may_be_lists_or_text_and_days_may_be_iso_text() -> None:
    row = {**order_rows(1)[0], "reason_codes": ["PACK", "MINIMUM"], "order_date": "2026-03-04"}
    line = order_list(ranked(view := view_with(orders=[row])), view.meta).rows[0]
    assert [chip.code for chip in line.chips if chip.style == "reason"] == ["PACK", "MINIMUM"]
    assert line.ordered == "4\u00a0Mar"


def test_facts_without_a_place_of_their_own_are_kept() -> None:
    html = render_report(view_from_frames(meta={"as_of": AS_OF, "horizon": "84 days"}))
    assert re.search(r"<dt>Horizon</dt><dd><bdi>84 days</bdi>", html)


def test_open_row_balance_is_marked() -> None:
    tables = {"item": {"read": 10, "accepted": 8, "repaired": 1}}
    html = render_report(view_from_frames(meta={"as_of": AS_OF, "tables": tables}))
    assert "✗ open" in html


# Words and numbers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (fixed(1234567.891, 2), f"1{THIN_SPACE}234{THIN_SPACE}567.89"),
        (fixed(-0.001, 2), "0.00"),
        (fixed(0.125, 2), "0.13"),
        (fixed(float("nan"), 2), UNKNOWN),
        (quantity(84.0), "84"),
        (signed("0.000"), "0.000"),
        (signed("5"), "+5"),
        (percent(0.9999), ">99\u00a0%"),
        (percent(0.0), "0\u00a0%"),
        (days(999.0), "999+"),
    ],
)
def test_numbers_are_written_plainly(text: str, expected: str) -> None:
    assert text == expected


def test_every_reason_code_of_the_product_has_a_plain_name() -> None:
    assert len(REASONS) == 23
    assert all(plain(code) != code for code in REASONS)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Projected stockout", "lost_sales"), ("expiring lot", "excess"), ("policy_drift", "other")],
)
def test_exception_types_belong_to_a_family(name: str, expected: str) -> None:
    assert family(name) == expected


def test_codes_are_split_on_any_separator() -> None:
    assert codes("['PACK', 'MINIMUM']|DEM-003;;") == ["PACK", "MINIMUM", "DEM-003"]


# Colors


def _palette(css: str, block: str) -> dict[str, tuple[float, float, float]]:
    body = re.search(block + r"\s*\{(.*?)\}", css, re.DOTALL)
    assert body is not None
    pairs = re.findall(r"--([\w-]+): #([0-9a-f]{6});", body[1])
    return {name: tuple(int(value[i : i + 2], 16) / 255 for i in (0, 2, 4)) for name, value in pairs}


def _contrast(first: tuple[float, ...], second: tuple[float, ...]) -> float:
    def luminance(color: tuple[float, ...]) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("block", [r"^:root", r"prefers-color-scheme: dark\) \{\s*:root"])
def test_text_reaches_the_contrast_of_wcag_aa(page: Page, block: str) -> None:
    css = next(text for tag, _, text in page.raw if tag == "style")
    color = _palette(css, block)
    grounds = ("ground", "surface", "raised", "accent-soft", "warn-soft", "bad-soft")
    for ground in grounds:
        assert _contrast(color["ink"], color[ground]) >= 7
        assert _contrast(color["muted"], color[ground]) >= 4.5
        assert _contrast(color["accent"], color[ground]) >= 4.5
    for name in ("good", "bad", "warn"):
        assert _contrast(color[name], color["surface"]) >= 4.5
    assert _contrast(color["edge"], color["surface"]) >= 3


# Backtest


def estimate(mean: float | None, half_width: float | None = 1.0) -> dict[str, Any]:
    return {"mean": mean, "half_width": half_width, "n": 40}


def backtest(**savings: dict[str, Any]) -> dict[str, Any]:
    policies = [{"policy": "current", "total": estimate(100.0), "terms": {}, "kpis": {}, "versus": {}}]
    policies += [
        {
            "policy": name,
            "total": estimate(90.0),
            "terms": {"holding_cost": estimate(40.0)},
            "kpis": {"saving": value},
        }
        for name, value in savings.items()
    ]
    return {
        "window": {"start": "2025-01-06", "end": "2025-12-28", "no_leakage": "Only earlier rows were known."},
        "folds": 1,
        "reference": "current",
        "currency": "EUR",
        "policies": policies,
        "verdict": {"passed": False, "text": "The gate is not met.", "rule": "lower bound of saving above 0"},
    }


def text_of(document: dict[str, Any]) -> str:
    page = Page(render_backtest(document))
    assert page.misnested == []
    return " ".join(" ".join(page.text).replace("\u00a0", " ").split())


def test_backtest_calls_a_policy_better_worse_or_neither() -> None:
    text = text_of(
        backtest(marginal=estimate(10.0, 2.0), order_up_to=estimate(1.0, 2.0), eoq=estimate(-5.0, 2.0))
    )
    assert "marginal is better than current by 10.00 EUR." in text
    assert "order_up_to and current cannot be told apart" in text
    assert "eoq is worse than current by 5.00 EUR." in text


def test_backtest_prints_verdict_rule_and_leakage_statement() -> None:
    text = text_of(backtest(marginal=estimate(-3.0)))
    for part in ("✗ Gate not met", "Rule: lower bound of saving above 0", "Only earlier rows were known."):
        assert part in text


def test_backtest_without_a_leakage_statement_says_that_it_is_missing() -> None:
    document = {**backtest(marginal=estimate(1.0)), "window": "2025"}
    assert "makes no statement on leakage" in text_of(document)


def test_backtest_without_savings_compares_totals_in_the_sense_of_the_record() -> None:
    document = backtest()
    document["policies"].append(
        {
            "policy": "eoq",
            "total": estimate(90.0),
            "terms": {},
            "kpis": {},
            "versus": {"current": estimate(-9.0)},
        }
    )
    assert "eoq is better than current by 9.00 EUR." in text_of(document)
    assert "eoq is worse than current by 9.00 EUR." in text_of({**document, "sense": "max"})


def test_backtest_pairs_each_figure_where_the_document_does() -> None:
    document = backtest(marginal=estimate(4.0))
    document["policies"][1]["kpis"]["fill_rate"] = estimate(0.97, 0.01)
    document["policies"][1]["versus"] = {"current": {"fill_rate": estimate(0.03, 0.01)}}
    assert "paired +3.0 ± 1.0 points" in text_of(document)


def test_backtest_shows_unknown_figures_with_their_reason() -> None:
    document = backtest(marginal=estimate(4.0))
    document["policies"][1]["kpis"]["fill_rate"] = {
        "mean": None,
        "half_width": None,
        "n": 0,
        "reason": "no_demand",
    }
    assert "– (no demand)" in text_of(document)


def test_an_unknown_interval_is_never_called_better() -> None:
    assert "cannot be told apart" in text_of(backtest(marginal=estimate(10.0, None)))


def test_further_records_of_a_backtest_become_tables() -> None:
    document = backtest(marginal=estimate(4.0)) | {
        "worst_items": [{"item": "SKU-9", "saving": estimate(-2.0, 0.5)}]
    }
    text = text_of(document)
    assert "Worst items" in text and f"{MINUS}2 ± 0.5" in text


def test_backtest_names_everything_that_is_missing() -> None:
    with pytest.raises(ValueError, match="`window` is missing") as caught:
        render_backtest({"policies": [{"policy": "eoq"}]})
    assert "policies[0]: `kpis` is missing" in str(caught.value)


def test_backtest_escapes_names() -> None:
    page = Page(render_backtest(backtest(**{"<script>x</script>": estimate(1.0)})))
    assert [tag for tag, *_ in page.raw] == ["style", "script"]


def test_static_files_use_line_feeds_only() -> None:
    folder = Path(__file__).resolve().parents[2] / "src/basestock/operations/report/static"
    for file in folder.iterdir():
        assert b"\r" not in file.read_bytes(), file.name
