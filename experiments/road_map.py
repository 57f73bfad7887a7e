"""E-D3: every item of the road map of system D: what it gains over the best tuned classic, also when negative."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from basestock.decision import Policy, Problem
from basestock.economics import cvar
from basestock.evaluation import kpi_estimates, paired
from basestock.learning import TrainResult, learn, run_key
from basestock.learning.curriculum import growing, learn_in_stages
from basestock.learning.ensemble import Ensemble
from basestock.learning.pareto import dominated
from basestock.learning.randomization import randomized, watching
from basestock.learning.shaping import shaped
from basestock.optimal.players import PLAYERS
from basestock.optimal.programs.refusal import UnsupportedError
from basestock.optimal.rollouts import rollout_policy
from experiments.contest import Contender, Outcome, best_tuned, contest, tuned
from experiments.registry import Experiment, Options
from experiments.report import Cell, Report, Table
from experiments.road_map_games import DRIFT, FAMILY, SHIFTS, game_of

CLASSICS = ("told_base_stock", "forecast_base_stock", "capped_base_stock", "order_up_to")
"""Classical policies that are tuned; the first is told the mean demand of every day, which the others are not."""

BASE = "told_base_stock"
"""Classic that is imitated, added to, and planned from."""

STAGES = 3
"""Stages of the curriculum."""

REACH = 0.5
"""Mean demands of a day by which a bounded order may differ from that of the classic."""

SERVICE = 0.95
"""Fill rate of the service floor."""

FLOORS = (0.9, SERVICE, 0.99)
"""Fill rates of the front."""

MEMBERS = ("residual", "none: quantities from a base stock")
"""What the ensemble is made of, beside the classic."""

ROLLING = 4
"""Episodes of the rolling program."""

LONG = 365
"""Days of the long horizon."""

TAIL = 0.1
"""Share of the episodes in the tail."""


@dataclasses.dataclass(frozen=True, eq=False)
class Trained:
    """What was learned for an item.

    Parameters
    ----------
    problem
        The game as it sees it.
    results
        One run for each seed.
    """

    problem: Problem
    results: Sequence[TrainResult]

    @property
    def policies(self) -> list[Policy]:
        """The policies, one for each seed."""
        return [each.policy for each in self.results]

    def contender(self, name: str) -> Contender:
        """Return the row of the item."""
        return Contender(name, self.policies, self.problem, budget=budget_of(self.results))


Runs = dict[str, Trained]


def run(options: Options) -> Report:
    """Tune, train and judge every item."""
    problem = game_of()
    runs = _runs(problem, options)
    classics = [tuned(problem, name, options) for name in CLASSICS]
    adapting = _adapting(problem, options)
    contenders = [
        *classics,
        adapting,
        *(trained.contender(name) for name, trained in runs.items()),
        *_together(problem, runs, classics[0].policies[0]),
    ]
    outcomes = contest(problem, contenders, options)
    rows = gains(problem, outcomes, "90 days")
    rows += _few(problem, classics, options)
    rows += _long(options)
    for name, shift in SHIFTS.items():
        rows += _elsewhere(
            f"out of distribution: {name}", game_of(shift=shift), classics, adapting, runs, options
        )
    drifting = game_of(shift=DRIFT)
    rows += _elsewhere("online: drift", drifting, classics, adapting, runs, options)
    return Report(
        EXPERIMENT.name, EXPERIMENT.about, EXPERIMENT.source,
        [
            Table("gain over the best tuned classic on the same events, money", rows),
            Table("front of profit, service and turnover, dominated rows removed", front(outcomes)),
            Table("regret under drift, money", _regret(drifting, classics, adapting, runs, options)),
            Table("convergence of ppo, profit on the events of selection", _curve(runs["episodes: whole budget"])),
        ],
        [
            "The source has no number for these items: they are its future work. The instance is its own, with a law "
            "of demand in place of one series, one lead time of 7 days for all, and purchases charged.",
            "Of a learner the row is its median seed, beside the worst one; intervals are those of the events.",
            "`told_base_stock` knows the mean demand of every day, as the calendar tells it to learners; where demand "
            "is another one it is told what was true before, and only `knows` is told what is true.",
            "`adapting` is the forecast base stock, tuned on the family that `out of distribution` is trained on: "
            f"{FAMILY}.",
        ],
        dataclasses.asdict(options),
    )  # fmt: skip


def gains(problem: Problem, outcomes: Sequence[Outcome], where: str) -> list[dict[str, Cell]]:
    """Return a row for every outcome: what it earns more than the best tuned classic, which comes first.

    Parameters
    ----------
    problem
        The game.
    outcomes
        What came of it, on the same events.
    where
        What is told of the game.
    """
    best = best_tuned(problem, outcomes)
    assert best is not None
    found: list[dict[str, Cell]] = []
    for each in [best, *(other for other in outcomes if other is not best)]:
        mine, theirs = (problem.sign * -one.median.totals for one in (each, best))
        # What is earned: more is better, whatever the sense of the problem.
        apart, worst = paired(mine, theirs), problem.sign * -each.played[-1].totals
        row: dict[str, Cell] = {"item": each.contender.name, "game": where, "profit": float(mine.mean())}
        if each is not best:
            row |= {"gain": apart.mean, "+-": apart.half_width}
            row["gain %"] = 100.0 * (apart.mean or 0.0) / abs(float(theirs.mean()))
        if len(each.played) > 1:
            row["gain of the worst seed"] = float((worst - theirs).mean())
        row |= {"fill rate": kpi_estimates(each.median.sums[0])["fill_rate"].mean}
        row |= {"worst tenth": cvar(mine, TAIL), "budget": each.contender.budget}
        found.append(row)
    return found


def budget_of(results: Sequence[TrainResult]) -> str:
    """Return what runs took, in words."""
    updates = sorted(each.updates for each in results)
    seconds, cpu = (max(getattr(each, name) for each in results) for name in ("seconds", "cpu_seconds"))
    return (
        f"{len(results)} seeds, at most {seconds:.0f} s and {cpu:.0f} CPU s each, "
        f"{updates[0]:,} to {updates[-1]:,} updates"
    )


def _runs(problem: Problem, options: Options) -> Runs:
    """Train every item."""
    seen, family = watching(problem), randomized(problem, FAMILY)
    residual = {"structure": "residual", "base": BASE}
    found = {
        "episodes: one update": _trained(problem, problem, "ppo", options, updates=1),
        "episodes: whole budget": _trained(problem, problem, "ppo", options),
        "shaping": _trained(problem, shaped(problem), "ppo", options),
        "continuous: sac": _trained(problem, problem, "sac", options),
        "choices: dqn": _trained(problem, problem, "dqn", options),
        "none: quantities from a base stock": _trained(problem, problem, "pathwise", options),
        "imitation": _trained(problem, problem, "pathwise", options, begin_with=BASE),
        "features: past demand": _trained(seen, seen, "pathwise", options),
        "attention": _trained(problem, problem, "pathwise", options, network="attention"),
        "residual": _trained(problem, problem, "pathwise", options, **residual),
        "bounds": _trained(problem, problem, "pathwise", options, reach=REACH, **residual),
        "CVaR": _trained(problem, problem, "pathwise", options, risk="cvar", risk_level=TAIL, **residual),
        "curriculum: none, all at once": _trained(seen, family, "pathwise", options),
        "curriculum": Trained(
            seen, [_staged(growing(family, STAGES), seed, options) for seed in range(options.seeds)]
        ),
    }
    for floor in FLOORS:
        name = f"service floor {floor:.0%}" if floor == SERVICE else f"Pareto: service floor {floor:.0%}"
        found[name] = _trained(problem, problem, "pathwise", options, fill_rate=floor, **residual)
    return found


def _trained(judged: Problem, learned: Problem, algorithm: str, options: Options, **settings: Any) -> Trained:
    """Train a learner with every seed on one problem, to be judged on another view or form of it."""
    given = {"seconds": options.budget_seconds, **settings}
    return Trained(
        judged,
        [learn(learned, algorithm, key=run_key(seed), settings=given) for seed in range(options.seeds)],
    )


def _staged(stages: Sequence[Problem], seed: int, options: Options) -> TrainResult:
    """Return the last run of a curriculum, with what all of them took."""
    settings = {"seconds": options.budget_seconds}
    runs = learn_in_stages(stages, "pathwise", key=run_key(seed), settings=settings)
    names = "updates", "seconds", "cpu_seconds"
    return dataclasses.replace(
        runs[-1], **{name: sum(getattr(each, name) for each in runs) for name in names}
    )


def _adapting(problem: Problem, options: Options) -> Contender:
    """Return the forecast base stock that is tuned on demand which nobody knows."""
    found = tuned(randomized(problem, FAMILY), "forecast_base_stock", options)
    return Contender("adapting", found.policies, problem, is_tuned=True, budget=found.budget)


def _together(problem: Problem, runs: Runs, base: Policy) -> list[Contender]:
    """Return what is made of other rows: the mean of several policies, and plans from known ones."""
    members = [runs[name].policies for name in MEMBERS]
    ensembles = [Ensemble.of(problem, [base, *each]) for each in zip(*members, strict=True)]
    told = f"the mean of {BASE}, {', '.join(MEMBERS)}, seed by seed"
    planned = rollout_policy(problem, base)
    learned = [rollout_policy(problem, each) for each in runs["residual"].policies]
    ahead = f"{planned.samples} futures of {planned.periods} days, {len(planned.changes)} quantities"
    return [
        Contender("ensemble", ensembles, problem, budget=told),
        Contender("planning: rollout", [planned], problem, budget=f"{ahead}, from {BASE}"),
        Contender(
            "planning: rollout of what was learned", learned, problem, budget=f"{ahead}, from residual"
        ),
    ]


def _few(problem: Problem, classics: Sequence[Contender], options: Options) -> list[dict[str, Cell]]:
    """Return the row of the rolling program, which solves a program every day, on a few episodes."""
    compute, item = PLAYERS["rolling_horizon"].compute, "planning: rolling horizon"
    assert compute is not None
    try:
        policy = compute(problem)
    except UnsupportedError as error:
        return [{"item": item, "budget": str(error)}]
    few = dataclasses.replace(options, replications=min(options.replications, ROLLING))
    planned = Contender(item, [policy], problem, budget="a program every day")
    return gains(problem, contest(problem, [*classics, planned], few), f"{few.replications} episodes")[-1:]


def _long(options: Options) -> list[dict[str, Cell]]:
    """Return the rows of a year."""
    problem = game_of(LONG)
    classics = [tuned(problem, name, options) for name in CLASSICS[:2]]
    learned = _trained(problem, problem, "pathwise", options, structure="residual", base=BASE)
    outcomes = contest(problem, [*classics, learned.contender("long horizon")], options)
    return _first_and_last(gains(problem, outcomes, f"{LONG} days"))


def _elsewhere(
    where: str,
    problem: Problem,
    classics: Sequence[Contender],
    adapting: Contender,
    runs: Runs,
    options: Options,
) -> list[dict[str, Cell]]:
    """Return the rows of demand that nobody was tuned or trained for."""
    known = [dataclasses.replace(each, problem=problem) for each in (*classics, adapting)]
    ranges = runs["curriculum: none, all at once"]
    learned = Contender(where, ranges.policies, watching(problem), budget=budget_of(ranges.results))
    return _first_and_last(gains(problem, contest(problem, [*known, learned], options), where))


def _first_and_last(rows: list[dict[str, Cell]]) -> list[dict[str, Cell]]:
    """Return the best classic and the item."""
    return [rows[0], rows[-1]]


def _regret(
    problem: Problem, classics: Sequence[Contender], adapting: Contender, runs: Runs, options: Options
) -> list[dict[str, Cell]]:
    """Return what policies earn less than the base stock that is told how demand drifts."""
    knows = dataclasses.replace(tuned(problem, BASE, options), name="knows", is_tuned=False)
    ranges = runs["curriculum: none, all at once"]
    players = [
        knows,
        *(dataclasses.replace(each, problem=problem) for each in (*classics, adapting)),
        Contender("learned on the family", ranges.policies[:1], watching(problem)),
    ]
    outcomes = contest(problem, players, options)
    totals = {each.contender.name: each.median.totals for each in outcomes}
    found: list[dict[str, Cell]] = []
    for name, mine in totals.items():
        apart = paired(totals["knows"], mine)
        found.append({"policy": name, "regret": apart.mean, "+-": apart.half_width})
    return found


def front(outcomes: Sequence[Outcome]) -> list[dict[str, Cell]]:
    """Return profit, fill rate and turnover of every row that no other one is as good as in all and better in one."""
    names = "profit", "fill rate", "turnover per year"
    points: list[tuple[float, float, float]] = []
    for each in outcomes:
        sums = each.median.sums[0]
        # One item: units stand for money. A whole year of sales over the mean stock.
        sold, kept = (float(sums.units(name).sum()) for name in ("sales", "closing"))
        served = kpi_estimates(sums)["fill_rate"].mean or 0.0
        points.append((float(each.median.totals.mean()), served, 365.0 * sold / max(kept, 1e-9)))
    # More of everything is better, where the front counts what should be small.
    beaten = dominated(-np.array(points))
    return [
        {"policy": each.contender.name, **dict(zip(names, point, strict=True))}
        for each, point, worse in zip(outcomes, points, beaten, strict=True)
        if not worse
    ]


def _curve(trained: Trained) -> list[dict[str, Cell]]:
    """Return the curve of the first seed by episodes."""
    horizon = trained.problem.horizon
    return [
        {
            "episodes": point.values.get("charts/global_step", 0.0) / horizon,
            "updates": point.update,
            "seconds": point.seconds,
            "profit": point.values["cost"],
        }
        for point in trained.results[0].curve
    ]


EXPERIMENT = Experiment(
    "E-D3",
    "the road map of system D: what each item gains over the best tuned classic",
    "future work that system D names; no result is printed there",
    run,
)
