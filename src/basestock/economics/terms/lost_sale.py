"""Customers who leave."""

from jaxtyping import Array, Float

from basestock.dynamics import Step
from basestock.economics.leaves import given
from basestock.economics.tariff import Tariff


def lost_sale(tariff: Tariff, step: Step) -> Float[Array, "node item replication"]:
    """Charge p per unit of demand lost."""
    return given(tariff.lost_sale) * given(step.outcome.lost)
