"""Exact dynamic programming of finite problems over the one transition."""

from basestock.optimal.mdp.enumeration import FiniteProcess, enumerate_process
from basestock.optimal.mdp.iteration import AverageCostSolution, minimize_average_cost

__all__ = ["AverageCostSolution", "FiniteProcess", "enumerate_process", "minimize_average_cost"]
