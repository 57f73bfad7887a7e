"""What is charged once, on what the last period leaves."""

import functools

import jax.numpy as jnp
from jaxtyping import Array

from basestock.dynamics import Step
from basestock.economics import Tariff, Term


def at_the_end(tariff: Tariff, step: Step, *, quantity: str, rate: float, last: int) -> Array:
    """Charge a rate per unit of a quantity of the outcome, in the last period only."""
    units = getattr(step.outcome, quantity)
    return jnp.where(step.start.period == last, rate, 0.0) * units


@functools.cache
def terminal_terms(periods: int, discount: float, *, holding: float, stockout: float) -> tuple[Term, ...]:
    """Return the terms of terminal costs: hT per unit on hand and pT per unit waiting when the horizon is over.

    Parameters
    ----------
    periods
        Length of the horizon.
    discount
        Factor per period: the costs fall due one period after the last, and are charged in it.
    holding, stockout
        Money per unit left and per unit waiting [hT, pT].

    Examples
    --------
    >>> [term.name for term in terminal_terms(3, 1.0, holding=1.0, stockout=0.0)]
    ['terminal_holding']
    """
    charged = (
        ("terminal_holding", "closing", holding, "holding"),
        ("terminal_stockout", "backorders", stockout, "backorder"),
    )
    return tuple(
        Term(
            name,
            functools.partial(at_the_end, quantity=quantity, rate=discount * rate, last=periods - 1),
            related,
            "node",
        )
        for name, quantity, rate, related in charged
        if rate
    )
