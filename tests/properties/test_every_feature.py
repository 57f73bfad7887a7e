"""The laws of every period on random networks with any choice of features (``invariants.md`` sections 1 to 4)."""

import dataclasses
import functools
from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

from basestock.dynamics import (
    AUDITED,
    RECEIVE_ORDER_SELL,
    SELL_BEFORE_RECEIVING,
    Decision,
    NetworkArrays,
    PeriodOutcome,
    Sequence,
    State,
    Step,
    compile_network,
    empty_state,
    residuals,
    with_repairs,
)
from basestock.dynamics.ordering import Terms
from basestock.dynamics.rollout import Moving, blank_outcome, rollout
from basestock.dynamics.stages import repair_orders
from basestock.economics import Tariff, ledger_for, make_tariff
from basestock.economics.tariff import RATE_AXES
from basestock.network import SupplyNetwork
from basestock.uncertainty import AnySource, World, root_words
from tests.compiler import QUICK
from tests.properties.everything import FEATURES, NEEDS, random_problem

PERIODS, PATHS = 30, 2
TRACES: list[int] = []
FREE = ("adjusted", "repaired")
"""Quantities that may be negative."""


def decide(network: NetworkArrays, state: State, key: Array) -> Decision:
    """Draw a decision of everything that can be decided; some of it is garbage."""
    keys = iter(jax.random.split(key, 8))
    paths = state.on_hand.shape[-1]

    def uniform(*shape: int) -> Array:
        return jax.random.uniform(next(keys), (*shape, paths))

    lanes = (network.num_lanes, network.num_items)
    order = jnp.floor(jnp.exp(3.0 * uniform(*lanes)) - 1.0)
    garbage = uniform(*lanes)
    order = jnp.where(garbage < 0.02, jnp.nan, jnp.where(garbage < 0.04, -5.0, order))
    reserved = jnp.where(uniform(*lanes) < 0.3, 2.0, 1e6)
    decision = Decision(order=order, allocation=reserved)
    if state.unfilled is not None:
        decision = dataclasses.replace(decision, cancel=jnp.floor(4.0 * uniform(*lanes)))
    if network.production is not None:
        runs = jnp.floor(6.0 * uniform(network.production.num_processes))
        hours = jnp.floor(5.0 * uniform(network.production.num_resources))
        assigned = 20.0 * uniform(network.production.num_resources, network.production.num_processes)
        decision = dataclasses.replace(decision, start=runs, overtime=hours, assign=assigned)
    if network.market is not None and network.market.answers is not None:
        reference = network.market.answers.reference_price
        price = reference * jnp.exp(uniform(network.num_nodes, network.num_items) - 0.5)
        decision = dataclasses.replace(decision, price=price)
    return decision


STOCKS = ("on_hand", "backorders", "unfilled", "lots")
"""Leaves of a state that stages may leave negative in the middle of a period (SIM-113); at its end none is."""


def least_of(state: State) -> dict[str, Array]:
    """Return the smallest quantity of each leaf of a state in the middle of a period."""
    leaves = {name: jax.tree.leaves(getattr(state, name)) for name in STOCKS}
    return {name: jnp.stack([leaf.min() for leaf in found]).min() for name, found in leaves.items() if found}


def watched(sequence: Sequence, seen: list[dict[str, Array]]) -> Sequence:
    """Return the sequence whose stages note the smallest quantity that they leave behind."""

    def watch(stage: Any) -> Any:
        def run(network: Any, state: Any, decision: Any, event: Any, flows: Any) -> Any:
            state, flows = stage(network, state, decision, event, flows)
            seen.append({f"{name} >= 0 after {stage.__name__}": low for name, low in least_of(state).items()})
            return state, flows

        return run

    return Sequence(tuple(map(watch, sequence.before)), tuple(map(watch, sequence.after)))


