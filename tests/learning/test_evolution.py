"""Evolution strategies: tries are what they stand for, and learning finds what a derivative cannot."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.decision import Problem
from basestock.evaluation.certificates import certify_problem, value_of
from basestock.learning import learn
from basestock.learning.actors import QuantityActor
from basestock.learning.evolution import Tries, _shifted
from basestock.learning.networks import Mlp
from basestock.problems import lost_sales
from basestock.problems.random_lead_time import random_lead_time
from tests.learning.conftest import seen


def test_every_try_reads_paths_of_its_own() -> None:
    networks = [Mlp.create((3, 4, 2), jax.random.key(number)) for number in range(5)]
    inputs = jnp.asarray(np.random.default_rng(0).normal(size=(3, 5 * 7)), jnp.float32)
    together = Tries(jax.tree.map(lambda *leaves: jnp.stack(leaves), *networks))(inputs)
    apart = [network(inputs[:, 7 * at : 7 * at + 7]) for at, network in enumerate(networks)]
    np.testing.assert_allclose(together, jnp.concatenate(apart, -1), rtol=1e-5, atol=1e-5)


def test_a_shifted_base_stock_orders_that_much_more(problem: Problem, actor: QuantityActor) -> None:
    observation = seen(problem)
    shift = np.full((problem.arrays.num_nodes, problem.arrays.num_items), 3.0)
    moved = dataclasses.replace(actor, network=_shifted(actor, shift))
    # Softplus is all but the identity there.
    more = np.asarray(moved.decided(observation)) - np.asarray(actor.decided(observation))
    np.testing.assert_allclose(more, 3.0, atol=0.1)


@pytest.mark.slow
def test_it_comes_near_the_optimum_of_lost_sales() -> None:
    problem = lost_sales(lead_time=2, lost_sale_cost=4.0, horizon=200, warm_up=50)
    best = certify_problem(problem, max_bytes=2**30, max_seconds=60.0).value
    assert best is not None
    gaps = []
    for seed in range(5):
        found = learn(problem, "evolution", key=jax.random.key(seed), settings={"updates": 150})
        gaps.append(value_of(problem, found.policy, replications=50, seed=1).mean / best - 1)
    assert min(gaps) >= -1e-6 and np.median(gaps) < 0.02 and max(gaps) < 0.05


@pytest.mark.slow
def test_it_orders_units_whose_lead_times_cross_much_better_than_a_base_stock() -> None:
    """A base stock is 45 % over the optimum there (Temizoz et al. 2025, doi:10.48550/arXiv.2011.15122)."""
    problem = random_lead_time()
    found = learn(problem, "evolution", key=jax.random.key(0), settings={"updates": 40})
    best = certify_problem(problem, max_bytes=2**30, max_seconds=60.0).value
    assert best is not None
    assert value_of(problem, found.policy, replications=100, seed=1).mean / best - 1 < 0.05


@pytest.mark.slow
def test_equal_keys_learn_equal_policies() -> None:
    problem = lost_sales(lead_time=1, lost_sale_cost=4.0, horizon=50, warm_up=10)
    settings = {"updates": 5, "pairs": 4}
    first, same = (learn(problem, "evolution", key=jax.random.key(3), settings=settings) for _ in range(2))
    for one, other in zip(
        jax.tree.leaves(first.policy.network), jax.tree.leaves(same.policy.network), strict=True
    ):
        np.testing.assert_array_equal(one, other)
