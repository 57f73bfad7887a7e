"""From a need to an orderable quantity: the printed examples, the laws, the conflicts."""

from dataclasses import replace
from datetime import date
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest

from basestock.operations.final_quantity import MAX_LINES
from basestock.operations.finalize import finalize_quantity, finalize_with_calendar
from basestock.operations.order_calendar import OpenDays, next_open
from basestock.operations.order_rules import Cap, Context, OrderRule
from tests.operations.order_cases import assert_adds_up, rows

D = Decimal
TUESDAY = date(2024, 6, 4)


def cap(quantity: float, code: str = "SHELF_LIFE") -> Context:
    return Context(caps=(Cap(code, quantity),))


# need, rule, context, quantities of the lines, ledger rows
EXAMPLES = {
    "pack": ("86.7", OrderRule(multiple=12, minimum=48), None, ["96"], [("PACK", "9.3")]),
    "box of 12": ("86.7", OrderRule(factor=12, minimum=4), None, ["96"], [("PACK", "9.3")]),
    "nearest": ("86.7", OrderRule(multiple=12, rounding="nearest"), None, ["84"], [("PACK", "-2.7")]),
    "down": ("86.7", OrderRule(multiple=12, rounding="down"), None, ["84"], [("PACK", "-2.7")]),
    "minimum": ("25", OrderRule(multiple=12, minimum=48), None, ["48"], [("MINIMUM", "23")]),
    "minimum off the pack": (
        "25", OrderRule(multiple=12, minimum=50), None, ["60"], [("MINIMUM", "25"), ("PACK", "10")],
    ),
    "no need": ("0", OrderRule(minimum=48), None, [], []),
    "shelf life": (
        "86.7", OrderRule(multiple=12, minimum=48), cap(60), ["60"], [("PACK", "9.3"), ("SHELF_LIFE", "-36")],
    ),
    "cap below minimum": (
        "86.7", OrderRule(multiple=12, minimum=48), cap(40), [], [("PACK", "9.3"), ("CONFLICT", "-96")],
    ),
    "hard max_stock": (
        "20", OrderRule(multiple=3), cap(20, "MAX_STOCK"), ["18"], [("PACK", "1"), ("MAX_STOCK", "-3")],
    ),
    "nearest to nothing": (
        "5", OrderRule(multiple=12, minimum=48, rounding="nearest"), None, [], [("PACK", "-5")],
    ),
    "even split": (
        "301", OrderRule(multiple=12, minimum=100, maximum=200), None, ["156", "156"],
        [("PACK", "11"), ("SPLIT", "0")],
    ),
    "no such split": (
        "108", OrderRule(multiple=12, minimum=50, maximum=100), None, ["60", "60"], [("SPLIT", "12")],
    ),
    "no such split under a cap": (
        "108", OrderRule(multiple=12, minimum=50, maximum=100), cap(110), ["96"], [("SPLIT", "-12")],
    ),
    "by weight": ("362.15", OrderRule(integer_qty=False), None, ["362.15"], []),
}  # fmt: skip


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.requirement("C-12")
def test_printed_examples(name: str):
    need, rule, context, quantities, ledger = EXAMPLES[name]
    final = finalize_quantity(D(need), rule, context)
    assert [line.qty for line in final.lines] == [D(quantity) for quantity in quantities]
    assert rows(final) == ledger
    assert final.qty == sum(map(D, quantities), D(0))
    assert_adds_up(final)
    assert [conflict.cause for conflict in final.conflicts] == (
        ["SHELF_LIFE"] if name == "cap below minimum" else []
    )


# forecast, min, max, multiple, quantity: the column "basestock, max hard" of the preset table
@pytest.mark.parametrize(
    ("forecast", "low", "high", "multiple", "expected"),
    [(0, 0, 20, 3, 18), (194, 200, 300, 100, 100), (194, 200, 250, 100, 0), (0, 20, None, 3, 21)],
)
def test_hard_maximum_stock_beside_other_systems(forecast, low, high, multiple, expected):
    need = D(max(low, high or 0) - forecast)
    context = Context() if high is None else cap(high - forecast, "MAX_STOCK")
    final = finalize_quantity(need, OrderRule(multiple=multiple), context)
    assert final.qty == expected
    assert bool(final.conflicts) == (expected == 0)


# Units


