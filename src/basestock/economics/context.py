"""Weights that depend on the state of the world: the same terms, dearer or cheaper by context."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from basestock.dynamics import Step

if TYPE_CHECKING:
    from basestock.economics.tariff import Tariff


class Context(eqx.Module):
    """Multiplies the money of a term by a weight that the context of the period chooses.

    Parameters
    ----------
    names
        Names of the contexts, in order.
    weights
        Rate to its weight in each context; rates that are not named weigh 1.
    reads
        ``step -> number of the context``, by replication.

    Examples
    --------
    >>> weights = {"lost_sale": jnp.asarray([1.0, 3.0]), "holding": jnp.asarray([2.0, 1.0])}
    >>> Context(("stable", "scarce"), weights, scarce_supply).names[1]
    'scarce'
    """

    names: tuple[str, ...] = eqx.field(static=True)
    weights: dict[str, Float[Array, " context"]]
    reads: Callable[[Step], Int[Array, " replication"]] = eqx.field(static=True)

    def __check_init__(self) -> None:
        wrong = [
            f"weights of {name!r} are {weights}, must be {len(self.names)} finite numbers >= 0, one by context."
            for name, weights in self.weights.items()
            if weights.shape != (len(self.names),)
            or not bool((weights >= 0).all() & jnp.isfinite(weights).all())
        ]
        if wrong:
            raise ValueError(f"Context: {' '.join(wrong)} Correct the weights.")


def weight_of(tariff: "Tariff", rate: str, step: Step) -> Float[Array, " replication"] | None:
    """Return what the money of a rate is multiplied by in the period; ``None`` where nothing is.

    Parameters
    ----------
    tariff
        Rates, with or without a context.
    rate
        Name of the rate.
    step
        The period.
    """
    context = tariff.context
    if context is None or rate not in context.weights:
        return None
    return context.weights[rate][context.reads(step)]


def demand_regime(step: Step) -> Int[Array, " replication"]:
    """Return the regime of demand that the period started in."""
    regime = step.world.demand_regime
    count = step.outcome.opening.shape[-1]
    return jnp.zeros(count, dtype=jnp.int32) if regime is None else regime


def period_number(step: Step) -> Int[Array, " replication"]:
    """Return the number of the period, for rates that differ from period to period; beyond the last, that holds on."""
    return jnp.broadcast_to(step.start.period, step.outcome.opening.shape[-1:])


def scarce_supply(step: Step) -> Int[Array, " replication"]:
    """Return 1 where a source could not ship all that was ordered, or a lane is closed, and 0 elsewhere."""
    count = step.outcome.opening.shape[-1]
    unfilled, lost, lanes = step.outcome.unfilled, step.outcome.unfilled_lost, step.event.lane_open
    scarce = jnp.zeros(count, dtype=bool)
    for leaf in (unfilled, lost):
        scarce = scarce if leaf is None else scarce | (leaf.sum((0, 1)) > 0)
    return (scarce if lanes is None else scarce | (lanes < 1).any(0)).astype(jnp.int32)


def with_context(
    tariff: "Tariff",
    weights: Mapping[str, tuple[float, ...]],
    names: tuple[str, ...],
    reads: Callable[[Step], Array],
) -> "Tariff":
    """Return a tariff whose terms weigh differently by context.

    Parameters
    ----------
    tariff
        Plain rates, which stay the base of every comparison.
    weights
        Rate to its weight by context.
    names
        Names of the contexts.
    reads
        What tells the context of a period, as :func:`scarce_supply` and :func:`demand_regime` do.

    Raises
    ------
    ValueError
        If a rate is unknown or weights are missing or negative.
    """
    import dataclasses

    unknown = [name for name in weights if getattr(tariff, name, None) is None]
    if unknown:
        raise ValueError(
            f"Context: {unknown} must be rates that the tariff gives. Add them to the tariff first."
        )
    leaves = {name: jnp.asarray(values, dtype=jnp.float32) for name, values in weights.items()}
    return dataclasses.replace(tariff, context=Context(names, leaves, reads))
