"""Decisions by looking one period ahead: what each choice costs, and what the states that it leads to are worth."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from basestock.decision import Observation, Problem
from basestock.dynamics import Decision
from basestock.envs import ActionCodec
from basestock.learning.actors import Actor
from basestock.learning.choices import best_choices, places_of
from basestock.learning.encoding import Encoder
from basestock.learning.expectation import Expectation
from basestock.learning.networks import Mlp
from basestock.learning.visits import units_of

WIDTH = 6
"""Choices of a slot that are looked ahead from: the smallest, and those of the others with the best scores."""

TOGETHER = 1 << 12
"""Combinations of state, choice and outcome that are run together: as many as a processor's own memory holds."""


class Pair(eqx.Module):
    """A network that scores choices, and one that values states.

    Parameters
    ----------
    scores
        From what is read to a score of each choice of each slot.
    value
        From what is read to the cost to go, relative to other states, money.
    """

    scores: Mlp
    value: Mlp

    def arrays(self, prefix: str = "") -> dict[str, np.ndarray]:
        """Return the numbers by name, as they are saved."""
        return {**self.scores.arrays(f"{prefix}scores_"), **self.value.arrays(f"{prefix}value_")}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, np.ndarray], prefix: str = "") -> "Pair":
        """Return the networks that numbers by name are of."""
        return cls(Mlp.of_arrays(arrays, f"{prefix}scores_"), Mlp.of_arrays(arrays, f"{prefix}value_"))


class LookaheadActor(Actor):
    """Takes the choice that is expected to be cheapest, of the smallest and those that score best.

    Parameters
    ----------
    expectation
        What a period leads to; comes from the problem, not from the file of a policy.
    """

    network: Pair  # pyright: ignore[reportIncompatibleVariableOverride, reportGeneralTypeIssues]
    expectation: Expectation
    form = "lookahead"
    reads: ClassVar[Any] = Pair
    width: ClassVar[int] = WIDTH

    @classmethod
    def of_problem(
        cls, problem: Problem, encoder: Encoder, network: Any, codec: ActionCodec
    ) -> "LookaheadActor":
        """Return the actor of networks for a problem.

        Raises
        ------
        NoExpectationError
            If what follows a decision cannot be computed from what is seen.
        """
        return cls(encoder, network, codec, Expectation.of(problem, codec))

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Decide."""
        rows = self.expectation.rows(observation)
        scores = self._scores(self.encoder(observation)).T
        size = max(TOGETHER // (self.width * self.expectation.num_outcomes), 1)
        period = observation.period
        index = in_blocks(lambda some, told: self._chosen(some, told, period), size, rows, scores)
        return self.codec.decide(units_of(self.codec, index).T), memory

    def _chosen(
        self, rows: Float[Array, "row entry"], scores: Float[Array, "row output"], period: Int[Array, ""]
    ) -> Int[Array, "row slot"]:
        """Return the choices of states: slot by slot, the others as they are best so far."""
        places, there = places_of(self.codec)
        best = best_choices(self.codec, scores.T).T.astype(jnp.int32)
        slots = len(self.codec.slots)
        for slot in (*range(slots), *(range(slots) if slots > 1 else ())):
            ranked = jnp.where(there[slot, 1:], scores[:, places[slot, 1:]], -jnp.inf)
            width = min(self.width - 1, self.codec.sizes[slot] - 1)
            _, tried = jax.lax.top_k(ranked, width)
            kept = best[:, slot, None]
            tried = jnp.concatenate([kept, jnp.zeros_like(kept), tried.astype(jnp.int32) + 1], 1)
            index = jnp.repeat(best[:, None], width + 2, 1).at[:, :, slot].set(tried)
            at = self._totals(rows, index, period).argmin(1)
            best = jnp.take_along_axis(index, at[:, None, None], 1)[:, 0]
        return best

    def _totals(
        self, rows: Float[Array, "row entry"], index: Int[Array, "row choice slot"], period: Int[Array, ""]
    ) -> Float[Array, "row choice"]:
        """Return the expected money of choices, and of what follows them."""
        count, choices = index.shape[:2]
        units = units_of(self.codec, index).reshape(count * choices, -1)
        after, cost = self.expectation.outcomes(jnp.repeat(rows, choices, axis=0), units, period)
        seen = self.expectation.observed(after.reshape(-1, after.shape[-1]), period + 1)
        following = self._following(self.encoder(seen)).reshape(after.shape[:2])
        expected = following @ self.expectation.chance(period)
        return (cost + self.expectation.weight(period) * expected).reshape(count, choices)

    def _scores(self, inputs: Float[Array, "input column"]) -> Float[Array, "output column"]:
        """Return a score of each choice of each slot."""
        return self.network.scores(inputs)

    def _following(self, inputs: Float[Array, "input column"]) -> Float[Array, " column"]:
        """Return the cost to go, relative to other states, money."""
        return self.network.value(inputs)[0]

    def quantities(self, outputs: Float[Array, "output replication"]) -> Float[Array, "slot replication"]:
        """Return the quantities of scores, without looking ahead."""
        return self.codec.quantities(best_choices(self.codec, outputs))


def in_blocks(found: Callable[..., Array], size: int, *leaves: Array) -> Array:
    """Apply a function to blocks of rows, one after another.

    Parameters
    ----------
    found
        From arrays ``[size, ...]`` to an array of as many rows.
    size
        Rows of a block.
    leaves
        ``[row, ...]`` arguments.
    """
    count = leaves[0].shape[0]
    blocks = -(-count // size)

    def folded(leaf: Array) -> Array:
        filled = jnp.pad(leaf, ((0, blocks * size - count), *((0, 0) for _ in leaf.shape[1:])))
        return filled.reshape(blocks, size, *leaf.shape[1:])

    result = jax.lax.map(lambda each: found(*each), tuple(map(folded, leaves)))
    return result.reshape(blocks * size, *result.shape[2:])[:count]
