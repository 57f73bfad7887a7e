"""A decider that sees stock and backlog and forgets what it has ordered."""

import dataclasses
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array

from basestock.decision.information import Information
from basestock.decision.observation import Observation
from basestock.dynamics import NetworkArrays, PeriodOutcome, State
from basestock.uncertainty import World


class StockOnly(Information):
    """Net stock is seen, outstanding orders are not: what is seen is no Markov state."""

    def observe(
        self,
        network: NetworkArrays,
        state: State,
        world: World,
        last_outcome: PeriodOutcome,
        memory: Any,
        *,
        key: Array,
    ) -> tuple[Observation, Any]:
        """Return stock and backlog; nothing is on order as far as the decider knows."""
        seen, memory = super().observe(network, state, world, last_outcome, memory, key=key)
        stock = seen.inventory_level
        hidden = dataclasses.replace(
            seen,
            on_order=jnp.zeros_like(stock),
            inventory_position=stock,
            echelon_position=jnp.einsum("nj,jir->nir", network.descendants, stock),
            in_transit=jnp.zeros_like(seen.in_transit),
            unfilled=jnp.zeros_like(seen.unfilled),
            due=None,
            outstanding=None,
        )
        return hidden, memory
