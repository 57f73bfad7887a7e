"""Guaranteed service: where to hold safety stock in a tree of stages that promise service times."""

import dataclasses
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from basestock.decision import Solution


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
    """

    name: str
    predecessors: tuple[str, ...]
    processing_time: int
    holding_cost: float
    bound: float
    inbound: int = 0
    max_outbound: int | None = None
    deviation: float = 0.0


@dataclasses.dataclass(frozen=True)
class _Tree:
    stages: dict[str, Stage]

    @cached_property
    def successors(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {name: [] for name in self.stages}
        for stage in self.stages.values():
            for source in stage.predecessors:
                found[source].append(stage.name)
        return found

    @cached_property
    def longest(self) -> int:
        return sum(s.processing_time for s in self.stages.values()) + max(
            s.inbound for s in self.stages.values()
        )

    def deviation(self, name: str) -> float:
        """Return the pooled deviation of all customers downstream."""
        reached, todo = set[str](), [name]
        while todo:
            at = todo.pop()
            if at not in reached:
                reached.add(at)
                todo += self.successors[at]
        return float(np.sqrt(sum(self.stages[each].deviation ** 2 for each in reached)))

    def table(self, name: str, parent: str | None) -> np.ndarray:
        """Return least cost [outbound, inbound] of a stage and of all that hangs on it beyond its parent."""
        stage, times = self.stages[name], np.arange(self.longest + 1)
        net = times[None, :] + stage.processing_time - times[:, None]
        allowed = (net >= 0) & (times[None, :] >= (stage.inbound if not stage.predecessors else 0))
        limit = stage.max_outbound
        if limit is not None:
            allowed &= times[:, None] <= limit
        elif not self.successors[name]:
            allowed &= times[:, None] == 0
        weight = stage.holding_cost * stage.bound * self.deviation(name)
        cost = np.where(allowed, weight * np.sqrt(np.maximum(net, 0)), np.inf)
        for source in stage.predecessors:
            if source != parent:
                own = self.table(source, name).min(axis=1)
                cost = cost + np.minimum.accumulate(own)[None, :]
        for buyer in self.successors[name]:
            if buyer != parent:
                own = self.table(buyer, name).min(axis=0)
                cost = cost + np.minimum.accumulate(own[::-1])[::-1][:, None]
        return cost


def is_tree(stages: Sequence[Stage]) -> bool:
    """Tell whether the links between stages form one tree."""
    neighbors: dict[str, list[str]] = {stage.name: [] for stage in stages}
    links = [(source, stage.name) for stage in stages for source in stage.predecessors]
    for source, name in links:
        neighbors[source].append(name)
        neighbors[name].append(source)
    reached, todo = set[str](), [stages[0].name]
    while todo:
        at = todo.pop()
        if at not in reached:
            reached.add(at)
            todo += neighbors[at]
    return len(reached) == len(stages) == len(links) + 1


def guaranteed_service(stages: Sequence[Stage]) -> Solution:
    """Return the cheapest safety stock of a tree (Graves and Willems 2000, doi:10.1287/msom.2.1.68.23267).

    Parameters
    ----------
    stages
        The stages; their links form a tree.

    Returns
    -------
    Solution
        Money per period. Service times are found along the way and not kept.

    Notes
    -----
    Stage i holds h z sigma sqrt(SI + T - S), SI at least the S of every supplier; whole service times are tried for
    each stage, given those of the stage next to it.
    """
    tree = _Tree({stage.name: stage for stage in stages})
    value = float(tree.table(stages[0].name, None).min())
    return Solution(value, {}, "dynamic program over a tree, Graves and Willems 2000")
