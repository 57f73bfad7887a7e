"""Linear and mixed-integer programs of networks, and policies that solve them; the one place that imports a solver."""

from basestock.optimal.programs.model import ProgramModel, Solved
from basestock.optimal.programs.network_program import NetworkProgram, ProgramResult, network_program
from basestock.optimal.programs.paths import demand_events, draw_events, expected_events
from basestock.optimal.programs.plan import Plan, PlanPolicy, Replayed, plan_policy, replay
from basestock.optimal.programs.refusal import InfeasibleError, ProgramError, UnboundedError, UnsupportedError

__all__ = [
    "InfeasibleError",
    "NetworkProgram",
    "Plan",
    "PlanPolicy",
    "ProgramError",
    "ProgramModel",
    "ProgramResult",
    "Replayed",
    "Solved",
    "UnboundedError",
    "UnsupportedError",
    "demand_events",
    "draw_events",
    "expected_events",
    "network_program",
    "plan_policy",
    "replay",
]