def test_order_quantity_is_in_order_units():
    final = finalize_quantity(D("86.7"), OrderRule(factor=12, minimum=4, order_uom="box"))
    assert (final.order_qty, final.qty, final.lines[0].packs) == (D(8), D(96), 8)


def test_one_dozen_is_twelve_each_even_where_the_factor_repeats():
    for factor in (Fraction(1, 12), D("0.0833333333333333")):
        final = finalize_quantity(D(1), OrderRule(factor=factor))
        assert (final.order_qty, final.qty) == (D(12), D(1))


def test_whole_pieces_widen_a_pack_that_is_none():
    final = finalize_quantity(D(1), OrderRule(factor=D("1.5")))
    assert (final.order_qty, final.qty) == (D(2), D(3))


def test_factor_that_never_gives_whole_pieces_is_held():
    final = finalize_quantity(D(10), OrderRule(factor=D("2.20462"), order_uom="KG"))
    assert final.lines == ()
    assert [conflict.cause for conflict in final.conflicts] == ["UOM-001"]
    assert "one KG is 2.20462 base units" in final.conflicts[0].message
    assert_adds_up(final)


def test_packs_of_an_item_without_packs_are_unknown():
    assert finalize_quantity(D("1.5"), OrderRule(integer_qty=False)).lines[0].packs is None


def test_order_unit_that_does_not_divide_keeps_the_base_quantity_exact():
    final = finalize_quantity(D("362.15"), OrderRule(factor=12, integer_qty=False))
    assert (final.qty, final.order_qty) == (D("362.15"), D("30.179166666667"))


def test_result_does_not_depend_on_the_callers_decimal_context():
    rule = OrderRule(multiple=12, minimum=100, maximum=200)
    with localcontext() as rough:
        rough.prec = 2
        final = finalize_quantity(D("301.127"), rule)
    assert final == finalize_quantity(D("301.127"), rule)


# Trigger


@pytest.mark.parametrize("rounding", ["up", "down", "nearest"])
def test_less_than_nothing_is_nothing(rounding):
    final = finalize_quantity(D(-3), OrderRule(multiple=12, minimum=48, rounding=rounding))
    assert (final.qty, rows(final), final.conflicts) == (D(0), [("TRIGGER", "3")], ())


def test_half_a_pack_rounds_up():
    rule = OrderRule(multiple=12, rounding="nearest")
    assert finalize_quantity(D(6), rule).qty == 12
    assert finalize_quantity(D("5.999"), rule).qty == 0


def test_below_the_minimum_downward_rounding_takes_the_smallest_legal_quantity():
    final = finalize_quantity(D(26), OrderRule(multiple=12, minimum=50, rounding="down"))
    assert rows(final) == [("MINIMUM", "24"), ("PACK", "10")]


@pytest.mark.parametrize("need", ["NaN", "Infinity", "-Infinity"])
def test_need_that_is_no_number_orders_nothing_and_says_so(need):
    final = finalize_quantity(D(need), OrderRule())
    assert final.lines == ()
    assert "must be a finite number" in final.conflicts[0].message


def test_enormous_need_stays_legal_or_is_refused():
    assert int(finalize_quantity(D("1e38"), OrderRule(multiple=12)).qty) % 12 == 0
    refused = finalize_quantity(D("1e38"), OrderRule(multiple=12, maximum=120))
    assert (refused.qty, refused.conflicts[0].cause) == (D(0), "OUT-003")
    assert f"at most {MAX_LINES} are sent" in refused.conflicts[0].message
    assert_adds_up(refused)


def test_float_need_is_refused():
    with pytest.raises(TypeError, match=r"86\.7"):
        finalize_quantity(86.7, OrderRule())


# Rules that cannot hold


def test_infeasible_rule_is_held_and_the_nearest_lines_are_named():
    final = finalize_quantity(D(50), OrderRule(minimum=100, multiple=48, maximum=100))
    assert [conflict.cause for conflict in final.conflicts] == ["SRC-010"]
    assert "96 under the maximum or 144 from the minimum" in final.conflicts[0].message
    assert_adds_up(final)


def test_infeasible_rule_without_a_need_is_no_conflict():
    assert finalize_quantity(D(0), OrderRule(minimum=100, multiple=48, maximum=100)).conflicts == ()


def test_minimum_between_two_multiples_takes_effect_at_the_next():
    assert finalize_quantity(D(1), OrderRule(minimum=20, multiple=48)).qty == 48


