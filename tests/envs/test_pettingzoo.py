"""PettingZoo's own conformance tests on networks of several nodes."""

import warnings

import numpy as np
import pytest
from pettingzoo.test import api_test, parallel_api_test, parallel_seed_test

import basestock as bs
from basestock.decision import Problem
from basestock.dynamics import InitialState
from basestock.economics import make_tariff
from basestock.envs.pettingzoo_env import ParallelEnvironment, aec_environment
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.uncertainty import Poisson, Uncertainty


def two_tiers(horizon=6):
    network = SupplyNetwork(
        items=(Item("bolt"),),
        nodes=(Node("DC", tier=1), Node("east"), Node("west")),
        suppliers=(Supplier("factory"),),
        lanes=(Lane("factory", "DC", lead_time=2), Lane("DC", "east"), Lane("DC", "west")),
    )
    demand = {("east", "bolt"): Poisson(3.0), ("west", "bolt"): Poisson(2.0)}
    return Problem(
        name="two_tiers",
        network=network,
        uncertainty=Uncertainty(demand),
        tariff=make_tariff(network, holding=1.0, lost_sale=9.0),
        horizon=horizon,
        initial_state=InitialState(on_hand={(node, "bolt"): 4.0 for node in ("DC", "east", "west")}),
    )


@pytest.mark.requirement("C-16")
@pytest.mark.parametrize("actions", ["continuous", "multi_discrete"])
def test_parallel_conformance(actions):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parallel_api_test(ParallelEnvironment(two_tiers(), actions=actions), num_cycles=15)


@pytest.mark.requirement("C-16")
@pytest.mark.filterwarnings(
    "ignore:Observations are different shapes", "ignore:We recommend agents to be named"
)
def test_turn_by_turn_conformance():
    """The checker finds it odd that nodes have names of their own and differ in what they see; they should."""
    api_test(aec_environment(two_tiers()), num_cycles=15)


def test_seeds():
    parallel_seed_test(lambda: ParallelEnvironment(two_tiers()), num_cycles=8)


def test_local_rewards_add_up_to_the_shared_one():
    """SIM-905."""
    shared = ParallelEnvironment(two_tiers(), reward="shared")
    local = ParallelEnvironment(two_tiers(), reward="local")
    actions = {agent: np.zeros(1, dtype=np.float32) for agent in shared.possible_agents}
    shared.reset(seed=0)
    local.reset(seed=0)
    for _ in range(6):
        together, own = shared.step(actions)[1], local.step(actions)[1]
        assert sum(own.values()) == pytest.approx(together["DC"], rel=1e-5)


def test_a_node_sees_nothing_of_the_others():
    """SIM-902."""
    env = ParallelEnvironment(two_tiers())
    owners = {entry["owner"] for entry in env.observation_legend["east"]}
    assert owners == {"east", "DC -> east"}


def test_missing_and_wrong_actions_are_all_named():
    env = ParallelEnvironment(two_tiers())
    env.reset(seed=0)
    with pytest.raises(ValueError, match=r"(?s)east.*west"):
        env.step({"DC": np.zeros(1, dtype=np.float32), "west": np.full(1, 5.0, dtype=np.float32)})


def test_registered_problems_are_games_too():
    env = bs.envs.parallel_environment("lost_sales", reward="local", horizon=3)
    assert env.possible_agents == ["store"]
