"""The report in a real browser: it loads nothing, complains about nothing, and does what its keys say."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from basestock.operations.report import ReportView, render_backtest, render_report, view_from_frames
from tests.operations.report_fixture import example_frames, meta

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
PROGRAM = next((path for name in NAMES if (path := shutil.which(name))), None)
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium is installed")

VIEWS = ("today", "orders", "exceptions", "data", "definitions")
HOSTILE = "</script><img src=x onerror=alert(1)><b>bold</b> '\"&"
NUM_LINES = 18


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        program = driver.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox"])
        yield program
        program.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("report")


@pytest.fixture(scope="module")
def report(folder: Path) -> str:
    view = view_from_frames(meta={**meta(), "budget": 2000.0}, **example_frames(NUM_LINES))
    return write(folder / "report.html", view)


def write(path: Path, view: ReportView) -> str:
    path.write_text(render_report(view), encoding="utf-8")
    return path.as_uri()


class Visit:
    """One page, with every complaint and every request it made."""

    def __init__(self, browser: Any, address: str, **settings: Any) -> None:
        self.context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}} | settings)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.complaints.append("dialog"), dialog.dismiss()))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.address = address.split("#")[0]
        self.page.goto(address)

    def __enter__(self) -> Visit:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()

    def open(self, fragment: str) -> None:
        """Load the page anew at a fragment, as a saved link does."""
        self.page.goto("about:blank")
        self.page.goto(self.address + fragment)

    def texts(self, selector: str) -> list[str]:
        return [text.strip() for text in self.page.locator(selector).all_inner_texts()]

    def settle(self, num_rows: int) -> None:
        self.page.wait_for_function(
            f"document.querySelectorAll('#lines-table tbody tr[data-line]').length === {num_rows}"
        )

    def active_line(self) -> str | None:
        return self.page.evaluate("document.activeElement.closest('tr')?.dataset.line ?? null")


def number(text: str) -> float:
    return float(re.sub(r"[^\d.\-]", "", text.replace("\u2212", "-")))


def test_page_asks_for_nothing_and_complains_about_nothing(browser: Any, report: str) -> None:
    with Visit(browser, report) as visit:
        for view in VIEWS:
            visit.page.locator(f".top nav a[href='#{view}']").click()
            # The view follows the address, which the browser reports a moment after the click.
            visit.page.locator(f"#{view}").wait_for(state="visible", timeout=5000)
        visit.open("#view=orders&card=2")
        for summary in visit.page.locator("#panel summary").all():
            summary.click()
        assert visit.complaints == []
        assert {url.split("#")[0] for url in visit.requests} <= {report, "about:blank", "data:,"}


def test_rows_drawn_by_the_script_equal_rows_drawn_by_the_server(browser: Any, report: str) -> None:
    rows = "[...document.querySelectorAll('#lines-table tbody tr')].map(row => row.outerHTML)"
    with Visit(browser, report + "#orders") as visit:
        from_server = visit.page.evaluate(rows)
        visit.page.locator("[name=text]").fill("nothing like it")
        visit.page.locator("[name=text]").fill("")
        visit.settle(NUM_LINES)
        assert visit.page.evaluate(rows) == from_server
        assert len(from_server) == NUM_LINES + 1  # with the budget line


def test_sorting_by_cost_and_back(browser: Any, report: str) -> None:
    with Visit(browser, report + "#orders") as visit:
        visit.page.locator("th[data-key=cost] button").click()
        costs = [number(text) for text in visit.texts("#lines-table tbody td.cost")]
        assert costs == sorted(costs, reverse=True)
        assert visit.page.locator("th[data-key=cost]").get_attribute("aria-sort") == "descending"
        visit.page.locator("th[data-key=cost] button").click()
        assert [number(text) for text in visit.texts("#lines-table tbody td.cost")] == sorted(costs)
        assert visit.page.evaluate("location.hash") == "#view=orders&sort=cost"


def test_sorting_by_item_is_alphabetical_and_unknown_is_last(browser: Any, report: str) -> None:
    with Visit(browser, report + "#view=orders&sort=item") as visit:
        items = visit.texts("#lines-table tbody .item a")
        assert items == sorted(items)
        visit.page.locator("th[data-key=reference] button").click()
        references = visit.texts("#lines-table tbody td.reference")
        num_unknown = references.count("–")
        assert num_unknown > 0
        assert references[-num_unknown:] == ["–"] * num_unknown


def test_filters_narrow_the_list_and_its_totals(browser: Any, report: str) -> None:
    with Visit(browser, report + "#orders") as visit:
        visit.page.locator("[name=supplier]").select_option("ACME Foods")
        visit.page.locator("[name=text]").fill(" E  sku ")
        suppliers = visit.texts("#lines-table tbody td.source")
        assert suppliers
        assert set(suppliers) == {"ACME Foods"}
        costs = [number(text) for text in visit.texts("#lines-table tbody td.cost")]
        assert number(visit.texts("#totals b")[1]) == pytest.approx(sum(costs))
        running = [number(text) for text in visit.texts("#lines-table tbody td.running")]
        assert running[-1] == pytest.approx(sum(costs))


@pytest.mark.parametrize(
    ("name", "code", "style"), [("reason", "PACK", "reason"), ("flag", "DEM-003", "flag")]
)
def test_filter_by_code(browser: Any, report: str, name: str, code: str, style: str) -> None:
    with Visit(browser, report + "#orders") as visit:
        visit.page.locator(f"[name={name}]").select_option(code)
        rows = visit.page.locator("#lines-table tbody tr[data-line]")
        label = "Pack size" if code == "PACK" else code
        assert 0 < rows.count() < NUM_LINES
        assert rows.filter(has=visit.page.locator(f".chip.{style}", has_text=label)).count() == rows.count()


def test_no_match_is_explained(browser: Any, report: str) -> None:
    with Visit(browser, report + "#view=orders&text=nothing+like+it") as visit:
        assert visit.texts("#more") == ["No line matches. Clear a filter to see more."]
        visit.page.get_by_role("button", name="Clear").click()
        visit.settle(NUM_LINES)


def test_keys_move_open_set_aside_and_search(browser: Any, report: str) -> None:
    with Visit(browser, report + "#orders") as visit:
        keys = visit.page.keyboard
        for key in ("j", "j", "k", "j"):
            keys.press(key)
        assert visit.active_line() == "1"
        before = number(visit.texts("#totals b")[1])
        keys.press("x")
        cost = number(visit.texts("tr[data-line='1'] td.cost")[0])
        assert number(visit.texts("#totals b")[1]) == pytest.approx(before - cost)
        assert "1 set aside" in visit.texts("#totals")[0]
        assert visit.active_line() == "1"
        keys.press("Enter")
        assert visit.page.locator("#panel h3").is_visible()
        keys.press("j")
        assert visit.page.evaluate("document.querySelector('tr.open').dataset.line") == "2"
        keys.press("Escape")
        assert not visit.page.locator("#panel").is_visible()
        assert visit.active_line() == "2"
        keys.press("/")
        assert visit.page.evaluate("document.activeElement.name") == "text"
        keys.press("j")
        assert visit.page.locator("[name=text]").input_value() == "j"


def test_keys_can_be_switched_off(browser: Any, report: str) -> None:
    with Visit(browser, report + "#orders") as visit:
        visit.page.locator("#shortcuts").uncheck()
        visit.page.evaluate("document.activeElement.blur()")
        visit.page.keyboard.press("j")
        assert visit.active_line() is None


def test_address_keeps_filters_lines_set_aside_and_card(browser: Any, report: str) -> None:
    with Visit(browser, report + "#orders") as visit:
        visit.page.locator("[name=location]").select_option("DC-EAST")
        row = visit.page.locator("#lines-table tbody tr[data-line]").nth(1)
        line = row.get_attribute("data-line")
        row.locator("input").uncheck()
        row.locator("a").click()
        fragment = visit.page.evaluate("location.hash")
        totals, title = visit.texts("#totals"), visit.texts("#panel h3")
        visit.open(fragment)
        assert visit.texts("#totals") == totals
        assert visit.texts("#panel h3") == title
        assert visit.page.locator(f"tr[data-line='{line}'].aside").count() == 1


def test_tile_opens_a_list_that_adds_up_to_it(browser: Any, report: str) -> None:
    with Visit(browser, report) as visit:
        tile = visit.page.locator(".tile[data-tile=lost_sales]")
        amount = float(tile.locator("data").get_attribute("value") or "nan")
        tile.locator(".amount a").click()
        shown = [number(text) for text in visit.texts(".exceptions li:not([hidden]) .amount")]
        assert sum(shown) == pytest.approx(amount)
        assert 0 < len(shown) < visit.page.locator(".exceptions li").count()


def test_exception_leads_to_the_card_of_its_line(browser: Any, report: str) -> None:
    with Visit(browser, report + "#exceptions") as visit:
        link = visit.page.locator(".exceptions h3 a").first
        item = link.inner_text().split(" at ")[0]
        link.click()
        assert item in visit.texts("#panel h3")[0]


def test_supplier_total_narrows_the_list(browser: Any, report: str) -> None:
    with Visit(browser, report + "#orders") as visit:
        visit.page.locator("summary", has_text="By supplier").click()
        visit.page.locator(".suppliers button", has_text="Orion Supply").click()
        assert set(visit.texts("#lines-table tbody td.source")) == {"Orion Supply"}


def test_escape_closes_a_definition_before_the_card(browser: Any, report: str) -> None:
    with Visit(browser, report + "#view=orders&card=0") as visit:
        visit.page.locator("#panel .define").first.click()
        visit.page.keyboard.press("Escape")
        assert not visit.page.locator("#definition").is_visible()
        assert visit.page.locator("#panel h3").is_visible()
        visit.page.keyboard.press("Escape")
        assert not visit.page.locator("#panel").is_visible()


def test_definition_opens_in_place(browser: Any, report: str) -> None:
    with Visit(browser, report + "#orders") as visit:
        visit.page.locator(".lines th .define[href='#def-value_now']").click()
        assert "one standard error" in visit.texts("#definition")[0]
        assert visit.page.locator("#orders").is_visible()
        visit.page.keyboard.press("Escape")
        assert not visit.page.locator("#definition").is_visible()


def test_kept_lines_are_saved_with_formulas_disarmed(browser: Any, folder: Path) -> None:
    rows = example_frames(3)["orders"].to_dicts()
    rows[0]["item_id"] = '=HYPERLINK("x"),1'
    address = write(folder / "csv.html", view_from_frames(meta=meta(), orders=pl.DataFrame(rows)))
    with Visit(browser, address + "#orders", accept_downloads=True) as visit:
        visit.page.locator("#lines-table tbody tr[data-line='2'] input").uncheck()
        with visit.page.expect_download() as download:
            visit.page.locator("#download").click()
        text = Path(download.value.path()).read_text(encoding="utf-8")
        lines = text.splitlines()
        assert lines[0].startswith("proposal_id,kind,item_id")
        assert len(lines) == 3
        assert ('"\'=HYPERLINK(""x""),1"' in text) == (
            rows[0]["item_id"] in visit.texts("tr:not(.aside) .item a")
        )


@pytest.mark.slow
def test_long_list_is_drawn_two_hundred_at_a_time(browser: Any, folder: Path) -> None:
    orders = example_frames(205, num_charts=0)["orders"]
    address = write(folder / "long.html", view_from_frames(meta=meta(), orders=orders))
    with Visit(browser, address + "#view=orders&sort=cost") as visit:
        visit.settle(200)
        assert "200 of 205 lines shown" in visit.texts("#more")[0]
        visit.page.locator("#more button").click()
        visit.settle(205)
        visit.open("#card-204")
        assert "holds full cards for the first lines only" in visit.texts("#panel")[0]
        assert visit.complaints == []


@pytest.mark.parametrize("width", [320, 390, 820, 1440])
def test_no_screen_is_wider_than_the_window(browser: Any, report: str, width: int) -> None:
    with Visit(browser, report, viewport={"width": width, "height": 844}) as visit:
        for fragment in (*(f"#{view}" for view in VIEWS), "#view=orders&card=0"):
            visit.open(fragment)
            assert visit.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, fragment


def test_long_identifiers_do_not_widen_the_page(browser: Any, folder: Path) -> None:
    row = example_frames(1)["orders"].to_dicts()[0] | {"item_id": "W" * 100, "location_id": "M" * 100}
    address = write(folder / "wide.html", view_from_frames(meta=meta(), orders=pl.DataFrame([row])))
    with Visit(browser, address, viewport={"width": 390, "height": 844}) as visit:
        for fragment in ("#orders", "#card-0"):
            visit.open(fragment)
            assert visit.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, fragment


def test_hostile_text_is_shown_as_text(browser: Any, folder: Path) -> None:
    row = example_frames(1)["orders"].to_dicts()[0]
    names = (
        "item_id",
        "location_id",
        "description",
        "supplier_name",
        "source_id",
        "reason_codes",
        "base_uom",
    )
    row |= dict.fromkeys(names, HOSTILE)
    address = write(folder / "hostile.html", view_from_frames(meta=meta(), orders=pl.DataFrame([row])))
    with Visit(browser, address + "#card-0") as visit:
        visit.page.locator("th[data-key=item] button").click()
        assert visit.texts("#lines-table .item a") == [HOSTILE]
        assert HOSTILE in visit.texts("#panel h3")[0]
        assert visit.page.locator("img, bdi b").count() == 0
        assert visit.complaints == []


def test_without_script_rows_and_cards_can_be_read(browser: Any, report: str) -> None:
    with Visit(browser, report, java_script_enabled=False) as visit:
        assert visit.page.locator("#lines-table tbody tr[data-line]").count() == NUM_LINES
        assert visit.page.locator(".filters").is_visible() is False
        assert visit.page.locator("#exceptions").is_visible()
        holder = visit.page.locator(".card-holder").first
        holder.locator("summary").first.click()
        assert holder.locator(".ledger").is_visible()


def test_every_control_has_a_name_and_headings_do_not_skip(browser: Any, report: str) -> None:
    unnamed = """() => [...document.querySelectorAll('button, input, select, a, summary')].filter(control =>
        !(control.innerText || control.getAttribute('aria-label') || control.labels?.[0]?.innerText
          || control.textContent.trim())).map(control => control.outerHTML)"""
    levels = "[...document.querySelectorAll('h1, h2, h3, h4')].map(heading => Number(heading.tagName[1]))"
    with Visit(browser, report + "#view=orders&card=0") as visit:
        assert visit.page.evaluate(unnamed) == []
        found = visit.page.evaluate(levels)
        assert found[0] == 1
        assert all(later - earlier <= 1 for earlier, later in pairwise(found))


def test_dark_scheme_and_print_change_the_ground(browser: Any, report: str) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    with Visit(browser, report, color_scheme="dark") as visit:
        dark = visit.page.evaluate(ground)
        visit.page.emulate_media(media="print")
        assert visit.page.evaluate(ground) == "rgb(255, 255, 255)" != dark
        assert not visit.page.locator(".top nav").is_visible()


def test_empty_run_opens_without_complaint(browser: Any, folder: Path) -> None:
    address = write(folder / "empty.html", view_from_frames(meta={"as_of": "2026-03-02"}))
    with Visit(browser, address) as visit:
        for view in VIEWS:
            visit.page.locator(f".top nav a[href='#{view}']").click()
        visit.page.keyboard.press("j")
        assert visit.complaints == []


def test_backtest_opens_without_complaint_or_request(browser: Any, folder: Path) -> None:
    estimate = {"mean": 10.0, "half_width": 2.0, "n": 40}
    policies = [
        {"policy": name, "total": estimate, "terms": {}, "kpis": {"saving": estimate}} for name in "ab"
    ]
    document = {
        "window": "2025",
        "folds": 1,
        "reference": "a",
        "policies": policies,
        "verdict": "b is better.",
    }
    path = folder / "backtest.html"
    path.write_text(render_backtest(document), encoding="utf-8")
    with Visit(browser, path.as_uri(), viewport={"width": 390, "height": 844}) as visit:
        visit.page.locator(".define").first.click()
        assert visit.page.locator("#definition").is_visible()
        assert visit.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert visit.complaints == []
        assert {url.split("#")[0] for url in visit.requests} <= {path.as_uri(), "data:,"}
