"""What holds in every period of every network, whatever is ordered (``invariants.md``)."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

from basestock.decision import Information, Observation, Policy, begin
from basestock.decision.simulate import Game, advance
from basestock.dynamics import (
    AUDITED,
    RECEIVE_ORDER_SELL,
    Decision,
    NetworkArrays,
    State,
    Step,
    at_source,
    compile_network,
    empty_state,
    out_of_nodes,
    residuals,
)
from basestock.economics import Tariff, ledger_for, make_tariff
from basestock.uncertainty import EventSource, root_words
from tests.properties.networks import random_demand, random_network

PERIODS = 40
TRACES: list[int] = []


class RandomOrders(Policy):
    """Orders 0 to 14 units on every lane, from the policy's own key."""

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        shape = observation.in_transit.shape
        return Decision(order=jnp.floor(15 * jax.random.uniform(key, shape))), memory


class Watch(eqx.Module):
    network: NetworkArrays
    tariff: Tariff

    def __call__(self, worst: Array, step: Step) -> tuple[Array, dict[str, Array]]:
        TRACES.append(1)
        ledger = ledger_for(self.tariff)
        by_place = ledger.by_place(self.network, self.tariff, step).sum((1, 2))
        by_term = ledger.by_term(self.tariff, step)
        outcome, after = step.outcome, step.next_state
        shipped_from = out_of_nodes(self.network, outcome.shipped)
        checks = {
            "SIM-105": (after.on_hand * after.backorders).max(),
            "SIM-113": jnp.maximum(shipped_from - step.state.on_hand, 0).max(),
            "SIM-114": sum(jnp.abs(leaf - jnp.round(leaf)).max() for leaf in jax.tree.leaves(after)),
            "SIM-115": jnp.abs(after.period - step.start.period - 1).astype(jnp.float32),
            "SIM-215": _allocation_gap(self.network, step),
            "SIM-401": jnp.abs(by_place - by_term).max() / (1 + jnp.abs(by_term).max()),
            "SIM-407": jnp.abs(
                by_term[ledger.names.index("fixed_order")] - 3.0 * (outcome.ordered > 0).sum((0, 1))
            ).max(),
            "SIM-409": jnp.maximum(-by_term, 0).max(),
        }
        short = (outcome.unfilled > 0).any().astype(jnp.float32)
        return jnp.maximum(worst, residuals(self.network, step)), checks | {"binding": short}


def _allocation_gap(network: NetworkArrays, step: Step) -> Array:
    """A source ships min(requests, stock) in all, unless fractions of whole units are left."""
    asked = step.state.unfilled + step.outcome.ordered
    wanted = jnp.minimum(out_of_nodes(network, asked), step.state.on_hand)
    gap = at_source(network, jnp.abs(out_of_nodes(network, step.outcome.shipped) - wanted))
    return gap.max()


@eqx.filter_jit
def _play(game: Game, tariff: Tariff, state: State, root: Array) -> tuple[Array, dict[str, Array]]:
    watch = Watch(game.network, tariff)
    start = begin(game, RandomOrders(), state, root)
    path = advance(
        game, RandomOrders(), start, root=root, replications=jnp.arange(2), num_periods=PERIODS, fold=watch,
        initial=jnp.zeros(len(AUDITED)),
    )  # fmt: skip
    return path.folded, path.traced


def _compiled(seed: int) -> tuple[Game, Tariff, EventSource]:
    draw = np.random.default_rng(seed)
    network = random_network(draw)
    arrays = compile_network(network)
    events = random_demand(draw).compile(network)
    rates = {
        "holding": 1.0,
        "backorder": 2.0,
        "lost_sale": 5.0,
        "fixed_order": 3.0,
        "transport": 0.1,
        "purchase": 1.0,
    }
    game = Game(arrays, events, Information(), RECEIVE_ORDER_SELL)
    return game, make_tariff(network, **rates), events


def test_conservation_on_200_random_networks_in_one_trace() -> None:
    TRACES.clear()
    worst, binding = np.zeros(len(AUDITED)), 0.0
    checks: dict[str, float] = {}
    for seed in range(200):
        game, tariff, _ = _compiled(seed)
        state = empty_state(game.network, 2)
        found, traced = _play(game, tariff, state, root_words(jax.random.key(seed)))
        worst = np.maximum(worst, np.asarray(found))
        binding += float(traced.pop("binding").mean()) / 200
        for code, values in traced.items():
            checks[code] = max(checks.get(code, 0.0), float(np.asarray(values).max()))
    assert len(TRACES) <= 2, "one program plays every network of the bucket; scan may trace its body twice"
    assert dict(zip(AUDITED, worst.tolist(), strict=True)) == dict.fromkeys(AUDITED, 0.0)
    ledger_gap = checks.pop("SIM-401")
    assert ledger_gap < 1e-6
    assert checks == dict.fromkeys(checks, 0.0)
    assert binding > 0.2, "sources must run short often enough for the tests to mean something"


@pytest.mark.parametrize("seed", range(3))
def test_events_do_not_depend_on_decisions(seed: int) -> None:
    _, _, events = _compiled(seed)
    root, world = root_words(jax.random.key(seed)), events.initial_world(2)
    first, _ = events.sample(world, root, jnp.asarray(7), jnp.arange(2))
    again, _ = events.sample(world, root, jnp.asarray(7), jnp.arange(2))
    np.testing.assert_array_equal(first.market, again.market)
    np.testing.assert_array_equal(first.arrives, again.arrives)
