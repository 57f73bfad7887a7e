"""Orders become legal by named rules, and every change is reported."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basestock.dynamics import (
    REPAIRS,
    Decision,
    PeriodOutcome,
    Terms,
    compile_network,
    empty_state,
)
from basestock.dynamics.stages import repair_orders
from basestock.network import Item, Lane, Limit, NetworkError, Node, Supplier, SupplyNetwork
from basestock.uncertainty import Event
from tests.compiler import QUICK

ITEMS = (Item("a", volume=1.0), Item("b", volume=1.0))
BOXED = SupplyNetwork(
    items=ITEMS,
    nodes=(Node("dc"),),
    suppliers=(Supplier("out", minimum_value=10.0),),
    lanes=(Lane("out", "dc", order_minimum=6, order_multiple=4, order_maximum=30, order_days=(0, 2)),),
    limits=(Limit("dc", "spend", cap=40.0),),
)
TRUCKS = SupplyNetwork(
    items=ITEMS,
    nodes=(Node("dc"),),
    suppliers=(Supplier("out"),),
    lanes=(Lane("out", "dc", vehicle_capacity=6.0, full_vehicles=True),),
)


# One program for each network, where every operation would be one.
_repair = jax.jit(repair_orders, compiler_options=QUICK)


def repaired(network: SupplyNetwork, *order: float, period: int = 0) -> PeriodOutcome:
    arrays = compile_network(network, Terms(jnp.ones((len(network.lanes), 2, 1))))
    state = dataclasses.replace(empty_state(arrays), period=jnp.asarray(period))
    decision = Decision(order=jnp.asarray(order, dtype=jnp.float32).reshape(arrays.num_lanes, 2, 1))
    return _repair(arrays, state, decision, Event(), PeriodOutcome(opening=state.on_hand))[1]


def ordered(network: SupplyNetwork, *order: float, period: int = 0) -> list[float]:
    return np.asarray(repaired(network, *order, period=period).ordered).ravel().tolist()


@pytest.mark.slow
@pytest.mark.requirement("C-12")
@pytest.mark.parametrize(
    ("order", "legal", "rule"),
    [
        ((8, 0), (0, 0), "drop_below_minimum_value"),
        ((12, 0), (12, 0), None),
        ((13, 0), (16, 0), "round_up_to_multiple"),
        ((12, 5), (12, 8), "raise_to_minimum_or_drop"),
        ((12, 1), (12, 0), "raise_to_minimum_or_drop"),
        ((50, 0), (28, 0), "cut_to_maximum"),
        ((28, 28), (28, 12), "cut_in_order_of_priority"),
    ],
)
def test_each_rule_changes_what_it_names(order: tuple, legal: tuple, rule: str | None):
    """SIM-301 and 306: legal in the end, and the amount stands under its rule."""
    outcome = repaired(BOXED, *order)
    assert np.asarray(outcome.ordered).ravel().tolist() == list(legal)
    changes = np.abs(np.asarray(outcome.repaired)).sum((1, 2, 3))
    assert (rule is None and not changes.any()) or changes[REPAIRS.index(rule or "")] > 0


@pytest.mark.slow
def test_days_without_orders_take_none():
    """SIM-307; period 0 is a Monday."""
    assert [ordered(BOXED, 12, 0, period=day)[0] for day in range(8)] == [12, 0, 12, 0, 0, 0, 0, 12]


@pytest.mark.parametrize("garbage", [np.nan, np.inf, -np.inf, -1.0, 1e38, 3e38, 1e-30])
def test_garbage_never_leaves_the_box(garbage: float):
    """SIM-303."""
    for network in (BOXED, TRUCKS):
        found = np.asarray(ordered(network, garbage, garbage))
        assert np.isfinite(found).all()
        assert (found >= 0).all()
    assert max(ordered(BOXED, garbage, 0)) <= 28


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.floats(0, 60), st.floats(0, 60), st.floats(0, 20))
def test_repairs_are_idempotent_and_explain_themselves(first: float, second: float, more: float):
    """SIM-302 and 304: repairing again changes nothing, changes add up, more of one line never gives less of it."""
    for network in (BOXED, TRUCKS):
        outcome = repaired(network, first, second)
        once = np.asarray(outcome.ordered).ravel().tolist()
        assert ordered(network, *once) == once
        explained = np.asarray(outcome.requested) + np.asarray(outcome.repaired).sum(0)
        assert np.allclose(explained, np.asarray(outcome.ordered), atol=1e-4)
    assert ordered(BOXED, first, 0)[0] <= ordered(BOXED, first + more, 0)[0]


@pytest.mark.parametrize(
    ("order", "filled"), [((6, 0), (6, 0)), ((1, 0), (6, 0)), ((4, 3), (7, 5)), ((0, 0), (0, 0))]
)
def test_vehicles_leave_full(order: tuple, filled: tuple):
    assert ordered(TRUCKS, *order) == list(filled)


@pytest.mark.slow
@pytest.mark.requirement("B-44")
def test_the_number_of_orders_is_limited_by_priority():
    network = SupplyNetwork(
        items=ITEMS,
        nodes=(Node("x"), Node("y")),
        suppliers=(Supplier("out"),),
        lanes=(Lane("out", "x", priority=2), Lane("out", "y", priority=1)),
        limits=(Limit("network", "orders", cap=1),),
    )
    assert ordered(network, 5, 5, 5, 5) == [0, 0, 5, 5]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"floor": 1.0}, r"floor is 1\.0, must be 0 where the number of orders is limited"),
        ({"hard": False}, "hard is False, must be true where the number of orders is limited"),
        ({"rule": "scale_proportionally"}, "must be 'cut_in_order_of_priority' where the number of orders"),
    ],
)
def test_a_count_of_orders_has_neither_a_floor_nor_a_price(more: dict, message: str):
    with pytest.raises(NetworkError, match=message):
        Limit("network", "orders", cap=2.0, **more)


@pytest.mark.requirement("B-44")
def test_a_scaled_limit_is_used_up():
    network = dataclasses.replace(
        BOXED,
        suppliers=(Supplier("out"),),
        lanes=(Lane("out", "dc"),),
        limits=(Limit("dc", "units", cap=10, rule="scale_proportionally"),),
    )
    assert ordered(network, 9, 6) == [6, 4]
    assert sum(ordered(network, 11, 5)) == 10


def test_a_budget_without_prices_is_refused():
    with pytest.raises(ValueError, match="nobody says what a unit costs"):
        compile_network(BOXED)
