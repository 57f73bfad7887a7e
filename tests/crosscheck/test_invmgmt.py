"""The scenarios of gym-invmgmt on the events and orders that its own package was run on."""

import importlib.util
import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from basestock.problems.or_gym.replay import Trajectory, replay
from basestock.problems.or_gym.scenarios import PERIODS, SCENARIOS, invmgmt_scenario
from basestock.uncertainty import Poisson, Seasonal

CASES = json.loads((Path(__file__).parent / "invmgmt.json").read_text())["cases"]


def played(scenario: str, orders: Any, demand: Any) -> Trajectory:
    build = partial(invmgmt_scenario, **SCENARIOS[scenario])
    nodes = len(build().network.nodes)
    market = np.zeros((len(demand), nodes))
    market[:, 0] = demand
    return replay(build, np.asarray(orders), market)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["scenario"])
def test_rewards_and_stocks_are_those_of_the_package(case: dict[str, Any]) -> None:
    path = played(case["scenario"], case["actions"], case["reference_demand"])
    short = path.lost if case["scenario"].endswith("lost") else path.backorders
    found = {
        "rewards": path.profit,
        "on_hand": path.on_hand,
        "shipped": path.shipped,
        "sold": path.sold[:, 0],
        "unmet": short[:, 0],
    }
    for name, ours in found.items():
        np.testing.assert_allclose(ours, case[name], rtol=0, atol=1e-9, err_msg=name)


def test_there_are_22_scenarios_of_30_periods() -> None:
    assert len(SCENARIOS) == 22
    assert {invmgmt_scenario(**arguments).horizon for arguments in SCENARIOS.values()} == {PERIODS}


def test_trend_season_and_shock_multiply() -> None:
    law = invmgmt_scenario(demand="trend_seasonal_shock").uncertainty.demand["1", "item"]
    assert isinstance(law, Seasonal)
    means = [each.mean for each in law.laws]
    assert means[0] == 20
    assert means[15] == pytest.approx(20 * (1 + 0.05 * 15) * 1.0 * 2)
    assert isinstance(law.laws[3], Poisson)


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("gym_invmgmt") is None, reason="needs the package gym-invmgmt")
def test_a_fresh_run_of_the_package_agrees() -> None:
    from gym_invmgmt import CoreEnv

    rng = np.random.default_rng(3)
    demand, orders = rng.poisson(20, PERIODS).astype(float), rng.uniform(0, 30, (PERIODS, 11))
    env = CoreEnv(scenario="network", backlog=False)
    env.network.graph.edges[(1, 0)]["user_D"] = demand
    env.reset(seed=0)
    rewards = [env.step(order)[1] for order in orders]
    path = played("network_stationary_lost", orders, demand)
    np.testing.assert_allclose(path.profit, rewards, rtol=0, atol=1e-9)
