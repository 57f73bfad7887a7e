"""Paths of a plant: where every hour goes, what resources are in, expedited parts, gradients."""

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
    RESOURCE_STATES,
    Decision,
    InitialState,
    NetworkArrays,
    State,
    Step,
    compile_network,
    residuals,
    resource_states,
    transition,
)
from basestock.economics import ledger_for, make_tariff
from basestock.network import Item, Lane, Node, Process, Resource, Supplier, SupplyNetwork
from basestock.uncertainty import Event, World
from tests.compiler import QUICK

WELD = Process("weld", "plant", {"tube": 3}, {"frame": 1}, duration=1, uses={"robot": 2.0, "crew": 0.5})
MOUNT = Process("mount", "plant", {"frame": 1, "seat": 1}, {"bike": 1}, uses={"robot": 1.0}, batch=2)
ROBOT = Resource(
    "robot", hours=8, overtime=2, changeover={("weld", "mount"): 1.0, ("mount", "weld"): 1.5}, breakdown=0.2,
    repair_time=2, maintenance_every=7, maintenance_phase=3,
)  # fmt: skip
CREW = Resource("crew", units=3, hours=1, breakdown=0.2, breakdown_share=0.4)
NETWORK = SupplyNetwork(
    items=tuple(map(Item, ("tube", "seat", "frame", "bike"))), nodes=(Node("plant"),),
    suppliers=(Supplier("near"), Supplier("far")),
    lanes=(
        Lane("far", "plant", ("seat",), name="sea", lead_time=4),
        Lane("near", "plant", ("seat",), name="air", lead_time=1, priority=2),
    ),
    processes=(WELD, MOUNT), resources=(ROBOT, CREW), unmet="backorder",
)  # fmt: skip
PERIODS, PATHS = 60, 16
SEATS = {"tube": 400.0, "seat": 4000.0, "frame": 100.0}


RATES = {
    "production": 11.0, "production_run": 3.0, "scrapped_run": 5.0, "changeover": 20.0, "idle": 0.5, "downtime": 7.0,
    "overtime": 30.0,
}  # fmt: skip
TARIFF = make_tariff(
    NETWORK,
    backorder={("plant", "bike"): 2.0},
    purchase={("sea", "seat"): 1.0, ("air", "seat"): 5.0},
    **RATES,
)
LEDGER = ledger_for(TARIFF)


@functools.partial(jax.jit, compiler_options=QUICK)
def _path(arrays: NetworkArrays, state: State, given: dict[str, jax.Array]) -> tuple[State, dict[str, Any]]:
    def one(state: State, now: dict[str, jax.Array]) -> tuple[State, dict[str, Any]]:
        decision = Decision(order=now["order"], start=now["start"], overtime=now["overtime"])
        event = Event(market=now["market"], resource_up=now["up"])
        after, outcome = transition(arrays, RECEIVE_ORDER_SELL, state, decision, event)
        step = Step(World(), state, state, decision, event, outcome, after)
        return after, {
            "outcome": {name: leaf for name, leaf in vars(outcome).items() if leaf is not None},
            "gaps": residuals(arrays, step),
            "codes": resource_states(arrays, state, after, outcome),
            "terms": LEDGER.by_term(TARIFF, step),
            "places": LEDGER.by_place(arrays, TARIFF, step).sum((1, 2)),
        }

    return jax.lax.scan(one, state, given)


def _played(stock: dict[str, float], **given: np.ndarray) -> dict[str, Any]:
    """Play arrays that start with the period, the last axis being the path; what is not given is 0, or up."""
    arrays = compile_network(NETWORK)
    state = InitialState({("plant", item): units for item, units in stock.items()}).compile(
        NETWORK, arrays, PATHS
    )
    lanes, items = arrays.num_lanes, arrays.num_items
    processes, resources = arrays.production.num_processes, arrays.production.num_resources
    table = {
        "order": np.zeros((PERIODS, lanes, items, PATHS)),
        "start": np.zeros((PERIODS, processes, PATHS)),
        "overtime": np.zeros((PERIODS, resources, PATHS)),
        "market": np.zeros((PERIODS, 1, arrays.num_nodes, items, PATHS)),
        "up": np.ones((PERIODS, resources, PATHS)),
    }
    for name, values in given.items():
        part = tuple(slice(size) for size in values.shape)
        table[name][part] = values
    traced = _path(arrays, state, {name: jnp.asarray(leaf, jnp.float32) for name, leaf in table.items()})[1]
    return jax.tree.map(np.asarray, traced)


