"""The experiments on the assembly system: settings, seeds, figures, times, diagnostics and studies."""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.envs import action_codec
from basestock.evaluation import play
from basestock.learning import ALGORITHMS
from basestock.learning.actors import ChoiceActor
from basestock.learning.dqn import DqnConfig, _codec, _rates
from basestock.learning.networks import Mlp
from basestock.learning.streams import run_key, selection_key, training_key
from basestock.policies import BaseStock
from basestock.problems import lost_sales
from basestock.problems.assembly import assembly_dqn_2025
from experiments import assembly_latency, assembly_policies, assembly_studies
from experiments.assembly_figures import NETWORK, Look, Snapshots, draw, table_of
from experiments.contest import Contender, Outcome
from experiments.drawing import Sheets
from experiments.learners import settings_of, training_seeds
from experiments.registry import Options
from experiments.report import Cell
from tests.learning.conftest import plain_encoder

FEW = Options(replications=64, seeds=2, budget_seconds=1.0)


def configured(name: str) -> DqnConfig:
    return ALGORITHMS["dqn"].configured(settings_of(name))


@pytest.mark.requirement("E-06")
def test_the_published_settings_are_those_of_the_table() -> None:
    config, blind = configured("assembly_dqn_published"), assembly_dqn_2025(observation="stock")
    assert (config.hidden, config.learning_rate, config.draws, config.capacity) == ((128, 128), 0.3, 64, 5000)
    assert (config.discount_to_end, config.reward_unit, config.final_rate) == (0.96, 10_000, 1.0)
    assert not (config.double or config.dueling or config.power)
    # A gradient step a step of 500 episodes, and a target network.
    assert (config.updates, config.gradient_steps, config.paths) == (500, blind.horizon, 1)
    assert config.target_every > 1
    for episode in (0, 1, 20, 92, 400):
        epsilon = float(_rates(config, episode / 500).epsilon)
        assert epsilon == pytest.approx(max(0.999 ** (50 * episode), 0.01), rel=2e-3)
    codec = _codec(blind, config)
    assert (codec.kind, np.prod(codec.sizes)) == ("discrete", 5320)
    sane = configured("assembly_dqn")
    assert _codec(assembly_dqn_2025(), sane).kind == "multi_discrete"


