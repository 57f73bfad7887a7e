"""Sampling plans: printed and enumerated risks."""

import numpy as np
import pytest
from scipy.stats import binom, hypergeom

from basestock.optimal.closed_form.acceptance_sampling import (
    SamplingCosts,
    SamplingPlan,
    cheapest_plan,
    smallest_double_plan,
    smallest_plan,
)

pytestmark = pytest.mark.requirement("A-35")


def test_the_characteristic_is_the_binomial_sum() -> None:
    shares = np.linspace(0, 1, 11)
    np.testing.assert_allclose(SamplingPlan(50, 2).acceptance(shares), binom.cdf(2, 50, shares), atol=1e-12)


def test_lots_of_a_size_are_sampled_without_replacement() -> None:
    assert SamplingPlan(20, 1).acceptance(0.05, 200) == pytest.approx(hypergeom.cdf(1, 200, 10, 20))


def test_double_sampling_is_single_sampling_when_nothing_is_left_open() -> None:
    single, double = SamplingPlan(40, 1), SamplingPlan(40, 1, 40, 1)
    assert double.acceptance(0.03) == pytest.approx(float(single.acceptance(0.03)))


def test_double_sampling_by_full_enumeration() -> None:
    plan, share = SamplingPlan(5, 0, 6, 2), 0.2
    first, second = (binom.pmf(np.arange(n + 1), n, share) for n in (5, 6))
    expected = first[0] + first[1] * second[:2].sum() + first[2] * second[0]
    assert plan.acceptance(share) == pytest.approx(expected)
    assert plan.expected_sample(share) == pytest.approx(5 + 6 * (first[1] + first[2]))


@pytest.mark.parametrize("lot_size", [None, 300])
def test_the_smallest_plan_keeps_both_risks_and_no_smaller_one_does(lot_size: int | None) -> None:
    plan = smallest_plan(0.02, 0.10, 0.05, 0.10, lot_size=lot_size)
    assert plan.producer_risk(0.02, lot_size) <= 0.05
    assert plan.consumer_risk(0.10, lot_size) <= 0.10
    for size in range(1, plan.sample_size):
        for number in range(plan.acceptance_number + 1):
            other = SamplingPlan(size, number)
            assert other.producer_risk(0.02, lot_size) > 0.05 or other.consumer_risk(0.10, lot_size) > 0.10


def test_the_plan_of_the_experiment() -> None:
    plan = smallest_plan(0.01, 0.05, 0.05, 0.10)
    assert (plan.sample_size, plan.acceptance_number) == (132, 3)


def test_impossible_questions_are_refused_with_every_reason() -> None:
    with pytest.raises(ValueError, match=r"must be 0 <= AQL < LTPD <= 1.*consumer_risk is 0"):
        smallest_plan(0.05, 0.05, 0.05, 0.0)
    with pytest.raises(ValueError, match="no sample of up to 20 units"):
        smallest_plan(0.01, 0.05, 0.05, 0.10, max_size=20)


@pytest.mark.parametrize("lot_size", [None, 200])
def test_the_double_plan_keeps_both_risks_and_draws_fewer_units(lot_size: int | None) -> None:
    single = smallest_plan(0.02, 0.10, 0.05, 0.10, lot_size=lot_size)
    double = smallest_double_plan(0.02, 0.10, 0.05, 0.10, lot_size=lot_size)
    assert double.producer_risk(0.02, lot_size) <= 0.05
    assert double.consumer_risk(0.10, lot_size) <= 0.10
    assert double.expected_sample(0.02, lot_size) < single.sample_size


def test_the_double_plan_is_the_best_of_all_with_its_numbers() -> None:
    best = smallest_double_plan(0.05, 0.25, 0.10, 0.10, ratios=(1,))
    tried = [
        plan.expected_sample(0.05)
        for size in range(1, 25)
        for first in range(4)
        for second in range(first + 1, 5)
        if first <= size
        and (plan := SamplingPlan(size, first, size, second)).producer_risk(0.05) <= 0.10
        and plan.consumer_risk(0.25) <= 0.10
    ]
    assert best.expected_sample(0.05) == pytest.approx(min(tried))


def test_a_rejection_number_ends_sampling_early() -> None:
    late, early = SamplingPlan(20, 0, 20, 4), SamplingPlan(20, 0, 20, 4, rejection_number=2)
    assert early.expected_sample(0.1) < late.expected_sample(0.1)
    assert early.acceptance(0.1) < late.acceptance(0.1)
    first, second = (binom.pmf(np.arange(21), 20, 0.1) for _ in range(2))
    assert early.acceptance(0.1) == pytest.approx(first[0] + first[1] * second[:4].sum())


