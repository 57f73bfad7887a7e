"""Curves of several seeds: costs and entropy fall, and every update is told."""

from typing import Any

import numpy as np
import pytest

from basestock.learning import TrainResult, learn, run_key
from basestock.problems import lost_sales

SEEDS = 3

LEARNERS = [
    pytest.param("ppo", {"updates": 60}, marks=pytest.mark.requirement("B-11", "A-22"), id="ppo"),
    pytest.param("a2c", {"updates": 200}, marks=pytest.mark.requirement("B-11", "A-22"), id="a2c"),
    pytest.param("dqn", {"updates": 200}, marks=pytest.mark.requirement("B-10"), id="dqn"),
]


def thirds(runs: list[TrainResult], name: str) -> tuple[np.ndarray, np.ndarray]:
    """Means of the first and of the last third of what the updates of each seed told."""
    told = np.array([[each[name] for each in run.log] for run in runs])
    third = told.shape[1] // 3
    return told[:, :third].mean(1), told[:, -third:].mean(1)


@pytest.mark.slow
@pytest.mark.parametrize(("algorithm", "settings"), LEARNERS)
def test_costs_fall_with_every_seed_and_every_update_is_told(
    algorithm: str, settings: dict[str, Any]
) -> None:
    problem = lost_sales(lead_time=1, lost_sale_cost=4.0, mean=3.0)
    runs = [learn(problem, algorithm, key=run_key(seed), settings=settings) for seed in range(SEEDS)]
    for run in runs:
        assert len(run.log) == run.updates == settings["updates"]
        assert run.curve[-1].values["cost"] < 0.95 * run.curve[0].values["cost"]
    first, last = thirds(runs, "charts/reward")
    assert (last > first).all()
    if algorithm != "dqn":
        first, last = thirds(runs, "losses/entropy")
        assert (last < first).all()


@pytest.mark.slow
@pytest.mark.requirement("A-19")
@pytest.mark.parametrize(
    ("algorithm", "settings"),
    [
        pytest.param(
            *("ppo", {"updates": 60}),
            marks=pytest.mark.xfail(strict=True, reason="falls late in a run for one of three seeds"),
        ),
        ("a2c", {"updates": 200}),
    ],
)
def test_critics_explain_more_and_more_of_what_follows(algorithm: str, settings: dict[str, Any]) -> None:
    problem = lost_sales(lead_time=1, lost_sale_cost=4.0, mean=3.0)
    runs = [learn(problem, algorithm, key=run_key(seed), settings=settings) for seed in range(SEEDS)]
    first, last = thirds(runs, "losses/explained_variance")
    assert (last > first).all() and (last > 0.2).all()
