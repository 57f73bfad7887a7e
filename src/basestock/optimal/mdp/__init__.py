"""Exact dynamic programming of finite problems over the one transition."""

from basestock.optimal.mdp.enumeration import FiniteProcess, enumerate_process
from basestock.optimal.mdp.iteration import AverageCostSolution, minimize_average_cost
from basestock.optimal.mdp.policy import box_share, choices_of, evaluate_choices

__all__ = [
    "AverageCostSolution",
    "FiniteProcess",
    "box_share",
    "choices_of",
    "enumerate_process",
    "evaluate_choices",
    "minimize_average_cost",
]
