"""Whole units and fractions: items that exist in whole units only stay whole beside others that do not."""

from collections.abc import Callable

import jax.numpy as jnp
from jaxtyping import Array

from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.caps import whole_steps


def whole_down(network: NetworkArrays, quantity: Array) -> Array:
    """Round down what exists in whole units only; a hair below a unit counts as one."""
    return by_units(network, lambda: whole_steps(quantity, jnp.ones((1, 1))), lambda: quantity)


def by_units(
    network: NetworkArrays, whole: Callable[[], Array], exact: Callable[[], Array], at: Array | None = None
) -> Array:
    """Return what a rule gives for items in whole units, and for others; only the rules that are needed are traced.

    Parameters
    ----------
    network
        The network.
    whole, exact
        Quantity by the rule of whole units, and by that of fractions; the last axes are item and replication.
    at
        Number of the item on the first axis, where that is not an item axis but one of places.
    """
    if network.features.whole_units:
        return whole()
    if network.whole is None:
        return exact()
    chosen = network.whole if at is None else network.whole[at]
    return jnp.where(chosen > 0, whole(), exact())
