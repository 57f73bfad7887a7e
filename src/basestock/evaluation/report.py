"""The evaluation report: totals, terms, key figures, paired differences, gaps."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from basestock.decision import Certificate, Policy, Problem
from basestock.economics import Estimate, Sums, estimate
from basestock.evaluation.disruptions import DisruptionEffect, disruption_effects
from basestock.evaluation.fairness import require_fair
from basestock.evaluation.run import Played, kpi_estimates, paired, play, risk_estimates

SCHEMA = "basestock.evaluation/1"


@dataclasses.dataclass(frozen=True, eq=False)
class PolicyRow:
    """What is known about one policy.

    Parameters
    ----------
    policy
        Name given by the caller.
    parameters
        Its parameters.
    total
        Total by the problem's criterion, money.
    terms
        Ledger terms per period, or in all as the criterion says, unsigned.
    kpis
        Key figures over the counted periods.
    windows
        Key figures by window of time, oldest first.
    versus
        Total minus the other policy's total on the same events, by name.
    risk
        Measures of the law of the total over replications, as returns: a cost counts with the other sign.
    gap_percent
        Distance to the known value, worse is positive; ``None`` without one.
    certificate
        What the gap proves.
    disruptions
        What each dated disruption does to it, against the same events without that disruption.
    """

    policy: str
    parameters: dict[str, Any]
    total: Estimate
    terms: dict[str, Estimate]
    kpis: dict[str, Estimate]
    windows: tuple[dict[str, Estimate], ...]
    versus: dict[str, Estimate]
    risk: dict[str, Estimate]
    gap_percent: float | None
    certificate: Certificate
    disruptions: tuple[DisruptionEffect, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        rows = lambda table: {name: value.to_dict() for name, value in table.items()}  # noqa: E731
        return {
            "policy": self.policy,
            "parameters": self.parameters,
            "total": self.total.to_dict(),
            "terms": rows(self.terms),
            "kpis": rows(self.kpis),
            "windows": [rows(window) for window in self.windows] if len(self.windows) > 1 else [],
            "versus": rows(self.versus),
            "risk": rows(self.risk),
            "gap_percent": self.gap_percent,
            "certificate": self.certificate,
            "disruptions": [effect.to_dict() for effect in self.disruptions],
        }


@dataclasses.dataclass(frozen=True, eq=False)
class EvaluationReport:
    """Every policy on the same events.

    Parameters
    ----------
    id
        Name of the problem.
    rows
        One row per policy.
    provenance
        Seed, replications, periods, criterion.
    played
        What each policy came to in every replication, by policy.
    """

    id: str
    rows: tuple[PolicyRow, ...]
    provenance: dict[str, Any]
    played: Mapping[str, Played]

    def __getitem__(self, policy: str) -> PolicyRow:
        return next(row for row in self.rows if row.policy == policy)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document."""
        return {
            "schema": SCHEMA,
            "id": self.id,
            "provenance": self.provenance,
            "policies": [row.to_dict() for row in self.rows],
        }

    def summary(self) -> str:
        """Return a table as text: total, half-width and gap of each policy."""
        lines = [f"{'policy':<24}{'total':>14}{'+/-':>10}{'gap %':>9}  certificate"]
        for row in self.rows:
            width = "" if row.total.half_width is None else f"{row.total.half_width:.4f}"
            gap = "" if row.gap_percent is None else f"{row.gap_percent:.2f}"
            lines.append(f"{row.policy:<24}{row.total.mean:>14.4f}{width:>10}{gap:>9}  {row.certificate}")
        return "\n".join(lines)


