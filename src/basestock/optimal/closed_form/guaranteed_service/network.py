"""Stages that promise service times to each other: what is known of them, and what a placement of stock costs."""

import dataclasses
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

import numpy as np

from basestock.decision import Certificate

TICK = 1e-9
"""Periods of one tick: times are whole numbers of ticks, so that sums of them compare exactly."""


class ServiceNetworkError(ValueError):
    """The stages do not make a network."""


@dataclasses.dataclass(frozen=True)
class Stage:
    """A stage of a network with guaranteed service.

    Parameters
    ----------
    name
        Its name.
    predecessors
        Names of the stages that supply it.
    processing_time
        Periods [T].
    holding_cost
        Money per unit and period [h].
    bound
        Standard deviations of demand that its stock covers [z].
    inbound
        Service time of its outside supplier, periods.
    max_outbound
        Longest service time that customers accept, periods; ``None`` for any.
    deviation
        Standard deviation of its own customers' demand of a period, units.
    cover
        Units of safety stock that cover net replenishment times, which are given as an array of periods, in the place
        of z sigma sqrt(time). Non-decreasing and concave, unless all times are whole: then only whole service times
        are considered.
    """

    name: str
    predecessors: tuple[str, ...]
    processing_time: float
    holding_cost: float
    bound: float
    inbound: float = 0
    max_outbound: float | None = None
    deviation: float = 0.0
    cover: Callable[[np.ndarray], np.ndarray] | None = None

    @property
    def wrong(self) -> list[str]:
        """What is wrong with its numbers, a sentence each."""
        names = ("processing_time", "holding_cost", "bound", "inbound", "deviation", "max_outbound")
        values = {name: getattr(self, name) for name in names}
        if self.max_outbound is None:
            del values["max_outbound"]
        found = [
            f"stage {self.name!r}: {name} is {value!r}, must be a finite number >= 0."
            for name, value in values.items()
            if not (math.isfinite(value) and value >= 0)
        ]
        if len(set(self.predecessors)) < len(self.predecessors):
            found.append(
                f"stage {self.name!r}: predecessors are {self.predecessors}, must be named once each."
            )
        return found


@dataclasses.dataclass(frozen=True)
class Placement:
    """Service times of every stage, what the safety stock behind them costs, and how far the cost can be improved.

    Parameters
    ----------
    cost
        Money per period.
    lower_bound
        No placement costs less, money per period.
    inbound, outbound, net
        Service time that each stage is promised [SI] and promises [S], and the time SI + T - S that its stock covers,
        periods by stage.
    safety_stock
        Units by stage.
    method
        How it was found.
    """

    cost: float
    lower_bound: float
    inbound: Mapping[str, float]
    outbound: Mapping[str, float]
    net: Mapping[str, float]
    safety_stock: Mapping[str, float]
    method: str

    @property
    def gap_percent(self) -> float:
        """How much the cost may lie above the optimum, percent of the bound; 0 where both agree to nine digits."""
        gap = self.cost - self.lower_bound
        if gap <= 1e-9 * self.cost:
            return 0.0
        return 100 * gap / self.lower_bound if self.lower_bound > 0 else math.inf

    @property
    def certificate(self) -> Certificate:
        """``exact`` where cost and bound agree, else ``lower_bound``: of the bound, not of the cost."""
        return "exact" if self.gap_percent == 0 else "lower_bound"


