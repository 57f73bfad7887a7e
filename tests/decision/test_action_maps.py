"""Finite order sets, moved thresholds and transfers between peers: each changes the flow as stated (B-05)."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.decision import (
    ActionMap,
    Information,
    LateralTransfers,
    NodeOrders,
    Observation,
    OrderChoices,
    ThresholdShifts,
)
from basestock.dynamics import (
    RECEIVE_ORDER_SELL,
    InitialState,
    PeriodOutcome,
    compile_network,
    transition,
)
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.uncertainty import Event, World

NETWORK = SupplyNetwork(
    items=(Item("i"),), nodes=(Node("dc", tier=1), Node("east"), Node("west")), suppliers=(Supplier("s"),),
    lanes=(
        Lane("s", "dc"), Lane("dc", "east"), Lane("dc", "west"),
        Lane("east", "west", priority=3), Lane("west", "east", priority=3),
    ),
)  # fmt: skip
LANES = tuple(lane.name for lane in NETWORK.lanes)
ARRAYS = compile_network(NETWORK)
START = InitialState(on_hand={("dc", "i"): 20.0, ("east", "i"): 8.0, ("west", "i"): 1.0}).compile(
    NETWORK, ARRAYS
)


def column(*values: float) -> jnp.ndarray:
    return jnp.asarray(values, dtype=jnp.float32).reshape(-1, 1, 1)


def flows(action_map: ActionMap, *action: float) -> tuple[dict[str, float], dict[str, float]]:
    """Return what a period orders and ships by lane."""
    nothing = PeriodOutcome(opening=START.on_hand)
    seen: Observation = Information().observe(ARRAYS, START, World(), nothing, None, key=jax.random.key(0))[0]
    decision = action_map(column(*action), seen)
    event = Event(market=jnp.zeros((1, ARRAYS.num_nodes, 1, 1)))
    _, outcome = transition(ARRAYS, RECEIVE_ORDER_SELL, START, decision, event)
    kept = []
    for flow in (outcome.ordered, outcome.shipped):
        units = np.asarray(flow).ravel().tolist()
        kept.append({lane: amount for lane, amount in zip(LANES, units, strict=False) if amount})
    return kept[0], kept[1]


@pytest.mark.slow
@pytest.mark.requirement("B-05")
def test_an_index_orders_the_quantity_it_stands_for() -> None:
    ordered, shipped = flows(OrderChoices(jnp.asarray([0.0, 4.0, 12.0])), 2, 0, 1)
    assert ordered == shipped == {"s -> dc": 12, "dc -> west": 4}


@pytest.mark.slow
@pytest.mark.requirement("B-05")
def test_a_moved_threshold_orders_earlier_and_more() -> None:
    rule = ThresholdShifts(column(5.0, 5.0, 5.0), column(30.0, 10.0, 10.0))
    assert flows(rule, 0, 0, 0)[1] == {"dc -> west": 9}
    assert flows(rule, 0, 3, 2)[1] == {"dc -> east": 10 + 3 - 8, "dc -> west": 9 + 2}
    assert flows(rule, 15, 0, -5)[1] == {"s -> dc": 30 + 15 - 20}


@pytest.mark.requirement("B-05")
def test_peers_send_each_other_what_the_action_says_and_they_have() -> None:
    rule = LateralTransfers(column(20.0, 6.0, 6.0))
    assert flows(rule, 0, 0, 0, 0, 0)[1] == {"dc -> west": 5}
    assert flows(rule, 9, 9, 9, 3, 0)[1] == {"dc -> west": 2, "east -> west": 3}
    ordered, shipped = flows(rule, 0, 0, 0, 0, 4)
    assert ordered["west -> east"] == 4
    assert shipped["west -> east"] == 1, "west has one unit"
    assert NETWORK.lanes[4].name == "west -> east"


def test_negative_transfers_move_nothing() -> None:
    assert flows(LateralTransfers(column(20.0, 6.0, 6.0)), 0, 0, 0, -3, 0) == flows(NodeOrders(), 0, 0, 5)
