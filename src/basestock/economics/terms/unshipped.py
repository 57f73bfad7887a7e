"""Orders that a source could not ship."""

from jaxtyping import Array, Float

from basestock.dynamics import Step
from basestock.economics.leaves import given
from basestock.economics.tariff import Tariff


def unshipped(tariff: Tariff, step: Step) -> Float[Array, "lane item replication"]:
    """Charge a rate per unit that was ordered and is not shipped at the end of the period, waiting or lost."""
    return given(tariff.unshipped) * (given(step.outcome.unfilled) + given(step.outcome.unfilled_lost))
