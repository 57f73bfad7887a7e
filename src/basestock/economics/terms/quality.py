"""Quality: samples, rejected units, and defective units that reach their use."""

from jaxtyping import Array, Float

from basestock.dynamics import Step
from basestock.economics.leaves import given
from basestock.economics.tariff import Tariff


def inspection(tariff: Tariff, step: Step) -> Float[Array, "lane item replication"]:
    """Charge a rate per unit sampled."""
    return given(tariff.inspection) * given(step.outcome.sampled)


def rejection(tariff: Tariff, step: Step) -> Float[Array, "lane item replication"]:
    """Charge a rate per unit of a rejected lot."""
    return given(tariff.rejection) * given(step.outcome.rejected)


def warranty(tariff: Tariff, step: Step) -> Float[Array, "node item replication"]:
    """Charge a rate per defective unit that is found in use: a return, a repair, a replacement."""
    return given(tariff.warranty) * given(step.outcome.defects_found)
