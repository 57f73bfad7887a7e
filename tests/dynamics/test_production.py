"""Processes and resources: bills, hours, changeovers, breakdowns, yields; written periods."""

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.dynamics import (
    AUDITED,
    RECEIVE_ORDER_SELL,
    Decision,
    InitialState,
    NetworkArrays,
    PeriodOutcome,
    State,
    Step,
    compile_network,
    residuals,
    transition,
)
from basestock.dynamics.binomial import binomial_quantile
from basestock.network import Item, Node, Process, Resource, SupplyNetwork
from basestock.uncertainty import Event, World
from tests.compiler import QUICK


def _network(*processes: Process, resources: tuple[Resource, ...] = (), **options: Any) -> SupplyNetwork:
    return SupplyNetwork(
        items=tuple(map(Item, ("tube", "seat", "frame", "bike"))), nodes=(Node("plant"),), processes=processes,
        resources=resources, unmet="backorder", **options,
    )  # fmt: skip


def _start(network: SupplyNetwork, **stock: float) -> tuple[NetworkArrays, State]:
    arrays = compile_network(network)
    return arrays, InitialState({("plant", item): units for item, units in stock.items()}).compile(
        network, arrays
    )


@functools.partial(jax.jit, compiler_options=QUICK)
def _advance(
    arrays: NetworkArrays, state: State, decided: Decision, event: Event
) -> tuple[State, PeriodOutcome, jax.Array]:
    after, outcome = transition(arrays, RECEIVE_ORDER_SELL, state, decided, event)
    return after, outcome, residuals(arrays, Step(World(), state, state, decided, event, outcome, after))


def _period(
    arrays: NetworkArrays,
    state: State,
    start: list[float] | None,
    event: Event | None = None,
    **decision: Any,
) -> tuple[State, PeriodOutcome]:
    shape = (arrays.num_nodes, arrays.num_items, 1)
    event = event or Event(market=jnp.zeros((1, *shape)))
    runs = None if start is None else jnp.asarray(start, dtype=jnp.float32)[:, None]
    order = jnp.zeros((arrays.num_lanes, arrays.num_items, 1))
    decided = Decision(order=order, start=runs, **decision)
    after, outcome, gaps = _advance(arrays, state, decided, event)
    found = dict(zip(AUDITED, np.asarray(gaps).tolist(), strict=True))
    assert {code: gap for code, gap in found.items() if gap} == {}
    return after, outcome


def _list(leaf: Any) -> list[float]:
    return np.asarray(leaf)[..., 0].round(4).ravel().tolist()


WELD = Process("weld", "plant", {"tube": 3}, {"frame": 1}, duration=2)
MOUNT = Process("mount", "plant", {"frame": 1, "seat": 1}, {"bike": 1})


def test_a_run_takes_its_bill_and_is_completed_after_its_duration() -> None:
    """SIM-207."""
    arrays, state = _start(_network(WELD), tube=10)
    state, first = _period(arrays, state, [2])
    assert (_list(first.consumed), _list(first.produced)) == ([6, 0, 0, 0], [0, 0, 0, 0])
    state, second = _period(arrays, state, [0])
    assert _list(second.completed) == [0]
    state, third = _period(arrays, state, [0])
    assert (_list(third.completed), _list(third.produced)) == ([2], [0, 0, 2, 0])
    assert _list(state.on_hand) == [4, 0, 2, 0]


@pytest.mark.requirement("B-02")
def test_one_short_component_stops_all() -> None:
    """SIM-208."""
    arrays, state = _start(_network(MOUNT), frame=9, seat=2)
    state, outcome = _period(arrays, state, [5])
    assert (_list(outcome.started), _list(outcome.unstarted)) == ([2], [3])
    assert _list(state.on_hand) == [0, 0, 7, 2]


def test_processes_take_shared_components_by_priority_then_name() -> None:
    bike = Process("bike", "plant", {"frame": 1}, {"bike": 1})
    spare = Process("a spare", "plant", {"frame": 2}, {"seat": 1})
    arrays, state = _start(_network(bike, spare), frame=5)
    _, by_name = _period(arrays, state, [5, 5])
    assert _list(by_name.started) == [1, 2]
    arrays, state = _start(_network(dataclasses.replace(bike, priority=0), spare), frame=5)
    assert _list(_period(arrays, state, [3, 5])[1].started) == [3, 1]


def test_runs_start_in_whole_batches() -> None:
    arrays, state = _start(_network(dataclasses.replace(MOUNT, batch=4)), frame=11, seat=99)
    assert _list(_period(arrays, state, [10])[1].started) == [8]


def test_scrap_is_taken_on_top() -> None:
    """SIM-207: 3 / (1 - 0.25) = 4 tubes a frame."""
    arrays, state = _start(_network(dataclasses.replace(WELD, scrap={"tube": 0.25})), tube=10)
    assert _list(_period(arrays, state, [5])[1].consumed) == [8, 0, 0, 0]


@pytest.mark.slow
@pytest.mark.requirement("A-26")
def test_hours_hold_runs_and_changeovers_back_and_add_up() -> None:
    """SIM-111: what the robot is set up for runs first; 8 = 2 x 2 + 1 + 3 x 1."""
    weld = dataclasses.replace(WELD, uses={"robot": 2.0})
    mount = dataclasses.replace(MOUNT, uses={"robot": 1.0})
    robot = Resource("robot", hours=8, changeover={("weld", "mount"): 1.0, ("mount", "weld"): 1.0})
    arrays, state = _start(_network(weld, mount, resources=(robot,)), tube=90, frame=90, seat=90)
    state, first = _period(arrays, state, [2, 0])
    assert (_list(first.hours_used), _list(first.hours_idle), _list(first.hours_changeover)) == (
        [4],
        [4],
        [0],
    )
    _, second = _period(arrays, state, [2, 9])
    assert (_list(second.started), _list(second.hours_changeover), _list(second.hours_idle)) == (
        [2, 3],
        [1],
        [0],
    )


