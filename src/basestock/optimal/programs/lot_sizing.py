"""Known demand, a fixed cost per order, and a capacity of each period: the lot-sizing program."""

from collections.abc import Sequence

import numpy as np

from basestock.decision import Solution
from basestock.optimal.closed_form.capacitated_lot_sizing import Horizon
from basestock.optimal.programs.model import ProgramModel


def lot_sizing_program(
    demand: Sequence[float],
    fixed_costs: Sequence[float],
    holding_costs: Sequence[float],
    unit_costs: Sequence[float],
    capacities: Sequence[float],
    *,
    time_limit: float | None = None,
) -> Solution:
    """Return the cheapest orders that meet known demand within capacities that may differ from period to period.

    Parameters
    ----------
    demand
        Units by period.
    fixed_costs, unit_costs
        Money per order and per unit ordered, by period.
    holding_costs
        Money per unit left at the end of a period, by period.
    capacities
        Units of an order at most, by period.
    time_limit
        Seconds; ``None`` for no limit.

    Returns
    -------
    Solution
        Total cost; ``orders`` and ``stock`` by period in units, and ``lower_bound`` in money.

    Raises
    ------
    ValueError
        If a list is wrong.
    InfeasibleError
        If the capacities cannot meet demand.

    Notes
    -----
    stock_t = stock_(t-1) + x_t - d_t >= 0, x_t <= min(C_t, what is still asked for) y_t, y binary; the problem is
    NP-hard (Florian, Lenstra and Rinnooy Kan 1980, doi:10.1287/mnsc.26.7.669).

    Examples
    --------
    >>> lot_sizing_program([90, 120, 80, 70], [500] * 4, [2] * 4, [0] * 4, [200] * 4).value
    1580.0
    """
    Horizon(demand, fixed_costs, holding_costs, unit_costs).require("lot_sizing_program")
    if len(capacities) != len(demand) or min(capacities) < 0:
        raise ValueError(
            f"lot_sizing_program: capacities are {list(capacities)}, must be a number >= 0 for each of the "
            f"{len(demand)} periods. Correct them."
        )
    units = np.asarray(demand, dtype=float)
    periods, left = len(units), np.cumsum(units[::-1])[::-1]
    model = ProgramModel("lot sizing")
    order = model.variables("order", (periods,))
    placed = model.variables("placed", (periods,), high=1.0, whole=True)
    stock = model.variables("stock", (periods,))
    before = stock[np.arange(periods - 1)].placed(np.arange(1, periods), (periods,))
    model.constrain("balance", before + order - stock, "==", units)
    model.constrain("capacity", order - placed * np.minimum(np.asarray(capacities, dtype=float), left), "<=")
    model.minimize(placed * np.asarray(fixed_costs, dtype=float))
    model.minimize(order * np.asarray(unit_costs, dtype=float))
    model.minimize(stock * np.asarray(holding_costs, dtype=float))
    solved = model.solve(time_limit=time_limit, mip_rel_gap=1e-9)
    decision = {
        "orders": order.at(solved.values).tolist(),
        "stock": stock.at(solved.values).tolist(),
        "lower_bound": solved.bound,
    }
    return Solution(solved.objective, decision, "mixed-integer program of lot sizing")
