"""Who decides: classical rules, how to name them, and how to tune them."""

from basestock.policies.boxes import Box
from basestock.policies.formulas import Eoq, Newsvendor, economic_lot
from basestock.policies.joint import CanOrder, JointOrderUpTo
from basestock.policies.levels import (
    BaseStock,
    CappedBaseStock,
    EchelonBaseStock,
    ModifiedOrderUpTo,
    OrderUpTo,
    PeriodicMinMax,
    PeriodicOrderUpTo,
)
from basestock.policies.lookahead import DualBalancing, Myopic, Myopic2, ProjectedInventoryLevel
from basestock.policies.marginal import Marginal, marginal_for, periods_left_over
from basestock.policies.perishable import PerishableBaseStock
from basestock.policies.planning_systems import (
    DemandDriven,
    ErpnextMinMax,
    MaterialRequirements,
    MinimumStock,
    OdooMinMax,
)
from basestock.policies.players import AnchorAndAdjust, RandomAround, Team, team
from basestock.policies.protection import ProtectionDemand, money_at_stake, protection_demand
from basestock.policies.quantities import ConstantOrder, FixedQuantity, PeriodicFixedQuantity
from basestock.policies.registry import REGISTRY, Entry, find, from_parameters
from basestock.policies.rules_of_thumb import FuzzyControl, RuleBase
from basestock.policies.scheduling import RuleScheduler
from basestock.policies.search import Fit, fit
from basestock.policies.two_sources import (
    CappedDualIndex,
    DualIndex,
    SingleIndex,
    TailoredBaseSurge,
)
from basestock.policies.vector import VectorBaseStock
from basestock.policies.wrappers import Either, FirstOrder, Legal

__all__ = [
    "REGISTRY",
    "AnchorAndAdjust",
    "BaseStock",
    "Box",
    "CanOrder",
    "CappedBaseStock",
    "CappedDualIndex",
    "ConstantOrder",
    "DemandDriven",
    "DualBalancing",
    "DualIndex",
    "EchelonBaseStock",
    "Either",
    "Entry",
    "Eoq",
    "ErpnextMinMax",
    "FirstOrder",
    "Fit",
    "FixedQuantity",
    "FuzzyControl",
    "JointOrderUpTo",
    "Legal",
    "Marginal",
    "MaterialRequirements",
    "MinimumStock",
    "ModifiedOrderUpTo",
    "Myopic",
    "Myopic2",
    "Newsvendor",
    "OdooMinMax",
    "OrderUpTo",
    "PeriodicFixedQuantity",
    "PeriodicMinMax",
    "PeriodicOrderUpTo",
    "PerishableBaseStock",
    "ProjectedInventoryLevel",
    "ProtectionDemand",
    "RandomAround",
    "RuleBase",
    "RuleScheduler",
    "SingleIndex",
    "TailoredBaseSurge",
    "Team",
    "VectorBaseStock",
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
