"""Laws of the orderable quantity, for any need, rule and context (SIM-301 to SIM-305, SIM-308)."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from basestock.operations.finalize import finalize_quantity
from basestock.operations.legal import legal_line, legal_order
from basestock.operations.order_rules import Context, OrderRule
from tests.operations.order_cases import (
    assert_adds_up,
    concave_contexts,
    contexts,
    needs,
    net_of,
    rows,
    rules,
)

D = Decimal


@given(needs, rules(), contexts)
def test_result_is_nothing_or_legal_and_the_ledger_adds_up(need, rule, context):
    rule, context = rule(), context()
    final = finalize_quantity(need, rule, context)
    assert legal_order([line.qty for line in final.lines], rule, context) == []
    for line in final.lines:
        assert legal_line(line.qty, rule, context, order_quantity=line.order_qty, order_uom="box") == []
    assert_adds_up(final)


@given(needs, rules(), contexts)
def test_a_change_has_a_reason_and_a_reason_a_change(need, rule, context):
    final = finalize_quantity(need, rule(), context())
    assert (final.qty != need) == any(step.delta for step in final.steps)
    assert all(step.note for step in final.steps)


@given(needs, rules(), contexts)
def test_finalizing_twice_changes_nothing(need, rule, context):
    rule, context = rule(), context()
    once = finalize_quantity(need, rule, context)
    assert finalize_quantity(once.qty, rule, context).lines == once.lines


@given(needs, needs, rules(), contexts)
def test_a_larger_need_never_gives_a_smaller_order(one, other, rule, context):
    rule, context = rule(), context()
    less, more = (finalize_quantity(need, rule, context).qty for need in sorted((one, other)))
    assert less <= more


@given(st.integers(-1000, 0), rules(), contexts)
def test_nothing_needed_is_nothing_ordered(need, rule, context):
    final = finalize_quantity(D(need), rule(), context())
    assert (final.lines, final.conflicts) == ((), ())
    assert_adds_up(final)


@given(needs, rules(), contexts, st.sampled_from([D(12), D("0.001"), D("2.5")]))
def test_the_same_in_any_unit_of_measure(need, rule, context, unit):
    """Counting everything in a base unit `unit` times smaller gives `unit` times the numbers."""
    rule, context = replace(rule(), integer_qty=False), context()
    finer = replace(rule, factor=Fraction(rule.factor) * Fraction(unit))
    finer_context = Context(caps=tuple(replace(cap, quantity=cap.quantity * unit) for cap in context.caps))
    expected = finalize_quantity(need, rule, context)
    final = finalize_quantity(need * unit, finer, finer_context)
    assert abs(final.qty - expected.qty * unit) < D("1e-9")
    assert len(final.lines) == len(expected.lines)
    for line, other in zip(final.lines, expected.lines, strict=True):
        # Lines of an item without packs are even to a thousandth of its base unit, whichever that is.
        assert abs(line.qty - other.qty * unit) <= D("0.001") * (1 + unit)


@given(needs, st.sampled_from(["up", "down", "nearest"]), st.integers(1, 8), st.integers(0, 9), contexts)
def test_a_rule_in_boxes_is_the_rule_in_pieces(need, rounding, minimum, room, context):
    most = minimum + room
    in_boxes = OrderRule(factor=12, minimum=minimum, maximum=most, rounding=rounding)
    in_pieces = OrderRule(minimum=12 * minimum, multiple=12, maximum=12 * most, rounding=rounding)
    boxes, pieces = (finalize_quantity(need, rule, context()) for rule in (in_boxes, in_pieces))
    assert boxes.qty == pieces.qty == 12 * boxes.order_qty
    assert rows(boxes) == rows(pieces)


@given(needs, rules(), contexts)
def test_planning_again_with_the_order_booked_proposes_nothing(need, rule, context):
    rule, context = rule(), context()
    first = finalize_quantity(need, rule, context)
    assert finalize_quantity(need - first.qty, rule, net_of(context, first.qty)).lines == ()


@given(needs, rules(("economic",)), concave_contexts())
def test_economic_obeys_the_same_laws(need, rule, context):
    rule, context = rule(), context()
    final = finalize_quantity(need, rule, context)
    assert legal_order([line.qty for line in final.lines], rule, context) == []
    assert_adds_up(final)
    assert finalize_quantity(final.qty, rule, context).lines == final.lines
    assert finalize_quantity(need - final.qty, rule, net_of(context, final.qty)).lines == ()


@given(needs, rules(("economic",)), concave_contexts())
def test_economic_never_orders_what_is_worth_less_than_nothing(need, rule, context):
    rule, context = rule(), context()
    final = finalize_quantity(need, rule, context)
    assert not final.lines or context.gains(final.qty) > 0


@given(needs, needs, rules(("economic",)), contexts)
def test_economic_is_monotone_where_value_follows_the_need(one, other, rule, context):
    """A unit up to the need is worth one, a unit beyond costs three: the best order is near the need."""
    rule, context = replace(rule(), minimum=None), context()

    def ordered(need: Decimal) -> Decimal:
        worth = lambda number: min(number, need) - 3 * max(number - need, 0)  # noqa: E731
        return finalize_quantity(need, rule, replace(context, gains=worth)).qty

    less, more = (ordered(need) for need in sorted((one, other)))
    assert less <= more


@given(
    needs, st.lists(st.integers(-50, 50), min_size=80, max_size=80), st.lists(st.integers(1, 700), max_size=4)
)
def test_economic_settles_however_rough_the_values_are(need, worth, breaks):
    rule = OrderRule(multiple=12, rounding="economic")
    context = Context(gains=lambda number: worth[int(number) // 12], price_breaks=tuple(breaks))
    final = finalize_quantity(need, rule, context)
    assert finalize_quantity(final.qty, rule, context).lines == final.lines
