"""Checks of what :func:`basestock.forecasting.fit` is given; every finding is collected before raising."""

import dataclasses
from collections.abc import Sequence

import numpy as np

_MAX_EXAMPLES = 3


@dataclasses.dataclass(frozen=True)
class Request:
    """The checked arguments of a fit, as arrays of one row per series.

    Parameters
    ----------
    history
        ``float[series, time]``, NaN where demand is unknown or the bucket was closed.
    in_stock
        ``float[series, time]``, share of the bucket in stock; NaN where unknown.
    closed
        ``bool[series, time]``, no demand possible.
    closed_ahead
        ``bool[series, step]``, the buckets after the end of history that are told to be closed or open; may be empty.
    protection, lead
        ``int[series]``, periods of the protection interval, and of the part before an order arrives.
    season_length, horizon, num_folds, seed
        As given.
    candidates, series_ids, categories
        Names; a category of "" for all series when none are given.
    """

    history: np.ndarray
    in_stock: np.ndarray
    closed: np.ndarray
    closed_ahead: np.ndarray
    protection: np.ndarray
    lead: np.ndarray
    season_length: int
    horizon: int
    num_folds: int
    seed: int
    candidates: tuple[str, ...]
    series_ids: tuple[str, ...]
    categories: tuple[str, ...]


class ForecastArgumentError(ValueError):
    """What was asked cannot be forecast; the message lists every finding with its remedy."""


def check_arguments(
    history: np.ndarray,
    *,
    protection: np.ndarray,
    lead: np.ndarray | int,
    in_stock: np.ndarray | None,
    closed: np.ndarray | None,
    candidates: Sequence[str] | None,
    known_candidates: Sequence[str],
    series_ids: Sequence[str] | None,
    categories: Sequence[str] | None,
    counts: dict[str, tuple[int, int]],
) -> Request:
    """Check all arguments and bring them to one row per series.

    Parameters
    ----------
    history, protection, lead, in_stock, closed, candidates, series_ids, categories
        As given to :func:`basestock.forecasting.fit`.
    known_candidates
        The registered forecasters.
    counts
        Value and smallest admissible value of each whole-number argument.

    Raises
    ------
    ForecastArgumentError
        With one line per finding: the offender, the value, the rule, the remedy.
    """
    history = np.asarray(history, dtype=np.float64)
    if history.ndim != 2:
        raise ForecastArgumentError(
            f"history has {history.ndim} axes; must be [series, time]; for one series pass history[None, :]."
        )
    num_series, num_periods = history.shape
    if num_series == 0:
        raise ForecastArgumentError("history has no series; there must be at least one row.")
    names = tuple(candidates) if candidates is not None else tuple(known_candidates)
    ids = tuple(series_ids) if series_ids is not None else tuple(str(row) for row in range(num_series))
    groups = tuple(categories) if categories is not None else ("",) * num_series
    problems = [
        *_count_problems(counts),
        *_name_problems(names, known_candidates),
        *_id_problems(ids, groups, num_series),
    ]
    labels = ids if len(ids) == num_series else tuple(str(row) for row in range(num_series))
    wrong = ~np.isnan(history) & ~(np.isfinite(history) & (history >= 0))
    problems += _cell_problems("history", history, wrong, labels, "finite and >= 0, or NaN where unknown")
    spans = _periods("protection", protection, 1, labels, problems)
    leads = _periods("lead", lead, 0, labels, problems)
    shares = _in_stock(in_stock, history.shape, labels, problems)
    shut = _closed(closed, num_series, num_periods, problems)
    if problems:
        raise ForecastArgumentError("\n".join(problems))
    past, ahead = shut[:, :num_periods], shut[:, num_periods:]
    return Request(
        history=np.where(past, np.nan, history),
        in_stock=shares,
        closed=past,
        closed_ahead=ahead,
        protection=spans,
        lead=leads,
        candidates=names,
        series_ids=ids,
        categories=groups,
        **{name: value for name, (value, _) in counts.items()},
    )


def _count_problems(counts: dict[str, tuple[int, int]]) -> list[str]:
    return [
        f"{name} is {value!r}; must be a whole number >= {smallest}."
        for name, (value, smallest) in counts.items()
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < smallest
    ]


