"""Every learner beats random orders and comes near the exact optimum of three tiny problems."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import pytest
from jaxtyping import Array, Float

from basestock.decision import Observation, Policy, Problem
from basestock.dynamics import Decision
from basestock.envs import ActionCodec, action_codec
from basestock.evaluation import play
from basestock.evaluation.certificates import certify_problem, value_of
from basestock.evaluation.run import paired
from basestock.learning import learn
from basestock.learning.registry import ALGORITHMS
from basestock.problems import backorder, lost_sales, make_problem

LEARNERS: dict[str, tuple[str, dict[str, Any], set[str]]] = {
    "pathwise": ("pathwise", {"updates": 200}, {"losses/gradient_norm"}),
    "evolution": ("evolution", {"updates": 100}, set()),
    "imitation": ("imitation", {"teacher": "optimal", "updates": 30}, set()),
    "ppo": ("ppo", {"updates": 150}, {"losses/entropy", "losses/approx_kl"}),
    "ppo, choices": ("ppo", {"updates": 150, "actions": "multi_discrete"}, {"losses/entropy"}),
    "ppo, joint choices": ("ppo", {"updates": 150, "actions": "discrete"}, {"losses/entropy"}),
    "a2c": ("a2c", {"updates": 500}, {"losses/entropy", "losses/approx_kl"}),
    "sac": ("sac", {"updates": 150}, {"losses/qf_loss", "losses/actor_loss"}),
    "sac, choices": ("sac", {"updates": 150, "actions": "multi_discrete"}, {"losses/entropy"}),
    "sac, joint choices": ("sac", {"updates": 150, "actions": "discrete"}, {"losses/entropy"}),
    "td3": ("td3", {"updates": 100}, {"losses/qf_loss", "losses/actor_loss"}),
    "ddpg": ("ddpg", {"updates": 100}, {"losses/qf_loss", "losses/actor_loss"}),
    "dqn": ("dqn", {"updates": 400}, set()),
    "deep_controlled": ("deep_controlled", {"updates": 4, "states": 2048}, {"losses/policy_loss"}),
    "fitted_value": ("fitted_value", {"updates": 3, "states": 1024}, {"losses/value_loss"}),
    "tabular": ("tabular", {"updates": 1000}, set()),
}
"""Learners, settings of short runs, and scalars that their curves tell."""

PROBLEMS: dict[str, Callable[[], Problem]] = {
    "lost sales": lambda: lost_sales(lead_time=1, lost_sale_cost=4.0, mean=3.0),
    "backorders": lambda: backorder(lead_time=1, fixed_order_cost=0.0, mean=3.0),
    "perishable": lambda: make_problem("perishable_single_class", {"mean": "3"}),
}


class Random(Policy):
    """Orders anything up to twice what an average period takes."""

    codec: ActionCodec
    most: Float[Array, " slot"]

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Order at random."""
        shape = len(self.most), observation.on_hand.shape[-1]
        return self.codec.decide(jnp.round(self.most[:, None] * jax.random.uniform(key, shape))), memory


def test_no_learner_is_left_out() -> None:
    assert {algorithm for algorithm, _, _ in LEARNERS.values()} == set(ALGORITHMS)


@pytest.mark.slow
@pytest.mark.requirement("C-15")
@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize(("algorithm", "settings", "told"), LEARNERS.values(), ids=LEARNERS)
def test_a_learner_beats_random_orders_and_is_within_five_percent(
    algorithm: str, settings: dict[str, Any], told: set[str], name: str
) -> None:
    problem = PROBLEMS[name]()
    codec = action_codec(problem, "continuous")
    found = learn(problem, algorithm, key=jax.random.key(0), settings=settings)
    assert found.updates == settings["updates"]
    assert told <= set().union(*(point.values for point in found.curve))
    random = Random(codec, jnp.asarray([2.0 * slot.typical for slot in codec.slots]))
    mine, theirs = (play(problem, each, replications=64, seed=1).totals for each in (found.policy, random))
    saved = paired(problem.sign * theirs, problem.sign * mine)
    assert saved.mean is not None and saved.half_width is not None and saved.mean > saved.half_width
    best = certify_problem(problem, max_bytes=2**30, max_seconds=60.0).value
    value = value_of(problem, found.policy, replications=200, seed=1)
    assert value.half_width == 0.0 and value.mean is not None and best is not None
    assert -1e-6 <= problem.sign * (value.mean - best) / abs(best) < 0.05
