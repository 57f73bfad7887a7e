"""What things cost: rates per unit, period and order, as arrays of one network."""

import dataclasses
from collections.abc import Mapping

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from basestock.network import SupplyNetwork
from basestock.uncertainty import Axes

NodeRate = Float[Array, "node item 1"]
LaneRate = Float[Array, "lane item 1"]


class Tariff(eqx.Module):
    """Rates in money; an absent rate (``None``) leaves its ledger term out.

    Parameters
    ----------
    holding
        Per unit on hand at the end of a period and period [h].
    pipeline_holding
        Per unit in transit at the end of a period and period.
    backorder
        Per unit waiting at the end of a period and period [b].
    lost_sale
        Per unit lost [p].
    purchase
        Per unit received [c].
    fixed_order
        Per order on a lane and item [K].
    transport
        Per unit shipped on a lane.
    price
        Revenue per unit handed over.
    """

    holding: NodeRate | None = None
    pipeline_holding: LaneRate | None = None
    backorder: NodeRate | None = None
    lost_sale: NodeRate | None = None
    purchase: LaneRate | None = None
    fixed_order: LaneRate | None = None
    transport: LaneRate | None = None
    price: NodeRate | None = None


Rates = float | Mapping[tuple[str, str], float]
"""One rate everywhere, or rates by (node or lane, item); places not named cost nothing."""

NODE_RATES = ("holding", "backorder", "lost_sale", "price")
LANE_RATES = ("pipeline_holding", "purchase", "fixed_order", "transport")


class TariffError(ValueError):
    """A rate is negative, not finite, or at an unknown place."""


def make_tariff(network: SupplyNetwork, **rates: Rates | None) -> Tariff:
    """Build a tariff from rates by name.

    Parameters
    ----------
    network
        The authored network.
    rates
        Any of the fields of :class:`Tariff`, in money per unit (and period): a number for every place, or a mapping
        from (node, item) or (lane, item).

    Returns
    -------
    Tariff
        Rates on the padded axes of the network.

    Raises
    ------
    TariffError
        Listing every rate that is unknown, negative, not finite, or at a place that does not exist.
    """
    axes = Axes.of(network)
    problems: list[str] = []
    leaves: dict[str, Array] = {}
    for name, rate in rates.items():
        if name not in (*NODE_RATES, *LANE_RATES):
            problems.append(
                f"Tariff: rate {name!r} is unknown, must be one of {sorted((*NODE_RATES, *LANE_RATES))}."
            )
        elif rate is not None:
            leaves[name] = _leaf(name, rate, axes, problems)
    if problems:
        raise TariffError(" ".join([*problems, "Correct the rates."]))
    return Tariff(**leaves)


def _leaf(name: str, rate: Rates, axes: Axes, problems: list[str]) -> Array:
    owners, size = (axes.nodes, axes.num_nodes) if name in NODE_RATES else (axes.lanes, axes.num_lanes)
    table = np.zeros((size, axes.num_items, 1), dtype=np.float32)
    if not isinstance(rate, Mapping):
        if not (np.isfinite(rate) and rate >= 0):
            problems.append(f"Tariff: {name} is {rate}, must be finite and >= 0.")
        table[: len(owners), : len(axes.items)] = rate
        return jnp.asarray(table)
    owner_at = {owner: position for position, owner in enumerate(owners)}
    item_at = {item: position for position, item in enumerate(axes.items)}
    for (owner, item), value in rate.items():
        if owner not in owner_at or item not in item_at:
            problems.append(f"Tariff: {name} at {(owner, item)!r}, must be at a place of the network.")
        elif not (np.isfinite(value) and value >= 0):
            problems.append(f"Tariff: {name} at {(owner, item)!r} is {value}, must be finite and >= 0.")
        else:
            table[owner_at[owner], item_at[item]] = value
    return jnp.asarray(table)


def rate_names(tariff: Tariff) -> tuple[str, ...]:
    """Return the names of the rates that the tariff gives."""
    return tuple(
        field.name for field in dataclasses.fields(tariff) if getattr(tariff, field.name) is not None
    )
