"""Optimal decisions as a policy: what is seen is looked up."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from basestock.decision import Observation, Policy, Problem
from basestock.dynamics import Decision, State, canonical
from basestock.optimal.mdp.layout import Layout
from basestock.optimal.mdp.pieces import Pieces
from basestock.optimal.mdp.process import Process
from basestock.optimal.mdp.rows import orders_of
from basestock.policies.saved import SavedPolicy, SavedPolicyError

LARGEST_TABLE = 1 << 27
"""Entries of a table of numbers by quantities."""

SEEN = ("on_hand", "backorders", "due", "outstanding", "unfilled", "lots", "incoming")
"""Leaves of the state that an observation shows entry by entry."""


class NotSeenError(ValueError):
    """A decision needs what no observation shows."""


class Numbers(eqx.Module):
    """Numbers of combinations of quantities.

    Parameters
    ----------
    entry
        Positions of the quantities in a flat state.
    low, high
        Range of each; quantities outside count as its ends.
    step
        Weight of each in the index.
    table
        Number by index; -1 for combinations that were not listed.
    """

    entry: Int[Array, " quantity"]
    low: Int[Array, " quantity"]
    high: Int[Array, " quantity"]
    step: Int[Array, " quantity"]
    table: Int[Array, " index"]

    def __call__(self, flat: Float[Array, "entry replication"]) -> Int[Array, " replication"]:
        """Return the number of each replication's combination."""
        values = jnp.clip(flat[self.entry].T.astype(jnp.int32), self.low, self.high)
        return self.table[((values - self.low) * self.step).sum(-1)]


class Sorting(eqx.Module):
    """Parts of a state that are alike, put in the order in which states are listed.

    Parameters
    ----------
    entries
        ``[part, quantity]`` positions in a flat state.
    controls
        ``[part, control]`` positions of what is decided for each.
    """

    entries: Int[Array, "part quantity"]
    controls: Int[Array, "part control"]

    def order(self, flat: Float[Array, "entry replication"]) -> Int[Array, "part replication"]:
        """Return the part that comes first, second and so on, compared quantity by quantity."""
        values = flat[self.entries]
        return jnp.lexsort(jnp.moveaxis(values, 1, 0)[::-1], axis=0)

    def ascending(
        self, flat: Float[Array, "entry replication"], order: Int[Array, "part replication"]
    ) -> Float[Array, "entry replication"]:
        """Return states whose parts are in order."""
        values = flat[self.entries]
        return flat.at[self.entries].set(jnp.take_along_axis(values, order[:, None], 0))

    def given_back(
        self, chosen: Float[Array, "control replication"], order: Int[Array, "part replication"]
    ) -> Float[Array, "control replication"]:
        """Return decisions for the parts where they are."""
        place = jnp.argsort(order, axis=0)
        values = chosen[self.controls]
        return chosen.at[self.controls].set(jnp.take_along_axis(values, place[:, None], 0))


class Lookup(eqx.Module):
    """Decisions of one component.

    Parameters
    ----------
    carried, mixed
        Numbers of the two parts of a state.
    best
        ``[period, carried, mixed]`` number of the decision.
    decisions
        ``[decision, control]``.
    alike
        Groups of parts that states list in ascending order.
    """

    carried: Numbers
    mixed: Numbers
    best: Int[Array, "period carried mixed"]
    decisions: Float[Array, "decision control"]
    alike: tuple[Sorting, ...] = ()

    def __call__(
        self, flat: Float[Array, "entry replication"], place: Array
    ) -> Float[Array, "control replication"]:
        """Return the quantities decided; nothing in states that were not listed."""
        # No quantity belongs to two groups: sorting one leaves the order of the others as it is.
        orders = [group.order(flat) for group in self.alike]
        for group, order in zip(self.alike, orders, strict=True):
            flat = group.ascending(flat, order)
        carried, mixed = self.carried(flat), self.mixed(flat)
        known = (carried >= 0) & (mixed >= 0)
        number = self.best[place, jnp.maximum(carried, 0), jnp.maximum(mixed, 0)]
        chosen = jnp.where(known, self.decisions[number].T, 0.0)
        for group, order in zip(self.alike, orders, strict=True):
            chosen = group.given_back(chosen, order)
        return chosen


