"""The transition with unknowns: what a program knows of a network while it walks through the stages of a period."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from basestock.decision import Problem
from basestock.dynamics import State
from basestock.optimal.programs.linear import Linear
from basestock.optimal.programs.model import ProgramModel
from basestock.optimal.programs.money import Prices
from basestock.optimal.programs.paths import ProgramPath


@dataclasses.dataclass(frozen=True, eq=False)
class Frame:
    """What stays the same over the periods of a program.

    Parameters
    ----------
    problem
        Network, prices and order of events.
    start
        State at the start, one replication.
    opened
        Whether the stages before the first decision have run already.
    source, destination
        ``[lane]`` node of each end; -1 for an outside supplier.
    carried
        ``[lane, item]`` whether the lane carries the item.
    step
        ``[lane, item]`` what orders are multiples of, units; 0 for any fraction.
    largest
        ``[lane, item]`` an order that no plan needs to exceed, units.
    stock_bound
        ``[node, item]`` a stock that no plan needs to exceed, units.
    whole
        ``[item]`` whether it exists in whole units.
    lives
        ``[node, item]`` life on receipt, periods, 0 for what keeps for ever; ``None`` where nothing perishes.
    lots
        ``[life, node, item]`` stock at the start by periods of life left, those with one first.
    relaxed
        Whether whole numbers and either-or choices may be taken in part: a lower bound.
    """

    problem: Problem
    start: State
    opened: bool
    source: np.ndarray
    destination: np.ndarray
    carried: np.ndarray
    step: np.ndarray
    largest: np.ndarray
    stock_bound: np.ndarray
    whole: np.ndarray
    lives: np.ndarray | None
    lots: np.ndarray | None
    relaxed: bool

    @property
    def num_nodes(self) -> int:
        """Number of nodes."""
        return len(self.problem.network.nodes)

    @property
    def num_items(self) -> int:
        """Number of items."""
        return len(self.problem.network.items)

    @property
    def num_lanes(self) -> int:
        """Number of lanes."""
        return len(self.problem.network.lanes)

    def trimmed(self, leaf: Any, owners: int) -> np.ndarray:
        """Return a padded leaf ``[..., owner, item, 1]`` on the authored axes."""
        return np.asarray(leaf, dtype=np.float64)[..., :owners, : self.num_items, 0]

    def node_label(self, flat: int) -> str:
        """Return "node,item" of a flat position."""
        node, item = divmod(flat, self.num_items)
        return f"{self.problem.network.nodes[node].name},{self.problem.network.items[item].name}"

    def lane_label(self, flat: int) -> str:
        """Return "lane,item" of a flat position."""
        lane, item = divmod(flat, self.num_items)
        return f"{self.problem.network.lanes[lane].name},{self.problem.network.items[item].name}"

    def into_nodes(self, quantity: Linear) -> Linear:
        """Add up what enters each node."""
        return self._collected(quantity, self.destination)

    def out_of_nodes(self, quantity: Linear) -> Linear:
        """Add up what leaves each node over its outbound lanes."""
        return self._collected(quantity, self.source)

    def _collected(self, quantity: Linear, ends: np.ndarray) -> Linear:
        items = np.arange(self.num_items)[None, :]
        positions = np.where(ends[:, None] < 0, -1, ends[:, None] * self.num_items + items)
        return quantity.placed(positions, (self.num_nodes, self.num_items))


@dataclasses.dataclass(eq=False)
class Chosen:
    """What is decided in a period, as expressions.

    Parameters
    ----------
    order
        ``[lane, item]`` units.
    ordering
        ``[lane, item]`` 1 where something is ordered, where that matters.
    start, overtime
        ``[process]`` runs, ``[resource]`` hours; ``None`` where there are none.
    release
        ``[lane, item]`` units shipped of orders that waited at the start; ``None`` where none did.
    """

    order: Linear
    ordering: Linear | None
    start: Linear | None
    overtime: Linear | None
    release: Linear | None = None
    ruled: bool = False


@dataclasses.dataclass(eq=False)
class Walk:
    """Stocks, books and flows of one scenario as expressions, changed by one stage after the other.

    Parameters
    ----------
    frame, model, path, prices
        What stays, the program, the events, and the coefficients of money.
    prefix
        What names of this scenario begin with.
    period
        Period of the program, 0 first.
    on_hand, backorders
        ``[node, item]``.
    unfilled
        ``[lane, item]`` orders of the start that wait at their sources.
    due, slips, runs
        Period to what arrives then: units by lane, orders by lane, runs by process.
    held
        ``[lane, item]`` units that wait at the end of closed lanes.
    previous
        ``[lane, item]`` last order.
    flows
        Outcome of the period so far, by name.
    chosen
        Decision of the period.
    expiring, issued, turns
        What came in by the turn of growing older in which it expires, what was issued of lots that have not expired,
        and the number of turns so far; see :mod:`basestock.optimal.programs.stages.perish`.
    satisfaction
        ``[node, item]`` what the market is multiplied by; ``None`` where customers remember nothing.
    """

    frame: Frame
    model: ProgramModel
    path: ProgramPath
    prices: Prices
    prefix: str
    on_hand: Linear
    backorders: Linear
    unfilled: Linear
    held: Linear
    previous: Linear
    due: dict[int, Linear]
    slips: dict[int, Linear]
    runs: dict[int, Linear]
    chosen: Chosen
    period: int = 0
    flows: dict[str, Linear] = dataclasses.field(default_factory=dict)
    expiring: dict[int, Linear] = dataclasses.field(default_factory=dict)
    issued: Linear = dataclasses.field(default_factory=Linear.zeros)
    turns: int = 0
    satisfaction: Linear | None = None

    def label(self, names: Callable[[int], str]) -> Callable[[int], str]:
        """Return labels that begin with the scenario and the period."""
        head = f"{self.prefix}{self.period}"
        return lambda flat: f"{head},{names(flat)}"

    def variables(self, name: str, like: Linear, names: Callable[[int], str], **options: Any) -> Linear:
        """Add variables of the period."""
        if self.frame.relaxed:
            options = {**options, "whole": False}
        return self.model.variables(name, like.shape, label=self.label(names), **options)

    def constrain(
        self,
        group: str,
        expression: Linear,
        relation: Any,
        right: Any,
        names: Callable[[int], str],
        **options: Any,
    ) -> None:
        """Add constraints of the period."""
        self.model.constrain(group, expression, relation, right, label=self.label(names), **options)

    def add(self, name: str, quantity: Linear) -> None:
        """Add to a flow of the period."""
        self.flows[name] = self.flows[name] + quantity if name in self.flows else quantity

    def kept(self, name: str, quantity: Linear, names: Callable[[int], str], high: Any = np.inf) -> Linear:
        """Return variables that stand for a quantity from now on, so that expressions stay short."""
        free = ~quantity.fixed
        stands = self.variables(name, quantity, names, where=free, high=high)
        places = np.flatnonzero(free.ravel())
        self.constrain(
            f"{name}_balance",
            (stands - quantity)[free],
            "==",
            0.0,
            lambda flat: names(int(places[flat])),
            relaxable=False,
        )
        return stands + np.where(free, 0.0, quantity.constant)

    def put(self, units: Linear) -> None:
        """Add units to stock; fresh ones where they perish."""
        self.on_hand = self.on_hand + units
        life = self.frame.lives
        if life is not None:
            for periods in np.unique(life[life > 0]).tolist():
                last = self.turns + int(periods) - 1
                fresh = units * (life == periods)
                self.expiring[last] = self.expiring[last] + fresh if last in self.expiring else fresh

    def take(self, units: Linear, *, group: str) -> None:
        """Take units out of stock, which must be there."""
        self.on_hand = self.on_hand - units
        self.constrain(group, self.on_hand, ">=", 0.0, self.frame.node_label, where=~units.fixed)
        if self.frame.lives is not None:
            self.issued = self.issued + units * (self.frame.lives > 0)


def lives_on_receipt(problem: Problem) -> np.ndarray | None:
    """Return ``[node, item]`` the life that units have on receipt, periods, 0 for what keeps; ``None`` if all keeps.

    A place that receives units of different lives is refused by :func:`basestock.optimal.programs.coverage.check`.
    """
    network = problem.network
    if all(item.shelf_life is None for item in network.items):
        return None
    table = np.tile([float(item.shelf_life or 0) for item in network.items], (len(network.nodes), 1))
    for lane in network.lanes:
        for item in network.items:
            life = lane.life_on_receipt
            given = life.get(item.name) if isinstance(life, Mapping) else life
            if given is not None and item.shelf_life and network.carries(lane, item.name):
                table[network.node_index[lane.destination], network.item_index[item.name]] = given
    return table


def begin(frame: Frame, model: ProgramModel, path: ProgramPath, prices: Prices, prefix: str) -> Walk:
    """Return a walk at the start: the state as constants."""
    state, lanes, items = frame.start, frame.num_lanes, frame.num_items
    nodes = frame.num_nodes
    read = lambda leaf, owners: (  # noqa: E731
        Linear.zeros(owners, items) if leaf is None else Linear.of(frame.trimmed(leaf, owners))
    )
    blank = Chosen(Linear.zeros(lanes, items), None, None, None)
    walk = Walk(
        frame, model, path, prices, prefix,
        on_hand=read(state.on_hand, nodes), backorders=read(state.backorders, nodes),
        unfilled=read(state.unfilled, lanes), held=read(state.held, lanes),
        previous=read(state.previous_order, lanes),
        due=_due(frame, path), slips=_ring(frame, state.order_slips), runs=_runs(frame), chosen=blank,
        satisfaction=None if state.satisfaction is None else read(state.satisfaction, nodes),
    )  # fmt: skip
    if frame.lots is not None:
        walk.issued = Linear.zeros(nodes, items)
        walk.expiring = {age: Linear.of(lot) for age, lot in enumerate(frame.lots) if lot.any()}
    return walk


def _slots(frame: Frame, ring: Any) -> dict[int, np.ndarray]:
    """Return what lies in a ring, by periods from now."""
    table = np.asarray(ring, dtype=np.float64)[..., 0]
    now = int(frame.start.period)
    return {ahead: table[(now + ahead) % len(table)] for ahead in range(len(table))}


def _ring(frame: Frame, ring: Any) -> dict[int, Linear]:
    if ring is None:
        return {}
    found = {ahead: part[: frame.num_lanes, : frame.num_items] for ahead, part in _slots(frame, ring).items()}
    return {ahead: Linear.of(part) for ahead, part in found.items() if part.any()}


def _due(frame: Frame, path: ProgramPath) -> dict[int, Linear]:
    found = _ring(frame, frame.start.due)
    if frame.start.outstanding is None:
        return found
    outstanding = frame.trimmed(frame.start.outstanding, frame.num_lanes)
    for age, units in enumerate(outstanding):
        for ahead in np.unique(path.waits[age][units > 0]).tolist():
            part = Linear.of(np.where(path.waits[age] == ahead, units, 0.0))
            found[ahead] = found[ahead] + part if ahead in found else part
    return found


def _runs(frame: Frame) -> dict[int, Linear]:
    count = len(frame.problem.network.processes)
    if frame.start.work_in_process is None:
        return {}
    return {
        ahead: Linear.of(part[:count])
        for ahead, part in _slots(frame, frame.start.work_in_process).items()
        if part[:count].any()
    }
