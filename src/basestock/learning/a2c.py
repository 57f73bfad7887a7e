"""Advantage actor-critic."""

import dataclasses
import math
from typing import ClassVar

from jaxtyping import Array, Float

from basestock.decision import Problem
from basestock.learning.checkpoints import Checkpoint
from basestock.learning.on_policy import Batch, Method, OnPolicyConfig, learned_on_policy
from basestock.learning.results import TrainResult
from basestock.learning.runs import Tell, tell_nobody
from basestock.learning.settings import Count, Positive


@dataclasses.dataclass(frozen=True)
class A2CConfig(OnPolicyConfig):
    """Settings of A2C, all of which it shares with PPO: an update is one step on all decisions."""

    periods: Count = 15
    learning_rate: Positive = 5e-3


class PolicyGradient(Method):
    """The policy gradient of advantages."""

    name: ClassVar[str] = "a2c"

    def loss(self, logarithms: Float[Array, " decision"], batch: Batch) -> Float[Array, ""]:
        """Return minus the mean of advantages times logarithms of chances."""
        return -(logarithms * batch.advantages).mean()


def train(
    problem: Problem,
    config: A2CConfig,
    *,
    key: Array,
    tell: Tell = tell_nobody,
    checkpoint: Checkpoint | None = None,
) -> TrainResult:
    """Learn a policy by advantage actor-critic.

    Parameters and result are those of every learner: :class:`basestock.learning.registry.Train`.

    Notes
    -----
    The synchronous form of Mnih et al. 2016, doi:10.48550/arXiv.1602.01783, with generalized advantage estimation.
    """
    method = PolicyGradient(epochs=1, minibatches=1, most_change=math.inf)
    return learned_on_policy(problem, config, method, key=key, tell=tell, checkpoint=checkpoint)
