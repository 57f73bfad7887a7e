"""The one transition: a period as a tuple of stages around the decision."""

import dataclasses
from collections.abc import Callable

import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.stages import (
    account_terms,
    assemble_to_order,
    break_down,
    complete_processes,
    expire,
    fill_backorders,
    find_defects,
    place_orders,
    recall,
    receive,
    remember,
    repair_orders,
    return_goods,
    route_orders,
    serve,
    ship,
    special_delivery,
    start_processes,
    store,
    substitute,
)
from basestock.dynamics.state import Decision, PeriodOutcome, State
from basestock.uncertainty import Event

Stage = Callable[
    [NetworkArrays, State, Decision, Event, PeriodOutcome],
    tuple[State, PeriodOutcome],
]


@dataclasses.dataclass(frozen=True)
class Sequence:
    """The order of events inside a period.

    Parameters
    ----------
    before
        Stages that run before the decision, whose result the decision may see.
    after
        Stages that run after it.
    """

    before: tuple[Stage, ...]
    after: tuple[Stage, ...]


RECEIVE_ORDER_SELL = Sequence(
    before=(receive, return_goods, recall, break_down, complete_processes, fill_backorders),
    after=(
        *(route_orders, place_orders, start_processes, complete_processes, ship, receive),
        *(serve, substitute, special_delivery, expire, store, find_defects, account_terms, remember),
    ),
)
"""Receive, decide, ship, sell: an order placed in t with lead time L first serves the demand of t + L."""

SELL_BEFORE_RECEIVING = Sequence(
    before=(),
    after=(
        *(return_goods, recall, route_orders, place_orders, start_processes, serve, substitute),
        *(special_delivery, expire, receive, complete_processes, ship, receive, fill_backorders, store),
        *(find_defects, account_terms, remember),
    ),
)
"""Decide, sell, receive at the end of the day: lead time L first serves the demand of t + L + 1."""

ORDER_RECEIVE_ASSEMBLE = Sequence(
    before=(),
    after=(
        *(return_goods, recall, route_orders, place_orders, receive, ship, receive),
        *(assemble_to_order, complete_processes),
        *(serve, substitute, special_delivery, expire, store, find_defects, account_terms, remember),
    ),
)
"""Decide, receive, then assemble what the demand of the period asks for: lead time L first serves t + L."""

ORDER_RECEIVE_SELL = Sequence(
    before=(),
    after=(
        *(return_goods, recall, route_orders, place_orders, receive),
        *(start_processes, complete_processes, ship, receive),
        *(serve, substitute, special_delivery, expire, store, find_defects, account_terms, remember),
    ),
)
"""Decide on the stock left by the last period, then receive and sell: lead time L first serves t + L."""


def with_repairs(sequence: Sequence) -> Sequence:
    """Return a sequence that makes requested orders legal before they are placed, and reports every change.

    Parameters
    ----------
    sequence
        Any order of events that places orders after the decision.
    """
    after: list[Stage] = []
    for stage in sequence.after:
        after += [repair_orders, stage] if stage is place_orders else [stage]
    return Sequence(sequence.before, tuple(after))


def no_decision(network: NetworkArrays, state: State) -> Decision:
    """Return the decision to order nothing."""
    shape = (network.num_lanes, network.num_items, state.on_hand.shape[-1])
    return Decision(order=jnp.zeros(shape))


def open_period(
    network: NetworkArrays, sequence: Sequence, state: State, event: Event
) -> tuple[State, PeriodOutcome]:
    """Run the stages before the decision.

    Returns
    -------
    tuple
        The state that the decision may see, and the flows so far.
    """
    flows = PeriodOutcome(opening=state.on_hand)
    nothing = no_decision(network, state)
    for stage in sequence.before:
        state, flows = stage(network, state, nothing, event, flows)
    return state, flows


def close_period(
    network: NetworkArrays,
    sequence: Sequence,
    state: State,
    decision: Decision,
    event: Event,
    flows: PeriodOutcome,
) -> tuple[State, PeriodOutcome]:
    """Run the stages after the decision and turn to the next period."""
    for stage in _needed(network, sequence):
        state, flows = stage(network, state, decision, event, flows)
    closing = dataclasses.replace(
        flows,
        closing=state.on_hand,
        backorders=state.backorders,
        in_transit=state.in_transit,
        messages=decision.messages,
    )
    return dataclasses.replace(state, period=state.period + 1), closing


def _needed(network: NetworkArrays, sequence: Sequence) -> tuple[Stage, ...]:
    """Look at arrivals once in a period where no lead time can be 0."""
    if network.features.immediate:
        return sequence.after
    seen = receive in sequence.before
    stages: list[Stage] = []
    for stage in sequence.after:
        if stage is not receive or not seen:
            stages.append(stage)
        seen = seen or stage is receive
    return tuple(stages)


def transition(
    network: NetworkArrays, sequence: Sequence, state: State, decision: Decision, event: Event
) -> tuple[State, PeriodOutcome]:
    """Advance one period under a given decision.

    Parameters
    ----------
    network
        The compiled network.
    sequence
        Order of events in the period.
    state
        State at the start of the period.
    decision
        What is ordered.
    event
        Everything random of the period.

    Returns
    -------
    tuple
        State at the start of the next period, and the quantities of this one.
    """
    state, flows = open_period(network, sequence, state, event)
    return close_period(network, sequence, state, decision, event, flows)


def under_way(state: State) -> Float[Array, "lane item replication"]:
    """Add up what is under way on each lane, in units; equals ``state.in_transit``."""
    total = jnp.zeros_like(state.in_transit)
    if state.due is not None:
        total = total + state.due.sum(0)
    if state.outstanding is not None:
        total = total + state.outstanding.sum(0)
    if state.held is not None:
        total = total + state.held
    if state.unit_ages is not None:
        total = total + (state.unit_ages >= 0).sum(0)
    return total
