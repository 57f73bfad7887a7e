"""Residuals of what customers do: returns come back once, substitutes serve once."""

import jax.numpy as jnp
from jaxtyping import Array

from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.rollout import Step


def market_residuals(network: NetworkArrays, step: Step) -> tuple[Array, Array]:
    """Return the largest violations of SIM-213 and SIM-214 in one period, units.

    Parameters
    ----------
    network
        The network.
    step
        The period.
    """
    return _returns(network, step), _substitution(step)


def _returns(network: NetworkArrays, step: Step) -> Array:
    """What is on its way back grows by no more than what was sold, and shrinks by what came back."""
    before, after, outcome = step.start.returns_due, step.next_state.returns_due, step.outcome
    if before is None or after is None or outcome.came_back is None or outcome.sales is None:
        return jnp.zeros(())
    sold = outcome.sales if outcome.backorders_filled is None else outcome.sales + outcome.backorders_filled
    if network.market is None or network.market.returns is None:
        return jnp.zeros(())
    due = network.market.returns.places.add(jnp.zeros_like(sold), after.sum(0) - before.sum(0))
    booked = due + outcome.came_back
    restocked = jnp.zeros(()) if outcome.returned is None else outcome.returned
    violations = jnp.maximum(booked - sold, 0.0), jnp.maximum(-booked, 0.0)
    return jnp.maximum(jnp.maximum(*violations).max(), (restocked - outcome.came_back).max()).clip(0.0)


def _substitution(step: Step) -> Array:
    """Nobody is served twice: who switched asked here, and as many take something as leave something."""
    outcome = step.outcome
    if outcome.switched_to is None or outcome.switched_away is None or outcome.demand is None:
        return jnp.zeros(())
    beyond = jnp.maximum(outcome.switched_away - outcome.demand, 0.0).max()
    unpaired = jnp.abs(outcome.switched_to.sum(1) - outcome.switched_away.sum(1)).max()
    return jnp.maximum(beyond, unpaired)
