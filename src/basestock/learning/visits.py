"""States that a policy meets, and those that it would meet if it now and then decided for something else."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from basestock.decision import Observation, Problem
from basestock.envs import ActionCodec
from basestock.learning.actors import Actor, ChoiceActor
from basestock.learning.choices import best_choices
from basestock.learning.encoding import Clock
from basestock.learning.expectation import Expectation
from basestock.learning.lookahead import units_of
from basestock.learning.networks import generator
from basestock.learning.streams import training_key

MOST_PHASES = 16
"""Periods of a cycle or of a horizon whose states are looked at at a time."""

KINDS = (0.4, 0.2, 0.4)
"""Of what is decided instead: shares of nothing at all, of something near, and of anything."""

NEAR = 4
"""Choices up to which something counts as near."""

FEWEST = 32
"""Paths of a horizon at least."""


class Behavior(eqx.Module):
    """Who decides: the first policy, or the one that is learned.

    Parameters
    ----------
    first, actor
        The two.
    learned
        Whether it is the one that is learned.
    """

    first: Actor
    actor: ChoiceActor
    learned: Bool[Array, ""]

    def choices(self, observation: Observation) -> Int[Array, "row slot"]:
        """Return the choices in what is seen, those nearest to its quantities for the first policy."""
        codec, inputs = self.actor.codec, self.actor.encoder(observation)
        quantities = self.first.quantities(self.first.network(inputs)).T
        nearest = nearest_choices(codec, quantities)
        best = best_choices(codec, self.actor.network(inputs)).T
        return jnp.where(self.learned, best, nearest).astype(jnp.int32)


def nearest_choices(codec: ActionCodec, quantities: Float[Array, "row slot"]) -> Int[Array, "row slot"]:
    """Return the choices that are nearest to quantities."""
    return jnp.abs(quantities[:, :, None] - codec.choices).argmin(-1)


class Dice(eqx.Module):
    """What is random on paths.

    Parameters
    ----------
    outcome
        ``[period, path]`` number of the outcome.
    kind
        ``[period, path]`` 0 where a path follows the policy, 1 where it decides for nothing, 2 for something near, 3
        for anything.
    near, other
        ``[period, path, slot]`` change of a choice, and another choice.
    again
        ``[period, path]`` whether the path begins anew afterwards.
    """

    outcome: Int[Array, "period path"]
    kind: Int[Array, "period path"]
    near: Int[Array, "period path slot"]
    other: Int[Array, "period path slot"]
    again: Bool[Array, "period path"]


@eqx.filter_jit
def _played(
    expectation: Expectation, behavior: Behavior, rows: Array, begin: Array, dice: Dice
) -> tuple[Float[Array, "path entry"], Float[Array, "period path entry"]]:
    """Return where paths end, and where they are at every decision."""
    codec = behavior.actor.codec
    last = jnp.asarray(codec.sizes) - 1

    def step(rows: Array, at: tuple[Dice, Array]) -> tuple[Array, Array]:
        drawn, period = at
        usual = behavior.choices(expectation.observed(rows, period))
        near = jnp.clip(usual + drawn.near, 0, last)
        kind = drawn.kind[:, None]
        chosen = jnp.select(
            [kind == 0, kind == 1, kind == 2], [usual, jnp.zeros_like(usual), near], drawn.other
        )
        after = expectation.stepped(rows, units_of(codec, chosen), period, drawn.outcome)
        return jnp.where(drawn.again[:, None], begin, after), rows

    return jax.lax.scan(step, rows, (dice, jnp.arange(dice.kind.shape[0], dtype=jnp.int32)))


class Visits:
    """Plays paths, and keeps what they meet.

    Parameters
    ----------
    problem, expectation
        What is played.
    key
        Key of the run.
    paths, periods
        Paths, and periods of each at a time, of problems without end; as many decisions of those that end.
    explored
        Share of decisions that are something else, on the path where that is most.
    restarts
        Share of paths that begin anew in a period.
    """

    def __init__(
        self,
        problem: Problem,
        expectation: Expectation,
        key: Array,
        *,
        paths: int,
        periods: int,
        explored: float,
        restarts: float,
    ) -> None:
        self.expectation, self.key, self.restarts = expectation, key, restarts
        clock = Clock.of(problem)
        self._repeats = clock.repeats
        self._length = clock.whole_cycles(periods) if clock.repeats else clock.periods
        self._cycle = clock.cycle if clock.repeats else clock.periods
        count = paths if clock.repeats else max(paths * periods // self._length, FEWEST)
        chances = np.asarray(expectation.chances, np.float64)
        self._levels = np.cumsum(chances / chances.sum(1, keepdims=True), 1)
        self.begin = expectation.opened(problem, self._outcomes(0, generator(training_key(key, 0)), count))
        self._rows = self.begin
        self._explored = explored * np.linspace(0.0, 1.0, count) ** 2

    def _outcomes(self, period: int, draw: np.random.Generator, count: int) -> np.ndarray:
        """Draw the outcomes of a period."""
        levels = self._levels[period % len(self._levels)]
        return np.minimum(np.searchsorted(levels, draw.random(count)), len(levels) - 1).astype(np.int32)

    def play(
        self, behavior: Behavior, reach: Int[np.ndarray, " slot"], number: int
    ) -> dict[int, Float[np.ndarray, "state entry"]]:
        """Play on, and return the states that were met, by period.

        Parameters
        ----------
        behavior
            Who decides.
        reach
            Number of choices of each slot among which something else is drawn.
        number
            Number of the batch of events.
        """
        draw = generator(training_key(self.key, number))
        count, slots = len(self._explored), len(behavior.actor.codec.slots)
        shape = self._length, count
        kind = 1 + draw.choice(len(KINDS), shape, p=KINDS)
        dice = Dice(
            jnp.asarray(np.stack([self._outcomes(at, draw, count) for at in range(self._length)])),
            jnp.asarray((kind * (draw.random(shape) < self._explored)).astype(np.int32)),
            jnp.asarray(draw.integers(-NEAR, NEAR + 1, (*shape, slots)).astype(np.int32)),
            jnp.asarray(np.floor(draw.random((*shape, slots)) * reach).astype(np.int32)),
            jnp.asarray((draw.random(shape) < self.restarts) & self._repeats),
        )
        rows = self._rows if self._repeats else self.begin
        self._rows, seen = _played(self.expectation, behavior, rows, self.begin, dice)
        phases = draw.choice(self._cycle, min(self._cycle, MOST_PHASES), replace=False)
        return {int(at): np.asarray(seen)[at :: self._cycle].reshape(-1, seen.shape[-1]) for at in phases}


def distinct(
    rows: Float[np.ndarray, "state entry"], most: int, draw: np.random.Generator
) -> Float[np.ndarray, "state entry"]:
    """Return some of the distinct states; those that were met often are more likely among them."""
    found, counts = np.unique(rows, axis=0, return_counts=True)
    share = np.sqrt(counts)
    return found[draw.choice(len(found), min(len(found), most), replace=False, p=share / share.sum())]
