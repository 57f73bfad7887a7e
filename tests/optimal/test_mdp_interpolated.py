"""Interpolated values against the exact optimum, under costs that are not linear."""

import dataclasses

import pytest

from basestock.decision import Problem
from basestock.economics import make_tariff
from basestock.optimal.mdp.interpolated import interpolate
from basestock.uncertainty import Discrete, Seasonal
from tests.optimal.small import DEMAND, losing, with_demand

WIDE = Discrete(tuple(float(each) for each in range(0, 13, 2)), (0.1, 0.15, 0.2, 0.2, 0.15, 0.1, 0.1))


def _with_fixed_cost(problem: Problem, fixed: float) -> Problem:
    """Charge every order, besides its units: the cost of an order jumps at 0."""
    tariff = make_tariff(problem.network, holding=1.0, lost_sale=9.0, fixed_order=fixed)
    return dataclasses.replace(problem, tariff=tariff)


@pytest.mark.requirement("E-22")
def test_with_every_state_a_point_nothing_is_lost() -> None:
    found = interpolate(_with_fixed_cost(losing(1), 4.0), spacing=1)
    assert found.error < 1e-5


@pytest.mark.slow
@pytest.mark.requirement("E-22")
def test_fewer_points_cost_a_small_error_under_a_cost_that_jumps() -> None:
    found = interpolate(_with_fixed_cost(losing(1, law=WIDE), 20.0), spacing=3)
    assert found.num_points < found.num_states
    assert 0 < found.error < 0.05


def test_a_horizon_is_interpolated_too() -> None:
    problem = dataclasses.replace(losing(1), criterion="finite_horizon_total_cost", horizon=5, warm_up=0)
    assert interpolate(problem, spacing=1).error < 1e-5


def test_what_cannot_be_interpolated_is_refused() -> None:
    with pytest.raises(ValueError, match="spacing is 0, must be a whole number of units >= 1"):
        interpolate(losing(1), spacing=0)
    changing = with_demand(losing(1), Seasonal((DEMAND, Discrete((1.0,), (1.0,)))))
    with pytest.raises(ValueError, match="it has 2 kinds of periods, must have one"):
        interpolate(changing, spacing=2)
