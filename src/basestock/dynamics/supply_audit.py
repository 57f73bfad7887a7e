"""Residuals of capacities, room and repairs."""

import jax.numpy as jnp
from jaxtyping import Array

from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.rollout import Step


def supply_residuals(network: NetworkArrays, step: Step) -> list[Array]:
    """Return the largest excess over the room of nodes and the capacity of lanes, and what repairs leave unexplained.

    Parameters
    ----------
    network
        The network.
    step
        The period.

    Returns
    -------
    list
        Violations of SIM-110 in volume, SIM-112 in the measure of the cap and SIM-302 in units; each relative to 1e-6
        of the cap, as sums of shares are rounded.
    """
    outcome, supply = step.outcome, network.supply
    room = excess = unexplained = jnp.zeros(())
    if outcome.closing is not None:
        for each in network.rooms:
            room = jnp.maximum(room, (-each.left(outcome.closing) - 1e-5 * each.capacity).max())
    if supply is not None and outcome.shipped is not None:
        moved = outcome.shipped if outcome.special is None else outcome.shipped - outcome.special
        for caps in supply.caps:
            excess = jnp.maximum(excess, (caps.excess(moved) - 1e-5 * caps.cap).max())
    if outcome.repaired is not None and outcome.requested is not None and outcome.ordered is not None:
        placed = outcome.ordered if outcome.special is None else outcome.ordered - outcome.special
        gap = jnp.abs(placed - outcome.requested - outcome.repaired.sum(0))
        unexplained = jnp.maximum(gap - 1e-6 * outcome.requested, 0.0).max()
    return [room, excess, unexplained]
