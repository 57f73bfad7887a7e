"""Laws and drivers that cannot be are refused with everything that is wrong with them."""

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from basestock.network import Item, Node, SupplyNetwork
from basestock.uncertainty import (
    Autoregressive,
    AutoregressiveLevel,
    Delivery,
    DemandRegimes,
    Deterministic,
    Discrete,
    Disruption,
    Empirical,
    Gamma,
    Geometric,
    Intermittent,
    Kit,
    MarketDrivers,
    NegativeBinomial,
    Normal,
    Outage,
    Poisson,
    Promotion,
    Surge,
    Uncertainty,
    Wave,
)
from basestock.uncertainty.quality import Beta
from basestock.uncertainty.rules import (
    all_of,
    are_numbers,
    by_name,
    is_number,
    names,
    non_negative,
    one_of,
    periods,
    positive,
    share,
)
from basestock.uncertainty.unit_lead_times import UnitLeadTime

FINE: tuple[Any, ...] = (
    Autoregressive(Poisson(1.0), 0.5),
    AutoregressiveLevel(1.0),
    Beta(0.1, 2.0),
    Delivery(),
    Deterministic(1.0),
    DemandRegimes((1.0, 2.0), ((0.5, 0.5), (0.5, 0.5))),
    Disruption("x", ("l",), start=1),
    Gamma(1.0, 1.0),
    Geometric(1.0),
    Intermittent(0.5, Poisson(1.0)),
    MarketDrivers(),
    NegativeBinomial(2.0, 5.0),
    Normal(1.0, 1.0),
    Outage(0.1, 0.2),
    Poisson(1.0),
    Promotion(0, 1, 0.5),
    Surge(("n",), 0.1, 2.0, 3),
    UnitLeadTime("uniform", low=1.0, high=2.0),
    Wave(7.0, 0.1),
)
MAY_BE_NEGATIVE = {("Autoregressive", "coefficient"), ("MarketDrivers", "trend"), ("Wave", "phase")}
OF_OTHER_KINDS = {("UnitLeadTime", name) for name in ("mean", "q", "tau")}


@pytest.mark.parametrize("fine", FINE, ids=lambda each: type(each).__name__)
def test_every_number_refuses_what_it_cannot_be_and_is_named(fine: Any) -> None:
    for field in dataclasses.fields(fine):
        place, value = (type(fine).__name__, field.name), getattr(fine, field.name)
        if isinstance(value, bool) or not isinstance(value, int | float) or place in OF_OTHER_KINDS:
            continue
        never = (-7,) if isinstance(value, int) else (math.nan, math.inf, -0.5)
        for wrong in never[: 2 if place in MAY_BE_NEGATIVE else 3]:
            with pytest.raises(
                ValueError, match=f"^{place[0]}.*{field.name} is {wrong}, must be .* Correct the"
            ):
                dataclasses.replace(fine, **{field.name: wrong})


def test_texts_and_truth_are_no_numbers() -> None:
    assert not any(is_number(value) for value in ("1", b"1", True, None, [], {}, object(), 10**400))
    assert not any(are_numbers(value) for value in ("12", {1.0: 2.0}, 3.0, None, (1.0, "2")))
    assert is_number(np.float32(0.5), 0, 1) and are_numbers([1, np.int64(2)])
    rules = (
        positive("1"),
        non_negative(None),
        share([]),
        periods("2"),
        periods(1.5),
        names("ab"),
        all_of(3, int),
    )
    assert not any(each.fine for each in (*rules, one_of(3, str), by_name([1], int)))
    assert all(each.fine for each in (periods(3.0, 3), names(("a",)), all_of((3,), int), one_of(None, str)))


def test_all_that_is_wrong_is_told_together() -> None:
    with pytest.raises(ValueError) as told:
        Promotion(-1, 0, math.nan, dip=2.0, every=0)
    for name in ("first is -1", "length is 0", "uplift is nan", "dip is 2.0"):
        assert name in str(told.value)
    with pytest.raises(ValueError, match=r"average is -1.0, .* spread is nan, "):
        NegativeBinomial(-1.0, math.nan)


def test_a_number_that_is_none_in_the_middle_of_a_table_is_refused() -> None:
    with pytest.raises(ValueError, match=r"values is \(0.0, nan\)"):
        Discrete((0.0, math.nan), (0.5, 0.5))
    with pytest.raises(ValueError, match=r"quantiles is \(1.0, nan\)"):
        Empirical((0.0, 1.0), (1.0, math.nan))


def test_uncertainty_tells_every_place_and_law_that_cannot_be() -> None:
    dice: Any = Uncertainty(
        {("bar", "milk"): Poisson(1.0)},
        kits={"box": Kit("shop", Poisson(1.0), {"milk": math.nan})},
        defects={"moon": 0.1},
    )
    with pytest.raises(ValueError) as told:
        dice.check(SupplyNetwork(items=(Item("milk"),), nodes=(Node("shop"),)))
    for part in ("('bar', 'milk'), must", "holds nan", "defects of 'moon'"):
        assert part in str(told.value)