def test_every_wrong_field_of_a_rule_is_named_at_once():
    with pytest.raises(
        ValueError, match=r"factor is 0, must be > 0; multiple is -1, must be > 0; None means"
    ):
        OrderRule(factor=0, multiple=-1)


def test_cap_that_is_no_number_is_refused():
    with pytest.raises(
        ValueError, match="Cap MAX_STOCK: quantity is NaN, must be a finite number; leave out"
    ):
        Cap("MAX_STOCK", D("NaN"))


def test_fixed_lot_excludes_the_other_sizes():
    with pytest.raises(ValueError, match="fixed_lot excludes minimum"):
        OrderRule(fixed_lot=75, minimum=10)


def test_fixed_lots_fill_every_line():
    final = finalize_quantity(D(501), OrderRule(fixed_lot=75))
    assert [line.qty for line in final.lines] == [75] * 7


# Caps


def test_the_least_hard_cap_names_the_cut():
    context = Context(
        caps=(Cap("MAX_STOCK", 80), Cap("BUDGET_CUT", Fraction(121, 2)), Cap("SHELF_LIFE", D(70)))
    )
    final = finalize_quantity(D("86.7"), OrderRule(multiple=12), context)
    assert rows(final) == [("PACK", "9.3"), ("BUDGET_CUT", "-36")]


def test_soft_cap_is_reported_and_exceeded():
    context = Context(caps=(Cap("MAX_STOCK", 20, hard=False),))
    final = finalize_quantity(D(20), OrderRule(multiple=3), context)
    assert (final.qty, rows(final)) == (D(21), [("PACK", "1"), ("MAX_STOCK", "0")])


def test_soft_cap_that_holds_is_silent():
    context = Context(caps=(Cap("MAX_STOCK", 21, hard=False),))
    assert rows(finalize_quantity(D(20), OrderRule(multiple=3), context)) == [("PACK", "1")]


@pytest.mark.parametrize("quantity", [0, -5])
def test_no_room_at_all_is_a_conflict(quantity):
    final = finalize_quantity(D(5), OrderRule(), cap(quantity))
    assert (final.qty, final.conflicts[0].cause) == (D(0), "SHELF_LIFE")


def test_split_may_rise_within_the_cap():
    final = finalize_quantity(D(108), OrderRule(multiple=12, minimum=50, maximum=100), cap(120))
    assert [line.qty for line in final.lines] == [60, 60]


def test_uneven_split_puts_the_larger_line_first():
    final = finalize_quantity(D(324), OrderRule(multiple=12, maximum=200))
    assert [line.qty for line in final.lines] == [168, 156]


def test_split_by_weight_is_even_to_a_thousandth():
    final = finalize_quantity(D(100), OrderRule(integer_qty=False, maximum=40))
    assert [str(line.qty) for line in final.lines] == ["33.334", "33.333", "33.333"]


# Value


def gains(**worth: float) -> dict[Decimal, float]:
    return {D(0): 0.0} | {D(name[1:]): value for name, value in worth.items()}


PACK_OF_12 = OrderRule(multiple=12, minimum=48, rounding="economic")


@pytest.mark.parametrize(
    ("table", "expected", "ledger"),
    [
        (gains(q84=68.7, q96=68.5), 84, [("PACK", "-2.7")]),
        (gains(q84=68.7, q96=68.9), 96, [("PACK", "9.3")]),
        (gains(q84=68.7, q96=68.7), 84, [("PACK", "-2.7")]),
        (gains(q84=-1.0, q96=0.0), 0, [("PACK", "-86.7")]),
    ],
    ids=["below", "above", "tie to fewer", "worth nothing"],
)
def test_economic_takes_the_most_valuable_neighbor(table, expected, ledger):
    final = finalize_quantity(D("86.7"), PACK_OF_12, Context(gains=table))
    assert (final.qty, rows(final)) == (D(expected), ledger)


def test_minimum_that_is_not_worth_it_is_not_ordered():
    assert finalize_quantity(D(5), PACK_OF_12, Context(gains=gains(q48=-0.1))).qty == 0
    worth_it = finalize_quantity(D(5), PACK_OF_12, Context(gains=gains(q48=0.1)))
    assert rows(worth_it) == [("MINIMUM", "43")]


