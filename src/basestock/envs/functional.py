"""The functional environment: pure ``reset`` and ``step``, in batches or by ``vmap``, whole rollouts on device."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, UInt32

from basestock.decision import Game, Label, Observation, Problem, flatten, game, labels, messages_sent
from basestock.dynamics import (
    PeriodOutcome,
    State,
    Step,
    blank_outcome,
    close_period,
    open_period,
)
from basestock.economics import Ledger, Tariff
from basestock.envs.actions import ActionCodec, ActionKind, action_codec
from basestock.envs.settings import require_settings
from basestock.network import SupplyNetwork
from basestock.uncertainty import Event, World, require_periods, root_words


class EnvState(eqx.Module):
    """An environment between two decisions: the period is open, its event drawn and not yet shown.

    Parameters
    ----------
    start
        State at the start of the period, before any stage.
    opened
        State that the decision sees.
    flows
        Quantities of the stages before the decision.
    event
        Event of the period.
    world, next_world
        World before and after the event.
    outcome
        Quantities of the last period.
    memory
        What the information remembers.
    root
        Words of the root key of the events.
    replications
        Numbers of the replications.
    elapsed
        Decisions taken since the reset.
    messages
        Messages that nodes sent each other for what is seen now; ``None`` where they send none.
    seen
        What is seen before the decision; ``None`` until somebody looks.
    """

    start: State
    opened: State
    flows: PeriodOutcome
    event: Event
    world: World
    next_world: World
    outcome: PeriodOutcome
    memory: Any
    root: UInt32[Array, "2"]
    replications: Int[Array, " replication"]
    elapsed: Int[Array, ""]
    messages: Float[Array, " replication"] | None = None
    seen: Observation | None = None


class Transition(NamedTuple):
    """What a step returns.

    Parameters
    ----------
    state
        The environment after the step.
    observation
        Flat observation, in the order of :attr:`Environment.legend`.
    reward
        Minus the cost of the period by the ledger, money.
    truncated
        Whether the horizon is reached. Nothing ever terminates before it.
    terms
        Every ledger term of the period, unsigned, money, in the order of :attr:`Environment.terms`.
    places
        Minus the cost of the period by node, money; sums to the reward.
    """

    state: EnvState
    observation: Float[Array, "feature *replication"]
    reward: Float[Array, "*replication"]
    truncated: Bool[Array, ""]
    terms: Float[Array, "term *replication"]
    places: Float[Array, "node *replication"]


class Environment(eqx.Module):
    """A problem as an environment for learners who write JAX.

    Parameters
    ----------
    game
        Compiled problem.
    tariff
        Rates.
    initial
        Declared start, one replication.
    codec
        From actions to quantities.
    network
        The authored network.
    ledger
        Terms of the reward.
    horizon
        Decisions of an episode.

    Examples
    --------
    >>> import jax, basestock as bs
    >>> env = make_environment(bs.problems.lost_sales(lead_time=2, lost_sale_cost=4))
    >>> state, observation = env.reset(jax.random.key(0))
    >>> step = env.step(state, jax.numpy.array([-1.0]))
    >>> step.observation.shape, bool(step.truncated)
    ((7,), False)

    Notes
    -----
    ``reset`` and ``step`` are pure: ``jit``, ``vmap`` and ``scan`` apply. ``reset_batch`` and ``step_batch`` keep the
    replications on a trailing axis, which is faster than ``vmap``; replication r of a batch meets the same events
    whatever the size of the batch.
    """

    game: Game
    tariff: Tariff
    initial: State
    codec: ActionCodec
    network: SupplyNetwork = eqx.field(static=True)
    ledger: Ledger = eqx.field(static=True)
    horizon: int = eqx.field(static=True)

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the ledger terms."""
        return self.ledger.names

    @property
    def legend(self) -> tuple[Label, ...]:
        """Name, unit, place and item of each entry of an observation."""
        key = jax.random.key(0)
        observed = eqx.filter_eval_shape(lambda: self._observe(self.reset_batch(key, 1)[0], key)[0])
        return labels(observed, self.network)

    def reset(self, key: Array) -> tuple[EnvState, Float[Array, " feature"]]:
        """Start an episode; the key fixes all its events."""
        state, observation = self.reset_batch(key, 1)
        return state, observation[:, 0]

    def step(self, state: EnvState, action: Array) -> Transition:
        """Advance one environment: ``action[slot]``, or a whole number for one index of all slots."""
        result = self.step_batch(state, jnp.asarray(action)[..., None])
        return Transition(
            result.state,
            result.observation[:, 0],
            result.reward[0],
            result.truncated,
            result.terms[:, 0],
            result.places[:, 0],
        )

    def reset_batch(
        self, key: Array, num_replications: int
    ) -> tuple[EnvState, Float[Array, "feature replication"]]:
        """Start ``num_replications`` episodes at once."""
        return self.reset_replications(key, jnp.arange(num_replications))

    def reset_replications(
        self, key: Array, replications: Int[Array, " replication"]
    ) -> tuple[EnvState, Float[Array, "feature replication"]]:
        """Start the episodes of given numbers."""
        root, count = root_words(key), replications.shape[0]
        start = jax.tree.map(
            lambda leaf: leaf if leaf.ndim == 0 else jnp.broadcast_to(leaf, (*leaf.shape[:-1], count)),
            self.initial,
        )
        world = self.game.events.initial_world(count)
        outcome = blank_outcome(self.game.network, self.game.sequence, self.game.events, start, world, root)
        memory = self.game.information.init(self.game.network, count)
        state = self._open(start, world, outcome, memory, root, replications, jnp.asarray(0))
        return self._seen(state)

    def step_batch(self, state: EnvState, action: Array) -> Transition:
        """Advance a batch: ``action[slot, replication]``, or ``[replication]`` for one index of all slots."""
        decision = dataclasses.replace(self.codec.decision(action), messages=state.messages)
        game = self.game
        after, outcome = close_period(
            game.network, game.sequence, state.opened, decision, state.event, state.flows
        )
        step = Step(state.world, state.start, state.opened, decision, state.event, outcome, after)
        terms = self.ledger.by_term(self.tariff, step)
        places = self.ledger.by_place(game.network, self.tariff, step).sum(2)
        elapsed = state.elapsed + 1
        outcome = dataclasses.replace(outcome, messages=None)
        opened = self._open(
            after, state.next_world, outcome, state.memory, state.root, state.replications, elapsed
        )
        following, observation = self._seen(opened)
        return Transition(
            following,
            observation,
            -self.ledger.total(terms),
            elapsed >= self.horizon,
            terms,
            -self.ledger.total(places),
        )

    def _open(
        self,
        start: State,
        world: World,
        outcome: PeriodOutcome,
        memory: Any,
        root: UInt32[Array, "2"],
        replications: Int[Array, " replication"],
        elapsed: Int[Array, ""],
    ) -> EnvState:
        """Draw the event of the period and run the stages before the decision."""
        event, next_world = self.game.events.sample(world, root, start.period, replications)
        opened, flows = open_period(self.game.network, self.game.sequence, start, event)
        return EnvState(
            start, opened, flows, event, world, next_world, outcome, memory, root, replications, elapsed
        )

    def _observe(self, state: EnvState, key: Array) -> tuple[Observation, Any]:
        return self.game.information.observe(
            self.game.network, state.opened, state.world, state.outcome, state.memory, key=key
        )

    def _seen(self, state: EnvState) -> tuple[EnvState, Float[Array, "feature replication"]]:
        """Look once: the memory moves on, so that the next look is the next period's."""
        key = jax.random.fold_in(jax.random.wrap_key_data(state.root), state.start.period)
        observation, memory = self._observe(state, key)
        seen = eqx.tree_at(lambda each: each.memory, state, memory, is_leaf=lambda leaf: leaf is None)
        seen = dataclasses.replace(seen, messages=messages_sent(observation), seen=observation)
        return seen, flatten(observation, self.network)


