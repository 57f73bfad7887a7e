"""InvManagement: a serial line of stages with capacities, version 0 with backlog and version 1 with lost sales."""

from collections.abc import Sequence

from basestock.decision import Problem
from basestock.problems.or_gym.chain import Link, Market, Mode, Rules, Stocked, Unmet, chain_problem
from basestock.problems.parameters import parameters
from basestock.problems.single_item import demand_law
from basestock.uncertainty import DemandLaw

SOURCE = "arXiv:2008.06319, InvManagement of or-gym 0.5.0"


@parameters()
def inventory_management(
    *,
    mode: Mode = "sound",
    unmet: Unmet = "backorder",
    periods: int = 30,
    initial_stock: tuple[float, ...] = (100.0, 100.0, 200.0),
    retail_price: float = 2.0,
    unit_prices: tuple[float, ...] = (1.5, 1.0, 0.75, 0.5),
    shortage_costs: tuple[float, ...] = (0.10, 0.075, 0.05, 0.025),
    holding_costs: tuple[float, ...] = (0.15, 0.10, 0.05),
    capacities: tuple[float, ...] = (100.0, 90.0, 80.0),
    lead_times: tuple[int, ...] = (3, 5, 10),
    discount: float = 0.97,
    demand: str = "poisson",
    mean: float = 20.0,
) -> Problem:
    """Build the serial line with capacities (Hubbs et al. 2020, arXiv:2008.06319; Glasserman and Tayur 1995).

    Parameters
    ----------
    mode
        ``faithful`` cuts orders to whole units and takes any number as an order; ``sound`` cuts orders to the capacity
        of the link and takes fractions.
    unmet
        ``backorder`` is version 0, ``lost`` version 1; it holds for orders between stages too.
    periods
        Length of an episode.
    initial_stock
        Units at the stages, the retailer first.
    retail_price
        Money per unit sold [p].
    unit_prices
        Money per unit that each stage pays, the last one the maker's cost per unit made [r]. All others are paid from
        one stage to the next and change nothing.
    shortage_costs
        Money per unit unmet at the end of a period: of customers, then of the orders of each stage [k].
    holding_costs
        Money per unit and period [h].
    capacities
        Units that the supplier of each stage can ship in a period [c].
    lead_times
        Periods into each stage [L].
    discount
        Factor per period [alpha].
    demand, mean
        Law of the demand of a period, units.

    Returns
    -------
    Problem
        Discounted profit of an episode.

    Raises
    ------
    ValueError
        If there are not as many numbers as stages.

    Examples
    --------
    >>> inventory_management(mode="faithful").horizon
    30
    """
    return serial_line(
        demand_law(demand, mean),
        mode=mode,
        unmet=unmet,
        periods=periods,
        initial_stock=initial_stock,
        retail_price=retail_price,
        maker_cost=unit_prices[-1],
        shortage_costs=shortage_costs,
        holding_costs=holding_costs,
        capacities=capacities,
        lead_times=lead_times,
        discount=discount,
    )


def serial_line(
    law: DemandLaw,
    *,
    mode: Mode,
    unmet: Unmet,
    periods: int,
    initial_stock: Sequence[float],
    retail_price: float,
    maker_cost: float,
    shortage_costs: Sequence[float],
    holding_costs: Sequence[float],
    capacities: Sequence[float],
    lead_times: Sequence[int],
    discount: float,
) -> Problem:
    """Build the line for any law of demand; see :func:`inventory_management`."""
    given: dict[str, object] = {**locals(), "demand": law}
    del given["law"]
    _same_length(initial_stock, holding_costs, capacities, lead_times, shortage_costs[1:])
    names = [f"stage {number}" for number in range(len(initial_stock))]
    nodes = [
        Stocked(name, float(stock), float(holding))
        for name, stock, holding in zip(names, initial_stock, holding_costs, strict=True)
    ]
    links = [
        Link(
            source,
            name,
            int(lead_time),
            maker_cost if source == "maker" else 0.0,
            capacity=float(capacity),
            shortage_cost=float(shortage),
        )
        for name, source, lead_time, capacity, shortage in zip(
            names, [*names[1:], "maker"], lead_times, capacities, shortage_costs[1:], strict=True
        )
    ]
    faithful = mode == "faithful"
    rules = Rules(
        unmet,
        "wait" if unmet == "backorder" else "lost",
        "toward_zero" if faithful else "none",
        order_maximum=not faithful,
    )
    market = Market(names[0], retail_price, shortage_costs[0], law)
    return chain_problem(
        "or_gym/inv_management",
        nodes,
        links,
        [market],
        rules,
        periods=periods,
        discount=discount,
        parameters=given,
        source=SOURCE,
    )


def _same_length(initial_stock: Sequence[float], *others: Sequence[float]) -> None:
    lengths = [len(each) for each in others]
    if len(initial_stock) == 0 or set(lengths) != {len(initial_stock)}:
        raise ValueError(
            f"inventory_management: {len(initial_stock)} stages with lists of {lengths} numbers, must be one number a "
            "stage and one shortage cost more. Correct the lists."
        )
