"""The replay buffer: a ring, sampled as its priorities say, with weights that undo them."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.learning.replay import BLOCK, SMALLEST, Replay


def batch(first: int, count: int = 4) -> dict[str, jax.Array]:
    numbers = jnp.arange(first, first + count, dtype=jnp.float32)
    return {"input": jnp.stack([numbers, -numbers]), "reward": numbers}


def filled(batches: int, capacity: int, power: float = 0.0) -> Replay:
    buffer = Replay.create(batch(0), capacity, power=power)
    for number in range(batches):
        buffer = buffer.added(batch(4 * number))
    return buffer


def test_a_ring_keeps_the_last_transitions() -> None:
    buffer = filled(5, 12)
    assert int(buffer.filled) == 12
    assert sorted(np.asarray(buffer.transitions["reward"])) == list(range(8, 20))
    assert np.array_equal(buffer.transitions["input"][1], -buffer.transitions["reward"])


def test_the_capacity_is_whole_batches() -> None:
    assert Replay.create(batch(0), 9).capacity == 12
    assert Replay.create(batch(0), 1).capacity == 4


def test_uniform_draws_reach_what_is_stored_and_nothing_else() -> None:
    sample = filled(2, 400).sample(jax.random.key(0), 2000)
    counts = np.bincount(np.asarray(sample.transitions["reward"]).astype(int), minlength=9)
    assert counts[8] == 0
    assert counts[:8].min() > 180
    assert np.array_equal(sample.weights, np.ones(2000))
    assert np.array_equal(sample.transitions["input"][0], sample.transitions["reward"])


@pytest.mark.parametrize("capacity", [8, 3 * BLOCK])
def test_priorities_are_the_chances_of_draws(capacity: int) -> None:
    buffer = filled(capacity // 4, capacity, power=1.0)
    errors = np.zeros(capacity, np.float32)
    errors[[0, 5, capacity - 1]] = 1.0, -2.0, 5.0
    buffer = buffer.revalued(jnp.arange(capacity), jnp.asarray(errors))
    sample = buffer.sample(jax.random.key(1), 8000, exponent=1.0)
    expected = (np.abs(errors) + SMALLEST) / (np.abs(errors) + SMALLEST).sum()
    found = np.bincount(np.asarray(sample.columns), minlength=capacity) / 8000
    assert np.abs(found - expected).max() < 2e-3
    # Weighted draws are uniform again.
    chances = expected[np.asarray(sample.columns)]
    assert np.allclose(sample.weights * chances, (sample.weights * chances)[0], rtol=1e-4)
    assert float(sample.weights.max()) == 1.0


def test_new_transitions_have_the_highest_priority() -> None:
    buffer = filled(1, 8, power=0.5).revalued(jnp.array([2]), jnp.array([9.0]))
    buffer = buffer.added(batch(4))
    assert np.allclose(buffer.priorities[4:8], np.sqrt(9.0 + SMALLEST))


def test_an_uncorrected_draw_weighs_one() -> None:
    buffer = filled(2, 8, power=0.6).revalued(jnp.array([0]), jnp.array([4.0]))
    assert np.allclose(buffer.sample(jax.random.key(0), 16, exponent=0.0).weights, 1.0)


def test_only_stored_columns_are_drawn_while_it_fills() -> None:
    sample = filled(1, 3 * BLOCK, power=0.6).sample(jax.random.key(0), 512)
    assert int(sample.columns.max()) == 3


def test_everything_runs_inside_a_scan() -> None:
    @eqx.filter_jit
    def played(buffer: Replay) -> tuple[Replay, jax.Array]:
        def step(carry: Replay, number: jax.Array) -> tuple[Replay, jax.Array]:
            carry = carry.added({"input": jnp.full((2, 4), number), "reward": jnp.full(4, number)})
            sample = carry.sample(jax.random.fold_in(jax.random.key(0), number), 8)
            errors = sample.transitions["reward"]
            return carry.revalued(sample.columns, errors), errors.mean()

        return jax.lax.scan(step, buffer, jnp.arange(6))

    buffer, means = played(Replay.create(batch(0), 16, power=0.6))
    assert int(buffer.filled) == 16
    assert np.isfinite(means).all()


def test_batches_of_another_size_are_refused() -> None:
    with pytest.raises(ValueError, match="4 columns"):
        Replay.create(batch(0), 16).added(batch(0, count=3))
    with pytest.raises(ValueError, match="same last axis"):
        Replay.create({"a": jnp.zeros(3), "b": jnp.zeros(4)}, 16)


@pytest.mark.parametrize("fine", [True, False])
def test_priorities_of_a_bad_update_are_taken_back(fine: bool) -> None:
    before = Replay.create({"reward": jnp.zeros(2)}, capacity=4, power=1.0).added({"reward": jnp.ones(2)})
    after = before.revalued(jnp.array([0]), jnp.array([jnp.nan if not fine else 3.0]))
    found = after.reverted(before, jnp.array(fine))
    np.testing.assert_array_equal(found.priorities, after.priorities if fine else before.priorities)
    assert np.isfinite(found.priorities).all() and float(found.highest) == float(
        (after if fine else before).highest
    )
