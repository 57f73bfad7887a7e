"""From the drafts of all candidates to calibrated laws with filled tables."""

from collections.abc import Sequence

import jax
import numpy as np

from basestock.forecasting.calibration import Evidence, calibrated
from basestock.forecasting.law import Dynamics, Law, plain_dynamics
from basestock.forecasting.programs import filled_tables
from basestock.forecasting.registry import FORECASTERS
from basestock.forecasting.setting import Setting
from basestock.forecasting.training import Draft, Training, View


def candidate_laws(training: Training, whole: np.ndarray, *, names: Sequence[str], setting: Setting) -> Law:
    """Fit every candidate to every series.

    Parameters
    ----------
    training
        What the candidates may see.
    whole
        ``bool[series]``, whether demand comes in whole units.
    names
        The candidates.
    setting
        Static sizes.

    Returns
    -------
    Law
        NumPy leaves ``[series, candidate, ...]``.
    """
    view = View(training, setting)
    drafts = [FORECASTERS[name].draft(view) for name in names]
    atoms = _tables(training, drafts)
    plain = plain_dynamics(setting.num_steps, whole)
    dynamics = calibrated(
        Dynamics(
            *(_stacked(name, usual, drafts) for name, usual in zip(Dynamics._fields, plain, strict=True))
        ),
        _evidence(training, drafts),
        training.protection,
        training.ahead.counted.sum(axis=0),
    )
    return Law(
        np.asarray(atoms), jax.tree.map(lambda leaf: np.ascontiguousarray(np.moveaxis(leaf, -1, 0)), dynamics)
    )


def _tables(training: Training, drafts: Sequence[Draft]) -> jax.Array:
    return filled_tables(
        np.stack([draft.sample for draft in drafts]),
        np.stack([training.newest_known, training.newest_demands]),
        np.array([draft.at_demands for draft in drafts], np.int32),
        np.stack([draft.size for draft in drafts]),
        np.stack([draft.recency for draft in drafts]),
    )


def _stacked(name: str, usual: np.ndarray, drafts: Sequence[Draft]) -> np.ndarray:
    """Return one leaf of all candidates, ``[candidate, ..., series]``; what a draft does not give is as usual."""
    stacked = np.empty((len(drafts), *usual.shape), usual.dtype)
    for place, draft in enumerate(drafts):
        stacked[place] = draft.dynamics.get(name, usual)
    return stacked


def _evidence(training: Training, drafts: Sequence[Draft]) -> Evidence:
    """Return mean and variance of the entries that a draft draws from, and its loss."""
    running, demand = training.running, training.observed * (training.values > 0)
    sources = (
        (training.observed, running.known[-1] - running.known),
        (demand, running.demands[-1] - running.demands),
    )
    moments: list[tuple[np.ndarray, np.ndarray]] = []
    for draft in drafts:
        chosen, later = sources[draft.at_demands]
        drawn, count = chosen * (later < draft.size), np.maximum(draft.size, 1.0)
        mean = (drawn * draft.sample).sum(axis=0) / count
        moments.append((mean, (drawn * (draft.sample - mean) ** 2).sum(axis=0) / count))
    mean, variance = (np.stack(parts) for parts in zip(*moments, strict=True))
    return Evidence(mean, variance, np.stack([draft.loss for draft in drafts]))
