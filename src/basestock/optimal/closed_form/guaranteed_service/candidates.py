"""The service times among which an optimal placement is found, stage by stage."""

import dataclasses

import numpy as np

from basestock.optimal.closed_form.guaranteed_service.network import TICK, ServiceNetwork

Cells = tuple[np.ndarray, np.ndarray]
"""Lowest and highest service time of each cell in ticks, rising; a cell of one time has both equal."""


@dataclasses.dataclass(frozen=True)
class Candidates:
    """Cells of service times by stage.

    Parameters
    ----------
    inbound, outbound
        Cells of every stage.
    """

    inbound: tuple[Cells, ...]
    outbound: tuple[Cells, ...]

    @property
    def exact(self) -> bool:
        """Whether every cell is a single time."""
        return all(bool((low == high).all()) for low, high in (*self.inbound, *self.outbound))

    @property
    def size(self) -> int:
        """Pairs of an inbound and an outbound cell, over all stages."""
        return sum(len(a[0]) * len(b[0]) for a, b in zip(self.inbound, self.outbound, strict=True))

    def costs(self, network: ServiceNetwork, stage: int) -> np.ndarray:
        """Return ``[inbound, outbound]`` the least cost of a stage in pairs of cells, infinite for forbidden ones."""
        (low, high), (out_low, out_high) = self.inbound[stage], self.outbound[stage]
        time = network.times[stage]
        net = np.maximum(low[:, None] + time - out_high[None, :], 0)
        allowed = high[:, None] + time - out_low[None, :] >= 0
        return np.where(allowed, network.stages[stage].holding_cost * network.stock(stage, net), np.inf)


@dataclasses.dataclass(frozen=True)
class Times:
    """Service times that hold an optimal placement, ticks by stage; ``None`` where they are too many to list.

    Parameters
    ----------
    network
        The stages.
    inbound, outbound
        Rising times of every stage.
    """

    network: ServiceNetwork
    inbound: tuple[np.ndarray, ...] | None
    outbound: tuple[np.ndarray, ...] | None

    @classmethod
    def of(cls, network: ServiceNetwork, *, most: int = 4000) -> "Times":
        """Return the times of a network, or no list where one of a stage would be longer than ``most``.

        Notes
        -----
        The cost is concave, so an extreme point of {S_i <= SI_j, 0 <= S_j <= SI_j + T_j, S_j <= s_j} is optimal.
        There every time hangs by equalities S_i = SI_j and S_j = SI_j + T_j on a bound that is met: the times are
        those that the equalities spread from the bounds. Where stock does not follow the square root and all times
        are whole, they are all whole times.
        """
        if any(stage.cover is not None for stage in network.stages) and _all_whole(network):
            return cls(network, *_every_whole_time(network))
        found = _spread(network, most)
        return cls(network, None, None) if found is None else cls(network, *found)

    def cells(self, most: int) -> Candidates:
        """Return the times in ``most`` cells a stage at most: single ones where there are not more times."""
        inbound, outbound = self.network.limits
        low = self.network.promised
        sides = ((low, inbound, self.inbound), (np.zeros_like(low), outbound, self.outbound))
        parts = [
            tuple(
                _cells(int(start), int(end), None if times is None else times[stage], most)
                for stage, (start, end) in enumerate(zip(starts, ends, strict=True))
            )
            for starts, ends, times in sides
        ]
        return Candidates(parts[0], parts[1])

    def split(self, cells: Candidates, active: "Active", best: np.ndarray) -> tuple[Candidates, "Active"]:
        """Return smaller cells where it matters, and the number of the cell that each of them was part of.

        Parameters
        ----------
        cells
            The cells.
        active
            Numbers of the cells to halve, by stage.
        best
            Outbound times of the best placement so far, ticks: they become cells of their own.
        """
        sides = (
            (cells.inbound, active.inbound, self.inbound, self.network.inbound(best)),
            (cells.outbound, active.outbound, self.outbound, best),
        )
        found = [
            [
                _split(parts[stage], chosen[stage], None if times is None else times[stage], int(at[stage]))
                for stage in range(len(best))
            ]
            for parts, chosen, times, at in sides
        ]
        smaller = [tuple(new for new, _ in side) for side in found]
        origins = [tuple(old for _, old in side) for side in found]
        return Candidates(smaller[0], smaller[1]), Active(origins[0], origins[1])