def evaluate(
    problem: Problem,
    policies: Mapping[str, Policy | tuple[Problem, Policy]],
    replications: int = 100,
    seed: int = 0,
    *,
    periods: int | None = None,
    windows: int = 1,
    risk_levels: tuple[float, ...] = (0.05,),
) -> EvaluationReport:
    """Play every policy on the same random events and compare them.

    Parameters
    ----------
    problem
        The problem.
    policies
        Policy by name; a pair (problem, policy) names the problem the policy was built for, and is refused unless it
        is the same game.
    replications
        Independent replications.
    seed
        Root of the events.
    periods
        Counted periods per replication; the problem's horizon if not given.
    windows
        Number of equal windows of time that key figures are reported for.
    risk_levels
        Tail masses that conditional and plain value at risk are reported for.

    Returns
    -------
    EvaluationReport
        Totals, terms, key figures with 95 % half-widths, paired differences, gaps.

    Raises
    ------
    FairnessError
        If a policy would be judged on another game.
    ValueError
        If there is no policy or fewer than two replications.
    """
    if not policies or replications < 2:
        raise ValueError(
            f"evaluate: {len(policies)} policies and {replications} replications, must be at least 1 and 2. Add some."
        )
    require_fair({"problem": problem} | {n: e[0] for n, e in policies.items() if isinstance(e, tuple)})
    players = {name: entry[1] if isinstance(entry, tuple) else entry for name, entry in policies.items()}
    played = {
        name: play(problem, policy, replications=replications, seed=seed, periods=periods, windows=windows)
        for name, policy in players.items()
    }
    effects = {
        name: disruption_effects(problem, policy, replications=replications, seed=seed, periods=periods)
        for name, policy in players.items()
    }
    rows = tuple(_row(problem, name, players[name], played, risk_levels, effects[name]) for name in players)
    provenance = {
        "seed": seed,
        "replications": replications,
        "periods": problem.horizon if periods is None else periods,
        "warm_up": problem.warm_up,
        "criterion": problem.criterion,
        "sense": problem.sense,
    }
    return EvaluationReport(problem.name, rows, provenance, played)


def _row(
    problem: Problem,
    name: str,
    policy: Policy,
    played: Mapping[str, Played],
    risk_levels: tuple[float, ...],
    effects: tuple[DisruptionEffect, ...],
) -> PolicyRow:
    mine = played[name]
    num_tiers = int(np.asarray(problem.arrays.tier).max()) + 1
    windows = tuple(kpi_estimates(sums, num_tiers) for sums in mine.sums)
    whole = mine.sums[0] if len(mine.sums) == 1 else pooled(mine)
    periods = whole.periods if problem.averages else 1
    gap, certificate = gap_percent(problem, estimate(mine.totals).mean)
    return PolicyRow(
        name,
        policy_parameters(problem, policy),
        estimate(mine.totals),
        {term: estimate(money / periods) for term, money in whole.money.items()},
        kpi_estimates(whole, num_tiers),
        windows,
        {other: paired(mine.totals, theirs.totals) for other, theirs in played.items() if other != name},
        risk_estimates(-problem.sign * mine.totals, risk_levels),
        gap,
        certificate,
        effects,
    )


def pooled(played: Played) -> Sums:
    """Add the windows of a path up to its whole (classes A, L and R of ``kpis.md``)."""
    first = played.sums[0]

    def add(table: str) -> dict[str, np.ndarray]:
        parts = [getattr(sums, table) for sums in played.sums]
        return {name: np.sum([part[name] for part in parts], axis=0) for name in parts[0]}

    periods = sum(sums.periods for sums in played.sums)
    return dataclasses.replace(first, totals=add("totals"), money=add("money"), periods=periods)


def gap_percent(problem: Problem, total: float | None) -> tuple[float | None, Certificate]:
    """Return the distance to the known value in percent of it, positive where the policy is worse in either sense.

    A known value of 0 has no percentage; below 0, as with returns that are minus cost, it is one of its size.
    """
    known = problem.known
    if known is None or total is None:
        return None, "none"
    if known.value == 0:
        return None, known.certificate
    return 100.0 * problem.sign * (total - known.value) / abs(known.value), known.certificate


def policy_parameters(problem: Problem, policy: Policy) -> dict[str, Any]:
    """Return the parameters by place, ``[node][item]`` without padding; one number where all places agree."""
    fields = {name: getattr(policy, name) for name in policy.__dataclass_fields__}
    return {
        name: _plain(value, problem) for name, value in fields.items() if getattr(value, "ndim", None) == 3
    }


def _plain(value: Any, problem: Problem) -> Any:
    network = problem.network
    shape = (problem.arrays.num_nodes, problem.arrays.num_items, value.shape[-1])
    places = np.broadcast_to(np.asarray(value, dtype=np.float64), shape)
    table = places[: len(network.nodes), : len(network.items)].squeeze(-1) if shape[-1] == 1 else places
    return float(table.flat[0]) if np.all(table == table.flat[0]) else table.tolist()
