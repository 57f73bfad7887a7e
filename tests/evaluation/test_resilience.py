"""Key figures of a disruption by hand."""

import numpy as np
import pytest

from basestock.evaluation.resilience import resilience

TEN = np.full(12, 10.0)
"""Twelve periods of a demand of 10."""


@pytest.mark.requirement("B-24")
def test_a_path_that_recovers():
    served = np.array([10, 4, 8, *[10] * 9], dtype=float)
    found = resilience(served, TEN, TEN + 6.0 * (np.arange(12) == 2), TEN, TEN, TEN, start=1)
    # The seven periods that end with the ninth are the first without a loss.
    assert (found.response_periods, found.recovery_periods) == (1, 8)
    assert (found.units_lost, found.service_lost, found.worst_service) == (8, 8 / 80, 0.4)


@pytest.mark.requirement("B-24")
def test_nothing_happens_or_never_ends():
    calm = resilience(TEN, TEN, TEN, TEN, TEN, TEN, start=2)
    assert (calm.recovery_periods, calm.units_lost, calm.worst_service) == (0, 0, 1)
    assert resilience(TEN * 0.5, TEN, TEN, TEN, TEN, TEN, start=2).recovery_periods is None
    with pytest.raises(ValueError, match="must be of one length"):
        resilience(TEN, TEN[:3], TEN, TEN, TEN, TEN, start=2)
