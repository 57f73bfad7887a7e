"""Units: spellings, dimensions, paths of factors, loops."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basestock.data.units import Conversions, broken_loop, changes_dimension, dimension, folded


@pytest.mark.parametrize("unit", ["EA", "ea", "PCE", "ST", "pcs", " Each "])
def test_aliases_are_one_unit(unit: str) -> None:
    assert folded(unit) == "EA"


def test_packs_have_no_dimension() -> None:
    assert [dimension(unit) for unit in ("kg", "L", "IN", "PCE", "CS", "CTN")] == [
        "mass",
        "volume",
        "length",
        "count",
        "",
        "",
    ]


@pytest.mark.parametrize(
    ("first", "second", "changes"), [("KG", "EA", True), ("KG", "G", False), ("CS", "EA", False)]
)
def test_a_change_of_dimension_is_seen(first: str, second: str, changes: bool) -> None:
    assert changes_dimension(first, second) is changes


def test_a_path_runs_through_general_and_own_factors() -> None:
    table = Conversions.of([("", "PAL", "CS", 40.0), ("A", "CS", "EA", 12.0), ("", "CS", "EA", 6.0)])
    assert table.factor("A", "PAL", "EA") == 480.0
    assert table.factor("B", "PAL", "EA") == 240.0
    assert table.factor("A", "EA", "PAL") == pytest.approx(1 / 480)


def test_without_a_path_there_is_no_factor() -> None:
    assert Conversions.of([("A", "CS", "EA", 12.0)]).factor("B", "CS", "EA") is None


def test_a_unit_is_one_of_itself() -> None:
    assert Conversions().factor("A", "pcs", "EA") == 1.0


def test_a_loop_that_closes_is_fine() -> None:
    assert broken_loop([("CS", "EA", 12.0), ("PAL", "CS", 40.0), ("PAL", "EA", 480.0)]) is None


def test_a_rounded_inverse_breaks_its_loop() -> None:
    assert broken_loop([("CS", "EA", 12.0), ("EA", "CS", 0.0833)]) == (("EA", "CS", 0.0833), 1 / 12)


@given(st.lists(st.floats(0.5, 50.0), min_size=1, max_size=5))
def test_a_chain_multiplies_and_its_way_back_divides(factors: list[float]) -> None:
    rows = [("", f"U{index}", f"U{index + 1}", factor) for index, factor in enumerate(factors)]
    table = Conversions.of(rows)
    last = f"U{len(factors)}"
    product = 1.0
    for factor in factors:
        product *= factor
    forth, back = table.factor("A", "U0", last), table.factor("A", last, "U0")
    assert forth == pytest.approx(product)
    assert back is not None and forth is not None and forth * back == pytest.approx(1.0)
