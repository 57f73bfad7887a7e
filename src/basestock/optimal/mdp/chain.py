"""A decision rule as a sparse Markov chain: what it costs exactly, and where it comes to rest."""

import dataclasses
from typing import Any

import numpy as np

DIRECT = 1_000
"""States up to which a chain is solved by elimination."""

FACTORED = 3_000
"""Transient states up to which visits are found by factors of their matrix."""

MOST_STEPS = 4_000
"""Steps of an estimate of where a chain is."""

ROUNDING = 1e-13
"""What rows may lack of 1 by rounding alone."""


@dataclasses.dataclass(frozen=True, eq=False)
class Chain:
    """The states that a rule reaches from a start.

    Parameters
    ----------
    matrix
        Sparse ``[state, state]`` probabilities; what a row lacks of 1 leaves for states that are cut off.
    cost
        ``[state]`` expected money of a period.
    start
        ``[state]`` probabilities of the first period.
    """

    matrix: Any
    cost: np.ndarray
    start: np.ndarray

    @property
    def num_states(self) -> int:
        """Number of states."""
        return len(self.cost)

    @property
    def leaks(self) -> np.ndarray:
        """``[state]`` probability of leaving for a state that is cut off."""
        missing = 1.0 - np.asarray(self.matrix.sum(1)).reshape(-1)
        return np.where(missing > ROUNDING, missing, 0.0)


@dataclasses.dataclass(frozen=True, eq=False)
class LongRun:
    """Where a chain comes to rest.

    Parameters
    ----------
    share
        ``[state]`` long-run share of periods.
    classes
        ``[state]`` number of its recurrent class, -1 for transient states.
    gain
        Average money of a period.
    leak
        Share of periods that lead to a state that is cut off; 0.0 where none is.
    """

    share: np.ndarray
    classes: np.ndarray
    gain: float
    leak: float = 0.0

    @property
    def num_classes(self) -> int:
        """Number of recurrent classes."""
        return int(self.classes.max()) + 1


def long_run(chain: Chain, *, tolerance: float = 1e-12) -> LongRun:
    """Return the long-run behavior of a chain from its start.

    Parameters
    ----------
    chain
        Any finite chain.
    tolerance
        Change of the shares in a step at which power iteration stops, for chains above :data:`DIRECT` states.

    Returns
    -------
    LongRun
        Stationary shares of every recurrent class, weighted by the probability of ending in it.
    """
    classes = recurrent_classes(chain)
    share, leaks = np.zeros(chain.num_states), chain.leaks
    for number, weight in enumerate(_absorption(chain, classes)):
        members = np.flatnonzero(classes == number)
        inside = chain.matrix[members][:, members]
        share[members] = weight * _stationary(inside, leaks[members], tolerance)
    share /= max(share.sum(), np.finfo(float).tiny)
    return LongRun(share, classes, float(share @ chain.cost), float(share @ leaks))


def recurrent_classes(chain: Chain) -> np.ndarray:
    """Return the number of the recurrent class of each state, -1 for transient ones and those that only leave."""
    from scipy.sparse.csgraph import connected_components

    count, label = connected_components(chain.matrix, directed=True, connection="strong")
    entries = chain.matrix.tocoo()
    moves = entries.data > 0
    leaves = label[entries.row] != label[entries.col]
    closed = np.zeros(count, dtype=bool)
    closed[label[entries.row[moves]]] = True
    closed[label[entries.row[leaves & moves]]] = False
    number = np.full(count, -1)
    number[closed] = np.arange(int(closed.sum()))
    return number[label]


def _absorption(chain: Chain, classes: np.ndarray) -> np.ndarray:
    """Return the probability of ending in each recurrent class."""
    count = int(classes.max()) + 1
    if count == 1:
        return np.ones(1)
    transient, recurrent = np.flatnonzero(classes < 0), classes >= 0
    weights = np.bincount(classes[recurrent], weights=chain.start[recurrent], minlength=count)
    if len(transient):
        visits = _visits(chain.matrix[transient][:, transient], chain.start[transient])
        into = np.asarray(visits @ chain.matrix[transient])
        weights += np.bincount(classes[recurrent], weights=into[recurrent], minlength=count)
    return weights


def _visits(inside: Any, start: np.ndarray) -> np.ndarray:
    """Return the expected visits of transient states."""
    from scipy.sparse import identity
    from scipy.sparse.linalg import splu

    if len(start) <= FACTORED:
        return splu((identity(len(start), format="csc") - inside.T.tocsc()).tocsc()).solve(start)
    turned, total = inside.T.tocsr(), np.zeros(len(start))
    while start.sum() > ROUNDING:
        total += start
        start = turned @ start
    return total


def _stationary(matrix: Any, leaks: np.ndarray, tolerance: float) -> np.ndarray:
    """Return the stationary law of an irreducible chain; what leaves comes back to its first state."""
    count = matrix.shape[0]
    if count == 1:
        return np.ones(1)
    first = np.zeros(count)
    first[0] = 1.0
    if count <= DIRECT:
        return _eliminated(matrix.toarray() + np.outer(leaks, first))
    share = np.full(count, 1.0 / count)
    turned = matrix.T.tocsr()
    while True:
        # Half steps: classes that come round periodically would swing.
        following = 0.5 * share + 0.5 * (turned @ share + first * (leaks @ share))
        if np.abs(following - share).sum() < tolerance:
            return following / following.sum()
        share = following


def whereabouts(chain: Chain, guess: np.ndarray) -> np.ndarray:
    """Return an estimate of the shares of periods in which a chain is in its states, if it starts anew where it leaves.

    Parameters
    ----------
    chain
        Any finite chain; rows of states that are cut off are empty.
    guess
        ``[state]`` where to begin.

    Returns
    -------
    ndarray
        ``[state]`` shares; those of states that are cut off say how often the chain leaves for them.
    """
    leaks = chain.leaks
    if chain.num_states <= DIRECT:
        return _eliminated(chain.matrix.toarray() + np.outer(leaks, chain.start))
    share, turned, cut = guess, chain.matrix.T.tocsr(), leaks >= 1.0
    for _ in range(MOST_STEPS):
        following = 0.5 * share + 0.5 * (turned @ share + chain.start * (leaks @ share))
        moved = np.abs(following - share).sum()
        share = following
        if moved < max(1e-2 * share[cut].sum(), ROUNDING):
            break
    return share / share.sum()


def _eliminated(matrix: np.ndarray) -> np.ndarray:
    """Return the stationary law by elimination."""
    equations = np.eye(len(matrix)) - matrix.T
    equations[-1] = 1.0
    right = np.zeros(len(equations))
    right[-1] = 1.0
    found = np.maximum(np.linalg.solve(equations, right), 0.0)
    return found / found.sum()


def discounted(chain: Chain, discount: float, *, warm_up: int, horizon: int) -> float:
    """Return the discounted money of a horizon after a warm-up, in which nothing counts.

    Parameters
    ----------
    chain
        Any finite chain.
    discount
        Factor per period; the first counted one has factor 1.
    warm_up, horizon
        Periods.
    """
    share, turned, total = chain.start, chain.matrix.T.tocsr(), 0.0
    for period in range(warm_up + horizon):
        if period >= warm_up:
            total += discount ** (period - warm_up) * float(share @ chain.cost)
        share = turned @ share
    return total
