"""Proven bounds where the optimum is out of reach."""

from basestock.optimal.bounds.bound import Bound, all_bounds, best_bound
from basestock.optimal.bounds.hindsight import hindsight_bound
from basestock.optimal.bounds.lagrangian import lagrangian_bound
from basestock.optimal.bounds.lead_time import shorter_lead_time
from basestock.optimal.bounds.linear import (
    approximate_program_bound,
    average_cost_by_program,
    average_cost_program,
)
from basestock.optimal.bounds.newsvendor import newsvendor_bound
from basestock.optimal.bounds.relaxation import ClairvoyantGap, clairvoyant_gap, penalized_bound

__all__ = [
    "Bound",
    "ClairvoyantGap",
    "all_bounds",
    "approximate_program_bound",
    "average_cost_by_program",
    "average_cost_program",
    "best_bound",
    "clairvoyant_gap",
    "hindsight_bound",
    "lagrangian_bound",
    "newsvendor_bound",
    "penalized_bound",
    "shorter_lead_time",
]
