"""Customers who wait."""

from jaxtyping import Array, Float

from basestock.dynamics import Step
from basestock.economics.leaves import given
from basestock.economics.tariff import Tariff


def backorder(tariff: Tariff, step: Step) -> Float[Array, "node item replication"]:
    """Charge b per unit waiting at the end of the period."""
    return given(tariff.backorder) * given(step.outcome.backorders)