@dataclasses.dataclass(frozen=True)
class Active:
    """Numbers of cells by stage.

    Parameters
    ----------
    inbound, outbound
        Of every stage.
    """

    inbound: tuple[np.ndarray, ...]
    outbound: tuple[np.ndarray, ...]


def _all_whole(network: ServiceNetwork) -> bool:
    tops = [stage.max_outbound or 0 for stage in network.stages]
    parts = [value for stage in network.stages for value in (stage.processing_time, stage.inbound)]
    return all(float(value).is_integer() for value in (*tops, *parts))


Lists = tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]


def _every_whole_time(network: ServiceNetwork) -> Lists:
    period = round(1 / TICK)
    inbound, outbound = network.limits
    return (
        tuple(np.arange(low, high + 1, period) for low, high in zip(network.promised, inbound, strict=True)),
        tuple(np.arange(0, high + 1, period) for high in outbound),
    )


def _spread(network: ServiceNetwork, most: int) -> Lists | None:
    """Return the times that equalities spread from the bounds; nothing if there are more than ``most`` at a stage."""
    tops, time, least = network.limits, network.times, network.promised
    found: tuple[list[set[int]], list[set[int]]] = ([set() for _ in time], [set() for _ in time])
    todo: list[tuple[int, int, int]] = []

    def add(side: int, stage: int, value: int) -> None:
        low = int(least[stage]) if side == 0 else 0
        if low <= value <= tops[side][stage] and value not in found[side][stage]:
            found[side][stage].add(value)
            todo.append((side, stage, value))

    for stage in range(len(time)):
        add(0, stage, int(least[stage]))
        add(1, stage, 0)
        add(1, stage, int(tops[1][stage]))
    while todo:
        side, stage, value = todo.pop()
        if len(found[side][stage]) > most:
            return None
        if side == 0:
            add(1, stage, value + int(time[stage]))
            for supplier in network.suppliers[stage]:
                add(1, supplier, value)
        else:
            add(0, stage, value - int(time[stage]))
            for buyer in network.buyers[stage]:
                add(0, buyer, value)
    listed = [tuple(np.array(sorted(each), dtype=np.int64) for each in side) for side in found]
    return listed[0], listed[1]


def _cells(low: int, high: int, times: np.ndarray | None, most: int) -> Cells:
    """Return all times from ``low`` to ``high`` in cells; the first time is a cell of its own."""
    if times is None:
        ends = np.unique(np.linspace(low, high, most).astype(np.int64))
        return np.append(low, ends[:-1] + 1), ends
    if len(times) <= most:
        return times, times
    starts = np.unique(
        np.concatenate([[0, 1, len(times) - 1], np.linspace(1, len(times) - 1, most).astype(int)])
    )
    return times[starts], times[np.append(starts[1:] - 1, len(times) - 1)]


def _split(cells: Cells, chosen: np.ndarray, times: np.ndarray | None, best: int) -> tuple[Cells, np.ndarray]:
    low, high = cells
    at = min(int(np.searchsorted(high, best)), len(low) - 1)
    cuts: list[int] = [best, best + 1] if low[at] <= best <= high[at] else []
    cuts += [(int(low[cell]) + int(high[cell])) // 2 + 1 for cell in {*chosen.tolist(), at}]
    inner = np.array([cut for cut in sorted(set(cuts)) if low[0] < cut <= high[-1]], dtype=np.int64)
    starts = np.unique(np.concatenate([low, inner]))
    origin = np.searchsorted(low, starts, side="right") - 1
    ends = np.minimum(np.append(starts[1:] - 1, high[-1]), high[origin])
    if times is not None:
        first, last = np.searchsorted(times, starts), np.searchsorted(times, ends, side="right") - 1
        kept = first <= last
        starts, ends, origin = times[first[kept]], times[last[kept]], origin[kept]
    return (starts, ends), origin
