"""A decider that sees stock and backlog and forgets what it has ordered."""

import dataclasses

import jax.numpy as jnp
from jaxtyping import Array

from basestock.decision.observation import Observation
from basestock.decision.views import View


class StockOnly(View):
    """Net stock is seen, outstanding orders are not: what is seen is no Markov state."""

    def changed(self, observation: Observation, key: Array) -> Observation:
        """Return stock and backlog; nothing is on order as far as the decider knows."""
        del key
        stock, network = observation.inventory_level, observation.network
        return dataclasses.replace(
            observation,
            on_order=jnp.zeros_like(stock),
            inventory_position=stock,
            echelon_position=jnp.einsum("nj,jir->nir", network.descendants, stock),
            in_transit=jnp.zeros_like(observation.in_transit),
            unfilled=jnp.zeros_like(observation.unfilled),
            due=None,
            outstanding=None,
        )
