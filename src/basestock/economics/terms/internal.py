"""What nodes charge each other for goods, which leaves the total as it is."""

from jaxtyping import Array, Float

from basestock.dynamics import Step
from basestock.economics.leaves import given
from basestock.economics.tariff import Tariff


def internal_sale(tariff: Tariff, step: Step) -> Float[Array, "lane item replication"]:
    """Charge the transfer price per unit shipped between nodes: a cost of the receiver, a revenue of the sender."""
    return given(tariff.transfer_price) * given(step.outcome.shipped)
