"""Shared by the tests of order quantities: random rules and needs that the laws are tried on, and what they check."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from functools import partial

from hypothesis import strategies as st

from basestock.operations.final_quantity import FinalQuantity
from basestock.operations.order_rules import Cap, Context, OrderRule

thousandths = st.integers(1, 600_000).map(lambda number: Decimal(number).scaleb(-3))
needs = st.one_of(thousandths, st.integers(1, 600).map(Decimal))
factors = st.sampled_from([1, 12, Decimal("0.5"), Decimal("2.5"), Fraction(1, 12)])
sizes = st.one_of(
    st.none(), st.sampled_from([Decimal(1), Decimal(3), Decimal(12), Decimal("0.5"), Decimal("2.25")])
)
caps = st.lists(
    st.tuples(st.sampled_from(["SHELF_LIFE", "MAX_STOCK", "CAPACITY_CUT"]), thousandths, st.booleans()),
    max_size=2,
)
# The strategies draw recipes: the types that are checked are built inside the test.
contexts = caps.map(lambda limits: lambda: Context(caps=tuple(Cap(*limit) for limit in limits)))


@st.composite
def rules(draw, roundings=("up", "down", "nearest")):
    minimum = draw(st.one_of(st.none(), st.integers(0, 80).map(Decimal), thousandths))
    room = draw(st.one_of(st.none(), st.integers(0, 150).map(Decimal)))
    return partial(
        OrderRule,
        factor=draw(factors),
        minimum=minimum,
        multiple=draw(sizes),
        maximum=None if room is None else (minimum or 0) + room + 1,
        rounding=draw(st.sampled_from(roundings)),
        integer_qty=draw(st.booleans()),
        order_uom="box",
    )


@st.composite
def concave_contexts(draw):
    """Gains that rise by ever less: worth so much a unit, less the more there already are."""
    worth = draw(st.integers(-5, 300))
    decline = draw(st.sampled_from([Decimal(0), Decimal("0.1"), Decimal("0.5"), Decimal(2)]))
    breaks = tuple(draw(st.lists(st.integers(1, 400), max_size=2)))
    limits = draw(contexts)
    return lambda: replace(
        limits(), price_breaks=breaks, gains=lambda number: worth * number - decline * number * number
    )


def net_of(context: Context, booked: Decimal) -> Context:
    """Return the context of the next plan: the caps no longer leave what the booked order took."""
    left = tuple(Cap(cap.code, Fraction(cap.quantity) - Fraction(booked), cap.hard) for cap in context.caps)
    gains = context.gains
    more = None if gains is None else lambda number: gains(booked + number) - gains(booked)
    return Context(caps=left, price_breaks=context.price_breaks, gains=more)


def rows(final: FinalQuantity) -> list[tuple[str, str]]:
    return [(step.code, f"{step.delta.normalize():f}") for step in final.steps]


def assert_adds_up(final: FinalQuantity) -> None:
    assert sum((step.delta for step in final.steps), Decimal(0)) == final.qty - final.need
    assert sum((line.qty for line in final.lines), Decimal(0)) == final.qty
    assert sum((line.order_qty for line in final.lines), Decimal(0)) == final.order_qty
    assert bool(final.lines) == (final.qty > 0)
