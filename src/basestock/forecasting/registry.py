"""The registered forecasters: one line each."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from basestock.forecasting.models.croston import croston
from basestock.forecasting.models.empirical_bootstrap import empirical_bootstrap
from basestock.forecasting.models.sba import sba
from basestock.forecasting.models.seasonal_exponential_smoothing import seasonal_exponential_smoothing
from basestock.forecasting.models.seasonal_naive import seasonal_naive
from basestock.forecasting.models.simple_exponential_smoothing import simple_exponential_smoothing
from basestock.forecasting.models.tsb import tsb
from basestock.forecasting.training import Draft, View


class Candidate(NamedTuple):
    """A forecaster and what is believed of it before a series has spoken.

    Parameters
    ----------
    draft
        Turns the known past of one series into the draft of a law.
    smooth_prior, intermittent_prior
        Expected pinball loss relative to the best model of its class, for series with demand in nearly every
        bucket and for series where it often stays away.
    """

    draft: Callable[[View], Draft]
    smooth_prior: float
    intermittent_prior: float


FORECASTERS: Mapping[str, Candidate] = MappingProxyType(
    {
        "seasonal_naive": Candidate(seasonal_naive, 1.50, 1.20),
        "simple_exponential_smoothing": Candidate(simple_exponential_smoothing, 1.00, 1.05),
        "seasonal_exponential_smoothing": Candidate(seasonal_exponential_smoothing, 1.05, 1.10),
        "croston": Candidate(croston, 1.10, 1.03),
        "sba": Candidate(sba, 1.10, 1.02),
        "tsb": Candidate(tsb, 1.10, 1.00),
        "empirical_bootstrap": Candidate(empirical_bootstrap, 1.07, 1.05),
    }
)
