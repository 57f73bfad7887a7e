"""The registered families of perishable items: names, units and sources."""

from collections.abc import Callable, Mapping

from basestock.decision import Problem
from basestock.problems.perishable import perishable_profit, perishable_single_class, perishable_two_class
from basestock.problems.perishable_networks import grocery_seasonal, inventory_management, pharmacy

PAGE = "page on reinforcement learning for inventories, example in code: sizes, costs, lead time, rate; rest ours"
OURS = (
    "instance of this project; the page on reinforcement learning for inventories gives sizes and ranges only"
)

_UNITS = {
    "shelf_life": "periods",
    "lead_time": "periods",
    "mean": "units/period",
    "cv": "-",
    "std": "units/period",
    "max_order": "units",
    "order_cost": "money/unit",
    "lost_sale_cost": "money/unit",
    "wastage_cost": "money/unit",
    "outdating_cost": "money/unit",
    "holding_cost": "money/(unit period)",
    "issuing": "fifo or lifo",
    "discount": "per period",
    "horizon": "periods",
    "warm_up": "periods",
    "fifo_share": "share",
    "max_inventory_position": "units",
    "unit_cost": "money/unit",
    "price": "money/unit",
    "num_stores": "-",
    "num_products": "-",
    "demand_dist": "name of a law",
    "shortage_cost": "money/unit",
    "perish_rate": "share/period",
    "mean_demand": "units/period",
    "num_items": "-",
    "num_hospitals": "-",
    "num_warehouses": "-",
    "num_suppliers": "-",
    "shortest_life": "periods",
    "longest_life": "periods",
    "lead_time_spread": "share",
    "storage_days": "days of mean demand",
    "cold_share": "share",
    "cold_days": "days of mean demand",
    "lumpy_share": "share",
    "season": "share",
    "seed": "-",
    "amplitude": "share",
    "season_days": "periods",
    "waste_cost": "money/unit",
    "train_years": "years",
}

PERISHABLE: tuple[tuple[str, Callable[..., Problem], Mapping[str, str], str], ...] = (
    ("perishable_single_class", perishable_single_class, _UNITS, "doi:10.1007/s10479-025-06551-6"),
    ("perishable_two_class", perishable_two_class, _UNITS, "doi:10.48550/arXiv.2011.15122"),
    ("perishable_profit", perishable_profit, _UNITS, "doi:10.1002/cmm4.1027"),
    ("inventory_management", inventory_management, _UNITS, PAGE),
    ("pharmacy", pharmacy, _UNITS, OURS),
    ("grocery_seasonal", grocery_seasonal, _UNITS, OURS),
)
"""Name, function, units and source of each family."""
