"""Caps that several lanes and items share: a supplier's capacity, a lane, a vehicle, a budget."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from basestock.network import SupplyNetwork
from basestock.uncertainty import Axes, bucket
from basestock.uncertainty.places import LARGE, Places

LaneItem = Float[Array, "lane item replication"]
CapLine = Float[Array, "cap line replication"]

NO_CAP = 1e30
"""Stands for "no cap": finite, so that gradients stay finite."""


class Caps(eqx.Module):
    """Largest sums over lines (a lane and an item), each in its own measure; no two of them have a line in common.

    Parameters
    ----------
    lines
        ``[cap, line]`` place of each line, in the order of service (priority of the lane, then names).
    load
        What one unit takes of the cap.
    step
        Quantities are cut to multiples of this, units; 0 where any fraction is fine.
    cap
        Largest sum, in the measure of the cap.
    lanes
        Weight of each lane that has a line, such that they sum to 1.
    proportional
        Whether a cap scales all lines alike; else it cuts those that are served last.
    """

    lines: Places
    load: Float[Array, "cap line 1"]
    step: Float[Array, "cap line 1"]
    cap: Float[Array, "cap 1 1"]
    lanes: Float[Array, "cap lane"]
    proportional: bool = eqx.field(static=True)

    def excess(self, quantity: LaneItem) -> Float[Array, "cap 1 replication"]:
        """Return by how much quantities go beyond the caps, in their measure."""
        return (self.lines.read(quantity) * self.load).sum(1, keepdims=True) - self.cap


def service_order(network: SupplyNetwork, axes: Axes) -> np.ndarray:
    """Return the positions of lane x item sorted by priority of the lane, its name, and the name of the item."""
    lanes = sorted(range(len(axes.lanes)), key=lambda k: (network.lanes[k].priority, axes.lanes[k]))
    items = sorted(range(len(axes.items)), key=lambda k: axes.items[k])
    lanes += range(len(axes.lanes), axes.num_lanes)
    items += range(len(axes.items), axes.num_items)
    return (np.array(lanes)[:, None] * axes.num_items + np.array(items)[None, :]).ravel().astype(np.int32)


def make_caps(
    loads: list[np.ndarray], caps: list[float], rules: list[bool], order: np.ndarray, step: np.ndarray
) -> tuple[Caps, ...]:
    """Return caps in the order in which they are applied; those without a common line are applied at once.

    Parameters
    ----------
    loads
        ``[lane, item]`` of each cap: what one unit takes of it, 0 outside its scope.
    caps
        Largest sum of each.
    rules
        Whether each scales in proportion.
    order
        From :func:`service_order`.
    step
        ``[lane, item, 1]`` multiples that quantities are cut to.
    """
    if not loads:
        return ()
    if loads[0].size < LARGE:
        # Small tables are gone over as a whole, cap by cap: networks whose caps have other lines share a program.
        spare = bucket(len(loads)) - len(loads)
        every = zip(
            (*loads, *[0 * loads[0]] * spare),
            (*caps, *[NO_CAP] * spare),
            (*rules, *[False] * spare),
            strict=True,
        )
        return tuple(_caps([(order, load, cap)], rule, len(order), step[..., 0]) for load, cap, rule in every)
    turn = np.zeros(len(order), dtype=np.int64)
    together: dict[tuple[int, bool, int], list[tuple[np.ndarray, np.ndarray, float]]] = {}
    for load, cap, rule in zip(loads, caps, rules, strict=True):
        inside = load.ravel()[order] > 0
        if inside.any():
            turn[inside] = turn[inside].max() + 1
            key = (int(turn[inside][0]), rule, bucket(int(inside.sum())))
            together.setdefault(key, []).append((order[inside], load, cap))
    return tuple(_caps(together[key], key[1], key[2], step[..., 0]) for key in sorted(together))


def _caps(
    members: list[tuple[np.ndarray, np.ndarray, float]], proportional: bool, length: int, step: np.ndarray
) -> Caps:
    num_lanes, num_items = step.shape
    count = bucket(len(members))
    lane, item = np.zeros((2, count, length), dtype=np.int32)
    lane[:] = num_lanes + np.arange(count * length).reshape(count, length)
    load, steps = np.zeros((2, count, length, 1), dtype=np.float32)
    limit = np.full((count, 1, 1), NO_CAP, dtype=np.float32)
    lanes = np.zeros((count, num_lanes), dtype=np.float32)
    for number, (lines, loads, cap) in enumerate(members):
        row, column = np.divmod(lines, num_items)
        lane[number, : len(lines)], item[number, : len(lines)] = row, column
        load[number, : len(lines), 0], steps[number, : len(lines), 0] = loads[row, column], step[row, column]
        limit[number] = cap
        inside = np.unique(row[loads[row, column] > 0])
        lanes[number, inside] = 1.0 / max(len(inside), 1)
    return Caps(
        lines=Places(jnp.asarray(lane), jnp.asarray(item)),
        load=jnp.asarray(load),
        step=jnp.asarray(steps),
        cap=jnp.asarray(limit),
        lanes=jnp.asarray(lanes),
        proportional=proportional,
    )


def within(
    caps: Caps, quantity: LaneItem, opened: Float[Array, "lane replication"] | None = None
) -> LaneItem:
    """Cut quantities so that caps hold; nothing changes where they hold already.

    Parameters
    ----------
    caps
        Caps without a common line.
    quantity
        Units on each lane.
    opened
        Share of each lane that is open, which scales the caps by its mean over their lanes.

    Returns
    -------
    Array
        At most ``quantity``, the sums within the caps (SIM-112 and SIM-306).
    """
    cap = caps.cap if opened is None else caps.cap * jnp.einsum("cl,lr->cr", caps.lanes, opened)[:, None]
    wanted = caps.lines.read(quantity)
    taken = wanted * caps.load
    over = (taken.sum(1, keepdims=True) > cap * (1 + 1e-6)) & (caps.load > 0)
    if caps.proportional:
        kept = whole_steps(wanted * share_of(cap, taken.sum(1, keepdims=True)), caps.step)
        kept = kept + _one_more(caps, kept, wanted, cap)
    else:
        kept = whole_steps(wanted * share_of(jnp.clip(cap - _before(taken), 0.0, taken), taken), caps.step)
    return caps.lines.write(quantity, jnp.where(over, kept, wanted))


def whole_steps(quantity: Array, step: Array) -> Array:
    """Round down to a multiple of a step; a hair below one counts as one."""
    size = jnp.where(step > 0, step, 1.0)
    return jnp.where(step > 0, jnp.floor(quantity / size * (1 + 1e-6) + 1e-6) * size, quantity)


REMAINDER = 1e-12
"""Units, or money, that are a remainder of rounding."""


def share_of(part: Array, whole: Array) -> Array:
    """Return part / whole, at most 1; 1 where the whole is a remainder of rounding or nothing.

    Dividing by such remainders makes slopes of 1e30 and more, which are no numbers once they meet a 0.
    """
    something = whole > REMAINDER
    return jnp.where(something, jnp.minimum(part, whole) / jnp.where(something, whole, 1.0), 1.0)


def _before(taken: CapLine) -> CapLine:
    """Add up what the lines served earlier take."""
    return jnp.cumsum(taken, 1) - taken


def _one_more(caps: Caps, kept: CapLine, wanted: CapLine, cap: Array) -> CapLine:
    """Hand out what rounding down left, one step a line, in the order of service."""
    rest = cap - (kept * caps.load).sum(1, keepdims=True)
    more = jnp.where((kept + caps.step <= wanted) & (caps.load > 0), caps.step, 0.0)
    taken = more * caps.load
    return jnp.where(_before(taken) + taken <= rest * (1 + 1e-6), more, 0.0)


def divided(part: Array, whole: Array) -> Array:
    """Return part / whole; 0 where the whole is a remainder of rounding or nothing, as in :func:`share_of`."""
    something = whole > REMAINDER
    return jnp.where(something, part / jnp.where(something, whole, 1.0), 0.0)
