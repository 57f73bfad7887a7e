"""Any text stays text, numbers are written plainly, and frames are checked before anything is drawn."""

from __future__ import annotations

import re

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basestock.operations.report import render_report, view_from_frames
from basestock.operations.report.glossary import REASONS, codes, family, plain
from basestock.operations.report.numbers import (
    THIN_SPACE,
    UNKNOWN,
    days,
    fixed,
    percent,
    quantity,
    signed,
)
from basestock.operations.report.orders import order_list, ranked
from tests.operations.report_fixture import AS_OF, example_frames, meta, order_rows, view_with
from tests.operations.report_page import Page, payload

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
