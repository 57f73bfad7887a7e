"""Widen laws whose simulated sum over the protection interval is surer than their past errors allow."""

from typing import NamedTuple

import numpy as np

from basestock.forecasting.law import Dynamics

EXCESS_SHARE = 0.5
"""Share of the excess error that is taken as lasting uncertainty of the level (measured: half scores best)."""

_PRIOR_INTERVALS = 4.0
_LARGEST_SPREAD = 0.7
_SMALLEST_SUM = 1e-9


class Evidence(NamedTuple):
    """What the past says of laws, ``float32[candidate, series]``.

    Parameters
    ----------
    mean, variance
        Of what may be drawn for one bucket, if there is demand at all.
    loss
        Squared errors of the sum over the protection interval, see ``Draft``.
    """

    mean: np.ndarray
    variance: np.ndarray
    loss: np.ndarray


def calibrated(
    dynamics: Dynamics, evidence: Evidence, protection: np.ndarray, num_counted: np.ndarray
) -> Dynamics:
    """Make the level of laws uncertain where their past sums were missed by more than chance.

    Parameters
    ----------
    dynamics
        Leaves ``[candidate, ..., series]``.
    evidence
        What the past says of them.
    protection
        ``int[series]``, periods of the protection interval.
    num_counted
        ``float[series]``, past protection intervals behind ``evidence.loss``.

    Notes
    -----
    Draws that are independent but for the drift of the level give the sum over L periods the variance
    v (1 + (1 + g)^2 + ... + (1 + (L - 1) g)^2), v the variance of one bucket and g the level gain. The model's own
    past forecasts of such sums have the mean squared error e. A lasting error of the level, one factor a path,
    explains half of the excess e - v (...), less with few intervals in history. Intermittent laws vary the
    probability of a demand instead, so that sizes stay whole.
    """
    length, chance = protection.astype(np.float32), dynamics.occurrence
    mean = chance * evidence.mean
    variance = np.maximum(chance * (evidence.variance + evidence.mean**2) - mean**2, 0.0)
    num_intervals = num_counted / length
    error = evidence.loss / np.maximum(num_counted, 1.0)
    excess = np.maximum(error - variance * _growth(dynamics.level_gain, length), 0.0)
    lasting = EXCESS_SHARE * excess * num_intervals / (num_intervals + _PRIOR_INTERVALS)
    expected = length * (np.maximum(dynamics.base[:, 0], 0.0) + mean)
    spread = np.clip(np.sqrt(lasting) / np.maximum(expected, _SMALLEST_SUM), 0.0, _LARGEST_SPREAD)
    intermittent = chance < 1.0
    of_chance = np.where(intermittent, np.maximum(dynamics.occurrence_spread, spread), 0.0)
    return dynamics._replace(
        level_spread=np.where(intermittent, 0.0, spread).astype(np.float32),
        occurrence_spread=of_chance.astype(np.float32),
    )


def _growth(gain: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Return 1 + (1 + g)^2 + ... + (1 + (L - 1) g)^2."""
    return length * (1.0 + gain * (length - 1.0) * (1.0 + gain * (2.0 * length - 1.0) / 6.0))
