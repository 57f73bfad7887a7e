"""The registered families of markets and of methods compared by net benefit: names, units and sources."""

from collections.abc import Callable, Mapping

from basestock.decision import Problem
from basestock.problems import manufacturing_market as plant
from basestock.problems import net_benefit as comparison

_WEIGHTS = dict.fromkeys(("alpha1", "alpha2", "alpha3", "beta1", "beta2", "beta3"), "weight")
_PLANT = _WEIGHTS | {
    "base_demand": "units/period",
    "elasticity": "relative change per relative change",
    "price": "money/unit",
    "unit_cost": "money/unit",
    "lead_times": "probabilities of 1, 2, ... periods",
    "hours_per_unit": "hours/unit",
    "max_repair_days": "periods",
    "cost_of_goods": "produced or sold",
    "annual_amplitude": "share",
    "weekly_amplitude": "share",
    "competitor_elasticity": "relative change per relative change",
    "material_memory": "share",
    "material_deviation": "share",
    "competitor_memory": "share",
    "competitor_deviation": "share",
    "machine_hours": "hours/period",
    "overtime_hours": "hours/period",
    "changeover_hours": "hours",
    "breakdown": "probability/period",
    "holding_weight": "money/unit^2",
    "shortage_share": "share of the margin",
    "idle_cost": "money/hour",
    "fixed_cost": "money/period",
    "variable_cost": "money/unit",
    "lead_time_deviation_cost": "money/(unit period)",
    "return_share": "share",
    "overtime_return_share": "share",
    "return_delay": "periods",
    "ideal_days": "periods",
    "discount": "factor/period",
    "horizon": "periods",
}
_COMPARISON = {
    "lead_time": "periods",
    "price": "money/unit",
    "unit_cost": "money/unit",
    "charge_purchases": "true or false",
    "holding_cost": "money/(unit period)",
    "stockout_cost": "money/unit",
    "ordering_cost": "money/order",
    "amortized": "true or false",
    "every_period": "true or false",
    "initial_stock": "units",
    "train_days": "periods",
    "horizon": "periods",
    "demand_seed": "number",
    "orders_arrive": "true or false",
    "base_demand": "units/period",
    "trend": "share/year",
    "uncertainty": "log deviation",
    "volatility": "log deviation",
    "smoothed": "share",
    "num_scenarios": "number",
    "first_seed": "number",
} | dict.fromkeys(("annual_amplitude", "weekly_amplitude"), "share")

MARKETS: tuple[tuple[str, Callable[..., Problem], Mapping[str, str], str], ...] = (
    ("manufacturing_market", plant.manufacturing_market, _PLANT, plant.SOURCE),
    ("net_benefit", comparison.net_benefit, _COMPARISON, comparison.SOURCE),
    ("dynamic_scenarios", comparison.dynamic_scenarios, _COMPARISON, comparison.SOURCE),
)
"""Name, function, units of parameters and source of each family."""
