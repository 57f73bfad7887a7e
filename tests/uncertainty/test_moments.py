"""Laws against the closed forms of SciPy: moments, cumulative probabilities, quantiles (SIM-508)."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from basestock.uncertainty import (
    Autoregressive,
    ContinuousLaw,
    Deterministic,
    Discrete,
    DiscreteLaw,
    Empirical,
    Gamma,
    Geometric,
    Intermittent,
    LawError,
    NegativeBinomial,
    Normal,
    Poisson,
    Seasonal,
    discrete_uniform,
    empirical_from_sample,
)
from basestock.uncertainty.tables import compile_laws

CLOSED = [
    (Poisson(0.05), stats.poisson(0.05)),
    (Poisson(5.0), stats.poisson(5)),
    (Poisson(400.0), stats.poisson(400)),
    (NegativeBinomial(5.0, 20.0), stats.nbinom(25 / 15, 0.25)),
    (NegativeBinomial(0.5, 0.6), stats.nbinom(2.5, 5 / 6)),
    (Geometric(5.0), stats.geom(1 / 6, loc=-1)),
    (Geometric(0.2), stats.geom(1 / 1.2, loc=-1)),
    (discrete_uniform(2, 9), stats.randint(2, 10)),
]
LEVELS = np.array([0.001, 0.05, 0.31, 0.5, 0.77, 0.95, 0.99, 0.999])


@pytest.mark.parametrize(
    ("law", "closed"), CLOSED, ids=lambda case: str(case) if isinstance(case, DiscreteLaw) else ""
)
def test_discrete_laws_equal_their_closed_form(law: DiscreteLaw, closed) -> None:
    values, probabilities = law.support()
    np.testing.assert_allclose(probabilities, closed.pmf(values), rtol=1e-8, atol=1e-14)
    np.testing.assert_allclose(probabilities.cumsum(), closed.cdf(values), atol=1e-11)
    assert law.mean == pytest.approx(closed.mean())
    assert law.variance == pytest.approx(closed.var())


@given(st.floats(0.0, 3000.0))
def test_the_support_of_any_poisson_sums_to_one_with_its_mean(rate: float) -> None:
    values, probabilities = Poisson(rate).support()
    assert abs(probabilities.sum() - 1) < 1e-12
    assert values @ probabilities == pytest.approx(rate, rel=1e-9, abs=1e-12)


@given(st.floats(0.01, 500.0), st.floats(1.01, 30.0))
def test_the_support_of_any_negative_binomial_sums_to_one_with_its_moments(mean: float, ratio: float) -> None:
    law = NegativeBinomial(mean, mean * ratio)
    values, probabilities = law.support()
    assert abs(probabilities.sum() - 1) < 1e-12
    assert values @ probabilities == pytest.approx(mean, rel=1e-6)
    assert (values - mean) ** 2 @ probabilities == pytest.approx(law.variance, rel=1e-5)


def test_a_certain_quantity_is_its_own_support() -> None:
    values, probabilities = Deterministic(2.5).support()
    assert (values.tolist(), probabilities.tolist()) == ([2.5], [1.0])
    assert (Deterministic(2.5).mean, Deterministic(2.5).variance) == (2.5, 0.0)


def test_intermittent_demand_mixes_nothing_with_sizes() -> None:
    law = Intermittent(0.3, discrete_uniform(1, 4))
    values, probabilities = law.support()
    assert values.tolist() == [0, 1, 2, 3, 4]
    assert probabilities.tolist() == pytest.approx([0.7, *[0.075] * 4])
    assert law.mean == pytest.approx(0.75)
    assert law.variance == pytest.approx(0.3 * 7.5 - 0.75**2)
    with_zero = Intermittent(0.5, Poisson(2.0))
    assert with_zero.support()[1][0] == pytest.approx(0.5 + 0.5 * np.exp(-2))
    assert Intermittent(1.0, Poisson(2.0)).mean == 2.0


@pytest.mark.parametrize(
    ("law", "closed"),
    [(Normal(120.0, 10.0), stats.norm(120, 10)), (Gamma(10.0, 6.0), stats.gamma(100 / 36, scale=3.6))],
    ids=["normal", "gamma"],
)
def test_continuous_quantiles_equal_their_closed_form(law: ContinuousLaw, closed) -> None:
    np.testing.assert_allclose(law.quantile(LEVELS), closed.ppf(LEVELS), rtol=1e-9)
    assert (law.mean, law.variance) == pytest.approx((closed.mean(), closed.var()))


def test_quantile_tables_interpolate_and_hold_their_ends() -> None:
    law = Empirical((0.1, 0.5, 0.9), (2.0, 6.0, 26.0))
    found = law.quantile(np.array([0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0]))
    assert found.tolist() == pytest.approx([2, 2, 4, 6, 16, 26, 26])
    assert law.mean == pytest.approx(0.1 * 2 + 0.4 * 4 + 0.4 * 16 + 0.1 * 26)
    fine = law.quantile((np.arange(200_000) + 0.5) / 200_000)
    assert law.variance == pytest.approx(fine.var(), rel=1e-4)


def test_a_sample_keeps_its_extremes() -> None:
    law = empirical_from_sample([5.0, 1.0, 3.0], num_levels=5)
    assert law.quantile(np.array([0.0, 0.5, 1.0])).tolist() == [1, 3, 5]


def test_seasons_average_their_laws() -> None:
    law = Seasonal((Poisson(2.0), Poisson(6.0)))
    assert law.mean == 4.0
    assert law.variance == pytest.approx(4.0 + 4.0)


@pytest.mark.parametrize("coefficient", [-0.5, 0.0, 0.8])
def test_memory_raises_the_variance_of_the_stationary_process(coefficient: float) -> None:
    law = Autoregressive(Normal(100.0, 5.0), coefficient)
    assert (law.mean, law.variance) == pytest.approx((100.0, 25 / (1 - coefficient**2)))


def _inverse(law: DiscreteLaw | ContinuousLaw, uniform: np.ndarray) -> np.ndarray:
    tables = [table for table in compile_laws({(0, 0, 0): law}, (1, 1, 1)) if table is not None]
    drawn = sum(
        table.draw(jnp.asarray(0), jnp.asarray(uniform, jnp.float32).reshape(1, 1, -1)) for table in tables
    )
    return np.asarray(drawn)[0, 0]


@pytest.mark.parametrize(
    ("law", "closed"),
    [
        (Poisson(5.0), stats.poisson(5)),
        (Poisson(400.0), stats.poisson(400)),
        (Geometric(5.0), stats.geom(1 / 6, loc=-1)),
        (NegativeBinomial(5.0, 20.0), stats.nbinom(25 / 15, 0.25)),
    ],
    ids=lambda case: str(case) if isinstance(case, DiscreteLaw) else "closed",
)
def test_a_known_law_is_inverted_exactly(law: DiscreteLaw, closed) -> None:
    np.testing.assert_array_equal(_inverse(law, LEVELS), closed.ppf(LEVELS))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("law", "tolerance"), [(Normal(120.0, 10.0), 1e-5), (Gamma(10.0, 6.0), 2e-3)], ids=["normal", "gamma"]
)
def test_a_continuous_law_is_inverted_closely_into_the_tail(law: ContinuousLaw, tolerance: float) -> None:
    levels = np.append(LEVELS, 0.9999)
    np.testing.assert_allclose(_inverse(law, levels), law.quantile(levels), rtol=tolerance)


def test_values_between_whole_numbers_are_drawn_as_given() -> None:
    law = Discrete((0.0, 2.5, 10.0), (0.2, 0.5, 0.3))
    assert _inverse(law, np.array([0.1, 0.2, 0.21, 0.7, 0.71, 0.999])).tolist() == [0, 0, 2.5, 2.5, 10, 10]


@pytest.mark.slow
def test_draws_of_a_quantile_table_have_slopes_for_learning() -> None:
    """Pathwise gradients pass through the quantiles (SIM-612)."""
    (table,) = (t for t in compile_laws({(0, 0, 0): Gamma(10.0, 6.0)}, (1, 1, 1)) if t is not None)
    uniform = jnp.full((1, 1, 1), 0.4)
    total = lambda t: t.draw(jnp.asarray(0), uniform).sum()  # noqa: E731
    slope = jax.grad(total)(table)
    assert float(slope.quantiles.sum()) == pytest.approx(1.0)


def test_a_normal_demand_is_never_negative() -> None:
    assert _inverse(Normal(1.0, 5.0), np.array([0.01, 0.5])).tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Deterministic(-1.0), "Deterministic: quantity is -1.0"),
        (lambda: Geometric(0.0), "Geometric: average is 0.0, must be a finite number > 0"),
        (lambda: Normal(1.0, -1.0), "Normal: deviation is -1.0"),
        (lambda: Gamma(0.0, 1.0), "Gamma: average is 0.0"),
        (lambda: Discrete((), ()), "as many as probabilities"),
        (lambda: Discrete((-1.0, 0.0), (0.5, 0.5)), r"values is \(-1.0, 0.0\)"),
        (lambda: Empirical((0.0, 1.5), (1.0, 2.0)), r"levels is \(0.0, 1.5\), must be in"),
        (lambda: Seasonal(()), "one at least"),
        (lambda: Seasonal((Seasonal((Poisson(1.0),)),)), "unmodulated laws"),
        (lambda: Autoregressive(Autoregressive(Poisson(1.0), 0.1), 0.1), "without memory of its own"),
    ],
)  # fmt: skip
def test_a_wrong_parameter_is_named(make: object, message: str) -> None:
    with pytest.raises(LawError, match=message):
        make()  # type: ignore[operator]
