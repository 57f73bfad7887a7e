"""Laws as files spell them: their moments, and what is said about a wrong one."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basestock.problems.families.demand import SPELLINGS, parse_law, two_moment, wrong_law
from basestock.uncertainty import DiscreteLaw, LawError, Seasonal

SPELLED: list[tuple[dict[str, Any], float, float]] = [
    ({"type": "poisson", "mean": 5}, 5, 5),
    ({"type": "geometric", "mean": 5.0, "support": "0,1,2,..."}, 5, 30),
    ({"type": "deterministic", "value": 3}, 3, 0),
    ({"type": "discrete", "support": [1, 3], "probabilities": [0.5, 0.5]}, 2, 1),
    ({"type": "discrete_uniform", "low": 0, "high": 4}, 2, 2),
    ({"type": "rounded_gamma", "mean": 4.0, "cv": 0.5, "truncated_at": 100}, 4.0, 4 + 1 / 12),
    ({"type": "rounded_normal", "mean": 30.0, "std": 3.0, "clip_at": 0}, 30, 9 + 1 / 12),
    ({"type": "adan_van_eenige_resing", "mean": 4.0, "std": 2.0}, 4, 4),
    ({"type": "normal", "mean": 50.0, "std": 8.0}, 50, 64),
    ({"type": "lognormal", "mean": 10.0, "std": 4.0}, 10, 16),
    ({"type": "poisson_uniform_mean", "low": 5, "high": 15}, 10, 10 + 100 / 12),
    ({"type": "step", "before": 4, "after": 8, "first_period_after": 3, "periods": 4}, 6, 4),
    ({"type": "binomial", "n": 10, "p": 0.3}, 3, 2.1),
]  # fmt: skip


def test_every_spelling_is_shown() -> None:
    assert {spelled["type"] for spelled, _, _ in SPELLED} == set(SPELLINGS)


@pytest.mark.parametrize(("spelled", "mean", "variance"), SPELLED, ids=lambda each: str(each)[:40])
def test_a_law_has_the_moments_of_its_numbers(spelled: dict[str, Any], mean: float, variance: float) -> None:
    law = parse_law(spelled)
    # Rounding moves the moments of a gamma law by little; the others are exact.
    near = 2e-2 if spelled["type"] in ("rounded_gamma", "lognormal") else 1e-6
    assert law.mean == pytest.approx(mean, rel=near)
    assert law.variance == pytest.approx(variance, rel=3 * near, abs=1e-9)
    if isinstance(law, DiscreteLaw):
        values, masses = law.support()
        assert masses.sum() == pytest.approx(1)
        assert float(values @ masses) == pytest.approx(law.mean, rel=1e-9)


@given(st.floats(0.2, 40), st.floats(0.01, 4))
def test_two_moments_are_fitted_exactly(mean: float, excess: float) -> None:
    law = two_moment(mean, float(np.sqrt(mean + excess * mean**2)))
    assert law.mean == pytest.approx(mean, rel=1e-6)
    assert law.variance == pytest.approx(mean + excess * mean**2, rel=1e-5)


def test_two_moments_that_no_law_of_the_format_has_are_refused() -> None:
    with pytest.raises(LawError, match="must be >= the square root of the mean"):
        two_moment(10.0, 1.0)
    assert two_moment(0.0, 0.0).mean == 0


def test_a_step_starts_in_the_period_that_is_named() -> None:
    law = parse_law({"type": "step", "before": 4, "after": 8, "first_period_after": 5, "periods": 6})
    assert isinstance(law, Seasonal)
    assert [each.mean for each in law.laws] == [4, 4, 4, 4, 8, 8]


@pytest.mark.parametrize(
    ("spelled", "sentence"),
    [
        (5, "a type and its numbers"),
        ({"type": "zipf"}, "whose type is one of poisson"),
        ({"type": ["poisson"]}, "whose type is one of"),
        ({"type": "poisson"}, "'mean' is missing"),
        ({"type": "poisson", "mean": -1}, "must be a number >= 0"),
        ({"type": "poisson", "mean": float("inf")}, "must be a number >= 0"),
        ({"type": "poisson", "mean": 2, "men": 3}, "Did you mean 'mean'"),
        ({"type": "discrete", "support": [1, 2], "probabilities": [0.5, 0.6]}, "1 within 1e-9"),
        ({"type": "discrete_uniform", "low": 5, "high": 2}, "low <= high"),
        ({"type": "adan_van_eenige_resing", "mean": 10, "std": 1}, "square root"),
    ],
)
def test_a_wrong_law_is_told(spelled: object, sentence: str) -> None:
    found = wrong_law(spelled)
    assert found is not None
    assert sentence in found
