"""Records of the family ``lost_sales_fixed_cost``: lost sales where every order costs something."""

from basestock.problems.families.lost_sales import CRITERIA, KIND, PARAMETERS, build, wrong

__all__ = ["CRITERIA", "KIND", "PARAMETERS", "build", "wrong"]
