"""Shelves that end a period exactly empty."""

from jaxtyping import Array, Float

from basestock.dynamics import Step
from basestock.economics.leaves import given
from basestock.economics.tariff import Tariff


def zero_stock(tariff: Tariff, step: Step) -> Float[Array, "node item replication"]:
    """Charge a rate per period that ends with neither stock nor backorders, whatever the quantity."""
    closing, waiting = given(step.outcome.closing), step.outcome.backorders
    empty = closing == 0 if waiting is None else (closing == 0) & (waiting == 0)
    return given(tariff.zero_stock) * empty.astype(closing.dtype)
