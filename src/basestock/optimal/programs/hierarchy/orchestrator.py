"""The layers together: designs go down, the value of capacity comes back up, until they agree."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from basestock.decision import Policy, Problem
from basestock.dynamics import State
from basestock.optimal.programs.hierarchy.operational import HierarchicalPolicy, hierarchical_policy
from basestock.optimal.programs.hierarchy.strategic import Site, design_network
from basestock.optimal.programs.hierarchy.tactical import TacticalPlan, plan_flows
from basestock.optimal.programs.linear import Linear
from basestock.optimal.programs.model import ProgramModel
from basestock.optimal.programs.paths import expected_events
from basestock.optimal.programs.refusal import InfeasibleError
from basestock.policies.formulas import Newsvendor
from basestock.uncertainty import Event


@dataclasses.dataclass(frozen=True)
class Round:
    """One exchange between the strategic and the tactical layer.

    Parameters
    ----------
    opened
        Sites that the strategic layer opened.
    cost
        Money over the horizon of the design with its aggregate plan; ``None`` where no plan exists.
    bound
        Proven lower bound on the cost of every design so far.
    capacity_value
        Site to the change of the cost per unit of capacity in every period: the dual that goes up.
    infeasible
        Groups of constraints to their violation where no plan exists.
    """

    opened: tuple[str, ...]
    cost: float | None
    bound: float
    capacity_value: Mapping[str, float]
    infeasible: Mapping[str, float]


@dataclasses.dataclass(frozen=True)
class HierarchyPlan:
    """What the layers agreed on.

    Parameters
    ----------
    opened
        Open sites.
    cost, bound
        Money over the horizon of the fixed costs and the aggregate plan, and a proven lower bound on it.
    tactical
        The aggregate plan.
    policy
        The three layers as one policy.
    rounds
        What was exchanged, in order.
    """

    opened: tuple[str, ...]
    cost: float
    bound: float
    tactical: TacticalPlan
    policy: HierarchicalPolicy
    rounds: tuple[Round, ...]

    @property
    def gap(self) -> float:
        r"""(cost - bound) / max(\|cost\|, 1e-10)."""
        return (self.cost - self.bound) / max(abs(self.cost), 1e-10)


def plan_hierarchy(
    problem: Problem,
    sites: Sequence[Site],
    *,
    num_periods: int,
    events: Event | None = None,
    start: State | None = None,
    operational: Policy | None = None,
    flexibility: float = 0.2,
    max_rounds: int = 50,
    tolerance: float = 1e-6,
    **options: Any,
) -> HierarchyPlan:
    """Decide in three layers: which sites open, what flows through them, and what is ordered day by day.

    Parameters
    ----------
    problem
        Network, prices and demand.
    sites
        What may be opened.
    num_periods
        Horizon of the aggregate plan, periods.
    events
        Forecast as a path of events; the expected path if not given.
    start
        State to start from.
    operational
        Who orders within the plan, for instance an exact optimum of one place; base stock at the critical ratio if
        not given.
    flexibility
        Share that day-to-day orders may exceed the aggregate plan by.
    max_rounds
        Largest number of exchanges.
    tolerance
        Relative gap between the best design and the proven bound at which they agree.
    options
        Of :meth:`ProgramModel.solve`.

    Raises
    ------
    InfeasibleError
        If even with every site open no plan exists, naming the constraint that binds.

    Notes
    -----
    The tactical cost Q(y) is convex in the opened capacities. Its duals pi give Q(y) >= Q(y') + sum pi_s cap_s (y_s -
    y'_s), which goes up as a constraint of the strategic layer (Benders 1962, doi:10.1007/BF01386316). Where no plan
    exists for a design, some closed site must open. The first design is that of the steady flows.
    """
    forecast = (
        expected_events(problem, num_periods, first_period=0 if start is None else int(start.period))
        if events is None
        else events
    )
    every = tuple(site.name for site in sites)
    # More capacity never costs more: all sites open bound the cost of every design, or show that none is feasible.
    widest = plan_flows(problem, forecast, sites, every, start=start, **options)
    master = _Master(sites, num_periods, widest.cost)
    master.cut(every, widest)
    opened = _first_design(problem, sites, every, options)
    best: tuple[float, tuple[str, ...], TacticalPlan] | None = None
    rounds: list[Round] = []
    bound = -np.inf
    for _ in range(max_rounds):
        cost, plan = _tried(problem, forecast, sites, opened, start, options)
        violations = {} if isinstance(plan, TacticalPlan) else plan.violations
        if isinstance(plan, TacticalPlan):
            total = cost + master.fixed(opened)
            best = min(best or (np.inf, opened, plan), (total, opened, plan), key=lambda each: each[0])
            master.cut(opened, plan)
        else:
            total = None
            master.open_one_more(opened)
        value = plan.capacity_value if isinstance(plan, TacticalPlan) else {}
        proposal, bound = master.solve(options)
        rounds.append(Round(opened, total, bound, value, violations))
        if best is not None and best[0] - bound <= tolerance * max(abs(best[0]), 1.0):
            break
        opened = proposal
    if best is None:
        total, opened, plan = widest.cost + master.fixed(every), every, widest
    else:
        total, opened, plan = best
    inner = Newsvendor.for_problem(problem) if operational is None else operational
    policy = hierarchical_policy(problem, inner, plan.plan.order, flexibility)
    return HierarchyPlan(opened, total, min(bound, total), plan, policy, tuple(rounds))


def _first_design(
    problem: Problem, sites: Sequence[Site], every: tuple[str, ...], options: Mapping[str, Any]
) -> tuple[str, ...]:
    """Return the design of the steady flows; all sites where there is none."""
    try:
        return design_network(problem, sites, **options).opened
    except InfeasibleError:
        return every


def _tried(
    problem: Problem,
    forecast: Event,
    sites: Sequence[Site],
    opened: tuple[str, ...],
    start: State | None,
    options: Mapping[str, Any],
) -> tuple[float, TacticalPlan | InfeasibleError]:
    try:
        plan = plan_flows(problem, forecast, sites, opened, start=start, **options)
    except InfeasibleError as error:
        return np.inf, error
    return plan.cost, plan


class _Master:
    """The strategic layer with what it was told from below."""

    def __init__(self, sites: Sequence[Site], num_periods: int, least: float) -> None:
        self._sites, self._periods = tuple(sites), num_periods
        self._model = ProgramModel("strategic layer")
        self._opened = self._model.variables(
            "open", (len(sites),), high=1.0, whole=True, label=lambda flat: sites[flat].name
        )
        self._below = self._model.variables("tactical_cost", (), low=least)
        fixed = np.array([site.fixed_cost * num_periods for site in sites])
        self._model.minimize((self._opened * fixed).sum() + self._below)

    def fixed(self, opened: Sequence[str]) -> float:
        """Return the fixed cost of a design over the horizon, money."""
        return sum(site.fixed_cost * self._periods for site in self._sites if site.name in opened)

    def cut(self, opened: Sequence[str], plan: TacticalPlan) -> None:
        """Take in the cost of a design and the value of capacity in it."""
        slope = np.array([_slope(plan, site) for site in self._sites])
        here = np.array([float(site.name in opened) for site in self._sites])
        below: Linear = self._below - (self._opened * slope).sum()
        self._model.constrain("tactical_cost", below, ">=", plan.cost - float(slope @ here))

    def open_one_more(self, opened: Sequence[str]) -> None:
        """Rule out a design without a plan, and all with fewer sites."""
        closed = np.array([float(site.name not in opened) for site in self._sites])
        self._model.constrain("open_more", (self._opened * closed).sum(), ">=", 1.0)

    def solve(self, options: Mapping[str, Any]) -> tuple[tuple[str, ...], float]:
        """Return the next design and the bound that it proves."""
        solved = self._model.solve(**options)
        values = self._opened.at(solved.values)
        return tuple(
            s.name for s, value in zip(self._sites, values, strict=True) if value > 0.5
        ), solved.bound


def _slope(plan: TacticalPlan, site: Site) -> float:
    """Return the change of the tactical cost when a site opens: its dual times its capacity, over all periods."""
    return plan.capacity_value[site.name] * plan.capacities[site.name]
