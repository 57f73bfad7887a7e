"""Topology is data: what has the same shape runs the same program."""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

from basestock.decision import Problem, game, simulate
from basestock.dynamics import RECEIVE_ORDER_SELL, Decision, Sequence, Step, transition
from basestock.dynamics.stages import fill_backorders, place_orders, receive, serve, ship
from basestock.economics import make_tariff
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.policies.levels import BaseStock
from basestock.uncertainty import Poisson, Uncertainty, root_words

STAR = (("center", "north"), ("center", "south"))
CHAIN = (("center", "north"), ("north", "south"))


class CountTraces(eqx.Module):
    """Adds up sales by node; counts how often it is traced."""

    traces: list[int] = eqx.field(static=True)

    def __call__(self, sales: Any, step: Step) -> tuple[Any, None]:
        self.traces.append(1)
        return sales + step.outcome.sales.sum((1, 2)), None


class Traces(list[int]):
    """A list that an argument of a compiled function may hold: equal to itself alone."""

    __hash__ = object.__hash__  # type: ignore[assignment]
    __eq__ = object.__eq__  # type: ignore[assignment]


def _problem(num_items: int, links: tuple[tuple[str, str], ...]) -> Problem:
    items = tuple(f"i{k}" for k in range(num_items))
    lanes = [Lane("supplier", "center", name="inbound", lead_time=2)]
    lanes += [Lane(source, target, name=f"l{k}", lead_time=1) for k, (source, target) in enumerate(links)]
    network = SupplyNetwork(
        items=tuple(Item(name) for name in items), nodes=(Node("center"), Node("north"), Node("south")),
        suppliers=(Supplier("supplier"),), lanes=tuple(lanes), unmet="lost",
    )  # fmt: skip
    demand = {(shop, item): Poisson(4.0) for shop in ("north", "south") for item in items}
    return Problem("two shops", network, Uncertainty(demand), make_tariff(network, holding=1.0))


def _sales(problem: Problem, traces: Traces) -> Array:
    policy = BaseStock(jnp.full((problem.arrays.num_nodes, problem.arrays.num_items, 1), 12.0))
    return simulate(
        game(problem), policy, problem.start(1), key=jax.random.key(0), num_periods=8,
        fold=CountTraces(traces), initial=jnp.zeros(problem.arrays.num_nodes),
    ).folded  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("other", [(33, CHAIN), (36, STAR)], ids=["rewired", "three items more"])
def test_a_network_of_equal_shape_is_not_traced_again(other: tuple[int, tuple[tuple[str, str], ...]]) -> None:
    traces = Traces()
    first = _sales(_problem(33, STAR), traces)
    traced = len(traces)
    second = _sales(_problem(*other), traces)
    assert traced > 0
    assert len(traces) == traced
    assert not np.array_equal(first, second), "another network must not return the numbers of the first"


@pytest.mark.slow
def test_a_larger_shape_is_traced_again() -> None:
    traces = Traces()
    _sales(_problem(33, STAR), traces)
    traced = len(traces)
    _sales(_problem(37, STAR), traces)
    assert len(traces) > traced


UNUSED = ("production", "quality", "life", "market", "supply", "ordering", "rooms")
"""Parts of compiled networks that only a feature brings."""


def _program(problem: Problem, sequence: Sequence) -> tuple[str, set[str]]:
    """Return the traced transition of a problem, and the names of the stages that left a trace in it."""
    arrays, state = problem.arrays, problem.start(1)
    event, _ = problem.events.sample(
        problem.events.initial_world(1), root_words(jax.random.key(0)), jnp.asarray(0), jnp.arange(1)
    )
    decision = Decision(jnp.zeros((arrays.num_lanes, arrays.num_items, 1)))
    traced = jax.make_jaxpr(lambda a, s, d, e: transition(a, sequence, s, d, e))(
        arrays, state, decision, event
    )
    return str(traced), {name for name in UNUSED if getattr(arrays, name)}


@pytest.mark.slow
def test_a_problem_without_a_feature_pays_nothing_for_it() -> None:
    """The program with all stages in the sequence is, operation by operation, that of the plain ones alone."""
    plain = Sequence((receive, fill_backorders), (place_orders, ship, receive, serve))
    problem = _problem(3, STAR)
    alone, _ = _program(problem, plain)
    whole, used = _program(problem, RECEIVE_ORDER_SELL)
    assert used == set()
    assert whole == alone


def test_a_feature_that_is_used_changes_the_program() -> None:
    network = dataclasses.replace(
        _problem(3, STAR).network, items=(Item("i0", shelf_life=3), Item("i1"), Item("i2"))
    )
    perishing = dataclasses.replace(_problem(3, STAR), network=network)
    program, used = _program(perishing, RECEIVE_ORDER_SELL)
    assert used == {"life"}
    assert program != _program(_problem(3, STAR), RECEIVE_ORDER_SELL)[0]
