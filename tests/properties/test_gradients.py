"""Gradients through whole paths with features on: finite everywhere, right where the path is smooth (SIM-612)."""

import dataclasses
import functools
from collections.abc import Collection

import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

from basestock.dynamics import (
    RECEIVE_ORDER_SELL,
    Decision,
    NetworkArrays,
    State,
    compile_network,
    empty_state,
    transition,
    with_repairs,
    with_stock,
)
from basestock.uncertainty import Event, record, root_words
from tests.compiler import QUICK
from tests.properties.everything import FEATURES, NEEDS, random_problem

PERIODS, STEP = 5, 0.02
Levers = dict[str, Array]
"""What a path is differentiated by: orders and starting stock, runs and prices where there are any."""


def _path(network: NetworkArrays, start: State, events: Event, levers: Levers) -> Array:
    """Return a sum of all quantities of a path, each with a weight of its own."""
    start = with_stock(network, start, levers["stock"])
    decision = Decision(levers["order"], start=levers.get("runs"), price=levers.get("price"))

    def period(state: State, event: Event) -> tuple[State, Array]:
        state, outcome = transition(network, with_repairs(RECEIVE_ORDER_SELL), state, decision, event)
        parts = [
            (jnp.cos(number + jnp.arange(leaf.size).reshape(leaf.shape)) * leaf).sum()
            for number, leaf in enumerate(jax.tree.leaves(outcome))
        ]
        return state, jnp.stack(parts).sum()

    return jax.lax.scan(period, start, events)[1].sum()


slope_of = jax.jit(jax.value_and_grad(_path, argnums=3), compiler_options=QUICK)


@functools.partial(jax.jit, compiler_options=QUICK)
def along(network: NetworkArrays, start: State, events: Event, ways: Levers) -> Array:
    """Return the value of the path for each of many levers."""
    return jax.lax.map(functools.partial(_path, network, start, events), ways)


def _case(
    seed: int, features: Collection[str], empty: float = 0.0
) -> tuple[NetworkArrays, State, Event, Levers]:
    """Return a network of items in fractions, and levers, a share of which is 0."""
    network, uncertainty = random_problem(seed, features)
    items = tuple(dataclasses.replace(item, whole_units=False) for item in network.items)
    network = dataclasses.replace(network, items=items)
    arrays, draw = compile_network(network), np.random.default_rng(seed)

    def positive(*shape: int, scale: float) -> Array:
        values = draw.uniform(0.3, 1.0, (*shape, 1)) * scale
        return jnp.asarray(np.where(draw.random(values.shape) < empty, 0.0, values), dtype=jnp.float32)

    levers = {"order": positive(8, 3, scale=4.0), "stock": positive(5, 3, scale=6.0)}
    if arrays.production is not None:
        levers["runs"] = positive(arrays.production.num_processes, scale=2.0)
    if arrays.market is not None and arrays.market.answers is not None:
        levers["price"] = arrays.market.answers.reference_price * jnp.asarray(
            draw.uniform(0.8, 1.3, (5, 3, 1))
        )
    events = record(uncertainty.compile(network), root_words(jax.random.key(seed)), PERIODS, jnp.arange(1))
    return arrays, empty_state(arrays), events, levers


SMOOTH = {
    "stock": ("backorders", "life", "decay", "storage", "capacities", "rules of allocation"),
    "market": ("backorders", "prices", "returns", "goodwill", "orders that travel"),
    "supply": (
        "outages",
        "lost and partial deliveries",
        "random lead times",
        "unfilled is lost",
        "no lead time",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("group", SMOOTH)
def test_slopes_are_those_of_central_differences_where_the_path_is_smooth(group: str) -> None:
    compared = 0
    for seed in range(4):
        arrays, start, events, levers = _case(seed, SMOOTH[group])
        value, slope = slope_of(arrays, start, events, levers)
        flat, put_back = jax.flatten_util.ravel_pytree(levers)
        moves = jnp.eye(flat.size)[::3] * STEP
        up, down = (along(arrays, start, events, jax.vmap(put_back)(flat + m)) for m in (moves, -moves))
        ahead, behind = ((np.asarray(end) - float(value)) / STEP for end in (up, down))
        central, expected = (ahead - behind) / 2, np.asarray(jax.flatten_util.ravel_pytree(slope)[0])[::3]
        # Where the path has an edge, or single precision sees nothing, the two sides do not agree.
        smooth = np.abs(ahead + behind) < 0.02
        np.testing.assert_allclose(expected[smooth], central[smooth], atol=0.03, rtol=0.01)
        compared += int((smooth & (np.abs(expected) > 0.1)).sum())
    assert compared > 20


@pytest.mark.slow
@pytest.mark.parametrize("feature", FEATURES)
def test_slopes_are_finite_with_stock_or_without(feature: str) -> None:
    """Half of all orders and stocks are 0, so that divisions by what is there meet nothing."""
    for seed in range(4):
        case = _case(seed, {"backorders", feature, NEEDS.get(feature, feature)}, empty=0.5)
        _, slope = slope_of(*case)
        assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(slope))
