"""Ledger terms, one function each: ``term(tariff, step) -> money`` on declared axes, never negative."""

from basestock.economics.terms.backorder import backorder
from basestock.economics.terms.fixed_order import fixed_order
from basestock.economics.terms.holding import holding, pipeline_holding
from basestock.economics.terms.lost_sale import lost_sale
from basestock.economics.terms.purchase import purchase
from basestock.economics.terms.revenue import revenue
from basestock.economics.terms.transport import transport

__all__ = [
    "backorder",
    "fixed_order",
    "holding",
    "lost_sale",
    "pipeline_holding",
    "purchase",
    "revenue",
    "transport",
]
