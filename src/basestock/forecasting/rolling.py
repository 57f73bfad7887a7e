"""Rolling origins: where each fold stands, what it may see, and what it is scored on.

A fold is fitted on an array that ends at its origin. What comes after is not masked, it is absent, so no model
can see it (LEK-003); cleaning is done anew on what the fold may see (LEK-004).
"""

import numpy as np

SMALLEST_TRAINING = 4
"""Known periods a fold needs at least to be fitted."""


def known_span(known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the first known period of each row and the number of periods up to the last one, both 0 if none.

    Examples
    --------
    >>> known_span(np.array([[False, True, False, True, False]]))
    (array([1]), array([4]))
    """
    if known.shape[1] == 0:
        return np.zeros(len(known), dtype=np.int64), np.zeros(len(known), dtype=np.int64)
    some = known.any(axis=1)
    first = np.where(some, known.argmax(axis=1), 0)
    end = np.where(some, known.shape[1] - known[:, ::-1].argmax(axis=1), 0)
    return first, end


def fold_origins(first: np.ndarray, end: np.ndarray, protection: np.ndarray, num_folds: int) -> np.ndarray:
    """Place the origins of each series, the newest first.

    Parameters
    ----------
    first, end
        ``int[series]``, first known period, and one past the last.
    protection
        ``int[series]``, length of the scored window in periods.
    num_folds
        Number of origins.

    Returns
    -------
    numpy.ndarray
        ``int[fold, series]``, number of periods before the origin; -1 where too little history is left to fit on.

    Notes
    -----
    The newest window ends with history; windows do not overlap unless history is too short for that.

    Examples
    --------
    >>> fold_origins(np.array([0, 90]), np.array([100, 100]), np.array([4, 4]), 3).T.tolist()
    [[96, 92, 88], [96, 95, 94]]
    """
    smallest = np.maximum(SMALLEST_TRAINING, np.minimum(protection, (end - first) // 2))
    room = end - first - smallest - protection
    stride = np.clip(room // max(num_folds - 1, 1), 1, protection)
    origins = end - protection - stride * np.arange(num_folds)[:, None]
    return np.where(origins - first >= smallest, origins, -1)


def seen_before(values: np.ndarray, origin: np.ndarray, width: int) -> np.ndarray:
    """Return ``[series, width]``: the last periods before each origin, NaN before the start of history.

    Examples
    --------
    >>> seen_before(np.array([[1.0, 2.0, 3.0]]), np.array([2]), 3).tolist()
    [[nan, 1.0, 2.0]]
    """
    return _window(values, origin[:, None] - width + np.arange(width))


def seen_after(values: np.ndarray, origin: np.ndarray, width: int) -> np.ndarray:
    """Return ``[series, width]``: the periods from each origin on, NaN after the end of history.

    Examples
    --------
    >>> seen_after(np.array([[1.0, 2.0, 3.0]]), np.array([2]), 3).tolist()
    [[3.0, nan, nan]]
    """
    return _window(values, origin[:, None] + np.arange(width))


def _window(values: np.ndarray, periods: np.ndarray) -> np.ndarray:
    num_periods = values.shape[1]
    if num_periods == 0:
        return np.full(periods.shape, np.nan)
    inside = (periods >= 0) & (periods < num_periods)
    taken = np.take_along_axis(values, np.clip(periods, 0, num_periods - 1), axis=1)
    return np.where(inside, taken, np.nan)
