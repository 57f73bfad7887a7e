"""What is asked: problems, what may be seen, how actions become quantities, and the protocol of policies."""

from basestock.decision.action_map import (
    ActionMap,
    LaneOrders,
    LateralTransfers,
    NodeOrders,
    OrderChoices,
    OrderUpToLevels,
    ThresholdShifts,
)
from basestock.decision.blocks import BLOCKS, block_layout, flatten_blocks, to_blocks, unflatten_blocks
from basestock.decision.information import Information
from basestock.decision.joint_index import JointIndex
from basestock.decision.needed_stages import missing_stages, stands_for
from basestock.decision.observation import FLAT_FIELDS, Label, Observation, flatten, labels
from basestock.decision.policy import Policy
from basestock.decision.problem import Certificate, Criterion, Kind, KnownValue, Problem, Solution
from basestock.decision.scopes import (
    Bounds,
    CampaignDepth,
    PriceAction,
    Projection,
    Scoped,
    ScopedPolicy,
    project,
    within_scope,
)
from basestock.decision.simulate import Game, advance, begin, game, messages_sent, simulate
from basestock.decision.stock_only import StockOnly
from basestock.decision.views import (
    Communication,
    Delayed,
    Forecasting,
    Local,
    Messages,
    Noisy,
    View,
    lane_neighbors,
)

__all__ = [
    "BLOCKS",
    "FLAT_FIELDS",
    "ActionMap",
    "Bounds",
    "CampaignDepth",
    "Certificate",
    "Communication",
    "Criterion",
    "Delayed",
    "Forecasting",
    "Game",
    "Information",
    "JointIndex",
    "Kind",
    "KnownValue",
    "Label",
    "LaneOrders",
    "LateralTransfers",
    "Local",
    "Messages",
    "NodeOrders",
    "Noisy",
    "Observation",
    "OrderChoices",
    "OrderUpToLevels",
    "Policy",
    "PriceAction",
    "Problem",
    "Projection",
    "Scoped",
    "ScopedPolicy",
    "Solution",
    "StockOnly",
    "ThresholdShifts",
    "View",
    "advance",
    "begin",
    "block_layout",
    "flatten",
    "flatten_blocks",
    "game",
    "labels",
    "lane_neighbors",
    "messages_sent",
    "missing_stages",
    "project",
    "simulate",
    "stands_for",
    "to_blocks",
    "unflatten_blocks",
    "within_scope",
]
