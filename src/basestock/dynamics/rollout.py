"""Whole paths: the transition under ``scan``, with whatever is to be remembered folded along."""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, PyTree, UInt32

from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.state import Decision, PeriodOutcome, State
from basestock.dynamics.transition import Sequence, close_period, no_decision, open_period
from basestock.uncertainty import AnySource, Event, World


class Step(eqx.Module):
    """Everything about one period.

    Parameters
    ----------
    world
        World before the event.
    start
        State at the start of the period, before any stage.
    state
        State that the decision saw.
    decision, event, outcome
        What was decided, what happened, what came of it.
    next_state
        State at the start of the next period.
    """

    world: World
    start: State
    state: State
    decision: Decision
    event: Event
    outcome: PeriodOutcome
    next_state: State


class Moving(eqx.Module):
    """What a path carries from period to period besides what is folded.

    Parameters
    ----------
    state, world
        Present state and world.
    outcome
        Quantities of the last period, zeros before the first.
    memory
        Memory of whoever decides.
    """

    state: State
    world: World
    outcome: PeriodOutcome
    memory: PyTree


Decide = Callable[[State, World, PeriodOutcome, Any, Array], tuple[Decision, Any]]
Fold = Callable[[Any, Step], tuple[Any, Any]]


class Path(NamedTuple):
    """Result of a rollout: where it ended, what was folded, and what was traced per period."""

    end: Moving
    folded: Any
    traced: Any


def blank_outcome(
    network: NetworkArrays,
    sequence: Sequence,
    source: AnySource,
    state: State,
    world: World,
    root: UInt32[Array, "2"],
) -> PeriodOutcome:
    """Return an outcome of zeros with the leaves that this network's periods have."""
    replications = jnp.arange(state.on_hand.shape[-1])

    def one(state: State, world: World) -> PeriodOutcome:
        event, _ = source.sample(world, root, state.period, replications)
        opened, flows = open_period(network, sequence, state, event)
        return close_period(network, sequence, opened, no_decision(network, state), event, flows)[1]

    shapes = jax.eval_shape(one, state, world)
    return jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)


def _carried(outcome: PeriodOutcome, before: PeriodOutcome) -> PeriodOutcome:
    """Drop what is counted only because of what is decided (withdrawn orders): the next period looks like this one."""
    names = [field.name for field in dataclasses.fields(outcome) if getattr(before, field.name) is None]
    return dataclasses.replace(outcome, **dict.fromkeys(names))


def rollout(
    network: NetworkArrays,
    sequence: Sequence,
    source: AnySource,
    decide: Decide,
    start: Moving,
    *,
    root: UInt32[Array, "2"],
    replications: Int[Array, " replication"],
    num_periods: int,
    fold: Fold,
    initial: Any,
) -> Path:
    """Advance a path by ``num_periods`` periods.

    Parameters
    ----------
    network, sequence, source
        The compiled network, the order of events in a period, and where events come from.
    decide
        ``(state, world, last outcome, memory, key) -> (decision, memory)``.
    start
        Where the path starts.
    root
        Words of the root key; events of period t depend on it, on t, and on stable names alone.
    replications
        Numbers of the replications on the trailing axis; equal numbers meet equal events.
    num_periods
        Number of periods.
    fold
        ``(carry, step) -> (carry, trace)``, run every period.
    initial
        First carry of ``fold``.

    Returns
    -------
    Path
        End of the path, last carry, and the traces stacked along a leading period axis.
    """
    policy_key = jax.random.wrap_key_data(root)

    def advance(carry: tuple[Moving, Any], _: None) -> tuple[tuple[Moving, Any], Any]:
        moving, folded = carry
        event, world = source.sample(moving.world, root, moving.state.period, replications)
        opened, flows = open_period(network, sequence, moving.state, event)
        key = jax.random.fold_in(policy_key, moving.state.period)
        decision, memory = decide(opened, moving.world, moving.outcome, moving.memory, key)
        state, outcome = close_period(network, sequence, opened, decision, event, flows)
        step = Step(moving.world, moving.state, opened, decision, event, outcome, state)
        folded, traced = fold(folded, step)
        return (Moving(state, world, _carried(outcome, moving.outcome), memory), folded), traced

    (end, folded), traced = jax.lax.scan(advance, (start, initial), None, length=num_periods)
    return Path(end, folded, traced)
