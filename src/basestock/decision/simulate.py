"""A problem and a policy, played out."""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.core import Tracer
from jaxtyping import Array, Float, Int, UInt32

from basestock.decision.information import Information
from basestock.decision.observation import Observation
from basestock.decision.policy import Policy
from basestock.decision.problem import Problem
from basestock.dynamics import (
    Decision,
    Fold,
    Moving,
    NetworkArrays,
    Path,
    PeriodOutcome,
    Sequence,
    State,
    blank_outcome,
    rollout,
)
from basestock.uncertainty import AnySource, World, require_periods, root_words


class Game(eqx.Module):
    """The compiled parts of a problem that a simulation needs.

    Parameters
    ----------
    network, events
        Compiled network and dice.
    information
        What is seen.
    sequence
        Order of events in a period.
    """

    network: NetworkArrays
    events: AnySource
    information: Information
    sequence: Sequence = eqx.field(static=True)


def game(problem: Problem, events: AnySource | None = None) -> Game:
    """Return the compiled parts of a problem, with other events if given."""
    return Game(
        problem.arrays, problem.events if events is None else events, problem.information, problem.sequence
    )


def messages_sent(observation: Observation) -> Float[Array, " replication"] | None:
    """Return the number of messages that were sent for an observation; ``None`` where nodes send none."""
    if observation.messages_sent is None:
        return None
    return jnp.broadcast_to(observation.messages_sent, observation.on_hand.shape[-1:])


def begin(game: Game, policy: Policy, state: State, root: UInt32[Array, "2"]) -> Moving:
    """Return the start of a path: blank outcome, fresh memories."""
    num_replications = state.on_hand.shape[-1]
    world = game.events.initial_world(num_replications)
    outcome = blank_outcome(game.network, game.sequence, game.events, state, world, root)
    seen = game.information.init(game.network, num_replications)
    observe = game.information.observe
    observation, _ = observe(game.network, state, world, outcome, seen, key=jax.random.wrap_key_data(root))
    return Moving(state, world, outcome, (seen, policy.init(observation)))


def advance(
    game: Game,
    policy: Policy,
    start: Moving,
    *,
    root: UInt32[Array, "2"],
    replications: Int[Array, " replication"],
    num_periods: int,
    fold: Fold,
    initial: Any,
) -> Path:
    """Play ``num_periods`` periods from ``start``; see :func:`basestock.dynamics.rollout`.

    Raises
    ------
    ValueError
        If the events end before the periods do.
    """
    _require_events(game, start.state, num_periods)

    def decide(
        state: State, world: World, last: PeriodOutcome, memory: Any, key: Array
    ) -> tuple[Decision, Any]:
        seen, own = memory
        see_key, act_key = jax.random.split(key)
        observation, seen = game.information.observe(game.network, state, world, last, seen, key=see_key)
        decision, own = policy(observation, own, key=act_key)
        return dataclasses.replace(decision, messages=messages_sent(observation)), (seen, own)

    return rollout(
        game.network,
        game.sequence,
        game.events,
        decide,
        start,
        root=root,
        replications=replications,
        num_periods=num_periods,
        fold=fold,
        initial=initial,
    )


def simulate(
    game: Game,
    policy: Policy,
    state: State,
    *,
    key: Array,
    num_periods: int,
    fold: Fold,
    initial: Any,
    replications: Int[Array, " replication"] | None = None,
) -> Path:
    """Play a game from a state; compiled once for each kind of policy, fold and shape.

    Parameters
    ----------
    game
        Compiled problem, from :func:`game`.
    policy
        Who decides.
    state
        Start, with one entry per replication on the trailing axis.
    key
        Root key of the events.
    num_periods
        Number of periods.
    fold, initial
        What to accumulate; keep ``fold`` a module-level function or an Equinox module, so that it is not new each time.
    replications
        Numbers of the replications, 0, 1, ... if not given; equal numbers meet equal events.

    Returns
    -------
    Path
        End, accumulated values, traces.

    Raises
    ------
    ValueError
        If recorded events or given paths of demand end before the periods do.
    """
    _require_events(game, state, num_periods)
    if replications is None:
        replications = jnp.arange(state.on_hand.shape[-1])
    return _simulate(game, policy, state, root_words(key), replications, num_periods, fold, initial)


def _require_events(game: Game, state: State, num_periods: int) -> None:
    first = 0 if isinstance(state.period, Tracer) else int(state.period)
    require_periods(game.events.num_periods, first, num_periods)


@eqx.filter_jit
def _simulate(
    game: Game,
    policy: Policy,
    state: State,
    root: UInt32[Array, "2"],
    replications: Int[Array, " replication"],
    num_periods: int,
    fold: Fold,
    initial: Any,
) -> Path:
    start = begin(game, policy, state, root)
    return advance(
        game,
        policy,
        start,
        root=root,
        replications=replications,
        num_periods=num_periods,
        fold=fold,
        initial=initial,
    )
