"""Who plays longer than demand is known is told so, whatever way it is played."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from basestock.decision import Problem
from basestock.economics import make_tariff
from basestock.envs.functional import make_environment
from basestock.evaluation import play
from basestock.network import single_item
from basestock.policies import BaseStock
from basestock.policies.search import fit
from basestock.problems.beer_game import beer_game
from basestock.uncertainty import Deterministic, Poisson, Seasonal, Uncertainty
from basestock.uncertainty.scenarios import DemandPaths

NETWORK = single_item()
PLACE = (NETWORK.nodes[0].name, NETWORK.items[0].name)
LISTED = Seasonal((Poisson(1.0), Poisson(2.0)), repeats=False)
KNOWN: dict[str, Uncertainty] = {
    "paths": DemandPaths(paths={PLACE: np.ones((2, 1))}),
    "a list that ends": Uncertainty({PLACE: LISTED}),
}
WAYS: dict[str, Callable[[Problem], Any]] = {
    "evaluation": lambda problem: play(problem, BaseStock(jnp.ones((1, 1, 1))), replications=2, seed=1),
    "environment": make_environment,
    "search": lambda problem: fit(problem, "base_stock"),
}


@pytest.mark.parametrize("known", KNOWN)
@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_made_up_after_the_last_known_period(way: str, known: str) -> None:
    problem = Problem("short", NETWORK, KNOWN[known], make_tariff(NETWORK, holding=1.0), horizon=3)
    with pytest.raises(ValueError, match="periods 0 to 2 are asked for, must be among the 2 given ones"):
        WAYS[way](problem)


def test_a_cycle_starts_again_and_the_shortest_list_ends() -> None:
    assert Uncertainty({PLACE: Seasonal((Poisson(1.0), Poisson(2.0)))}).compile(NETWORK).num_periods is None
    assert Uncertainty({PLACE: LISTED}).compile(NETWORK).num_periods == 2


def test_a_step_of_the_beer_game_stays_to_its_horizon() -> None:
    (law,) = beer_game(horizon=50).uncertainty.demand.values()
    assert isinstance(law, Seasonal) and law.laws[4:] == (Deterministic(8.0),) * 46
