"""States in which equal items, or equal shops, are exchanged: one of them is listed, and nothing else changes."""

import dataclasses
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from basestock.decision import Problem
from basestock.dynamics import InitialState
from basestock.economics import make_tariff
from basestock.evaluation import play
from basestock.network import Item, Lane, Limit, Node, Supplier, SupplyNetwork
from basestock.optimal.bounds.relaxation import _chances
from basestock.optimal.mdp import Optimum, evaluate_exactly, optimize, pieces
from basestock.optimal.mdp.alike import evened, symmetry_holds
from basestock.optimal.mdp.edges import Edges
from basestock.optimal.mdp.lookup import Sorting, loaded_optimal, saved_optimal
from basestock.optimal.mdp.pieces import list_problem
from basestock.optimal.mdp.symmetry import Alike, Symmetry, ascending
from basestock.policies.saved import read_policy
from basestock.uncertainty import Discrete, Uncertainty
from basestock.uncertainty.support import Block
from tests.optimal.small import box_of, waiting

LAW = Discrete((0.0, 1.0, 2.0), (0.3, 0.45, 0.25))
OTHER = Discrete((0.0, 1.0, 2.0), (0.3, 0.46, 0.24))


def equal_items(
    count: int = 2,
    *,
    limit: float | None = None,
    joint_order: float = 3.0,
    rule: Literal["cut_in_order_of_priority", "scale_proportionally"] = "cut_in_order_of_priority",
    unfilled: Literal["wait", "lost"] = "lost",
    holding: tuple[float, ...] = (),
    laws: tuple[Discrete, ...] = (),
    start: tuple[float, ...] = (),
    horizon: int | None = None,
) -> Problem:
    """Return items that one lane brings after a period, sales being lost; alike but for what is given."""
    names = [f"item {number}" for number in range(1, count + 1)]
    network = SupplyNetwork(
        items=tuple(map(Item, names)),
        nodes=(Node("store"),),
        suppliers=(Supplier("supplier"),),
        lanes=(Lane("supplier", "store", name="lane", lead_time=1, unfilled=unfilled),),
        limits=() if limit is None else (Limit("network", "units", limit, rule=rule),),
        unmet="lost",
    )
    rates = {("store", name): rate for name, rate in zip(names, holding or (1.0,) * count, strict=True)}
    tariff = make_tariff(network, holding=rates, lost_sale=9.0, joint_order=joint_order)
    each = zip(names, laws or (LAW,) * count, strict=True)
    uncertainty = Uncertainty({("store", name): law for name, law in each})
    stocks = {("store", name): units for name, units in zip(names, start, strict=False)}
    problem = Problem("items", network, uncertainty, tariff, initial_state=InitialState(on_hand=stocks))
    if horizon is None:
        return problem
    return dataclasses.replace(problem, criterion="finite_horizon_total_cost", horizon=horizon)


def equal_shops(*, retailer_holding: tuple[float, ...] = (1.0, 1.0)) -> Problem:
    """Return a warehouse that sends to two shops in the same period, and forgets what it cannot send."""
    shops = ("shop 1", "shop 2")
    network = SupplyNetwork(
        items=(Item("item"),),
        nodes=(Node("warehouse"), *map(Node, shops)),
        suppliers=(Supplier("supplier"),),
        lanes=(
            Lane("supplier", "warehouse", lead_time=1),
            *(Lane("warehouse", shop, lead_time=1, unfilled="lost") for shop in shops),
        ),
        unmet="lost",
    )
    holding = dict(zip([(shop, "item") for shop in shops], retailer_holding, strict=True))
    tariff = make_tariff(network, holding={("warehouse", "item"): 0.4} | holding, lost_sale=9.0)
    return Problem("shops", network, Uncertainty({(shop, "item"): LAW for shop in shops}), tariff)


@lru_cache
def solved(make: Any = equal_items, max_order: float = 2, max_position: float = 3, **made: Any) -> Optimum:
    """Return the optimum of a problem in a small box."""
    problem = make(**made)
    box = box_of(problem, max_order=max_order, max_position=max_position)
    return optimize(problem, box=box, tolerance=1e-9)


