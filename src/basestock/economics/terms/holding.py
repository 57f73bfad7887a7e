"""Money tied up in stock."""

from jaxtyping import Array, Float

from basestock.dynamics import Step
from basestock.economics.leaves import given
from basestock.economics.tariff import Tariff


def holding(tariff: Tariff, step: Step) -> Float[Array, "node item replication"]:
    """Charge h per unit on hand at the end of the period."""
    return given(tariff.holding) * given(step.outcome.closing)


def pipeline_holding(tariff: Tariff, step: Step) -> Float[Array, "lane item replication"]:
    """Charge a rate per unit in transit at the end of the period."""
    return given(tariff.pipeline_holding) * given(step.outcome.in_transit)
