"""What is thrown away."""

from jaxtyping import Array, Float

from basestock.dynamics import Step
from basestock.economics.leaves import given
from basestock.economics.tariff import Tariff


def waste(tariff: Tariff, step: Step) -> Float[Array, "node item replication"]:
    """Charge a rate per unit that expired or decayed: what it cost, less what it still brings."""
    expired = step.outcome.expired
    return given(tariff.waste) * (0.0 * step.outcome.opening if expired is None else expired)
