"""The last look before an order leaves: what it lets pass and what it stops."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from basestock.operations.legal import legal_line, legal_order
from basestock.operations.order_calendar import OpenDays
from basestock.operations.order_rules import Cap, Context, OrderRule

D = Decimal
RULE = OrderRule(minimum=48, multiple=12, maximum=120, order_uom="EA")
SUNDAY = date(2024, 6, 9)


def broken(quantity, rule=RULE, context=None, **sent) -> list[tuple[str, str]]:
    return [(found.code, found.rule) for found in legal_line(quantity, rule, context, **sent)]


@pytest.mark.parametrize("quantity", [48, D(60), 120.0, Fraction(72), D("96.000")])
def test_legal_quantities_pass(quantity):
    assert broken(quantity) == []


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        (36, [("OUT-002", "minimum")]),
        (50, [("OUT-002", "multiple")]),
        (132, [("OUT-002", "maximum")]),
        (47, [("OUT-002", "minimum"), ("OUT-002", "multiple")]),
        (60.5, [("OUT-003", "whole_pieces"), ("OUT-002", "multiple")]),
        (0, [("OUT-003", "positive")]),
        (-12, [("OUT-003", "positive")]),
        (D("NaN"), [("OUT-003", "finite")]),
        (float("inf"), [("OUT-003", "finite")]),
        (float("nan"), [("OUT-003", "finite")]),
        (1e38, [("OUT-002", "multiple"), ("OUT-002", "maximum")]),
    ],
)
@pytest.mark.requirement("C-12")
def test_illegal_quantities_are_named(quantity, expected):
    assert broken(quantity) == expected


def test_message_names_value_and_rule():
    (found,) = legal_line(50, RULE)
    assert found.message == "50 base units, must be a multiple of 12 base units"


def test_sizes_are_in_order_units():
    boxes = OrderRule(factor=12, minimum=4)
    assert broken(48, boxes) == []
    assert broken(36, boxes) == [("OUT-002", "minimum")]
    assert broken(50, boxes) == [("OUT-002", "multiple")]


def test_any_weight_is_legal_without_a_multiple():
    assert broken(D("362.15"), OrderRule(integer_qty=False)) == []


def test_a_decimal_step_is_met_exactly():
    tenths = OrderRule(multiple=D("0.1"), integer_qty=False)
    assert broken(0.3, tenths) == []
    assert broken(D("0.3000000001"), tenths) == [("OUT-002", "multiple")]


def test_a_repeating_unit_is_met_to_its_last_shown_digit():
    each = OrderRule(factor=Fraction(1, 12), multiple=5, integer_qty=False)
    assert broken(D("0.416666666667"), each) == []
    assert broken(D("0.41666667"), each) == [("OUT-002", "multiple")]


def test_fixed_lot_is_the_only_legal_line():
    lot = OrderRule(fixed_lot=75)
    assert broken(75, lot) == []
    assert broken(150, lot) == [("OUT-002", "maximum")]


def test_hard_cap_stops_and_soft_cap_does_not():
    limits = (Cap("SHELF_LIFE", 50), Cap("MAX_STOCK", 10, hard=False))
    assert broken(60, context=Context(caps=limits)) == [("OUT-002", "SHELF_LIFE")]
    assert broken(48, context=Context(caps=limits)) == []


@pytest.mark.parametrize(
    ("rule", "context"),
    [
        (OrderRule(order_days="1111110"), Context(order_date=SUNDAY)),
        (OrderRule(), Context(order_date=SUNDAY, order_calendar=OpenDays(closed=frozenset({SUNDAY})))),
    ],
    ids=["weekday", "closure"],
)
def test_closed_day_is_no_order_day(rule, context):
    assert broken(5, rule, context) == [("OUT-002", "order_day")]


def test_open_day_passes():
    assert broken(5, OrderRule(order_days="0000001"), Context(order_date=SUNDAY)) == []


def test_quantity_as_sent_must_be_the_quantity_meant():
    boxes = OrderRule(factor=12, order_uom="box")
    assert broken(96, boxes, order_quantity=8, order_uom="box") == []
    assert broken(96, boxes, order_quantity=96) == [("OUT-002", "order_unit")]
    assert broken(96, boxes, order_quantity=float("nan")) == [("OUT-003", "finite")]
    assert broken(96, boxes, order_uom="EA") == [("OUT-002", "order_unit")]


def test_lines_of_one_order_share_the_caps():
    context = Context(caps=(Cap("SHELF_LIFE", 100),))
    assert [found.rule for found in legal_order([60, 60], RULE, context)] == ["SHELF_LIFE"]
    assert legal_order([48, 48], RULE, context) == []


def test_a_cap_broken_by_a_line_is_told_once():
    context = Context(caps=(Cap("SHELF_LIFE", 50),))
    assert [found.rule for found in legal_order([60, 48], RULE, context)] == ["SHELF_LIFE"]


def test_one_unusable_line_does_not_hide_the_others():
    assert [found.rule for found in legal_order([float("nan"), 50], RULE)] == ["finite", "multiple"]


def test_no_lines_are_legal():
    assert legal_order([], RULE) == []