def audit(
    network: NetworkArrays, tariff: Tariff, seen: list[dict[str, Array]], step: Step
) -> dict[str, Array]:
    """Return the largest violation of each law in a period."""
    found = dict(zip(AUDITED, residuals(network, step), strict=True))
    for law, low in (pair for stage in seen for pair in stage.items()):
        found[law] = jnp.maximum(found.get(law, 0.0), -low)
    seen.clear()
    outcome, after = step.outcome, step.next_state
    flows = {f.name: getattr(outcome, f.name) for f in dataclasses.fields(outcome) if f.name not in FREE}
    present = {name: flow for name, flow in flows.items() if flow is not None}
    found |= {
        f"{name} >= 0": jnp.where(jnp.isfinite(f), -f, jnp.inf).max().clip(0.0) for name, f in present.items()
    }
    leaves = jax.tree.leaves(after)
    found |= {
        f"{name} >= 0": -jnp.stack([leaf.min() for leaf in jax.tree.leaves(getattr(after, name))]).min()
        for name in QUANTITIES
        if getattr(after, name) is not None
    }
    found["finite"] = 1.0 - jnp.stack([jnp.isfinite(leaf).all() for leaf in leaves]).all()
    found["SIM-103"] = jnp.asarray(float(shapes(after) != shapes(step.start)))
    found["SIM-115"] = jnp.abs(after.period - step.start.period - 1).astype(jnp.float32)
    found["SIM-114"] = fractions(network, after, present)
    if after.defective is not None:
        found["defective <= stock"] = jnp.maximum(after.defective - after.on_hand - 1e-4, 0.0).max()
    if after.satisfaction is not None:
        found["satisfaction <= 1"] = jnp.maximum(after.satisfaction - 1.0 - 1e-6, 0.0).max()
    if outcome.special is None:
        found["SIM-302"] = repaired_twice(network, step)
    ledger = ledger_for(tariff)
    if not ledger.terms:
        return found
    by_place = ledger.by_place(network, tariff, step).sum((1, 2))
    by_term = ledger.by_term(tariff, step)
    gap = jnp.abs(by_place - by_term) / (1.0 + jnp.abs(by_term))
    found["SIM-401"] = jnp.where(gap < 1e-5, 0.0, gap).max()
    found["SIM-409"] = jnp.maximum(-by_term, 0.0).max()
    return found


def shapes(state: State) -> list[tuple[tuple[int, ...], Any]]:
    """Return shape and type of every leaf."""
    return [(leaf.shape, leaf.dtype) for leaf in jax.tree.leaves(state)]


QUANTITIES = (
    "in_transit",
    "due",
    "outstanding",
    "order_slips",
    "held",
    "waiting",
    "work_in_process",
    "returns_due",
    "lots_under_way",
    "lots_held",
    "decay_carry",
    "satisfaction",
)
WHOLE_STATE = (
    "on_hand",
    "backorders",
    "in_transit",
    "due",
    "outstanding",
    "unfilled",
    "order_slips",
    "held",
)
WHOLE_FLOWS = (
    "demand",
    "sales",
    "lost",
    "expired",
    "overflow",
    "consumed",
    "produced",
    "came_back",
    "returned",
    "ordered",
    "shipped",
)


def fractions(network: NetworkArrays, state: State, flows: dict[str, Array]) -> Array:
    """Return the largest fraction of a unit among items in whole units (SIM-114)."""
    whole = 1.0 if network.whole is None else network.whole
    parts = [getattr(state, name) for name in WHOLE_STATE]
    parts += [flows.get(name) for name in WHOLE_FLOWS]
    return jnp.stack(
        [(jnp.abs(part - jnp.round(part)) * whole).max() for part in parts if part is not None]
    ).max()


def repaired_twice(network: NetworkArrays, step: Step) -> Array:
    """Return what a second repair changes of what was ordered (SIM-301, SIM-302)."""
    again = dataclasses.replace(step.decision, order=step.outcome.ordered)
    flows = PeriodOutcome(opening=step.outcome.opening)
    _, repaired = repair_orders(network, step.state, again, step.event, flows)
    return jnp.abs(repaired.ordered - step.outcome.ordered).max()


