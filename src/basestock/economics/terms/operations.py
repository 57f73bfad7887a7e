"""Running the business: fixed and variable cost, cost of goods, capital, deviation from ideal stock, balance."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.dynamics import Step
from basestock.dynamics.caps import divided
from basestock.economics.leaves import given
from basestock.economics.tariff import Tariff
from basestock.economics.terms.market import handed_over

NodeMoney = Float[Array, "node item replication"]
NetworkMoney = Float[Array, " replication"]


def operating_fixed(tariff: Tariff, step: Step) -> NetworkMoney:
    """Charge a rate per period."""
    return given(tariff.operating_fixed) * jnp.ones(step.outcome.opening.shape[-1])


def operating_variable(tariff: Tariff, step: Step) -> NodeMoney:
    """Charge a rate per unit handed over."""
    return given(tariff.operating_variable) * handed_over(step)


def cost_of_sales(tariff: Tariff, step: Step) -> NodeMoney:
    """Charge the cost of goods when they are sold; the rate ``production`` charges it when they are made."""
    return given(tariff.cost_of_sales) * handed_over(step)


def material_use(tariff: Tariff, step: Step) -> NodeMoney:
    """Charge what processes take in at the period's price of outside supply, mean over the lanes that have one."""
    price = given(step.outcome.supply_price)
    priced = (price > 0).astype(price.dtype)
    mean = price.sum(0) / jnp.maximum(priced.sum(0), 1.0)
    return given(tariff.material_use) * given(step.outcome.consumed) * mean


def supply_purchase(tariff: Tariff, step: Step) -> Float[Array, "lane item replication"]:
    """Charge a share of the period's price of outside supply per unit received."""
    return given(tariff.supply_purchase) * given(step.outcome.supply_price) * given(step.outcome.received)


def stock_deviation(tariff: Tariff, step: Step) -> NodeMoney:
    """Charge w (I - I*)^2 on the stock at the end of the period, with the ideal stock I* [H]."""
    ideal = 0.0 if tariff.ideal_stock is None else tariff.ideal_stock
    return given(tariff.stock_deviation) * (given(step.outcome.closing) - ideal) ** 2


def capital(tariff: Tariff, step: Step) -> NodeMoney:
    """Charge a rate per unit of money tied up in stock at the end of the period: holding by value."""
    return given(tariff.capital) * given(tariff.unit_value) * given(step.outcome.closing)


def imbalance(tariff: Tariff, step: Step) -> NodeMoney:
    """Charge a rate per unit that a place holds more than its equal share of the item, over the places charged."""
    rate, stock = given(tariff.imbalance), given(step.outcome.closing)
    taking_part = (rate > 0).astype(stock.dtype)
    share = (stock * taking_part).sum(0) / jnp.maximum(taking_part.sum(0), 1.0)
    return rate * jnp.maximum(stock - share, 0.0)


def turnover(tariff: Tariff, step: Step) -> NetworkMoney:
    """Earn a rate for the value handed over, over the mean value of the stock of the period; 0 without stock."""
    value = given(tariff.unit_value)
    sold = (value * handed_over(step)).sum((0, 1))
    held = (value * (step.outcome.opening + given(step.outcome.closing)) / 2).sum((0, 1))
    return given(tariff.turnover) * divided(sold, held)


def service(tariff: Tariff, step: Step) -> NetworkMoney:
    """Earn a rate for the share of the period's demand that is served at once; all of it where nobody asks."""
    demand, sales = given(step.outcome.demand).sum((0, 1)), given(step.outcome.sales).sum((0, 1))
    return given(tariff.service) * jnp.where(demand > 0, sales / jnp.where(demand > 0, demand, 1.0), 1.0)
