"""What an agent may decide: a flat list of quantities with names, units and largest values, and its encodings."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Literal

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from basestock.decision import Problem
from basestock.dynamics import Decision
from basestock.envs.settings import KINDS, require_settings
from basestock.uncertainty import Axes

ActionKind = Literal["continuous", "multi_discrete", "discrete"]

MAX_STEPS_OF_ONE = 50
"""Largest quantity up to which discrete actions count single units; beyond it :data:`LEVELS` are spread evenly."""

LEVELS = 21
"""Choices of a slot that does not count single units."""

MAX_JOINT_ACTIONS = 1_000_000
"""Largest number of joint actions that one index may stand for."""


@dataclasses.dataclass(frozen=True)
class Slot:
    """One quantity of an action.

    Parameters
    ----------
    name
        What is decided: ``order``, ``start`` (runs of a process) or ``price``.
    unit
        Unit of the quantity.
    owner, item
        Lane and item ordered, process (no item), or node and item priced.
    low, high
        Smallest and largest quantity.
    typical
        Quantity of an average period, or the reference price.
    choices
        Quantities that a discrete action chooses from, ascending.
    whole
        Whether the quantity is rounded to whole units.
    limit
        Largest quantity by a rule of the network or of the problem's actions; ``None`` where there is none.
    """

    name: str
    unit: str
    owner: str
    item: str
    low: float
    high: float
    typical: float
    choices: tuple[float, ...]
    whole: bool
    limit: float | None = None


class ActionCodec(eqx.Module):
    """Turns what an agent outputs into a decision.

    Parameters
    ----------
    rows, items
        Lane, process or node of each slot, and its item (0 for a process).
    low, high
        Smallest and largest quantity of each slot.
    whole
        1 where the quantity is rounded.
    choices
        Quantities of discrete actions, padded by the last one.
    slots
        Meaning of each slot.
    kind
        Encoding: ``continuous`` (each number in [-1, 1] is a share: -1 the smallest, 1 the largest quantity),
        ``multi_discrete`` (an index into the choices of each slot), or ``discrete`` (one index for all slots, the last
        slot counting fastest).
    """

    rows: Int[Array, " slot"]
    items: Int[Array, " slot"]
    low: Float[Array, " slot"]
    high: Float[Array, " slot"]
    whole: Float[Array, " slot"]
    choices: Float[Array, "slot choice"]
    slots: tuple[Slot, ...] = eqx.field(static=True)
    kind: ActionKind = eqx.field(static=True)
    num_lanes: int = eqx.field(static=True)
    num_nodes: int = eqx.field(static=True)
    num_items: int = eqx.field(static=True)
    num_processes: int = eqx.field(static=True)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of choices of each slot."""
        return tuple(len(slot.choices) for slot in self.slots)

    def quantities(self, action: Array) -> Float[Array, "slot replication"]:
        """Return the quantities, units, that actions ``[slot, replication]`` (or ``[replication]``) stand for."""
        if self.kind == "continuous":
            share = (jnp.clip(action, -1.0, 1.0) + 1.0) / 2.0
            quantity = self.low[:, None] + share * (self.high - self.low)[:, None]
            return jnp.where(self.whole[:, None] > 0, jnp.round(quantity), quantity)
        index = _unravel(action, self.sizes) if self.kind == "discrete" else action
        sizes = jnp.asarray(self.sizes)[:, None]
        return jnp.take_along_axis(self.choices, jnp.clip(index.astype(jnp.int32), 0, sizes - 1), axis=1)

    def decision(self, action: Array) -> Decision:
        """Return the decision that actions stand for."""
        return self.decide(self.quantities(action))

    def rounded(self, quantities: Float[Array, "slot replication"]) -> Float[Array, "slot replication"]:
        """Return quantities, those of items in whole units rounded."""
        return jnp.where(self.whole[:, None] > 0, jnp.round(quantities), quantities)

    def decide(self, quantities: Float[Array, "slot replication"]) -> Decision:
        """Return the decision of these quantities; what no slot decides is left to the plant's own rule."""
        count = quantities.shape[-1]
        order = self._spread("order", quantities, (self.num_lanes, self.num_items, count))
        start = self._spread("start", quantities, (self.num_processes, 1, count))
        price = self._spread("price", quantities, (self.num_nodes, self.num_items, count))
        blank = jnp.zeros((self.num_lanes, self.num_items, count))
        return Decision(blank if order is None else order, None if start is None else start[:, 0], price)

    def _spread(self, name: str, quantities: Array, shape: tuple[int, int, int]) -> Array | None:
        """Put the quantities of one kind at their places."""
        mine = np.array([slot.name == name for slot in self.slots], dtype=bool)
        if not mine.any():
            return None
        at = np.flatnonzero(mine)
        return jnp.zeros(shape).at[self.rows[at], self.items[at]].set(quantities[at], unique_indices=True)

    def encode(self, quantities: np.ndarray) -> np.ndarray:
        """Return the action of one environment that stands for quantities ``[slot]``, units, as near as it can."""
        if self.kind == "continuous":
            low, high = np.asarray(self.low), np.asarray(self.high)
            return (2.0 * (quantities - low) / np.maximum(high - low, 1e-9) - 1.0).astype(np.float32)
        nearest = [
            int(np.abs(np.array(slot.choices) - quantity).argmin())
            for slot, quantity in zip(self.slots, quantities, strict=True)
        ]
        if self.kind == "discrete":
            return np.asarray(np.ravel_multi_index(nearest, self.sizes), dtype=np.int64)
        return np.asarray(nearest, dtype=np.int64)


