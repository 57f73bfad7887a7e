"""Sampling plans: printed and enumerated risks."""

import numpy as np
import pytest
from scipy.stats import binom, hypergeom

from basestock.optimal.closed_form.acceptance_sampling import SamplingPlan, smallest_plan

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
