"""Who decides: classical rules, how to name them, and how to tune them."""

from basestock.policies.formulas import Eoq, Newsvendor, economic_lot
from basestock.policies.levels import (
    BaseStock,
    CappedBaseStock,
    EchelonBaseStock,
    OrderUpTo,
    PeriodicMinMax,
    PeriodicOrderUpTo,
)
from basestock.policies.marginal import Marginal, marginal_for, periods_left_over
from basestock.policies.perishable import PerishableBaseStock
from basestock.policies.players import AnchorAndAdjust, RandomAround, Team, team
from basestock.policies.protection import ProtectionDemand, money_at_stake, protection_demand
from basestock.policies.quantities import ConstantOrder, FixedQuantity
from basestock.policies.registry import REGISTRY, Entry, find, from_parameters
from basestock.policies.search import Fit, fit
from basestock.policies.wrappers import Either, FirstOrder, Legal

__all__ = [
    "REGISTRY",
    "AnchorAndAdjust",
    "BaseStock",
    "CappedBaseStock",
    "ConstantOrder",
    "EchelonBaseStock",
    "Either",
    "Entry",
    "Eoq",
    "FirstOrder",
    "Fit",
    "FixedQuantity",
    "Legal",
    "Marginal",
    "Newsvendor",
    "OrderUpTo",
    "PeriodicMinMax",
    "PeriodicOrderUpTo",
    "PerishableBaseStock",
    "ProtectionDemand",
    "RandomAround",
    "Team",
    "economic_lot",
    "find",
    "fit",
    "from_parameters",
    "marginal_for",
    "money_at_stake",
    "periods_left_over",
    "protection_demand",
    "team",
]
