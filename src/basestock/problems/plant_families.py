"""The registered families of plants and of quality: names, units and sources."""

from collections.abc import Callable, Mapping

from basestock.decision import Problem
from basestock.problems.acceptance_sampling import acceptance_sampling
from basestock.problems.assembly import SOURCE, assembly_dqn_2025
from basestock.problems.electronics import OURS as NETWORK
from basestock.problems.electronics import electronics_network
from basestock.problems.plants import (
    OURS,
    assembly_coupled,
    assembly_two_level,
    mesh,
    production_queue,
    star,
)

_UNITS = {
    "consumption": "units/product",
    "demand": "probabilities",
    "lead_times": "probabilities, a component after each semicolon",
    "holding_cost": "money/(unit period)",
    "shortage_cost": "money/(unit period)",
    "zero_stock_penalty": "money/period",
    "order_cost": "money/unit",
    "initial_stock": "units",
    "observation": "markov or stock",
    "action_range": "full or short",
    "horizon": "periods",
    "warm_up": "periods",
    "component_yield": "share",
    "parts_per_module": "units",
    "modules_per_product": "units",
    "screws_per_product": "units",
    "demand_mean": "units/period",
    "dispersion": "variance/mean",
    "season": "share",
    "lead_time": "periods",
    "module_duration": "periods",
    "product_duration": "periods",
    "spokes": "number",
    "plants": "number",
    "shops": "number",
    "regions": "number",
    "hub_hours": "hours/period",
    "plant_hours": "hours/period",
    "arrivals": "units/period",
    "success": "probability",
    "quality_level": "share",
    "tolerance": "share",
    "producer_risk": "probability",
    "consumer_risk": "probability",
    "bad_lots": "share",
    "lot_size": "units",
    "sample_size": "units",
    "acceptance_number": "units",
    "inspection_cost": "money/unit",
    "rejection_cost": "money/unit",
    "warranty_cost": "money/unit",
    "supplier_lead_times": "periods, fewest and most",
    "delay_probability": "probability/period",
    "delay_days": "periods",
    "extra_lead_time": "periods",
    "surge_probability": "probability/period",
    "surge_days": "periods",
    "surge_factor": "factor",
    "outage_start": "period",
    "outage_days": "periods",
}

PLANTS: tuple[tuple[str, Callable[..., Problem], Mapping[str, str], str], ...] = (
    ("assembly_dqn_2025", assembly_dqn_2025, _UNITS, SOURCE),
    ("assembly_coupled", assembly_coupled, _UNITS, SOURCE),
    ("assembly_two_level", assembly_two_level, _UNITS, OURS),
    ("star", star, _UNITS, OURS),
    ("mesh", mesh, _UNITS, OURS),
    ("production_queue", production_queue, _UNITS, "Pollaczek and Khinchine"),
    ("electronics_network", electronics_network, _UNITS, NETWORK),
    ("acceptance_sampling", acceptance_sampling, _UNITS, OURS),
)
"""Name, function, units and source of each family."""
