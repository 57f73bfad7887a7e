"""A lower bound on the cost of safety stock in any network, by messages that only raise it."""

from typing import NamedTuple

import numpy as np

from basestock.optimal.closed_form.guaranteed_service.candidates import Active, Candidates
from basestock.optimal.closed_form.guaranteed_service.network import ServiceNetwork

_ACTIVE = 6
"""Cells of a stage that are halved at once."""


class Arcs(NamedTuple):
    """Arcs sorted by the stage that supplies; the numbers are those of messages.

    Parameters
    ----------
    leaving
        Arcs that leave each stage: first, and one past the last.
    entering
        Arcs that enter each stage.
    at_buyer
        ``[arc, inbound cell]`` the last outbound cell of the supplier that fits.
    at_supplier
        ``[arc, outbound cell]`` the first inbound cell of the buyer that fits.
    """

    leaving: list[slice]
    entering: list[np.ndarray]
    at_buyer: np.ndarray
    at_supplier: np.ndarray


class DualAscent:
    """Sequential tree-reweighted messages between service times (Kolmogorov 2006, doi:10.1109/TPAMI.2006.200).

    Every stage is two variables, SI and S, with its cost between them; every arc allows S_i <= SI_j. A sweep passes
    over the stages in the order of supply and back. The sum of what the messages carry away is a lower bound after
    every sweep, and never falls; without undirected cycles it ends at the optimum.

    Parameters
    ----------
    network
        The stages.
    cells
        Service times to consider.
    """

    def __init__(self, network: ServiceNetwork, cells: Candidates) -> None:
        self.network, self.cells = network, cells
        self.costs = [cells.costs(network, stage) for stage in range(len(network.stages))]
        self.arcs = _arcs(network, cells)
        self._forth = np.zeros(self.arcs.at_buyer.shape)
        self._back = np.zeros(self.arcs.at_supplier.shape)
        self._to_outbound = [np.zeros(cost.shape[1]) for cost in self.costs]
        self._to_inbound = [np.zeros(cost.shape[0]) for cost in self.costs]
        self.bound = 0.0
        self.choice = np.zeros(len(network.stages), dtype=np.int64)

    def sweep(self) -> float:
        """Pass forth and back, choosing service times on the way; return the bound, money per period."""
        parts = [self._forward(stage) for stage in self.network.order]
        parts += [self._backward(stage) for stage in reversed(self.network.order)]
        half = len(self.costs)
        self.bound = max(self.bound, float(np.sum(parts[:half])), float(np.sum(parts[half:])))
        return self.bound

    def cheapest(self) -> Active:
        """Return the cells that no message speaks against, a few of every stage."""
        stages = range(len(self.costs))
        return Active(
            tuple(_least(self._inbound(stage)[0]) for stage in stages),
            tuple(_least(self._outbound(stage)[0]) for stage in stages),
        )

    def on(self, cells: Candidates, origin: Active) -> "DualAscent":
        """Return the messages on smaller cells, each with what is known of the cell that it was part of."""
        found = DualAscent(self.network, cells)
        found.bound, found.choice = self.bound, self.choice
        for stage, (inbound, outbound) in enumerate(zip(origin.inbound, origin.outbound, strict=True)):
            found._to_inbound[stage] = self._to_inbound[stage][inbound]
            found._to_outbound[stage] = self._to_outbound[stage][outbound]
            entering, leaving = self.arcs.entering[stage], self.arcs.leaving[stage]
            found._forth[entering, : len(inbound)] = self._forth[entering][:, inbound]
            found._back[leaving, : len(outbound)] = self._back[leaving][:, outbound]
        return found

    def _inbound(self, stage: int) -> tuple[np.ndarray, float]:
        """Return what is known of the inbound time of a stage, its least value taken away."""
        total = self._to_inbound[stage] + self._forth[
            self.arcs.entering[stage], : len(self._to_inbound[stage])
        ].sum(0)
        least = float(total.min())
        return total - least, least

    def _outbound(self, stage: int) -> tuple[np.ndarray, float]:
        """Return what is known of the outbound time of a stage, its least value taken away."""
        total = self._to_outbound[stage] + self._back[
            self.arcs.leaving[stage], : len(self._to_outbound[stage])
        ].sum(0)
        least = float(total.min())
        return total - least, least

    def _forward(self, stage: int) -> float:
        known, raised = self._inbound(stage)
        share = known / max(len(self.arcs.entering[stage]), 1) - self._to_inbound[stage]
        self._to_outbound[stage], least = _settled((share[:, None] + self.costs[stage]).min(0))
        self._choose(stage)
        known, more = self._outbound(stage)
        leaving = self.arcs.leaving[stage]
        count = leaving.stop - leaving.start
        if count == 0:
            return raised + least + more
        share = known / count - self._back[leaving, : len(known)]
        offered = np.minimum.accumulate(share, axis=1)
        sent = np.take_along_axis(offered, self.arcs.at_buyer[leaving], 1)
        # A message is lowered by its least value: the times of the buyer are rising, so that is at the end.
        low = sent[:, -1:]
        self._forth[leaving] = sent - low
        return raised + least + more + float(low.sum())

    def _backward(self, stage: int) -> float:
        known, raised = self._outbound(stage)
        leaving = self.arcs.leaving[stage]
        share = known / max(leaving.stop - leaving.start, 1) - self._to_outbound[stage]
        self._to_inbound[stage], least = _settled((share[None, :] + self.costs[stage]).min(1))
        known, more = self._inbound(stage)
        entering = self.arcs.entering[stage]
        if len(entering) == 0:
            return raised + least + more
        share = known / len(entering) - self._forth[entering, : len(known)]
        offered = np.minimum.accumulate(share[:, ::-1], axis=1)[:, ::-1]
        sent = np.take_along_axis(offered, self.arcs.at_supplier[entering], 1)
        low = sent[:, :1]
        self._back[entering] = sent - low
        return raised + least + more + float(low.sum())

    def _choose(self, stage: int) -> None:
        """Choose an outbound time for what the suppliers have chosen."""
        network, (low, high) = self.network, self.cells.inbound[stage]
        promised = max(
            [int(network.promised[stage]), *(int(self.choice[s]) for s in network.suppliers[stage])]
        )
        cell = min(int(np.searchsorted(high, promised)), len(low) - 1)
        leaving = self.arcs.leaving[stage]
        total = self.costs[stage][cell] + self._back[leaving, : self.costs[stage].shape[1]].sum(0)
        best = int(np.argmin(total))
        self.choice[stage] = min(
            int(self.cells.outbound[stage][1][best]), promised + int(network.times[stage])
        )


