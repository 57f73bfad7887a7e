"""What it costs: tariffs, ledger terms, sums over paths, key figures, risk."""

from basestock.economics.estimates import Estimate, estimate, estimate_ratio
from basestock.economics.kpis import KPIS, Kpi, Sums, bullwhip_kpis, sums_of, unit_costs
from basestock.economics.ledger import TERMS, Ledger, Term, ledger_for
from basestock.economics.risk import (
    cvar,
    risk_adjusted,
    semideviation,
    share_estimate,
    sharpe,
    sortino,
    value_at_risk,
    wilson,
)
from basestock.economics.tariff import Tariff, TariffError, make_tariff, rate_names
from basestock.economics.totals import Compensated, Moments, Totals, TotalsFold, tier_rows

__all__ = [
    "KPIS",
    "TERMS",
    "Compensated",
    "Estimate",
    "Kpi",
    "Ledger",
    "Moments",
    "Sums",
    "Tariff",
    "TariffError",
    "Term",
    "Totals",
    "TotalsFold",
    "bullwhip_kpis",
    "cvar",
    "estimate",
    "estimate_ratio",
    "ledger_for",
    "make_tariff",
    "rate_names",
    "risk_adjusted",
    "semideviation",
    "share_estimate",
    "sharpe",
    "sortino",
    "sums_of",
    "tier_rows",
    "unit_costs",
    "value_at_risk",
    "wilson",
]
