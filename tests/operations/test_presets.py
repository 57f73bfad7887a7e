"""What other systems order: every row of the published preset tables, and where the systems differ."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basestock.operations.final_quantity import FinalQuantity
from basestock.operations.order_rules import Context, OrderRule
from basestock.operations.presets import PRESETS, StockLevels, preset_quantity
from tests.operations.order_cases import needs, rules

D = Decimal


def short_of(quantity: float) -> StockLevels:
    """Stock levels of a planning run that finds this shortage."""
    return StockLevels(projected=-D(quantity))


def quantities(final: FinalQuantity) -> list[Decimal]:
    return [line.qty for line in final.lines]


# Odoo: forecast, min, max, multiple; the quantities of 17, 18 and 19
@pytest.mark.parametrize(
    ("forecast", "low", "high", "multiple", "expected"),
    [
        (0, None, 20, 3, (21, 18, 21)),
        (194, 200, 300, 100, (200, 100, 200)),
        (194, 200, 250, 100, (100, 0, 100)),
        (0, 20, None, 3, (21, 21, 21)),
        (0, 20, 20, 3, (21, 18, 21)),
    ],
    ids=["fill to max", "min and max", "max too close", "no max", "form copied min into max"],
)
def test_odoo(forecast, low, high, multiple, expected):
    levels = StockLevels(D(forecast), min_stock=low, max_stock=high)
    rule = OrderRule(multiple=multiple)
    ordered = [preset_quantity(name, levels, rule).qty for name in ("odoo17", "odoo18", "odoo19")]
    assert ordered == [D(quantity) for quantity in expected]


@pytest.mark.parametrize("name", ["odoo17", "odoo18", "odoo19"])
def test_odoo_triggers_strictly_below_the_minimum(name):
    rule, high = OrderRule(multiple=1), 300
    assert preset_quantity(name, StockLevels(D(200), min_stock=200, max_stock=high), rule).lines == ()
    assert preset_quantity(name, StockLevels(D(199), min_stock=200, max_stock=high), rule).qty == 101


def test_odoo18_stays_below_its_minimum_in_silence():
    final = preset_quantity(
        "odoo18", StockLevels(D(194), min_stock=200, max_stock=250), OrderRule(multiple=100)
    )
    assert (final.lines, final.conflicts) == ((), ())
    assert [(step.code, step.delta) for step in final.steps] == [("PACK", D(-56))]


def test_odoo_leaves_the_vendor_minimum_off():
    rule = OrderRule(multiple=3, minimum=1000)
    assert preset_quantity("odoo17", StockLevels(D(0), min_stock=20), rule).qty == 21


# ERPNext: level 40, reorder quantity 25
@pytest.mark.parametrize(
    ("projected", "factor", "order_qty", "qty"),
    [(10, 1, 30, 30), (10, 12, 3, 36), (40, 1, 25, 25), (41, 1, 0, 0)],
    ids=["deficit", "box of 12", "at the level", "above the level"],
)
def test_erpnext(projected, factor, order_qty, qty):
    levels = StockLevels(D(projected), min_stock=40, reorder_qty=25)
    final = preset_quantity("erpnext", levels, OrderRule(factor=factor, minimum=500, multiple=100))
    assert (final.order_qty, final.qty) == (D(order_qty), D(qty))


def test_erpnext_without_level_and_quantity_orders_nothing():
    assert preset_quantity("erpnext", StockLevels(D(-5)), OrderRule()).lines == ()


def test_erpnext_with_only_a_quantity_orders_it_at_zero():
    assert preset_quantity("erpnext", StockLevels(D(0), reorder_qty=25), OrderRule()).qty == 25


def test_erpnext_keeps_fractions_where_the_unit_allows_them():
    levels = StockLevels(D("9.5"), min_stock=40)
    assert preset_quantity("erpnext", levels, OrderRule(integer_qty=False)).qty == D("30.5")


def test_erpnext_is_needed_after_the_lead_time():
    context = Context(order_date=date(2024, 6, 4), lead_time_days=10)
    final = preset_quantity("erpnext", StockLevels(D(10), min_stock=40), OrderRule(), context)
    assert (final.order_date, final.arrival_date) == (date(2024, 6, 4), date(2024, 6, 14))


def test_without_a_trigger_there_is_no_date():
    context = Context(order_date=date(2024, 6, 4))
    assert (
        preset_quantity("erpnext", StockLevels(D(99), min_stock=40), OrderRule(), context).arrival_date
        is None
    )


# SAP


def test_sap_full_lot_beats_rounding():
    final = preset_quantity("sap", short_of(301), OrderRule(minimum=100, maximum=200, multiple=12))
    assert quantities(final) == [200, 108]
    assert [(step.code, step.delta) for step in final.steps] == [("PACK", D(7)), ("SPLIT", D(0))]
    assert [line.packs for line in final.lines] == [None, 9]


def test_sap_raises_to_the_minimum_then_rounds():
    final = preset_quantity("sap", short_of(25), OrderRule(minimum=50, multiple=12))
    assert quantities(final) == [60]
    assert [(step.code, step.delta) for step in final.steps] == [("MINIMUM", D(25)), ("PACK", D(10))]


def test_sap_raises_a_small_remainder_too():
    final = preset_quantity("sap", short_of(205), OrderRule(minimum=100, maximum=200, multiple=12))
    assert quantities(final) == [200, 108]


def test_sap_covers_a_shortage_below_the_safety_stock():
    assert preset_quantity("sap", StockLevels(D(70), min_stock=100), OrderRule(multiple=12)).qty == 36


def test_sap_fixed_orders_whole_lots():
    assert quantities(preset_quantity("sap_fixed", short_of(501), OrderRule(fixed_lot=75))) == [75] * 7


def test_sap_fixed_needs_its_lot():
    with pytest.raises(ValueError, match=r"'sap_fixed' needs OrderRule\.fixed_lot"):
        preset_quantity("sap_fixed", short_of(501), OrderRule())


# frePPLe


@pytest.mark.parametrize(
    ("shortage", "rule", "expected"),
    [
        ("0.25", OrderRule(integer_qty=False), ["1"]),
        ("25", OrderRule(minimum=50, multiple=12), ["60"]),
        ("301", OrderRule(minimum=100, maximum=200, multiple=12), ["192", "120"]),
        ("150", OrderRule(maximum=60, integer_qty=False), ["60", "60", "30"]),
    ],
    ids=["default minimum 1", "minimum, then multiple", "split at maximum", "no multiple"],
)
def test_frepple(shortage, rule, expected):
    assert quantities(preset_quantity("frepple", short_of(shortage), rule)) == [D(lot) for lot in expected]


def test_frepple_multiple_above_its_maximum_is_a_conflict():
    final = preset_quantity("frepple", short_of(50), OrderRule(multiple=48, maximum=40))
    assert (final.lines, final.conflicts[0].cause) == ((), "SRC-010")


# All


@pytest.mark.parametrize("name", PRESETS)
def test_no_shortage_is_no_order(name):
    levels = StockLevels(D(500), min_stock=200, max_stock=300, reorder_qty=25)
    rule = OrderRule(fixed_lot=75) if name == "sap_fixed" else OrderRule(multiple=12, minimum=48)
    final = preset_quantity(name, levels, rule)
    assert (final.lines, final.qty, final.steps, final.need) == ((), D(0), (), D(0))


@pytest.mark.parametrize("name", PRESETS)
def test_stock_that_is_no_number_is_a_conflict(name):
    assert preset_quantity(name, StockLevels(D("NaN")), OrderRule()).conflicts[0].cause == "OUT-003"


def test_unknown_preset_names_those_there_are():
    with pytest.raises(ValueError, match="preset is 'excel', must be one of odoo17, odoo18"):
        preset_quantity("excel", StockLevels(D(0)), OrderRule())


def test_shortage_beyond_any_number_of_lots_is_a_conflict():
    final = preset_quantity("sap", short_of(1e9), OrderRule(maximum=10))
    assert "cannot be covered by 10000 lots" in final.conflicts[0].message
    assert sum((step.delta for step in final.steps), D(0)) == -final.need


@given(st.sampled_from(sorted(set(PRESETS) - {"sap_fixed"})), needs, rules(), st.integers(0, 300))
def test_every_preset_adds_up(name, shortage, rule, high):
    levels = StockLevels(D(10) - shortage, min_stock=10, max_stock=high, reorder_qty=25)
    final = preset_quantity(name, levels, rule())
    assert abs(sum((step.delta for step in final.steps), D(0)) - (final.qty - final.need)) < D("1e-9")
    assert abs(sum(quantities(final), D(0)) - final.qty) < D("1e-9")


@given(st.sampled_from(["odoo17", "odoo19", "erpnext", "sap", "frepple"]), needs, rules())
def test_systems_that_round_up_cover_the_shortage(name, shortage, rule):
    final = preset_quantity(name, StockLevels(-shortage, min_stock=0, max_stock=0), rule())
    assert final.conflicts or final.qty >= final.need - D("1e-9")