def _unravel(index: Array, sizes: tuple[int, ...]) -> Int[Array, "slot replication"]:
    rest, parts = index.astype(jnp.int32), []
    for size in reversed(sizes):
        parts.append(rest % size)
        rest = rest // size
    return jnp.stack(parts[::-1])


def action_codec(
    problem: Problem,
    kind: ActionKind,
    largest: float | None = None,
    levels: int | None = None,
    decides: Sequence[str] | None = None,
) -> ActionCodec:
    """Return the codec of a problem: a slot for every order, start and price that can be decided.

    Parameters
    ----------
    problem
        The problem.
    kind
        Encoding.
    largest
        Largest order, units; if not given, that of the problem's own actions, or twice the mean demand that the lane
        may have to serve over its mean lead time, its review period and one period more, rounded up. Within the lane's
        own order maximum.
    levels
        Number of choices of each slot of a discrete action; if not given, single units up to 50, 21 levels beyond.
    decides
        Any of ``order``, ``start``, ``price``; everything that the network offers if not given. What is left out
        follows the plant's own rule: nothing ordered, made to order, sold at the reference price.

    Raises
    ------
    ValueError
        If ``largest``, ``levels`` or ``decides`` is out of range, or one index would have to stand for too many joint
        actions.
    """
    given = {"actions": kind, "largest_order": largest, "levels": levels, "decides": decides}
    require_settings(problem.name, given)
    wanted = KINDS if decides is None else decides
    found: list[tuple[Slot, int, int]] = []
    if "order" in wanted:
        found += _order_slots(problem, largest, levels)
    if "start" in wanted:
        found += _start_slots(problem, largest, levels)
    if "price" in wanted:
        found += _price_slots(problem, levels)
    codec = _codec(problem, found, kind)
    if not codec.slots:
        raise ValueError(
            f"environment of {problem.name!r}: nothing to decide, decides must name one of what it offers."
        )
    if kind == "discrete" and math.prod(codec.sizes) > MAX_JOINT_ACTIONS:
        raise ValueError(
            f"actions of {problem.name!r}: one index would stand for {math.prod(codec.sizes):,} joint actions, must be "
            f"at most {MAX_JOINT_ACTIONS:,}. Use actions='multi_discrete', or fewer levels."
        )
    return codec


def codec_of(problem: Problem, slots: Sequence[Slot], kind: ActionKind) -> ActionCodec:
    """Return the codec of slots that are known, of a problem with the same lanes, processes, nodes and items.

    Raises
    ------
    ValueError
        If the problem lacks the owner or the item of a slot.
    """
    network = problem.network
    owners: dict[str, dict[str, int]] = {
        "order": {lane.name: row for row, lane in enumerate(network.lanes)},
        "start": {process.name: row for row, process in enumerate(network.processes)},
        "price": dict(network.node_index),
    }
    found: list[tuple[Slot, int, int]] = []
    for slot in slots:
        row = owners.get(slot.name, {}).get(slot.owner)
        item = 0 if slot.name == "start" else network.item_index.get(slot.item)
        if row is None or item is None:
            raise ValueError(
                f"actions of {problem.name!r}: {slot.name} of {slot.item or 'runs'!r} at {slot.owner!r} must be among "
                "what the problem decides. Use the problem that the actions were made for."
            )
        found.append((slot, row, item))
    return _codec(problem, found, kind)


def _order_slots(problem: Problem, largest: float | None, levels: int | None) -> list[tuple[Slot, int, int]]:
    network, demand = problem.network, _supplied_demand(problem)
    slots: list[tuple[Slot, int, int]] = []
    for position, lane in enumerate(network.lanes):
        for item in lane.items if lane.items is not None else network.item_index:
            at = network.item_index[item]
            authored = network.items[at]
            cover = network.mean_lead_time(lane, item) + lane.review_period + 1
            mean = demand[network.node_index[lane.destination], at]
            own = problem.action_map.order_limit(network.node_index[lane.destination], at)
            high = largest or own or max(math.ceil(2 * cover * mean), 1.0)
            limits = [each for each in (lane.order_limit("order_maximum", item), own) if each is not None]
            maximum = min(limits, default=None)
            high = float(high if maximum is None else min(high, maximum))
            choices = _choices(0.0, high, authored.whole_units, levels)
            rules = (choices, authored.whole_units, None if maximum is None else float(maximum))
            slot = Slot("order", authored.unit, lane.name, item, 0.0, high, min(float(mean), high), *rules)
            slots.append((slot, position, at))
    return slots


