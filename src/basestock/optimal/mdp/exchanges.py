"""Two items, or two nodes with their lanes, put in each other's place."""

import dataclasses
import typing
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import jax
import numpy as np

from basestock.decision import Problem
from basestock.dynamics import State
from basestock.economics import Tariff
from basestock.optimal.mdp.kernel import Kernel
from basestock.uncertainty.support import Block

Kind = Literal["item", "node"]

MOVED = ("node", "lane", "item")
"""Axes that an exchange permutes."""

STILL = ("replication", "slot", "slip_slot", "age", "life", "wait", "unit_slot")
"""Axes that it leaves as they are; what lies on any other axis is not exchanged."""


@dataclasses.dataclass(frozen=True, eq=False)
class Exchange:
    """What moves where when two parts of a problem are put in each other's place.

    Parameters
    ----------
    kind, first, second
        The two items, or the two nodes.
    axes
        New order of nodes, lanes and items.
    entries, controls, places
        New order of the entries of a row, of the controls, and of the places of positions.
    """

    kind: Kind
    first: int
    second: int
    axes: Mapping[str, np.ndarray]
    entries: np.ndarray
    controls: np.ndarray
    places: np.ndarray

    def within(self, entries: np.ndarray, controls: np.ndarray) -> "Exchange | None":
        """Return the same of some entries and controls only; ``None`` if it mixes them with others."""
        kept: list[np.ndarray] = []
        for order, some in ((self.entries, entries), (self.controls, controls)):
            if not np.isin(order[some], some).all():
                return None
            own = np.arange(len(order))
            own[some] = order[some]
            kept.append(own)
        return dataclasses.replace(self, entries=kept[0], controls=kept[1])

    def parts(self, kernel: Kernel) -> tuple["Part", "Part"] | None:
        """Return the two parts, aligned; ``None`` where something moves that belongs to neither."""
        moved = self.entries != np.arange(len(self.entries))
        owned = self._owners(kernel, _labels(kernel.layout.template))
        lane, item = kernel.orders.T
        steered = self._owners(kernel, {"lane": lane, "item": item, "node": np.full(len(lane), -1)})
        ordered = self.controls != np.arange(len(self.controls))
        count = kernel.problem.arrays.num_items
        place = np.arange(len(self.places))
        where = place % count if self.kind == "item" else place // count
        mine = tuple(
            np.flatnonzero(which & (owner == self.first))
            for which, owner in ((moved, owned), (ordered, steered), (self.places != place, where))
        )
        if not len(mine[0]) or any(
            2 * len(some) != which.sum() for some, which in zip(mine[:2], (moved, ordered), strict=True)
        ):
            return None
        images = (self.entries[mine[0]], self.controls[mine[1]], self.places[mine[2]])
        if (owned[images[0]] != self.second).any() or (steered[images[1]] != self.second).any():
            return None
        return Part(*mine), Part(*images)

    def _owners(self, kernel: Kernel, labels: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the item, or the node, that entries or controls belong to: a lane's is its end, if it moves."""
        if self.kind == "item":
            return labels["item"]
        arrays = kernel.problem.arrays
        source, destination = np.asarray(arrays.lane_source), np.asarray(arrays.lane_destination)
        ends = np.where(np.isin(destination, (self.first, self.second)), destination, source)
        return np.where(labels["node"] >= 0, labels["node"], np.append(ends, -1)[labels["lane"]])

    def keeps_rates(self, tariff: Tariff) -> bool:
        """Tell whether both parts have exactly the same rates."""
        leaves = ((name, getattr(tariff, name)) for name in _AXES[Tariff])
        return all(
            np.array_equal(_permuted(np.asarray(leaf), _AXES[Tariff][name], self.axes), np.asarray(leaf))
            for name, leaf in leaves
            if leaf is not None
        )

    def of_blocks(self, blocks: tuple[Block, ...]) -> np.ndarray | None:
        """Return the block of the same law that each block of demand is put in the place of; ``None`` without one."""
        left: dict[Any, list[int]] = {}
        for at, block in enumerate(blocks):
            left.setdefault(_word(block, None), []).append(at)
        found: list[int] = []
        for block in blocks:
            alike = left.get(_word(block, self.axes))
            if block.leaf != "market" or not alike:
                return None
            found.append(alike.pop(0))
        return np.array(found, dtype=np.int64)


@dataclasses.dataclass(frozen=True, eq=False)
class Part:
    """What belongs to one of several parts, in the same order for all of them.

    Parameters
    ----------
    entries, controls, places
        Positions among the entries of a row, the controls, and the places of positions.
    """

    entries: np.ndarray
    controls: np.ndarray
    places: np.ndarray

    def equals(self, other: "Part") -> bool:
        """Tell whether it is the same."""
        names = [field.name for field in dataclasses.fields(self)]
        return all(np.array_equal(getattr(self, name), getattr(other, name)) for name in names)


def exchange_of(kernel: Kernel, kind: Kind, first: int, second: int) -> Exchange | None:
    """Return what moves when two items or two nodes are put in each other's place; ``None`` if lanes do not match."""
    arrays = kernel.problem.arrays
    sizes = {"node": arrays.num_nodes, "lane": arrays.num_lanes, "item": arrays.num_items}
    axes = {name: np.arange(size) for name, size in sizes.items()}
    axes[kind][[first, second]] = second, first
    if kind == "node":
        lanes = _lanes(kernel.problem, axes["node"])
        if lanes is None:
            return None
        axes["lane"] = lanes
    at = {(lane, item): number for number, (lane, item) in enumerate(kernel.orders.tolist())}
    images = [at.get((axes["lane"][lane], axes["item"][item])) for lane, item in kernel.orders.tolist()]
    if None in images:
        return None
    places = axes["node"][:, None] * arrays.num_items + axes["item"][None]
    entries = np.concatenate([leaf.reshape(-1) for leaf in _numbered(kernel.layout.template, axes)])
    controls = np.array(images, dtype=np.int64)
    return Exchange(kind, first, second, axes, entries, controls, places.reshape(-1))


def unknown_entries(template: State) -> np.ndarray:
    """Tell which entries of a row lie on axes that no exchange knows."""
    return np.concatenate([np.full(leaf.size, axes is None) for axes, leaf in _leaves(template)])


def _lanes(problem: Problem, nodes: np.ndarray) -> np.ndarray | None:
    """Return the lane between the exchanged ends for each lane: of several, that of the same rank."""
    arrays = problem.arrays
    around = np.append(nodes, len(nodes))
    ends = np.stack([np.asarray(arrays.lane_source), np.asarray(arrays.lane_destination)], axis=1)
    found = np.arange(len(ends))
    for pair in np.unique(ends, axis=0):
        here, there = (np.flatnonzero((ends == each).all(1)) for each in (pair, around[pair]))
        if len(here) != len(there):
            return None
        found[here] = there
    return found


def _leaves(template: State) -> Iterator[tuple[tuple[str, ...] | None, np.ndarray]]:
    """Yield the axes of each leaf, ``None`` where they are unknown, and the positions of its entries in a row."""
    taken = 0
    for path, leaf in jax.tree_util.tree_leaves_with_path(template):
        if leaf.ndim:
            axes = _AXES[State].get(jax.tree_util.keystr(path[:1]).strip("."))
            yield axes, np.arange(taken, taken + leaf.size).reshape(leaf.shape)
            taken += leaf.size


def _numbered(template: State, axes: Mapping[str, np.ndarray]) -> Iterator[np.ndarray]:
    """Yield where each entry of each leaf comes from."""
    for names, leaf in _leaves(template):
        yield leaf if names is None else _permuted(leaf, names, axes)


def _labels(template: State) -> dict[str, np.ndarray]:
    """Return ``[entry]`` the number of the node, lane and item that entries belong to, -1 for none."""
    found: dict[str, list[np.ndarray]] = {name: [] for name in MOVED}
    for names, leaf in _leaves(template):
        for name, each in found.items():
            known = names is not None and name in names
            label = np.indices(leaf.shape)[names.index(name)] if known and names else np.full(leaf.shape, -1)
            each.append(label.reshape(-1))
    return {name: np.concatenate(each) for name, each in found.items()}


def _permuted(leaf: np.ndarray, names: tuple[str, ...], axes: Mapping[str, np.ndarray]) -> np.ndarray:
    for at, name in enumerate(names):
        if name in MOVED:
            leaf = np.take(leaf, axes[name], at)
    return leaf


def _axes_of(kind: type) -> dict[str, tuple[str, ...]]:
    """Return the axes of the arrays of a module whose axes are all known."""
    found: dict[str, tuple[str, ...]] = {}
    for name, hint in typing.get_type_hints(kind).items():
        for each in typing.get_args(hint) or (hint,):
            words = getattr(each, "dim_str", None)
            if words is None:
                continue
            axes = tuple(words.split())
            if kind is not State or all(axis in (*MOVED, *STILL) for axis in axes):
                found[name] = axes
    return found


_AXES: dict[type, dict[str, tuple[str, ...]]] = {kind: _axes_of(kind) for kind in (State, Tariff)}


def _word(block: Block, axes: Mapping[str, np.ndarray] | None) -> Any:
    """Return what tells a block of demand from those of other laws and places, its places moved if axes are given."""
    places = np.stack([np.atleast_1d(each) for each in np.broadcast_arrays(*block.place)], axis=-1)
    values = block.values.reshape(len(block.values), -1)
    words: set[Any] = set()
    for (group, node, item), column in zip(places.tolist(), values.T, strict=True):
        at = (node, item) if axes is None else (int(axes["node"][node]), int(axes["item"][item]))
        words.add((group, *at, column.tobytes()))
    return block.leaf, frozenset(words), block.probabilities.tobytes()
