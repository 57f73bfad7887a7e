"""The layers together: designs go down, the value of capacity and the regret come back up, until they agree."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np

from basestock.decision import Policy, Problem
from basestock.dynamics import State
from basestock.optimal.mdp import Optimum
from basestock.optimal.programs.hierarchy.operational import HierarchicalPolicy, hierarchical_policy
from basestock.optimal.programs.hierarchy.strategic import Site, design_network
from basestock.optimal.programs.hierarchy.tactical import TacticalPlan, plan_flows
from basestock.optimal.programs.linear import Linear
from basestock.optimal.programs.model import ProgramModel
from basestock.optimal.programs.paths import expected_events
from basestock.optimal.programs.refusal import InfeasibleError
from basestock.policies.common_events import Runner
from basestock.policies.formulas import Newsvendor
from basestock.uncertainty import Event


@dataclasses.dataclass(frozen=True)
class Round:
    """One exchange between the layers.

    Parameters
    ----------
    opened
        Sites that the strategic layer opened.
    cost
        Money over the horizon of the design with its aggregate plan; ``None`` where no plan exists.
    bound
        Proven lower bound on the cost of every design so far; on that with regret where regret is measured, if no
        design has less than none.
    capacity_value
        Site to the change of the cost per unit of capacity in every period: the dual that goes up.
    infeasible
        Groups of constraints to their violation where no plan exists.
    regret
        What the orders of each day cost beyond the aggregate plan, mean over paths, money over the horizon: it goes
        up. ``None`` where it is not measured, or no plan exists.
    """

    opened: tuple[str, ...]
    cost: float | None
    bound: float
    capacity_value: Mapping[str, float]
    infeasible: Mapping[str, float]
    regret: float | None = None


@dataclasses.dataclass(frozen=True)
class HierarchyPlan:
    """What the layers agreed on.

    Parameters
    ----------
    opened
        Open sites.
    cost, bound
        Money over the horizon of the fixed costs and the aggregate plan, with its regret where that is measured, and a
        lower bound on it.
    tactical
        The aggregate plan.
    policy
        The three layers as one policy.
    rounds
        What was exchanged, in order.
    regret
        That of the agreed design; ``None`` where it is not measured.
    """

    opened: tuple[str, ...]
    cost: float
    bound: float
    tactical: TacticalPlan
    policy: HierarchicalPolicy
    rounds: tuple[Round, ...]
    regret: float | None = None

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
    operational: Policy | Optimum | None = None,
    flexibility: float = 0.2,
    regret_paths: int = 0,
    regret_seed: int = 0,
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
        Who orders within the plan: any policy, or the exact optimum of a dynamic program; base stock at the critical
        ratio if not given.
    flexibility
        Share that day-to-day orders may exceed the aggregate plan by.
    regret_paths
        Paths on which the regret of each design is measured; 0 to leave it out, so that duals alone go up.
    regret_seed
        Root of their events, the same for all designs.
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
    ValueError
        If a number is out of its range.

    Notes
    -----
    The tactical cost Q(y) is convex in the opened capacities. Its duals pi give Q(y) >= Q(y') + sum pi_s cap_s (y_s -
    y'_s), which goes up as a constraint of the strategic layer (Benders 1962, doi:10.1007/BF01386316). Where no plan
    exists for a design, some closed site must open. The first design is that of the steady flows. The regret r(y) is
    the mean cost of the operational policy within the plan, on paths, less Q(y). It goes up as
    r >= r(y') (1 - number of sites in which y and y' differ), the integer L-shaped cut (Laporte and Louveaux 1993,
    doi:10.1016/0167-6377(93)90002-X), so that a design whose plan cannot be followed gives way to one that costs less
    when it is lived; r >= 0 since the plan of the expected path is a relaxation (Jensen), where only demand is random.
    """
    if regret_paths < 0 or max_rounds < 1:
        raise ValueError(
            f"plan_hierarchy: regret_paths is {regret_paths}, must be >= 0, and max_rounds {max_rounds}, must be >= 1. "
            "Correct them."
        )
    forecast = (
        expected_events(problem, num_periods, first_period=0 if start is None else int(start.period))
        if events is None
        else events
    )
    runner = _runner(problem, num_periods, start, regret_paths, regret_seed) if regret_paths else None
    inner = operational.policy(problem) if isinstance(operational, Optimum) else operational
    below = _Below(
        problem,
        tuple(sites),
        forecast,
        start,
        Newsvendor.for_problem(problem) if inner is None else inner,
        flexibility,
        runner,
        options,
    )
    every = tuple(site.name for site in sites)
    # More capacity never costs more: all sites open bound the cost of every design, or show that none is feasible.
    widest = plan_flows(problem, forecast, sites, every, start=start, **options)
    master = _Master(sites, num_periods, widest.cost)
    master.cut(every, widest)
    return _agree(below, master, _first_design(problem, sites, every, options), widest, max_rounds, tolerance)


def _runner(problem: Problem, num_periods: int, start: State | None, paths: int, seed: int) -> Runner:
    """Return what plays a policy over the horizon of the plan, every period counted as the plan counts it."""
    counted = dataclasses.replace(
        problem,
        warm_up=0,
        horizon=num_periods,
        criterion="discounted_cost" if problem.discounts else "finite_horizon_total_cost",
        discount=problem.discount if problem.discounts else 1.0,
        known=None,
    )
    return Runner(counted, num_periods, paths, jax.random.key(seed), paths, start)


