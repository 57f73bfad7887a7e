"""Rewards of agents: shared, local, and hybrid; evaluation always uses the plain ledger."""

import dataclasses

import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.dynamics import NetworkArrays, Step, into_nodes, out_of_nodes
from basestock.economics.leaves import given
from basestock.economics.ledger import Ledger
from basestock.economics.tariff import Tariff

NodeReward = Float[Array, "node replication"]


def local_rewards(ledger: Ledger, network: NetworkArrays, tariff: Tariff, step: Step) -> NodeReward:
    """Return what each node earns: minus the money that the ledger allocates to it (SIM-905).

    Parameters
    ----------
    ledger, network, tariff, step
        Terms, the network, its rates, and the period.

    Returns
    -------
    Array
        Money by node; the sum is minus the total cost of the period.
    """
    signs = jnp.asarray(ledger.signs, dtype=jnp.float32).reshape(-1, 1, 1, 1)
    return -(signs * ledger.by_place(network, tariff, step)).sum((0, 2))


def shared_rewards(ledger: Ledger, network: NetworkArrays, tariff: Tariff, step: Step) -> NodeReward:
    """Return the reward of the whole network, the same for every node."""
    total = local_rewards(ledger, network, tariff, step).sum(0)
    return jnp.broadcast_to(total, (network.num_nodes, *total.shape))


@dataclasses.dataclass(frozen=True)
class HybridWeights:
    """Weights of what is added to the shared reward; all 0 leaves it alone.

    Parameters
    ----------
    local
        Of the node's own reward.
    upstream_delay
        Money per unit that waits at the source of one of the node's outbound lanes: delay that it causes.
    imbalance
        Money per unit that the node holds more than the mean of the nodes.
    """

    local: float = 0.0
    upstream_delay: float = 0.0
    imbalance: float = 0.0

    def __post_init__(self) -> None:
        wrong = [f"{name} is {value}, must be >= 0." for name, value in vars(self).items() if not value >= 0]
        if wrong:
            raise ValueError(f"HybridWeights: {' '.join(wrong)} Correct the weights.")


def hybrid_rewards(
    ledger: Ledger, network: NetworkArrays, tariff: Tariff, step: Step, weights: HybridWeights
) -> NodeReward:
    """Return shared + local reward - penalties for delay caused downstream and for disproportionate stock.

    Parameters
    ----------
    ledger, network, tariff, step
        As for :func:`local_rewards`.
    weights
        Weights of the parts; 0 recovers the shared reward.
    """
    reward = shared_rewards(ledger, network, tariff, step)
    if weights.local:
        reward = reward + weights.local * local_rewards(ledger, network, tariff, step)
    if weights.upstream_delay:
        reward = reward - weights.upstream_delay * _delay_caused(network, step)
    if weights.imbalance:
        stock = given(step.outcome.closing).sum(1)
        real = (into_nodes(network, network.lane_active).sum((1, 2)) > 0)[:, None]
        mean = (stock * real).sum(0) / jnp.maximum(real.sum(), 1)
        reward = reward - weights.imbalance * real * jnp.maximum(stock - mean, 0.0)
    return reward


def _delay_caused(network: NetworkArrays, step: Step) -> NodeReward:
    unfilled = step.outcome.unfilled
    if unfilled is None:
        return jnp.zeros((network.num_nodes, step.outcome.opening.shape[-1]))
    return out_of_nodes(network, unfilled).sum(1)