def every_state(make: Any = equal_items, **made: Any) -> Optimum:
    """Return the same where nothing is taken to be alike."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "symmetry_of", lambda *_: None)
        return solved.__wrapped__(make, **made)


CASES = {
    "two items": ({}, 10, 16, "item 1 = item 2"),
    "three items": ({"count": 3}, 20, 64, "item 1 = item 2 = item 3"),
    "two of three": ({"count": 3, "holding": (1.0, 2.0, 1.0)}, 40, 64, "item 1 = item 3"),
    "a shared capacity": ({"joint_order": 0.0, "limit": 2.0}, 10, 16, "item 1 = item 2"),
    "a capacity in shares": (
        {"joint_order": 0.0, "limit": 3.0, "rule": "scale_proportionally"}, 10, 16, "item 1 = item 2",
    ),
    "a horizon": ({"horizon": 3}, 10, 16, "item 1 = item 2"),
    "unequal first stocks": ({"start": (3.0, 0.0)}, 10, 16, "item 1 = item 2"),
    "two shops": ({"make": equal_shops, "max_position": 4}, 75, 125, "shop 1 = shop 2"),
}  # fmt: skip


QUICK = ("two items", "three items", "unequal first stocks")
NAMES = [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in CASES]


@pytest.mark.requirement("E-09")
@pytest.mark.parametrize("name", NAMES)
def test_one_of_the_states_that_are_alike_is_listed_and_the_optimum_is_the_same(name: str) -> None:
    """Multisets: n values of k equal parts in any order are (n + k - 1 over k) states, and not n^k."""
    made, few, many, alike = CASES[name]
    found, plain = solved(**made), every_state(**made)
    assert (found.symmetry, plain.symmetry) == (alike, "")
    assert (found.pieces.num_states, plain.pieces.num_states) == (few, many)
    assert found.value == pytest.approx(plain.value, rel=2e-9)


@pytest.mark.parametrize("name", NAMES)
def test_decisions_are_given_back_to_the_parts_where_they_are(name: str, tmp_path: Path) -> None:
    """The policy meets states in any order, from memory and from a file, and costs the optimum."""
    found = solved(**CASES[name][0])
    problem = found.pieces.processes[0].problem
    policy = found.policy(problem)
    assert evaluate_exactly(problem, policy).value == pytest.approx(found.value, rel=1e-8)
    saved_optimal(policy, problem, {}).write(tmp_path / "best")
    loaded = loaded_optimal(read_policy(tmp_path / "best"), problem)
    kept, again = (jax.tree.leaves(each.parts) for each in (policy, loaded))
    for one, other in zip(kept, again, strict=True):
        np.testing.assert_array_equal(one, other)
    assert jax.tree.structure(policy.parts) == jax.tree.structure(loaded.parts)


@pytest.mark.slow
def test_a_played_policy_costs_the_optimum() -> None:
    """Fails by chance once in 100,000 runs: 4.5 standard errors of the simulated mean."""
    found = solved(start=(3.0, 0.0))
    problem = dataclasses.replace(equal_items(start=(3.0, 0.0)), warm_up=20, horizon=200)
    totals = play(problem, found.policy(problem), replications=64, seed=3).totals
    assert abs(totals.mean() - found.value) < 4.5 * totals.std(ddof=1) / 8


DIFFERENT = {
    "rate": {"holding": (1.0, 1.000001)},
    "law": {"laws": (LAW, OTHER)},
    "who comes first waits less": {"joint_order": 0.0, "limit": 2.0, "unfilled": "wait"},
    "shop": {"make": equal_shops, "retailer_holding": (1.0, 1.5)},
}


@pytest.mark.parametrize(
    "name",
    [name if name in ("rate", "law") else pytest.param(name, marks=pytest.mark.slow) for name in DIFFERENT],
)
def test_parts_that_differ_in_one_thing_are_not_alike(name: str) -> None:
    found = solved(**DIFFERENT[name])
    assert found.symmetry == ""
    assert all(process.symmetry is None for process in found.pieces.processes)


def test_parts_are_not_alike_in_a_box_that_looks_further_for_one() -> None:
    problem = equal_items()
    box = box_of(problem, max_order=2, max_position=3)
    uneven = dataclasses.replace(box, max_order=np.array([2, 1]))
    assert optimize(problem, box=uneven).symmetry == ""


def test_a_box_is_widened_for_all_that_are_alike() -> None:
    (process,) = solved(count=3).pieces.processes
    assert process.symmetry is not None
    width = len(process.box.max_position)
    places = np.arange(width, dtype=float)
    edges = Edges(np.array([0.0, 0.3, 0.6]), places, np.zeros(width))
    even = evened(process.symmetry, edges)
    np.testing.assert_allclose(even.orders, 0.3)
    own = process.symmetry.groups[0].places[:, 0]
    np.testing.assert_allclose(even.positions[own], places[own].mean())
    assert solved(count=3).edges.orders.std() == pytest.approx(0.0)


def test_what_is_alike_on_walks_but_not_in_the_box_is_listed_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    reduced = solved()
    monkeypatch.setattr(pieces, "symmetry_holds", lambda *_: False)
    found = solved.__wrapped__()
    assert (found.symmetry, found.pieces.num_states) == ("", 16)
    assert found.value == pytest.approx(reduced.value, rel=2e-9)


def test_the_tries_after_listing_see_what_is_not_alike() -> None:
    """A process that claims that items of unlike demand are alike is found out."""
    symmetry = solved().pieces.processes[0].symmetry
    (process,) = solved(holding=(1.0, 1.5)).pieces.processes
    block = Block("market", (0, 0, 0), np.arange(3.0), np.array(LAW.probabilities))
    blocks = (block, dataclasses.replace(block, place=(0, 0, 1)))
    assert symmetry_holds(solved().pieces.processes[0], [blocks])
    assert not symmetry_holds(dataclasses.replace(process, symmetry=symmetry), [blocks])


@pytest.mark.parametrize("problem", [waiting(1), equal_items()], ids=["who waits", "alike"])
def test_who_sees_the_future_sees_the_listed_states(problem: Problem) -> None:
    """What each event does adds up to the chances, in whatever order states were met or stand for others."""
    box = box_of(
        problem, max_order=3, max_position=4, min_position=-6 if problem.name == "backorder" else -np.inf
    )
    (process,) = list_problem(problem, box).processes
    after, phase = _chances(process).after, process.phases[0]
    dense, size = phase.chances.toarray(), len(process.mixed)
    weights = process.kernels[0].probabilities
    for inner, mixed in np.argwhere(phase.local >= 0):
        found = np.bincount(after[inner, :, mixed], weights=weights, minlength=size)
        np.testing.assert_allclose(found, dense[phase.local[inner, mixed]], atol=1e-12)


@given(arrays(np.int16, (7, 3, 2), elements=st.integers(-3, 3)), st.sampled_from([1, 10_000]))
def test_parts_ascend_entry_by_entry(values: np.ndarray, size: int) -> None:
    order = ascending(values * np.int16(size))
    found = np.take_along_axis(values, order[:, :, None], 1)
    assert [sorted(map(tuple, row)) for row in values.tolist()] == [
        list(map(tuple, row)) for row in found.tolist()
    ]


def test_parts_of_many_large_entries_ascend_too() -> None:
    values = np.random.default_rng(0).integers(-30_000, 30_000, (20, 3, 6)).astype(np.int16)
    values[:, :, :4] = values[:, :1, :4]
    found = np.take_along_axis(values, ascending(values)[:, :, None], 1).tolist()
    assert all(row == sorted(row) for row in found)


@pytest.mark.slow
def test_lists_and_policies_sort_alike() -> None:
    """Entries 3 and 0 belong to the first part, 1 and 4 to the second, 5 and 2 to the third."""
    entries, controls = np.array([[3, 0], [1, 4], [5, 2]]), np.array([[1], [0], [2]])
    rows = np.random.default_rng(1).integers(0, 3, (50, 6)).astype(np.int16)
    group = Alike(("a", "b", "c"), entries, controls, controls, ())
    sorting = Sorting(jnp.asarray(entries), jnp.asarray(controls))
    flat = jnp.asarray(rows.T, dtype=jnp.float32)
    order = sorting.order(flat)
    np.testing.assert_array_equal(sorting.ascending(flat, order).T, Symmetry((group,)).sorted_rows(rows))
    # What is decided for a part is its first entry: given back, it lies where that part lies.
    ascending_parts = sorting.ascending(flat, order)
    chosen = jnp.zeros((3, 50)).at[controls[:, 0]].set(ascending_parts[entries[:, 0]])
    given_back = sorting.given_back(chosen, order)
    np.testing.assert_array_equal(given_back[controls[:, 0]], flat[entries[:, 0]])
