"""Moving units."""

from jaxtyping import Array, Float

from basestock.dynamics import Step
from basestock.economics.leaves import given
from basestock.economics.tariff import Tariff


def transport(tariff: Tariff, step: Step) -> Float[Array, "lane item replication"]:
    """Charge a rate per unit shipped."""
    return given(tariff.transport) * given(step.outcome.shipped)
