"""Potential-based shaping: it changes when money is felt, not what a path costs."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from basestock.evaluation import play
from basestock.learning.shaping import Potential, shaped
from basestock.policies import BaseStock
from basestock.problems.net_benefit import net_benefit


@pytest.mark.slow
@pytest.mark.requirement("D-25")
def test_every_policy_costs_the_potential_of_the_start_less() -> None:
    """With an end, the sum over a path is the same but for the start: the best policy is the same (Ng et al. 1999)."""
    problem, weight = net_benefit(lead_time=2, horizon=12, amortized=False), 0.3
    start = float(Potential.of(problem, weight)(problem.start(1)).sum())
    assert start > 0
    for level in (50.0, 300.0):
        policy = BaseStock(jnp.full((1, 1, 1), level))
        plain, felt = (
            play(each, policy, replications=2, seed=1).totals for each in (problem, shaped(problem, weight))
        )
        # A profit: what the start is worth less is earned more.
        np.testing.assert_allclose(felt, plain + start, rtol=1e-4)


def test_the_potential_is_a_cost_of_being_away_from_the_level() -> None:
    problem = net_benefit(lead_time=2, horizon=12)
    potential = Potential.of(problem, 1.0)
    level, state = float(potential.level[0, 0, 0]), problem.start(1)

    def of(stock: float) -> float:
        moved = dataclasses.replace(state, on_hand=jnp.full_like(state.on_hand, stock))
        return float(potential(moved)[0, 0, 0])

    assert of(level) == pytest.approx(0.0, abs=1e-3)
    assert of(level + 10.0) == pytest.approx(10.0 * potential.overage[0, 0, 0], rel=1e-4)
    assert of(level - 10.0) == pytest.approx(10.0 * potential.underage[0, 0, 0], rel=1e-4)
