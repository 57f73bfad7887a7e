"""Exact dynamic programming of finite problems over the one transition."""

from basestock.optimal.mdp.box import Box
from basestock.optimal.mdp.budget import TooLargeError
from basestock.optimal.mdp.evaluated import ExactValue, NotMarkovError, evaluate_exactly
from basestock.optimal.mdp.iteration import METHODS, Method, NotClosedError
from basestock.optimal.mdp.layout import NotWholeError
from basestock.optimal.mdp.lookup import NotSeenError, Optimal
from basestock.optimal.mdp.optimum import Optimum, optimize

__all__ = [
    "METHODS",
    "Box",
    "ExactValue",
    "Method",
    "NotClosedError",
    "NotMarkovError",
    "NotSeenError",
    "NotWholeError",
    "Optimal",
    "Optimum",
    "TooLargeError",
    "evaluate_exactly",
    "optimize",
]
