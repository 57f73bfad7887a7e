"""Recurrence: a window of what was seen, the unit that goes through it, and what it is worth where demand is hidden."""

import dataclasses
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

from basestock.decision import Observation, Problem
from basestock.dynamics import Decision
from basestock.envs import action_codec
from basestock.evaluation import play
from basestock.learning import learn, loaded_actor, run_key, saved_actor
from basestock.learning.actors import ShareActor
from basestock.learning.experience import gathered, staged
from basestock.learning.exploration import ChoiceExplorer, random_choices
from basestock.learning.recurrence import History, Recurrent, network_of
from basestock.learning.settings import NetworkSettings
from basestock.policies.saved import read_policy
from basestock.problems import backorder, lost_sales
from basestock.uncertainty import DemandRegimes, MarketDrivers
from tests.learning.conftest import plain_encoder, seen

KEY = jax.random.key(0)


def random_window(length: int, rows: int, columns: int) -> np.ndarray:
    """Observations that are all there."""
    window = np.random.default_rng(0).normal(size=(length, rows + 1, columns)).astype(np.float32)
    window[:, -1] = 1.0
    return window


def test_the_unit_is_that_of_another_library() -> None:
    network, window = Recurrent.create(3, (5, 2), KEY), jnp.asarray(random_window(4, 3, 2))
    cell = eqx.nn.GRUCell(3, 5, key=KEY)
    weights = network.entering, network.carried, network.biases[:, 0], network.candidate[:, 0]
    cell = eqx.tree_at(lambda each: (each.weight_ih, each.weight_hh, each.bias, each.bias_n), cell, weights)

    @jax.jit
    def theirs(seen: Array) -> Array:
        return jax.lax.scan(lambda state, each: (cell(each, state),) * 2, jnp.zeros(5), seen)[1]

    states = np.asarray(eqx.filter_jit(network.states)(window))
    for column in range(2):
        np.testing.assert_allclose(states[..., column], theirs(window[:, :-1, column]), rtol=1e-5, atol=1e-6)


def test_what_was_not_there_tells_nothing_and_what_was_there_tells_its_order() -> None:
    network, window = Recurrent.create(3, (5, 2), KEY, beside=2), random_window(4, 3, 6)
    call = eqx.filter_jit(network)

    def outputs(window: np.ndarray, beside: float = 1.0) -> np.ndarray:
        read = np.concatenate([window.reshape(-1, 6), np.full((2, 6), beside, np.float32)])
        return np.asarray(call(jnp.asarray(read)))

    early = window.copy()
    early[:2, -1] = 0.0
    np.testing.assert_allclose(outputs(early), outputs(window[2:]), rtol=1e-6)
    assert np.abs(outputs(window[[1, 0, 2, 3]]) - outputs(window)).max() > 1e-3
    assert np.abs(outputs(window, 2.0) - outputs(window)).max() > 1e-3


@eqx.filter_jit
def decided(actor: ShareActor, observation: Observation, memory: Array) -> tuple[Decision, Array]:
    """What a policy does, and what it remembers."""
    return actor(observation, memory, key=KEY)


