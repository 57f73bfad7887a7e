"""What holds in every period of every network, whatever is ordered (``invariants.md``)."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
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
    into_nodes,
    out_of_nodes,
    residuals,
)
from basestock.economics import Tariff, ledger_for, make_tariff
from basestock.uncertainty import EventSource, root_words
from tests.compiler import QUICK
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
            "SIM-103": jnp.asarray(float(_shapes(after) != _shapes(step.start))),
            "SIM-105": (after.on_hand * after.backorders).max(),
            "SIM-106": _ageing_gap(self.network, step),
            "SIM-107": (step.start.outstanding * (1 - step.event.arrives))[-1].max(),
            "SIM-113": jnp.maximum(shipped_from - step.state.on_hand, 0).max(),
            "SIM-114": sum(jnp.abs(leaf - jnp.round(leaf)).max() for leaf in jax.tree.leaves(after)),
            "SIM-115": jnp.abs(after.period - step.start.period - 1).astype(jnp.float32),
            "SIM-209": jnp.abs(_position_gap(self.network, step)).max(),
            "SIM-211": jnp.abs(_system_gap(self.network, step)).max(),
            "SIM-212": jnp.abs(_transfer_gap(self.network, step)).max(),
            "SIM-215": _allocation_gap(self.network, step),
            "SIM-401": jnp.abs(by_place - by_term).max() / (1 + jnp.abs(by_term).max()),
            "SIM-407": jnp.abs(
                by_term[ledger.names.index("fixed_order")] - 3.0 * (outcome.ordered > 0).sum((0, 1))
            ).max(),
            "SIM-408": jnp.abs(by_term[ledger.names.index("holding")] - outcome.closing.sum((0, 1))).max(),
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


def _shapes(state: State) -> list[tuple[tuple[int, ...], Any]]:
    return [(leaf.shape, leaf.dtype) for leaf in jax.tree.leaves(state)]


def _ageing_gap(network: NetworkArrays, step: Step) -> Array:
    """What is under way is one period older, or one period nearer, and what was shipped has joined it."""
    start, after, shipped = step.start, step.next_state, step.outcome.shipped
    revealed = shipped * network.reveals_on_arrival
    older = jnp.concatenate([revealed[None], (start.outstanding * (1 - step.event.arrives))[:-1]])
    slots = start.due.shape[0]
    now, then = (jnp.roll(state.due, -(state.period % slots), axis=0) for state in (start, after))
    left = jnp.arange(1, slots + 1)[:, None, None, None] == network.lead_time[None]
    nearer = jnp.concatenate([now[1:], jnp.zeros_like(now[:1])]) + left * (shipped - revealed)
    return jnp.maximum(jnp.abs(after.outstanding - older).max(), jnp.abs(then - nearer).max())


def _position_gap(network: NetworkArrays, step: Step) -> Array:
    """The inventory position moves by orders, demand and shipments, never by receipts."""
    outcome = step.outcome

    def position(state: State) -> Array:
        return state.on_hand - state.backorders + into_nodes(network, state.in_transit + state.unfilled)

    ordered = into_nodes(network, outcome.ordered - outcome.unfilled_lost)
    gone = outcome.demand - outcome.lost + out_of_nodes(network, outcome.shipped)
    return position(step.next_state) - position(step.start) - (ordered - gone)


def _system_gap(network: NetworkArrays, step: Step) -> Array:
    """By item: stock and transit change by what outside suppliers ship and customers take."""
    outcome = step.outcome
    total = lambda state: state.on_hand.sum(0) + state.in_transit.sum(0)  # noqa: E731
    bought = (outcome.shipped * network.lane_outside[:, None, None]).sum(0)
    taken = (outcome.sales + outcome.backorders_filled).sum(0)
    return total(step.next_state) - total(step.start) - (bought - taken)


def _transfer_gap(network: NetworkArrays, step: Step) -> Array:
    """By item: what nodes send to each other leaves one, is under way, and enters another."""
    inside = ~network.lane_outside[:, None, None]
    sent, got = (step.outcome.shipped * inside).sum(0), (step.outcome.received * inside).sum(0)
    change = ((step.next_state.in_transit - step.start.in_transit) * inside).sum(0)
    left = out_of_nodes(network, step.outcome.shipped).sum(0)
    return jnp.abs(sent - left) + jnp.abs(sent - got - change)


@eqx.filter_jit(compiler_options=QUICK)
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
    assert len(TRACES) == 1, "one program plays every network of the bucket"
    assert dict(zip(AUDITED, worst.tolist(), strict=True)) == dict.fromkeys(AUDITED, 0.0)
    ledger_gap = checks.pop("SIM-401")
    assert ledger_gap < 1e-6
    assert checks == dict.fromkeys(checks, 0.0)
    assert binding > 0.2, "sources must run short often enough for the tests to mean something"
