"""Structured policies: what their outputs are, what they read, and how they are told."""

import dataclasses
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.decision import Information, Problem
from basestock.envs import action_codec
from basestock.evaluation.certificates import certify_problem, value_of
from basestock.learning import learn, levels_of, saved_actor, saved_policies
from basestock.learning.actors import QuantityActor
from basestock.learning.networks import Mlp
from basestock.learning.structures import STRUCTURES, LevelActor, told_beside_stock
from basestock.policies import CappedBaseStock, Newsvendor
from basestock.problems import lost_sales
from basestock.problems.instances import Instance
from tests.learning.conftest import plain_encoder, seen

KEY = jax.random.key(0)
LEVELED = sorted(name for name, form in STRUCTURES.items() if issubclass(form, LevelActor))


def begun(problem: Problem, name: str) -> QuantityActor:
    form, encoder, codec = STRUCTURES[name], plain_encoder(problem), action_codec(problem, "continuous")
    network = Mlp.create((encoder.width, 4, form.heads * len(codec.slots)), KEY, last=0.1)
    return form.create(problem, encoder, codec, network)


@pytest.mark.parametrize("name", LEVELED)
def test_a_level_begins_at_the_newsvendor_level(problem: Problem, name: str) -> None:
    levels = begun(problem, name).levels(seen(problem))
    newsvendor = float(np.asarray(Newsvendor.for_problem(problem).base_stock_level)[0, 0, 0])
    np.testing.assert_allclose(levels[0], newsvendor, rtol=1e-5)


@pytest.mark.parametrize("name", LEVELED)
def test_levels_do_not_read_stock(problem: Problem, name: str) -> None:
    actor, observation = begun(problem, name), seen(problem)
    fuller = dataclasses.replace(
        observation,
        on_hand=observation.on_hand + 3.0,
        due=None if observation.due is None else observation.due + 2.0,
    )
    np.testing.assert_array_equal(actor.levels(observation), actor.levels(fuller))
    told = dataclasses.replace(problem, information=Information(demand_window=3))
    assert not told_beside_stock(seen(problem), plain_encoder(problem)).any()
    assert told_beside_stock(seen(told), plain_encoder(told)).sum() == 4


def test_a_capped_base_stock_orders_what_the_rule_says(problem: Problem) -> None:
    actor = begun(problem, "capped_base_stock")
    observation = seen(problem)
    level, cap = (float(each[0, 0]) for each in actor.levels(observation))
    rule = CappedBaseStock(jnp.full((1, 1, 1), float(round(level))), jnp.full((1, 1, 1), float(round(cap))))
    for position in (0.0, level - 1.5, level + 4.0):
        there = dataclasses.replace(
            observation,
            inventory_position=jnp.full_like(observation.inventory_position, float(round(position))),
        )
        mine, _ = actor(there, None, key=KEY)
        other, _ = rule(there, None, key=KEY)
        np.testing.assert_array_equal(mine.order[0, 0], other.order[0, 0])


def test_levels_are_told_with_the_place_that_they_are_of(problem: Problem) -> None:
    rows = levels_of(problem, begun(problem, "capped_base_stock"), key=KEY)
    slot = action_codec(problem, "continuous").slots[0]
    assert [row["level"] for row in rows] == ["base_stock_level", "cap"]
    assert {(row["owner"], row["item"]) for row in rows} == {(slot.owner, slot.item)}
    # Demand is alike in every period: one level for all.
    assert all(row["low"] == row["start"] == row["mean"] == row["high"] for row in rows)
    assert not levels_of(problem, begun(problem, "quantity"), key=KEY)


@pytest.mark.parametrize("name", LEVELED)
def test_a_structured_policy_from_disk_decides_the_same(problem: Problem, name: str, tmp_path: Path) -> None:
    actor = begun(problem, name)
    saved_actor(actor, problem, {}).write(tmp_path / "mine.zip")
    (again,) = saved_policies(tmp_path, problem).values()
    first, _ = actor(seen(problem), None, key=KEY)
    second, _ = again(seen(problem), None, key=KEY)
    np.testing.assert_array_equal(first.order, second.order)


def test_levels_have_derivatives_along_paths(problem: Problem) -> None:
    actor, observation = begun(problem, "base_stock").learning(), seen(problem)

    def ordered(bias: jax.Array) -> jax.Array:
        biases = (*actor.network.biases[:-1], bias)
        moved = dataclasses.replace(actor, network=dataclasses.replace(actor.network, biases=biases))
        return moved.decided(observation)[0, 0]

    slope = jax.grad(ordered)(actor.network.biases[-1])
    np.testing.assert_allclose(slope[0, 0], actor.typical[0], rtol=1e-6)


@pytest.mark.slow
def test_a_base_stock_is_optimal_with_backorders() -> None:
    demand = {"type": "poisson", "mean": 3.0}
    costs = {"holding_cost": 1.0, "backorder_cost": 9.0, "fixed_order_cost": 0.0}
    record = {"parameters": {"demand": demand, "lead_time": 2, **costs}}
    problem = Instance("ss_backorder/mine", "ss_backorder", record).problem()
    best = certify_problem(problem, max_bytes=2**30, max_seconds=60.0).value
    settings = {"structure": "base_stock", "updates": 300, "paths": 128}
    found = learn(problem, "pathwise", key=KEY, settings=settings)
    cost = value_of(problem, found.policy, replications=50, seed=1).mean
    assert best is not None and -1e-6 <= cost / best - 1 < 0.002
    (row,) = levels_of(problem, found.policy, key=KEY)
    # Newsvendor at 9 / 10 of the demand of three periods, Poisson with mean 9.
    assert row["start"] == 13.0


@pytest.mark.slow
def test_a_cap_is_worth_something_with_lost_sales() -> None:
    problem = lost_sales(lead_time=4, lost_sale_cost=4.0, horizon=200, warm_up=50)
    costs = {}
    for name in ("base_stock", "capped_base_stock"):
        settings = {"structure": name, "updates": 300, "paths": 128}
        found = learn(problem, "pathwise", key=KEY, settings=settings)
        costs[name] = value_of(problem, found.policy, replications=200, seed=1).mean
    assert costs["capped_base_stock"] < 0.98 * costs["base_stock"]
