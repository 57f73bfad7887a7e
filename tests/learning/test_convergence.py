"""Verdicts on convergence, and how far a policy moves from update to update."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from jax.scipy.stats import norm

from basestock.envs import action_codec
from basestock.learning.convergence import convergence
from basestock.learning.laws import law_of
from basestock.learning.results import Point
from basestock.learning.updates import POLICY_CHANGE, probes
from basestock.problems import lost_sales


def _curve(last: float, *, slope: float = 0.0, entropy: float = 0.1) -> list[Point]:
    """Return a curve that falls to a cost, and still moves by a slope."""
    told = {"losses/entropy": 1.0, POLICY_CHANGE: 0.5}
    points = [Point(0.0, 0, {"cost": 3.0 * last, **told})]
    late = {"losses/entropy": entropy, POLICY_CHANGE: 0.01}
    return points + [Point(float(at), at, {"cost": last - slope * (9 - at), **late}) for at in range(1, 10)]


@pytest.mark.requirement("B-25")
def test_seeds_that_settle_and_agree_have_converged() -> None:
    found = convergence([_curve(10.0), _curve(10.1)], {"fill_rate": [0.95, 0.96]})
    assert found.verdict == "converged" and found.drift_percent == (0.0, 0.0)
    assert found.entropy == ((1.0, 0.1),) * 2 and found.policy_change == ((0.5, 0.01),) * 2
    assert found.spread_percent == pytest.approx({"cost": 100 * 0.1 / 10.05, "fill_rate": 100 * 0.01 / 0.955})


@pytest.mark.requirement("B-25")
@pytest.mark.parametrize(
    ("curves", "fill_rates", "told"),
    [
        (
            [_curve(10.0, slope=0.1), _curve(10.0)],
            [0.9, 0.9],
            "cost of 1 of 2 seeds still moves, by up to 3.0 %",
        ),
        ([_curve(10.0), _curve(11.0)], [0.9, 0.9], "cost differs by 9.5 % between seeds"),
        ([_curve(10.0), _curve(10.0)], [0.9, 0.95], "fill_rate differs by 5.4 % between seeds"),
        ([_curve(10.0), _curve(10.0, entropy=2.0)], [0.9, 0.9], "entropy of 1 of 2 seeds rises"),
    ],
    ids=["moves", "seeds differ", "key figures differ", "entropy rises"],
)
def test_what_speaks_against_convergence_is_told(
    curves: list[list[Point]], fill_rates: list[float], told: str
) -> None:
    assert convergence(curves, {"fill_rate": fill_rates}).verdict == f"not converged: {told}"


def test_a_curve_without_points_is_refused() -> None:
    with pytest.raises(ValueError, match="a curve has no points"):
        convergence([[], _curve(1.0)])


@pytest.mark.requirement("A-23")
@pytest.mark.parametrize("kind", ["continuous", "multi_discrete"])
def test_divergence_is_the_mean_of_the_logarithm_of_the_ratio_of_chances(kind: Any) -> None:
    codec = action_codec(lost_sales(lead_time=0, mean=1.0), kind)
    law, size = law_of(codec), 1 if kind == "continuous" else codec.sizes[0]
    before = jnp.linspace(-0.5, 0.5, size)[:, None], jnp.full((1, 1), -0.3)
    after = before[0] ** 2 + 0.4, jnp.full((1, 1), 0.2)
    count = 200_000
    spread = (np.arange(count, dtype=np.float32) + 0.5) / count
    noise = jnp.asarray(spread if kind == "multi_discrete" else norm.ppf(spread))[None]
    wide = [(jnp.broadcast_to(outputs, (size, count)), each) for outputs, each in (before, after)]
    drawn = law.draw(*wide[0], noise)
    old, new = (law.logarithm(*each, drawn) for each in wide)
    assert float(law.divergence(before, after)[0]) == pytest.approx(float((old - new).mean()), abs=2e-3)
    assert float(law.divergence(before, before)[0]) == pytest.approx(0.0, abs=1e-6)


def test_probes_are_states_of_all_periods() -> None:
    inputs = jnp.arange(4 * 2 * 96, dtype=jnp.float32).reshape(4, 2, 96)
    found = probes(inputs)
    assert found.shape == (2, 128) and set(np.asarray(found[0]) // (2 * 96)) == {0.0, 1.0, 2.0, 3.0}
    np.testing.assert_array_equal(found[1] - found[0], 96.0)
