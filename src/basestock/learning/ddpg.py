"""Deep deterministic policy gradient."""

import dataclasses
from typing import ClassVar

from jaxtyping import Array

from basestock.decision import Problem
from basestock.learning.off_policy import Deterministic, OffPolicyConfig, learned_off_policy
from basestock.learning.results import TrainResult
from basestock.learning.runs import Tell


@dataclasses.dataclass(frozen=True)
class DDPGConfig(OffPolicyConfig):
    """Settings of DDPG, besides those that it shares with SAC and TD3.

    Parameters
    ----------
    exploring
        Standard deviation of noise on the shares, in [-1, 1], that are tried.
    """

    exploring: float = 0.2


class SingleCritic(Deterministic):
    """One critic, asked about what the policy itself would do."""

    name: ClassVar[str] = "ddpg"


def train(
    problem: Problem, config: DDPGConfig, *, key: Array, tell: Tell = lambda point: None
) -> TrainResult:
    """Learn a policy by deep deterministic policy gradient.

    Parameters
    ----------
    problem
        Any simulated problem.
    config
        Settings.
    key
        Key of the run: weights, training and selection events follow from it.
    tell
        Is told every point of the curve, with scalars named as CleanRL does (``losses/qf_loss`` and so on).

    Returns
    -------
    TrainResult
        The cheapest candidate on events of selection, without exploration: last parameters, their running average, or
        the best point of the curve.

    Notes
    -----
    Lillicrap et al. 2016, doi:10.48550/arXiv.1509.02971, with Gaussian noise that does not depend on the period before.
    """
    method = SingleCritic(1, 1, config.exploring, 0.0, 0.0)
    return learned_off_policy(problem, config, method, key=key, tell=tell)
