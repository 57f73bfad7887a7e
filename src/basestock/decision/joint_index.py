"""One number for the orders of several items: the codec of joint discrete actions."""

import itertools
import math

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from basestock.decision.action_map import ActionMap, NodeOrders
from basestock.decision.observation import Observation
from basestock.dynamics import Decision


class JointIndex(ActionMap):
    """The action is an index into the product of what each place may order: 0, 1, ... up to its own maximum.

    Parameters
    ----------
    sizes
        Number of choices of each place, 0 to size - 1 units; the last place counts fastest.
    nodes, items
        Position of each place.
    """

    sizes: tuple[int, ...] = eqx.field(static=True)
    nodes: tuple[int, ...] = eqx.field(static=True)
    items: tuple[int, ...] = eqx.field(static=True)

    @property
    def num_actions(self) -> int:
        """Number of joint actions.

        Examples
        --------
        >>> JointIndex((28, 19, 10), (0, 0, 0), (0, 1, 2)).num_actions
        5320
        """
        return math.prod(self.sizes)

    def decode(self, index: Int[Array, " replication"]) -> Float[Array, "place replication"]:
        """Return the order of each place, units; an index beyond the last action means the last.

        Examples
        --------
        >>> codec = JointIndex((27, 18, 9), (0, 0, 0), (0, 1, 2))
        >>> codec.decode(jnp.asarray([1769]))[:, 0].tolist()
        [10.0, 16.0, 5.0]
        """
        rest = jnp.clip(jnp.asarray(index).astype(jnp.int32), 0, self.num_actions - 1)
        faster = itertools.accumulate(reversed(self.sizes[1:]), lambda total, size: total * size, initial=1)
        steps = list(faster)[::-1]
        orders = [rest // step % size for step, size in zip(steps, self.sizes, strict=True)]
        return jnp.stack(orders).astype(jnp.float32)

    def encode(self, orders: tuple[int, ...]) -> int:
        """Return the index of given orders.

        Raises
        ------
        ValueError
            If an order is not among the choices of its place.

        Examples
        --------
        >>> JointIndex((27, 18, 9), (0, 0, 0), (0, 1, 2)).encode((10, 16, 5))
        1769
        """
        fits = len(orders) == len(self.sizes) and all(
            0 <= order < size for order, size in zip(orders, self.sizes, strict=True)
        )
        if not fits:
            raise ValueError(
                f"JointIndex: orders are {orders}, must be whole numbers from 0, below {self.sizes}. Correct them."
            )
        index = 0
        for order, size in zip(orders, self.sizes, strict=True):
            index = index * size + order
        return index

    def order_limit(self, node: int, item: int) -> float | None:
        """Return the largest order of a place, units; nothing where no order is part of the index.

        Examples
        --------
        >>> JointIndex((28, 19, 10), (0, 0, 0), (0, 1, 2)).order_limit(0, 1)
        18.0
        """
        places = zip(self.nodes, self.items, self.sizes, strict=True)
        return next((size - 1.0 for *place, size in places if place == [node, item]), None)

    def __call__(self, action: Array, observation: Observation) -> Decision:
        """Return the orders of the index, one index per replication."""
        shape = observation.on_hand.shape
        orders = (
            jnp.zeros(shape).at[jnp.asarray(self.nodes), jnp.asarray(self.items)].set(self.decode(action))
        )
        return NodeOrders()(orders, observation)
