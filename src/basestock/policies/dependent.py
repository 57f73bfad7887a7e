"""Demand that nobody asks for: what processes take to make what customers, other nodes and other processes want."""

import dataclasses
import functools

import numpy as np

from basestock.decision import Problem
from basestock.network import Process
from basestock.uncertainty import (
    Autoregressive,
    DemandLaw,
    Deterministic,
    Discrete,
    DiscreteLaw,
    Gamma,
    Normal,
    Seasonal,
)

Place = tuple[int, int]
"""Node and item by their positions."""


@dataclasses.dataclass(frozen=True, eq=False)
class Requirements:
    """The laws of what is required of a node, period by period, by its customers and all that it serves.

    Parameters
    ----------
    problem
        The problem.

    Notes
    -----
    A process that makes an item which no lane brings takes, for each unit of it that is wanted,
    ``consumes / (1 - scrap) / (produces * yield)`` of a component: the law of the component is that of the product,
    stretched by this factor, since all components are taken by the same runs. Hours and batches are left out.
    """

    problem: Problem

    @functools.cached_property
    def made(self) -> dict[Place, Process]:
        """The process that makes an item at a node, where no lane brings it."""
        production, network = self.problem.arrays.production, self.problem.network
        if production is None:
            return {}
        pulled = np.argwhere(np.asarray(production.pulls)[: len(network.processes), :, 0] > 0)
        return {
            (network.node_index[network.processes[at].node], int(item)): network.processes[at]
            for at, item in pulled
        }

    @functools.cached_property
    def _found(self) -> dict[Place, tuple[DemandLaw, ...]]:
        return {}

    def laws(self, node: int, item: int) -> tuple[DemandLaw, ...]:
        """Return the laws of the demand at a node and at all that it supplies, with what their processes take."""
        if (node, item) not in self._found:
            # What a ring of processes and lanes comes back to is counted once.
            self._found[node, item] = ()
            reached = np.flatnonzero(np.asarray(self.problem.arrays.descendants)[node])
            places = [place for place in reached.tolist() if place < len(self.problem.network.nodes)]
            self._found[node, item] = tuple(law for place in places for law in self._laws_here(place, item))
        return self._found[node, item]

    def _laws_here(self, node: int, item: int) -> tuple[DemandLaw, ...]:
        network = self.problem.network
        own = self.problem.uncertainty.laws_at(network.nodes[node].name, network.items[item].name)
        taken: list[DemandLaw] = []
        for products in self.takers.get((node, item), []):
            # The product that asks for most runs decides; what else they make comes with it.
            each = {product: self.laws(node, product) for product in products}
            most = max(each, key=lambda product: products[product] * sum(law.mean for law in each[product]))
            taken += [stretched(law, products[most]) for law in each[most]]
        return (*own, *taken)

    @functools.cached_property
    def takers(self) -> dict[Place, list[dict[int, float]]]:
        """By node and component, for each process that takes it: units of it in a good unit of each product."""
        index = self.problem.network.item_index
        found: dict[Place, list[dict[int, float]]] = {}
        for node, process in {each.name: (node, each) for (node, _), each in self.made.items()}.values():
            good = {
                index[product]: units * process.yield_
                for product, units in process.produces.items()
                if self.made.get((node, index[product])) is process
            }
            for item, units in process.consumes.items():
                taken = units / (1.0 - process.scrap.get(item, 0.0))
                found.setdefault((node, index[item]), []).append(
                    {product: taken / each for product, each in good.items()}
                )
        return found


def stretched(law: DemandLaw, factor: float) -> DemandLaw:
    """Return the law of ``factor`` times a demand; by mean and variance where the law is neither discrete nor normal.

    Examples
    --------
    >>> stretched(Discrete((1.0, 2.0), (0.5, 0.5)), 3.0).support()[0].tolist()
    [3.0, 6.0]
    """
    if factor == 1.0:
        return law
    if isinstance(law, DiscreteLaw) and not isinstance(law, Seasonal):
        values, masses = law.support()
        return Discrete(tuple((values * factor).tolist()), tuple((masses / masses.sum()).tolist()))
    mean, deviation = law.mean * factor, float(np.sqrt(long_run_variance(law))) * factor
    if isinstance(law, Normal):
        return Normal(mean, deviation)
    return Gamma(mean, deviation) if mean > 0 and deviation > 0 else Deterministic(mean)


def long_run_variance(law: DemandLaw) -> float:
    """Return the variance per period of a sum over many, which memory raises."""
    if isinstance(law, Autoregressive):
        return law.base.variance / (1 - law.coefficient) ** 2
    return law.variance
