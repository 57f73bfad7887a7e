"""What is asked: problems, what may be seen, how actions become quantities, and the protocol of policies."""

from basestock.decision.action_map import ActionMap, LaneOrders, NodeOrders, OrderChoices, OrderUpToLevels
from basestock.decision.information import Information
from basestock.decision.observation import Label, Observation, flatten, labels
from basestock.decision.policy import Policy
from basestock.decision.problem import Certificate, Criterion, KnownValue, Problem
from basestock.decision.simulate import Game, advance, begin, game, simulate

__all__ = [
    "ActionMap",
    "Certificate",
    "Criterion",
    "Game",
    "Information",
    "KnownValue",
    "Label",
    "LaneOrders",
    "NodeOrders",
    "Observation",
    "OrderChoices",
    "OrderUpToLevels",
    "Policy",
    "Problem",
    "advance",
    "begin",
    "flatten",
    "game",
    "labels",
    "simulate",
]
