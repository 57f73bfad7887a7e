"""The effort of an order, whatever its size."""

from jaxtyping import Array, Float

from basestock.dynamics import Step
from basestock.economics.leaves import given
from basestock.economics.tariff import Tariff


def fixed_order(tariff: Tariff, step: Step) -> Float[Array, "lane item replication"]:
    """Charge K per lane and item with a positive order (SIM-407)."""
    ordered = given(step.outcome.ordered)
    return given(tariff.fixed_order) * (ordered > 0).astype(ordered.dtype)