@dataclasses.dataclass(frozen=True)
class ServiceNetwork:
    """Stages without cycles; numbers stand for stages in the order of ``stages``.

    Parameters
    ----------
    stages
        The stages.

    Raises
    ------
    ServiceNetworkError
        With everything that is wrong: numbers, names that appear twice or not at all, a cycle.

    Notes
    -----
    The variance of a stage's demand is its own customers' plus, over every arc, that of the stage it supplies. A
    customer who is reached on several paths counts once a path (the convention of Willems 2008).
    """

    stages: tuple[Stage, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "stages", tuple(self.stages))
        wrong = [sentence for stage in self.stages for sentence in stage.wrong]
        names = [stage.name for stage in self.stages]
        if not names:
            wrong.append("there is no stage, must be one or more.")
        wrong += [
            f"stage {name!r} appears twice."
            for name in sorted(name for name, count in Counter(names).items() if count > 1)
        ]
        known = set(names)
        wrong += [
            f"stage {stage.name!r}: predecessor {source!r} is no stage."
            for stage in self.stages
            for source in stage.predecessors
            if source not in known
        ]
        wrong = wrong or self._cycle()
        if wrong:
            raise ServiceNetworkError(f"guaranteed service: {' '.join(wrong)} Correct the stages.")

    def _cycle(self) -> list[str]:
        try:
            TopologicalSorter({stage.name: stage.predecessors for stage in self.stages}).prepare()
        except CycleError as error:
            return [f"the stages {' -> '.join(error.args[1])} form a cycle, must be none."]
        return []

    @cached_property
    def number(self) -> dict[str, int]:
        """Number by name."""
        return {stage.name: number for number, stage in enumerate(self.stages)}

    @cached_property
    def order(self) -> list[int]:
        """The stages, each after those that supply it."""
        links = {n: [self.number[s] for s in stage.predecessors] for n, stage in enumerate(self.stages)}
        return list(TopologicalSorter(links).static_order())

    @cached_property
    def suppliers(self) -> list[list[int]]:
        """Stages that supply each stage."""
        return [[self.number[source] for source in stage.predecessors] for stage in self.stages]

    @cached_property
    def buyers(self) -> list[list[int]]:
        """Stages that each stage supplies."""
        found: list[list[int]] = [[] for _ in self.stages]
        for buyer, suppliers in enumerate(self.suppliers):
            for supplier in suppliers:
                found[supplier].append(buyer)
        return found

    @cached_property
    def num_arcs(self) -> int:
        """Pairs of a supplying and a supplied stage."""
        return sum(len(each) for each in self.suppliers)

    @cached_property
    def is_forest(self) -> bool:
        """Whether the arcs, seen without direction, have no cycle."""
        root = list(range(len(self.stages)))

        def top(stage: int) -> int:
            while root[stage] != stage:
                root[stage] = root[root[stage]]
                stage = root[stage]
            return stage

        for buyer, suppliers in enumerate(self.suppliers):
            for supplier in suppliers:
                one, other = top(buyer), top(supplier)
                if one == other:
                    return False
                root[one] = other
        return True

    @cached_property
    def deviations(self) -> np.ndarray:
        """Standard deviation of the demand of a period on each stage, units."""
        variance = np.array([stage.deviation**2 for stage in self.stages])
        for stage in reversed(self.order):
            variance[stage] += variance[self.buyers[stage]].sum()
        return np.sqrt(variance)

    def with_cumulative_costs(self, rate: float) -> "ServiceNetwork":
        """Return the network whose holding costs are a rate times the costs added at a stage and before it.

        Parameters
        ----------
        rate
            Money per unit and period for a unit worth one; ``holding_cost`` of a stage is read as the cost it adds.
        """
        value = [stage.holding_cost for stage in self.stages]
        for number in self.order:
            value[number] += sum(value[supplier] for supplier in self.suppliers[number])
        return ServiceNetwork(
            tuple(
                dataclasses.replace(stage, holding_cost=rate * worth)
                for stage, worth in zip(self.stages, value, strict=True)
            )
        )

    @cached_property
    def times(self) -> np.ndarray:
        """Processing times, ticks."""
        return ticks([stage.processing_time for stage in self.stages])

    @cached_property
    def promised(self) -> np.ndarray:
        """Service times of outside suppliers, ticks."""
        return ticks([stage.inbound for stage in self.stages])

    @cached_property
    def limits(self) -> tuple[np.ndarray, np.ndarray]:
        """Longest inbound and outbound service times worth considering, ticks."""
        inbound, outbound = self.promised.copy(), np.zeros_like(self.promised)
        for number in self.order:
            stage = self.stages[number]
            inbound[number] = max([inbound[number], *(outbound[s] for s in self.suppliers[number])])
            outbound[number] = inbound[number] + self.times[number]
            if stage.max_outbound is not None:
                outbound[number] = min(outbound[number], int(ticks([stage.max_outbound])[0]))
            elif not self.buyers[number]:
                outbound[number] = 0
        return inbound, outbound

    def stock(self, stage: int, net: np.ndarray) -> np.ndarray:
        """Return the safety stock of a stage that covers net replenishment times in ticks, units."""
        periods = net * TICK
        cover = self.stages[stage].cover
        if cover is not None:
            return np.asarray(cover(periods), dtype=float)
        return self.stages[stage].bound * self.deviations[stage] * np.sqrt(periods)

    @cached_property
    def _rates(self) -> tuple[np.ndarray, np.ndarray]:
        """Return money per unit and period, and standard deviations that are covered, by stage."""
        return (
            np.array([stage.holding_cost for stage in self.stages]),
            np.array([stage.bound for stage in self.stages]) * self.deviations,
        )

    def stocks(self, net: np.ndarray) -> np.ndarray:
        """Return the safety stock of every stage for net replenishment times ``[stage]`` in ticks, units."""
        units = self._rates[1] * np.sqrt(net * TICK)
        for number, stage in enumerate(self.stages):
            if stage.cover is not None:
                units[number] = self.stock(number, net[number : number + 1])[0]
        return units

    def inbound(self, outbound: np.ndarray) -> np.ndarray:
        """Return the inbound service times that outbound ones leave, ticks: the longest of the suppliers'."""
        found = self.promised.copy()
        for number, suppliers in enumerate(self.suppliers):
            found[number] = max([found[number], *(int(outbound[s]) for s in suppliers)])
        return found

    def kept(self, outbound: np.ndarray) -> np.ndarray:
        """Return outbound service times in ticks, lowered where a stage would be ready before it promises to be."""
        found = outbound.copy()
        for stage in self.order:
            promised = max([int(self.promised[stage]), *(int(found[s]) for s in self.suppliers[stage])])
            found[stage] = min(int(found[stage]), promised + int(self.times[stage]))
        return found

    def cost(self, outbound: np.ndarray) -> float:
        """Return the cost of outbound service times in ticks, money per period."""
        net = self.inbound(outbound) + self.times - outbound
        return math.fsum((self._rates[0] * self.stocks(net)).tolist())

    def placement(self, outbound: np.ndarray, lower_bound: float, method: str) -> Placement:
        """Return the placement with outbound service times in ticks."""
        inbound, cost = self.inbound(outbound), self.cost(outbound)
        net = inbound + self.times - outbound

        def named(values: np.ndarray) -> dict[str, float]:
            return {stage.name: float(value) for stage, value in zip(self.stages, values, strict=True)}

        promised, own, covered = (named(np.round(each * TICK, 9)) for each in (inbound, outbound, net))
        stock = named(self.stocks(net))
        return Placement(cost, min(lower_bound, cost), promised, own, covered, stock, method)


def ticks(periods: Sequence[float]) -> np.ndarray:
    """Return times as whole ticks."""
    return np.round(np.asarray(periods, dtype=float) / TICK).astype(np.int64)
