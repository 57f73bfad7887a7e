"""What is paid on ordering."""

from jaxtyping import Array, Float

from basestock.dynamics import Step
from basestock.economics.leaves import given
from basestock.economics.tariff import Tariff


def unit_order(tariff: Tariff, step: Step) -> Float[Array, "lane item replication"]:
    """Charge a rate per unit ordered, in the period of the order."""
    return given(tariff.unit_order) * given(step.outcome.ordered)
