"""What learners come to at the plant that faces a market, beside its documented rules and beside chance."""

from typing import Any

import jax
import pytest
from jaxtyping import Array

from basestock.decision import Observation, Policy
from basestock.dynamics import Decision
from basestock.envs import ActionCodec, action_codec
from basestock.evaluation import paired, play
from basestock.learning import learn, run_key
from basestock.policies import REGISTRY
from basestock.problems.manufacturing_market import manufacturing_market


class Chance(Policy):
    """Draws every action from its whole range."""

    codec: ActionCodec

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Decide whatever it is."""
        shape = len(self.codec.slots), observation.on_hand.shape[-1]
        return self.codec.decision(jax.random.uniform(key, shape, minval=-1.0)), memory


@pytest.mark.slow
@pytest.mark.requirement("A-16")
def test_ppo_earns_more_than_rules_and_chance() -> None:
    problem = manufacturing_market()
    rules = REGISTRY["standard_scheduler"].compute
    assert rules is not None
    settings = {"updates": 60, "actions": "continuous", "seconds": 3000.0}
    learned = learn(problem, "ppo", key=run_key(0), settings=settings).policy
    mine, *theirs = (
        play(problem, policy, replications=100, seed=1).totals
        for policy in (learned, rules(problem), Chance(action_codec(problem, "continuous")))
    )
    for other in theirs:
        more = paired(mine, other)
        assert more.mean is not None and more.half_width is not None
        # A profit, on the same events: the interval leaves out zero.
        assert more.mean > more.half_width
