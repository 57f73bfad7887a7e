"""Whole paths against slower ways to play them: single steps, tagged units, split orders (``invariants.md``)."""

import dataclasses
import itertools
from collections import Counter
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

from basestock.decision import Game, Information, Observation, Policy, Problem, game, simulate
from basestock.dynamics import (
    RECEIVE_ORDER_SELL,
    Decision,
    PeriodOutcome,
    Step,
    compile_network,
    empty_state,
    transition,
)
from basestock.economics import make_tariff
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.policies import BaseStock, EchelonBaseStock
from basestock.uncertainty import Event, Poisson, Recorded, Uncertainty, World, record, root_words
from tests.policies.observations import chain, leaf, observe
from tests.properties.networks import random_demand, random_network

KEY = jax.random.key(23)
PERIODS, PATHS = 30, 3
SEEDS = range(4)


class RandomOrders(Policy):
    """Orders 0 to 9 units on every lane, from the policy's own key."""

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        return Decision(order=jnp.floor(10 * jax.random.uniform(key, observation.in_transit.shape))), memory


def _flows(_: None, step: Step) -> tuple[None, dict[str, Any]]:
    outcome = step.outcome
    return None, {
        "order": step.decision.order,
        "shipped": outcome.shipped,
        "received": outcome.received,
        "in_transit": outcome.in_transit,
        "closing": outcome.closing,
        "lost": outcome.lost,
        "fixed_order": 7.0 * (outcome.ordered > 0).sum((0, 1)),
    }


def _random_game(seed: int) -> tuple[Game, Event]:
    """A random network, with the events of the path that are drawn beforehand."""
    draw = np.random.default_rng(seed)
    network = random_network(draw)
    source = random_demand(draw).compile(network)
    events = record(source, root_words(KEY), PERIODS, jnp.arange(PATHS))
    return Game(compile_network(network), Recorded(events), Information(), RECEIVE_ORDER_SELL), events


def _path(given: Game, state: Any = None) -> Any:
    state = empty_state(given.network, PATHS) if state is None else state
    return simulate(given, RandomOrders(), state, key=KEY, num_periods=PERIODS, fold=_flows, initial=None)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_shipped_is_received_once(seed: int) -> None:
    """SIM-206, summed over the path, per lane and item."""
    given, _ = _random_game(seed)
    flows = {name: np.asarray(leaf, dtype=float) for name, leaf in _path(given).traced.items()}
    left = flows["shipped"].sum(0) - flows["received"].sum(0)
    np.testing.assert_array_equal(left, flows["in_transit"][-1])
    assert flows["received"].sum() > 0


_one_step = eqx.filter_jit(transition)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS[:2])
def test_a_path_is_its_single_steps(seed: int) -> None:
    """SIM-604: the same orders and events, period by period, end in the same bits."""
    given, events = _random_game(seed)
    path = _path(given)
    state = empty_state(given.network, PATHS)
    for period in range(PERIODS):
        event = jax.tree.map(lambda leaf, at=period: leaf[at], events)
        order = Decision(order=path.traced["order"][period])
        state, outcome = _one_step(given.network, RECEIVE_ORDER_SELL, state, order, event)
        np.testing.assert_array_equal(outcome.closing, path.traced["closing"][period])
    for one, other in zip(jax.tree.leaves(state), jax.tree.leaves(path.end.state), strict=True):
        np.testing.assert_array_equal(one, other)


LAW = {1: 0.5, 3: 0.3, 6: 0.2}
KINDS = {"fixed": (3, "on_order"), "known": (LAW, "on_order"), "revealed": (LAW, "on_arrival")}


@pytest.mark.slow
def test_every_tagged_unit_arrives_exactly_once() -> None:
    """SIM-206: a list of tagged units, moved one by one by the drawn lead times; orders may cross."""
    network = SupplyNetwork(
        items=(Item("i"),), nodes=(Node("n"),), suppliers=(Supplier("s"),),
        lanes=tuple(
            Lane("s", "n", name=kind, lead_time=law, lead_time_known=known) for kind, (law, known) in KINDS.items()
        ),
    )  # fmt: skip
    source = Uncertainty({("n", "i"): Poisson(4.0)}).compile(network)
    events = record(source, root_words(KEY), PERIODS, jnp.arange(PATHS))
    path = _path(Game(compile_network(network), Recorded(events), Information(), RECEIVE_ORDER_SELL))
    flows = {name: np.asarray(path.traced[name])[:, :, 0] for name in ("shipped", "received", "in_transit")}
    drawn = jax.tree.map(np.asarray, events)
    for lane, kind in enumerate(KINDS):
        crossed = 0
        for number in range(PATHS):
            shipped, received, left = (flow[:, lane, number].astype(int) for flow in flows.values())
            ends = [_arrival(drawn, kind, lane, number, period) for period in range(PERIODS)]
            arrivals = _arrivals_of_tags(shipped, ends)
            assert [len(arrivals.get(period, ())) for period in range(PERIODS)] == received.tolist()
            tags = Counter(tag for units in arrivals.values() for tag in units)
            assert set(tags.values()) == {1}
            assert len(tags) + left[-1] == shipped.sum()
            crossed += sum(later < earlier for earlier, later in itertools.pairwise(ends))
        assert (crossed > 0) == (kind != "fixed")


