"""Gradients through the transition: against finite differences, and against the newsvendor (SIM-612, SIM-804)."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

from basestock.decision import Problem, game, simulate
from basestock.dynamics import Step
from basestock.economics import Compensated, make_tariff
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.policies import BaseStock
from basestock.uncertainty import Normal, Uncertainty


def _problem(lead_time: int, unmet: str) -> Problem:
    network = SupplyNetwork(
        items=(Item("i", whole_units=False),), nodes=(Node("n"),), suppliers=(Supplier("s"),),
        lanes=(Lane("s", "n", lead_time=lead_time),), unmet=unmet,
    )  # fmt: skip
    rates = {"holding": 1.0, "backorder": 9.0, "lost_sale": 9.0}
    return Problem(
        "smooth", network, Uncertainty({("n", "i"): Normal(100.0, 20.0)}), make_tariff(network, **rates)
    )


class Cost(eqx.Module):
    problem: Problem = eqx.field(static=True)

    def __call__(self, cost: Compensated, step: Step) -> tuple[Compensated, None]:
        ledger = self.problem.ledger
        kept = dataclasses.replace(
            ledger,
            terms=tuple(
                t for t in ledger.terms if step.outcome.backorders is not None or t.name != "backorder"
            ),
        )
        return cost.add(kept.by_term(self.problem.tariff, step).sum(0)), None


def _mean_cost(problem: Problem, level: Array, periods: int, replications: int) -> Array:
    path = simulate(
        game(problem), BaseStock(jnp.reshape(level, (1, 1, 1))), problem.start(replications), key=jax.random.key(5),
        num_periods=periods, fold=Cost(problem), initial=Compensated.zeros((replications,)),
    )  # fmt: skip
    return path.folded.total.mean() / periods


@pytest.mark.parametrize(
    ("lead_time", "unmet"),
    [
        pytest.param(0, "backorder", marks=pytest.mark.slow),
        pytest.param(2, "backorder", marks=pytest.mark.slow),
        (2, "lost"),
    ],
)
def test_gradient_equals_central_differences(lead_time: int, unmet: str) -> None:
    problem, level, width = _problem(lead_time, unmet), 110.0 * (lead_time + 1), 0.25
    # One program for the cost and its gradient.
    play = eqx.filter_jit(jax.value_and_grad(lambda at: _mean_cost(problem, at, 12, 4096)))
    below, (_, gradient), above = (play(jnp.asarray(level + by)) for by in (-width, 0.0, width))
    difference = (float(above[0]) - float(below[0])) / (2 * width)
    assert np.isfinite(gradient)
    # The cost is piecewise linear on a sample: the width of the difference crosses kinks of a few paths.
    assert float(gradient) == pytest.approx(difference, rel=0.02, abs=0.02)


def test_descent_reaches_the_newsvendor_level() -> None:
    problem = _problem(0, "backorder")
    slope = eqx.filter_jit(jax.grad(lambda at: _mean_cost(problem, at, 8, 4096)))
    level = jnp.asarray(100.0)
    for step in range(60):
        level = level - (30.0 / (1 + step / 4)) * slope(level)
    from scipy import stats

    assert float(level) == pytest.approx(stats.norm(100, 20).ppf(0.9), abs=0.6)


@pytest.mark.slow
def test_gradients_are_finite_from_the_empty_system() -> None:
    problem = _problem(2, "lost")
    assert np.isfinite(float(jax.grad(lambda at: _mean_cost(problem, at, 6, 8))(0.0)))