@functools.partial(jax.jit, static_argnames="sequence", compiler_options=QUICK)
def play(
    network: NetworkArrays, source: AnySource, tariff: Tariff, start: State, root: Array, sequence: Sequence
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Play a network and return the largest violation of each law, and how much of each flow there was."""
    TRACES.append(1)
    seen: list[dict[str, Array]] = []
    looked_at = watched(sequence, seen)
    world = source.initial_world(PATHS)
    outcome = blank_outcome(network, sequence, source, start, world, root)

    def choose(state: State, world: World, last: Any, memory: Any, key: Array) -> tuple[Decision, Any]:
        return decide(network, state, key), memory

    def fold(_: None, step: Step) -> tuple[None, tuple[dict[str, Array], dict[str, Array]]]:
        found = audit(network, tariff, seen, step)
        amount = {f.name: getattr(step.outcome, f.name) for f in dataclasses.fields(step.outcome)}
        return None, (found, {name: flow.sum() for name, flow in amount.items() if flow is not None})

    path = rollout(
        network, looked_at, source, choose, Moving(start, world, outcome, None), root=root,
        replications=jnp.arange(PATHS), num_periods=PERIODS, fold=fold, initial=None,
    )  # fmt: skip
    worst, amounts = path.traced
    return jax.tree.map(lambda leaf: leaf.max(0), worst), jax.tree.map(lambda leaf: leaf.sum(0), amounts)


GROUPS = {
    "supply": (
        *("backorders", "random lead times", "unfilled is lost", "shared limits", "limits of orders", "calendars"),
        *("capacities", "rules of allocation", "orders that travel", "outages", "lost and partial deliveries"),
        *("storage", "vehicles"),
    ),
    "life": ("backorders", "life", "life in classes", "decay", "classes of customers", "no lead time", "inspection"),
    "plants": (
        *("backorders", "life", "production", "changeovers", "breakdowns", "random yield", "fractions of one item"),
    ),
    "market": (
        *("backorders", "prices", "drivers of demand", "substitution", "goodwill", "returns", "special deliveries"),
    ),
}  # fmt: skip
"""Choices that together switch on every feature."""

QUICKEST = "production"
"""The feature whose laws are checked in every run, alone; the compilation of groups leaves no time for them."""

BINDING = {
    "supply": ("unfilled_lost", "lost_in_transit", "overflow", "cancelled", "vehicles", "limit_excess"),
    "life": ("expired", "rejected", "backorders_filled"),
    "plants": (
        "started",
        "unstarted",
        "scrapped",
        "expired",
        "hours_changeover",
        "hours_down",
        "hours_overtime",
    ),
    "market": ("switched_to", "returned", "special", "came_back"),
}
"""Flows that must not be 0, or the laws would say nothing about them."""


def conserved(
    features: Collection[str],
    seeds: Iterable[int],
    sequence: Sequence = RECEIVE_ORDER_SELL,
    priced: bool = False,
) -> dict[str, float]:
    """Play networks and assert that every law holds; return the sum of each flow."""
    worst, flows = defaultdict(float), defaultdict(float)
    for seed in seeds:
        network, uncertainty = random_problem(seed, features)
        terms = Terms(
            unit_value=jnp.full((len(network.lanes), len(network.items), 1), 2.0), remembers_orders=True
        )
        arrays = compile_network(network, terms)
        tariff = make_tariff(network, **(rates_for(network) if priced else {}))
        root = root_words(jax.random.key(seed))
        start = empty_state(arrays, PATHS)
        found, amounts = play(
            arrays, uncertainty.compile(network), tariff, start, root, with_repairs(sequence)
        )
        for law, violation in found.items():
            worst[law, seed] = float(violation)
        for name, amount in amounts.items():
            flows[name] += float(amount)
    # Whole units are exact; sums of fractions are rounded, by 1e-6 of the hundred units that a place handles.
    allowed = defaultdict(float) if "fractions of one item" not in features else defaultdict(lambda: 1e-4)
    allowed["SIM-114"] = 0.0
    broken = {law: size for law, size in worst.items() if not size <= allowed[law[0]]}
    assert not broken, broken
    return flows


def rates_for(network: SupplyNetwork) -> dict[str, Any]:
    """Return a rate for every term of the ledger."""
    by_bracket = {(lane.name, item.name): (3.0, 2.0, 1.0) for lane in network.lanes for item in network.items}
    return {name: by_bracket if axis == "bracket" else 1.5 for name, axis in RATE_AXES.items()}


def test_the_groups_switch_on_every_feature() -> None:
    assert {name for group in GROUPS.values() for name in group} == set(FEATURES)


@pytest.mark.slow
@pytest.mark.parametrize("group", GROUPS)
def test_every_law_holds_on_random_networks_of_one_program(group: str) -> None:
    """SIM-101 to 115, 201 to 205, 301, 302: twenty topologies each, compiled once (SIM-611)."""
    TRACES.clear()
    flows = conserved(GROUPS[group], range(20))
    assert len(TRACES) == 1
    assert not [name for name in BINDING[group] if not flows[name] > 0]


@pytest.mark.slow
@pytest.mark.parametrize(
    "sequence", [RECEIVE_ORDER_SELL, SELL_BEFORE_RECEIVING], ids=["receive first", "sell first"]
)
def test_every_law_holds_with_everything_switched_on(sequence: Sequence) -> None:
    """Every law and every term of the ledger (SIM-401, SIM-409), on twenty topologies of one program."""
    TRACES.clear()
    conserved(
        [name for name in FEATURES if name != "fractions of one item"], range(20), sequence, priced=True
    )
    assert len(TRACES) == 1


@pytest.mark.parametrize(
    "feature", [pytest.param(name, marks=() if name == QUICKEST else pytest.mark.slow) for name in FEATURES]
)
def test_every_law_holds_with_one_feature_alone(feature: str) -> None:
    conserved({feature, NEEDS.get(feature, feature)}, range(10))


@pytest.mark.slow
@pytest.mark.parametrize("choice", range(25))
def test_every_law_holds_with_any_choice_of_features(choice: int) -> None:
    """Two hundred networks: twenty-five choices, eight networks each."""
    draw = np.random.default_rng(choice)
    chosen = [name for name in FEATURES if draw.random() < 0.5]
    conserved({*chosen, *(NEEDS.get(name, name) for name in chosen)}, range(8 * choice, 8 * choice + 8))
