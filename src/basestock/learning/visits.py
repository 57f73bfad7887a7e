"""States that a policy meets, and those that it would meet if it now and then decided for something else."""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from basestock.decision import Observation, Problem
from basestock.envs import ActionCodec
from basestock.learning.actors import Actor, ChoiceActor
from basestock.learning.choices import best_choices, places_of
from basestock.learning.encoding import Clock
from basestock.learning.expectation import Expectation, NoExpectationError
from basestock.learning.networks import generator
from basestock.learning.streams import training_key

KINDS = (0.4, 0.2, 0.4)
"""Of what is decided instead: shares of nothing at all, of something near, and of anything."""

NEAR = 4
"""Choices up to which something counts as near."""

FEWEST = 32
"""Paths of a horizon at least."""

REMEMBERED = 3
"""Times of play whose states are remembered."""


def units_of(codec: ActionCodec, index: Int[Array, "*row slot"]) -> Float[Array, "*row slot"]:
    """Return the quantities of choices slot by slot, units."""
    return codec.choices[jnp.arange(len(codec.slots)), index]


def nearest_choices(codec: ActionCodec, quantities: Float[Array, "slot row"]) -> Int[Array, "row slot"]:
    """Return the choices that are nearest to quantities."""
    return jnp.abs(quantities.T[:, :, None] - codec.choices).argmin(-1).astype(jnp.int32)


