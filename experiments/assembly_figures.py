"""E-12: the figures of the published agent of the assembly system, drawn anew."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from basestock.decision import Policy, Problem
from basestock.economics import Estimate, estimate
from basestock.evaluation import Played, play
from basestock.learning import TrainResult, learn, run_key
from basestock.learning.checkpoints import Checkpoint, refilled
from basestock.optimal.mdp import optimize
from basestock.policies import BaseStock
from basestock.problems.assembly import assembly_dqn_2025
from experiments.assembly_latency import row, timed_rules
from experiments.assembly_policies import PUBLISHED, SCALE, SEEDS, levels, published_rules
from experiments.contest import kpi
from experiments.drawing import Sheets, bars, lines
from experiments.learners import settings_of, training_seeds
from experiments.registry import Experiment, Options
from experiments.report import Cell, Report, Table

EPISODES = 10
"""Episodes between two points of a curve; an update of the published agent is an episode."""


STEP = 1e-3
"""Step of Adam of the agent that is shown."""


class Snapshots(Checkpoint):
    """Keeps in memory the network of a run after every so many updates, and nothing on disk."""

    def __init__(self) -> None:
        super().__init__()
        self.networks: dict[int, dict[str, np.ndarray]] = {}

    def is_due(self) -> bool:
        """Tell that what has been learned may be looked at after every update."""
        return True

    def write(self, made: Mapping[str, Any], facts: Mapping[str, Any], arrays: Mapping[str, Any]) -> None:
        """Keep the network, if enough updates lie behind the last one that was kept."""
        if facts["updates"] % EPISODES == 0:
            self.networks[facts["updates"]] = {
                name: leaf for name, leaf in arrays.items() if name.startswith(NETWORK)
            }


NETWORK = "learner.network"
"""What names of the arrays of a network begin with."""


@dataclasses.dataclass(frozen=True, eq=False)
class Look:
    """What a policy came to after some episodes of training.

    Parameters
    ----------
    reward
        ``[replication]`` of an episode.
    service
        Share of periods without any shortage.
    orders, stock
        ``[component]`` units ordered in a period, and net stock at its end.
    """

    reward: np.ndarray
    service: float
    orders: np.ndarray
    stock: np.ndarray

    @classmethod
    def at(cls, played: Played) -> "Look":
        """Return the figures of what was played."""
        (sums,) = played.sums
        totals, periods = sums.totals, sums.periods

        def mean(name: str) -> np.ndarray:
            return np.asarray(totals[name])[0, :3].mean(-1) / periods

        share = float(np.mean(totals["joint_periods"])) / periods
        return cls(SCALE * played.totals, share, mean("ordered"), mean("closing") - mean("backorders"))


def curve(
    problem: Problem, seed: int, options: Options, settings: Mapping[str, Any]
) -> tuple[dict[int, Look], TrainResult]:
    """Return what the agent came to by episodes of training, on episodes that it was not trained on, and its run.

    Parameters
    ----------
    problem, seed
        The assembly system as the agent sees it, and the seed of training.
    options
        How it is judged.
    settings
        Of an agent whose outputs are values themselves: without dueling.
    """
    kept = Snapshots()
    result = learn(problem, "dqn", key=run_key(seed), settings=settings, checkpoint=kept)
    found: dict[int, Look] = {}
    for episodes, arrays in sorted(kept.networks.items()):
        network = refilled(result.policy.network, arrays, NETWORK)
        then = dataclasses.replace(result.policy, network=network)
        found[episodes] = Look.at(play(problem, then, replications=options.replications, seed=options.seed))
    return found, result


def table_of(curves: Sequence[Mapping[int, Look]], every: int = 50) -> Table:
    """Return what stands in figures 3 to 6 and 9: means over training seeds, with half-widths of the reward."""
    rows: list[dict[str, Cell]] = []
    for episodes in _episodes(curves)[:: every // EPISODES]:
        looks = [each[episodes] for each in curves]
        reward = _over_seeds(looks)
        row_: dict[str, Cell] = {"episodes": episodes, "reward": reward.mean, "+-": reward.half_width}
        row_["service %"] = 100.0 * float(np.mean([look.service for look in looks]))
        for name in ("orders", "stock"):
            means = np.mean([getattr(look, name) for look in looks], axis=0)
            row_ |= {f"{name}, component {at + 1}": float(mean) for at, mean in enumerate(means)}
        rows.append(row_)
    return Table(f"the agent by episodes of training, step {STEP:g}", rows)


def _episodes(curves: Sequence[Mapping[int, Look]]) -> list[int]:
    """Return the episodes at which every seed was looked at: one that diverges ends early."""
    return sorted(set.intersection(*(set(each) for each in curves)))


def _over_seeds(looks: Sequence[Look]) -> Estimate:
    """Return the reward over training seeds; of a single one over episodes of judging."""
    means = np.array([look.reward.mean() for look in looks])
    return estimate(means if len(means) > 1 else looks[0].reward)


def draw(
    sheets: Sheets,
    curves: Sequence[Mapping[int, Look]],
    times: Sequence[Mapping[str, Cell]],
    compared: Sequence[Mapping[str, Cell]],
    best: float,
) -> None:
    """Draw the figures.

    Parameters
    ----------
    sheets
        Where.
    curves
        Of every training seed.
    times, compared
        Rows of decision times and of policies.
    best
        Reward of the exact optimum.
    """
    at, across = _episodes(curves), "episodes of training"

    def by_seed(value: Callable[[Look], float]) -> dict[str, list[float]]:
        return {f"run {number + 1}": [value(each[k]) for k in at] for number, each in enumerate(curves)}

    def by_component(name: str) -> dict[str, list[float]]:
        means = [np.mean([getattr(each[k], name) for each in curves], axis=0) for k in at]
        return {f"component {number + 1}": [mean[number] for mean in means] for number in range(3)}

    optimum = {"exact optimum": [best] * len(at)}
    with sheets.figure("figure-3-reward") as (axes,):
        rewards = by_seed(lambda look: float(look.reward.mean()))
        lines(axes, at, rewards | optimum, across, "reward of an episode")
    with sheets.figure("figure-4-service") as (axes,):
        shares = by_seed(lambda look: 100.0 * look.service)
        lines(axes, at, shares, across, "periods without shortage, %")
    with sheets.figure("figure-5-orders") as (axes,):
        lines(axes, at, by_component("orders"), across, "units ordered in a period, mean of runs")
    with sheets.figure("figure-6-stock") as (axes,):
        lines(axes, at, by_component("stock"), across, "net stock, units, mean of runs")
    with sheets.figure("figure-8-latency") as (axes,):
        bars(axes, times, ("published mean", "median"), "milliseconds of a decision")
        axes.set_xscale("log")
    with sheets.figure("figure-9-band") as (axes,):
        told = [_over_seeds([each[k] for each in curves]) for k in at]
        mean, half = (np.array([getattr(one, of) or 0.0 for one in told]) for of in ("mean", "half_width"))
        axes.fill_between(at, mean - half, mean + half, alpha=0.3, label="95 % interval")
        lines(axes, at, {"mean": mean.tolist()} | optimum, across, "reward of an episode")
    with sheets.figure("figure-10-comparison", panels=2) as (above, below):
        bars(above, compared, ("published", "ours"), "reward of an episode")
        above.set_xscale("symlog")
        bars(below, compared, ("service %, published", "service %"), "periods without shortage, %")


def compared_row(
    name: str, problem: Problem, policy: Policy, options: Options, printed: str = ""
) -> dict[str, Cell]:
    """Return the bars of a policy in figure 10."""
    played = play(problem, policy, replications=options.replications, seed=options.seed)
    known, service = PUBLISHED.get(printed, {}), kpi("joint_availability")(played).mean
    return {
        "policy": name,
        "published": known.get("value"),
        "ours": SCALE * float(played.totals.mean()),
        "service %, published": known.get("service %"),
        "service %": None if service is None else 100.0 * service,
    }


def run(options: Options) -> Report:
    """Train the published agent with every seed, and draw what it came to."""
    problem, blind = assembly_dqn_2025(), assembly_dqn_2025(observation="stock")
    settings = settings_of("assembly_dqn_published") | {"learning_rate": STEP}
    seeds = training_seeds(options.seeds, SEEDS)
    curves, results = zip(*(curve(blind, seed, options, settings) for seed in seeds), strict=True)
    optimum = optimize(problem)
    rules = published_rules(problem, blind)[:3]
    compared = [
        compared_row(f"dqn, step {STEP:g}", blind, results[0].policy, options, "dqn"),
        *(
            compared_row(each.name, blind, each.policies[0], options, printed)
            for each, printed in zip(rules, ("(Q,R)", "(s,S)", "newsvendor"), strict=True)
        ),
        compared_row("base stock (32,21,12)", problem, BaseStock(*levels(problem, (32, 21, 12))), options),
        compared_row("exact optimum", problem, optimum.policy(problem), options),
    ]
    deciders = {**timed_rules(blind), "dqn": results[0].policy}
    times = [row(name, blind, policy, True, name) for name, policy in deciders.items()]
    notes = [
        "Figures 1, 2 and 7 of the source are diagrams.",
        f"The agent is as published but for its step, {STEP:g}: with the printed one, 0.30, values grow beyond all "
        "bounds in the first episodes, and our learner stops there (E-E1 has that row).",
        f"Runs: {'; '.join(f'{each.updates} episodes, {each.stopped}' for each in results)}.",
        "Every point is the agent without exploration on the same episodes, on which it was not trained; the source "
        "shows episodes of training with their exploration.",
    ]
    if options.figures is not None:
        sheets = Sheets(options.figures)
        draw(sheets, curves, times, compared, SCALE * optimum.value)
        notes.append(f"Drawn: {', '.join(sheets.names)}.")
    return Report(
        EXPERIMENT.name, EXPERIMENT.about, EXPERIMENT.source,
        [table_of(curves), Table("milliseconds of a decision", times), Table("reward and service", compared)],
        notes,
        {**dataclasses.asdict(options), "training seeds": seeds},
    )  # fmt: skip


EXPERIMENT = Experiment(
    "E-12",
    "figures of the assembly system: reward, service, orders, stock, time, interval, comparison",
    "Mathematics 2025, 13(14), 2229, Figures 3 to 6 and 8 to 10, doi:10.3390/math13142229",
    run,
)