def _start_slots(problem: Problem, largest: float | None, levels: int | None) -> list[tuple[Slot, int, int]]:
    network, demand = problem.network, _supplied_demand(problem)
    slots: list[tuple[Slot, int, int]] = []
    for position, process in enumerate(network.processes):
        node = network.node_index[process.node]
        needed = [
            demand[node, network.item_index[item]] / units
            for item, units in process.produces.items()
            if units
        ]
        runs = float(max(needed, default=0.0))
        high = float(largest or max(math.ceil(2 * (process.duration + 2) * runs), 1.0))
        choices = _choices(0.0, high, True, levels)
        slot = Slot("start", "runs", process.name, "", 0.0, high, min(runs, high), choices, True)
        slots.append((slot, position, 0))
    return slots


def _price_slots(problem: Problem, levels: int | None) -> list[tuple[Slot, int, int]]:
    network = problem.network
    slots: list[tuple[Slot, int, int]] = []
    for answer in network.responses:
        low = answer.lowest_price if answer.lowest_price is not None else answer.reference_price / 2
        high = answer.highest_price if answer.highest_price is not None else answer.reference_price * 2
        slot = Slot(
            "price",
            "money/unit",
            answer.node,
            answer.item,
            low,
            high,
            min(max(answer.reference_price, low), high),
            _choices(low, high, False, levels),
            False,
        )
        slots.append((slot, network.node_index[answer.node], network.item_index[answer.item]))
    return slots


def _codec(problem: Problem, found: list[tuple[Slot, int, int]], kind: ActionKind) -> ActionCodec:
    axes = Axes.of(problem.network)
    slots = tuple(slot for slot, _, _ in found)
    width = max((len(slot.choices) for slot in slots), default=1)
    table = np.zeros((len(slots), width), dtype=np.float32)
    for row, slot in zip(table, slots, strict=True):
        row[:] = [*slot.choices, *(slot.choices[-1],) * (width - len(slot.choices))]
    return ActionCodec(
        rows=jnp.asarray([row for _, row, _ in found], dtype=jnp.int32),
        items=jnp.asarray([item for _, _, item in found], dtype=jnp.int32),
        low=jnp.asarray([slot.low for slot in slots], dtype=jnp.float32),
        high=jnp.asarray([slot.high for slot in slots], dtype=jnp.float32),
        whole=jnp.asarray([slot.whole for slot in slots], dtype=jnp.float32),
        choices=jnp.asarray(table),
        slots=slots,
        kind=kind,
        num_lanes=axes.num_lanes,
        num_nodes=axes.num_nodes,
        num_items=axes.num_items,
        num_processes=axes.num_processes,
    )


def _choices(low: float, high: float, whole: bool, levels: int | None) -> tuple[float, ...]:
    if levels is None and whole and high <= MAX_STEPS_OF_ONE:
        return tuple(float(units) for units in range(int(high) + 1))
    spread = np.linspace(low, high, levels or LEVELS)
    return tuple(float(value) for value in (np.unique(np.round(spread)) if whole else spread))


def _supplied_demand(problem: Problem) -> np.ndarray:
    """Return ``[node, item]`` what customers ask of each node and of all that it supplies, or makes parts for.

    Returns
    -------
    numpy.ndarray
        Mean units per period, padded as the compiled network.
    """
    network, axes = problem.network, Axes.of(problem.network)
    here = np.zeros((axes.num_nodes, axes.num_items))
    for node in network.node_index:
        for item in network.item_index:
            laws = problem.uncertainty.laws_at(node, item)
            here[network.node_index[node], network.item_index[item]] = sum(law.mean for law in laws)
    reach = np.asarray(problem.arrays.descendants, dtype=np.float64)
    supplied = reach @ here
    for _ in network.items if network.processes else ():
        supplied = reach @ (here + _parts(problem, supplied))
    return supplied


def _parts(problem: Problem, demand: np.ndarray) -> np.ndarray:
    """Return ``[node, item]`` what the processes take to make a demand, units per period."""
    network, parts = problem.network, np.zeros_like(demand)
    for process in network.processes:
        node = network.node_index[process.node]
        runs = max(
            (
                demand[node, network.item_index[item]] / units
                for item, units in process.produces.items()
                if units
            ),
            default=0.0,
        )
        for item, units in process.consumes.items():
            parts[node, network.item_index[item]] += runs * units
    return parts