@dataclasses.dataclass(frozen=True, eq=False)
class _Tried:
    """A design with what the layers below made of it."""

    opened: tuple[str, ...]
    plan: TacticalPlan
    policy: HierarchicalPolicy
    regret: float | None

    @property
    def cost(self) -> float:
        """Money over the horizon, fixed costs left out."""
        return self.plan.cost + (self.regret or 0.0)


@dataclasses.dataclass(frozen=True, eq=False)
class _Below:
    """The tactical and the operational layer."""

    problem: Problem
    sites: tuple[Site, ...]
    forecast: Event
    start: State | None
    operational: Policy
    flexibility: float
    runner: Runner | None
    options: Mapping[str, Any]

    def follow(self, opened: tuple[str, ...], plan: TacticalPlan) -> _Tried:
        """Put the operational policy into a plan, and measure what that costs beyond it."""
        policy = hierarchical_policy(self.problem, self.operational, plan.plan.order, self.flexibility)
        regret = None if self.runner is None else float(self.runner.totals(policy).mean()) - plan.cost
        return _Tried(opened, plan, policy, regret)

    def ask(self, opened: tuple[str, ...]) -> "_Tried | InfeasibleError":
        """Return what becomes of a design."""
        try:
            plan = plan_flows(
                self.problem, self.forecast, self.sites, opened, start=self.start, **self.options
            )
        except InfeasibleError as error:
            return error
        return self.follow(opened, plan)


def _agree(
    below: _Below,
    master: "_Master",
    opened: tuple[str, ...],
    widest: TacticalPlan,
    max_rounds: int,
    tolerance: float,
) -> HierarchyPlan:
    """Let designs go down, and duals and regret come up, until the best design meets the bound."""
    best: _Tried | None = None
    least, bound = np.inf, -np.inf
    rounds: list[Round] = []
    for _ in range(max_rounds):
        found = below.ask(opened)
        told = master.hear(opened, found)
        if isinstance(found, _Tried) and found.cost + master.fixed(opened) < least:
            best, least = found, found.cost + master.fixed(opened)
        proposal, bound = master.solve(below.options)
        rounds.append(dataclasses.replace(told, bound=bound))
        if best is not None and least - bound <= tolerance * max(abs(least), 1.0):
            break
        opened = proposal
    if best is None:
        best = below.follow(tuple(site.name for site in below.sites), widest)
        least = best.cost + master.fixed(best.opened)
    return HierarchyPlan(
        best.opened, least, min(bound, least), best.plan, best.policy, tuple(rounds), best.regret
    )


def _first_design(
    problem: Problem, sites: Sequence[Site], every: tuple[str, ...], options: Mapping[str, Any]
) -> tuple[str, ...]:
    """Return the design of the steady flows; all sites where there is none."""
    try:
        return design_network(problem, sites, **options).opened
    except InfeasibleError:
        return every


class _Master:
    """The strategic layer with what it was told from below."""

    def __init__(self, sites: Sequence[Site], num_periods: int, least: float) -> None:
        self._sites, self._periods = tuple(sites), num_periods
        self._model = ProgramModel("strategic layer")
        self._opened = self._model.variables(
            "open", (len(sites),), high=1.0, whole=True, label=lambda flat: sites[flat].name
        )
        self._below = self._model.variables("tactical_cost", (), low=least)
        self._regret = self._model.variables("regret", ())
        fixed = np.array([site.fixed_cost * num_periods for site in sites])
        self._model.minimize((self._opened * fixed).sum() + self._below + self._regret)

    def fixed(self, opened: Sequence[str]) -> float:
        """Return the fixed cost of a design over the horizon, money."""
        return sum(site.fixed_cost * self._periods for site in self._sites if site.name in opened)

    def hear(self, opened: tuple[str, ...], found: _Tried | InfeasibleError) -> Round:
        """Take in what became of a design, and note it."""
        if isinstance(found, InfeasibleError):
            self.open_one_more(opened)
            return Round(opened, None, -np.inf, {}, found.violations)
        self.cut(opened, found.plan)
        if found.regret is not None:
            self.regret(opened, found.regret)
        total = found.plan.cost + self.fixed(opened)
        return Round(opened, total, -np.inf, found.plan.capacity_value, {}, found.regret)

    def cut(self, opened: Sequence[str], plan: TacticalPlan) -> None:
        """Take in the cost of a design and the value of capacity in it."""
        slope = np.array([_slope(plan, site) for site in self._sites])
        here = np.array([float(site.name in opened) for site in self._sites])
        below: Linear = self._below - (self._opened * slope).sum()
        self._model.constrain("tactical_cost", below, ">=", plan.cost - float(slope @ here))

    def regret(self, opened: Sequence[str], money: float) -> None:
        """Take in what a design costs beyond its plan; nothing is known of any other."""
        here = np.array([float(site.name in opened) for site in self._sites])
        differs = (self._opened * (1.0 - 2.0 * here)).sum()
        self._model.constrain("regret", self._regret + differs * money, ">=", money * (1.0 - here.sum()))

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