def _least(known: np.ndarray) -> np.ndarray:
    return np.flatnonzero(known <= 1e-12 * (1 + known.max()))[:_ACTIVE]


def _settled(message: np.ndarray) -> tuple[np.ndarray, float]:
    least = float(message.min())
    return message - least, least


def _arcs(network: ServiceNetwork, cells: Candidates) -> Arcs:
    count = network.num_arcs
    widths = [max(len(low) for low, _ in side) for side in (cells.inbound, cells.outbound)]
    at_buyer = np.zeros((count, widths[0]), dtype=np.int64)
    at_supplier = np.zeros((count, widths[1]), dtype=np.int64)
    entering: list[list[int]] = [[] for _ in network.stages]
    leaving: list[slice] = []
    arc = 0
    for supplier, buyers in enumerate(network.buyers):
        low, _ = cells.outbound[supplier]
        leaving.append(slice(arc, arc + len(buyers)))
        for buyer in buyers:
            _, high = cells.inbound[buyer]
            fit = np.searchsorted(low, high, side="right") - 1
            at_buyer[arc, : len(high)], at_buyer[arc, len(high) :] = fit, fit[-1]
            fit = np.searchsorted(high, low, side="left")
            at_supplier[arc, : len(low)], at_supplier[arc, len(low) :] = fit, fit[-1]
            entering[buyer].append(arc)
            arc += 1
    return Arcs(leaving, [np.array(each, dtype=np.int64) for each in entering], at_buyer, at_supplier)