Act = Callable[[Float[Array, "feature replication"], Array], Array]


def rollout_environment(
    environment: Environment, act: Act, key: Array, num_replications: int, num_steps: int | None = None
) -> tuple[EnvState, Float[Array, "step replication"]]:
    """Play whole episodes on the device.

    Parameters
    ----------
    environment
        The environment.
    act
        ``(observations [feature, replication], key) -> actions``.
    key
        Key of events and of the agent's own randomness.
    num_replications
        Episodes played side by side.
    num_steps
        Decisions; the horizon if not given.

    Returns
    -------
    tuple
        The environment at the end, and the rewards ``[step, replication]``, money.
    """
    events, own = jax.random.split(key)
    start = environment.reset_batch(events, num_replications)

    def advance(carry: tuple[EnvState, Array], step_key: Array) -> tuple[tuple[EnvState, Array], Array]:
        state, observation = carry
        result = environment.step_batch(state, act(observation, step_key))
        return (result.state, result.observation), result.reward

    keys = jax.random.split(own, num_steps or environment.horizon)
    (end, _), rewards = jax.lax.scan(advance, start, keys)
    return end, rewards


def make_environment(
    problem: Problem,
    *,
    actions: ActionKind = "continuous",
    largest_order: float | None = None,
    levels: int | None = None,
    decides: Sequence[str] | None = None,
    horizon: int | None = None,
) -> Environment:
    """Return a problem as a functional environment.

    Parameters
    ----------
    problem
        The problem; its information decides what is observed.
    actions
        ``continuous``, ``multi_discrete`` or ``discrete``; see :class:`ActionCodec`.
    largest_order, levels, decides
        See :func:`action_codec`.
    horizon
        Decisions of an episode; the problem's horizon if not given.

    Raises
    ------
    ValueError
        If an argument is out of range, or given paths of demand end before the episode does.
    """
    given = {"actions": actions, "largest_order": largest_order, "levels": levels, "decides": decides}
    require_settings(problem.name, {**given, "horizon": horizon})
    decisions = int(problem.horizon if horizon is None else horizon)
    require_periods(problem.events.num_periods, 0, decisions)
    return Environment(
        game=game(problem),
        tariff=problem.tariff,
        initial=problem.start(1),
        codec=action_codec(problem, actions, largest_order, levels, decides),
        network=problem.network,
        ledger=problem.ledger,
        horizon=decisions,
    )
