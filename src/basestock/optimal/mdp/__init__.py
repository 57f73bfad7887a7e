"""Exact dynamic programming of finite problems over the one transition."""

from basestock.optimal.mdp.crossing import FiniteHorizonSolution, minimize_finite_horizon
from basestock.optimal.mdp.enumeration import FiniteProcess, enumerate_process
from basestock.optimal.mdp.horizon import TotalCostSolution, minimize_total_cost
from basestock.optimal.mdp.iteration import AverageCostSolution, minimize_average_cost
from basestock.optimal.mdp.policy import box_share, choices_of, evaluate_choices

__all__ = [
    "AverageCostSolution",
    "FiniteHorizonSolution",
    "FiniteProcess",
    "TotalCostSolution",
    "box_share",
    "choices_of",
    "enumerate_process",
    "evaluate_choices",
    "minimize_average_cost",
    "minimize_finite_horizon",
    "minimize_total_cost",
]