@pytest.mark.requirement("E-07", "E-30")
def test_the_comparison_has_the_agent_with_heads_local_search_and_radial_units(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: dict[str, dict[str, Any]] = {}

    def learned(problem: Any, algorithm: str, options: Options, *, name: str = "", **given: Any) -> Contender:
        asked[name or algorithm] = given
        return Contender(name or algorithm, [])

    monkeypatch.setattr(assembly_policies, "learned", learned)
    problem = lost_sales(lead_time=1)
    found = assembly_policies.learned_policies(problem, problem, FEW)
    assert [each.name for each in found] == list(asked)
    settings = [given["settings"] for name, given in asked.items() if name.startswith("dqn")]
    assert [each["joint"] for each in settings] == [5320, 5320, 1, 1, 1, 1]
    assert [each["learning_rate"] for each in settings[:2]] == [0.3, 1e-3]
    assert (settings[-2]["search"], settings[-1]["network"]) == (True, "radial")
    assert all(given["seeds"] == (42, 123, 999) for given in asked.values())


@pytest.mark.slow
@pytest.mark.requirement("E-11")
def test_learners_have_means_and_intervals_over_training_seeds() -> None:
    problem = lost_sales(lead_time=1, mean=5.0, lost_sale_cost=4.0)
    policies = [BaseStock(jnp.full((1, 1, 1), level)) for level in (9.0, 11.0, 13.0)]
    played = [play(problem, each, replications=16, seed=1) for each in policies]
    outcomes = [Outcome(Contender("agent", policies), played), Outcome(Contender("rule", []), played[:1])]
    (row,) = assembly_policies.over_seeds(outcomes).rows
    means = np.array([-1e-4 * each.totals.mean() for each in played])
    assert row["reward"] == pytest.approx(means.mean())
    # Student's 97.5 % quantile with two degrees of freedom.
    assert row["reward +-"] == pytest.approx(4.3027 * means.std(ddof=1) / np.sqrt(3), rel=1e-4)


@pytest.mark.requirement("E-11")
def test_episodes_of_judging_are_none_of_training() -> None:
    seeds = training_seeds(5, assembly_policies.SEEDS)
    assert seeds[:3] == [42, 123, 999] and Options.seed in seeds
    roots = [jax.random.key(Options.seed)]
    for seed in seeds:
        own = run_key(seed)
        roots += [selection_key(own), *(training_key(own, number) for number in range(5))]
    assert len({tuple(np.asarray(jax.random.key_data(root)).tolist()) for root in roots}) == len(roots)


def looks(reward: float) -> dict[int, Look]:
    each = Look(np.array([reward, reward - 0.1]), 0.9, np.array([6.0, 4.0, 2.0]), np.array([9.0, 8.0, 3.0]))
    return dict.fromkeys((10, 20, 30), each)


@pytest.mark.requirement("E-12")
def test_all_figures_are_drawn(tmp_path: Path) -> None:
    rows: list[dict[str, Cell]] = [{"policy": "dqn", "published": -1.93, "ours": -2.0, "service %": 93.0}]
    times: list[dict[str, Cell]] = [{"policy": "dqn", "published mean": 0.28, "median": 0.1}]
    sheets, curves = Sheets(tmp_path), [looks(-1.0), looks(-2.0)]
    draw(sheets, curves, times, rows, -0.379)
    numbers = [int(name.split("-")[1]) for name in sheets.names]
    assert numbers == [3, 4, 5, 6, 8, 9, 10]
    assert all((tmp_path / name).stat().st_size > 5000 for name in sheets.names)
    first = table_of(curves, every=10).rows[0]
    assert first["reward"] == pytest.approx(-1.55) and first["orders, component 1"] == 6.0


@pytest.mark.requirement("E-12")
def test_snapshots_keep_the_network_of_every_tenth_update_alone() -> None:
    kept, arrays = Snapshots(), {f"{NETWORK}.bias": np.ones(1), "learner.replay": np.ones(1)}
    for updates in (9, 10, 11, 20):
        kept.write({}, {"updates": updates}, arrays)
    assert kept.is_due() and {at: list(found) for at, found in kept.networks.items()} == {
        10: [f"{NETWORK}.bias"],
        20: [f"{NETWORK}.bias"],
    }


@pytest.mark.requirement("E-13")
def test_times_are_those_of_500_decisions_in_one_state(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    assert len(assembly_latency.timed(lambda: asked.append(1))) == 500 and len(asked) > 500
    times = np.random.default_rng(0).gamma(2.0, size=500)
    monkeypatch.setattr(assembly_latency, "timed", lambda decide: times)
    problem = assembly_dqn_2025(observation="stock")
    rules = assembly_latency.timed_rules(problem)
    row = assembly_latency.row("newsvendor", problem, rules["newsvendor"], False, "newsvendor")
    expected = [times.mean(), times.std(ddof=1), times.min(), times.max(), np.quantile(times, 0.99)]
    assert [row[name] for name in ("mean", "sd", "least", "most", "p99")] == pytest.approx(expected)
    assert row["published mean"] == 0.002
    seen = [assembly_latency.observed(problem, each)[0] for each in rules.values()]
    assert all(not np.any(np.asarray(each.on_hand)) for each in seen)


@pytest.mark.requirement("E-14")
def test_the_diagnostic_tells_state_value_index_and_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assembly_latency, "timed", lambda decide: np.full(500, 0.4833))
    problem = assembly_dqn_2025(observation="stock", action_range="short")
    encoder, codec = plain_encoder(problem), action_codec(problem, "discrete")
    values = np.where(np.arange(4374) == 1769, 0.2736, 0.1).astype(np.float32)
    network = Mlp.create((encoder.width, 1, 4374), jax.random.key(0), last=0.0).biased(values)
    told = assembly_latency.diagnostic("agent", problem, ChoiceActor(encoder, network, codec))
    printed = assembly_latency.PRINTED | {"agent": "agent", "Q-value": pytest.approx(0.2736)}
    assert told == printed


@pytest.mark.requirement("E-05", "E-15")
@pytest.mark.parametrize("told", assembly_studies.RANGES)
def test_agents_choose_within_the_range_of_the_problem(told: str) -> None:
    largest = assembly_studies.RANGES[told]
    codec = action_codec(
        assembly_studies.ranged(assembly_dqn_2025(), largest), "multi_discrete", levels=max(largest) + 1
    )
    assert codec.sizes == tuple(units + 1 for units in largest)
    assert [slot.choices[-1] for slot in codec.slots] == list(largest)
