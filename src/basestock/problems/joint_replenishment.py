"""Several items share the trucks that bring them."""

from collections.abc import Sequence

from basestock.decision import LaneOrders, Problem
from basestock.dynamics import RECEIVE_ORDER_SELL, with_repairs
from basestock.economics import make_tariff
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.problems.laws import SpelledLaw, law_of
from basestock.problems.parameters import parameters
from basestock.uncertainty import DemandLaw, Uncertainty

SOURCE = "doi:10.1016/j.compind.2020.103239"
_DEMAND = (
    {"type": "discrete_uniform", "low": 0, "high": 5},
    {"type": "discrete_uniform", "low": 0, "high": 3},
)


@parameters(truck_size=(1, None))
def joint_replenishment(
    *,
    truck_size: int = 6,
    truck_cost: float = 75.0,
    item_order_cost: Sequence[float] = (10.0, 10.0),
    holding_cost: Sequence[float] = (1.0, 1.0),
    backorder_cost: Sequence[float] = (19.0, 19.0),
    demand: Sequence[DemandLaw | SpelledLaw] = _DEMAND,
    lead_time: int = 0,
    discount: float = 0.99,
    horizon: int = 1000,
) -> Problem:
    """Build the joint replenishment problem with full trucks (Vanvuchelen et al. 2020).

    Parameters
    ----------
    truck_size
        Units that fill a truck [V]; the order of a period fills whole trucks.
    truck_cost
        Money per truck [K].
    item_order_cost, holding_cost, backorder_cost
        Money per order of an item [k_i], per unit and period on hand [h_i], and waiting [b_i].
    demand
        Law of each item.
    lead_time
        Periods; 0: the order serves the demand of its own period.
    discount
        Factor per period.
    horizon
        Periods of a simulation; beyond 1,000 they add 0.004 % to the discounted cost at 0.99.

    Returns
    -------
    Problem
        Discounted cost from empty stock. Orders that fill no whole trucks are filled up (``fill_vehicles``).

    Raises
    ------
    ValueError
        If the lists of the items differ in length.

    Examples
    --------
    >>> joint_replenishment().network.lanes[0].vehicle_capacity
    6.0
    """
    lists = {
        "item_order_cost": item_order_cost,
        "holding_cost": holding_cost,
        "backorder_cost": backorder_cost,
    }
    wrong = [f"{name} has {len(values)}" for name, values in lists.items() if len(values) != len(demand)]
    if wrong:
        raise ValueError(
            f"joint_replenishment: {', '.join(wrong)} entries, must be {len(demand)}, one an item."
        )
    items = tuple(f"item {number}" for number in range(1, len(demand) + 1))
    network = SupplyNetwork(
        items=tuple(Item(name, volume=1.0) for name in items),
        nodes=(Node("store"),),
        suppliers=(Supplier("supplier"),),
        lanes=(
            Lane(
                "supplier",
                "store",
                name="truck",
                lead_time=lead_time,
                vehicle_capacity=float(truck_size),
                full_vehicles=True,
            ),
        ),
        unmet="backorder",
    )
    at_store = lambda values: {("store", name): value for name, value in zip(items, values, strict=True)}  # noqa: E731
    tariff = make_tariff(
        network,
        holding=at_store(holding_cost),
        backorder=at_store(backorder_cost),
        fixed_order={("truck", name): cost for name, cost in zip(items, item_order_cost, strict=True)},
        vehicle=truck_cost,
    )
    return Problem(
        name="joint_replenishment",
        network=network,
        uncertainty=Uncertainty(at_store([law_of(each) for each in demand])),
        tariff=tariff,
        sequence=with_repairs(RECEIVE_ORDER_SELL),
        action_map=LaneOrders(),
        criterion="discounted_cost",
        discount=discount,
        horizon=horizon,
        parameters={**lists, "truck_size": truck_size, "truck_cost": truck_cost, "demand": demand},
        source=SOURCE,
    )