class Behavior(eqx.Module):
    """Who decides: the first policy, or scores that were learned since.

    Parameters
    ----------
    first, scores
        The two.
    learned
        Whether it is the second.
    """

    first: Actor
    scores: ChoiceActor
    learned: Bool[Array, ""]

    @property
    def codec(self) -> ActionCodec:
        """The choices."""
        return self.scores.codec

    def _first(self, observation: Observation) -> Int[Array, "row slot"]:
        """Return the choices nearest to what the first policy decides."""
        return nearest_choices(self.codec, self.first.decided(observation))

    def choices(self, observation: Observation) -> Int[Array, "row slot"]:
        """Return the choices in what is seen."""
        best = best_choices(self.codec, self.scores.network(self.scores.encoder(observation))).T
        return jnp.where(self.learned, best, self._first(observation)).astype(jnp.int32)

    def candidates(self, observation: Observation, width: int) -> Int[Array, "row slot candidate"]:
        """Return choices of each slot that are worth looking at, ascending after the first; some may be there twice.

        Parameters
        ----------
        observation
            What is seen.
        width
            Number of candidates: all choices where these are no more, else the smallest, that of the first policy, and
            those around the best beside the smallest.
        """
        codec = self.codec
        places, there = places_of(codec)
        last = jnp.asarray(codec.sizes)[None, :, None] - 1
        scores = jnp.where(
            there[..., None], self.scores.network(self.scores.encoder(observation))[places], -jnp.inf
        )
        first = self._first(observation)
        beside = (scores[:, 1:].argmax(1).T + 1) if places.shape[1] > 1 else jnp.zeros_like(first)
        center = jnp.where(self.learned, beside, jnp.maximum(first, 1))[:, :, None]
        room = width - 2
        low = jnp.clip(center - room // 2, 1, jnp.maximum(last + 1 - room, 1))
        window = jnp.minimum(low + jnp.arange(room), last)
        near = jnp.concatenate([jnp.zeros_like(low), window, first[:, :, None]], -1)
        every = jnp.minimum(jnp.arange(width), last)
        return jnp.where(last < width, every, near).astype(jnp.int32)


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
    codec = behavior.codec
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
    """Plays paths, and remembers what they met.

    Parameters
    ----------
    problem, expectation
        What is played.
    codec
        The choices.
    key
        Key of the run.
    paths, periods
        Paths, and periods of each at a time, of problems without end; about as many decisions of those that end.
    explored
        Share of decisions that are something else, on the path where that is most.
    restarts
        Share of paths that begin anew in a period.

    Raises
    ------
    NoExpectationError
        If decisions would have to depend on what is not seen.
    """

    def __init__(
        self,
        problem: Problem,
        expectation: Expectation,
        codec: ActionCodec,
        key: Array,
        *,
        paths: int,
        periods: int,
        explored: float,
        restarts: float,
    ) -> None:
        self.expectation, self.codec, self.key, self.restarts = expectation, codec, key, restarts
        clock = Clock.of(problem)
        self._repeats = expectation.end == 0
        self._length = clock.whole_cycles(periods) if self._repeats else clock.periods
        count = paths if self._repeats else max(paths * periods // self._length, FEWEST)
        chances = np.asarray(expectation.chances, np.float64)
        self._levels = np.cumsum(chances / chances.sum(1, keepdims=True), 1)
        self.begin = expectation.opened(problem, self._outcomes(0, generator(training_key(key, 0)), count))
        self._rows, self._number = self.begin, 0
        self._explored = explored * np.linspace(0.0, 1.0, count) ** 2
        self._met: list[dict[int, np.ndarray]] = []
        # No further at first than a few periods of demand: stock that nobody wants would have to be sold first.
        typical = np.array([slot.typical or 1.0 for slot in codec.slots])
        table = np.asarray(codec.choices)
        self.reach = (table <= 2.0 * typical[:, None]).sum(1).clip(2, codec.sizes)
        self._require_seen(problem)

    def _outcomes(self, period: int, draw: np.random.Generator, count: int) -> np.ndarray:
        """Draw the outcomes of a period."""
        levels = self._levels[period % len(self._levels)]
        return np.minimum(np.searchsorted(levels, draw.random(count)), len(levels) - 1).astype(np.int32)

    def _require_seen(self, problem: Problem) -> None:
        """Play at random, and refuse the problem if states are not told apart by what is seen."""
        draw, rows = generator(training_key(self.key, 0)), self.begin
        hidden = set(self.expectation.hidden(rows))
        for _ in range(8):
            choice = jnp.asarray(np.floor(draw.random((len(rows), len(self.reach))) * self.reach), jnp.int32)
            picked = jnp.asarray(self._outcomes(0, draw, len(rows)))
            rows = self.expectation.stepped(
                rows, units_of(self.codec, choice), jnp.zeros((), jnp.int32), picked
            )
            hidden |= set(self.expectation.hidden(rows))
        if hidden:
            raise NoExpectationError(
                f"Problem {problem.name!r}: {', '.join(sorted(hidden))} is not seen, must be, for what follows a "
                "decision is computed from what is seen. Let the information show it, or choose another learner."
            )

    def play(self, behavior: Behavior) -> None:
        """Play on, and remember the states that were met.

        Parameters
        ----------
        behavior
            Who decides.
        """
        self._number += 1
        draw = generator(training_key(self.key, self._number))
        count, slots = len(self._explored), len(self.codec.slots)
        shape = self._length, count
        kind = 1 + draw.choice(len(KINDS), shape, p=KINDS)
        dice = Dice(
            jnp.asarray(np.stack([self._outcomes(at, draw, count) for at in range(self._length)])),
            jnp.asarray((kind * (draw.random(shape) < self._explored)).astype(np.int32)),
            jnp.asarray(draw.integers(-NEAR, NEAR + 1, (*shape, slots)).astype(np.int32)),
            jnp.asarray(np.floor(draw.random((*shape, slots)) * self.reach).astype(np.int32)),
            jnp.asarray((draw.random(shape) < self.restarts) & self._repeats),
        )
        rows = self._rows if self._repeats else self.begin
        self._rows, seen = _played(self.expectation, behavior, rows, self.begin, dice)
        cycle, found = self.expectation.cycle, np.asarray(seen)
        met = {at: found[at::cycle].reshape(-1, found.shape[-1]) for at in range(cycle)}
        self._met = [*self._met[1 - REMEMBERED :], met]

    def kept(self) -> dict[str, Any]:
        """Return what a checkpoint holds: where paths are, what they met, and how far random choices go."""
        return {"number": self._number, "rows": self._rows, "met": self._met, "reach": self.reach}

    def go_on(self, kept: Mapping[str, Any]) -> None:
        """Go on with what :meth:`kept` says."""
        self._number, self._rows = kept["number"], jnp.asarray(kept["rows"])
        self._met, self.reach = kept["met"], kept["reach"]

    def some(
        self, most: int, draw: np.random.Generator
    ) -> tuple[dict[int, Float[np.ndarray, "state entry"]], dict[int, Float[np.ndarray, " state"]]]:
        """Return some of the distinct states of every period, those met often more likely, and how often they were met.

        Parameters
        ----------
        most
            States at most, of all periods together.
        draw
            Draws them.
        """
        share = max(most // self.expectation.cycle, 1)
        chosen, often = dict[int, np.ndarray](), dict[int, np.ndarray]()
        for at in self._met[-1]:
            every = np.concatenate([met[at] for met in self._met])
            rows, counts = np.unique(every, axis=0, return_counts=True)
            weight = np.sqrt(counts)
            picked = draw.choice(len(rows), min(len(rows), share), replace=False, p=weight / weight.sum())
            chosen[at], often[at] = rows[picked], counts[picked].astype(np.float64)
        return chosen, often
