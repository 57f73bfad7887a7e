"""Items in whole units beside items in fractions: each moves as if all were of its kind (SIM-114, SIM-713)."""

import dataclasses
from collections.abc import Collection

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

from basestock.dynamics import (
    RECEIVE_ORDER_SELL,
    Decision,
    NetworkArrays,
    PeriodOutcome,
    State,
    compile_network,
    empty_state,
    transition,
    with_repairs,
)
from basestock.uncertainty import Event, record, root_words
from tests.compiler import QUICK
from tests.properties.everything import random_problem

PERIODS, PATHS = 16, 2
FRACTIONAL = "i2"
FLOWS = (
    "ordered",
    "shipped",
    "received",
    "sales",
    "lost",
    "closing",
    "returned",
    "expired",
    "lost_in_transit",
)


def _path(network: NetworkArrays, events: Event, orders: Array) -> PeriodOutcome:
    def period(state: State, given: tuple[Event, Array]) -> tuple[State, PeriodOutcome]:
        event, order = given
        return transition(network, with_repairs(RECEIVE_ORDER_SELL), state, Decision(order), event)

    return jax.lax.scan(period, empty_state(network, PATHS), (events, orders))[1]


_play = jax.jit(_path, compiler_options=QUICK)


def _flows(seed: int, features: Collection[str], fractional: Collection[str]) -> dict[str, np.ndarray]:
    """Return each flow ``[period, owner, item, path]`` of a network where some items exist in fractions."""
    network, uncertainty = random_problem(seed, features)
    items = tuple(
        dataclasses.replace(item, whole_units=item.name not in fractional) for item in network.items
    )
    network = dataclasses.replace(network, items=items)
    arrays = compile_network(network)
    root = root_words(jax.random.key(seed))
    events = record(uncertainty.compile(network), root, PERIODS, jnp.arange(PATHS))
    shape = (PERIODS, arrays.num_lanes, arrays.num_items, PATHS)
    orders = 6.0 * jax.random.uniform(jax.random.key(seed), shape)
    for number, item in enumerate(items):
        orders = orders.at[:, :, number].set(jnp.floor(orders[:, :, number])) if item.whole_units else orders
    path = _play(arrays, events, orders)
    found = {name: getattr(path, name) for name in FLOWS}
    return {name: np.asarray(leaf) for name, leaf in found.items() if leaf is not None}


GROUPS = {
    "stock": ("backorders", "decay", "rules of allocation", "lost and partial deliveries"),
    "sources": ("limits of orders", "calendars", "random lead times", "orders that travel", "outages", "inspection"),
}  # fmt: skip
"""Features by which items do not touch each other."""


@pytest.mark.slow
@pytest.mark.parametrize("group", GROUPS)
def test_an_item_moves_as_if_all_were_of_its_kind(group: str) -> None:
    everything = ("i0", "i1", "i2")
    for seed in range(3):
        whole, mixed, exact = (_flows(seed, GROUPS[group], kind) for kind in ((), (FRACTIONAL,), everything))
        last = everything.index(FRACTIONAL)
        for name, flow in mixed.items():
            np.testing.assert_array_equal(flow[:, :, :last], whole[name][:, :, :last], name)
            np.testing.assert_array_equal(flow[:, :, :last], np.round(flow[:, :, :last]), name)
            np.testing.assert_allclose(flow[:, :, last], exact[name][:, :, last], atol=1e-4, err_msg=name)
        for name in ("ordered", "shipped", "sales"):
            assert np.abs(mixed[name][:, :, last] % 1.0).max() > 0.01
