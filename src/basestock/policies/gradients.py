"""The end of a search where quantities are continuous: downhill along the gradient of the paths themselves."""

from collections.abc import Mapping

import numpy as np

from basestock.policies.boxes import Box
from basestock.policies.clusters import Clusters
from basestock.policies.common_events import Runner, Values
from basestock.policies.registry import Entry

ROUNDS = 12
"""Steps downhill at most."""

LENGTHS = (4.0, 2.0, 1.0, 0.5, 0.25, 0.1, 0.04, 0.01)
"""Lengths that are tried for each step, in steps of the grid."""

MOST_CELLS = 20_000_000
"""Places times replications times periods of a gradient at most: it keeps every period."""


def descends(runner: Runner, box: Mapping[str, Box]) -> bool:
    """Tell whether a gradient may help: quantities in fractions, a coordinate that is one, and paths that fit."""
    arrays = runner.problem.arrays
    cells = arrays.num_nodes * arrays.num_items * runner.replications
    fits = cells * (runner.problem.warm_up + runner.periods) <= MOST_CELLS
    return fits and not arrays.features.whole_units and any(not each.counted for each in box.values())


def descend(
    runner: Runner, entry: Entry, box: Mapping[str, Box], clusters: Clusters, start: Values
) -> tuple[Values, np.ndarray, int]:
    """Go downhill from the best point of a grid, on the same events, as long as that costs less.

    Parameters
    ----------
    runner
        Plays candidates.
    entry, box
        The policy and its boxes; numbers of periods stay as they are.
    clusters
        Places whose costs are of one piece; each takes a step of its own.
    start
        Best point of the grid.

    Returns
    -------
    tuple
        Parameters ``[node, item]``, their cost by cluster, and the number of candidates tried.

    Notes
    -----
    The cost of a path is a piecewise smooth function of levels and quantities, whose derivative is that of the
    simulation (Glasserman and Tayur 1995, doi:10.1287/mnsc.41.2.263). Where an order jumps the derivative leaves the
    jump out; a step is taken only where it costs less, so that it does no harm.
    """
    best, tried = start, 0
    free = {key: float(not each.counted) * each.step for key, each in box.items()}
    cost = clusters.total(runner.costs(entry, _side_by_side(best, None, box)))[:, 0]
    for _ in range(ROUNDS):
        slopes = {key: slope * free[key] for key, slope in runner.slopes(entry, best).items()}
        steepest = np.zeros(len(cost))
        for slope in slopes.values():
            np.maximum.at(steepest, clusters.number, np.abs(slope))
        scale = np.where(steepest > 0, steepest, 1.0)[clusters.number]
        ways = {key: -slope / scale * free[key] for key, slope in slopes.items()}
        candidates = _side_by_side(best, ways, box)
        costs = clusters.total(runner.costs(entry, candidates))
        tried += len(LENGTHS)
        choice = costs.argmin(-1)
        if not (costs.min(-1) < cost - 1e-9 * np.abs(cost)).any():
            break
        at = choice[clusters.number][..., None]
        best = {key: np.take_along_axis(value, at, -1)[..., 0] for key, value in candidates.items()}
        cost = costs.min(-1)
    return best, cost, tried


def _side_by_side(best: Values, ways: Values | None, box: Mapping[str, Box]) -> Values:
    """Return ``[node, item, candidate]``: where it stands, and after steps of every length."""
    lengths = np.array([0.0, *LENGTHS])
    found: Values = {}
    for key, value in best.items():
        moved = value[..., None] + (0.0 if ways is None else ways[key][..., None]) * lengths
        found[key] = np.maximum(moved, box[key].least)
    return found