def _name_problems(names: Sequence[str], known: Sequence[str]) -> list[str]:
    if not names:
        return [f"candidates is empty; name at least one of {', '.join(known)}."]
    problems = [
        f"candidate {name!r} is unknown; choose from {', '.join(known)}."
        for name in names
        if name not in known
    ]
    repeated = sorted({name for name in names if list(names).count(name) > 1})
    return problems + [f"candidate {name!r} is named twice; name it once." for name in repeated]


def _id_problems(ids: Sequence[str], groups: Sequence[str], num_series: int) -> list[str]:
    problems = [
        f"{name} has {len(labels)} entries; must have one per series ({num_series})."
        for name, labels in (("series_ids", ids), ("categories", groups))
        if len(labels) != num_series
    ]
    if len(set(ids)) < len(ids):
        twice = next(name for name in ids if list(ids).count(name) > 1)
        problems.append(f"series_ids: {twice!r} occurs twice; paths are drawn by id, so each must be unique.")
    return problems


def _cell_problems(
    name: str, values: np.ndarray, wrong: np.ndarray, labels: Sequence[str], rule: str
) -> list[str]:
    cells = np.argwhere(wrong)
    shown = [
        f"series {labels[row]!r} period {period} is {values[row, period]}"
        for row, period in cells[:_MAX_EXAMPLES]
    ]
    more = f" and {len(cells) - _MAX_EXAMPLES} more" if len(cells) > _MAX_EXAMPLES else ""
    return [f"{name}: {'; '.join(shown)}{more}; must be {rule}."] if shown else []


def _periods(
    name: str, periods: np.ndarray | int, least: int, labels: Sequence[str], problems: list[str]
) -> np.ndarray:
    spans = np.asarray(periods)
    if spans.ndim == 0:
        spans = np.broadcast_to(spans, (len(labels),))
    if spans.shape != (len(labels),):
        problems.append(f"{name} has shape {spans.shape}; must have one entry per series ({len(labels)}).")
        return np.full(len(labels), least, dtype=np.int64)
    numbers = spans.astype(np.float64)
    wrong = ~(np.isfinite(numbers) & (numbers >= least) & (numbers == np.floor(numbers)))
    shown = [f"series {labels[row]!r} has {spans[row]}" for row in np.flatnonzero(wrong)[:_MAX_EXAMPLES]]
    if shown:
        problems.append(f"{name}: {'; '.join(shown)}; must be a whole number of periods >= {least}.")
    return np.where(wrong, least, numbers).astype(np.int64)


def _in_stock(
    in_stock: np.ndarray | None, shape: tuple[int, ...], labels: Sequence[str], problems: list[str]
) -> np.ndarray:
    if in_stock is None:
        return np.full(shape, np.nan)
    shares = np.asarray(in_stock, dtype=np.float64)
    if shares.shape != shape:
        problems.append(f"in_stock has shape {shares.shape}; must be that of history, {shape}.")
        return np.full(shape, np.nan)
    wrong = ~np.isnan(shares) & ~((shares >= 0) & (shares <= 1))
    problems += _cell_problems("in_stock", shares, wrong, labels, "between 0 and 1, or NaN where unknown")
    return shares


def _closed(closed: np.ndarray | None, num_series: int, num_periods: int, problems: list[str]) -> np.ndarray:
    if closed is None:
        return np.zeros((num_series, num_periods), dtype=bool)
    shut = np.asarray(closed)
    whole = np.broadcast_to(shut, (num_series, shut.shape[-1])) if shut.ndim == 1 else shut
    if (
        whole.ndim != 2
        or whole.shape[0] != num_series
        or whole.shape[1] < num_periods
        or shut.dtype != np.bool_
    ):
        problems.append(
            f"closed has shape {shut.shape} and type {shut.dtype}; must be bool [time] or [series, time] with at"
            f" least {num_periods} periods; entries beyond the history tell which buckets to come are closed."
        )
        return np.zeros((num_series, num_periods), dtype=bool)
    return whole
