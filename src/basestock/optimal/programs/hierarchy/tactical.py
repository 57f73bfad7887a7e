"""What flows through open sites: an aggregate plan with duals."""

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from basestock.decision import Problem
from basestock.dynamics import State
from basestock.optimal.programs.hierarchy.strategic import Site, through
from basestock.optimal.programs.model import ProgramModel
from basestock.optimal.programs.network_program import ProgramResult, network_program
from basestock.optimal.programs.plan import Plan
from basestock.optimal.programs.walk import Walk
from basestock.uncertainty import Event

SITE = "site_capacity"
"""Group of constraints that a design gives to the aggregate plan."""


@dataclasses.dataclass(frozen=True)
class TacticalPlan:
    """The aggregate plan over some periods.

    Parameters
    ----------
    result
        The solved program.
    cost
        Money over the periods, revenues negative.
    duals
        Group of constraints to ``[constraint]``: change of the cost per unit of the right-hand side.
    slacks
        Group to ``[constraint]``: how far each is from binding.
    capacity_value
        Site to what one unit more of capacity in every period would change the cost by, money; never above 0.
    capacities
        Site to its capacity in the plan when it is open, units per period.
    """

    result: ProgramResult
    cost: float
    duals: Mapping[str, np.ndarray]
    slacks: Mapping[str, np.ndarray]
    capacity_value: Mapping[str, float]
    capacities: Mapping[str, float]

    @property
    def plan(self) -> Plan:
        """Orders, starts and shipments by period."""
        return self.result.plan


def plan_flows(
    problem: Problem,
    events: Event,
    sites: Sequence[Site],
    opened: Collection[str],
    *,
    start: State | None = None,
    **options: Any,
) -> TacticalPlan:
    """Return the cheapest aggregate plan over open sites: a linear program of the network's own physics.

    Parameters
    ----------
    problem
        Network and prices.
    events
        Forecast as a path of events, for instance from :func:`~basestock.optimal.programs.expected_events`.
    sites
        What may be open.
    opened
        Names of the sites that are.
    start
        State that it starts from; the problem's own if not given.
    options
        Of :meth:`ProgramModel.solve`.

    Raises
    ------
    InfeasibleError
        Naming the constraint that binds, for instance the capacity of a site.
    """
    capacities = dict.fromkeys((site.name for site in sites), 0.0)
    shares = [1.0 if site.name in opened else 0.0 for site in sites]

    def also(walk: Walk) -> None:
        for site, share in zip(sites, shares, strict=True):
            inside = through(problem, site)
            if not inside.any():
                continue
            capacity = capacities[site.name] = site_capacity(walk, site)
            moved = walk.flows["shipped"][inside].sum()
            walk.constrain(SITE, moved, "<=", capacity * share, lambda _, site=site: site.name)

    program = network_program(
        problem, events, start=start, relaxed=True, also=also, name=f"{problem.name}, tactical"
    )
    result = program.solve(**options)
    duals = dict(result.solved.duals)
    return TacticalPlan(
        result,
        result.objective,
        duals,
        program.model.slacks(result.solved.values),
        _value(program.model, duals, sites),
        capacities,
    )


def site_capacity(walk: Walk, site: Site) -> float:
    """Return units per period that pass through an open site; what no plan needs to exceed where it has no limit."""
    if site.capacity is not None:
        return site.capacity
    return float(walk.frame.largest.clip(max=1e9).sum())


def _value(model: ProgramModel, duals: Mapping[str, np.ndarray], sites: Sequence[Site]) -> dict[str, float]:
    found = dict.fromkeys((site.name for site in sites), 0.0)
    for label, dual in zip(model.labels(SITE), duals.get(SITE, np.zeros(0)).tolist(), strict=True):
        found[label.partition(",")[2]] += min(dual, 0.0)
    return found
