"""What customers pay."""

from jaxtyping import Array, Float

from basestock.dynamics import Step
from basestock.economics.leaves import given
from basestock.economics.tariff import Tariff


def revenue(tariff: Tariff, step: Step) -> Float[Array, "node item replication"]:
    """Earn the price of every unit handed over, at once or late."""
    return given(tariff.price) * (given(step.outcome.sales) + step_filled(step))


def step_filled(step: Step) -> Float[Array, "node item replication"] | float:
    """Return backorders filled in the period, 0 where nothing ever waits."""
    filled = step.outcome.backorders_filled
    return 0.0 if filled is None else filled
