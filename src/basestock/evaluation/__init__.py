"""How good a policy is: paired comparisons on the same events, intervals, gaps."""

from basestock.economics import Estimate, estimate, estimate_ratio
from basestock.evaluation.fairness import FairnessError, require_fair
from basestock.evaluation.report import EvaluationReport, PolicyRow, evaluate, gap_percent
from basestock.evaluation.run import Played, kpi_estimates, paired, play

__all__ = [
    "Estimate",
    "EvaluationReport",
    "FairnessError",
    "Played",
    "PolicyRow",
    "estimate",
    "estimate_ratio",
    "evaluate",
    "gap_percent",
    "kpi_estimates",
    "paired",
    "play",
    "require_fair",
]
