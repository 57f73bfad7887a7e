"""Dice of plants: how lots turn out, and which resources break down."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, UInt32

from basestock.network import SupplyNetwork
from basestock.uncertainty.axes import Axes
from basestock.uncertainty.event import World
from basestock.uncertainty.keys import entity_uniforms, period_key, stable_words
from basestock.uncertainty.sources import EventPart


class Yields(EventPart):
    """One quantile for the lot of each process that is completed in a period.

    Parameters
    ----------
    words
        Stable hashes of the names of processes.
    """

    words: UInt32[Array, "process 2"]

    def sample(
        self,
        world: World,
        root: UInt32[Array, "2"],
        period: Int[Array, ""],
        replications: Int[Array, " replication"],
    ) -> tuple[dict[str, Array], dict[str, Array]]:
        """Return ``process_yield``."""
        return {"process_yield": by_owner("process_yield", self.words, root, period, replications)}, {}


class Breakdowns(EventPart):
    """One quantile for the breakdown and the repair of each resource.

    Parameters
    ----------
    words
        Stable hashes of the names of resources.
    """

    words: UInt32[Array, "resource 2"]

    def sample(
        self,
        world: World,
        root: UInt32[Array, "2"],
        period: Int[Array, ""],
        replications: Int[Array, " replication"],
    ) -> tuple[dict[str, Array], dict[str, Array]]:
        """Return ``resource_up``."""
        return {"resource_up": by_owner("breakdown", self.words, root, period, replications)}, {}


def by_owner(
    purpose: str,
    words: UInt32[Array, "owner 2"],
    root: UInt32[Array, "2"],
    period: Int[Array, ""],
    replications: Int[Array, " replication"],
) -> Array:
    """Draw one uniform number per owner and replication, for owners that have no items."""
    all_items = jnp.asarray(stable_words([""]))
    return entity_uniforms(period_key(root, purpose, period), words, all_items, replications)[:, 0]


def production_parts(network: SupplyNetwork, axes: Axes) -> tuple[EventPart, ...]:
    """Return the dice that the processes and resources of a network need."""
    parts: list[EventPart] = []
    if any(process.yield_law != "fixed" for process in network.processes):
        parts.append(Yields(jnp.asarray(np.asarray(axes.words("process")))))
    if network.processes and any(resource.breakdown > 0 for resource in network.resources):
        parts.append(Breakdowns(jnp.asarray(np.asarray(axes.words("resource")))))
    return tuple(parts)
