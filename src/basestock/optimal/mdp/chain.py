"""A decision rule as a sparse Markov chain: what it costs exactly, and where it comes to rest."""

import dataclasses
from typing import Any

import numpy as np

DIRECT = 1_000
"""States up to which a chain is solved by elimination."""


@dataclasses.dataclass(frozen=True, eq=False)
class Chain:
    """The states that a rule reaches from a start.

    Parameters
    ----------
    matrix
        Sparse ``[state, state]`` probabilities.
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
    """

    share: np.ndarray
    classes: np.ndarray
    gain: float

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
    share = np.zeros(chain.num_states)
    weights = _absorption(chain, classes)
    for number, weight in enumerate(weights):
        members = np.flatnonzero(classes == number)
        share[members] = weight * _stationary(chain.matrix[members][:, members], tolerance)
    return LongRun(share, classes, float(share @ chain.cost))


def recurrent_classes(chain: Chain) -> np.ndarray:
    """Return the number of the recurrent class of each state, -1 for transient ones."""
    from scipy.sparse.csgraph import connected_components

    count, label = connected_components(chain.matrix, directed=True, connection="strong")
    entries = chain.matrix.tocoo()
    leaves = label[entries.row] != label[entries.col]
    closed = np.ones(count, dtype=bool)
    closed[label[entries.row[leaves & (entries.data > 0)]]] = False
    number = np.full(count, -1)
    number[closed] = np.arange(int(closed.sum()))
    return number[label]


def _absorption(chain: Chain, classes: np.ndarray) -> np.ndarray:
    """Return the probability of ending in each recurrent class."""
    from scipy.sparse import identity
    from scipy.sparse.linalg import splu

    count = int(classes.max()) + 1
    if count == 1:
        return np.ones(1)
    transient = np.flatnonzero(classes < 0)
    weights = np.array([chain.start[classes == number].sum() for number in range(count)])
    if len(transient):
        inside = chain.matrix[transient][:, transient]
        factor = splu((identity(len(transient), format="csc") - inside.T.tocsc()).tocsc())
        visits = factor.solve(chain.start[transient])
        into = visits @ chain.matrix[transient]
        weights += np.array([np.asarray(into)[classes == number].sum() for number in range(count)])
    return weights


def _stationary(matrix: Any, tolerance: float) -> np.ndarray:
    """Return the stationary law of an irreducible chain."""
    count = matrix.shape[0]
    if count == 1:
        return np.ones(1)
    if count <= DIRECT:
        return _eliminated(matrix)
    share = np.full(count, 1.0 / count)
    turned = matrix.T.tocsr()
    while True:
        # Half steps: classes that come round periodically would swing.
        following = 0.5 * share + 0.5 * (turned @ share)
        if np.abs(following - share).sum() < tolerance:
            return following / following.sum()
        share = following


def _eliminated(matrix: Any) -> np.ndarray:
    """Return the stationary law by elimination."""
    equations = np.eye(matrix.shape[0]) - matrix.toarray().T
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
