"""Twin delayed deep deterministic policy gradient."""

import dataclasses
from typing import ClassVar

from jaxtyping import Array

from basestock.decision import Problem
from basestock.learning.checkpoints import Checkpoint
from basestock.learning.off_policy import Deterministic, OffPolicyConfig, learned_off_policy
from basestock.learning.results import TrainResult
from basestock.learning.runs import Tell, tell_nobody
from basestock.learning.settings import Count, NonNegative


@dataclasses.dataclass(frozen=True)
class TD3Config(OffPolicyConfig):
    """Settings of TD3, besides those that it shares with SAC and DDPG.

    Parameters
    ----------
    exploring
        Standard deviation of noise on the shares, in [-1, 1], that are tried.
    smoothing, within
        Standard deviation and bounds of noise on the shares that critics are asked about ahead.
    delay
        Steps of the critics for a step of the policy.
    """

    exploring: NonNegative = 0.2
    smoothing: NonNegative = 0.1
    within: NonNegative = 0.25
    delay: Count = 2


class TwinDelayed(Deterministic):
    """Two critics, smoothed targets, and a policy that waits."""

    name: ClassVar[str] = "td3"


def train(
    problem: Problem,
    config: TD3Config,
    *,
    key: Array,
    tell: Tell = tell_nobody,
    checkpoint: Checkpoint | None = None,
) -> TrainResult:
    """Learn a policy by twin delayed deep deterministic policy gradient.

    Parameters and result are those of every learner: :class:`basestock.learning.registry.Train`.

    Notes
    -----
    Fujimoto et al. 2018, doi:10.48550/arXiv.1802.09477.
    """
    method = TwinDelayed(2, config.delay, config.exploring, config.smoothing, config.within)
    return learned_off_policy(problem, config, method, key=key, tell=tell, checkpoint=checkpoint)