class Optimal(Policy):
    """Orders by the tables of an exact solution.

    Parameters
    ----------
    layout
        One canonical state.
    parts
        Decisions of each component.
    merge
        Positions of what is under way and counts as stock, of that stock, and of what waits for it; -1 for none.
    lane, item, process
        What the controls are.
    ends
        Whether the tables are those of a horizon, not of a cycle.
    """

    layout: Layout
    parts: tuple[Lookup, ...]
    merge: Int[Array, "merge 3"]
    lane: Int[Array, " order"]
    item: Int[Array, " order"]
    process: Int[Array, " start"]
    ends: bool = eqx.field(static=True)

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Look the state up."""
        flat = self._merged(self.layout.flat(seen_state(observation, self.layout.template)))
        count = self.parts[0].best.shape[0]
        period = observation.period
        place = jnp.minimum(period, count - 1) if self.ends else period % count
        chosen = jnp.asarray(sum(part(flat, place) for part in self.parts))
        orders = self.lane.shape[0]
        network = observation.network
        order = jnp.zeros((network.num_lanes, network.num_items, flat.shape[-1]))
        order = order.at[self.lane, self.item].set(chosen[:orders])
        start = None
        if self.process.shape[0] and observation.work_in_process is not None:
            start = jnp.zeros_like(observation.work_in_process).at[self.process].set(chosen[orders:])
        return Decision(order=order, start=start), memory

    def _merged(self, flat: Float[Array, "entry replication"]) -> Float[Array, "entry replication"]:
        """Count what surely arrives in time as stock, as the listed states do."""
        for under_way, on_hand, waits in self.merge:
            stock = flat[on_hand] + flat[under_way]
            filled = jnp.where(waits >= 0, jnp.minimum(stock, flat[waits]), 0.0)
            flat = flat.at[under_way].set(0.0).at[on_hand].set(stock - filled)
            flat = flat.at[waits].add(jnp.where(waits >= 0, -filled, 0.0))
        return flat


def seen_state(observation: Observation, template: State) -> State:
    """Return the canonical state that an observation shows, entries that it does not show as in the template."""
    count = observation.on_hand.shape[-1]
    shown = {
        name: getattr(observation, name)
        for name in SEEN
        if getattr(template, name) is not None and getattr(observation, name) is not None
    }
    leaves = {
        field.name: leaf
        if leaf is None or not hasattr(leaf, "ndim") or leaf.ndim == 0
        else jnp.repeat(leaf, count, -1)
        for field in dataclasses.fields(template)
        if not isinstance(leaf := getattr(template, field.name), tuple)
    }
    state = dataclasses.replace(template, **(leaves | shown))
    if observation.life_clock is not None:
        state = dataclasses.replace(state, life_clock=observation.life_clock)
    return canonical(state)


def optimal_policy(problem: Problem, pieces: Pieces, best: Sequence[np.ndarray], *, ends: bool) -> Optimal:
    """Return solved decisions as a policy.

    Parameters
    ----------
    problem
        The problem.
    pieces
        Its listed components.
    best
        ``[period, carried, mixed]`` numbers of decisions of each.
    ends
        Whether these are the periods of a horizon, not of a cycle.

    Raises
    ------
    NotSeenError
        If a decision depends on entries of the state that no observation shows.
    """
    kernel = pieces.processes[0].kernels[0]
    parts = tuple(_lookup(process, each) for process, each in zip(pieces.processes, best, strict=True))
    merge = [
        [each.under_way, each.on_hand, -1 if each.backorders is None else each.backorders]
        for each in kernel.merges
    ]
    return _optimal(problem, parts, jnp.asarray(np.array(merge, dtype=np.int32).reshape(-1, 3)), ends=ends)


def _optimal(problem: Problem, parts: tuple[Lookup, ...], merge: Array, *, ends: bool) -> Optimal:
    orders = orders_of(problem)
    starts = jnp.arange(len(problem.network.processes), dtype=jnp.int32)
    layout = Layout(canonical(problem.start(1)))
    return Optimal(layout, parts, merge, jnp.asarray(orders[:, 0]), jnp.asarray(orders[:, 1]), starts, ends)


def _lookup(process: Process, best: np.ndarray) -> Lookup:
    structure, names = process.structure, process.kernels[0].names
    hidden = [
        names[entry]
        for entry in (*structure.mixed, *structure.carried)
        if names[entry].split("[")[0] not in SEEN
    ]
    if hidden:
        raise NotSeenError(
            f"Problem {process.problem.name!r}: the optimal decision depends on {', '.join(hidden)}, must depend on "
            f"{', '.join(SEEN)} to be looked up from an observation."
        )
    return Lookup(
        _numbers(process.carried, np.array(structure.carried, dtype=np.int64)),
        _numbers(process.mixed, np.array(structure.mixed, dtype=np.int64)),
        jnp.asarray(best.astype(np.int32)),
        jnp.asarray(process.decisions, dtype=jnp.float32),
        ()
        if process.symmetry is None
        else tuple(_sorting([group.entries, group.controls]) for group in process.symmetry.groups),
    )


def _sorting(arrays: Sequence[np.ndarray]) -> Sorting:
    entries, controls = (jnp.asarray(np.asarray(each, dtype=np.int32)) for each in arrays)
    return Sorting(entries, controls)


def _numbers(rows: np.ndarray, positions: np.ndarray) -> Numbers:
    """Return the numbers of rows by as few of their quantities as tell them apart."""
    kept = list(range(rows.shape[1]))
    for column in range(rows.shape[1]):
        rest = [each for each in kept if each != column]
        if len(np.unique(rows[:, rest], axis=0)) == len(rows):
            kept = rest
    rows, positions = rows[:, kept].astype(np.int64), positions[kept]
    low, high = rows.min(0), rows.max(0)
    sizes = high - low + 1
    total = int(np.prod(sizes))
    if total > LARGEST_TABLE:
        raise NotSeenError(
            f"Optimal policy: {total:,} combinations of quantities, must be at most {LARGEST_TABLE:,} for a table."
        )
    step = np.cumprod(np.append(1, sizes))[:-1]
    table = np.full(total, -1, dtype=np.int32)
    table[((rows - low) * step).sum(1)] = np.arange(len(rows))
    return _numbers_of([jnp.asarray(each.astype(np.int32)) for each in (positions, low, high, step, table)])


def saved_optimal(policy: Optimal, problem: Problem, facts: Mapping[str, Any]) -> SavedPolicy:
    """Return an optimal policy as arrays for a file."""
    leaves = jax.tree.leaves(eqx.filter((policy.parts, policy.merge), eqx.is_array))
    arrays = {f"leaf_{number:03d}": np.asarray(leaf) for number, leaf in enumerate(leaves)}
    alike = [len(part.alike) for part in policy.parts]
    own = {"components": len(policy.parts), "alike": alike, "ends": policy.ends}
    return SavedPolicy("optimal", problem.name, {**facts, **own}, arrays)


def loaded_optimal(saved: SavedPolicy, problem: Problem) -> Optimal:
    """Return the optimal policy of a file for the problem that it was made for.

    Raises
    ------
    SavedPolicyError
        If the arrays are not those of an optimal policy.
    """
    leaves = [each for _, each in sorted(saved.arrays.items())]
    alike = [int(each) for each in saved.facts.get("alike", [0] * int(saved.facts["components"]))]
    width = len(dataclasses.fields(Numbers))
    sizes = [2 * width + 2 + 2 * groups for groups in alike]
    if len(leaves) != sum(sizes) + 1:
        raise SavedPolicyError(
            f"policy of {saved.problem!r}: it holds {len(leaves)} arrays, must hold {sum(sizes) + 1}. Save it anew."
        )
    parts = tuple(
        _loaded(leaves[last - size : last]) for last, size in zip(np.cumsum(sizes), sizes, strict=True)
    )
    return _optimal(problem, parts, jnp.asarray(leaves[-1]), ends=bool(saved.facts["ends"]))


def _loaded(leaves: Sequence[np.ndarray]) -> Lookup:
    """Return the decisions of a component from its arrays."""
    width = len(dataclasses.fields(Numbers))
    arrays = [jnp.asarray(leaf) for leaf in leaves[: 2 * width + 2]]
    alike = leaves[2 * width + 2 :]
    return Lookup(
        _numbers_of(arrays[:width]),
        _numbers_of(arrays[width : 2 * width]),
        arrays[2 * width],
        arrays[2 * width + 1],
        tuple(_sorting(alike[at : at + 2]) for at in range(0, len(alike), 2)),
    )


def _numbers_of(arrays: Sequence[Array]) -> Numbers:
    entry, low, high, step, table = arrays
    return Numbers(entry, low, high, step, table)
