"""How a network moves: compiled arrays, states, stages, and the one transition."""

from basestock.dynamics.arrays import Features, NetworkArrays, compile_network
from basestock.dynamics.audit import AUDITED, residuals
from basestock.dynamics.canonical import canonical, in_period
from basestock.dynamics.initial import InitialState, empty_state
from basestock.dynamics.lanes import at_destination, at_source, into_nodes, out_of_nodes
from basestock.dynamics.life import Life, classes_of
from basestock.dynamics.lots import by_remaining_life, expiring_within, with_stock
from basestock.dynamics.ordering import NO_TERMS, Terms
from basestock.dynamics.plants import (
    RESOURCE_STATES,
    expected_output,
    money_at_plants,
    owed_components,
    resource_states,
    runs_for,
)
from basestock.dynamics.production import Production
from basestock.dynamics.rollout import Decide, Fold, Moving, Path, Step, blank_outcome, rollout
from basestock.dynamics.stages import REPAIRS
from basestock.dynamics.state import Decision, PeriodOutcome, State
from basestock.dynamics.transition import (
    ORDER_RECEIVE_ASSEMBLE,
    ORDER_RECEIVE_SELL,
    RECEIVE_ORDER_SELL,
    SELL_BEFORE_RECEIVING,
    Sequence,
    Stage,
    close_period,
    no_decision,
    open_period,
    transition,
    under_way,
    with_repairs,
)

__all__ = [
    "AUDITED",
    "NO_TERMS",
    "ORDER_RECEIVE_ASSEMBLE",
    "ORDER_RECEIVE_SELL",
    "RECEIVE_ORDER_SELL",
    "REPAIRS",
    "RESOURCE_STATES",
    "SELL_BEFORE_RECEIVING",
    "Decide",
    "Decision",
    "Features",
    "Fold",
    "InitialState",
    "Life",
    "Moving",
    "NetworkArrays",
    "Path",
    "PeriodOutcome",
    "Production",
    "Sequence",
    "Stage",
    "State",
    "Step",
    "Terms",
    "at_destination",
    "at_source",
    "blank_outcome",
    "by_remaining_life",
    "canonical",
    "classes_of",
    "close_period",
    "compile_network",
    "empty_state",
    "expected_output",
    "expiring_within",
    "in_period",
    "into_nodes",
    "money_at_plants",
    "no_decision",
    "open_period",
    "out_of_nodes",
    "owed_components",
    "residuals",
    "resource_states",
    "rollout",
    "runs_for",
    "transition",
    "under_way",
    "with_repairs",
    "with_stock",
]
