"""What no plan needs to exceed: bounds that either-or choices refer to."""

from collections.abc import Sequence

import numpy as np

from basestock.decision import Problem
from basestock.dynamics import State, by_remaining_life
from basestock.optimal.programs.paths import ProgramPath
from basestock.optimal.programs.walk import Frame, lives_on_receipt

ROOM = 1.0
"""Units that bounds are wider than what a plan needs."""


def make_frame(
    problem: Problem,
    state: State,
    paths: Sequence[ProgramPath],
    *,
    opened: bool,
    relaxed: bool,
    lots: np.ndarray | None = None,
) -> Frame:
    """Return what stays the same over the periods of a program.

    Parameters
    ----------
    problem, state
        The problem, and the state to plan from.
    paths
        The scenarios.
    opened, relaxed
        As for :func:`basestock.optimal.programs.network_program`.
    lots
        ``[life, node, item]`` from :func:`read_lots`.

    Notes
    -----
    A plan that orders more of an item than all that customers and processes can still ask for, and one lot more where
    minima, price breaks or contracts force it, only adds stock that is never used.
    """
    network = problem.network
    items, lanes = len(network.items), network.lanes
    node_at = network.node_index
    carried = np.array(
        [[network.carries(lane, item.name) for item in network.items] for lane in lanes], dtype=bool
    )
    carried = carried.reshape(len(lanes), items)
    whole = np.array([item.whole_units for item in network.items], dtype=bool)
    ordering = problem.arrays.ordering
    step = np.where(whole[None, :] & carried, 1.0, 0.0)
    if ordering is not None:
        step = np.asarray(ordering.step, dtype=np.float64)[: len(lanes), :items, 0]
    need = _need(problem, state, paths)
    forced = _forced_lots(problem, step)
    largest = need[None, :] + forced + step + ROOM
    largest = np.where(whole[None, :], np.ceil(largest), largest)
    there = _already_there(problem, state)
    lot = np.max(largest, axis=0, initial=0.0)
    bound = np.ceil(there + 2 * need + lot + ROOM)
    return Frame(
        problem, state, opened,
        source=np.array([node_at.get(lane.source, -1) for lane in lanes], dtype=np.int64),
        destination=np.array([node_at[lane.destination] for lane in lanes], dtype=np.int64),
        carried=carried, step=step, largest=largest,
        stock_bound=np.tile(bound, (len(network.nodes), 1)),
        whole=whole, lives=lives_on_receipt(problem), lots=lots, relaxed=relaxed,
    )  # fmt: skip


def read_lots(problem: Problem, state: State) -> np.ndarray | None:
    """Return ``[life, node, item]`` stock by periods of life left, those with one first; ``None`` if all keeps."""
    life = problem.arrays.life
    if life is None or state.lots is None or state.life_clock is None:
        return None
    lots = np.asarray(by_remaining_life(life, state.lots, state.life_clock), dtype=np.float64)
    return lots[:, : len(problem.network.nodes), : len(problem.network.items), 0]


def _need(problem: Problem, state: State, paths: Sequence[ProgramPath]) -> np.ndarray:
    """Return ``[item]`` all that can still be asked for, by customers, waiting orders and processes."""
    network, items = problem.network, len(problem.network.items)
    asked = np.max([path.demand.sum((0, 1)) for path in paths], axis=0)
    for leaf in (state.backorders, state.unfilled):
        if leaf is not None:
            asked = asked + np.asarray(leaf, dtype=np.float64)[:, :items, 0].sum(0)
    life = problem.arrays.life
    if life is not None and life.decay_rate is not None:
        rate = np.asarray(life.decay_rate, dtype=np.float64)[0, :items, 0]
        asked = asked / np.maximum(1.0 - rate, 1e-6) ** paths[0].num_periods
    production = problem.arrays.production
    if production is None:
        return asked
    count = len(network.processes)
    consumes = np.asarray(production.consumes, dtype=np.float64)[:count, :items, 0]
    produces = np.asarray(production.produces, dtype=np.float64)[:count, :items, 0]
    good = np.asarray(production.good_share, dtype=np.float64)[:count]
    batch = np.asarray(production.batch, dtype=np.float64)[:count, 0]
    made = produces * good
    need = asked
    for _ in range(count):
        runs = np.where(made > 0, need[None, :] / np.where(made > 0, made, 1.0), 0.0).max(1) + batch
        need = asked + runs @ consumes
    return need


def _forced_lots(problem: Problem, step: np.ndarray) -> np.ndarray:
    """Return ``[lane, item]`` the largest order that a rule or a price may ask for."""
    network, lanes = problem.network, problem.network.lanes
    forced = np.zeros(step.shape)
    ordering = problem.arrays.ordering
    for row, lane in enumerate(lanes):
        for column, item in enumerate(network.items):
            least = lane.order_limit("order_minimum", item.name) or 0.0
            vehicle = (
                (lane.vehicle_capacity or 0.0) / item.volume if lane.full_vehicles and item.volume else 0.0
            )
            forced[row, column] = max(least, vehicle, *lane.price_breaks, 0.0)
    if ordering is None:
        return forced
    if ordering.value is not None:
        worth = np.asarray(ordering.value, dtype=np.float64)[: len(lanes), : step.shape[1], 0]
        asks = {supplier.name: supplier.minimum_value or 0.0 for supplier in network.suppliers}
        least = np.array([asks.get(lane.source, 0.0) for lane in lanes])[:, None]
        forced = np.maximum(forced, np.where(worth > 0, least / np.where(worth > 0, worth, 1.0), 0.0))
    if ordering.agreed is not None and ordering.floor is not None:
        agreed = np.asarray(ordering.agreed, dtype=np.float64)[:, : len(lanes), : step.shape[1], 0]
        floor = np.asarray(ordering.floor, dtype=np.float64)[:, :, None]
        each = np.where(agreed > 0, floor / np.where(agreed > 0, agreed, 1.0), 0.0)
        forced = np.maximum(forced, each.max(0, initial=0.0))
    return forced


def _already_there(problem: Problem, state: State) -> np.ndarray:
    """Return ``[item]`` what is in stock or under way anywhere, units."""
    items = len(problem.network.items)
    total = np.zeros(items)
    for leaf in (state.on_hand, state.in_transit, state.order_slips, state.unfilled):
        if leaf is not None:
            table = np.asarray(leaf, dtype=np.float64)[..., :items, 0]
            total = total + table.reshape(-1, items).sum(0)
    production = problem.arrays.production
    if production is not None and state.work_in_process is not None:
        runs = np.asarray(state.work_in_process, dtype=np.float64)[..., 0].sum(0)
        total = total + runs @ np.asarray(production.produces, dtype=np.float64)[:, :items, 0]
    return total
