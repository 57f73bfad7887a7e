"""Registered families of supply: several sources, shared trucks, many retailers, games and crossing lead times."""

from basestock.problems.beer_game import STERMAN, beer_game
from basestock.problems.distribution import (
    KAYNOV,
    VAN_ROY,
    divergent_special_delivery,
    one_warehouse_multi_retailer,
)
from basestock.problems.dual_sourcing import SOURCE as DUAL
from basestock.problems.dual_sourcing import dual_sourcing
from basestock.problems.general_network import SOURCE as GENERAL
from basestock.problems.general_network import general_network
from basestock.problems.joint_replenishment import SOURCE as JOINT
from basestock.problems.joint_replenishment import joint_replenishment
from basestock.problems.random_lead_time import SOURCE as CROSSING
from basestock.problems.random_lead_time import random_lead_time
from basestock.problems.supply_uncertainty import SOURCE as UNCERTAIN
from basestock.problems.supply_uncertainty import random_yield, supply_uncertainty

_RATE = "money/(unit period)"
_COMMON = {
    "demand": "law of a period, units",
    "holding_cost": _RATE,
    "backorder_cost": _RATE,
    "horizon": "periods",
    "warm_up": "periods",
    "periods": "periods",
}
_TIME = {"holding_cost": "money/(unit time)", "backorder_cost": "money/(unit time)", "horizon": "demands"}

SUPPLY = (
    (
        "dual_sourcing",
        dual_sourcing,
        {
            **_COMMON,
            "regular_lead_time": "periods",
            "expedited_lead_time": "periods",
            "regular_cost": "money/unit",
            "expedited_cost": "money/unit",
            "initial_net_inventory": "units",
            "initial_pipeline": "units",
        },
        DUAL,
    ),
    (
        "joint_replenishment",
        joint_replenishment,
        {
            **_COMMON,
            "truck_size": "units",
            "truck_cost": "money/truck",
            "item_order_cost": "money/order",
            "lead_time": "periods",
            "discount": "factor per period",
        },
        JOINT,
    ),
    (
        "one_warehouse_multi_retailer",
        one_warehouse_multi_retailer,
        {
            **_COMMON,
            "unmet_demand": "name",
            "warehouse_lead_time": "periods",
            "retailer_lead_times": "periods",
            "holding_cost_warehouse": _RATE,
            "holding_cost_retailer": _RATE,
            "penalty_cost_retailer": "money/unit",
            "emergency_probability": "share",
            "allocation": "name of a rule",
        },
        KAYNOV,
    ),
    (
        "divergent_special_delivery",
        divergent_special_delivery,
        {
            **_COMMON,
            "stores": "stores",
            "delay_to_stores": "periods",
            "delay_to_warehouse": "periods",
            "production_capacity": "units/period",
            "warehouse_capacity": "units",
            "store_capacity": "units",
            "wait_probability": "share",
            "special_delivery_cost": "money/unit",
            "warehouse_storage_cost": _RATE,
            "store_storage_cost": _RATE,
            "shortage_cost": "money/unit",
        },
        VAN_ROY,
    ),
    (
        "general_network",
        general_network,
        {
            **_COMMON,
            "warehouses": "nodes",
            "retailers": "nodes",
            "lead_times": "periods",
            "edges": "warehouse, retailer, share",
            "holding_cost_warehouse": _RATE,
            "holding_cost_retailer": _RATE,
            "backorder_cost_retailer": _RATE,
        },
        GENERAL,
    ),
    (
        "beer_game",
        beer_game,
        {
            **_COMMON,
            "shipment_delay": "weeks",
            "order_delay": "weeks",
            "initial_stock": "cases",
            "initial_pipeline": "cases",
            "initial_orders": "cases",
            "directed_weeks": "weeks",
            "factory_delay": "weeks",
            "play": "board or article",
            "setting": "name of a setting",
        },
        STERMAN,
    ),
    (
        "supply_uncertainty",
        supply_uncertainty,
        {**_COMMON, "stockout_cost": _RATE, "disruption_prob": "share", "recovery_prob": "share"},
        UNCERTAIN,
    ),
    (
        "random_yield",
        random_yield,
        {
            "fixed_cost": "money/order",
            "holding_cost": "money/(unit time)",
            "demand_rate": "units/time",
            "yield_mean": "units, or share",
            "yield_std": "units, or share",
            "yield_kind": "name",
        },
        UNCERTAIN,
    ),
    (
        "random_lead_time",
        random_lead_time,
        {
            **_TIME,
            "rate": "demands/time",
            "lead_time": "law, time",
            "max_batch": "units",
            "slots": "units",
            "warm_up": "demands",
        },
        CROSSING,
    ),
)
"""Name, function, units of parameters, and source of each."""
