"""Values printed in the literature for perishable items."""

from collections.abc import Mapping
from typing import Any

from basestock.decision import KnownValue

_FARRINGTON = "Farrington et al. 2025, Table 3, doi:10.1007/s10479-025-06551-6"
_TEMIZOZ = "Temizoz et al. 2025, log of perishables, doi:10.48550/arXiv.2011.15122"
_HENDRIX = "Hendrix et al. 2019, doi:10.1002/cmm4.1027"

SINGLE_CLASS: dict[tuple[str, int, int, float], int] = {
    ("fifo", 2, 1, 7): -1457,
    ("fifo", 2, 1, 10): -1463,
    ("fifo", 2, 2, 10): -1469,
    ("fifo", 3, 1, 7): -1424,
    ("fifo", 3, 2, 7): -1435,
    ("fifo", 3, 2, 10): -1437,
    ("fifo", 4, 1, 10): -1422,
    ("fifo", 4, 2, 7): -1432,
    ("fifo", 5, 1, 7): -1422,
    ("fifo", 5, 1, 10): -1422,
    ("fifo", 5, 2, 10): -1432,
    ("lifo", 2, 1, 7): -1553,
    ("lifo", 2, 2, 7): -1551,
    ("lifo", 2, 2, 10): -1569,
    ("lifo", 3, 1, 10): -1498,
    ("lifo", 3, 2, 7): -1513,
    ("lifo", 4, 1, 7): -1459,
    ("lifo", 4, 1, 10): -1465,
    ("lifo", 4, 2, 10): -1489,
    ("lifo", 5, 1, 7): -1443,
    ("lifo", 5, 2, 7): -1463,
    ("lifo", 5, 2, 10): -1467,
}
"""Optimal discounted return by (issuing, shelf life, lead time, wastage cost), simulated by its authors."""

TWO_CLASS: dict[tuple[int, int, float, float], float] = {
    (3, 0, 2, 0.5): 32.5869,
    (3, 0, 2, 1.0): 13.20958,
    (3, 0, 3, 0.0): 87.79911,
    (3, 0, 3, 1.0): 50.90595,
    (3, 0, 4, 0.0): 130.53107,
    (3, 0, 4, 0.5): 119.17458,
    (3, 1, 2, 0.0): 75.84691,
    (3, 1, 2, 1.0): 23.2582,
    (3, 1, 3, 0.0): 120.39392,
    (3, 1, 3, 0.5): 98.23001,
    (3, 1, 4, 0.5): 141.44226,
    (3, 1, 4, 1.0): 114.32933,
    (3, 2, 2, 0.0): 91.49433,
    (3, 2, 3, 1.0): 71.56173,
    (3, 2, 4, 0.0): 178.50459,
    (3, 2, 4, 1.0): 119.1369,
    (4, 0, 2, 0.5): 16.54069,
    (4, 0, 2, 1.0): 3.68914,
    (4, 0, 3, 0.0): 64.41489,
    (4, 0, 3, 1.0): 25.89722,
    (4, 0, 4, 0.0): 98.84333,
    (4, 0, 4, 0.5): 86.7311,
    (4, 1, 2, 0.0): 56.34991,
    (4, 1, 2, 1.0): 9.09159,
    (4, 1, 3, 0.0): 92.44484,
    (4, 1, 4, 1.0): 78.48598,
    (5, 0, 2, 1.0): 0.96461,
    (5, 0, 3, 0.0): 50.07021,
    (5, 0, 3, 1.0): 13.57544,
    (5, 0, 4, 0.0): 78.29447,
}
"""Optimal average cost by (shelf life, lead time, standard deviation of demand of mean 4, share of FIFO demand)."""

TWO_CLASS_BEST: dict[tuple[int, int, float, float], float] = {
    (3, 2, 2, 0.5): 57.5835,
    (3, 2, 3, 0.5): 105.038,
    (4, 1, 3, 0.5): 69.6481,
    (4, 1, 4, 0.5): 108.933,
    (4, 2, 2, 0.0): 69.8633,
    (4, 2, 2, 0.5): 37.7155,
    (4, 2, 3, 0.5): 78.9045,
    (4, 2, 3, 1.0): 45.5122,
    (4, 2, 4, 0.0): 147.154,
    (4, 2, 4, 1.0): 85.3901,
    (5, 0, 2, 0.5): 8.30248,
    (5, 0, 4, 0.5): 65.2504,
    (5, 1, 2, 0.0): 44.0941,
    (5, 1, 2, 1.0): 3.32802,
    (5, 1, 3, 0.0): 73.7995,
    (5, 1, 3, 0.5): 50.3829,
    (5, 1, 4, 0.5): 85.8586,
    (5, 1, 4, 1.0): 54.7842,
    (5, 2, 2, 0.0): 55.5381,
    (5, 2, 2, 0.5): 24.7832,
    (5, 2, 3, 0.5): 59.8919,
    (5, 2, 3, 1.0): 29.0916,
    (5, 2, 4, 0.0): 123.396,
    (5, 2, 4, 1.0): 62.3806,
}
"""The smallest cost that is known, where no optimum is."""

PROFIT: dict[tuple[int, float], float] = {(2, 5.0): 2.22, (4, 5.0): 2.47}
"""Optimal average profit by (shelf life, mean demand), cost 0.5, price 1."""


def single_class_value(parameters: Mapping[str, Any]) -> KnownValue | None:
    """Return the printed optimum where the parameters are those of the table."""
    usual = {"mean": 4, "cv": 0.5, "max_order": 10, "order_cost": 3, "lost_sale_cost": 5, "holding_cost": 1}
    usual |= {"discount": 0.99, "horizon": 365, "warm_up": 100}
    place = tuple(parameters[name] for name in ("issuing", "shelf_life", "lead_time", "wastage_cost"))
    value = SINGLE_CLASS.get(place) if _same(parameters, usual) else None
    return None if value is None else KnownValue(value, "optimal", 1.0, _FARRINGTON)


def two_class_value(parameters: Mapping[str, Any]) -> KnownValue | None:
    """Return the published value where the parameters are those of the table, the smallest cost where no optimum is."""
    usual = {"mean": 4, "outdating_cost": 100, "lost_sale_cost": 100, "holding_cost": 0, "order_cost": 0}
    place = tuple(parameters[name] for name in ("shelf_life", "lead_time", "std", "fifo_share"))
    least = 4 * (parameters["shelf_life"] + parameters["lead_time"] + 1) - (1 if parameters["std"] > 2 else 0)
    if not _same(parameters, usual) or parameters["max_inventory_position"] < least:
        return None
    if place in TWO_CLASS:
        value = TWO_CLASS[place]
        return KnownValue(value, "optimal", 2e-5 * value, _TEMIZOZ)
    best = TWO_CLASS_BEST.get(place)
    return None if best is None else KnownValue(best, "best_known", 1e-3 * best, _TEMIZOZ)


def profit_value(parameters: Mapping[str, Any]) -> KnownValue | None:
    """Return the printed optimum where the parameters are those of the table."""
    usual = {"unit_cost": 0.5, "price": 1, "lead_time": 1, "issuing": "fifo"}
    value = PROFIT.get((parameters["shelf_life"], parameters["mean"])) if _same(parameters, usual) else None
    enough = parameters["max_order"] >= parameters["mean"] * parameters["shelf_life"]
    return None if value is None or not enough else KnownValue(value, "optimal", 0.005, _HENDRIX)


def _same(parameters: Mapping[str, Any], usual: Mapping[str, object]) -> bool:
    return all(parameters.get(name) == value for name, value in usual.items())
