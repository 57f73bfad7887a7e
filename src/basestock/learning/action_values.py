"""What choices are worth when a policy follows them: simulated beside each other on common events."""

import dataclasses
import itertools
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, UInt32

from basestock.decision import Game, Observation, Policy, advance
from basestock.dynamics import Decision, Moving, Step
from basestock.envs import ActionCodec
from basestock.learning.actors import Actor, ChoiceActor
from basestock.learning.encoding import Clock
from basestock.learning.order_rule import OrderRule
from basestock.learning.selection import PeriodCost
from basestock.learning.states import renumbered, restarted


class Looks(eqx.Module):
    """What is seen at a decision, and what the policy says.

    Parameters
    ----------
    inputs
        What a network reads.
    quantities
        What the policy decides, units.
    center
        Choice of each slot that the policy likes best beside the smallest.
    """

    inputs: Float[Array, "input column"]
    quantities: Float[Array, "slot column"]
    center: Int[Array, "slot column"]


class _Looker(Policy):
    """Decides as an actor does, elsewhere where it explores, and remembers what it saw."""

    actor: Actor
    codec: ActionCodec
    explored: Int[Array, "slot column"]

    def init(self, observation: Observation) -> Looks:
        count, slots = observation.on_hand.shape[-1], len(self.codec.slots)
        return blank_looks(self.actor, slots, count)

    def __call__(self, observation: Observation, memory: Looks, *, key: Array) -> tuple[Decision, Looks]:
        inputs = self.actor.encoder(observation)
        outputs = self.actor.network(inputs)
        quantities = self.actor.quantities(outputs)
        looks = Looks(inputs, quantities, self._center(outputs, quantities))
        sizes = jnp.asarray(self.codec.sizes)[:, None]
        choice = jnp.clip(looks.center + self.explored, 0, sizes - 1)
        elsewhere = jnp.take_along_axis(self.codec.choices, choice, axis=1)
        return self.codec.decide(jnp.where(self.explored == 0, quantities, elsewhere)), looks

    def _center(self, outputs: Array, quantities: Array) -> Array:
        """Return the choice of each slot that is best beside the smallest."""
        if not isinstance(self.actor, ChoiceActor):
            near = jnp.abs(self.codec.choices[:, None] - quantities[..., None]).argmin(-1)
            return jnp.maximum(near, 1).astype(jnp.int32)
        ends = np.cumsum([0, *self.codec.sizes])
        parts = [outputs[low + 1 : high] for low, high in itertools.pairwise(ends)]
        best = [part.argmax(0) + 1 if len(part) else jnp.zeros(outputs.shape[1:], int) for part in parts]
        return jnp.stack(best).astype(jnp.int32)


def blank_looks(actor: Actor, slots: int, count: int) -> Looks:
    """Return looks at nothing."""
    blank = jnp.zeros((slots, count))
    return Looks(jnp.zeros((actor.encoder.width, count)), blank, blank.astype(jnp.int32))


class _Follower(Policy):
    """Decides once as it is told, and then as an actor does.

    Parameters
    ----------
    actor
        The actor.
    rule
        What is added to its scores.
    quantities
        What is decided first, units.
    """

    actor: Actor
    rule: OrderRule | None
    codec: ActionCodec
    quantities: Float[Array, "slot column"]

    def init(self, observation: Observation) -> Array:
        return jnp.zeros((), dtype=bool)

    def __call__(self, observation: Observation, memory: Array, *, key: Array) -> tuple[Decision, Array]:
        """Decide."""
        outputs = self.actor.network(self.actor.encoder(observation))
        if self.rule is not None:
            outputs = outputs + self.rule.scores(self.codec)
        usual = self.actor.quantities(outputs)
        return self.codec.decide(jnp.where(memory, usual, self.quantities)), jnp.ones_like(memory)


class _Counted(eqx.Module):
    """Accumulates money until the horizon."""

    paid: PeriodCost
    first: Int[Array, ""]
    end: Int[Array, ""]

    def __call__(self, carry: Any, step: Step) -> tuple[Any, None]:
        after, _ = self.paid(carry, step)
        counts = (step.start.period >= self.first) & (step.start.period < self.end)
        return (jnp.where(counts, after[0], carry[0]), *after[1:]), None


