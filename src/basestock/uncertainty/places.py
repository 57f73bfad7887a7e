"""The few places of a table that a feature concerns, so that the others pay nothing for it."""

from collections.abc import Iterable, Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Num, UInt32

from basestock.uncertainty.axes import Axes, bucket
from basestock.uncertainty.keys import entity_uniforms

FEW, LARGE = 4, 1024
"""Places cost several times as much each as those of a whole table: they are read and written one by one.

Below 1,024 entries the whole table is cheap, and networks with other such places share its program.
"""


class Places(eqx.Module):
    """Positions in tables ``[owner, item, replication]``, owners being nodes or lanes.

    Parameters
    ----------
    owner, item
        Position of each place on the two axes, in a list or a table of places; padding lies beyond the first axis and
        is neither read nor written.
    """

    owner: Int[Array, "*place"]
    item: Int[Array, "*place"]

    @classmethod
    def of(cls, positions: Iterable[tuple[int, int]], num_owners: int) -> "Places":
        """Return the places of positions (owner, item), in their order and padded to a shape bucket.

        Parameters
        ----------
        positions
            Each once.
        num_owners
            Length of the axis of owners.
        """
        found = sorted(set(positions))
        table = np.zeros((bucket(max(len(found), 1)), 2), dtype=np.int32)
        table[:, 0], table[:, 1] = num_owners, np.arange(len(table))
        table[: len(found)] = np.array(found, dtype=np.int32).reshape(-1, 2)
        return cls(jnp.asarray(table[:, 0]), jnp.asarray(table[:, 1]))

    def read(self, table: Num[Array, "*more owner item _last"]) -> Num[Array, "*more_place _last"]:
        """Return the values at the places; 0 at padding."""
        return table.at[..., self.owner, self.item, :].get(mode="fill", fill_value=0.0)

    def write(
        self, table: Num[Array, "*more owner item _last"], values: Num[Array, "*more_place _last"]
    ) -> Num[Array, "*more owner item _last"]:
        """Return the table with the values at the places."""
        return table.at[..., self.owner, self.item, :].set(values, mode="drop", unique_indices=True)

    def add(
        self, table: Float[Array, "owner item _last"], values: Float[Array, "*place _last"]
    ) -> Float[Array, "owner item _last"]:
        """Return the table with the values added at the places."""
        return table.at[self.owner, self.item].add(values, mode="drop", unique_indices=True)

    def uniforms(
        self,
        key: tuple[Array, Array],
        owners: UInt32[Array, "owner 2"],
        items: UInt32[Array, "item 2"],
        replications: Int[Array, " replication"],
        ages: int | None = None,
    ) -> Float[Array, "*age_place_replication"]:
        """Return what :func:`entity_uniforms` draws at the places alone: the same numbers."""

        def one(owner: Array, item: Array) -> Array:
            return entity_uniforms(key, owner[None], item[None], replications, ages)[..., 0, 0, :]

        here = (
            jnp.take(owners, self.owner, axis=0, mode="clip"),
            jnp.take(items, self.item, axis=0, mode="clip"),
        )
        return jax.vmap(one, out_axes=-2)(*here)


def read_rows(
    table: Num[Array, "*more owner item _last"], rows: Int[Array, " row"]
) -> Num[Array, "*more row item _last"]:
    """Return some lanes or nodes of a table; 0 beyond its end."""
    return table.at[..., rows, :, :].get(mode="fill", fill_value=0.0)


def write_rows(
    table: Num[Array, "*more owner item _last"],
    rows: Int[Array, " row"],
    values: Num[Array, "*more #row #item _last"],
) -> Num[Array, "*more owner item _last"]:
    """Return the table with other values in some lanes or nodes; those beyond its end are dropped."""
    return table.at[..., rows, :, :].set(values, mode="drop", unique_indices=True)


def places_of(names: Iterable[tuple[str, str]], axes: Axes) -> Places:
    """Return the places of (node, item), by name; all in small networks, so that those with others share a program."""
    node_at = {name: position for position, name in enumerate(axes.nodes)}
    item_at = {name: position for position, name in enumerate(axes.items)}
    found = ((node_at[node], item_at[item]) for node, item in names)
    return Places.of(places_concerned(found, (axes.num_nodes, axes.num_items)), axes.num_nodes)


def few_places(positions: Iterable[tuple[int, int]], shape: tuple[int, int]) -> Places | None:
    """Return places where they are a small part of a table; ``None`` where going over all of it costs less.

    Parameters
    ----------
    positions
        (owner, item), each once.
    shape
        Numbers of owners and items.
    """
    found = list(positions)
    size = shape[0] * shape[1]
    if size < LARGE or bucket(max(len(found), 1)) * FEW > size:
        return None
    return Places.of(found, shape[0])


def concerned(positions: Sequence[int], length: int, entries: int) -> list[int]:
    """Return the positions on an axis that a feature is computed for: its own, or all where a table is small.

    Parameters
    ----------
    positions
        Where the feature is used.
    length
        Length of the axis.
    entries
        Entries of the whole table.
    """
    return list(positions) if entries >= LARGE else list(range(length))


def places_concerned(positions: Iterable[tuple[int, int]], shape: tuple[int, int]) -> list[tuple[int, int]]:
    """Return the places that a feature is computed for: its own, or all where the table is small."""
    if shape[0] * shape[1] >= LARGE:
        return list(positions)
    return [(owner, item) for owner in range(shape[0]) for item in range(shape[1])]


def padded(positions: Sequence[int], beyond: int) -> np.ndarray:
    """Return positions on an axis in a shape bucket; the rest lies beyond the end of the axis, each elsewhere.

    Parameters
    ----------
    positions
        Each once.
    beyond
        Length of the axis.
    """
    rest = bucket(max(len(positions), 1)) - len(positions)
    return np.array([*positions, *range(beyond, beyond + rest)], dtype=np.int32)
