"""One period of a problem on rows of quantities, by the one transition: pure functions of arrays."""

import dataclasses
from collections.abc import Mapping

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from basestock.decision import Information, Problem
from basestock.dynamics import (
    Decision,
    NetworkArrays,
    PeriodOutcome,
    Sequence,
    State,
    Step,
    canonical,
    close_period,
    no_decision,
    open_period,
    out_of_nodes,
)
from basestock.dynamics.stages import receive
from basestock.economics import Ledger, Tariff
from basestock.optimal.mdp.layout import Layout
from basestock.uncertainty import Event, World


class RowModel(eqx.Module):
    """What the transition reads.

    Parameters
    ----------
    network, tariff
        The compiled network, and what prices a period.
    layout
        Entries of rows.
    lane, item, process
        What the controls are: orders on every active lane and item, then the runs of every process.
    place
        1 where a control is the order on a lane.
    ledger, sequence
        Terms of money, and stages of a period.
    opens
        Whether goods arrive before the decision.
    """

    network: NetworkArrays
    tariff: Tariff
    layout: Layout
    lane: Int[Array, " order"]
    item: Int[Array, " order"]
    place: Float[Array, "lane item order"]
    process: Int[Array, " start"]
    ledger: Ledger = eqx.field(static=True)
    sequence: Sequence = eqx.field(static=True)
    opens: bool = eqx.field(static=True)


class RowBatch(eqx.Module):
    """Combinations of state, decision and event.

    Parameters
    ----------
    rows
        States.
    controls
        Units ordered, then runs.
    leaves
        Leaf of an event to its value in each.
    """

    rows: Float[Array | np.ndarray, "*chunk row entry"]
    controls: Float[Array | np.ndarray, "*chunk row control"]
    leaves: Mapping[str, Array | np.ndarray]


def orders_of(problem: Problem) -> np.ndarray:
    """Return ``[order, 2]``: lane and item of everything that can be ordered."""
    return np.argwhere(np.asarray(problem.arrays.lane_active[..., 0]) > 0).astype(np.int32)


def row_model(problem: Problem, layout: Layout) -> RowModel:
    """Return what the transition of a problem reads."""
    orders = orders_of(problem)
    places = np.zeros((problem.arrays.num_lanes, problem.arrays.num_items, len(orders)), np.float32)
    places[orders[:, 0], orders[:, 1], np.arange(len(orders))] = 1.0
    starts = np.arange(len(problem.network.processes), dtype=np.int32)
    return RowModel(
        *(problem.arrays, problem.tariff, layout),
        *(jnp.asarray(orders[:, 0]), jnp.asarray(orders[:, 1]), jnp.asarray(places), jnp.asarray(starts)),
        *(problem.ledger, problem.sequence, receive in problem.sequence.before),
    )


def _event(leaves: Mapping[str, Array | np.ndarray]) -> Event:
    """Return the event of ``[row, ...]`` leaves."""
    return Event(**{name: jnp.moveaxis(leaf, 0, -1) for name, leaf in leaves.items()})


@eqx.filter_jit
def opened(model: RowModel, state: State, leaves: Mapping[str, Array | np.ndarray]) -> tuple[Array, Array]:
    """Return rows at the first decision, and the terms of money before it."""
    event = _event(leaves)
    begun, flows = open_period(model.network, model.sequence, state, event)
    rows = model.layout.rows(canonical(begun))
    nothing = no_decision(model.network, begun)
    ended, outcome = _close(model, begun, nothing, event)
    return rows, _money(model, begun, nothing, event, outcome, flows, ended)[1]


def _close(model: RowModel, state: State, decision: Decision, event: Event) -> tuple[State, PeriodOutcome]:
    """Run the rest of a period; what the morning brought is in stock and must not be looked for again."""
    flows = PeriodOutcome(opening=state.on_hand)
    if model.opens:
        flows = dataclasses.replace(flows, received=jnp.zeros_like(decision.order))
    return close_period(model.network, model.sequence, state, decision, event, flows)


def _money(
    model: RowModel,
    state: State,
    decision: Decision,
    event: Event,
    outcome: PeriodOutcome,
    opening: PeriodOutcome,
    ended: State,
) -> tuple[Array, Array]:
    """Return the terms of a period, and what an opening adds to them: what arrives in the morning is paid for."""
    step = Step(World(), state, state, decision, event, outcome, ended)
    names = ("received", "backorders_filled")
    added = {
        name: sum(leaf for leaf in (getattr(outcome, name), getattr(opening, name)) if leaf is not None)
        for name in names
        if getattr(opening, name) is not None
    }
    both = dataclasses.replace(step, outcome=dataclasses.replace(outcome, **added))
    money = model.ledger.by_term(model.tariff, step)
    return money, model.ledger.by_term(model.tariff, both) - money


def advanced(model: RowModel, batch: RowBatch, period: Int[Array, ""]) -> tuple[Array, Array, Array, Array]:
    """Advance combinations from one decision to the next.

    Returns
    -------
    tuple
        ``[combination, entry]`` next rows, ``[term, combination]`` money of the period and of the next morning, and
        ``[combination, control]`` what was placed after all repairs.
    """
    state, event = model.layout.states(jnp.asarray(batch.rows), period), _event(batch.leaves)
    count = batch.rows.shape[0]
    orders = model.lane.shape[0]
    decision = no_decision(model.network, state)
    # A product with places is much faster on CPUs than putting rows where they belong.
    order = jnp.einsum("lic,rc->lir", model.place, batch.controls[:, :orders])
    start = None
    if model.process.shape[0] and state.work_in_process is not None:
        runs = jnp.zeros((state.work_in_process.shape[1], count))
        start = runs.at[model.process].set(batch.controls[:, orders:].T)
    decision = dataclasses.replace(decision, order=order, start=start)
    ended, outcome = _close(model, state, decision, event)
    begun, following = open_period(model.network, model.sequence, ended, event)
    money, later = _money(model, state, decision, event, outcome, following, ended)
    rows = model.layout.rows(canonical(begun))
    placed = order if outcome.ordered is None else outcome.ordered
    placed = placed[model.lane, model.item].T
    if start is not None and outcome.started is not None:
        placed = jnp.concatenate([placed, outcome.started[model.process].T], -1)
    return rows, money, later, placed


@eqx.filter_jit
def positions_of(model: RowModel, rows: Array, period: Array) -> Array:
    """Return ``[row, place]`` inventory positions, less what waits at a place to be sent on."""
    state = model.layout.states(rows, period)
    nothing = PeriodOutcome(opening=state.on_hand)
    seen, _ = Information().observe(model.network, state, World(), nothing, None, key=jax.random.key(0))
    position = seen.inventory_position - out_of_nodes(model.network, seen.unfilled)
    return position.reshape(-1, rows.shape[0]).T
