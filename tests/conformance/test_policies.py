"""The battery that every registered policy goes through."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.decision import Information, Policy, Problem, begin, game
from basestock.dynamics import RECEIVE_ORDER_SELL, open_period
from basestock.evaluation import play
from basestock.policies import REGISTRY, find, fit
from basestock.problems import lost_sales
from basestock.uncertainty import root_words

NAMES = sorted(REGISTRY)
ROOT = root_words(jax.random.key(0))


def _problem() -> Problem:
    return lost_sales(lead_time=2, fixed_order_cost=3.0, horizon=120, warm_up=20)


def _make(problem: Problem, name: str) -> Policy:
    entry = find(name)
    if entry.box is None or entry.build is None:
        assert entry.compute is not None
        return entry.compute(problem)
    middle = {
        key: jnp.asarray(np.round(low + (high - low) / 3), jnp.float32)[..., None]
        for key, (low, high) in entry.box(problem).items()
    }
    return entry.build(middle)


def _observation(problem: Problem, replications: int):
    compiled = game(problem)
    state = problem.start(replications)
    moving = begin(compiled, _make(problem, "base_stock"), state, ROOT)
    event, _ = compiled.events.sample(moving.world, ROOT, jnp.asarray(0), jnp.arange(replications))
    opened, _ = open_period(compiled.network, RECEIVE_ORDER_SELL, state, event)
    seen, _ = Information().observe(
        compiled.network, opened, moving.world, moving.outcome, None, key=jax.random.key(0)
    )
    return seen


@pytest.mark.parametrize("name", NAMES)
def test_it_follows_the_protocol(name: str) -> None:
    problem = _problem()
    policy, seen = _make(problem, name), _observation(problem, 3)
    memory = policy.init(seen)
    decision, after = policy(seen, memory, key=jax.random.key(0))
    order = np.asarray(jnp.broadcast_to(decision.order, (1, 1, 3)))
    assert np.isfinite(order).all()
    assert (order >= 0).all()
    assert jax.tree.structure(memory) == jax.tree.structure(after)


@pytest.mark.parametrize("name", NAMES)
def test_compiled_equals_interpreted_and_the_call_is_pure(name: str) -> None:
    problem = _problem()
    policy, seen = _make(problem, name), _observation(problem, 2)
    call = lambda p, s: p(s, p.init(s), key=jax.random.key(0))[0].order  # noqa: E731
    plain, again, compiled = call(policy, seen), call(policy, seen), jax.jit(call)(policy, seen)
    np.testing.assert_array_equal(plain, again)
    np.testing.assert_allclose(plain, compiled, rtol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_parameters_may_differ_by_replication(name: str) -> None:
    problem = _problem()
    wide = jax.tree.map(lambda leaf: jnp.repeat(leaf, 4, axis=-1), _make(problem, name))
    narrow = _make(problem, name)
    one = play(problem, narrow, replications=4, seed=2)
    other = play(problem, wide, replications=4, seed=2)
    np.testing.assert_allclose(one.totals, other.totals, rtol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_gradients_are_finite(name: str) -> None:
    problem = _problem()
    seen = _observation(problem, 2)
    total = lambda policy: policy(seen, None, key=jax.random.key(0))[0].order.sum()  # noqa: E731
    for leaf in jax.tree.leaves(jax.grad(total)(_make(problem, name))):
        assert np.isfinite(leaf).all()


@pytest.mark.parametrize("name", NAMES)
def test_tuning_never_loses_to_a_guess_and_reports_fresh_events(name: str) -> None:
    problem = _problem()
    tuned = fit(problem, name, seed=1, replications=16)
    guess = play(problem, _make(problem, name), replications=200, seed=9).totals
    best = play(problem, tuned.policy, replications=200, seed=9).totals
    difference = best - guess
    assert difference.mean() <= 3 * difference.std(ddof=1) / np.sqrt(200) + 1e-9
    assert tuned.cost.n == 128
    assert abs(best.mean() - tuned.cost.mean) < 4 * tuned.cost.half_width


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(KeyError, match="Did you mean 'base_stock'"):
        find("base_stok")
