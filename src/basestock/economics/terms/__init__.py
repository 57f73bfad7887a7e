"""Ledger terms, one function each: ``term(tariff, step) -> money`` on declared axes, never negative."""

from basestock.economics.terms.backorder import backorder
from basestock.economics.terms.fixed_order import fixed_order
from basestock.economics.terms.holding import holding, pipeline_holding
from basestock.economics.terms.information import lead_time_deviation, message
from basestock.economics.terms.internal import internal_sale
from basestock.economics.terms.lost_sale import lost_sale
from basestock.economics.terms.market import (
    brought_back,
    price_change,
    return_rate,
    sales_at_price,
    shortage_occurrence,
    unmet_demand,
    unserved_consumers,
)
from basestock.economics.terms.operations import (
    capital,
    cost_of_sales,
    imbalance,
    material_use,
    operating_fixed,
    operating_variable,
    service,
    stock_deviation,
    supply_purchase,
    turnover,
)
from basestock.economics.terms.production import (
    changeover,
    downtime,
    idle,
    overtime,
    production,
    production_run,
    scrapped_run,
)
from basestock.economics.terms.purchase import purchase
from basestock.economics.terms.quality import inspection, rejection, warranty
from basestock.economics.terms.revenue import revenue
from basestock.economics.terms.supply import (
    bracket_purchase,
    carbon,
    carbon_vehicle,
    contract_shortfall,
    expediting,
    joint_order,
    limit_excess,
    order_change,
    special_delivery,
    vehicle,
)
from basestock.economics.terms.transport import transport
from basestock.economics.terms.unit_order import unit_order
from basestock.economics.terms.unshipped import unshipped
from basestock.economics.terms.waste import waste
from basestock.economics.terms.zero_stock import zero_stock

__all__ = [
    "backorder",
    "bracket_purchase",
    "brought_back",
    "capital",
    "carbon",
    "carbon_vehicle",
    "changeover",
    "contract_shortfall",
    "cost_of_sales",
    "downtime",
    "expediting",
    "fixed_order",
    "holding",
    "idle",
    "imbalance",
    "inspection",
    "internal_sale",
    "joint_order",
    "lead_time_deviation",
    "limit_excess",
    "lost_sale",
    "material_use",
    "message",
    "operating_fixed",
    "operating_variable",
    "order_change",
    "overtime",
    "pipeline_holding",
    "price_change",
    "production",
    "production_run",
    "purchase",
    "rejection",
    "return_rate",
    "revenue",
    "sales_at_price",
    "scrapped_run",
    "service",
    "shortage_occurrence",
    "special_delivery",
    "stock_deviation",
    "supply_purchase",
    "transport",
    "turnover",
    "unit_order",
    "unmet_demand",
    "unserved_consumers",
    "unshipped",
    "vehicle",
    "warranty",
    "waste",
    "zero_stock",
]
