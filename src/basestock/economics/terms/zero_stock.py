"""Shelves that end a period exactly empty."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.dynamics import Step
from basestock.economics.leaves import given
from basestock.economics.tariff import Tariff


def zero_stock(tariff: Tariff, step: Step) -> Float[Array, "node item replication"]:
    """Charge a rate per period that ends with neither stock nor backorders, whatever the quantity.

    Between whole units the rate is interpolated, max(1 - |net stock|, 0) of it: what learns along derivatives, in
    fractions, would never meet a shelf that is exactly empty.
    """
    closing, waiting = given(step.outcome.closing), step.outcome.backorders
    off = closing if waiting is None else closing + waiting
    return given(tariff.zero_stock) * jnp.maximum(1.0 - off, 0.0)
