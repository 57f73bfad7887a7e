"""Stock by remaining life: perishable items in blocks of similar life, counted up from the oldest unit.

A block holds, for each class of remaining life, the units with at most that much life left: first what expires next,
last all of the stock. Counted up like this, every way of issuing is one element-wise minimum or maximum
(:func:`withdrawn`). The rows form a ring that starts at the clock: growing older moves the start and no unit; shifting
the rows instead made whole rollouts 3 times as long.
"""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from basestock.network import Item, SupplyNetwork
from basestock.uncertainty import Axes, bucket

Lots = tuple[Float[Array, "_life node _place replication"], ...]


class Life(eqx.Module):
    """Remaining life of the perishable items, which stand in blocks on an axis of places.

    Parameters
    ----------
    item_at
        Position on the item axis of each place; one past the last item at padding.
    place_of
        Place of each item; one past the last place for items that keep for ever.
    shelf_life
        Periods of a fresh unit; 1 at padding.
    step
        Periods of one class of remaining life.
    oldest_share
        Share of a withdrawal of each item that takes the oldest units: 1 FIFO, 0 LIFO.
    whole
        Whether the item exists in whole units only.
    class_share
        ``[class, 1, item, 1]`` the same share for each class of customers; ``None`` where all are alike.
    receipt
        Remaining life at the receipt of what suppliers deliver; ``None`` where all is fresh.
    inner
        Lanes between nodes, which carry units with their age; ``None`` without such lanes.
    decay_rate
        Share of the stock that perishes each period, of items without a shelf life; ``None`` without such items.
    blocks
        Number of classes of life and of places of each block.
    coarse
        Whether some class is longer than a period.
    """

    item_at: Int[Array, " place"]
    place_of: Int[Array, " item"]
    shelf_life: Int[Array, "1 place 1"]
    step: Int[Array, "1 place 1"]
    oldest_share: Float[Array, "1 item 1"]
    whole: Bool[Array, "1 item 1"]
    class_share: Float[Array, "demand_class 1 item 1"] | None
    receipt: Int[Array, "lane place 1"] | None
    inner: "InnerLanes | None"
    decay_rate: Float[Array, "1 item 1"] | None
    blocks: tuple[tuple[int, int], ...] = eqx.field(static=True)
    coarse: bool = eqx.field(static=True)

    @property
    def perishes(self) -> bool:
        """Whether some item has a shelf life."""
        return bool(self.blocks)

    def spread(
        self, units: Float[Array, "owner item replication"]
    ) -> Float[Array, "owner place replication"]:
        """Read a quantity of items at their places; padding is 0.

        Written as a gather of single elements, which is kept: what is computed later is computed anew in every cell of
        a block that needs it.
        """
        nothing = jnp.zeros((units.shape[0], 1, units.shape[2]), units.dtype)
        owner = jnp.arange(units.shape[0], dtype=jnp.int32)[:, None]
        return jnp.concatenate([units, nothing], axis=1)[owner, self.item_at[None, :]]

    def gather(
        self, units: Float[Array, "owner place replication"]
    ) -> Float[Array, "owner item replication"]:
        """Read a quantity of places at the items; 0 for items that keep for ever."""
        nothing = jnp.zeros((units.shape[0], 1, units.shape[2]), units.dtype)
        return jnp.concatenate([units, nothing], axis=1)[:, self.place_of]

    def cut(self, units: Array) -> tuple[Array, ...]:
        """Divide an array ``[..., place, replication]`` into its blocks."""
        ends = np.cumsum([size for _, size in self.blocks])
        return tuple(
            units[..., end - size : end, :] for end, (_, size) in zip(ends, self.blocks, strict=True)
        )


