"""One item through a period, by hand."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from basestock.dynamics import (
    RECEIVE_ORDER_SELL,
    SELL_BEFORE_RECEIVING,
    Decision,
    InitialState,
    NetworkArrays,
    State,
    canonical,
    compile_network,
    empty_state,
)
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.uncertainty import Event
from tests.compiler import advance


def _network(lead_time: int = 2, unmet: str = "lost", **lane: object) -> SupplyNetwork:
    return SupplyNetwork(
        items=(Item("i"),), nodes=(Node("n"),), suppliers=(Supplier("s"),),
        lanes=(Lane("s", "n", lead_time=lead_time, **lane),), unmet=unmet,
    )  # fmt: skip


def _event(demand: float) -> Event:
    return Event(market=jnp.full((1, 1, 1, 1), float(demand)))


def _order(quantity: float) -> Decision:
    return Decision(order=jnp.full((1, 1, 1), float(quantity)))


def _run(
    arrays: NetworkArrays,
    state: State,
    orders: list[float],
    demands: list[float],
    sequence=RECEIVE_ORDER_SELL,
):
    outcomes = []
    for quantity, demand in zip(orders, demands, strict=True):
        state, outcome = advance(arrays, sequence, state, _order(quantity), _event(demand))
        outcomes.append(outcome)
    return state, outcomes


def _values(outcomes: list, field: str) -> list[float]:
    return [float(getattr(outcome, field).sum()) for outcome in outcomes]


def test_an_order_first_serves_the_demand_of_t_plus_lead_time() -> None:
    arrays = compile_network(_network(lead_time=2))
    _, outcomes = _run(arrays, empty_state(arrays), [5, 0, 0, 0], [1, 1, 1, 1])
    assert _values(outcomes, "received") == [0, 0, 5, 0]
    assert _values(outcomes, "sales") == [0, 0, 1, 1]
    assert _values(outcomes, "lost") == [1, 1, 0, 0]
    assert _values(outcomes, "in_transit") == [5, 5, 0, 0]


def test_lead_time_zero_serves_the_same_period() -> None:
    arrays = compile_network(_network(lead_time=0))
    _, outcomes = _run(arrays, empty_state(arrays), [5, 0], [3, 3])
    assert _values(outcomes, "sales") == [3, 2]


def test_selling_before_receiving_serves_one_period_later() -> None:
    arrays = compile_network(_network(lead_time=2))
    _, outcomes = _run(arrays, empty_state(arrays), [5, 0, 0, 0], [1, 1, 1, 1], SELL_BEFORE_RECEIVING)
    assert _values(outcomes, "sales") == [0, 0, 0, 1]


def test_waiting_demand_is_served_before_new_demand() -> None:
    arrays = compile_network(_network(lead_time=1, unmet="backorder"))
    state, outcomes = _run(arrays, empty_state(arrays), [7, 0], [3, 5])
    assert _values(outcomes, "newly_backordered") == [3, 1]
    assert _values(outcomes, "backorders_filled") == [0, 3]
    assert _values(outcomes, "sales") == [0, 4]
    assert float(state.backorders.sum()) == 1


def test_a_share_of_unserved_demand_waits() -> None:
    arrays = compile_network(_network(unmet=0.5))
    _, outcomes = _run(arrays, empty_state(arrays), [0], [7])
    assert _values(outcomes, "lost") == [3]
    assert _values(outcomes, "newly_backordered") == [4]


def test_orders_are_taken_in_review_periods_only() -> None:
    arrays = compile_network(_network(lead_time=1, review_period=3, review_phase=1))
    _, outcomes = _run(arrays, empty_state(arrays), [4] * 6, [0] * 6)
    assert _values(outcomes, "ordered") == [0, 4, 0, 0, 4, 0]


@pytest.mark.parametrize("wild", [float("nan"), float("inf"), -5.0])
def test_an_order_that_is_no_quantity_counts_as_no_order(wild: float) -> None:
    arrays = compile_network(_network())
    state, outcomes = _run(arrays, empty_state(arrays), [wild], [1])
    assert _values(outcomes, "ordered") == [0]
    assert all(np.isfinite(leaf).all() for leaf in (state.on_hand, state.due))


def _two_shops(whole_units: bool = True) -> SupplyNetwork:
    return SupplyNetwork(
        items=(Item("i", whole_units=whole_units),), nodes=(Node("dc"), Node("a"), Node("b")),
        suppliers=(Supplier("s"),),
        lanes=(Lane("s", "dc"), Lane("dc", "a"), Lane("dc", "b"), Lane("a", "b", name="peer", priority=2)),
    )  # fmt: skip


def test_a_short_source_shares_in_proportion_and_keeps_units_whole() -> None:
    network = _two_shops()
    arrays = compile_network(network)
    state = InitialState(on_hand={("dc", "i"): 7}).compile(network, arrays)
    order = Decision(order=jnp.array([0.0, 6.0, 4.0, 0.0]).reshape(4, 1, 1))
    state, outcome = advance(arrays, RECEIVE_ORDER_SELL, state, order, Event(market=jnp.zeros((1, 3, 1, 1))))
    assert outcome.shipped.reshape(-1).tolist() == [0, 5, 2, 0]
    assert state.unfilled.reshape(-1).tolist() == [0, 1, 2, 0]


def test_the_unit_left_over_goes_by_name_wherever_a_lane_is_listed() -> None:
    """SIM-215, SIM-605."""
    network = _two_shops()
    listed = dataclasses.replace(network, lanes=network.lanes[::-1])
    arrays = compile_network(listed)
    state = InitialState(on_hand={("dc", "i"): 7}).compile(listed, arrays)
    order = Decision(order=jnp.array([0.0, 5.0, 5.0, 0.0]).reshape(4, 1, 1))
    event = Event(market=jnp.zeros((1, 3, 1, 1)))
    _, outcome = advance(arrays, RECEIVE_ORDER_SELL, state, order, event)
    assert [lane.name for lane in listed.lanes[1:3]] == ["dc -> b", "dc -> a"]
    assert outcome.shipped.reshape(-1).tolist() == [0, 3, 4, 0]


def test_fractions_are_shared_exactly_where_units_divide() -> None:
    network = _two_shops(whole_units=False)
    arrays = compile_network(network)
    state = InitialState(on_hand={("dc", "i"): 5}).compile(network, arrays)
    order = Decision(order=jnp.array([0.0, 6.0, 4.0, 0.0]).reshape(4, 1, 1))
    _, outcome = advance(arrays, RECEIVE_ORDER_SELL, state, order, Event(market=jnp.zeros((1, 3, 1, 1))))
    assert outcome.shipped.reshape(-1).tolist() == pytest.approx([0, 3, 2, 0])


def test_peers_transfer_and_two_lanes_feed_one_stock() -> None:
    network = _two_shops()
    arrays = compile_network(network)
    state = InitialState(on_hand={("dc", "i"): 9, ("a", "i"): 3}).compile(network, arrays)
    order = Decision(order=jnp.array([0.0, 0.0, 4.0, 2.0]).reshape(4, 1, 1))
    nothing = Event(market=jnp.zeros((1, 3, 1, 1)))
    state, _ = advance(arrays, RECEIVE_ORDER_SELL, state, order, nothing)
    state, _ = advance(arrays, RECEIVE_ORDER_SELL, state, Decision(order=jnp.zeros((4, 1, 1))), nothing)
    assert state.on_hand.reshape(-1).tolist() == [5, 1, 6]


def test_orders_revealed_on_arrival_are_kept_by_age_and_may_cross() -> None:
    network = _network(lead_time={1: 0.5, 3: 0.5}, lead_time_known="on_arrival")
    arrays = compile_network(network)
    state, never = empty_state(arrays), jnp.zeros((3, 1, 1, 1))
    late = Event(market=jnp.zeros((1, 1, 1, 1)), arrives=never)
    state, _ = advance(arrays, RECEIVE_ORDER_SELL, state, _order(5), late)
    state, _ = advance(arrays, RECEIVE_ORDER_SELL, state, _order(2), late)
    assert state.outstanding.reshape(-1).tolist() == [2, 5, 0]
    younger = dataclasses.replace(late, arrives=never.at[0].set(1.0))
    state, outcome = advance(arrays, RECEIVE_ORDER_SELL, state, _order(0), younger)
    assert float(outcome.received.sum()) == 2
    assert state.outstanding.reshape(-1).tolist() == [0, 0, 5]


def test_equal_states_look_equal_whatever_the_period() -> None:
    arrays = compile_network(_network(lead_time=3))
    early, _ = _run(arrays, empty_state(arrays), [4, 0], [0, 0])
    late, _ = _run(arrays, empty_state(arrays), [0, 0, 0, 0, 0, 4, 0], [0] * 7)
    one, other = canonical(early), canonical(late)
    np.testing.assert_array_equal(one.due, other.due)
    assert int(one.period) == int(other.period) == 0


def test_a_starting_quantity_at_an_unknown_place_is_refused() -> None:
    network = _network()
    arrays = compile_network(network)
    with pytest.raises(ValueError, match=r"on_hand \('x', 'i'\) is 3, must be a quantity >= 0 at a place"):
        InitialState(on_hand={("x", "i"): 3}).compile(network, arrays)
    assert float(InitialState(on_hand={("n", "i"): 3}).compile(network, arrays).on_hand.sum()) == 3
