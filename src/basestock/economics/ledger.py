"""The ledger: named terms of money whose sum is the total."""

import dataclasses
from collections.abc import Callable
from typing import Literal

import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.dynamics import NetworkArrays, Step, into_nodes
from basestock.economics import terms
from basestock.economics.tariff import Tariff, rate_names

Axis = Literal["node", "lane"]


@dataclasses.dataclass(frozen=True)
class Term:
    """A ledger term.

    Parameters
    ----------
    name
        Name in ledgers and reports.
    function
        ``(tariff, step) -> money``, never negative.
    rate
        Field of the tariff it is linear in.
    axis
        Its first axis; a lane's money belongs to the node the lane leads to.
    sign
        +1 for a cost, -1 for a revenue.
    """

    name: str
    function: Callable[[Tariff, Step], Array]
    rate: str
    axis: Axis
    sign: int = 1


TERMS: tuple[Term, ...] = (
    Term("holding", terms.holding, "holding", "node"),
    Term("pipeline_holding", terms.pipeline_holding, "pipeline_holding", "lane"),
    Term("backorder", terms.backorder, "backorder", "node"),
    Term("lost_sale", terms.lost_sale, "lost_sale", "node"),
    Term("purchase", terms.purchase, "purchase", "lane"),
    Term("fixed_order", terms.fixed_order, "fixed_order", "lane"),
    Term("transport", terms.transport, "transport", "lane"),
    Term("revenue", terms.revenue, "price", "node", sign=-1),
)
"""Every term, in the order of reports."""


@dataclasses.dataclass(frozen=True)
class Ledger:
    """A choice of terms."""

    terms: tuple[Term, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the terms, in order."""
        return tuple(term.name for term in self.terms)

    def by_place(
        self, network: NetworkArrays, tariff: Tariff, step: Step
    ) -> Float[Array, "term node item replication"]:
        """Return every term allocated to (node, item), unsigned (SIM-401)."""
        shape = step.outcome.opening.shape
        rows = [_at_nodes(network, term, term.function(tariff, step)) for term in self.terms]
        return jnp.stack([jnp.broadcast_to(row, shape) for row in rows]) if rows else jnp.zeros((0, *shape))

    def by_term(self, tariff: Tariff, step: Step) -> Float[Array, "term replication"]:
        """Return every term summed over places, unsigned."""
        count = step.outcome.opening.shape[-1]
        sums: dict[str, Array] = {}
        for axis in ("node", "lane"):
            money = {term.name: term.function(tariff, step) for term in self.terms if term.axis == axis}
            # Summed one by one, with the product fused into the sum, they took 10 times as long on CPUs.
            sums |= zip(money, jnp.stack(list(money.values())).sum((1, 2)), strict=True) if money else {}
        return jnp.stack([sums[name] for name in self.names]) if sums else jnp.zeros((0, count))

    @property
    def signs(self) -> tuple[int, ...]:
        """+1 for each cost and -1 for each revenue: the total is their signed sum."""
        return tuple(term.sign for term in self.terms)


def ledger_for(tariff: Tariff) -> Ledger:
    """Return the ledger of the terms whose rates the tariff gives."""
    rates = rate_names(tariff)
    return Ledger(tuple(term for term in TERMS if term.rate in rates))


def _at_nodes(network: NetworkArrays, term: Term, money: Array) -> Array:
    return into_nodes(network, money) if term.axis == "lane" else money