class InnerLanes(eqx.Module):
    """Lanes between nodes that perishable items travel on.

    Parameters
    ----------
    lane
        Position of each on the lane axis, padded with the first.
    present
        1 where it is a lane, 0 at padding.
    source
        Node that each starts at.
    into
        ``[way, node]`` places of the lanes into each node on this axis; one past the last where there are fewer.
    before
        1 where the second lane starts at the same node and comes first by name.
    slots
        Periods that a shipment may be under way, plus one.
    random
        Whether some of their lead times are random.
    interrupted
        Whether shipments may be held at the end of some of them.
    """

    lane: Int[Array, " inner"]
    present: Float[Array, "inner 1 1"]
    source: Int[Array, " inner"]
    into: Int[Array, "way node"]
    before: Float[Array, "inner inner"]
    slots: int = eqx.field(static=True)
    random: bool = eqx.field(static=True)
    interrupted: bool = eqx.field(static=True)


def classes_of(item: Item) -> tuple[int, int]:
    """Return the number of classes that the remaining life of an item is kept in, and the periods of one.

    Examples
    --------
    >>> classes_of(Item("serum", shelf_life=90, life_classes=20))
    (18, 5)
    """
    life = item.shelf_life or 0
    step = math.ceil(life / item.life_classes) if item.life_classes else 1
    return math.ceil(life / step), step