def test_a_window_holds_what_was_seen_last_and_a_policy_from_disk_decides_by_it(
    problem: Problem, tmp_path: Path
) -> None:
    plain, codec = plain_encoder(problem), action_codec(problem, "continuous")
    reads = History(dataclasses.replace(plain, scale=20.0 * plain.scale), 2)
    actor = ShareActor(reads, network_of(reads, (4, len(codec.slots)), KEY), codec)
    now = seen(problem, 64)
    # Orders are rounded: of many states some are where that does not hide what differs.
    now = dataclasses.replace(now, on_hand=jnp.linspace(0.0, 20.0, 64)[None, None])
    stocked = dataclasses.replace(now, on_hand=now.on_hand + 10.0)
    saved_actor(actor, problem, {}).write(tmp_path / "policy.zip")
    again = loaded_actor(read_policy(tmp_path / "policy.zip"), problem)

    def last(actor: Any, *seen: Observation) -> np.ndarray:
        memory = actor.init(now)
        for each in seen:
            decision, memory = decided(actor, each, memory)
        inputs = [np.asarray(reads.encoder(each)) for each in seen[-2:]]
        np.testing.assert_array_equal(np.asarray(memory)[2 - len(inputs) :, :-1], inputs)
        return np.asarray(decision.order)

    order = last(actor, now, now)
    for other in (last(actor, stocked, now), last(actor, now)):
        assert (other != order).any()
    np.testing.assert_array_equal(last(actor, stocked, now, now), order)
    assert again.remembers
    np.testing.assert_array_equal(last(again, stocked, now), last(actor, stocked, now))
    plain = ShareActor(reads.encoder, network_of(reads.encoder, (4, len(codec.slots)), KEY), codec)
    assert not plain.remembers and plain.init(now) is None


@pytest.mark.slow
def test_experience_goes_through_windows_and_begins_anew_without() -> None:
    problem = lost_sales(lead_time=1, lost_sale_cost=4.0, horizon=40, warm_up=5, mean=2.0)
    codec = action_codec(problem, "discrete")
    settings = NetworkSettings(paths=32, periods=5, restarts=0.5, network="recurrent", history=3)
    stage = staged(problem, codec, settings, KEY)
    network = network_of(stage.reads, (4, sum(codec.sizes)), KEY)
    ends = jnp.asarray(random_choices(codec))
    explorer = ChoiceExplorer(stage.reads, codec, network, ends, jnp.asarray(0.5))
    chance = stage.scene.chance(KEY, explorer)
    found, moving = eqx.filter_jit(gathered)(stage.scene, explorer, stage.scene.first, chance)
    windows = np.asarray(found.inputs).reshape(6, 3, -1, 32)
    there = windows[:, :, -1]
    np.testing.assert_array_equal(there[0, :, 0], [0, 0, 1])
    assert (there[2:] == 1).all()
    # What is newest in a period is in the middle in the next one.
    np.testing.assert_array_equal(windows[1:, 1], windows[:-1, 2])
    kept, which = np.asarray(moving.memory[1]), np.asarray(chance.which)
    assert 0 < which.sum() < 32
    assert (kept[..., which] == 0).all()
    np.testing.assert_array_equal(kept[..., ~which], windows[-2][..., ~which])


def hidden_regime() -> Problem:
    """Demand has a mean of 2 or 8, which changes every fifty periods or so and is not seen."""
    problem = backorder(lead_time=2, fixed_order_cost=0.0, mean=5.0, horizon=300, warm_up=50)
    regimes = DemandRegimes(factors=(0.4, 1.6), transitions=((0.98, 0.02), (0.02, 0.98)))
    uncertainty = dataclasses.replace(problem.uncertainty, drivers=MarketDrivers(regimes=regimes))
    return dataclasses.replace(problem, name="hidden regime", uncertainty=uncertainty, known=None)


@pytest.mark.slow
def test_what_was_seen_before_is_worth_something_where_demand_is_hidden() -> None:
    problem, settings = hidden_regime(), {"updates": 100, "paths": 48, "hidden": [16, 16], "history": 6}
    for seed in range(2):
        totals: dict[str, np.ndarray] = {}
        for network in ("flat", "recurrent"):
            found = learn(problem, "ppo", key=run_key(seed), settings={**settings, "network": network})
            assert found.policy.remembers == (network == "recurrent")
            totals[network] = play(problem, found.policy, replications=400, seed=1).totals
        saved = totals["flat"] - totals["recurrent"]
        # On the same events; beyond three standard errors chance finds this once in a thousand.
        assert saved.mean() > 3.0 * saved.std(ddof=1) / np.sqrt(len(saved))