def _arrival(drawn: Event, kind: str, lane: int, number: int, period: int) -> int:
    """Period in which what was shipped in a period arrives."""
    if kind == "fixed":
        return period + 3
    if kind == "known":
        return period + int(drawn.lead_time[period, lane, 0, number])
    ages = range(1, min(PERIODS - period, len(drawn.arrives[0]) + 1))
    arrived = (age for age in ages if drawn.arrives[period + age, age - 1, lane, 0, number])
    return period + next(arrived, PERIODS)


def _arrivals_of_tags(shipped: np.ndarray, ends: list[int]) -> dict[int, list[tuple[int, int]]]:
    """Tags (period shipped, number) by the period of their arrival, as far as the path goes."""
    at: dict[int, list[tuple[int, int]]] = {}
    for period, (count, end) in enumerate(zip(shipped, ends, strict=True)):
        for unit in range(count if end < PERIODS else 0):
            at.setdefault(end, []).append((period, unit))
    return at


class Written(Policy):
    """Orders what is written for the period."""

    orders: Array

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        return Decision(order=self.orders[observation.period]), memory


@pytest.mark.slow
def test_splitting_an_order_changes_only_the_number_of_orders() -> None:
    """SIM-714: an order on two lanes of one supplier, or all of it on one of them, for three lead times."""
    lead_times = {"a": 0, "b": 1, "c": 4}
    network = SupplyNetwork(
        items=tuple(map(Item, lead_times)), nodes=(Node("n"),), suppliers=(Supplier("s"),),
        lanes=tuple(Lane("s", "n", name=name, item_lead_time=lead_times) for name in ("one", "other")), unmet="lost",
    )  # fmt: skip
    law = Uncertainty({("n", item): Poisson(3.0) for item in lead_times})
    problem = Problem("split", network, law, make_tariff(network, holding=1.0, fixed_order=7.0))
    shape = (PERIODS, problem.arrays.num_lanes, problem.arrays.num_items, PATHS)
    parts = np.zeros(shape, dtype=np.float32)
    parts[:, :2, :3] = np.random.default_rng(3).integers(0, 4, (PERIODS, 2, 3, 1))
    whole = np.zeros_like(parts)
    whole[:, 0] = parts.sum(1)

    def play(orders: np.ndarray) -> dict[str, np.ndarray]:
        path = simulate(
            game(problem), Written(jnp.asarray(orders)), problem.start(PATHS), key=KEY, num_periods=PERIODS,
            fold=_flows, initial=None,
        )  # fmt: skip
        return {name: np.asarray(leaf) for name, leaf in path.traced.items()}

    one, two = play(whole), play(parts)
    for name in ("closing", "lost"):
        np.testing.assert_array_equal(one[name], two[name])
    np.testing.assert_array_equal(one["received"].sum(1), two["received"].sum(1))
    extra = 7.0 * ((parts > 0).sum((1, 2)) - (whole > 0).sum((1, 2)))
    assert extra.sum() > 0
    np.testing.assert_array_equal(two["fixed_order"] - one["fixed_order"], extra)


# Information


@pytest.mark.slow
def test_a_local_decision_depends_on_its_own_place_alone() -> None:
    """SIM-902: what a shop holds and owes changes no order of its source by local base stock."""
    problem, count = Problem("chain", chain(), Uncertainty({}), make_tariff(chain(), holding=1.0)), 200
    state, draw = empty_state(problem.arrays, count), np.random.default_rng(1)
    stock = np.broadcast_to(draw.integers(0, 30, (2, 1, 1)), (2, 1, count)).astype(np.float32)
    elsewhere = np.zeros_like(stock)
    elsewhere[1] = draw.integers(-30, 30, (1, count))
    level = jnp.asarray(stock + elsewhere)
    state = dataclasses.replace(state, on_hand=jnp.maximum(level, 0.0), backorders=jnp.maximum(-level, 0.0))
    seen, key = observe(problem, state), jax.random.key(0)
    local = np.asarray(BaseStock(leaf(40.0, 20.0))(seen, None, key=key)[0].order)
    echelon = np.asarray(EchelonBaseStock(leaf(40.0, 20.0))(seen, None, key=key)[0].order)
    assert np.ptp(local[0]) == 0.0
    assert np.ptp(local[1:].sum(0)) > 0.0
    assert np.ptp(echelon[0]) > 0.0, "an echelon policy does see what is downstream"


@pytest.mark.slow
def test_a_delayed_feature_is_a_function_of_the_past_alone() -> None:
    """SIM-903: demand of period 5 is entry k of the history in period 6 + k, and in no other."""
    arrays, information, count = compile_network(chain()), Information(demand_window=4), 3
    state = empty_state(arrays, count)
    demand = np.random.default_rng(2).poisson(4.0, (12, *state.on_hand.shape)).astype(np.float32)
    changed = demand.copy()
    changed[5] += 50.0

    def histories(given: np.ndarray) -> np.ndarray:
        memory, found, last = information.init(arrays, count), [], PeriodOutcome(opening=state.on_hand)
        for period in range(12):
            seen, memory = information.observe(arrays, state, World(), last, memory, key=KEY)
            found.append(np.asarray(seen.demand_history))
            last = PeriodOutcome(opening=state.on_hand, demand=jnp.asarray(given[period]))
        return np.stack(found)

    differs = (histories(demand) != histories(changed)).any((2, 3, 4))
    assert differs.tolist() == [[period == 6 + delay for delay in range(4)] for period in range(12)]
