"""How good a policy is: paired comparisons on the same events, intervals, gaps."""

from basestock.economics import Estimate, estimate, estimate_ratio
from basestock.evaluation.computed import evaluate_computed
from basestock.evaluation.disruptions import DisruptionEffect, dated, disruption_effects
from basestock.evaluation.fairness import FairnessError, require_fair
from basestock.evaluation.lead_times import LeadTimeHistogram, lead_time_histograms
from basestock.evaluation.report import EvaluationReport, PolicyRow, evaluate, gap_percent
from basestock.evaluation.resilience import Resilience
from basestock.evaluation.run import Played, kpi_estimates, paired, play

__all__ = [
    "DisruptionEffect",
    "Estimate",
    "EvaluationReport",
    "FairnessError",
    "LeadTimeHistogram",
    "Played",
    "PolicyRow",
    "Resilience",
    "dated",
    "disruption_effects",
    "estimate",
    "estimate_ratio",
    "evaluate",
    "evaluate_computed",
    "gap_percent",
    "kpi_estimates",
    "lead_time_histograms",
    "paired",
    "play",
    "require_fair",
]
