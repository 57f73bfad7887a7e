"""How a network moves: compiled arrays, states, stages, and the one transition."""

from basestock.dynamics.arrays import Features, NetworkArrays, compile_network
from basestock.dynamics.audit import AUDITED, residuals
from basestock.dynamics.canonical import canonical
from basestock.dynamics.initial import InitialState, empty_state
from basestock.dynamics.lanes import at_destination, at_source, into_nodes, out_of_nodes
from basestock.dynamics.rollout import Decide, Fold, Moving, Path, Step, blank_outcome, rollout
from basestock.dynamics.state import Decision, PeriodOutcome, State
from basestock.dynamics.transition import (
    RECEIVE_ORDER_SELL,
    SELL_BEFORE_RECEIVING,
    Sequence,
    Stage,
    close_period,
    no_decision,
    open_period,
    transition,
    under_way,
)

__all__ = [
    "AUDITED",
    "RECEIVE_ORDER_SELL",
    "SELL_BEFORE_RECEIVING",
    "Decide",
    "Decision",
    "Features",
    "Fold",
    "InitialState",
    "Moving",
    "NetworkArrays",
    "Path",
    "PeriodOutcome",
    "Sequence",
    "Stage",
    "State",
    "Step",
    "at_destination",
    "at_source",
    "blank_outcome",
    "canonical",
    "close_period",
    "compile_network",
    "empty_state",
    "into_nodes",
    "no_decision",
    "open_period",
    "out_of_nodes",
    "residuals",
    "rollout",
    "transition",
    "under_way",
]
