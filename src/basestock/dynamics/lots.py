"""Units by remaining life that join, leave, travel and grow old; stock and lots change together."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.lanes import lead_time_now
from basestock.dynamics.life import (
    ARRIVED,
    UNKNOWN,
    InnerLanes,
    Life,
    Lots,
    classes_at,
    ends,
    first_class,
    of_the_oldest,
    row_at,
    rows_ahead,
    starts,
    turns_of,
    withdrawn,
)
from basestock.dynamics.state import State
from basestock.uncertainty import Event

NodeItem = Float[Array, "node item replication"]
LaneItem = Float[Array, "lane item replication"]


def add_fresh(life: Life, lots: Lots, units: NodeItem, clock: Array) -> Lots:
    """Add fresh units to the lots."""
    return _add(life, lots, life.spread(units), first_class(life, life.shelf_life, clock), clock)


def _add(life: Life, lots: Lots, units: Array, first: Array, clock: Array) -> Lots:
    """Add units ``[owner, place, replication]`` whose class is at least ``first``."""
    parts = zip(lots, life.cut(units), life.cut(first), starts(life, clock), strict=True)
    return tuple(block + _from(block, first, part, start) for block, part, first, start in parts)


def _from(block: Array, first: Array, units: Array, start: Array) -> Array:
    """Count units up from their class."""
    return jnp.where(classes_at(block.shape[0], start) >= first[None], units[None], 0.0)


def remove(life: Life, lots: Lots, units: NodeItem, after: NodeItem, share: Array) -> Lots:
    """Remove units from the lots, a share of them the oldest and the rest the newest."""
    oldest, left = life.cut(life.spread(of_the_oldest(life, units, share))), life.cut(life.spread(after))
    return tuple(withdrawn(*each) for each in zip(lots, oldest, left, strict=True))


def grow_older(life: Life, state: State) -> tuple[State, NodeItem]:
    """Take out what has no life left and bring the rest one period nearer to its end."""
    lots, clock = required(state)
    rings, begins = zip(lots, starts(life, clock), strict=True), starts(life, clock)
    gone = jnp.concatenate([row_at(block, start) for block, start in rings], axis=1)
    if life.coarse:
        gone = gone * ((clock + 1) % life.step == 0)
    expired = life.gather(gone)
    on_hand = state.on_hand - expired
    parts = zip(
        lots, begins, life.cut(gone), life.cut(life.spread(on_hand)), life.cut(life.step), strict=True
    )
    older: list[Array] = []
    for block, start, lost, left, step in parts:
        # The row that has been at the end of its life becomes that of the longest.
        turned = jnp.where(classes_at(block.shape[0], start) == 0, left[None], block - lost[None])
        due = (_clock_of(life, clock, step) + 1) % step == 0 if life.coarse else None
        older.append(turned if due is None else jnp.where(due[None], turned, block))
    return dataclasses.replace(state, on_hand=on_hand, lots=tuple(older), life_clock=clock + 1), expired


def _clock_of(life: Life, clock: Array, like: Array) -> Array:
    return jnp.broadcast_to(clock.reshape(-1)[:1], like.shape) if life.coarse else clock


def required(state: State) -> tuple[Lots, Array]:
    """Return the lots and the clock of a state that has them.

    Raises
    ------
    ValueError
        If the state has none.
    """
    if state.lots is None or state.life_clock is None:
        raise ValueError(
            "lots: the state has no lots, must have some where items have a shelf life. Use empty_state."
        )
    return state.lots, state.life_clock


def with_stock(network: NetworkArrays, state: State, on_hand: NodeItem) -> State:
    """Return a state with the given stock, all of it fresh.

    Parameters
    ----------
    network
        The compiled network.
    state
        Any state of it.
    on_hand
        Units of each place.
    """
    state = dataclasses.replace(state, on_hand=on_hand)
    if network.life is None or state.lots is None:
        return state
    lots, clock = required(state)
    empty = tuple(jnp.zeros_like(block) for block in lots)
    return dataclasses.replace(state, lots=add_fresh(network.life, empty, on_hand, clock))


def by_remaining_life(life: Life, lots: Lots, clock: Array) -> Float[Array, "life node item replication"]:
    """Return the units in each class of remaining life, those that expire first in row 0; 0 where nothing expires."""
    counted = expiring_within(life, lots, clock, max(length for length, _ in life.blocks))
    return jnp.diff(counted, axis=0, prepend=jnp.zeros_like(counted[:1]))


def expiring_within(
    life: Life, lots: Lots, clock: Array, num_classes: int
) -> Float[Array, "life node item replication"]:
    """Return the units with at most 1, 2, ... classes of life left, for the first classes; 0 where nothing expires.

    Parameters
    ----------
    life
        What perishes.
    lots, clock
        Stock by remaining life and the clock, of a state.
    num_classes
        Number of classes.
    """
    rings = zip(lots, starts(life, clock), strict=True)
    rows = [rows_ahead(block, start, num_classes) for block, start in rings]
    return jax.vmap(life.gather)(jnp.concatenate(rows, axis=2))


def lot_residual(network: NetworkArrays, state: State) -> Float[Array, ""]:
    """Return by how much lots fall along their ring or differ from the stock (SIM-108), 0 where nothing perishes."""
    life = network.life
    if life is None or state.lots is None:
        return jnp.zeros(())
    lots, clock = required(state)
    counted = [
        rows_ahead(block, start, block.shape[0])
        for block, start in zip(lots, starts(life, clock), strict=True)
    ]
    falls = [jnp.maximum(-jnp.diff(rows, axis=0, prepend=0.0), 0.0).max() for rows in counted]
    total = jnp.concatenate([rows[-1] for rows in counted], axis=1)
    return jnp.maximum(jnp.stack(falls).max(), jnp.abs(total - life.spread(state.on_hand)).max())


def depart(network: NetworkArrays, before: State, after: State, event: Event, shipped: LaneItem) -> State:
    """Send the units that nodes ship on their way with their age: lanes first in name take the oldest of them.

    Parameters
    ----------
    network
        The network.
    before, after
        States before and after the shipped units left the stock of their sources.
    event
        Everything random of the period.
    shipped
        Units shipped on each lane.
    """
    life = network.life
    if life is None or life.inner is None or before.lots is None or after.lots_under_way is None:
        return after
    inner = life.inner
    units = life.spread(shipped[inner.lane] * inner.present)
    sooner = jnp.einsum("kl,lpr->kpr", inner.before, units)
    gone = of_the_oldest(life, before.on_hand - after.on_hand, life.oldest_share)
    oldest, left = (life.spread(units[inner.source]) for units in (gone, after.on_hand))
    slot = after.period % inner.slots
    rings: list[Array] = []
    parts = (
        before.lots,
        life.cut(oldest),
        life.cut(left),
        life.cut(units),
        life.cut(sooner),
        after.lots_under_way,
    )
    for lots, first, rest, own, others, ring in zip(*parts, strict=True):
        stock = lots[:, inner.source]
        taken = stock - withdrawn(stock, first, rest)
        cohort = jnp.minimum(jnp.maximum(taken - others, 0.0), own)
        rings.append(jax.lax.dynamic_update_index_in_dim(ring, cohort, slot, 0))
    after = dataclasses.replace(after, lots_under_way=tuple(rings))
    if after.awaited is None:
        return after
    marks = jnp.broadcast_to(_marks(network, life, inner, event), after.awaited.shape[1:])
    awaited = jax.lax.dynamic_update_index_in_dim(after.awaited, marks, slot, 0)
    return dataclasses.replace(after, awaited=awaited)


def _marks(network: NetworkArrays, life: Life, inner: InnerLanes, event: Event) -> Array:
    """Return the lead time of what is shipped now, as far as it is known."""
    marks = lead_time_now(network, event)[inner.lane].astype(jnp.float32)
    if network.reveals_on_arrival is not None:
        marks = jnp.where(network.reveals_on_arrival[inner.lane] > 0, UNKNOWN, marks)
    return marks[:, jnp.minimum(life.item_at, marks.shape[1] - 1)]


def arrive(
    network: NetworkArrays,
    state: State,
    event: Event,
    received: LaneItem,
    passed: LaneItem,
    waiting: LaneItem | None,
    ages: tuple[int, ...],
) -> tuple[State, NodeItem]:
    """Take in what has arrived, each unit with the life it has left.

    Parameters
    ----------
    network, state
        The network and its state.
    event
        Everything random of the period.
    received
        Units that arrive on each lane.
    passed
        The same, 0 where the lot was rejected: those units are gone, spoiled or not.
    waiting
        Units that were held at the end of each lane before; ``None`` where none ever are.
    ages
        Periods since shipping that are looked at.

    Returns
    -------
    tuple
        State, and the units that expired on their way.
    """
    life, (_, clock) = network.life, required(state)
    if life is None:
        raise ValueError("arrive: the network has no remaining life, must have some. Use put.")
    nodes = lambda quantity: _collect(quantity, network.lane_destination, network.num_nodes)  # noqa: E731
    outside = passed * network.lane_outside[:, None, None]
    supplied = nodes(outside)
    lots = _supplied(network, life, state, outside, supplied)
    if life.inner is None:
        return dataclasses.replace(state, on_hand=state.on_hand + nodes(passed), lots=lots), jnp.zeros_like(
            state.on_hand
        )
    inside = ~network.lane_outside[:, None, None]
    moved = received * inside
    profiles, state = _arriving(network, life, life.inner, state, event, received, ages)
    units = life.cut(life.spread(moved[life.inner.lane]))
    if waiting is not None and state.lots_held is not None:
        profiles = _with_held(
            life, profiles, state, life.spread(waiting[life.inner.lane]), 1 if 1 in ages else 0
        )
    first = life.cut(first_class(life, life.shelf_life, clock))
    begins = starts(life, clock)
    alive = [_received(*each) for each in zip(profiles, units, first, begins, strict=True)]
    if state.held is not None and state.lots_held is not None:
        kept = life.cut(life.spread(state.held[life.inner.lane]))
        rest = zip(profiles, alive, kept, strict=True)
        held = tuple(jnp.clip(part.left - gone, 0.0, units) for part, gone, units in rest)
        state = dataclasses.replace(state, lots_held=held)
    if passed is not received:
        accepted = life.cut(life.spread((passed[life.inner.lane] > 0).astype(passed.dtype)))
        alive = [part * mask for part, mask in zip(alive, accepted, strict=True)]
    at_nodes = tuple(_at_destinations(life.inner, part) for part in alive)
    all_of = zip(at_nodes, ends(life, clock), strict=True)
    kept = life.gather(jnp.concatenate([row_at(part, last) for part, last in all_of], axis=1))
    keeps = (life.place_of >= life.item_at.shape[0])[None, :, None]
    joined = nodes(passed * inside)
    kept = jnp.where(keeps, joined, kept)
    lots = tuple(block + part for block, part in zip(lots, at_nodes, strict=True))
    state = dataclasses.replace(state, on_hand=state.on_hand + supplied + kept, lots=lots)
    return state, jnp.maximum(joined - kept, 0.0)


class _Shipments(eqx.Module):
    """What arrives on each lane: all units, those that expired on their way, and the others by remaining life."""

    units: Float[Array, "inner _place replication"]
    spoiled: Float[Array, "inner _place replication"]
    left: Float[Array, "_life inner _place replication"]


def _received(shipments: _Shipments, units: Array, first: Array, start: Array) -> Array:
    """Return the units received by remaining life.

    What is received beyond the shipments that are known was under way at the start, and is fresh. Where less is
    received than was shipped, the freshest units are missing.
    """
    left = jnp.minimum(shipments.left, jnp.maximum(units - shipments.spoiled, 0.0))
    return left + _from(left, first, jnp.maximum(units - shipments.units, 0.0), start)


def _supplied(
    network: NetworkArrays, life: Life, state: State, outside: LaneItem, supplied: NodeItem
) -> Lots:
    """Add what suppliers deliver to the lots, with the life it has at receipt."""
    lots, clock = required(state)
    if life.receipt is None:
        return add_fresh(life, lots, supplied, clock)
    first = life.cut(first_class(life, life.receipt, clock))
    parts = zip(lots, life.cut(life.spread(outside)), first, starts(life, clock), strict=True)
    collect = jax.vmap(lambda row: _collect(row, network.lane_destination, network.num_nodes))
    return tuple(block + collect(_from(block, first, part, start)) for block, part, first, start in parts)


def _arriving(
    network: NetworkArrays,
    life: Life,
    inner: InnerLanes,
    state: State,
    event: Event,
    received: LaneItem,
    ages: tuple[int, ...],
) -> tuple[tuple[_Shipments, ...], State]:
    """Add up the shipments that arrive now on each lane."""
    rings, (_, clock) = state.lots_under_way or (), required(state)
    blank = [(jnp.zeros(ring.shape[2:]), jnp.zeros(ring.shape[1:])) for ring in rings]
    total = [_Shipments(units, units, left) for units, left in blank]
    awaited = state.awaited
    for age in ages:
        slot = (state.period - age) % inner.slots
        here, awaited = _arrives(network, life, inner, event, received, awaited, slot, age)
        cohorts = tuple(jax.lax.dynamic_index_in_dim(ring, slot, 0, keepdims=False) for ring in rings)
        for number, (part, mask) in enumerate(
            zip(_aged(life, cohorts, clock, age), life.cut(here), strict=True)
        ):
            total[number] = jax.tree.map(lambda old, new, mask=mask: old + new * mask, total[number], part)
    return tuple(total), dataclasses.replace(state, awaited=awaited)


def _aged(life: Life, cohorts: Lots, clock: Array, age: int) -> list[_Shipments]:
    """Return what is left of lots that were counted some periods ago."""
    passed = turns_of(life, clock) - turns_of(life, clock - age) if life.coarse else jnp.asarray(age)
    turns = life.cut(passed) if life.coarse else (passed,) * len(cohorts)
    rows = (starts(life, clock), ends(life, clock), ends(life, clock, age))
    found: list[_Shipments] = []
    for cohort, turn, start, end, last in zip(cohorts, turns, *rows, strict=True):
        units, length = row_at(cohort, last), cohort.shape[0]
        spoiled = jnp.where(turn >= length, units, jnp.where(turn > 0, row_at(cohort, end), 0.0))
        reused = classes_at(length, start) >= length - turn
        found.append(_Shipments(units, spoiled, jnp.where(reused, units[None], cohort) - spoiled[None]))
    return found


def _with_held(
    life: Life, shipments: tuple[_Shipments, ...], state: State, waiting: Array, periods: int
) -> tuple[_Shipments, ...]:
    """Add to what arrives what was held before."""
    _, clock = required(state)
    held = _aged(life, state.lots_held or (), clock, periods)
    parts = zip(shipments, held, life.cut(waiting), strict=True)
    return tuple(
        _Shipments(
            new.units + units,
            # What has spoiled stays among the units that are held until they are received.
            new.spoiled + jnp.maximum(units - (old.units - old.spoiled), 0.0),
            new.left + old.left,
        )
        for new, old, units in parts
    )


def _arrives(
    network: NetworkArrays,
    life: Life,
    inner: InnerLanes,
    event: Event,
    received: LaneItem,
    awaited: Array | None,
    slot: Array,
    age: int,
) -> tuple[Array, Array | None]:
    """Return 1 where the shipment of a slot arrives now, and what is awaited after it."""
    if awaited is None:
        here = life.spread((network.lead_time[inner.lane] == age).astype(jnp.float32))
    else:
        mark = jax.lax.dynamic_index_in_dim(awaited, slot, 0, keepdims=False)
        here = (mark == age).astype(jnp.float32)
        if event.arrives is not None and 1 <= age <= event.arrives.shape[0]:
            now = event.arrives[age - 1]
            if network.revealed is not None:
                now = network.revealed.write(jnp.zeros_like(received), now)
            revealed = life.spread(now[inner.lane])
            here = jnp.maximum(here, (mark == UNKNOWN) * revealed)
        mark = jnp.where(here > 0, ARRIVED, mark)
        awaited = jax.lax.dynamic_update_index_in_dim(awaited, mark, slot, 0)
    if age == 0:
        # What was shipped with lead time 0 is looked at after shipping, and only once.
        here = here * life.spread((received[inner.lane] > 0).astype(jnp.float32))
    return here, awaited


def _collect(quantity: Array, nodes: Array, num_nodes: int) -> Array:
    return jax.ops.segment_sum(quantity, nodes, num_nodes + 1)[:num_nodes]


def _at_destinations(
    inner: InnerLanes, profile: Float[Array, "life inner place replication"]
) -> Float[Array, "life node place replication"]:
    nothing = jnp.zeros((profile.shape[0], 1, *profile.shape[2:]), profile.dtype)
    padded = jnp.concatenate([profile, nothing], axis=1)
    return sum((padded[:, lanes] for lanes in inner.into[1:]), padded[:, inner.into[0]])
