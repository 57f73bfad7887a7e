"""Several lanes, peers, calendars and shares: written periods, and shares of a source on many cases at once."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.dynamics import (
    RECEIVE_ORDER_SELL,
    SELL_BEFORE_RECEIVING,
    Decision,
    InitialState,
    NetworkArrays,
    PeriodOutcome,
    State,
    compile_network,
    empty_state,
)
from basestock.dynamics.allocation import allocate
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.uncertainty import Event
from tests.compiler import advance


def _column(*values: float) -> jnp.ndarray:
    return jnp.asarray(values, dtype=jnp.float32).reshape(-1, 1, 1)


def _network(*lanes: Lane, nodes: tuple[str, ...] = ("n",), **options) -> SupplyNetwork:
    return SupplyNetwork(
        items=(Item("i"),), nodes=tuple(map(Node, nodes)), suppliers=(Supplier("s"), Supplier("t")), lanes=lanes,
        **options,
    )  # fmt: skip


def _play(
    arrays: NetworkArrays, state: State, orders: list[tuple[float, ...]], demands: list[tuple[float, ...]],
    sequence=RECEIVE_ORDER_SELL,
) -> tuple[State, list[PeriodOutcome]]:  # fmt: skip
    outcomes = []
    for order, demand in zip(orders, demands, strict=True):
        event = Event(market=_column(*demand)[None])
        state, outcome = advance(arrays, sequence, state, Decision(order=_column(*order)), event)
        outcomes.append(outcome)
    return state, outcomes


def _sums(outcomes: list[PeriodOutcome], field: str) -> list[list[float]]:
    return [getattr(outcome, field)[:, 0, 0].tolist() for outcome in outcomes]


def test_a_slow_and_a_fast_lane_feed_one_stock() -> None:
    network = _network(
        Lane("s", "n", name="slow", lead_time=3), Lane("t", "n", name="fast", lead_time=1, priority=2)
    )
    arrays = compile_network(network)
    _, outcomes = _play(arrays, empty_state(arrays), [(5, 2), (0, 0), (0, 1), (0, 0)], [(0,)] * 4)
    assert _sums(outcomes, "received") == [[0, 0], [0, 2], [0, 0], [5, 1]]
    assert _sums(outcomes, "closing") == [[0], [2], [2], [8]]
    assert arrays.primary[:, 0, 0].tolist() == [1, 0]


def test_peers_may_send_to_each_other_in_one_period() -> None:
    """SIM-212: transfers create nothing."""
    nodes = ("a", "b")
    network = _network(
        Lane("a", "b", name="there"), Lane("b", "a", name="back"), Lane("s", "a", name="in"), nodes=nodes
    )
    arrays = compile_network(network)
    start = InitialState(on_hand={("a", "i"): 6, ("b", "i"): 4}).compile(network, arrays)
    state, outcomes = _play(arrays, start, [(5, 3, 0), (0, 0, 0)], [(0, 0)] * 2)
    assert _sums(outcomes, "closing") == [[1, 1], [4, 6]]
    assert float(state.on_hand.sum()) == 10


def test_what_cannot_be_shipped_waits_at_the_source_and_goes_first_come() -> None:
    network = _network(Lane("s", "dc", lead_time=2), Lane("dc", "n", lead_time=1), nodes=("dc", "n"))
    arrays = compile_network(network)
    start = InitialState(on_hand={("dc", "i"): 3}).compile(network, arrays)
    state, outcomes = _play(arrays, start, [(4, 5), (0, 0), (0, 0), (0, 0)], [(0, 0)] * 4)
    assert _sums(outcomes, "shipped") == [[4, 3], [0, 0], [0, 2], [0, 0]]
    assert _sums(outcomes, "unfilled") == [[0, 2], [0, 2], [0, 0], [0, 0]]
    assert state.on_hand[:, 0, 0].tolist() == [2, 5]


def test_on_a_lane_that_drops_them_unfilled_orders_are_lost() -> None:
    network = _network(Lane("s", "dc"), Lane("dc", "n", lead_time=1, unfilled="lost"), nodes=("dc", "n"))
    arrays = compile_network(network)
    start = InitialState(on_hand={("dc", "i"): 3}).compile(network, arrays)
    state, outcomes = _play(arrays, start, [(0, 5)], [(0, 0)])
    assert _sums(outcomes, "unfilled_lost") == [[0, 2]]
    assert float(state.unfilled.sum()) == 0


def test_each_node_and_item_has_its_own_way_with_unmet_demand() -> None:
    """SIM-104."""
    network = SupplyNetwork(
        items=(Item("i"), Item("j")), nodes=(Node("a"), Node("b")), suppliers=(), lanes=(), unmet="lost",
        unmet_at={("a", "j"): "backorder", ("b", "i"): 0.25},
    )  # fmt: skip
    arrays = compile_network(network)
    event = Event(market=jnp.full((1, 2, 2, 1), 8.0))
    nothing = Decision(order=jnp.zeros((arrays.num_lanes, 2, 1)))
    _, outcome = advance(arrays, RECEIVE_ORDER_SELL, empty_state(arrays), nothing, event)
    assert outcome.lost[..., 0].tolist() == [[8, 0], [6, 8]]
    assert outcome.backorders[..., 0].tolist() == [[0, 8], [2, 0]]


def test_lanes_have_calendars_of_their_own() -> None:
    network = _network(
        Lane("s", "n", name="weekly", review_period=3), Lane("t", "n", name="daily", priority=2)
    )
    arrays = compile_network(network)
    _, outcomes = _play(arrays, empty_state(arrays), [(1, 1)] * 4, [(0,)] * 4)
    assert _sums(outcomes, "ordered") == [[1, 1], [0, 1], [0, 1], [1, 1]]


def test_a_lane_takes_orders_of_its_own_items_alone() -> None:
    """SIM-307."""
    network = SupplyNetwork(
        items=(Item("i"), Item("j")), nodes=(Node("n"),), suppliers=(Supplier("s"),),
        lanes=(Lane("s", "n", items=("j",)),),
    )  # fmt: skip
    arrays = compile_network(network)
    order = Decision(order=jnp.full((1, 2, 1), 4.0))
    _, outcome = advance(
        arrays, RECEIVE_ORDER_SELL, empty_state(arrays), order, Event(market=jnp.zeros((1, 1, 2, 1)))
    )
    assert outcome.ordered[0, :, 0].tolist() == [0, 4]


def test_lead_times_drawn_on_ordering_let_orders_cross() -> None:
    network = _network(Lane("s", "n", lead_time={1: 0.5, 3: 0.5}, lead_time_known="on_order"))
    arrays, received = compile_network(network), []
    state = empty_state(arrays)
    for quantity, lead in ((5, 3), (2, 1), (0, 1), (0, 1)):
        event = Event(market=jnp.zeros((1, 1, 1, 1)), lead_time=jnp.full((1, 1, 1), lead, dtype=jnp.int32))
        state, outcome = advance(arrays, RECEIVE_ORDER_SELL, state, Decision(order=_column(quantity)), event)
        received.append(float(outcome.received.sum()))
    assert received == [0, 0, 2, 5]


def test_selling_first_fills_backorders_at_the_end_of_the_day() -> None:
    arrays = compile_network(_network(Lane("s", "n", lead_time=1), unmet="backorder"))
    _, outcomes = _play(
        arrays, empty_state(arrays), [(5,), (0,), (0,)], [(3,), (1,), (1,)], SELL_BEFORE_RECEIVING
    )
    assert _sums(outcomes, "sales") == [[0], [0], [1]]
    assert _sums(outcomes, "backorders_filled") == [[0], [4], [0]]
    assert _sums(outcomes, "closing") == [[0], [1], [0]]


def test_a_transition_changes_no_argument() -> None:
    """SIM-613."""
    arrays = compile_network(_network(Lane("s", "n", lead_time=1)))
    state = empty_state(arrays)
    before = [np.array(leaf) for leaf in jax.tree.leaves(state)]
    one, two = (_play(arrays, state, [(4,)], [(1,)])[0] for _ in range(2))
    for old, leaf, first, second in zip(before, *map(jax.tree.leaves, (state, one, two)), strict=True):
        np.testing.assert_array_equal(old, leaf)
        np.testing.assert_array_equal(first, second)


def test_replications_move_as_if_each_were_alone() -> None:
    """SIM-601, whole units: bit for bit."""
    network = _network(Lane("s", "dc"), Lane("dc", "n"), nodes=("dc", "n"), unmet="backorder")
    arrays, draw = compile_network(network), np.random.default_rng(0)
    wide = empty_state(arrays, 4)
    wide = dataclasses.replace(wide, on_hand=jnp.asarray(draw.integers(0, 9, (2, 1, 4)), jnp.float32))
    order = Decision(order=jnp.asarray(draw.integers(0, 9, (2, 1, 4)), jnp.float32))
    event = Event(market=jnp.asarray(draw.integers(0, 9, (1, 2, 1, 4)), jnp.float32))
    together = advance(arrays, RECEIVE_ORDER_SELL, wide, order, event)
    cut = lambda tree, k: jax.tree.map(lambda leaf: leaf[..., k : k + 1] if leaf.ndim else leaf, tree)  # noqa: E731
    for k in range(4):
        alone = advance(arrays, RECEIVE_ORDER_SELL, cut(wide, k), cut(order, k), cut(event, k))
        jax.tree.map(np.testing.assert_array_equal, cut(together, k), alone)


SHOPS = 4
CASES = 20_000


@pytest.fixture(scope="module")
def shared() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Requests, stock of the center, and what is shipped, in many random cases."""
    lanes = (Lane("s", "dc"), *(Lane("dc", f"n{k}") for k in range(SHOPS)))
    arrays = compile_network(_network(*lanes, nodes=("dc", *(f"n{k}" for k in range(SHOPS)))))
    draw = np.random.default_rng(1)
    scale = 10.0 ** draw.uniform(0, 6, CASES)
    requests = np.zeros((SHOPS + 1, 1, CASES), dtype=np.float32)
    requests[1:, 0] = np.floor(draw.random((SHOPS, CASES)) * scale)
    stock = np.zeros((SHOPS + 1, 1, CASES), dtype=np.float32)
    stock[0, 0] = np.floor(requests.sum((0, 1)) * draw.random(CASES) * 1.3)
    shipped = jax.jit(allocate)(arrays, jnp.asarray(requests), jnp.asarray(stock))
    return requests[1:, 0].astype(float), stock[0, 0].astype(float), np.asarray(shipped, dtype=float)[1:, 0]


def test_a_source_ships_all_that_is_asked_or_all_it_has(shared) -> None:
    """SIM-113, SIM-215."""
    requests, stock, shipped = shared
    np.testing.assert_array_equal(shipped.sum(0), np.minimum(requests.sum(0), stock))
    assert (shipped >= 0).all()
    assert (shipped <= requests).all()


def test_shares_are_proportional_to_less_than_a_unit_and_whole(shared) -> None:
    """SIM-114, SIM-215."""
    requests, stock, shipped = shared
    exact = requests * np.minimum(1.0, stock / np.maximum(requests.sum(0), 1))
    # Shares of a million units carry the rounding of single precision: 1e-7 of their size.
    assert (np.abs(shipped - exact) < 1 + 3e-7 * requests.sum(0)).all()
    np.testing.assert_array_equal(shipped, np.round(shipped))
