"""A replay buffer on the device: a ring of transitions, sampled uniformly or by priority, all inside ``jit``."""

import dataclasses
import math
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PyTree

BLOCK = 64
"""Numbers that are summed together, level by level: a draw goes down the tree of sums."""

SMALLEST = 1e-3
"""Added to every error, so that no transition is out of reach."""


class Sample(NamedTuple):
    """Transitions drawn from a buffer.

    Parameters
    ----------
    transitions
        ``[..., draw]`` what was added, in the same structure.
    columns
        ``[draw]`` where they are, for :meth:`Replay.revalued`.
    weights
        ``[draw]`` importance weights, the largest 1; all 1 where sampling is uniform.
    """

    transitions: Any
    columns: Int[Array, " draw"]
    weights: Float[Array, " draw"]


class Replay(eqx.Module):
    """The last transitions, in arrays whose last axis is a ring of fixed length.

    Parameters
    ----------
    transitions
        ``[..., column]`` any structure of arrays.
    priorities
        ``[place]`` powers of priorities, 0 where nothing is stored; padded to whole blocks.
    highest
        Largest power of a priority that was ever given: what new transitions get.
    at
        Column that is written next.
    filled
        Columns that hold a transition.
    count
        Columns that are added at a time.
    capacity
        Columns of the ring.
    power
        Exponent of priorities (0 samples uniformly).

    Examples
    --------
    >>> import jax, jax.numpy as jnp
    >>> buffer = Replay.create({"reward": jnp.zeros(2)}, capacity=6)
    >>> buffer = buffer.added({"reward": jnp.array([1.0, 2.0])})
    >>> sample = buffer.sample(jax.random.key(0), 8)
    >>> sample.transitions["reward"].shape, int(buffer.filled)
    ((8,), 2)

    Notes
    -----
    Proportional prioritized experience replay (Schaul et al. 2016, doi:10.48550/arXiv.1511.05952), with one stratum for
    each draw. The buffer is a value: every method returns a new one, which a scan updates in place.
    """

    transitions: PyTree
    priorities: Float[Array, " place"]
    highest: Float[Array, ""]
    at: Int[Array, ""]
    filled: Int[Array, ""]
    count: int = eqx.field(static=True)
    capacity: int = eqx.field(static=True)
    power: float = eqx.field(static=True)

    @classmethod
    def create(cls, example: PyTree, capacity: int, *, power: float = 0.0) -> "Replay":
        """Return an empty buffer.

        Parameters
        ----------
        example
            One batch of transitions, ``[..., count]`` in every leaf: arrays, or what :func:`jax.eval_shape` returns.
            Every later batch has this structure and this size.
        capacity
            Transitions to keep, rounded up to whole batches.
        power
            Exponent of priorities: 0 samples uniformly, 1 in proportion to errors; 0.6 is usual.
        """
        leaves = jax.tree.leaves(example)
        count = leaves[0].shape[-1]
        if any(leaf.shape[-1] != count for leaf in leaves):
            raise ValueError("replay buffer: every array of a batch must have the same last axis.")
        capacity = count * max(math.ceil(capacity / count), 1)
        empty = jax.tree.map(
            lambda leaf: jnp.asarray(np.zeros((*leaf.shape[:-1], capacity), leaf.dtype)), example
        )
        places = BLOCK * math.ceil(capacity / BLOCK) if power > 0 else 0
        nothing = jnp.asarray(np.zeros((), np.int32))
        return cls(
            *(empty, jnp.asarray(np.zeros(places, np.float32)), jnp.asarray(np.ones((), np.float32))),
            *(nothing, nothing, count, capacity, power),
        )

    def added(self, transitions: PyTree) -> "Replay":
        """Return the buffer with one more batch ``[..., count]``, in place of the oldest where it is full.

        New transitions have the highest priority so far, so that each is soon drawn once.
        """
        if any(leaf.shape[-1] != self.count for leaf in jax.tree.leaves(transitions)):
            raise ValueError(f"replay buffer: every batch must have {self.count} columns, as the first one.")
        kept = jax.tree.map(
            lambda ring, new: jax.lax.dynamic_update_slice_in_dim(ring, new.astype(ring.dtype), self.at, -1),
            self.transitions,
            transitions,
        )
        priorities = self.priorities
        if self.power > 0:
            fresh = jnp.full((self.count,), self.highest)
            priorities = jax.lax.dynamic_update_slice_in_dim(priorities, fresh, self.at, 0)
        return dataclasses.replace(
            self,
            transitions=kept,
            priorities=priorities,
            at=(self.at + self.count) % self.capacity,
            filled=jnp.minimum(self.filled + self.count, self.capacity),
        )

    def sample(self, key: Array, draws: int, exponent: float | Array = 1.0) -> Sample:
        """Draw transitions with replacement; something must have been added before.

        Parameters
        ----------
        key
            Key of the draws.
        draws
            Number of them.
        exponent
            Of the importance weights: 1 corrects fully for priorities, 0 not at all.
        """
        if self.power > 0:
            columns, weights = self._by_priority(key, draws, exponent)
        else:
            columns, weights = jax.random.randint(key, (draws,), 0, self.filled), jnp.ones(draws)
        found = jax.tree.map(lambda ring: jnp.take(ring, columns, axis=-1), self.transitions)
        return Sample(found, columns, weights)

    def revalued(self, columns: Int[Array, " draw"], errors: Float[Array, " draw"]) -> "Replay":
        """Return the buffer with the priorities that new errors (of any sign) give; as it is where it is uniform."""
        if self.power == 0:
            return self
        # A column drawn twice has one error: the order of writing does not matter.
        powers = (jnp.abs(errors) + SMALLEST) ** self.power
        return dataclasses.replace(
            self,
            priorities=self.priorities.at[columns].set(powers),
            highest=jnp.maximum(self.highest, powers.max()),
        )

    def reverted(self, before: "Replay", fine: Array) -> "Replay":
        """Return the buffer as it was before some draws, with the new priorities where they are fine.

        Draws change no transition, and those are many: they are not compared.
        """
        if self.power == 0:
            return before
        return dataclasses.replace(
            before,
            priorities=jnp.where(fine, self.priorities, before.priorities),
            highest=jnp.where(fine, self.highest, before.highest),
        )

    def _by_priority(
        self, key: Array, draws: int, exponent: float | Array
    ) -> tuple[Int[Array, " draw"], Float[Array, " draw"]]:
        """Return columns in proportion to the powers of their priorities, one of each stratum, and their weights."""
        levels = [self.priorities.reshape(-1, BLOCK)]
        while len(levels[-1]) > 1:
            sums = levels[-1].sum(1)
            levels.append(jnp.pad(sums, (0, -len(sums) % BLOCK)).reshape(-1, BLOCK))
        total = levels[-1].sum()
        rest = (jnp.arange(draws) + jax.random.uniform(key, (draws,))) / draws * total
        # A triangle sums up a block in one product, which is quicker to compile and to run than a scan.
        triangle = jnp.asarray(np.triu(np.ones((BLOCK, BLOCK), np.float32)))
        at = jnp.zeros(draws, dtype=jnp.int32)
        for level in reversed(levels):
            ends = jnp.matmul(level[jnp.minimum(at, len(level) - 1)], triangle, precision="highest")
            place = jnp.minimum((ends <= rest[:, None]).sum(1), BLOCK - 1)
            before = jnp.take_along_axis(ends, jnp.maximum(place - 1, 0)[:, None], 1)[:, 0]
            rest = rest - jnp.where(place > 0, before, 0.0)
            at = at * BLOCK + place.astype(jnp.int32)
        # Rounding of sums may aim beyond the last transition.
        columns = jnp.minimum(at, self.filled - 1)
        chance = jnp.maximum(self.priorities[columns] / total, 1e-12)
        weights = (self.filled * chance) ** -exponent
        return columns, weights / weights.max()
