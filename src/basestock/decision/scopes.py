"""Decisions within bounds, and agents that decide on a part of them."""

import dataclasses
from typing import Any, Literal

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array

from basestock.decision.action_map import ActionMap
from basestock.decision.observation import Observation
from basestock.decision.policy import Policy
from basestock.dynamics import Decision

Scope = Literal["price", "stock", "production", "campaign", "all"]

SCOPES: dict[str, tuple[str, ...]] = {
    "price": ("price",),
    "stock": ("order", "allocation", "cancel"),
    "production": ("start", "assign"),
    "campaign": ("price",),
    "all": ("order", "start", "price", "allocation", "assign", "cancel"),
}
"""Scope to the leaves of a decision that it covers."""


class Bounds(eqx.Module):
    """Smallest and largest values of the leaves of a decision; absent bounds do not bind.

    Parameters
    ----------
    order, start, price, allocation
        Pairs (smallest, largest), broadcast to the leaf.
    """

    order: tuple[Array, Array] | None = None
    start: tuple[Array, Array] | None = None
    price: tuple[Array, Array] | None = None
    allocation: tuple[Array, Array] | None = None


class Projection(eqx.Module):
    """A decision within bounds, and how far each leaf was moved.

    Parameters
    ----------
    decision
        The decision that counts.
    moved
        Leaf to the distance it was moved, by entry; a number that is not finite counts as moved by the bound.
    """

    decision: Decision
    moved: dict[str, Array]

    def report(self) -> tuple[str, ...]:
        """Return a sentence for each leaf that was out of bounds."""
        return tuple(
            f"{name}: {int((moved > 0).sum())} of {moved.size} entries were out of bounds, the worst by "
            f"{float(moved.max()):.6g}; they were moved to the nearest bound."
            for name, moved in self.moved.items()
            if bool((moved > 0).any())
        )


def project(decision: Decision, bounds: Bounds) -> Projection:
    """Move every entry of a decision to the nearest value within its bounds, and say by how much.

    Parameters
    ----------
    decision
        Any decision; what is no number becomes the smallest value.
    bounds
        Bounds by leaf.

    Examples
    --------
    >>> order = jnp.asarray([[[7.0]]])
    >>> project(Decision(order), Bounds(order=(jnp.asarray(0.0), jnp.asarray(5.0)))).report()
    ('order: 1 of 1 entries were out of bounds, the worst by 2; they were moved to the nearest bound.',)
    """
    moved: dict[str, Array] = {}
    leaves: dict[str, Array] = {}
    for name in ("order", "start", "price", "allocation"):
        leaf, pair = getattr(decision, name), getattr(bounds, name)
        if leaf is None or pair is None:
            continue
        low, high = pair
        finite = jnp.isfinite(leaf)
        kept = jnp.where(finite, jnp.clip(leaf, low, high), low)
        moved[name] = jnp.where(finite, jnp.abs(kept - jnp.where(finite, leaf, 0.0)), high - low)
        leaves[name] = kept
    return Projection(dataclasses.replace(decision, **leaves), moved)


def within_scope(decision: Decision, default: Decision, scope: Scope) -> Decision:
    """Return the default decision with the leaves of a scope taken from another.

    Parameters
    ----------
    decision
        What the agent of the scope wants.
    default
        What holds for everything else.
    scope
        What the agent decides on.
    """
    chosen = {name: leaf for name in SCOPES[scope] if (leaf := getattr(decision, name)) is not None}
    return dataclasses.replace(default, **chosen)


class Scoped(ActionMap):
    """An action of one scope; everything else stays as a fixed decision says.

    Parameters
    ----------
    inner
        Turns the action into a decision.
    default
        What holds outside the scope.
    scope
        ``price``, ``stock``, ``production``, ``campaign`` or ``all``.
    """

    inner: ActionMap
    default: Decision
    scope: Scope = eqx.field(static=True)

    def __call__(self, action: Array, observation: Observation) -> Decision:
        """Return the default decision with the scope's leaves from the action."""
        return within_scope(self.inner(action, observation), self.default, self.scope)


class PriceAction(ActionMap):
    """The action is the price of each place, money per unit; nothing is ordered."""

    def __call__(self, action: Array, observation: Observation) -> Decision:
        """Return the prices."""
        return Decision(order=jnp.zeros_like(observation.in_transit), price=action)


class CampaignDepth(ActionMap):
    """The action is the depth of a promotion, the share of the reference price that is given away, in [0, 1)."""

    def __call__(self, action: Array, observation: Observation) -> Decision:
        """Return the promotional prices; nothing is ordered."""
        market = observation.network.market
        if market is None or market.answers is None:
            raise ValueError("CampaignDepth: the network has no PriceResponse, must have one. Add it.")
        price = market.answers.reference_price * (1.0 - jnp.clip(action, 0.0, 0.95))
        return Decision(order=jnp.zeros_like(observation.in_transit), price=price)


class ScopedPolicy(Policy):
    """One policy decides within a scope, another on everything else.

    Parameters
    ----------
    inside, outside
        The two policies.
    scope
        What ``inside`` decides on.
    """

    inside: Policy
    outside: Policy
    scope: Scope = eqx.field(static=True)

    def init(self, observation: Observation) -> Any:
        """Return the memories of both."""
        return self.inside.init(observation), self.outside.init(observation)

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Return the decision of both."""
        inside, mine = self.inside(observation, memory[0], key=key)
        outside, other = self.outside(observation, memory[1], key=key)
        return within_scope(inside, outside, self.scope), (mine, other)
