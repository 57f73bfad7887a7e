"""A decision rule as a sparse Markov chain: what it costs exactly, and where it comes to rest."""

import dataclasses
from typing import Any

import numpy as np

MOST_WORK = 2e9
"""Multiplications up to which a chain is solved by elimination."""

FIRST_STEPS = 200
"""Steps after which a state with a large share is known."""

SOLVED = 1e-11
"""What an elimination may be off in all shares together."""

FACTORED = 3_000
"""Transient states up to which visits are found by factors of their matrix."""

MOST_STEPS = 4_000
"""Steps of an estimate of where a chain is."""

MOST_VISITS = 200_000
"""Steps after which a chain that is still transient is where a cut keeps it."""

HARDLY = 1e-6
"""Share of periods below which a class at a cut does not count."""

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

    def within(self, kept: np.ndarray) -> "Chain":
        """Return the chain of some states ``[state]``; the others are cut off."""
        inside = np.flatnonzero(kept)
        return Chain(self.matrix[inside][:, inside], self.cost[inside], self.start[inside])

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


def long_run(chain: Chain, *, tolerance: float = 1e-12, guess: np.ndarray | None = None) -> LongRun:
    """Return the long-run behavior of a chain from its start.

    Parameters
    ----------
    chain
        Any finite chain.
    tolerance
        Change of the shares in a step at which power iteration stops, for chains above :data:`MOST_WORK`.
    guess
        ``[state]`` about where a chain is of which states are cut off. What is left of classes at the cut, in which it
        hardly ever is, does not count: it would end in them, sometime.

    Returns
    -------
    LongRun
        Stationary shares of every recurrent class, weighted by the probability of ending in it.
    """
    classes = recurrent_classes(chain, guess)
    share, leaks = np.zeros(chain.num_states), np.zeros(chain.num_states)
    for number, weight in enumerate(_absorption(chain, classes)):
        members = np.flatnonzero(classes == number)
        inside = chain.within(classes == number)
        leaks[members] = inside.leaks
        share[members] = weight * _stationary(inside.matrix, inside.leaks, tolerance)
    share /= max(share.sum(), np.finfo(float).tiny)
    return LongRun(share, classes, float(share @ chain.cost), float(share @ leaks))


def recurrent_classes(chain: Chain, guess: np.ndarray | None = None) -> np.ndarray:
    """Return the number of the recurrent class of each state, -1 for transient ones and those that only leave.

    Parameters
    ----------
    chain
        Any finite chain.
    guess
        As for :func:`long_run`.
    """
    from scipy.sparse.csgraph import connected_components

    count, label = connected_components(chain.matrix, directed=True, connection="strong")
    weight = np.ones(count) if guess is None else np.bincount(label, weights=guess, minlength=count)
    counts = weight > min(HARDLY, float(weight.max()) / 2)
    entries = chain.matrix.tocoo()
    moves = entries.data > 0
    leaves = (label[entries.row] != label[entries.col]) & counts[label[entries.col]]
    closed = np.zeros(count, dtype=bool)
    closed[label[entries.row[moves]]] = True
    closed[label[entries.row[leaves & moves]]] = False
    closed &= counts
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
    for _ in range(MOST_VISITS):
        if start.sum() <= ROUNDING:
            break
        total += start
        start = turned @ start
    return total


def _stationary(matrix: Any, leaks: np.ndarray, tolerance: float) -> np.ndarray:
    """Return the stationary law of an irreducible chain; what leaves comes back to a state where it often is."""
    count = matrix.shape[0]
    if count == 1:
        return np.ones(1)
    share = np.full(count, 1.0 / count)
    turned = matrix.T.tocsr()
    for _ in range(FIRST_STEPS):
        share = _half_step(turned, share, leaks, int(np.argmax(share)))
    home = int(np.argmax(share))
    found = _solved(matrix, turned, leaks, home)
    if found is not None:
        return found
    while True:
        following = _half_step(turned, share, leaks, home)
        if np.abs(following - share).sum() < tolerance:
            return following / following.sum()
        share = following


def _half_step(turned: Any, share: np.ndarray, leaks: np.ndarray, home: int) -> np.ndarray:
    """Return the mean of shares now and a period later: classes that come round periodically would swing."""
    following = turned @ share
    following[home] += leaks @ share
    return 0.5 * (share + following)


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
    leaks, share = chain.leaks, guess
    turned, cut = chain.matrix.T.tocsr(), leaks >= 1.0
    home = int(np.argmax(np.where(cut, -1.0, guess)))
    found = _solved(chain.matrix, turned, leaks, home)
    if found is not None:
        return found
    for _ in range(MOST_STEPS):
        following = _half_step(turned, share, leaks, home)
        moved = np.abs(following - share).sum()
        share = following
        if moved < max(1e-2 * share[cut].sum(), ROUNDING):
            break
    return share / share.sum()


def _solved(matrix: Any, turned: Any, leaks: np.ndarray, home: int) -> np.ndarray | None:
    """Return the stationary law of a chain by elimination, ``None`` where that is much work or not accurate.

    Shares are stated against that of the state to which it comes home, also where it leaves. States are sorted so that
    links are short (Cuthill and McKee 1969, doi:10.1145/800195.805928): elimination fills nothing beyond their band.
    """
    from scipy.linalg import LinAlgError, solve_banded
    from scipy.sparse.csgraph import reverse_cuthill_mckee

    others = np.flatnonzero(np.arange(matrix.shape[0]) != home)
    inside = matrix[others][:, others].T.tocsr()
    order = reverse_cuthill_mckee(inside, symmetric_mode=False)
    entries = inside[order][:, order].tocoo()
    band = int(np.abs(entries.row - entries.col).max(initial=0))
    if len(others) * (band + 1) ** 2 > MOST_WORK:
        return None
    bands = np.zeros((2 * band + 1, len(others)))
    bands[band] = 1.0
    np.subtract.at(bands, (band + entries.row - entries.col, entries.col), entries.data)
    found = np.ones(matrix.shape[0])
    try:
        solved = solve_banded((band, band), bands, np.asarray(matrix[[home]].todense())[0, others][order])
    except LinAlgError:
        return None
    found[others[order]] = np.maximum(solved, 0.0)
    found /= found.sum()
    # A home where the chain hardly ever is, and several classes, leave nothing accurate.
    off = np.abs(_half_step(turned, found, leaks, home) - found).sum()
    return found if off < SOLVED else None


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
