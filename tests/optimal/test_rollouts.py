"""Planning ahead by simulation: it keeps what is best already, and betters what is not."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.decision import Problem
from basestock.evaluation import paired, play
from basestock.optimal.rollouts import NoRolloutError, rollout_policy
from basestock.policies import BaseStock
from basestock.problems import lost_sales
from basestock.problems.random_lead_time import random_lead_time
from tests.learning.conftest import seen


def base_stock(level: float) -> BaseStock:
    return BaseStock(jnp.full((1, 1, 1), level))


@pytest.fixture(scope="module")
def problem() -> Problem:
    return lost_sales(lead_time=1, mean=5.0, lost_sale_cost=4.0, horizon=30, warm_up=5)


@pytest.mark.slow
@pytest.mark.requirement("D-29")
def test_a_bad_policy_is_bettered_and_a_good_one_is_never_much_worse(problem: Problem) -> None:
    """Half of what a base stock costs too much goes at once; near the best level nothing is lost but chance."""
    totals = {
        level: [
            play(problem, policy, replications=64, seed=3).totals
            for policy in (base_stock(level), rollout_policy(problem, base_stock(level), samples=16))
        ]
        for level in (6.0, 11.0)
    }
    bad, better = totals[6.0]
    good, planned = totals[11.0]
    assert (bad - better).mean() > 0.5 * (bad - good).mean() > 0
    apart = paired(planned, good)
    assert apart.mean is not None and apart.mean < 0.01 * good.mean()


@pytest.mark.slow
def test_the_quantity_of_the_base_is_kept_where_nothing_else_is_tried(problem: Problem) -> None:
    policy = rollout_policy(problem, base_stock(11.0), samples=4)
    alone = dataclasses.replace(policy, changes=jnp.zeros(1))
    observation = seen(problem)
    mine, _ = alone(observation, None, key=jax.random.key(1))
    theirs, _ = policy.base(observation, None, key=jax.random.key(1))
    np.testing.assert_array_equal(mine.order, theirs.order)


def test_what_does_not_follow_from_stock_and_orders_is_refused() -> None:
    with pytest.raises(NoRolloutError, match="past demand is part of what is seen"):
        problem = lost_sales()
        information = dataclasses.replace(problem.information, demand_window=3)
        rollout_policy(dataclasses.replace(problem, information=information), base_stock(9.0))
    with pytest.raises(NoRolloutError, match="the state has"):
        rollout_policy(random_lead_time(), base_stock(9.0))
