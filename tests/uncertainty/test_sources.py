"""Where events come from: names not positions, replay, and the end of what is known (SIM-502 to 511)."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.decision import Problem, game, simulate
from basestock.dynamics import Step
from basestock.economics import make_tariff
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.policies import BaseStock
from basestock.uncertainty import (
    Autoregressive,
    EventSource,
    Gamma,
    MarketPaths,
    Normal,
    Poisson,
    Recorded,
    Seasonal,
    Uncertainty,
    record,
    root_words,
)

ROOT = root_words(jax.random.key(7))
LAW = {1: 0.5, 2: 0.25, 4: 0.25}


def _network(items: tuple[str, ...], lanes: tuple[str, ...], known: str) -> SupplyNetwork:
    return SupplyNetwork(
        items=tuple(Item(name) for name in items), nodes=(Node("n"),), suppliers=tuple(Supplier(s) for s in lanes),
        lanes=tuple(Lane(s, "n", name=f"lane {s}", lead_time=LAW, lead_time_known=known) for s in lanes),
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("known", "leaf"), [("on_arrival", "arrives"), ("on_order", "lead_time")])
def test_another_item_or_lane_changes_no_lead_time(known: str, leaf: str) -> None:
    """SIM-503, SIM-504: keys are names."""
    small = record(Uncertainty({}).compile(_network(("B",), ("b",), known)), ROOT, 4, jnp.arange(3))
    large = record(
        Uncertainty({}).compile(_network(("A", "B", "C"), ("a", "b"), known)), ROOT, 6, jnp.arange(5)
    )
    one, other = np.asarray(getattr(small, leaf)), np.asarray(getattr(large, leaf))
    np.testing.assert_array_equal(one[..., 0, 0, :], other[:4][..., 1, 1, :3])
    assert one.std() > 0


def test_the_order_of_items_is_irrelevant() -> None:
    """SIM-605."""
    laws = {("n", "A"): Poisson(9.0), ("n", "B"): Gamma(4.0, 3.0), ("n", "C"): Normal(50.0, 9.0)}
    networks = [SupplyNetwork(items=tuple(map(Item, order)), nodes=(Node("n"),)) for order in ("ABC", "CAB")]
    one, other = (
        np.asarray(record(Uncertainty(laws).compile(network), ROOT, 3, jnp.arange(2)).market)
        for network in networks
    )
    np.testing.assert_array_equal(one[:, :, :, [2, 0, 1]], other)


def test_a_null_modulation_changes_nothing() -> None:
    """SIM-715: a season of one law, and memory of strength 0, give the same draws."""
    network = SupplyNetwork(items=(Item("i"),), nodes=(Node("n"),))
    plain, season, memory = (
        np.asarray(record(Uncertainty({("n", "i"): law}).compile(network), ROOT, 5, jnp.arange(4)).market)
        for law in (Poisson(9.0), Seasonal((Poisson(9.0),)), Autoregressive(Poisson(9.0), 0.0))
    )
    np.testing.assert_array_equal(plain, season)
    np.testing.assert_array_equal(plain, memory)


def test_one_place_with_memory_leaves_the_others_alone() -> None:
    network = SupplyNetwork(items=(Item("i"), Item("j")), nodes=(Node("n"),))
    laws = {("n", "i"): Poisson(9.0), ("n", "j"): Poisson(5.0)}
    plain = record(Uncertainty(laws).compile(network), ROOT, 5, jnp.arange(4)).market
    other = laws | {("n", "j"): Autoregressive(Poisson(5.0), 0.7)}
    mixed = record(Uncertainty(other).compile(network), ROOT, 5, jnp.arange(4)).market
    np.testing.assert_array_equal(plain[..., 0, :], mixed[..., 0, :])
    assert not np.array_equal(plain[1:, ..., 1, :], mixed[1:, ..., 1, :])


def _problem() -> Problem:
    network = SupplyNetwork(
        items=(Item("i"),), nodes=(Node("n"),), suppliers=(Supplier("s"),),
        lanes=(Lane("s", "n", lead_time=LAW, lead_time_known="on_arrival"),), unmet="backorder",
    )  # fmt: skip
    demand = Uncertainty({("n", "i"): Poisson(4.0)})
    return Problem("crossing", network, demand, make_tariff(network, holding=1.0, backorder=5.0))


def _trace(_: None, step: Step) -> tuple[None, tuple[jax.Array, jax.Array]]:
    return None, (step.next_state.on_hand, step.next_state.in_transit)


def _play(problem: Problem, events, periods: int, state=None):
    return simulate(
        game(problem, events), BaseStock(jnp.full((1, 1, 1), 16.0)), problem.start(3) if state is None else state,
        key=jax.random.key(7), num_periods=periods, fold=_trace, initial=None,
    )  # fmt: skip


def test_a_replay_reproduces_history_and_ends_where_it_ends() -> None:
    """SIM-509, and nothing is made up after the last recorded period."""
    problem = _problem()
    history = Recorded(record(problem.events, ROOT, 12, jnp.arange(3)))
    drawn, replayed = _play(problem, problem.events, 12), _play(problem, history, 12)
    jax.tree.map(np.testing.assert_array_equal, drawn.traced, replayed.traced)
    with pytest.raises(ValueError, match="periods 0 to 12 are asked for, must be among the 12 given ones"):
        _play(problem, history, 13)
    with pytest.raises(ValueError, match="periods 12 to 12"):
        _play(problem, history, 1, replayed.end.state)
    with pytest.raises(ValueError, match="periods 12 to 12"):
        history.sample(history.initial_world(3), ROOT, jnp.asarray(12), jnp.arange(3))


@pytest.mark.slow
def test_a_path_stopped_and_continued_is_the_uninterrupted_one() -> None:
    """SIM-510: the state is enough (SIM-116)."""
    problem = _problem()
    whole = _play(problem, problem.events, 12)
    part = _play(problem, problem.events, 6)
    rest = _play(problem, problem.events, 6, part.end.state)
    np.testing.assert_array_equal(whole.traced[0][6:], rest.traced[0])
    np.testing.assert_array_equal(whole.end.state.on_hand, rest.end.state.on_hand)


def test_demand_paths_are_taken_in_turn_and_end() -> None:
    paths = MarketPaths(jnp.arange(6.0).reshape(3, 1, 1, 2))
    source = EventSource(paths, jnp.zeros((1, 2), jnp.uint32), jnp.zeros((1, 2), jnp.uint32), None)
    assert source.num_periods == 3
    events = record(source, ROOT, 3, jnp.arange(5))
    assert events.market[1, 0, 0, 0].tolist() == [2, 3, 2, 3, 2]
    with pytest.raises(ValueError, match="must be among the 3 given ones"):
        source.sample(source.initial_world(1), ROOT, jnp.asarray(3), jnp.arange(1))


@pytest.mark.slow
def test_events_of_a_longer_horizon_start_with_those_of_a_shorter() -> None:
    """SIM-505."""
    problem = _problem()
    short, long = (record(problem.events, ROOT, periods, jnp.arange(3)) for periods in (3, 6))
    jax.tree.map(lambda a, b: np.testing.assert_array_equal(a, b[:3]), short, long)


def test_expectations_need_a_finite_law_without_memory() -> None:
    dice = Uncertainty({("n", "a"): Seasonal((Poisson(1.0), Poisson(2.0))), ("n", "b"): Normal(5.0, 1.0)})
    values, masses = dice.demand_support("n", "a", 3)
    assert values @ masses == pytest.approx(2.0)
    assert dice.demand_support("n", "c", 0)[0].tolist() == [0.0]
    with pytest.raises(ValueError, match="Normal has no finite support"):
        dice.demand_support("n", "b", 0)


def test_events_are_leaves_so_that_other_laws_run_the_same_program() -> None:
    problem = _problem()
    other = dataclasses.replace(problem, uncertainty=Uncertainty({("n", "i"): Poisson(4.001)}))
    one, two = (jax.tree.structure(p.events) for p in (problem, other))
    assert one == two
