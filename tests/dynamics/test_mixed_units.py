"""Items in whole units and in fractions that meet: substitution, and arrivals after special deliveries."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from basestock.dynamics import (
    SELL_BEFORE_RECEIVING,
    Decision,
    PeriodOutcome,
    compile_network,
    empty_state,
)
from basestock.dynamics.rollout import Step
from basestock.dynamics.stages import substitute
from basestock.network import Item, Lane, Node, Substitution, Supplier, SupplyNetwork
from basestock.uncertainty import Event, World
from tests.compiler import advance, audit


@pytest.mark.parametrize(
    ("missing_whole", "stock", "granted"),
    [(False, 5.0, 1.0), (True, 0.7, 0.0), (False, 0.7, 0.0), (True, 1.7, 1.0)],
)
def test_a_whole_unit_is_neither_missed_nor_taken_in_part(
    missing_whole: bool, stock: float, granted: float
) -> None:
    """SIM-114: 3.0 or 2.6 units are missing, half of the customers take the other item, of which there are some."""
    network = SupplyNetwork(
        items=(Item("a", whole_units=missing_whole), Item("b", whole_units=not missing_whole)),
        nodes=(Node("s"),),
        substitutions=(Substitution("s", "a", "b", 0.5),),
    )
    arrays = compile_network(network)
    state = empty_state(arrays)
    state = dataclasses.replace(state, on_hand=state.on_hand.at[0, 1].set(stock))
    nothing = jnp.zeros_like(state.on_hand)
    short = nothing.at[0, 0].set(3.0 if missing_whole else 2.6)
    flows = PeriodOutcome(opening=state.on_hand, sales=nothing, lost=short)
    event = Event(market=short[None])
    state, flows = substitute(arrays, state, Decision(jnp.zeros((arrays.num_lanes, 8, 1))), event, flows)
    assert flows.switched_to is not None and flows.lost is not None
    assert float(flows.switched_to[0, 1, 0]) == granted
    assert float(state.on_hand[0, 1, 0]) == np.float32(stock) - np.float32(granted)


@pytest.mark.slow
def test_a_special_delivery_hides_no_arrival() -> None:
    """SIM-202: sold first, received later; what is outstanding arrives although something was received before."""
    network = SupplyNetwork(
        items=(Item("a"),),
        nodes=(Node("dc"), Node("shop")),
        suppliers=(Supplier("s"),),
        lanes=(
            Lane("s", "shop", name="in", lead_time={1: 0.5, 2: 0.5}, lead_time_known="on_arrival"),
            Lane("dc", "shop", name="special", lead_time=1, special_share=1.0),
        ),
        unmet="lost",
    )
    arrays = compile_network(network)
    state = empty_state(arrays)
    assert state.outstanding is not None
    start = dataclasses.replace(
        state,
        on_hand=state.on_hand.at[0, 0].set(9.0),
        outstanding=state.outstanding.at[0, 0, 0].set(4.0),
        in_transit=state.in_transit.at[0, 0].set(4.0),
    )
    demand = jnp.zeros((1, *start.on_hand.shape)).at[0, 1, 0].set(2.0)
    event = Event(
        market=demand,
        arrives=jnp.ones_like(state.outstanding),
        special=jnp.full(start.on_hand.shape, 0.5),
    )
    decision = Decision(jnp.zeros((arrays.num_lanes, arrays.num_items, 1)))
    after, outcome = advance(arrays, SELL_BEFORE_RECEIVING, start, decision, event)
    assert outcome.special is not None and float(outcome.special[1, 0, 0]) == 2.0
    assert float(after.on_hand[1, 0, 0]) == 4.0
    assert not audit(arrays, Step(World(), start, start, decision, event, outcome, after)).any()
