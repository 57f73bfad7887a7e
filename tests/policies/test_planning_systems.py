"""What planning systems order, by hand and against the presets that plan real exports."""

import dataclasses
from decimal import Decimal
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basestock.decision import Problem
from basestock.operations.order_rules import OrderRule
from basestock.operations.presets import StockLevels, preset_quantity
from basestock.policies import (
    DemandDriven,
    ErpnextMinMax,
    MaterialRequirements,
    MinimumStock,
    OdooMinMax,
    OrderUpTo,
)
from tests.policies.observations import leaf, observe, orders, positions, shop


@lru_cache
def with_pack(pack: float) -> Problem:
    """The shop whose lane takes multiples."""
    problem = shop()
    lane = dataclasses.replace(problem.network.lanes[0], order_multiple=pack)
    return dataclasses.replace(problem, network=dataclasses.replace(problem.network, lanes=(lane,)))


def test_a_minimum_triggers_once_and_waits_for_its_order() -> None:
    policy = MinimumStock(leaf(5), leaf(12))
    assert orders(policy, positions(0, 4, 5, 9)) == [12, 12, 0, 0]
    state = positions(0.0)
    waiting = dataclasses.replace(state, on_order=state.on_order + 1.0)
    assert orders(policy, waiting) == [0]


def test_zones_of_a_demand_driven_buffer() -> None:
    """Usage 5, lead time 2: yellow 10, red 5 + 2 (2.5 rounded into the zones), green 5: order up to 23 from 18 down."""
    policy = DemandDriven(leaf(0.5), leaf(0.5), leaf(1), leaf(5))
    assert orders(policy, positions(18, 19, 0, -4)) == [5, 0, 23, 27]


@pytest.mark.requirement("E-26")
@pytest.mark.parametrize(
    ("safety_lead_time", "order_periods", "expected"),
    [(0, 1, [13, 1, 0, 0]), (1, 1, [18, 6, 5, 0]), (0, 3, [23, 11, 0, 0])],
)
def test_requirements_are_covered_when_they_can_still_arrive(
    safety_lead_time: float, order_periods: float, expected: list[float]
) -> None:
    """Requirement 5, lead time 2, safety stock 3: 5 x 3 + 3 = 18 are wanted; a period more early or in the lot is 5."""
    policy = MaterialRequirements(leaf(3), leaf(safety_lead_time), leaf(order_periods), leaf(5))
    assert orders(policy, positions(5, 17, 18, 23)) == expected


def test_lot_for_lot_is_base_stock_and_a_forecast_comes_first() -> None:
    policy = MaterialRequirements(leaf(3), leaf(0), leaf(1), leaf(5))
    seen = positions(5, 17, 18, 23)
    assert orders(policy, seen) == orders(OrderUpTo(leaf(18), leaf(18)), seen)
    told = dataclasses.replace(seen, forecast=0.0 * seen.on_hand + 4.5)
    assert orders(policy, told) == [12, 0, 0, 0]


@pytest.mark.parametrize(
    ("stock", "low", "high", "pack", "expected"),
    [
        (0, 20, 20, 3, (21, 18)),
        (194, 200, 300, 100, (200, 100)),
        (194, 200, 250, 100, (100, 0)),
        (0, 20, 0, 3, (21, 21)),
    ],
)
def test_the_printed_rules_of_odoo(stock, low, high, pack, expected) -> None:
    seen = positions(stock, problem=with_pack(pack))
    found = [orders(OdooMinMax(leaf(low), leaf(high), down), seen)[0] for down in (False, True)]
    assert tuple(found) == expected


@settings(max_examples=10, deadline=None)
@given(st.integers(-5, 30), st.integers(1, 20), st.integers(0, 30), st.sampled_from([1, 3, 12]))
def test_min_max_rules_order_what_the_presets_order(stock: int, low: int, high: int, pack: int) -> None:
    levels = StockLevels(Decimal(stock), min_stock=low, max_stock=high, reorder_qty=high)
    seen = positions(stock, problem=with_pack(pack))
    rules = {
        "odoo17": OdooMinMax(leaf(low), leaf(high)),
        "odoo18": OdooMinMax(leaf(low), leaf(high), rounds_down=True),
        "erpnext": ErpnextMinMax(leaf(low), leaf(high)),
    }
    for name, policy in rules.items():
        rule = OrderRule(multiple=pack) if name != "erpnext" else OrderRule()
        assert orders(policy, seen)[0] == float(preset_quantity(name, levels, rule).qty), name


def test_the_printed_rules_of_erpnext() -> None:
    assert orders(ErpnextMinMax(leaf(40), leaf(25)), positions(10, 40, 41)) == [30, 25, 0]
    assert orders(ErpnextMinMax(leaf(0), leaf(0)), positions(-3)) == [0]
    assert np.isfinite(orders(ErpnextMinMax(leaf(0), leaf(5)), observe(shop(), shop().start(1)))).all()