def test_price_break_is_weighed_and_has_its_own_row():
    table = gains(q84=68.0, q96=67.0, q120=70.0)
    final = finalize_quantity(D("86.7"), PACK_OF_12, Context(gains=table, price_breaks=(110, 60)))
    assert (final.qty, rows(final)) == (D(120), [("PACK", "9.3"), ("PRICE_BREAK", "24")])


def test_price_break_above_a_cap_is_not_weighed():
    table = gains(q84=68.0, q96=67.0, q120=70.0)
    context = replace(cap(100), gains=table, price_breaks=(110,))
    final = finalize_quantity(D("86.7"), PACK_OF_12, context)
    assert (final.qty, final.steps[-1].code) == (D(84), "SHELF_LIFE")


def test_economic_weighs_only_totals_that_can_be_split():
    rule = OrderRule(multiple=12, minimum=50, maximum=100, rounding="economic")
    final = finalize_quantity(D(105), rule, Context(gains=gains(q96=3.0, q120=4.0)))
    assert [line.qty for line in final.lines] == [60, 60]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (None, "needs Context.gains; without expected values round 'up'"),
        (gains(q84=1.0), "no expected value of ordering 96 base units"),
        (gains(q84=1.0, q96=float("nan")), "ordering 96 base units is not a number"),
    ],
)
def test_missing_value_is_an_error_never_zero(table, message):
    with pytest.raises(ValueError, match=message):
        finalize_quantity(D("86.7"), PACK_OF_12, Context(gains=table))


# Calendar


def test_dates_move_to_open_days_and_the_gap_is_told():
    rule = OrderRule(order_days="1000000", receiving_weekdays="0000100")
    final = finalize_quantity(D(5), rule, Context(order_date=TUESDAY, lead_time_days=D("1.5")))
    assert (final.order_date, final.arrival_date) == (date(2024, 6, 10), date(2024, 6, 14))
    assert (final.gap_days, final.needs_recompute, rows(final)) == (8, True, [("REVIEW_GAP", "0")])


def test_open_days_move_nothing():
    final = finalize_quantity(D(5), OrderRule(order_days="0100000"), Context(order_date=TUESDAY))
    assert (final.order_date, final.gap_days, rows(final)) == (TUESDAY, 0, [])


def test_closures_count_beside_the_weekdays():
    closed = OpenDays(closed=frozenset({date(2024, 6, 10)}))
    context = Context(order_date=TUESDAY, order_calendar=closed)
    final = finalize_quantity(D(5), OrderRule(order_days="1000000"), context)
    assert final.order_date == date(2024, 6, 17)


def test_supplier_without_an_order_day_is_held():
    final = finalize_quantity(D(5), OrderRule(order_days="0000000"), Context(order_date=TUESDAY))
    assert (final.qty, final.order_date, final.conflicts[0].cause) == (D(0), None, "SRC-015")
    assert_adds_up(final)


def test_nothing_has_no_date():
    assert finalize_quantity(D(0), OrderRule(), Context(order_date=TUESDAY)).order_date is None


def test_need_of_the_longer_interval_is_its_own_row():
    rule = OrderRule(multiple=12, order_days="1000000")
    final = finalize_with_calendar(lambda days: D(20 + 4 * days), rule, Context(order_date=TUESDAY))
    assert rows(final) == [("REVIEW_GAP", "24"), ("PACK", "4")]
    assert (final.need, final.qty, final.needs_recompute) == (D(20), D(48), False)
    assert_adds_up(final)


def test_without_a_gap_the_need_is_asked_once():
    asked: list[int] = []
    finalize_with_calendar(lambda days: asked.append(days) or D(20), OrderRule(), Context(order_date=TUESDAY))
    assert asked == [0]


def test_week_pattern_must_have_seven_days():
    with pytest.raises(ValueError, match="order_days is '11111', must be seven characters 0 or 1"):
        OrderRule(order_days="11111")


def test_next_open_day_is_the_day_itself_where_open():
    assert next_open(TUESDAY, OpenDays("0100000"), None) == TUESDAY


def test_a_cut_is_told_in_words_with_its_unit():
    cap = Cap("BUDGET_CUT", D("60.000"))
    final = finalize_quantity(D("86.7"), OrderRule(multiple=12), Context(caps=(cap,)))
    assert [step.note for step in final.steps if step.code == "BUDGET_CUT"] == [
        "the budget pays for 60 base units"
    ]