def test_overtime_lets_more_runs_start_and_is_counted() -> None:
    mount = dataclasses.replace(MOUNT, uses={"crew": 2.0})
    crew = Resource("crew", units=2, hours=3, overtime=2)
    arrays, state = _start(_network(mount, resources=(crew,)), frame=90, seat=90)
    assert _list(_period(arrays, state, [9])[1].started) == [3]
    _, late = _period(arrays, state, [9], overtime=jnp.asarray([[99.0]]))
    assert (_list(late.started), _list(late.hours_overtime)) == ([5], [4])


@pytest.mark.requirement("A-27")
def test_hours_are_assigned_and_never_used_twice() -> None:
    weld = dataclasses.replace(WELD, uses={"robot": 1.0})
    mount = dataclasses.replace(MOUNT, uses={"robot": 1.0})
    arrays, state = _start(
        _network(weld, mount, resources=(Resource("robot", hours=8),)), tube=90, frame=90, seat=90
    )
    _, outcome = _period(arrays, state, [9, 9], assign=jnp.asarray([[[3.0], [4.0]]]))
    assert (_list(outcome.started), _list(outcome.hours_idle)) == ([3, 4], [1])
    _, greedy = _period(arrays, state, [9, 9], assign=jnp.asarray([[[7.0], [7.0]]]))
    assert float(greedy.hours_used.sum()) == 8


@pytest.mark.requirement("A-27")
def test_maintenance_takes_the_hours_of_its_window() -> None:
    mount = dataclasses.replace(MOUNT, uses={"robot": 1.0})
    robot = Resource("robot", hours=8, maintenance_every=3, maintenance_phase=1)
    arrays, state = _start(_network(mount, resources=(robot,)), frame=90, seat=90)
    started = []
    for _ in range(5):
        state, outcome = _period(arrays, state, [5])
        started += _list(outcome.started)
    assert started == [5, 0, 5, 5, 0]


@pytest.mark.requirement("A-29")
def test_a_breakdown_takes_its_share_of_hours_until_it_is_repaired() -> None:
    """Quantile 0.09 of 0.1 breaks the robot for 2 periods, 0.01 for one."""
    mount = dataclasses.replace(MOUNT, uses={"robot": 1.0})
    robot = Resource("robot", hours=8, breakdown=0.1, repair_time={1: 0.5, 2: 0.5}, breakdown_share=0.75)
    arrays, state = _start(_network(mount, resources=(robot,)), frame=90, seat=90)
    market, down, started = jnp.zeros((1, 1, 4, 1)), [], []
    for level in (0.5, 0.09, 0.5, 0.01, 0.5):
        state, outcome = _period(arrays, state, [9], Event(market=market, resource_up=jnp.asarray([[level]])))
        down += _list(outcome.hours_down)
        started += _list(outcome.started)
    assert (down, started) == ([0, 6, 6, 6, 0], [8, 2, 2, 2, 8])


@pytest.mark.requirement("A-29", "E-24")
def test_binomial_yield_scraps_whole_runs() -> None:
    mount = dataclasses.replace(MOUNT, yield_=0.5, yield_law="binomial")
    arrays, state = _start(_network(mount), frame=9, seat=9)
    event = Event(market=jnp.zeros((1, 1, 4, 1)), process_yield=jnp.asarray([[0.51]]))
    _, outcome = _period(arrays, state, [3], event)
    assert (_list(outcome.completed), _list(outcome.scrapped), _list(outcome.produced)) == (
        [3],
        [1],
        [0, 0, 0, 2],
    )


@pytest.mark.requirement("E-24")
def test_beta_yield_has_its_mean_and_deviation() -> None:
    mount = dataclasses.replace(MOUNT, yield_=0.8, yield_law="beta", yield_deviation=0.1)
    table = np.asarray(compile_network(_network(mount)).production.share_table)[:, 0, 0]
    assert (table.mean().round(3), table.std().round(3)) == (0.8, 0.1)


def test_without_a_decision_waiting_orders_pull_runs_through_all_levels() -> None:
    """Demand waits: a bike pulls the frame that it lacks, which pulls tubes; each level takes its periods."""
    arrays, state = _start(_network(dataclasses.replace(WELD, duration=1), MOUNT), tube=30, seat=9, frame=1)
    asked = Event(market=jnp.zeros((1, 1, 4, 1)).at[0, 0, 3].set(4.0))
    state, first = _period(arrays, state, None, asked)
    assert _list(first.started) == [0, 0]
    state, second = _period(arrays, state, None)
    assert _list(second.started) == [3, 1]
    state, third = _period(arrays, state, None)
    assert (_list(third.started), _list(third.backorders)) == ([0, 3], [0, 0, 0, 0])


def test_what_no_number_is_starts_nothing() -> None:
    arrays, state = _start(_network(MOUNT), frame=9, seat=9)
    for wrong in (float("nan"), float("inf"), -3.0):
        assert _list(_period(arrays, state, [wrong])[1].started) == [0]


def test_binomial_counts_have_the_law() -> None:
    from scipy.stats import binom

    levels = jnp.asarray((np.arange(2000) + 0.5) / 2000, dtype=jnp.float32)
    for size, share in ((1, 0.3), (17, 0.05), (400, 0.9)):
        found = np.asarray(binomial_quantile(levels, jnp.asarray(float(size)), jnp.asarray(share)))
        expected = binom.ppf(np.asarray(levels, dtype=float), size, share)
        assert (found != expected).mean() < 0.002
