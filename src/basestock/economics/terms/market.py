"""Customers and prices: what they pay, what it costs when they are not served, and when they bring back."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.dynamics import Step
from basestock.economics.leaves import given
from basestock.economics.tariff import Tariff

NodeMoney = Float[Array, "node item replication"]


def handed_over(step: Step) -> NodeMoney:
    """Return the units that customers got in the period, at once or late."""
    filled = step.outcome.backorders_filled
    return given(step.outcome.sales) + (0.0 if filled is None else filled)


def short_units(step: Step) -> NodeMoney:
    """Return the units asked for in the period that were not handed over in it."""
    waiting = step.outcome.newly_backordered
    return given(step.outcome.lost) + (0.0 if waiting is None else waiting)


def sales_at_price(tariff: Tariff, step: Step) -> NodeMoney:
    """Earn a share of the decided price of every unit handed over."""
    return given(tariff.price_share) * given(step.outcome.price) * handed_over(step)


def price_change(tariff: Tariff, step: Step) -> NodeMoney:
    """Charge a rate for the squared change of the price, (p_t - p_(t-1))^2 [V]."""
    return given(tariff.price_change) * (given(step.outcome.price) - given(step.start.previous_price)) ** 2


def unmet_demand(tariff: Tariff, step: Step) -> NodeMoney:
    """Charge a rate per unit asked for and not handed over in the period, whether it waits or not [S^out]."""
    return given(tariff.unmet_demand) * short_units(step)


def unserved_consumers(tariff: Tariff, step: Step) -> NodeMoney:
    """Charge a rate per customer who met a stockout: unmet units over the units that one customer asks for [U]."""
    size = 1.0 if tariff.order_size is None else jnp.where(tariff.order_size > 0, tariff.order_size, 1.0)
    return given(tariff.unserved_consumers) * short_units(step) / size


def shortage_occurrence(tariff: Tariff, step: Step) -> NodeMoney:
    """Charge a rate per place and period with any shortage."""
    short = short_units(step)
    return given(tariff.shortage_occurrence) * (short > 0).astype(short.dtype)


def brought_back(tariff: Tariff, step: Step) -> NodeMoney:
    """Charge a rate per unit that customers bring back."""
    return given(tariff.brought_back) * given(step.outcome.came_back)


def return_rate(tariff: Tariff, step: Step) -> Float[Array, " replication"]:
    """Charge a rate for the units brought back over the units handed over in the period [Q], at most 1."""
    sold, back = handed_over(step).sum((0, 1)), given(step.outcome.came_back).sum((0, 1))
    return given(tariff.return_rate) * jnp.minimum(back / jnp.maximum(sold, 1.0), 1.0)
