"""Laws: exact moments, supports, and draws that follow them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from basestock.network import Item, Node, SupplyNetwork
from basestock.uncertainty import (
    Autoregressive,
    DemandLaw,
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
    Uncertainty,
    discrete_uniform,
    empirical_from_sample,
    record,
    root_words,
)

DISCRETE = [
    Deterministic(3.0),
    Poisson(0.05),
    Poisson(5.0),
    Poisson(400.0),
    NegativeBinomial(5.0, 20.0),
    Geometric(5.0),
    discrete_uniform(2, 9),
    Discrete((0.0, 2.5, 10.0), (0.2, 0.5, 0.3)),
    Intermittent(0.3, Poisson(8.0)),
]
CONTINUOUS = [
    Normal(120.0, 10.0),
    Gamma(10.0, 6.0),
    Empirical((0.0, 0.5, 1.0), (0.0, 4.0, 20.0)),
    empirical_from_sample(range(11)),
]
DRAWS = 100_000


def _network() -> SupplyNetwork:
    return SupplyNetwork(items=(Item("i"),), nodes=(Node("n"),))


def _draw(law: DemandLaw, periods: int = 1) -> np.ndarray:
    source = Uncertainty({("n", "i"): law}).compile(_network())
    events = record(source, root_words(jax.random.key(11)), periods, jnp.arange(DRAWS // periods))
    return np.asarray(events.market, dtype=np.float64)[:, 0, 0, 0]


@pytest.mark.parametrize("law", DISCRETE, ids=str)
def test_support_sums_to_one_and_has_the_stated_moments(law: DiscreteLaw) -> None:
    values, probabilities = law.support()
    assert np.all(np.diff(values) > 0)
    assert abs(probabilities.sum() - 1) < 1e-12
    assert values @ probabilities == pytest.approx(law.mean, rel=1e-9)
    assert (values - law.mean) ** 2 @ probabilities == pytest.approx(law.variance, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("law", [*DISCRETE, *CONTINUOUS], ids=str)
def test_draws_have_mean_and_variance_of_the_law(law: DemandLaw) -> None:
    """Bounds of 4.5 standard errors: a false alarm about once in 70,000 tests; the key is fixed."""
    draws = _draw(law).reshape(-1)
    error = np.sqrt(law.variance / DRAWS)
    assert abs(draws.mean() - law.mean) <= 4.5 * error + 1e-6 * law.mean
    fourth = np.mean((draws - draws.mean()) ** 4)
    assert (
        abs(draws.var() - law.variance)
        <= 4.5 * np.sqrt(max(fourth - law.variance**2, 0) / DRAWS) + 2e-3 * law.variance
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "law", [Poisson(5.0), Geometric(5.0), discrete_uniform(2, 9), Intermittent(0.3, Poisson(8.0))], ids=str
)
def test_draws_fit_the_support(law: DiscreteLaw) -> None:
    """Chi-square at a level of 1e-6."""
    values, probabilities = law.support()
    draws = _draw(law).reshape(-1)
    observed = np.array([(draws == value).sum() for value in values], dtype=float)
    big = probabilities * DRAWS >= 10
    expected = np.append(probabilities[big], probabilities[~big].sum()) * DRAWS
    counted = np.append(observed[big], observed[~big].sum())
    keep = expected > 0
    assert (
        stats.chisquare(counted[keep], expected[keep] * counted[keep].sum() / expected[keep].sum()).pvalue
        > 1e-6
    )


def test_a_long_table_is_inverted_by_bisection_to_the_same_values() -> None:
    law = Poisson(400.0)
    draws = _draw(law).reshape(-1)
    assert draws.min() >= stats.poisson(400).ppf(1e-9)
    assert np.quantile(draws, 0.9) == pytest.approx(stats.poisson(400).ppf(0.9), abs=1)


def test_seasons_take_turns() -> None:
    draws = _draw(Seasonal((Poisson(2.0), Poisson(20.0))), periods=10)
    means = draws.mean(1)
    assert means[::2] == pytest.approx(2.0, abs=0.2)
    assert means[1::2] == pytest.approx(20.0, abs=0.4)


def test_memory_has_the_stated_correlation_and_variance() -> None:
    law = Autoregressive(Normal(100.0, 5.0), 0.6)
    draws = _draw(law, periods=50)[20:]
    assert draws.var() == pytest.approx(law.variance, rel=0.05)
    correlation = np.corrcoef(draws[:-1].reshape(-1), draws[1:].reshape(-1))[0, 1]
    assert correlation == pytest.approx(0.6, abs=0.02)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Poisson(-1.0), "Poisson: rate is -1.0, must be a finite number >= 0"),
        (lambda: Poisson(float("nan")), "Poisson: rate is nan"),
        (lambda: NegativeBinomial(5.0, 4.0), "spread is 4.0, must be a variance > the mean"),
        (lambda: Discrete((0.0, 1.0), (0.5, 0.6)), "sum of probabilities is 1.1"),
        (lambda: Discrete((1.0, 0.0), (0.5, 0.5)), "strictly increasing"),
        (lambda: Empirical((0.1, 0.9), (5.0, 1.0)), "non-decreasing"),
        (lambda: Intermittent(0.0, Poisson(1.0)), "probability is 0.0"),
        (lambda: Autoregressive(Poisson(1.0), 1.0), "inside"),
    ],
)
def test_a_wrong_parameter_is_named(make: object, message: str) -> None:
    with pytest.raises(LawError, match=message.replace("(", r"\(")):
        make()  # type: ignore[operator]


def test_demand_at_an_unknown_place_is_refused() -> None:
    with pytest.raises(ValueError, match=r"demand at \('x', 'i'\), must be at"):
        Uncertainty({("x", "i"): Poisson(1.0)}).compile(_network())
    Uncertainty({("n", "i"): Poisson(1.0)}).compile(_network())
