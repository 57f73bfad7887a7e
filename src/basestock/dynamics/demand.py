"""Demand as it forms: the market at the reference price, bent by the decided price and by what customers remember."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.lanes import require
from basestock.dynamics.market import Answers, Bent
from basestock.dynamics.state import Decision, State
from basestock.dynamics.units import by_units
from basestock.uncertainty import Event
from basestock.uncertainty.counts import count_quantile

NodeItem = Float[Array, "node item replication"]


def decided_price(network: NetworkArrays, state: State, decision: Decision) -> NodeItem | None:
    """Return the price of each place within its bounds, money per unit; ``None`` where nobody looks at prices.

    Parameters
    ----------
    network, state, decision
        Without a decided price the reference price holds; a price that is no number leaves the last one.

    Returns
    -------
    Array or None
        0 where customers do not look at the price.
    """
    if network.market is None or network.market.answers is None:
        return None
    answers = network.market.answers
    if decision.price is None:
        return jnp.broadcast_to(answers.reference_price, state.on_hand.shape)
    price = jnp.where(
        jnp.isfinite(decision.price), decision.price, require(state.previous_price, "previous_price")
    )
    return jnp.clip(price, answers.lowest_price, answers.highest_price)


def price_factor(
    answers: Answers,
    price: Float[Array, "*place replication"],
    competitor: Float[Array, "*place replication"] | None,
) -> Float[Array, "*place replication"]:
    """Return what a price multiplies demand by.

    Parameters
    ----------
    answers
        How customers answer.
    price
        Decided price, money per unit.
    competitor
        The competitor's price, money per unit; the reference price where it is absent or 0.
    """
    active = answers.reference_price > 0
    reference = jnp.where(active, answers.reference_price, 1.0)
    own = jnp.where(active, price, 1.0)
    other = reference if competitor is None else jnp.where(competitor > 0, competitor, reference)
    factor = jnp.ones_like(own)
    if "log_linear" in answers.laws:
        factor = jnp.exp(
            answers.elasticity * jnp.log(own / reference)
            + answers.competitor_elasticity * jnp.log(own / other)
        )
    if "linear" in answers.laws:
        change = answers.elasticity * (own / reference - 1.0)
        against = answers.competitor_elasticity * (own - other) / reference
        factor = jnp.where(answers.linear > 0, jnp.maximum(1.0 + change + against, 0.0), factor)
    if "logit" in answers.laws:
        factor = jnp.where(answers.logit > 0, _logit(answers, own, other, reference), factor)
    return jnp.where(active, factor, 1.0)


def _logit(answers: Answers, own: Array, other: Array, reference: Array) -> Array:
    """Return the share of the customers at these prices over that at the reference price."""
    here, there = answers.reference_share, answers.competitor_share
    sensitivity = -answers.elasticity / (reference * (1.0 - here))
    # Bounded, so that a price far off gives a share of 0 or 1 and not an overflow.
    weight = jnp.exp(jnp.clip(-sensitivity * (own - reference), -60.0, 60.0))
    rival = there * jnp.exp(jnp.clip(-sensitivity * (other - reference), -60.0, 60.0))
    return weight / (here * weight + rival + (1.0 - here - there))


def bent_market(
    network: NetworkArrays, state: State, decision: Decision, event: Event
) -> Float[Array, "demand_class node item replication"]:
    """Return the demand of the period by class of customers, units.

    Notes
    -----
    Laws of counts are inverted at the bent mean with the event's own quantile, so that whole units stay whole and
    the same customers come under every policy; other whole demand is rounded up with the probability of its fraction.
    """
    market, behavior = require(event.market, "market"), network.market
    if behavior is None or behavior.bent is None:
        return market
    bent, at = behavior.bent, behavior.bent.places
    factor = _factor(network, bent, state, decision, event)
    exact = at.read(market) * factor
    level = None if event.market_quantile is None else at.read(event.market_quantile)
    asked = by_units(
        network, lambda: jnp.floor(exact + (0.5 if level is None else level)), lambda: exact, at.item
    )
    if level is not None and event.market_mean is not None:
        mean = at.read(event.market_mean)
        dispersion = None if event.market_dispersion is None else at.read(event.market_dispersion)
        counts = count_quantile(level, mean * factor, dispersion)
        asked = asked.at[0].set(jnp.where(mean > 0, counts, asked[0]))
    return at.write(market, jnp.where(bent.bends > 0, asked, at.read(market)))


def _factor(
    network: NetworkArrays, bent: Bent, state: State, decision: Decision, event: Event
) -> Float[Array, "place replication"]:
    at = bent.places
    price = decided_price(network, state, decision)
    factor = jnp.ones((len(at.owner), state.on_hand.shape[-1]))
    if bent.answers is not None and price is not None:
        competitor = None if event.competitor_price is None else at.read(event.competitor_price)
        factor = price_factor(bent.answers, at.read(price), competitor)
    if bent.demand_effect is not None:
        satisfaction = at.read(require(state.satisfaction, "satisfaction"))
        factor = factor * (1.0 - bent.demand_effect * (1.0 - satisfaction))
    return factor
