"""States as rows of whole numbers, and back."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from basestock.dynamics import State, in_period, under_way

LARGEST = np.iinfo(np.int16).max
"""Largest quantity that a row holds, units."""


class NotWholeError(ValueError):
    """A state holds a fraction, or more units than a row can count."""


class Layout(eqx.Module):
    """The entries of a canonical state, in what order.

    Parameters
    ----------
    template
        One canonical state.

    Notes
    -----
    What is under way on a lane in all is the sum of its parts and no entry of its own.
    """

    template: State

    @property
    def width(self) -> int:
        """Number of entries of a row."""
        return sum(leaf.size for leaf in jax.tree.leaves(self.template) if leaf.ndim)

    def flat(self, state: State) -> Float[Array, "entry replication"]:
        """Return all entries of states."""
        return _flat(state)

    def states(self, rows: Float[Array, "row entry"], period: Array) -> State:
        """Return the states that rows stand for, one per replication."""
        count = rows.shape[0]
        flat = rows.T
        leaves, tree = jax.tree.flatten(self.template)
        filled: list[Array] = []
        taken = 0
        for leaf in leaves:
            size = leaf.size if leaf.ndim else 0
            part = flat[taken : taken + size].reshape(*leaf.shape[:-1], count) if leaf.ndim else leaf
            filled.append(part.astype(leaf.dtype))
            taken += size
        state = in_period(jax.tree.unflatten(tree, filled), period)
        return dataclasses.replace(state, in_transit=under_way(state))

    def rows(self, state: State) -> Float[Array, "row entry"]:
        """Return the rows of states."""
        return _flat(state).T


def _flat(state: State) -> Float[Array, "entry replication"]:
    """Put the quantities of a state in one column per replication; the sum of what is under way is none of them."""
    state = dataclasses.replace(state, in_transit=jnp.zeros_like(state.in_transit))
    leaves = [leaf for leaf in jax.tree.leaves(state) if leaf.ndim > 0]
    count = state.on_hand.shape[-1]
    return jnp.concatenate([leaf.reshape(-1, count).astype(jnp.float32) for leaf in leaves])


def names_of(template: State) -> list[str]:
    """Return the name of each flat entry: its leaf and its place in it."""
    named: list[str] = []
    for path, leaf in jax.tree_util.tree_leaves_with_path(template):
        if leaf.ndim:
            name = jax.tree_util.keystr(path).strip(".")
            named += [f"{name}{list(place[:-1])}" for place in np.ndindex(leaf.shape)]
    return named


def whole_numbers(rows: np.ndarray) -> np.ndarray:
    """Return rows as whole numbers.

    Raises
    ------
    NotWholeError
        If an entry is a fraction or above :data:`LARGEST`.
    """
    whole = rows.astype(np.int16)
    if not np.array_equal(whole, rows):
        wrong = rows[whole != rows]
        raise NotWholeError(
            f"A state holds {wrong[0]:g} units, must be a whole number of at most {LARGEST:,} for exact dynamic "
            "programming. Count in larger units, or solve another way."
        )
    return whole
