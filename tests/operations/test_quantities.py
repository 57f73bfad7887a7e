"""How numbers cross the order border."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basestock.operations.quantities import affordable, decimal_of, exact_factor, headroom, quantity

D = Decimal


def test_float_becomes_the_nearest_thousandth():
    assert (quantity(0.1 + 0.2), quantity(86.7394999)) == (D("0.300"), D("86.739"))


def test_number_that_is_none_stays_none():
    assert quantity(float("nan")).is_nan()
    assert quantity(float("inf")) == D("Infinity")


def test_the_largest_float_has_a_thousandth_too():
    assert quantity(1.7e308) == D(1.7e308)


@given(st.integers(-(10**12), 10**12), st.sampled_from([1, 2, 5, 8, 1000, 10**9]))
def test_terminating_ratios_are_exact(numerator, denominator):
    assert Fraction(decimal_of(numerator, denominator)) == Fraction(numerator, denominator)


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**6))
def test_every_ratio_is_within_half_a_last_place(numerator, denominator):
    error = Fraction(decimal_of(numerator, denominator)) - Fraction(numerator, denominator)
    assert abs(error) * 10**12 * 2 <= 1


@pytest.mark.parametrize(
    ("factor", "expected"),
    [
        (D("0.0833333333333333"), (1, 12)),
        (D("0.666666666667"), (2, 3)),
        (D("0.45359237"), (45359237, 100000000)),
        (D("28.349523125"), (226796185, 8000000)),
        (D("0.0283495231254321"), D("0.0283495231254321").as_integer_ratio()),
        (12, (12, 1)),
    ],
)
def test_only_disguised_fractions_are_unmasked(factor, expected):
    assert Fraction(*exact_factor(factor)) == Fraction(*expected)


def test_headroom_is_never_negative():
    assert headroom(D(100), D(70), D(10)) == 20
    assert headroom(D(100), D(170)) == 0


def test_budget_pays_for_a_quantity_rounded_down():
    assert affordable(D(2), D(3)) == D("0.666")
    assert affordable(D(-1), D(3)) == 0


def test_free_item_has_no_budget_limit():
    with pytest.raises(ValueError, match="unit_cost is 0, must be > 0"):
        affordable(D(10), D(0))
