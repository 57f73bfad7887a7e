"""The pathwise learner reaches the optimum where it is known."""

import jax
import numpy as np
import pytest

from basestock.decision import Problem
from basestock.evaluation.certificates import certify_problem, value_of
from basestock.learning import learn
from basestock.learning.pathwise import in_fractions
from basestock.problems import lost_sales
from basestock.problems.instances import Instance


def short(problem: Problem, **settings: object) -> dict[str, object]:
    return {"updates": 400, "paths": 128, **settings}


def backorders() -> Problem:
    record = {
        "parameters": {
            "demand": {"type": "poisson", "mean": 3.0},
            "lead_time": 2,
            "holding_cost": 1.0,
            "backorder_cost": 9.0,
            "fixed_order_cost": 0.0,
        }
    }
    return Instance("ss_backorder/mine", "ss_backorder", record).problem()


def test_a_problem_in_fractions_rounds_nothing() -> None:
    problem = lost_sales(lead_time=1, lost_sale_cost=4.0)
    smooth = in_fractions(problem)
    assert problem.arrays.features.whole_units and not smooth.arrays.features.whole_units
    assert smooth.network.lanes == problem.network.lanes


@pytest.mark.slow
@pytest.mark.parametrize("lead_time", [1, 2])
def test_it_comes_near_the_optimum_of_lost_sales(lead_time: int) -> None:
    problem = lost_sales(lead_time=lead_time, lost_sale_cost=4.0, horizon=200, warm_up=50)
    best = certify_problem(problem, max_bytes=2**30, max_seconds=60.0).value
    assert best is not None
    gaps = []
    for seed in range(5):
        found = learn(problem, "pathwise", key=jax.random.key(seed), settings=short(problem))
        cost = value_of(problem, found.policy, replications=50, seed=1).mean
        gaps.append(cost / best - 1)
        assert found.updates == 400 and found.curve[-1].values["cost"] <= found.curve[0].values["cost"]
    assert min(gaps) >= -1e-6 and np.median(gaps) < 0.005 and max(gaps) < 0.02


@pytest.mark.slow
def test_it_comes_near_the_optimum_of_backorders() -> None:
    problem = backorders()
    best = certify_problem(problem, max_bytes=2**30, max_seconds=60.0).value
    found = learn(problem, "pathwise", key=jax.random.key(0), settings=short(problem))
    cost = value_of(problem, found.policy, replications=50, seed=1).mean
    assert best is not None and -1e-6 <= cost / best - 1 < 0.01


@pytest.mark.slow
def test_equal_keys_learn_equal_policies() -> None:
    problem = lost_sales(lead_time=1, lost_sale_cost=4.0, horizon=50, warm_up=10)
    settings = short(problem, updates=20)
    first, same = (learn(problem, "pathwise", key=jax.random.key(3), settings=settings) for _ in range(2))
    for one, other in zip(
        jax.tree.leaves(first.policy.network), jax.tree.leaves(same.policy.network), strict=True
    ):
        np.testing.assert_array_equal(one, other)
