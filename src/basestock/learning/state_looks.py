"""What is seen in some states, which choices are worth looking at there, and what follows these."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from basestock.learning.encoding import Encoder
from basestock.learning.expectation import Expectation
from basestock.learning.networks import Mlp
from basestock.learning.sampled_process import Listed, listed
from basestock.learning.visits import Behavior

BLOCK = 2048
"""States that networks read in one call."""


@dataclasses.dataclass(frozen=True, eq=False)
class Looks:
    """What is seen in states of a period.

    Parameters
    ----------
    inputs
        What networks read.
    usual
        Choices that are usual.
    candidates
        Choices of each slot to look at, the others being usual; some may be there twice.
    """

    inputs: Float[np.ndarray, "state input"]
    usual: Int[np.ndarray, "state slot"]
    candidates: Int[np.ndarray, "state slot candidate"]

    @property
    def choices(self) -> Int[np.ndarray, "state choice slot"]:
        """Choices of all slots: candidates of the first slot, then those of the next."""
        slots, width = self.candidates.shape[1:]
        found = np.repeat(self.usual[:, None], slots * width, 1)
        for slot in range(slots):
            found[:, slot * width : (slot + 1) * width, slot] = self.candidates[:, slot]
        return found

    @property
    def there(self) -> np.ndarray:
        """``[state, choice]`` whether a choice counts: of those that are there twice one does."""
        found = np.ones(self.candidates.shape, bool)
        for at in range(1, self.candidates.shape[2]):
            before, this = self.candidates[..., :at], self.candidates[..., at, None]
            found[..., at] = (before != this).all(-1)
        return found.reshape(len(found), -1)

    @property
    def number(self) -> Int[np.ndarray, " state"]:
        """Number of what is usual among the choices."""
        return (self.candidates[:, 0] == self.usual[:, :1]).argmax(1)


def looked(
    expectation: Expectation,
    behavior: Behavior,
    period: int,
    rows: Float[np.ndarray, "state entry"],
    width: int,
) -> Looks:
    """Return what is seen in states.

    Parameters
    ----------
    expectation, behavior
        What is played, and who decides.
    period, rows
        The states.
    width
        Number of candidates of a slot.
    """
    return Looks(
        *_in_pieces(lambda when, some: _looked(expectation, behavior, width, when, some), period, rows)
    )


def values_of(
    expectation: Expectation,
    encoder: Encoder,
    network: Mlp,
    period: int,
    rows: Float[np.ndarray, "state entry"],
) -> Float[np.ndarray, " state"]:
    """Return the values of states of a period by a network, money."""
    return _in_pieces(lambda when, some: _valued(expectation, encoder, network, when, some), period, rows)[0]


def process_of(
    expectation: Expectation,
    table: Float[np.ndarray, "slot choice"],
    states: Mapping[int, Float[np.ndarray, "state entry"]],
    looks: Mapping[int, Looks],
) -> dict[int, Listed]:
    """List what follows the candidates in states of every period.

    Parameters
    ----------
    expectation
        What follows a decision.
    table
        Quantities of the choices, units.
    states, looks
        States of every period of a cycle, and what is seen in them.
    """
    slots = np.arange(len(table))
    return {
        at: listed(
            *(expectation, at, rows, table[slots, looks[at].choices], looks[at].there),
            following=states[(at + 1) % len(states)],
        )
        for at, rows in states.items()
    }


@eqx.filter_jit
def _looked(
    expectation: Expectation, behavior: Behavior, width: int, period: Array, rows: Array
) -> tuple[Array, Array, Array]:
    """Return what is read in states, what is decided, and the candidates of every slot."""
    observation = expectation.observed(rows, period)
    inputs = behavior.scores.encoder(observation).T
    return inputs, behavior.choices(observation), behavior.candidates(observation, width)


@eqx.filter_jit
def _valued(
    expectation: Expectation, encoder: Encoder, network: Mlp, period: Array, rows: Array
) -> tuple[Array]:
    """Return the values of states."""
    return (network(encoder(expectation.observed(rows, period)))[0],)


def _in_pieces(
    program: Callable[[Array, Array], tuple[Array, ...]], period: int, rows: np.ndarray
) -> tuple[Any, ...]:
    """Apply a program to a fixed number of states at a time."""
    when, parts = jnp.asarray(period, jnp.int32), list[tuple[np.ndarray, ...]]()
    for low in range(0, len(rows), BLOCK):
        picked = np.minimum(np.arange(low, low + BLOCK), len(rows) - 1)
        kept = min(BLOCK, len(rows) - low)
        parts.append(tuple(np.asarray(each)[:kept] for each in program(when, jnp.asarray(rows[picked]))))
    return tuple(np.concatenate(each) for each in zip(*parts, strict=True))
