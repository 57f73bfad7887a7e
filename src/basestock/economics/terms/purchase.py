"""What suppliers are paid."""

from jaxtyping import Array, Float

from basestock.dynamics import Step
from basestock.economics.leaves import given
from basestock.economics.tariff import Tariff


def purchase(tariff: Tariff, step: Step) -> Float[Array, "lane item replication"]:
    """Charge c per unit received."""
    return given(tariff.purchase) * given(step.outcome.received)