def _longest(classes: int) -> int:
    """Round a number of classes up to at most a quarter of an octave: similar lives share a block."""
    step = 1 << max(classes.bit_length() - 3, 0)
    return -(-classes // step) * step


def compile_life(network: SupplyNetwork, axes: Axes) -> Life | None:
    """Compile what perishes; ``None`` where nothing does."""
    groups: dict[int, list[int]] = {}
    for position, item in enumerate(network.items):
        if item.shelf_life is not None:
            groups.setdefault(_longest(classes_of(item)[0]), []).append(position)
    decays = any(item.decay_rate for item in network.items)
    if not groups and not decays:
        return None
    blocks = tuple((length, bucket(len(groups[length]))) for length in sorted(groups))
    return _life(network, axes, _places(groups), blocks)


def _places(groups: dict[int, list[int]]) -> list[int | None]:
    """List the item of each place, ``None`` at padding."""
    places: list[int | None] = []
    for length in sorted(groups):
        found = groups[length]
        places += [*found, *[None] * (bucket(len(found)) - len(found))]
    return places


def _life(
    network: SupplyNetwork, axes: Axes, places: list[int | None], blocks: tuple[tuple[int, int], ...]
) -> Life:
    items = [None if position is None else network.items[position] for position in places]
    place_of = np.full(axes.num_items, len(places), dtype=np.int32)
    for place, position in enumerate(places):
        if position is not None:
            place_of[position] = place
    steps = [1 if item is None else classes_of(item)[1] for item in items]
    decay = np.zeros(axes.num_items, dtype=np.float32)
    decay[: len(network.items)] = [item.decay_rate or 0.0 for item in network.items]
    spare = [None] * (axes.num_items - len(network.items))
    every: list[Item | None] = [*network.items, *spare]
    return Life(
        item_at=jnp.asarray([axes.num_items if at is None else at for at in places], dtype=jnp.int32),
        place_of=jnp.asarray(place_of),
        shelf_life=_row([1 if item is None else item.shelf_life or 1 for item in items], np.int32),
        step=_row(steps, np.int32),
        oldest_share=_row([_oldest_share(item) for item in every], np.float32),
        whole=_row([item is None or item.whole_units for item in every], np.bool_),
        class_share=_class_shares(network, every),
        receipt=_receipts(network, axes, items),
        inner=_inner_lanes(network, axes) if blocks else None,
        decay_rate=jnp.asarray(decay[None, :, None]) if decay.any() else None,
        blocks=blocks,
        coarse=any(step > 1 for step in steps),
    )


def _row(values: list, dtype: type) -> Array:  # type: ignore[type-arg]
    return jnp.asarray(np.array(values, dtype=dtype).reshape(1, -1, 1))


def _oldest_share(item: Item | None, issuing: str | None = None) -> float:
    share = 0.0 if item is None else item.oldest_share
    own = "fifo" if item is None else item.issuing
    return {"fifo": 1.0, "lifo": 0.0, "mixed": share}[issuing or own]


def _class_shares(network: SupplyNetwork, items: list[Item | None]) -> Array | None:
    if not network.demand_classes:
        return None
    rows = [[_oldest_share(item, each.issuing) for item in items] for each in network.demand_classes]
    return jnp.asarray(np.array(rows, dtype=np.float32).reshape(len(rows), 1, len(items), 1))


def _receipts(network: SupplyNetwork, axes: Axes, items: list[Item | None]) -> Array | None:
    if all(lane.life_on_receipt is None for lane in network.lanes):
        return None
    table = np.ones((axes.num_lanes, len(items), 1), dtype=np.int32)
    for place, item in enumerate(items):
        if item is not None:
            table[:, place] = item.shelf_life or 1
            for position, lane in enumerate(network.lanes):
                given = lane.life_on_receipt
                life = given.get(item.name) if not isinstance(given, int | float) and given else given
                if life is not None:
                    table[position, place] = int(life)  # type: ignore[arg-type]
    return jnp.asarray(table)


def _inner_lanes(network: SupplyNetwork, axes: Axes) -> InnerLanes | None:
    """List the lanes between nodes that carry a perishable item."""
    at = {name: position for position, name in enumerate(axes.nodes)}
    perishable = [item.name for item in network.items if item.shelf_life is not None]
    lanes = [
        position
        for position, lane in enumerate(network.lanes)
        if lane.source in at and any(network.carries(lane, item) for item in perishable)
    ]
    if not lanes:
        return None
    laws = [network.lanes[lane].lead_time_law(item) for lane in lanes for item in perishable]
    extra = max(network.lanes[lane].max_extra_lead_time for lane in lanes)
    size = bucket(len(lanes))
    padded = np.array(lanes + [lanes[0]] * (size - len(lanes)), dtype=np.int32)
    source = np.array([at[network.lanes[lane].source] for lane in padded], dtype=np.int32)
    names = np.array([network.lanes[lane].name for lane in padded])
    real = np.arange(size) < len(lanes)
    before = (source[:, None] == source[None, :]) & (names[None, :] < names[:, None]) & real[None, :]
    return InnerLanes(
        lane=jnp.asarray(padded),
        present=jnp.asarray(real.astype(np.float32)[:, None, None]),
        source=jnp.asarray(source),
        into=jnp.asarray(
            _into(axes.num_nodes, [at[network.lanes[lane].destination] for lane in lanes], size)
        ),
        before=jnp.asarray(before.astype(np.float32)),
        slots=bucket(max(max(law) for law in laws) + extra + 1),
        random=extra > 0 or any(len(law) > 1 for law in laws),
        interrupted=any(network.lanes[lane].interruption != "never" for lane in lanes),
    )


def _into(num_nodes: int, destinations: list[int], size: int) -> np.ndarray:
    """List the lanes into each node; the number of ways is a power of 2, so that rewired networks share a program."""
    found: list[list[int]] = [[] for _ in range(num_nodes)]
    for place, node in enumerate(destinations):
        found[node].append(place)
    ways = 1 << (max(map(len, found)) - 1).bit_length()
    table = np.full((ways, num_nodes), size, dtype=np.int32)
    for node, places in enumerate(found):
        table[: len(places), node] = places
    return table


def empty_lots(life: Life | None, num_nodes: int, num_replications: int) -> dict[str, object]:
    """Return the leaves of an empty state that remaining life needs, by name."""
    if life is None:
        return {}
    leaves: dict[str, object] = {}
    if life.perishes:
        leaves["lots"] = tuple(
            jnp.zeros((length, num_nodes, size, num_replications)) for length, size in life.blocks
        )
        leaves["life_clock"] = jnp.zeros(life.step.shape if life.coarse else (), dtype=jnp.int32)
    if life.decay_rate is not None:
        leaves["decay_carry"] = jnp.zeros((num_nodes, life.place_of.shape[0], num_replications))
    if life.inner is not None:
        count = life.inner.lane.shape[0]
        leaves["lots_under_way"] = tuple(
            jnp.zeros((life.inner.slots, length, count, size, num_replications))
            for length, size in life.blocks
        )
        if life.inner.interrupted:
            leaves["lots_held"] = tuple(
                jnp.zeros((length, count, size, num_replications)) for length, size in life.blocks
            )
        if life.inner.random:
            shape = (life.inner.slots, count, life.item_at.shape[0], num_replications)
            leaves["awaited"] = jnp.full(shape, ARRIVED)
    return leaves


ARRIVED, UNKNOWN = -2.0, -1.0
"""Marks of a shipment: it is not under way, or nobody knows when it will arrive."""


def first_class(life: Life, remaining: Int[Array, "owner place 1"], clock: Array) -> Array:
    """Return the class of units with the given remaining life, so that none is kept beyond it."""
    if not life.coarse:
        return remaining - 1
    return jnp.maximum((remaining - life.step + clock % life.step) // life.step, 0)


def starts(life: Life, clock: Array) -> tuple[Array, ...]:
    """Return the row of each block that its ring starts at: the units that expire next.

    Parameters
    ----------
    life
        What perishes.
    clock
        Number of times that stock has grown older.

    Returns
    -------
    tuple
        One number for each block, or one for each of its places where classes are longer than a period.
    """
    return _rows(life, turns_of(life, clock))


def ends(life: Life, clock: Array, earlier: int = 0) -> tuple[Array, ...]:
    """Return the last row of each ring, which counts all units, now or some periods ago."""
    return _rows(life, turns_of(life, clock - earlier) - 1)


def _rows(life: Life, turns: Array) -> tuple[Array, ...]:
    parts = life.cut(turns) if life.coarse else (turns,) * len(life.blocks)
    return tuple(turn % length for turn, (length, _) in zip(parts, life.blocks, strict=True))


def turns_of(life: Life, clock: Array) -> Array:
    """Return how many classes of life have passed."""
    return clock // life.step if life.coarse else clock


def classes_at(length: int, start: Array) -> Int[Array, "life #owner #place 1"]:
    """Return the class that each row of a ring stands for: 0 expires next."""
    ahead = jnp.arange(length, dtype=jnp.int32)[:, None, None, None] - start
    return jnp.where(ahead < 0, ahead + length, ahead)


def row_at(block: Float[Array, "life owner place replication"], row: Array) -> Array:
    """Return one row of a ring, or for each place its own."""
    if row.ndim == 0:
        return jax.lax.dynamic_index_in_dim(block, row, 0, keepdims=False)
    place = jnp.broadcast_to(row[None], (1, *block.shape[1:]))
    return jnp.take_along_axis(block, place, axis=0)[0]


def rows_ahead(
    block: Float[Array, "life owner place replication"], start: Array, num_classes: int
) -> Float[Array, "class owner place replication"]:
    """Return the rows of a ring in order, those that expire first in front; beyond its end the last one again."""
    length = block.shape[0]
    ahead = jnp.minimum(jnp.arange(num_classes, dtype=jnp.int32), length - 1)[:, None, None, None]
    rows = jnp.broadcast_to((ahead + start) % length, (num_classes, *block.shape[1:]))
    return jnp.take_along_axis(block, rows, axis=0)


def withdrawn(
    lots: Float[Array, "life owner place replication"],
    oldest: Float[Array, "owner place replication"],
    after: Float[Array, "owner place replication"],
) -> Float[Array, "life owner place replication"]:
    """Return the lots after a withdrawal.

    Parameters
    ----------
    lots
        Units with at most so much life left.
    oldest
        Units that are taken from the oldest; the rest is taken from the newest.
    after
        Stock that is left.

    Notes
    -----
    With C units of at most a given life, taking f of the oldest leaves max(C - f, 0) of them; taking the rest from the
    newest leaves no more of them than there is stock. FIFO is f = all, LIFO f = 0 (SIM-109).
    """
    return jnp.minimum(jnp.maximum(lots - oldest, 0.0), after)


def of_the_oldest(
    life: Life, units: Float[Array, "node item replication"], share: Float[Array, "1 item 1"]
) -> Float[Array, "node item replication"]:
    """Return how many units of a withdrawal are the oldest: whole ones to the nearest, halves up."""
    part = units * share
    return jnp.where(life.whole, jnp.minimum(jnp.floor(part + 0.5), units), part)
