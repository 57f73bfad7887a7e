"""Customers as arrays: how they answer to prices, replace what is missing, bring back, and remember."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from basestock.network import SupplyNetwork
from basestock.uncertainty import Axes, Places, bucket, places_of

Place = Float[Array, "*place 1"]


class Answers(eqx.Module):
    """How demand answers to the price; a reference price of 0 where customers do not look at it.

    Parameters
    ----------
    reference_price, lowest_price, highest_price
        Money per unit.
    elasticity, competitor_elasticity
        Of demand to the price, and to the price over the competitor's.
    reference_share, competitor_share
        Shares of the customers at the reference price, for the logit law.
    linear, logit
        1 where the law is that one, log-linear elsewhere.
    laws
        Which laws occur.
    """

    reference_price: Place
    lowest_price: Place
    highest_price: Place
    elasticity: Place
    competitor_elasticity: Place
    reference_share: Place
    competitor_share: Place
    linear: Place
    logit: Place
    laws: tuple[str, ...] = eqx.field(static=True)


class Substitutes(eqx.Module):
    """Pairs of an item and what replaces it, sorted by what replaces; padding has share 0.

    Parameters
    ----------
    missing, taken
        Flat place (node, item) of what is missing and of what is taken.
    share
        Share of the customers without stock who would.
    first
        Position of the first pair that takes from the same place.
    by_chance
        Whether each customer decides by chance; ``None`` where none does.
    """

    missing: Int[Array, " pair"]
    taken: Int[Array, " pair"]
    share: Float[Array, "pair 1"]
    first: Int[Array, " pair"]
    by_chance: Bool[Array, "pair 1"] | None = None


class Returns(eqx.Module):
    """What comes back of what was sold.

    Parameters
    ----------
    places
        Where something comes back.
    share, overtime_share
        Shares of the units sold.
    restock_share
        Share of what comes back that is sold again.
    delay
        Periods.
    slots
        Length of the ring.
    """

    places: Places
    share: Float[Array, "place 1"]
    overtime_share: Float[Array, "place 1"]
    restock_share: Float[Array, "place 1"]
    delay: Int[Array, "place 1"]
    slots: int = eqx.field(static=True)


class Memories(eqx.Module):
    """What customers remember; a ``demand_effect`` of 0 where they do not."""

    memory: Place
    stockout_effect: Place
    price_effect: Place
    return_effect: Place
    demand_effect: Place


class Market(eqx.Module):
    """Everything about customers that a network uses; absent parts are ``None``."""

    answers: Answers | None
    substitutes: Substitutes | None
    returns: Returns | None
    memories: Memories | None
    bent: "Bent | None" = None


class Bent(eqx.Module):
    """The places whose demand is bent by the decided price or by what customers remember.

    Parameters
    ----------
    places, bends
        Where it is computed, and 1 where something bends it.
    answers
        :class:`Answers` at these places, ``[place, 1]``.
    demand_effect
        Of :class:`Memories` at these places.
    """

    places: Places
    bends: Float[Array, "place 1"]
    answers: Answers | None
    demand_effect: Float[Array, "place 1"] | None


def compile_market_behavior(network: SupplyNetwork, axes: Axes) -> Market | None:
    """Compile the behavior of customers; ``None`` where they only ask and wait.

    Parameters
    ----------
    network, axes
        Authored network and its axes.
    """
    if not (network.responses or network.substitutions or network.returns or network.goodwill):
        return None
    answers = _answers(network, axes) if network.responses else None
    memories = _memories(network, axes) if network.goodwill else None
    return Market(
        answers=answers,
        substitutes=_substitutes(network, axes) if network.substitutions else None,
        returns=_returns(network, axes) if network.returns else None,
        memories=memories,
        bent=_bent(network, axes, answers, memories),
    )


def _bent(
    network: SupplyNetwork, axes: Axes, answers: Answers | None, memories: Memories | None
) -> Bent | None:
    names = {(part.node, part.item) for part in (*network.responses, *network.goodwill)}
    if not names:
        return None
    places = places_of(names, axes)
    bends = np.zeros((axes.num_nodes, axes.num_items, 1), dtype=np.float32)
    for node, item in names:
        bends[axes.nodes.index(node), axes.items.index(item)] = 1.0
    return Bent(
        places,
        places.read(jnp.asarray(bends)),
        None if answers is None else jax.tree.map(places.read, answers),
        None if memories is None else places.read(memories.demand_effect),
    )


def market_leaves(
    market: Market | None, num_nodes: int, num_items: int, num_replications: int
) -> dict[str, Array]:
    """Return the leaves of a state at rest: reference prices, full satisfaction, nothing on its way back."""
    leaves: dict[str, Array] = {}
    shape = (num_nodes, num_items, num_replications)
    if market is not None and market.answers is not None:
        leaves["previous_price"] = jnp.broadcast_to(market.answers.reference_price, shape)
    if market is not None and market.memories is not None:
        leaves["satisfaction"] = jnp.ones(shape)
    if market is not None and market.returns is not None:
        returns = market.returns
        leaves["returns_due"] = jnp.zeros((returns.slots, len(returns.delay), num_replications))
    return leaves


def _column(parts: tuple[object, ...], axes: Axes, name: str, fill: float = 0.0) -> Array:
    return jnp.asarray(_numbers(parts, axes, [float(getattr(part, name)) for part in parts], fill))


def _numbers(
    parts: tuple[object, ...], axes: Axes, values: list[float], fill: float = 0.0, dtype: type = np.float32
) -> np.ndarray:
    node_at = {name: position for position, name in enumerate(axes.nodes)}
    item_at = {name: position for position, name in enumerate(axes.items)}
    table = np.full((axes.num_nodes, axes.num_items, 1), fill, dtype=dtype)
    for part, value in zip(parts, values, strict=True):
        table[node_at[getattr(part, "node")], item_at[getattr(part, "item")]] = value  # noqa: B009
    return table


def _answers(network: SupplyNetwork, axes: Axes) -> Answers:
    parts = network.responses
    low = [p.reference_price / 10 if p.lowest_price is None else p.lowest_price for p in parts]
    high = [p.reference_price * 10 if p.highest_price is None else p.highest_price for p in parts]
    of_law = lambda law: jnp.asarray(_numbers(parts, axes, [float(p.law == law) for p in parts]))  # noqa: E731
    return Answers(
        reference_price=_column(parts, axes, "reference_price"),
        lowest_price=jnp.asarray(_numbers(parts, axes, low)),
        highest_price=jnp.asarray(_numbers(parts, axes, high)),
        elasticity=_column(parts, axes, "elasticity"),
        competitor_elasticity=_column(parts, axes, "competitor_elasticity"),
        reference_share=_column(parts, axes, "reference_share", 0.5),
        competitor_share=_column(parts, axes, "competitor_share", 0.25),
        linear=of_law("linear"),
        logit=of_law("logit"),
        laws=tuple(sorted({p.law for p in parts})),
    )


def _substitutes(network: SupplyNetwork, axes: Axes) -> Substitutes:
    node_at = {name: position for position, name in enumerate(axes.nodes)}
    item_at = {name: position for position, name in enumerate(axes.items)}
    place = lambda node, item: node_at[node] * axes.num_items + item_at[item]  # noqa: E731
    # Who comes first to a substitute that is short is settled by name, not by the order of the list.
    parts = sorted(network.substitutions, key=lambda p: (place(p.node, p.substitute), p.item))
    size = bucket(len(parts))
    missing, taken = np.zeros(size, dtype=np.int32), np.zeros(size, dtype=np.int32)
    share, first = np.zeros((size, 1), dtype=np.float32), np.arange(size, dtype=np.int32)
    by_chance = np.zeros((size, 1), dtype=bool)
    for position, part in enumerate(parts):
        missing[position], taken[position] = place(part.node, part.item), place(part.node, part.substitute)
        share[position], by_chance[position] = part.share, part.law == "binomial"
        if position and taken[position] == taken[position - 1]:
            first[position] = first[position - 1]
    chance = jnp.asarray(by_chance) if by_chance.any() else None
    return Substitutes(
        jnp.asarray(missing), jnp.asarray(taken), jnp.asarray(share), jnp.asarray(first), chance
    )


def _returns(network: SupplyNetwork, axes: Axes) -> Returns:
    parts = network.returns
    places = places_of(((part.node, part.item) for part in parts), axes)
    return Returns(
        places,
        share=places.read(_column(parts, axes, "share")),
        overtime_share=places.read(_column(parts, axes, "overtime_share")),
        restock_share=places.read(_column(parts, axes, "restock_share")),
        delay=places.read(jnp.asarray(_numbers(parts, axes, [p.delay for p in parts], 1, np.int32))),
        slots=bucket(max(p.delay for p in parts) + 1),
    )


def _memories(network: SupplyNetwork, axes: Axes) -> Memories:
    names = ("memory", "stockout_effect", "price_effect", "return_effect", "demand_effect")
    return Memories(**{name: _column(network.goodwill, axes, name) for name in names})
