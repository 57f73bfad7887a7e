"""The one-file report: self-contained, exact, and honest where it has nothing to show."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import fields
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from basestock.operations.report import ReportView, render_report, view_from_frames
from basestock.operations.report.exceptions import exception_list
from basestock.operations.report.glossary import GLOSSARY
from basestock.operations.report.health import data_health
from basestock.operations.report.numbers import (
    THIN_SPACE,
)
from basestock.operations.report.orders import order_list, ranked
from basestock.operations.report.today import today
from tests.operations.report_fixture import AS_OF, example_frames, example_view, meta, order_rows, view_with
from tests.operations.report_page import Page, payload

NUM_LINES = 14


@pytest.fixture(scope="module")
def html() -> str:
    return render_report(example_view(NUM_LINES))


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


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


@pytest.mark.parametrize("form", ["{item}@{place}", "item={item}, location={place}"])
def test_exception_of_a_listed_line_leads_to_its_card(form: str) -> None:
    row = order_rows(1)[0]
    name = form.format(item=row["item_id"], place=row["location_id"])
    entry = {"exception_id": "x", "type": "excess", "object": name, "money_at_risk": 1.0}
    view = view_with(orders=[row], exceptions=[entry])
    found = exception_list(view, ranked(view)).rows[0]
    assert (found.card, found.object) == (0, f"{row['item_id']} at {row['location_id']}")


def test_data_tile_counts_the_findings_of_the_code_table(page: Page) -> None:
    health = data_health(example_view(NUM_LINES))
    assert page.tiles["issues"] == str(sum(total.num for total in health.codes))


def test_money_that_several_findings_touch_counts_once() -> None:
    shared = {"severity": "warning", "rule": "r", "remedy": "", "file": "demand_history.csv"}
    keys = [
        *("item=A, location=M, date=2026-01-01", "item=A, location=M, date=2026-01-02", "item=A, location=N"),
        *("item=B, of two, location=M", "item=A"),
    ]
    money = [100.0, 100.0, 30.0, 7.0, 130.0]
    issues = [
        {**shared, "code": code, "row": index, "key": key, "exposure": worth}
        for index, (key, worth) in enumerate(zip(keys, money, strict=True))
        for code in ("DEM-003", "DEM-006")
    ]
    health = data_health(view_with(issues=issues))
    assert health.num_issues == 10
    assert health.exposure == 137.0
    assert [total.exposure for total in health.codes] == [137.0, 137.0]
    whole_file = {**shared, "code": "SRC-007", "row": None, "key": "rows=4", "exposure": 1000.0}
    assert data_health(view_with(issues=[*issues, whole_file])).exposure == 1000.0


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


def test_static_files_use_line_feeds_only() -> None:
    folder = Path(__file__).resolve().parents[2] / "src/basestock/operations/report/static"
    for file in folder.iterdir():
        assert b"\r" not in file.read_bytes(), file.name
