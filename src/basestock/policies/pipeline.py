"""When what is on order will arrive, as far as can be seen."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.decision import Observation
from basestock.dynamics import NetworkArrays, into_nodes


def arrivals_ahead(observation: Observation, periods: int) -> Float[Array, "_ahead node item replication"]:
    """Return what will arrive 0, 1, ..., ``periods`` periods from now, units; what comes later is in the last row.

    Parameters
    ----------
    observation
        What is seen.
    periods
        Last row, periods.

    Notes
    -----
    Known dates are taken as they are. Orders whose lead time is revealed on arrival count at its expectation, never
    before the next period; what a source has not shipped counts as ordered now; runs of processes, less what waiting
    orders will take of components, count at the next period.
    """
    network = observation.network
    ahead = jnp.arange(periods + 1)[:, None, None, None]
    lead = jnp.round(network.mean_lead_time)
    rows = jnp.where(ahead == jnp.clip(lead, 0, periods)[None], observation.unfilled[None], 0.0)
    if observation.due is not None:
        rows = rows + _cut(observation.due, periods)
    for age, units in enumerate(() if observation.outstanding is None else observation.outstanding):
        rows = rows + jnp.where(
            ahead == jnp.clip(lead - age, min(1, periods), periods)[None], units[None], 0.0
        )
    at_nodes = jax.vmap(lambda row: into_nodes(network, row))(rows)
    rest = observation.inventory_position - observation.inventory_level - at_nodes.sum(0)
    return at_nodes.at[min(1, periods)].add(rest)


def _cut(due: Float[Array, "slot lane item replication"], periods: int) -> Array:
    """Return rows 0 to ``periods``, everything later in the last one."""
    missing = periods + 1 - due.shape[0]
    if missing >= 0:
        return jnp.pad(due, ((0, missing), (0, 0), (0, 0), (0, 0)))
    return due[: periods + 1].at[-1].add(due[periods + 1 :].sum(0))


def lead_at_nodes(network: NetworkArrays) -> Float[Array, "node item 1"]:
    """Return the expected lead time of the lane of first priority into each node, whole periods."""
    return jnp.round(into_nodes(network, network.primary * network.mean_lead_time))


def longest_lead(observation: Observation) -> int:
    """Return a number of periods after which everything on its way has arrived, as far as it is expected."""
    features = observation.network.features
    return max(features.slots, features.ages + 1, 1)
