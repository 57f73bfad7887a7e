"""The dice of one optional feature, as a source of events holds them."""

import abc

import equinox as eqx
from jaxtyping import Array, Int, UInt32

from basestock.uncertainty.event import Event, World

Root = UInt32[Array, "2"]


class EventPart(eqx.Module):
    """The dice of one optional feature: it fills its own leaves of the event and of the world, and no others."""

    def initial_world(self, num_replications: int) -> dict[str, Array]:
        """Return the leaves of :class:`World` that the feature remembers, before the first period."""
        return {}

    @abc.abstractmethod
    def sample(
        self, world: World, root: Root, period: Int[Array, ""], replications: Int[Array, " replication"]
    ) -> tuple[dict[str, Array], dict[str, Array]]:
        """Return leaves of the period's :class:`Event`, and leaves of the world after it, by field name.

        Parameters
        ----------
        world
            World before the period.
        root
            Words of the root key; draw with a purpose of its own (:data:`basestock.uncertainty.keys.PURPOSES`).
        period
            Number of the period.
        replications
            Numbers of the replications.
        """

    def overlay(self, event: Event, world: World) -> Event:
        """Return the event as the feature changes it, given the world after the period: a surge, a closed lane."""
        return event