@pytest.fixture(scope="module")
def busy() -> dict[str, Any]:
    """Random runs on a robot and a crew that break down, are maintained, change over and work overtime."""
    draw = np.random.default_rng(2)
    return _played(
        {"tube": 400.0, "seat": 4000.0, "frame": 100.0},
        start=draw.integers(0, 6, size=(PERIODS, 2, PATHS)) * 1.0,
        overtime=draw.choice([0.0, 5.0], size=(PERIODS, 2, PATHS)),
        up=draw.uniform(size=(PERIODS, 2, PATHS)),
    )


@pytest.mark.slow
@pytest.mark.requirement("A-26")
def test_every_hour_of_every_machine_is_accounted_for(busy) -> None:
    """SIM-111: used, changeover, idle and down hours are the regular ones plus overtime, in every period."""
    hours = {name: leaf[:, :2] for name, leaf in busy["outcome"].items() if name.startswith("hours_")}
    regular = np.array([8.0, 3.0])[:, None] + np.zeros_like(hours["hours_used"])
    spent = hours["hours_used"] + hours["hours_changeover"] + hours["hours_idle"] + hours["hours_down"]
    np.testing.assert_allclose(spent - hours["hours_overtime"], regular, atol=1e-4)
    assert dict(zip(AUDITED, busy["gaps"].max(0).tolist(), strict=True)) == dict.fromkeys(AUDITED, 0.0)
    np.testing.assert_array_equal(busy["outcome"]["started"][:, 1] % 2, 0)
    for name in ("hours_changeover", "hours_idle", "hours_down", "hours_overtime", "unstarted"):
        assert (busy["outcome"][name] > 0).mean() > 0.02, f"{name} must happen for the test to mean something"


@pytest.mark.slow
@pytest.mark.requirement("A-27", "A-29")
def test_resources_are_operational_idle_in_maintenance_or_down(busy) -> None:
    outcome = busy["outcome"]
    found = {name: busy["codes"][:, :2] == at for at, name in enumerate(RESOURCE_STATES)}
    assert all(flags.mean() > 0.02 for flags in found.values())
    period = np.arange(PERIODS)
    np.testing.assert_array_equal(found["maintenance"][:, 0].all(-1), (period - 3) % 7 < 1)
    hours = (outcome["hours_used"] + outcome["hours_changeover"])[:, :2]
    assert (hours[found["operational"]] > 0).all() and (hours[found["idle"]] == 0).all()
    assert (outcome["started"][:, :2].sum(1)[found["down"][:, 0]] == 0).all(), (
        "a robot that is down starts nothing"
    )
    crew = found["down"][:, 1]
    assert np.isclose(outcome["hours_down"][:, 1][crew], 3 * 0.4).all(), "a crew lacks a share of its people"
    down = found["down"][:, 0]
    follows = down[1:] | found["maintenance"][1:, 0]
    assert (down[:-1] & follows).sum() > 0.3 * down.sum(), "a breakdown of the robot lasts two periods"


@pytest.mark.requirement("A-28")
def test_expediting_shortens_a_shortage_at_its_cost() -> None:
    """Twelve bikes wait for seats: by sea they come after four periods, by air after one, at five times the price."""
    short, spent = {}, {}
    for lane, name in enumerate(("sea", "air")):
        found = _played(
            {"frame": 500.0},
            order=np.insert(np.zeros((1, lane, 2, 1)), lane, [[0.0], [12.0]], axis=1),
            start=np.full((PERIODS, 2, PATHS), [[0.0], [1000.0]]),
            market=np.array([0.0, 0.0, 0.0, 12.0]).reshape(1, 1, 1, 4, 1),
        )
        assert not found["gaps"].any()
        short[name] = int((found["outcome"]["backorders"][:, 0, 3, 0] > 0).sum())
        spent[name] = dict(zip(LEDGER.names, found["terms"].sum(0)[:, 0].tolist(), strict=True))
    assert short["air"] < short["sea"]
    assert (spent["sea"]["purchase"], spent["air"]["purchase"]) == (12.0, 60.0)
    assert spent["air"]["backorder"] < spent["sea"]["backorder"]


