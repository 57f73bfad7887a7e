"""Known instances: one function per published family, with its reference numbers."""

from basestock.problems.registry import FAMILIES, Family, make_problem
from basestock.problems.single_item import backorder, demand_law, lost_sales

__all__ = ["FAMILIES", "Family", "backorder", "demand_law", "lost_sales", "make_problem"]
