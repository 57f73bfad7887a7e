"""The battery that every registered policy goes through."""

from functools import lru_cache

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

from basestock.decision import Observation, Policy, Problem, game, simulate
from basestock.dynamics import Step, empty_state
from basestock.evaluation import play
from basestock.policies import REGISTRY, find, fit
from basestock.problems import lost_sales
from tests.policies.observations import observe

NAMES = sorted(REGISTRY)
EVERY = [name if at % 6 == 0 else pytest.param(name, marks=pytest.mark.slow) for at, name in enumerate(NAMES)]
"""All policies, every sixth of them in the quick run."""

REPLICATIONS, PERIODS, REPORTED = 3, 30, 128
# One search over one parameter, one over two, one formula; the others are slow tests.
TUNED_QUICKLY = ("newsvendor",)


@lru_cache
def _problem() -> Problem:
    return lost_sales(lead_time=2, fixed_order_cost=3.0, horizon=120, warm_up=20)


@lru_cache
def _make(name: str) -> Policy:
    problem, entry = _problem(), find(name)
    if entry.box is None or entry.build is None:
        assert entry.compute is not None
        return entry.compute(problem)
    middle = {
        key: jnp.asarray(np.round(box.low + (box.high - box.low) / 3), jnp.float32)[..., None]
        for key, box in entry.box(problem).items()
    }
    return entry.make(problem, middle)


@lru_cache
def _seen(*on_hand: float) -> Observation:
    """Three replications unless told otherwise: nothing, a little on hand, and more than enough."""
    levels = jnp.array([[on_hand or (0.0, 4.0, 500.0)]])
    state = empty_state(_problem().arrays, levels.shape[-1])
    return observe(_problem(), eqx.tree_at(lambda s: s.on_hand, state, levels))


def _order(policy: Policy, seen: Observation) -> Array:
    order = policy(seen, policy.init(seen), key=jax.random.key(0))[0].order
    return jnp.broadcast_to(order, seen.in_transit.shape)


# One program for each policy and number of replications; step by step every operation would be one.
_compiled_order = jax.jit(_order)


@pytest.mark.parametrize("name", NAMES)
def test_it_follows_the_protocol(name: str) -> None:
    policy, seen = _make(name), _seen()
    memory = policy.init(seen)
    decision, after = policy(seen, memory, key=jax.random.key(0))
    order = np.asarray(jnp.broadcast_to(decision.order, seen.in_transit.shape))
    assert np.isfinite(order).all()
    assert (order >= 0).all()
    assert jax.tree.structure(memory) == jax.tree.structure(after)


@pytest.mark.parametrize("name", EVERY)
def test_compiled_equals_interpreted_and_the_call_is_pure(name: str) -> None:
    """SIM-603, SIM-613."""
    policy, seen = _make(name), _seen()
    plain, again, compiled = _order(policy, seen), _order(policy, seen), _compiled_order(policy, seen)
    np.testing.assert_array_equal(plain, again)
    np.testing.assert_allclose(plain, compiled, rtol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_parameters_may_differ_by_replication(name: str) -> None:
    """Candidates of a search lie beside each other on the replication axis."""
    narrow, seen = _make(name), _seen()
    wide = jax.tree.map(lambda leaf: jnp.repeat(leaf, REPLICATIONS, axis=-1), narrow)
    np.testing.assert_allclose(_order(narrow, seen), _order(wide, seen), rtol=1e-6)


@pytest.mark.parametrize("name", EVERY)
def test_how_many_are_decided_together_changes_no_order(name: str) -> None:
    """SIM-602: alone, in threes and in sevens."""
    policy, levels = _make(name), (0.0, 1.0, 3.0, 4.0, 8.0, 13.0, 500.0)
    together = np.asarray(_compiled_order(policy, _seen(*levels)))
    for size in (1, 3):
        few = np.asarray(_compiled_order(policy, _seen(*levels[:size])))
        np.testing.assert_array_equal(np.rint(few), np.rint(together[..., :size]))


@pytest.mark.parametrize("name", EVERY)
def test_gradients_are_finite(name: str) -> None:
    """SIM-612."""
    gradient = jax.jit(jax.grad(lambda policy, seen: _order(policy, seen).sum()))
    for leaf in jax.tree.leaves(gradient(_make(name), _seen())):
        assert np.isfinite(leaf).all()


@pytest.mark.parametrize("name", NAMES)
def test_more_demand_to_come_is_no_part_of_what_is_seen(name: str) -> None:
    """SIM-904: equal observations give equal orders, whatever the key of the events."""
    seen = _seen()
    first = _make(name)(seen, None, key=jax.random.key(1))[0].order
    np.testing.assert_array_equal(first, _make(name)(seen, None, key=jax.random.key(2))[0].order)


def _orders(_: None, step: Step) -> tuple[None, tuple[Array, Array]]:
    return None, (step.decision.order, step.event.market)


@pytest.mark.parametrize("name", EVERY)
def test_it_plays_in_whole_units_on_the_events_of_every_other_policy(name: str) -> None:
    """SIM-114, SIM-502."""
    problem = _problem()
    order, market = simulate(
        game(problem), _make(name), problem.start(REPLICATIONS), key=jax.random.key(4), num_periods=PERIODS,
        fold=_orders, initial=None,
    ).traced  # fmt: skip
    whole = np.asarray(order)
    np.testing.assert_array_equal(whole, np.round(whole))
    assert np.isfinite(whole).all()
    np.testing.assert_array_equal(market, _market())


@lru_cache
def _market() -> np.ndarray:
    from basestock.uncertainty import record, root_words

    events = record(_problem().events, root_words(jax.random.key(4)), PERIODS, jnp.arange(REPLICATIONS))
    return np.asarray(events.market)


def _check_tuning(name: str) -> None:
    problem = _problem()
    tuned = fit(problem, name, seed=1, replications=16)
    # As many as the search reports from, so that one program plays all of them.
    guess = play(problem, _make(name), replications=REPORTED, seed=9).totals
    best = play(problem, tuned.policy, replications=REPORTED, seed=9).totals
    difference = best - guess
    assert difference.mean() <= 3 * difference.std(ddof=1) / np.sqrt(REPORTED) + 1e-9
    assert tuned.cost.n == REPORTED
    assert abs(best.mean() - tuned.cost.mean) < 4 * tuned.cost.half_width


@pytest.mark.parametrize("name", TUNED_QUICKLY)
def test_tuning_never_loses_to_a_guess_and_reports_fresh_events(name: str) -> None:
    _check_tuning(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(NAMES) - set(TUNED_QUICKLY)))
def test_tuning_never_loses_to_a_guess_for_the_others(name: str) -> None:
    _check_tuning(name)


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(KeyError, match="Did you mean 'base_stock'"):
        find("base_stok")
