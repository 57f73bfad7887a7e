"""Certificates: gaps are positive where a policy is worse, in either sense; refusals become bounds."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from basestock.economics import make_tariff
from basestock.evaluation import certificates
from basestock.evaluation.certificates import Certified, Control, certify_problem, policy_gaps, value_of
from basestock.optimal.mdp import optimize
from basestock.policies import BaseStock, from_parameters
from basestock.problems.instances import Instance
from tests.optimal.small import losing

LEVEL = BaseStock(jnp.full((1, 1, 1), 4.0))


def test_a_gap_is_positive_where_the_policy_is_worse_in_either_sense() -> None:
    problem = losing(1)
    earning = dataclasses.replace(problem, sense="max", criterion="average_profit_per_period")
    assert problem.sign == 1 and earning.sign == -1
    cost = value_of(problem, LEVEL, replications=2, seed=0)
    profit = value_of(earning, LEVEL, replications=2, seed=0)
    assert cost.mean is not None and profit.mean == pytest.approx(-cost.mean)
    assert (cost.half_width, cost.n) == (0.0, 1)
    (low,) = policy_gaps(problem, [], 0.8 * cost.mean, given={"mine": LEVEL})
    (high,) = policy_gaps(earning, [], -0.8 * cost.mean, given={"mine": LEVEL})
    assert low.gap_percent == pytest.approx(25.0)
    assert high.gap_percent == pytest.approx(25.0)
    assert (low.policy, low.half_width, low.parameters) == ("mine", 0.0, {"base_stock_level": 4.0})
    assert policy_gaps(problem, [], None, given={"mine": LEVEL})[0].gap_percent is None


@pytest.mark.parametrize("reference", [1e-12, -1e-15, 0.0])
def test_no_gap_is_stated_in_percent_of_nothing(reference: float) -> None:
    (found,) = policy_gaps(losing(1), [], reference, given={"mine": LEVEL})
    assert found.cost > 1.0 and found.gap_percent is None


def test_where_nothing_is_lost_on_an_optimum_of_nothing_the_gap_is_zero() -> None:
    free = dataclasses.replace(losing(1), tariff=make_tariff(losing(1).network))
    (found,) = policy_gaps(free, [], 1e-12, given={"mine": LEVEL})
    assert (found.cost, found.gap_percent) == (0.0, 0.0)


def test_the_bound_of_a_profit_is_what_gaps_are_stated_against() -> None:
    found = Certified(None, None, 5.0, "lower_bound", 0.1, "a bound", None, 1.0)
    assert found.reference == 5.0


@pytest.mark.slow
def test_where_too_many_states_are_reached_a_policy_is_simulated(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = dataclasses.replace(losing(1), horizon=200, warm_up=20)
    exact = value_of(problem, LEVEL, replications=2, seed=0)
    monkeypatch.setattr(certificates, "LINKS", 10)
    found = value_of(problem, LEVEL, replications=64, seed=0)
    assert found.n == 64 and found.half_width is not None and found.half_width > 0
    assert found.mean == pytest.approx(exact.mean, abs=3 * found.half_width)


def test_the_optimum_and_the_difference_to_it_are_an_estimate_with_a_narrower_interval() -> None:
    problem = losing(1)
    control = Control(problem, optimize(problem), seed=0)
    optimal = np.random.default_rng(0).normal(control.optimum.value, 1.0, 400)
    found = control.narrowed(optimal + 0.5, optimal)
    assert found.mean == pytest.approx(control.optimum.value + 0.5) and found.half_width == pytest.approx(0.0)
    # What has nothing in common with the optimal policy gains nothing: its own mean is narrower.
    other = np.random.default_rng(1).normal(7.0, 0.1, 400)
    assert control.narrowed(other, optimal).mean == pytest.approx(other.mean())


@pytest.mark.slow
def test_without_a_number_replications_go_on_until_the_gap_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = dataclasses.replace(losing(1), horizon=20, warm_up=20)
    exact = value_of(problem, LEVEL, seed=0)
    assert exact.mean is not None
    monkeypatch.setattr(certificates, "LINKS", 10)
    few = value_of(problem, LEVEL, seed=0)
    assert few.n == certificates.FEW
    assert few.half_width is not None and few.half_width > 0.01 * exact.mean
    far = value_of(problem, LEVEL, seed=0, reference=0.5 * exact.mean)
    assert far.n == certificates.FEW
    near = value_of(problem, LEVEL, seed=0, reference=0.99 * exact.mean)
    assert near.n > certificates.FEW and near.mean is not None and near.half_width is not None
    assert near.half_width <= (near.mean - 0.99 * exact.mean) / 3.0
    assert near.mean == pytest.approx(exact.mean, abs=2.0 * near.half_width)
    monkeypatch.setattr(certificates, "WORK", 100_000)
    assert value_of(problem, LEVEL, seed=0, reference=exact.mean).n <= 100_000 / 40
    assert value_of(problem, LEVEL, replications=64, seed=0, reference=exact.mean).n == 64


@pytest.mark.slow
def test_a_simulated_policy_is_valued_by_its_difference_to_the_optimal_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problem = dataclasses.replace(losing(1), horizon=200, warm_up=20)
    exact = value_of(problem, LEVEL, replications=2, seed=0)
    monkeypatch.setattr(certificates, "LINKS", 10)
    plain = value_of(problem, LEVEL, replications=64, seed=0)
    control = Control(problem, optimize(problem), seed=0)
    found = value_of(problem, LEVEL, replications=64, seed=0, control=control)
    assert plain.half_width is not None and found.half_width is not None
    assert found.half_width < 0.7 * plain.half_width
    assert found.mean == pytest.approx(exact.mean, abs=3 * found.half_width)


def test_a_closed_form_is_its_own_certificate() -> None:
    record = Instance(
        "eoq/mine", "eoq", {"parameters": {"fixed_cost": 8, "holding_cost": 0.225, "demand_rate": 1300}}
    )
    found = certify_problem(record.problem(), max_bytes=2**20, max_seconds=1.0)
    assert found.value == found.lower == found.upper == found.reference
    assert (found.certificate, found.half_width, found.states) == ("exact", 0.0, None)
    assert found.decision is not None


def test_what_is_not_shown_bounds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = losing(1)
    monkeypatch.setattr(
        certificates,
        "optimize",
        lambda problem, **how: dataclasses.replace(optimize(problem), reason="not shown: mine"),
    )
    found = certify_problem(problem, max_bytes=2**30, max_seconds=60.0)
    assert (found.certificate, found.lower, found.upper) == ("none", None, None)
    assert found.value is not None and found.method == "dynamic programming; not shown: mine"


@pytest.mark.slow
def test_without_memory_there_is_a_bound_on_the_right_side() -> None:
    problem, told = losing(1), list[str]()
    exact = certify_problem(problem, max_bytes=2**30, max_seconds=60.0)
    found = certify_problem(problem, max_bytes=64, max_seconds=60.0, tell=told.append)
    assert (exact.certificate, found.certificate, found.value) == ("exact", "lower_bound", None)
    assert exact.value is not None and found.lower is not None and found.upper is None
    assert found.lower - found.half_width <= exact.value + 1e-6
    assert found.reference == found.lower
    assert any("must be at most 0.00 GiB" in line for line in told)


@pytest.mark.slow
def test_a_named_policy_is_tuned_and_never_below_the_optimum() -> None:
    problem = losing(1)
    optimum = certify_problem(problem, max_bytes=2**30, max_seconds=60.0).value
    (row,) = policy_gaps(problem, ["base_stock"], optimum)
    assert row.gap_percent is not None and 0 <= row.gap_percent < 20
    worse = from_parameters(problem, "base_stock", {"base_stock_level": 12.0})
    (other,) = policy_gaps(problem, [], optimum, given={"worse": worse})
    assert other.cost > row.cost
