"""The audit of a period sees what it is there for: one planted defect for each law, on random networks."""

import dataclasses
import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

from basestock.dynamics import (
    AUDITED,
    RECEIVE_ORDER_SELL,
    Decision,
    NetworkArrays,
    Step,
    compile_network,
    empty_state,
    transition,
    with_repairs,
)
from basestock.uncertainty import World, root_words
from tests.compiler import QUICK, audit
from tests.properties.everything import random_problem

FEATURES = ("backorders", "random lead times", "capacities", "orders that travel", "substitution", "returns")
SEQUENCE = with_repairs(RECEIVE_ORDER_SELL)
SEEDS, PERIODS = 4, 20


@pytest.fixture(scope="module")
def played() -> list[tuple[NetworkArrays, list[Step]]]:
    """Periods of random networks under random orders, all played by one program."""

    @functools.partial(jax.jit, compiler_options=QUICK)
    def advance(arrays, source, state, world, root, decision):
        event, world = source.sample(world, root, state.period, jnp.arange(1))
        return *transition(arrays, SEQUENCE, state, decision, event), event, world

    found = []
    for seed in range(SEEDS):
        draw = np.random.default_rng(seed)
        network, uncertainty = random_problem(seed, FEATURES)
        arrays, source = compile_network(network), uncertainty.compile(network)
        state, world, root = empty_state(arrays), source.initial_world(1), root_words(jax.random.key(seed))
        steps = []
        for _ in range(PERIODS):
            order = jnp.asarray(draw.integers(0, 30, (arrays.num_lanes, arrays.num_items, 1)), jnp.float32)
            before, decision = state, Decision(order)
            state, outcome, event, world = advance(arrays, source, state, world, root, decision)
            steps.append(Step(World(), before, before, decision, event, outcome, state))
        found.append((arrays, steps))
    return found


def test_nothing_is_found_where_nothing_is_wrong(played: list[tuple[NetworkArrays, list[Step]]]) -> None:
    """SIM-101, 102, 112, 202 to 205, 213 and 214 hold, and each had something to hold for."""
    worst = np.max([audit(arrays, step) for arrays, steps in played for step in steps], axis=0)
    assert dict(zip(AUDITED, worst.tolist(), strict=True)) == dict.fromkeys(AUDITED, 0.0)
    flows = ("lost", "newly_backordered", "backorders_filled", "came_back", "switched_to", "unfilled")
    for name in flows:
        moved = sum(float(getattr(step.outcome, name).sum()) for _, steps in played for step in steps)
        assert moved > 0, name


def _more(name: str, units: float = 1.0) -> Callable[[Step], Step]:
    """Return the defect of a flow with more units than there were."""

    def plant(step: Step) -> Step:
        flow = getattr(step.outcome, name)
        return dataclasses.replace(step, outcome=dataclasses.replace(step.outcome, **{name: flow + units}))

    return plant


def _state(name: str, change: Callable[[Array], Array]) -> Callable[[Step], Step]:
    """Return the defect of a leaf of the state after the period."""

    def plant(step: Step) -> Step:
        leaf = change(getattr(step.next_state, name))
        return dataclasses.replace(step, next_state=dataclasses.replace(step.next_state, **{name: leaf}))

    return plant


DEFECTS: dict[str, tuple[Callable[[Step], Step], ...]] = {
    "SIM-101": tuple(
        _state(name, lambda leaf: leaf - 1e4) for name in ("on_hand", "due", "outstanding", "unfilled")
    ),
    "SIM-102": (_state("on_hand", lambda leaf: leaf * jnp.nan), _state("due", lambda leaf: leaf + jnp.inf)),
    "SIM-112": (_more("shipped", 100.0),),
    "SIM-201": (
        _more("sales"),
        _more("received"),
        _more("returned"),
        _state("on_hand", lambda leaf: leaf + 1.0),
    ),
    "SIM-202": (_more("received"), _more("shipped"), _state("outstanding", lambda leaf: leaf + 1.0)),
    "SIM-203": (
        _more("ordered"),
        _more("unfilled_lost"),
        _state("order_slips", lambda leaf: 2.0 * leaf + 1.0),
    ),
    "SIM-204": (_more("demand"), _more("lost"), _more("sales"), _more("switched_to")),
    "SIM-205": (_more("newly_backordered"), _more("backorders_filled")),
    "SIM-213": (_more("came_back", 1e3), _state("returns_due", lambda leaf: leaf + 1e3)),
    "SIM-214": (_more("switched_to"), _more("switched_away", 1e3)),
}


@pytest.mark.parametrize("code", DEFECTS)
def test_a_planted_defect_is_found(code: str, played: list[tuple[NetworkArrays, list[Step]]]) -> None:
    for plant in DEFECTS[code]:
        for arrays, steps in played:
            found = float(audit(arrays, plant(steps[-1]))[AUDITED.index(code)])
            assert not found <= 0, (code, "not found")
