"""The registered problems of other packages: names, units and sources."""

from collections.abc import Callable, Mapping
from functools import partial

from basestock.decision import Problem
from basestock.problems.or_gym import inventory, network, scenarios
from basestock.problems.or_gym.inventory import inventory_management
from basestock.problems.or_gym.network import network_management
from basestock.problems.or_gym.newsvendor import SOURCE as NEWSVENDOR_SOURCE
from basestock.problems.or_gym.newsvendor import newsvendor

_UNITS = {
    "mode": "faithful or sound",
    "unmet": "backorder or lost",
    "periods": "periods",
    "initial_stock": "units by stage",
    "retail_price": "money/unit",
    "unit_prices": "money/unit by stage",
    "shortage_costs": "money/(unit period) by stage",
    "shortage_cost": "money/unit",
    "holding_costs": "money/(unit period) by stage",
    "holding_cost": "money/(unit period)",
    "capacities": "units/period by stage",
    "lead_times": "periods by stage",
    "lead_time": "periods",
    "discount": "per period",
    "demand": "name of a law",
    "mean": "units/period",
    "variant": "perishing or carry",
    "max_inventory": "units",
    "max_order": "units/order",
    "price": "money/unit",
    "unit_cost": "money/unit",
    "chain": "network or serial",
    "goodwill": "true or false",
}

_PATTERN = {**_UNITS, "demand": "name of a pattern"}

OR_GYM: tuple[tuple[str, Callable[..., Problem], Mapping[str, str], str], ...] = (
    ("or_gym/inv_management_v0", inventory_management, _UNITS, inventory.SOURCE),
    ("or_gym/inv_management_v1", partial(inventory_management, unmet="lost"), _UNITS, inventory.SOURCE),
    ("or_gym/network_management_v0", network_management, _UNITS, network.SOURCE),
    ("or_gym/network_management_v1", partial(network_management, unmet="lost"), _UNITS, network.SOURCE),
    ("or_gym/newsvendor", newsvendor, _UNITS, NEWSVENDOR_SOURCE),
    *(
        (f"invmgmt/{name}", partial(scenarios.invmgmt_scenario, **arguments), _PATTERN, scenarios.SOURCE)
        for name, arguments in scenarios.SCENARIOS.items()
    ),
)
"""Name, function, units and source of each problem."""