class Arena(eqx.Module):
    """Everything that simulations of choices read and do not change.

    Parameters
    ----------
    game, paid
        The problem, and what prices a period.
    codec
        Choices of every slot.
    first, end
        Periods from which and until which money counts.
    clock
        How time matters.
    periods
        Periods of a block.
    foretold
        Whether what happens in a period is seen before its decision.
    """

    game: Game
    paid: PeriodCost
    codec: ActionCodec
    first: Int[Array, ""]
    end: Int[Array, ""]
    clock: Clock = eqx.field(static=True)
    periods: int = eqx.field(static=True)
    foretold: bool = eqx.field(static=True)


def count_of(moving: Moving) -> int:
    """Return the number of paths."""
    return moving.state.on_hand.shape[-1]


@eqx.filter_jit
def gathered(moving: Moving, picked: Int[Array, " column"]) -> Moving:
    """Return some paths."""
    size = count_of(moving)

    def taken(leaf: Any) -> Any:
        wide = eqx.is_array(leaf) and leaf.ndim > 0 and leaf.shape[-1] == size
        return leaf[..., picked] if wide else leaf

    return jax.tree.map(taken, moving)


@eqx.filter_jit
def looked(
    arena: Arena, actor: Actor, moving: Moving, explored: Int[Array, "slot column"], root: UInt32[Array, "2"]
) -> tuple[Moving, Looks]:
    """Return paths a period later, and what was seen at their decisions.

    Parameters
    ----------
    arena, actor
        The problem, and who decides.
    moving
        The paths.
    explored
        Choices by which a slot is decided off what the actor likes best; 0 where it decides.
    root
        Words of the key of the events.
    """
    count = count_of(moving)
    memory = moving.memory[0], blank_looks(actor, len(arena.codec.slots), count)
    path = advance(
        arena.game,
        _Looker(actor, arena.codec, explored),
        dataclasses.replace(moving, memory=memory),
        root=root,
        replications=jnp.arange(count),
        num_periods=1,
        fold=_nothing,
        initial=None,
    )
    seen, looks = path.end.memory
    return dataclasses.replace(path.end, memory=(seen, None)), looks


def _nothing(carry: None, step: Step) -> tuple[None, None]:
    return None, None


@eqx.filter_jit
def restarts(
    moving: Moving, pool: Moving, which: Bool[Array, " column"], picked: Int[Array, " column"], clock: Clock
) -> Moving:
    """Return paths of which some begin anew, counted from the first cycle on."""
    return restarted(renumbered(moving, clock), pool, which, picked)


class Dice(eqx.Module):
    """Which events paths meet.

    Parameters
    ----------
    seen
        Words of the key of what is seen before the first decision, and its number on each path.
    after
        The same of everything else.
    """

    seen: tuple[UInt32[Array, "2"], Int[Array, " column"]]
    after: tuple[UInt32[Array, "2"], Int[Array, " column"]]


@eqx.filter_jit
def played(
    arena: Arena,
    actor: Actor,
    rule: OrderRule | None,
    moving: Moving,
    first: tuple[Float[Array, "slot column"], Bool[Array, ""]],
    dice: Dice,
) -> tuple[Float[Array, " column"], Moving]:
    """Return what a block of periods costs on each path, money, and where it ends.

    Parameters
    ----------
    arena, actor, rule
        The problem, who decides, and what is added to its scores.
    moving
        The paths.
    first
        What is decided in the first period, units, and whether the actor decides it nevertheless.
    dice
        The events.
    """
    count = count_of(moving)
    quantities, begun = first
    policy = _Follower(actor, rule, arena.codec, quantities)
    fold = _Counted(arena.paid, arena.first, arena.end)
    moving = dataclasses.replace(moving, memory=(moving.memory[0], begun))
    folded = arena.paid.initial(count)
    # What is seen before a decision is the same for all that it is compared with.
    parts = [(dice.seen, 1)] if arena.foretold else []
    for (root, replications), periods in [*parts, (dice.after, arena.periods - len(parts))]:
        path = advance(
            arena.game,
            policy,
            moving,
            root=root,
            replications=replications,
            num_periods=periods,
            fold=fold,
            initial=folded,
        )
        moving, folded = path.end, path.folded
    return folded[0], dataclasses.replace(moving, memory=(moving.memory[0], None))
