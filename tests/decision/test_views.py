"""Who sees what: local, delayed, noisy, with forecasts and messages."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.decision import (
    BLOCKS,
    Bounds,
    CampaignDepth,
    Communication,
    Delayed,
    Forecasting,
    Information,
    Local,
    Messages,
    NodeOrders,
    Noisy,
    PriceAction,
    Scoped,
    block_layout,
    flatten_blocks,
    lane_neighbors,
    project,
    to_blocks,
    unflatten_blocks,
)
from basestock.dynamics import Decision, InitialState, NetworkArrays, PeriodOutcome, State, compile_network
from basestock.network import Item, Lane, Node, PriceResponse, Supplier, SupplyNetwork
from basestock.uncertainty import World

KEY = jax.random.key(3)
CHAIN = SupplyNetwork(
    items=(Item("a"), Item("b")),
    nodes=(Node("dc"), Node("s1"), Node("s2")),
    suppliers=(Supplier("x"),),
    lanes=(Lane("x", "dc", lead_time=4), Lane("dc", "s1", lead_time=2), Lane("dc", "s2", lead_time=1)),
    responses=(PriceResponse("s1", "a", 10.0, -1.0),),
)
ARRAYS = compile_network(CHAIN)


def state(**stock: float) -> State:
    return InitialState(on_hand={(node, "a"): units for node, units in stock.items()}).compile(CHAIN, ARRAYS)


def outcome(*demand: float) -> PeriodOutcome:
    units = jnp.asarray(demand, jnp.float32).reshape(3, 1, 1) * jnp.ones((1, 2, 1))
    return PeriodOutcome(opening=units, demand=units, sales=units)


def look(
    information: Information, seen: State, last: PeriodOutcome, memory: object = None, key: jax.Array = KEY
):
    memory = information.init(ARRAYS, 1) if memory is None else memory
    return information.observe(ARRAYS, seen, World(), last, memory, key=key)


def equal(first: object, second: object) -> bool:
    pairs = zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True)
    return all(np.array_equal(np.asarray(a), np.asarray(b)) for a, b in pairs)


def of_node(position: int) -> Local:
    return Local(nodes=jnp.zeros(ARRAYS.num_nodes).at[position].set(1.0), inner=Information(demand_window=3))


@pytest.mark.requirement("B-04")
def test_sim_902_a_node_sees_nothing_of_the_others() -> None:
    one, _ = look(of_node(1), state(dc=5.0, s1=7.0, s2=1.0), outcome(1.0, 2.0, 3.0))
    two, _ = look(of_node(1), state(dc=9.0, s1=7.0, s2=8.0), outcome(4.0, 2.0, 6.0))
    assert equal(one, two)
    assert one.on_hand[:, 0, 0].tolist() == [0, 7, 0]
    assert one.last_demand[:, 0, 0].tolist() == [0, 2, 0]
    assert one.can_order[:, 0, 0].tolist() == [0, 1, 0]


def test_a_node_sees_what_is_on_its_way_to_it_alone() -> None:
    under_way = {("x -> dc", "a", 3): 6.0, ("dc -> s1", "a", 1): 4.0}
    moving = InitialState(due=under_way).compile(CHAIN, ARRAYS)
    seen, _ = look(of_node(1), moving, outcome(0.0, 0.0, 0.0))
    assert seen.in_transit[:, 0, 0].tolist() == [0, 4, 0]
    assert seen.due.sum((0, 2, 3)).tolist() == [0, 4, 0]
    assert seen.inventory_position[:, 0, 0].tolist() == [0, 4, 0]


def test_sim_903_delayed_data_are_those_of_some_periods_ago() -> None:
    view = Delayed(inner=Information(demand_window=2), periods=2)
    memory, shown = None, []
    for period in range(5):
        now = dataclasses.replace(state(dc=float(period), s1=0.0, s2=0.0), period=jnp.asarray(period))
        seen, memory = look(view, now, outcome(float(period), 0.0, 0.0), memory)
        shown.append((int(seen.period), float(seen.on_hand[0, 0, 0]), float(seen.last_demand[0, 0, 0])))
    assert shown == [(0, 0.0, 0.0), (1, 0.0, 0.0), (2, 0.0, 0.0), (3, 1.0, 1.0), (4, 2.0, 2.0)]


def test_sim_904_noise_comes_from_the_observations_own_key_alone() -> None:
    view = Noisy(deviation=jnp.asarray(0.2))
    now, last = state(dc=50.0, s1=30.0, s2=20.0), outcome(9.0, 9.0, 9.0)
    first, again = look(view, now, last)[0], look(view, now, last)[0]
    other = look(view, now, last, key=jax.random.key(4))[0]
    assert equal(first, again)
    assert not equal(first.on_hand, other.on_hand)
    drift = first.on_hand - now.on_hand
    np.testing.assert_allclose(first.inventory_position, now.on_hand + drift, rtol=1e-6)
    assert equal(look(Noisy(), now, last)[0], look(Information(), now, last)[0])


@pytest.mark.slow
def test_noise_has_its_deviation_and_no_bias() -> None:
    view = Noisy(deviation=jnp.asarray(0.1))
    now = state(dc=100.0, s1=100.0, s2=100.0)
    seen = jax.vmap(lambda key: look(view, now, outcome(1.0, 1.0, 1.0), key=key)[0].on_hand[0, 0, 0])(
        jax.random.split(KEY, 2000)
    )
    assert float(seen.mean()) == pytest.approx(100.0, rel=0.01)
    assert float(seen.std()) == pytest.approx(10.0, rel=0.06)


def test_the_first_demand_starts_the_forecast() -> None:
    view, memory, found = Forecasting(smoothing=jnp.asarray(0.5)), None, []
    for units in (0.0, 8.0, 4.0):
        seen, memory = look(view, state(), outcome(units, 0.0, 0.0), memory)
        found.append(float(seen.forecast[0, 0, 0]))
    assert found == [0.0, 8.0, 6.0]


def test_messages_reach_as_far_as_their_rounds_and_are_counted() -> None:
    joined = lane_neighbors(ARRAYS)
    assert joined.tolist() == [[0, 1, 1], [1, 0, 0], [1, 0, 0]]
    now = state(dc=6.0, s1=2.0, s2=4.0)
    once, _ = look(Messages(communication=Communication(joined, rounds=1)), now, outcome(0.0, 0.0, 0.0))
    assert once.messages[0, :, 0, 0].tolist() == [3, 6, 6]
    twice, _ = look(Messages(communication=Communication(joined, rounds=2)), now, outcome(0.0, 0.0, 0.0))
    assert twice.messages[0, :, 0, 0].tolist() == [6, 3, 3]
    assert (float(once.messages_sent), float(twice.messages_sent)) == (4.0, 8.0)


def test_a_local_view_with_messages_knows_its_neighbors_and_no_more() -> None:
    far = Local(
        inner=Messages(communication=Communication(lane_neighbors(ARRAYS))),
        nodes=jnp.asarray([0.0, 1.0, 0.0]),
    )
    one, _ = look(far, state(dc=6.0, s1=2.0, s2=4.0), outcome(0.0, 0.0, 0.0))
    two, _ = look(far, state(dc=6.0, s1=2.0, s2=9.0), outcome(0.0, 0.0, 0.0))
    assert equal(one, two)
    assert float(look(far, state(dc=7.0), outcome(0.0, 0.0, 0.0))[0].messages[0, 1, 0, 0]) == 7.0


@pytest.mark.requirement("A-01", "A-13")
def test_six_blocks_go_flat_and_back() -> None:
    under_way = {("dc -> s1", "a", 1): 4.0}
    moving = InitialState(on_hand={("s1", "a"): 3.0}, due=under_way).compile(CHAIN, ARRAYS)
    blocks = to_blocks(look(Information(), moving, outcome(1.0, 2.0, 3.0))[0])
    assert tuple(blocks) == tuple(BLOCKS)
    vector = flatten_blocks(blocks, CHAIN)
    assert vector.shape == (36, 1)
    assert equal(unflatten_blocks(vector, CHAIN), blocks)
    assert blocks["lead_time"][:, 0, 0].tolist() == [4, 1, 1]
    assert (
        block_layout(CHAIN)
        .splitlines()[2]
        .startswith("12-17 price [units of currency per unit of item]: a at dc")
    )
    with pytest.raises(ValueError, match="has 35 entries, must have 36"):
        unflatten_blocks(vector[1:], CHAIN)


@pytest.mark.requirement("A-02")
def test_a_decision_out_of_bounds_is_moved_and_reported() -> None:
    order = jnp.asarray([-1.0, 4.0, 9.0, jnp.nan]).reshape(4, 1, 1)
    found = project(
        Decision(order, price=jnp.full((1, 1, 1), 3.0)),
        Bounds(order=(jnp.asarray(0.0), jnp.asarray(6.0)), price=(jnp.asarray(1.0), jnp.asarray(5.0))),
    )
    assert found.decision.order[:, 0, 0].tolist() == [0, 4, 6, 0]
    assert found.report() == (
        "order: 3 of 4 entries were out of bounds, the worst by 6; they were moved to the nearest bound.",
    )


@pytest.mark.requirement("A-25")
def test_an_agent_of_one_scope_changes_nothing_else() -> None:
    seen, _ = look(Information(), state(), outcome(0.0, 0.0, 0.0))
    default = Decision(jnp.full((3, 2, 1), 5.0), price=jnp.full((3, 2, 1), 10.0))
    prices = Scoped(PriceAction(), default, "price")(jnp.full((3, 2, 1), 8.0), seen)
    assert (float(prices.order.min()), float(prices.price.max())) == (5.0, 8.0)
    orders = Scoped(NodeOrders(), default, "stock")(jnp.full((3, 2, 1), 2.0), seen)
    assert (float(orders.order.max()), float(orders.price.min())) == (2.0, 10.0)
    campaign = Scoped(CampaignDepth(), default, "campaign")(jnp.full((3, 2, 1), 0.2), seen)
    assert float(campaign.price[1, 0, 0]) == pytest.approx(8.0)
    assert float(campaign.order.min()) == 5.0


def test_a_view_compiles_and_keeps_its_structure() -> None:
    view = Delayed(inner=Forecasting(inner=Noisy(deviation=jnp.asarray(0.1))), periods=3)
    memory = view.init(ARRAYS, 1)

    @jax.jit
    def see(arrays: NetworkArrays, memory: object):
        return view.observe(arrays, state(dc=1.0), World(), outcome(1.0, 1.0, 1.0), memory, key=KEY)[1]

    assert jax.tree.structure(see(ARRAYS, memory)) == jax.tree.structure(see(ARRAYS, see(ARRAYS, memory)))
