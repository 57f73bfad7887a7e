"""What expires, the oldest units leaving first."""

import numpy as np

from basestock.optimal.programs.linear import Linear
from basestock.optimal.programs.walk import Walk


def expire(walk: Walk) -> None:
    """Discard what nobody took in time, and the share that decays.

    Notes
    -----
    First in, first out, with one life on receipt for each place. Let A be the units issued out of lots that have not
    expired yet. Of the lot X that expires now, max(0, X - A) is left and thrown away, and A becomes A + expired - X:
    one either-or choice for each place and period, and no lots.
    """
    frame, life = walk.frame, walk.frame.problem.arrays.life
    if life is None:
        return
    expired = Linear.zeros(frame.num_nodes, frame.num_items)
    if frame.lives is not None:
        expired = _by_age(walk)
    if life.decay_rate is not None:
        rate = np.asarray(life.decay_rate, dtype=np.float64)[0, : frame.num_items, 0]
        decayed = walk.on_hand * rate
        walk.on_hand = walk.on_hand - decayed
        expired = expired + decayed
    walk.add("expired", expired)


def _by_age(walk: Walk) -> Linear:
    frame, label = walk.frame, walk.frame.node_label
    last = walk.expiring.pop(walk.turns, Linear.zeros(frame.num_nodes, frame.num_items))
    walk.turns += 1
    left = last - walk.issued
    free = ~left.fixed
    expired = walk.variables("expired", left, label, where=free)
    if not frame.relaxed:
        some = walk.variables("expires", left, label, where=free, high=1.0, whole=True)
        bound = frame.stock_bound
        walk.constrain("expiry", expired - some * bound, "<=", 0.0, label, where=free, relaxable=False)
        reach = expired - left + some * (2 * bound)
        walk.constrain("expiry", reach, "<=", 2 * bound, label, where=free, relaxable=False)
    result = expired + np.where(free, 0.0, np.maximum(left.constant, 0.0))
    walk.on_hand = walk.on_hand - result
    # Never below 0, so that no less expires than is left.
    walk.issued = walk.kept("issued_ahead", walk.issued + result - last, label)
    return result
