"""From a file to its optimum: what the command ``basestock network optimize`` answers."""

import dataclasses
from pathlib import Path
from typing import Any, Literal

from basestock.decision import Problem
from basestock.optimal.programs.document import ProgramRequest, read_request
from basestock.optimal.programs.hierarchy import design_network, plan_hierarchy
from basestock.optimal.programs.hierarchy.orchestrator import HierarchyPlan
from basestock.optimal.programs.hierarchy.strategic import Design
from basestock.optimal.programs.network_program import ProgramResult, network_program
from basestock.optimal.programs.plan import Plan, replay

SCHEMA = "basestock.network_program/1"

MOST_DUALS = 50
"""Binding constraints that an answer lists, the dearest first."""


@dataclasses.dataclass(frozen=True)
class NetworkOptimum:
    """The answer to a file.

    Parameters
    ----------
    id
        Name of the file without its ending.
    task
        ``plan``, ``design`` or ``hierarchy``.
    status
        ``optimal`` within the gap that was asked for, or ``feasible``.
    objective, bound, gap
        Money over the horizon (of a design: per period), revenues negative; a proven lower bound; and the relative gap.
    certificate
        ``exact``, or ``best_known`` when time ran out. A relaxed program answers with a ``lower_bound``.
    replayed
        What the plan costs when it is played through the transition, money; ``None`` for designs and relaxed programs.
    terms
        The same by ledger term, not discounted; money of the first scenario.
    size
        Number of ``periods``, ``scenarios``, ``variables``, ``constraints`` and ``whole`` variables.
    plan
        What is done in each period; of several scenarios, the first.
    opened
        Sites that open.
    flows
        Units per period on each lane, of a design.
    rounds
        What the layers of a hierarchy told each other.
    duals
        Binding constraints of a relaxed program with their duals, money per unit.
    """

    id: str
    task: str
    status: str
    objective: float
    bound: float
    gap: float
    certificate: Literal["exact", "lower_bound", "best_known"]
    replayed: float | None
    terms: dict[str, float]
    size: dict[str, int]
    plan: list[dict[str, Any]]
    opened: list[str]
    flows: list[dict[str, Any]]
    rounds: list[dict[str, Any]]
    duals: list[dict[str, Any]]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document."""
        return {"schema": SCHEMA, **dataclasses.asdict(self)}


def network_optimization(path: Path | str, *, lp: Path | str | None = None) -> NetworkOptimum:
    """Plan or design the network of a file.

    Parameters
    ----------
    path
        See :func:`basestock.optimal.programs.document.read_request`.
    lp
        Where to keep the program as an LP file; not kept if not given.

    Raises
    ------
    ProgramFileError, NetworkError, TariffError
        With what is wrong with the file.
    UnsupportedError
        Naming a feature without a linear constraint.
    InfeasibleError
        Naming the constraints that cannot be met together.
    """
    request = read_request(path)
    if request.settings["task"] == "design":
        return _design(request)
    if request.settings["task"] == "hierarchy":
        return _hierarchy(request)
    return _plan(request, lp)


def _options(request: ProgramRequest) -> dict[str, Any]:
    return {name: request.settings[name] for name in ("time_limit", "mip_rel_gap", "threads", "seed")}


def _plan(request: ProgramRequest, lp: Path | str | None) -> NetworkOptimum:
    relaxed = bool(request.settings["relaxed"])
    program = network_program(
        request.problem,
        request.scenarios,
        weights=request.weights,
        shared=int(request.settings["shared"]),
        relaxed=relaxed,
        name=request.name,
    )
    if lp is not None:
        program.model.write_lp(lp)
    result = program.solve(**_options(request))
    replayed, terms = (None, {}) if relaxed else _played(request, result)
    solved, exact = result.solved, result.solved.gap <= float(request.settings["mip_rel_gap"])
    return NetworkOptimum(
        request.name, "plan", solved.status, solved.objective, solved.bound, solved.gap,
        "lower_bound" if relaxed else "exact" if exact else "best_known",
        replayed, terms, _size(request, result), result.plan.to_dict(request.problem), [], [], [], _duals(result),
    )  # fmt: skip


def _played(request: ProgramRequest, result: ProgramResult) -> tuple[float, dict[str, float]]:
    """Play the plan of each scenario; return the expected total, and the terms of the first."""
    played = [
        replay(result.plan_of(number), request.problem, events)
        for number, events in enumerate(request.scenarios)
    ]
    total = sum(weight * each.total for weight, each in zip(request.weights, played, strict=True))
    return total, played[0].by_term


def _size(request: ProgramRequest, result: ProgramResult) -> dict[str, int]:
    model = result.program.model
    return {
        "periods": result.program.num_periods,
        "scenarios": len(request.scenarios),
        "variables": model.num_variables,
        "constraints": model.num_constraints,
        "whole": model.num_whole,
    }


def _duals(result: ProgramResult) -> list[dict[str, Any]]:
    model = result.program.model
    rows: list[dict[str, Any]] = [
        {"constraint": group, "at": at, "dual": dual}
        for group, duals in result.solved.duals.items()
        if not group.endswith("_balance")
        for at, dual in zip(model.labels(group), duals.tolist(), strict=True)
        if abs(dual) > 1e-9
    ]
    rows.sort(key=lambda row: (-abs(row["dual"]), row["constraint"], row["at"]))
    return rows[:MOST_DUALS]


def _design(request: ProgramRequest) -> NetworkOptimum:
    found: Design = design_network(
        request.problem,
        request.sites,
        single_source=bool(request.settings["single_source"]),
        **_options(request),
    )
    gap = (found.cost - found.bound) / max(abs(found.cost), 1e-10)
    flows = [
        {"lane": lane, "item": item, "quantity": quantity, "unit": _unit(request.problem, item)}
        for (lane, item), quantity in sorted(found.flows.items())
    ]
    return NetworkOptimum(
        request.name, "design", "optimal", found.cost, found.bound, gap, "exact", None, {},
        {"sites": len(request.sites)}, [], list(found.opened), flows, [], [],
    )  # fmt: skip


def _unit(problem: Problem, item: str) -> str:
    return problem.network.items[problem.network.item_index[item]].unit


def _hierarchy(request: ProgramRequest) -> NetworkOptimum:
    periods = int(request.settings["periods"])
    found: HierarchyPlan = plan_hierarchy(
        request.problem,
        request.sites,
        num_periods=periods,
        flexibility=float(request.settings["flexibility"]),
        **_options(request),
    )
    result = found.tactical.result
    plan: Plan = found.tactical.plan
    closed = found.gap <= max(float(request.settings["mip_rel_gap"]), 1e-6)
    return NetworkOptimum(
        request.name, "hierarchy", "optimal" if closed else "feasible", found.cost, found.bound, found.gap,
        "exact" if closed else "best_known", None, {}, _size(request, result), plan.to_dict(request.problem),
        list(found.opened), [], [dataclasses.asdict(each) for each in found.rounds], _duals(result),
    )  # fmt: skip