def test_a_lot_costs_what_sampling_it_in_every_order_costs() -> None:
    """Three of eight units are defective; two are drawn, and none may be."""
    costs = SamplingCosts(inspection=1.0, defective=10.0, rejection=7.0)
    passes = 5 * 4 / (8 * 7)
    expected = 2 * 1.0 + passes * 3 * 10.0 + (1 - passes) * 7.0
    assert SamplingPlan(2, 0).expected_cost(3 / 8, costs, 8) == pytest.approx(expected)


@pytest.mark.slow
@pytest.mark.parametrize(
    "costs", [SamplingCosts(1.0, 40.0, 20.0), SamplingCosts(0.0, 1.0, 30.0), SamplingCosts()]
)
def test_the_cheapest_single_plan_by_trying_all(costs: SamplingCosts) -> None:
    risks, lot, incoming = (0.05, 0.25, 0.10, 0.10), 60, {0.05: 0.7, 0.25: 0.3}

    def cost(plan: SamplingPlan) -> float:
        return sum(mass * plan.expected_cost(share, costs, lot) for share, mass in incoming.items())

    found = cheapest_plan(*risks, lot_size=lot, costs=costs, incoming=incoming)
    plans = [SamplingPlan(n, c) for n in range(1, lot + 1) for c in range(n + 1)]
    fine = [
        plan
        for plan in plans
        if plan.producer_risk(0.05, lot) <= 0.10 and plan.consumer_risk(0.25, lot) <= 0.10
    ]
    assert cost(found) == pytest.approx(min(map(cost, fine)))
    double = cheapest_plan(*risks, lot_size=lot, costs=costs, incoming=incoming, double=True)
    assert cost(double) <= cost(found)
    assert double.consumer_risk(0.25, lot) <= 0.10


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((5, -1), "acceptance_number -1"),
        ((5, 1, 5), "a size and an acceptance number"),
        ((5, 1, 5, 0), "second_acceptance_number is 0"),
        ((5, 1, 5, 3, 1), "rejection_number is 1"),
    ],
)
def test_plans_that_contradict_themselves_are_refused(arguments: tuple[int, ...], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        SamplingPlan(*arguments)


def test_wrong_costs_and_shares_are_told() -> None:
    with pytest.raises(ValueError, match="inspection is -1"):
        SamplingCosts(inspection=-1.0)
    with pytest.raises(ValueError, match="must map shares"):
        cheapest_plan(0.01, 0.1, 0.05, 0.1, lot_size=90, costs=SamplingCosts(), incoming={0.1: 0.5})
    with pytest.raises(ValueError, match="lot_size is 0"):
        smallest_plan(0.01, 0.1, 0.05, 0.1, lot_size=0)


@pytest.mark.parametrize(
    ("risks", "lot_size", "costs", "bad_lots"),
    [
        ((0.0, 0.3, 0.05, 0.1), 15, (1.0, 30.0, 100.0), 0.2),
        ((0.1, 0.5, 0.1, 0.1), 16, (1.0, 0.0, 0.0), 0.0),
        ((0.07, 0.36, 0.05, 0.2), 14, (3.0, 1.0, 50.0), 1.0),
        ((0.0, 1.0, 0.05, 0.1), 5, (1.0, 1.0, 1.0), 0.1),
    ],
)
def test_the_cheapest_double_plan_by_trying_all(risks, lot_size: int, costs, bad_lots: float) -> None:
    """All single plans, and all double ones with a second sample of one or two first ones."""
    charged, incoming = SamplingCosts(*costs), {risks[0]: 1 - bad_lots, risks[1]: bad_lots}

    def cost(plan: SamplingPlan) -> float:
        return sum(mass * plan.expected_cost(share, charged, lot_size) for share, mass in incoming.items())

    tried = [SamplingPlan(size, number) for size in range(1, lot_size + 1) for number in range(size)] + [
        SamplingPlan(size, number, size * ratio, second)
        for ratio in (1, 2)
        for size in range(1, lot_size // (1 + ratio) + 1)
        for number in range(size)
        for second in range(number + 1, size * (1 + ratio))
    ]
    kept = [
        cost(plan)
        for plan in tried
        if plan.producer_risk(risks[0], lot_size) <= risks[2]
        and plan.consumer_risk(risks[1], lot_size) <= risks[3]
    ]
    found = cheapest_plan(*risks, lot_size=lot_size, costs=charged, incoming=incoming, double=True)
    assert cost(found) == pytest.approx(min(kept))
