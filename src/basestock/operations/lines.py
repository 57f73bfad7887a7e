"""Planned lines as one network: every line an item at its own shelf, played by the same transition as everything."""

import dataclasses
import hashlib

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from basestock.data.twin import Twin
from basestock.dynamics import InitialState, NetworkArrays, State, compile_network
from basestock.economics import Tariff, make_tariff
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork

NODE = "shelf"
DAYS_A_YEAR = 365.0
MAX_NAME = 100


def line_names(twin: Twin) -> list[str]:
    """Return one stable name per line, from which its random numbers are keyed."""
    return [line_name(item, location) for item, location in zip(twin.item_id, twin.location_id, strict=True)]


def line_name(item: str, location: str) -> str:
    """Return the name of a line; a digest where the plain one could be mistaken, or is too long for a network.

    Examples
    --------
    >>> line_name("SKU-1", "MAIN"), line_name("A@B", "C") == line_name("A", "B@C")
    ('SKU-1@MAIN', False)
    """
    name = f"{item}@{location}"
    if "@" not in item and len(name) <= MAX_NAME and name.isprintable():
        return name
    return hashlib.sha256(f"{item}\x1f{location}".encode()).hexdigest()


def lane_name(review_periods: int) -> str:
    """Return the lane of the lines that are reviewed every so many periods.

    Examples
    --------
    >>> lane_name(7)
    'reviewed every 7'
    """
    return f"reviewed every {review_periods}"


def line_network(twin: Twin) -> SupplyNetwork:
    """Return the network of the lines; they share nothing, so one node carries them, and one lane for each review.

    Parameters
    ----------
    twin
        Calibrated lines.

    Returns
    -------
    SupplyNetwork
        One item per line, with its lead time in model periods and its order limits in base units.
    """
    names = line_names(twin)
    return SupplyNetwork(
        items=tuple(
            Item(name, whole_units=bool(whole)) for name, whole in zip(names, twin.whole_units, strict=True)
        ),
        nodes=(Node(NODE),),
        suppliers=(Supplier("outside"),),
        lanes=tuple(
            _lane(twin, names, np.flatnonzero(twin.review_periods == review), int(review))
            for review in np.unique(twin.review_periods)
        ),
        unmet="lost",
        unmet_at={(NODE, names[line]): "backorder" for line in np.flatnonzero(twin.backordered).tolist()},
    )


@dataclasses.dataclass(frozen=True, eq=False)
class CompiledLines:
    """The lines of a twin as arrays: network, rates, and today's stock and open orders.

    Parameters
    ----------
    network
        The authored network.
    arrays, tariff, state
        Compiled; the item axis is padded.
    """

    network: SupplyNetwork
    arrays: NetworkArrays
    tariff: Tariff
    state: State


def compile_lines(twin: Twin) -> CompiledLines:
    """Compile the lines, with room for every open order however late it is due."""
    network = line_network(twin)
    arrays = compile_network(network)
    # The last column of a twin's open orders may be years away, longer than any lead time.
    slots = max(arrays.features.slots, twin.on_order.shape[1])
    arrays = dataclasses.replace(arrays, features=dataclasses.replace(arrays.features, slots=slots))
    return CompiledLines(
        network, arrays, line_tariff(twin, network), line_start(twin).compile(network, arrays)
    )


def padded_leaf(values: np.ndarray, arrays: NetworkArrays, fill: float = 0.0) -> Float[Array, "1 item 1"]:
    """Return one number per line on the padded item axis."""
    table = np.full((1, arrays.num_items, 1), fill, dtype=np.float32)
    table[0, : len(values), 0] = values
    return jnp.asarray(table)


def _lane(twin: Twin, names: list[str], lines: np.ndarray, review: int) -> Lane:
    def limit(values: np.ndarray) -> dict[str, float] | None:
        given = {
            names[line]: float(values[line])
            for line in lines
            if np.isfinite(values[line]) and values[line] > 0
        }
        return given or None

    return Lane(
        "outside",
        NODE,
        items=tuple(names[line] for line in lines),
        name=lane_name(review),
        item_lead_time={names[line]: int(twin.lead_periods[line]) for line in lines},
        order_minimum=limit(_in_base(twin, twin.order_minimum)),
        order_multiple=limit(pack_size(twin)),
        review_period=review,
    )


def _in_base(twin: Twin, order_units: np.ndarray) -> np.ndarray:
    return order_units * twin.factor


def _packs(twin: Twin) -> np.ndarray:
    """Return the step of an order, order units: a whole-unit item without a multiple steps by one order unit."""
    return np.where(
        np.isfinite(twin.order_multiple), twin.order_multiple, np.where(twin.whole_units, 1.0, np.nan)
    )


def pack_size(twin: Twin) -> np.ndarray:
    """Return the step of an order, base units; NaN where any quantity may be ordered."""
    return _in_base(twin, _packs(twin))


def holding_per_period(twin: Twin) -> np.ndarray:
    """Return h: money per unit and model period; 0 where the cost is unknown."""
    yearly = np.nan_to_num(twin.unit_cost) * twin.holding_rate
    return yearly * twin.period_days / DAYS_A_YEAR


def backorder_rate(twin: Twin) -> np.ndarray:
    """Return money per unit waiting and model period: a unit that waits one review costs its stockout cost."""
    return np.nan_to_num(twin.stockout_cost) / np.maximum(twin.review_periods, 1)


def line_tariff(twin: Twin, network: SupplyNetwork) -> Tariff:
    """Return the rates of the lines: holding, lost margin with goodwill or waiting, order cost.

    Parameters
    ----------
    twin, network
        Lines and their network.

    Notes
    -----
    Revenue and purchases at cost are left out: on fixed prices the difference of two policies in this cost is the
    difference of their profits (``kpis.md`` section 11), and stock left at the end of a path distorts nothing.
    """
    names = line_names(twin)

    lanes = [lane_name(int(review)) for review in twin.review_periods]

    def at(owners: list[str], values: np.ndarray) -> dict[tuple[str, str], float]:
        money = np.nan_to_num(values).tolist()
        return {(owner, name): value for owner, name, value in zip(owners, names, money, strict=True)}

    here = [NODE] * twin.num_lines
    waiting = np.where(twin.backordered, backorder_rate(twin), 0.0)
    return make_tariff(
        network,
        holding=at(here, holding_per_period(twin)),
        lost_sale=at(here, np.where(twin.backordered, 0.0, twin.stockout_cost)),
        backorder=at(here, waiting) if twin.backordered.any() else None,
        fixed_order=at(lanes, twin.order_cost),
    )


def line_start(twin: Twin) -> InitialState:
    """Return today's stock and what is on its way."""
    names = line_names(twin)
    lines, slots = np.nonzero(twin.on_order > 0)
    return InitialState(
        on_hand={
            (NODE, name): float(value) for name, value in zip(names, twin.available, strict=True) if value > 0
        },
        due={
            (lane_name(int(twin.review_periods[line])), names[line], int(slot)): float(
                twin.on_order[line, slot]
            )
            for line, slot in zip(lines, slots, strict=True)
        },
    )
