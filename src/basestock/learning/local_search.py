"""Decisions by a local search around the choices of greatest value, a period ahead."""

from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from basestock.learning.choices import best_choices, places_of
from basestock.learning.lookahead import LookaheadActor
from basestock.learning.networks import Mlp

STEPS = (0, -1, 1)
"""Choices that are looked ahead from, beside the best so far; of equal ones the first is taken."""

SWEEPS = 2
"""Rounds over the slots."""


class LocalSearchActor(LookaheadActor):
    """Begins with the choices of greatest value, and moves each by one while that is expected to be cheaper.

    Outputs of the network are values of choices, money that is saved; those of all slots add up.
    """

    network: Any
    form = "local_search"
    reads: ClassVar[Any] = Mlp
    width: ClassVar[int] = len(STEPS)

    def _scores(self, inputs: Float[Array, "input column"]) -> Float[Array, "output column"]:
        """Return the values of the choices of each slot."""
        return self.network(inputs)

    def _following(self, inputs: Float[Array, "input column"]) -> Float[Array, " column"]:
        """Return what is not saved when the best choices follow, money."""
        return -self.network(inputs)[places_of(self.codec)[0]].max(1).sum(0)

    def _chosen(
        self, rows: Float[Array, "row entry"], scores: Float[Array, "row output"], period: Int[Array, ""]
    ) -> Int[Array, "row slot"]:
        """Return the choices of states: slot by slot, the others as they are best so far."""
        best = best_choices(self.codec, scores.T).T.astype(jnp.int32)
        slots, last = len(self.codec.slots), np.array(self.codec.sizes) - 1
        for slot in tuple(range(slots)) * SWEEPS:
            tried = jnp.clip(best[:, slot, None] + jnp.asarray(STEPS), 0, last[slot]).astype(jnp.int32)
            index = jnp.repeat(best[:, None], len(STEPS), 1).at[:, :, slot].set(tried)
            at = self._totals(rows, index, period).argmin(1)
            best = jnp.take_along_axis(index, at[:, None, None], 1)[:, 0]
        return best
