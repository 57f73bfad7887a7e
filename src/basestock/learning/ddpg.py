"""Deep deterministic policy gradient."""

import dataclasses
from typing import ClassVar

from jaxtyping import Array

from basestock.decision import Problem
from basestock.learning.checkpoints import Checkpoint
from basestock.learning.off_policy import Deterministic, OffPolicyConfig, learned_off_policy
from basestock.learning.results import TrainResult
from basestock.learning.runs import Tell, tell_nobody
from basestock.learning.settings import NonNegative


@dataclasses.dataclass(frozen=True)
class DDPGConfig(OffPolicyConfig):
    """Settings of DDPG, besides those that it shares with SAC and TD3.

    Parameters
    ----------
    exploring
        Standard deviation of noise on the shares, in [-1, 1], that are tried.
    """

    exploring: NonNegative = 0.2


class SingleCritic(Deterministic):
    """One critic, asked about what the policy itself would do."""

    name: ClassVar[str] = "ddpg"


def train(
    problem: Problem,
    config: DDPGConfig,
    *,
    key: Array,
    tell: Tell = tell_nobody,
    checkpoint: Checkpoint | None = None,
) -> TrainResult:
    """Learn a policy by deep deterministic policy gradient.

    Parameters and result are those of every learner: :class:`basestock.learning.registry.Train`.

    Notes
    -----
    Lillicrap et al. 2016, doi:10.48550/arXiv.1509.02971, with Gaussian noise that does not depend on the period before.
    """
    method = SingleCritic(1, 1, config.exploring, 0.0, 0.0)
    return learned_off_policy(problem, config, method, key=key, tell=tell, checkpoint=checkpoint)
