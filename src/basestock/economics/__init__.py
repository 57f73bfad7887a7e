"""What it costs: tariffs, ledger terms, sums over paths, key figures, risk."""

from basestock.economics.context import (
    Context,
    demand_regime,
    period_number,
    scarce_supply,
    weight_of,
    with_context,
)
from basestock.economics.estimates import Estimate, estimate, estimate_ratio
from basestock.economics.kpis import KPIS, Kpi, Sums, bullwhip_kpis, sums_of, unit_costs
from basestock.economics.ledger import TERMS, Ledger, Term, ledger_for
from basestock.economics.rewards import HybridWeights, hybrid_rewards, local_rewards, shared_rewards
from basestock.economics.risk import (
    cvar,
    relative_returns,
    risk_adjusted,
    risk_profile,
    semideviation,
    share_estimate,
    sharpe,
    sortino,
    value_at_risk,
    wilson,
)
from basestock.economics.tariff import Tariff, TariffError, make_tariff, rate_names
from basestock.economics.totals import Compensated, Moments, Totals, TotalsFold, tier_rows
from basestock.economics.typical import TYPICAL, Conventions, Range, atypical_rates

__all__ = [
    "KPIS",
    "TERMS",
    "TYPICAL",
    "Compensated",
    "Context",
    "Conventions",
    "Estimate",
    "HybridWeights",
    "Kpi",
    "Ledger",
    "Moments",
    "Range",
    "Sums",
    "Tariff",
    "TariffError",
    "Term",
    "Totals",
    "TotalsFold",
    "atypical_rates",
    "bullwhip_kpis",
    "cvar",
    "demand_regime",
    "estimate",
    "estimate_ratio",
    "hybrid_rewards",
    "ledger_for",
    "local_rewards",
    "make_tariff",
    "period_number",
    "rate_names",
    "relative_returns",
    "risk_adjusted",
    "risk_profile",
    "scarce_supply",
    "semideviation",
    "share_estimate",
    "shared_rewards",
    "sharpe",
    "sortino",
    "sums_of",
    "tier_rows",
    "unit_costs",
    "value_at_risk",
    "weight_of",
    "wilson",
    "with_context",
]