def test_production_money_is_the_rate_times_what_happened(busy) -> None:
    """SIM-401: by term, and shared out among what is made."""
    terms = dict(zip(LEDGER.names, np.moveaxis(busy["terms"], 1, 0), strict=True))
    quantity = {
        "production": "produced", "production_run": "started", "scrapped_run": "scrapped",
        "changeover": "hours_changeover", "idle": "hours_idle", "downtime": "hours_down", "overtime": "hours_overtime",
    }  # fmt: skip
    for name, rate in RATES.items():
        happened = busy["outcome"][quantity[name]]
        counted = happened.reshape(PERIODS, -1, PATHS).sum(1)
        np.testing.assert_allclose(terms[name], rate * counted, rtol=1e-5, atol=1e-3)
        assert name == "scrapped_run" or counted.sum() > 0
    np.testing.assert_allclose(busy["places"], busy["terms"], rtol=1e-5, atol=1e-3)


@pytest.mark.slow
def test_gradients_of_production_are_finite_and_right() -> None:
    """SIM-612: through start, hours, components and completion, with nothing on hand and where nothing binds.

    Changeovers are left out: they cost hours all at once, where no gradient exists.
    """
    items = tuple(Item(name, whole_units=False) for name in ("tube", "seat", "frame", "bike"))
    mount = dataclasses.replace(MOUNT, batch=None, yield_=0.9)
    network = dataclasses.replace(NETWORK, items=items, processes=(WELD, mount), resources=(
        dataclasses.replace(ROBOT, breakdown=0.0, changeover={}), dataclasses.replace(CREW, breakdown=0.0)
    ))  # fmt: skip
    arrays = compile_network(network)
    start = InitialState({}).compile(network, arrays, 1)
    tariff = make_tariff(network, holding=1.0, backorder=9.0, idle=0.5, production_run=2.0)
    ledger = ledger_for(tariff)
    market = jnp.zeros((1, *start.on_hand.shape)).at[0, 0, 3].set(2.0)

    @jax.jit
    def cost(given: dict[str, jax.Array]) -> jax.Array:
        state = dataclasses.replace(start, on_hand=start.on_hand.at[0, :4, 0].set(given["stock"]))
        total = jnp.zeros(())
        for _ in range(3):
            runs = jnp.zeros((arrays.production.num_processes, 1)).at[:2, 0].set(given["runs"])
            decision = Decision(order=jnp.zeros((arrays.num_lanes, arrays.num_items, 1)), start=runs)
            before, event = state, Event(market=market)
            state, outcome = transition(arrays, RECEIVE_ORDER_SELL, state, decision, event)
            step = Step(World(), before, before, decision, event, outcome, state)
            total = total + ledger.by_term(tariff, step).sum()
        return total

    slope = jax.jit(jax.grad(cost))
    empty = {"stock": jnp.zeros(4), "runs": jnp.asarray([0.0, 0.0])}
    assert all(bool(jnp.isfinite(leaf).all()) for leaf in jax.tree.leaves(slope(empty)))
    for runs in ([0.7, 1.3], [50.0, 0.4], [0.3, 50.0]):
        point = {"stock": jnp.asarray([11.3, 4.1, 2.2, 0.6]), "runs": jnp.asarray(runs)}
        found = slope(point)
        for name, values in point.items():
            for at in range(len(values)):
                up, down = ({**point, name: values.at[at].add(move)} for move in (0.02, -0.02))
                expected = float(cost(up) - cost(down)) / 0.04
                assert float(found[name][at]) == pytest.approx(expected, abs=0.02, rel=0.005), (
                    runs,
                    name,
                    at,
                )
