"""What the parameters of registered problems may be."""

import math
from typing import Any

import pytest

from basestock.problems.parameters import parameters
from basestock.problems.registry import FAMILIES

MAY_BE_NEGATIVE = {
    ("dual_sourcing", "initial_net_inventory"),
    ("random_yield", "yield_mean"),
    ("manufacturing_market", "competitor_elasticity"),
    ("dynamic_scenarios", "trend"),
}


def numeric() -> list[Any]:
    return [
        pytest.param(family, name, default, id=f"{family.name}-{name}")
        for family in FAMILIES.values()
        for name, default in family.defaults.items()
        if isinstance(default, int | float) and not isinstance(default, bool)
    ]


@pytest.mark.parametrize(("family", "name", "default"), numeric())
def test_a_number_that_cannot_be_is_refused_by_name(family: Any, name: str, default: float) -> None:
    wrong = (-1, 2.5) if isinstance(default, int) else (-1.0, math.nan)
    for value in wrong:
        if value == -1 and (family.name, name) in MAY_BE_NEGATIVE:
            continue
        with pytest.raises(ValueError, match=f"{name} is {value!r}, must be .* Correct the"):
            family.build(**{name: value})


def test_every_wrong_parameter_is_named_at_once() -> None:
    with pytest.raises(ValueError, match=r"num_stores is 0, must be .* >= 1") as found:
        FAMILIES["inventory_management"].build(num_stores=0, perish_rate=2, demand_dist="poison")
    assert "perish_rate is 2, must be a finite number >= 0 and <= 1." in str(found.value)
    assert "demand_dist is 'poison', must be one of" in str(found.value)
    assert "did you mean 'poisson'?" in str(found.value)


def test_bounds_of_its_own_and_none_where_there_is_no_value() -> None:
    @parameters(trend=(None, None), depth=(-2, 2))
    def play(*, trend: float = 0.0, depth: float = 0.0, cap: int | None = None) -> float:
        return trend + depth + (cap or 0)

    assert play(trend=-5.0, depth=-2) == -7
    assert play(cap=3) == 3
    with pytest.raises(ValueError, match="depth is 3, must be a finite number >= -2 and <= 2"):
        play(depth=3)
    with pytest.raises(ValueError, match="cap is True, must be a whole number >= 0"):
        play(cap=True)
    with pytest.raises(ValueError, match=r"trend is inf, must be a finite number. Correct the parameter."):
        play(trend=math.inf)
