"""Two sources of one item: a cheap slow one and a dear fast one."""

from collections.abc import Sequence

from basestock.decision import LaneOrders, Problem
from basestock.dynamics import InitialState
from basestock.economics import make_tariff
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.problems.laws import SpelledLaw, law_of
from basestock.problems.parameters import parameters
from basestock.uncertainty import DemandLaw, Uncertainty

SOURCE = "doi:10.1287/msom.2021.1064"


@parameters(initial_net_inventory=(None, None))
def dual_sourcing(
    *,
    regular_lead_time: int = 2,
    expedited_lead_time: int = 0,
    regular_cost: float = 100.0,
    expedited_cost: float = 105.0,
    holding_cost: float = 5.0,
    backorder_cost: float = 495.0,
    demand: DemandLaw | SpelledLaw = {"type": "discrete_uniform", "low": 0, "high": 4},  # noqa: B006
    initial_net_inventory: float = 0.0,
    initial_pipeline: Sequence[float] = (),
    horizon: int = 1000,
    warm_up: int = 100,
) -> Problem:
    """Build the dual-sourcing problem of Gijsbrechts et al. 2022 (doi:10.1287/msom.2021.1064, section 6.2).

    Parameters
    ----------
    regular_lead_time, expedited_lead_time
        Periods [l_r, l_e]; an order placed in t serves the demand of t + l first.
    regular_cost, expedited_cost
        Money per unit, charged on ordering [c_r, c_e].
    holding_cost, backorder_cost
        Money per unit and period on hand, and waiting [h, b].
    demand
        Law of a period.
    initial_net_inventory, initial_pipeline
        On hand minus backorders at the start, and regular orders that arrive in periods 0, 1, ..., units.
    horizon, warm_up
        Periods counted and skipped in a simulation.

    Returns
    -------
    Problem
        Average cost per period, order costs included.

    Notes
    -----
    A period: net inventory and outstanding orders are seen, both orders are placed, what is due arrives (an expedited
    order with l_e = 0 at once), demand occurs and waits where it must, holding and backorder cost are charged.

    Examples
    --------
    >>> [lane.name for lane in dual_sourcing().network.lanes]
    ['regular -> store', 'expedited -> store']
    """
    network = SupplyNetwork(
        items=(Item("item"),),
        nodes=(Node("store"),),
        suppliers=(Supplier("regular"), Supplier("expedited")),
        lanes=(
            Lane("regular", "store", lead_time=regular_lead_time, priority=1),
            Lane("expedited", "store", lead_time=expedited_lead_time, priority=2),
        ),
        unmet="backorder",
    )
    costs = {("regular -> store", "item"): regular_cost, ("expedited -> store", "item"): expedited_cost}
    place = ("store", "item")
    start = InitialState(
        on_hand={place: initial_net_inventory} if initial_net_inventory > 0 else {},
        backorders={place: -initial_net_inventory} if initial_net_inventory < 0 else {},
        due={
            ("regular -> store", "item", slot): units for slot, units in enumerate(initial_pipeline) if units
        },
    )
    return Problem(
        name="dual_sourcing",
        network=network,
        uncertainty=Uncertainty({place: law_of(demand)}),
        tariff=make_tariff(network, holding=holding_cost, backorder=backorder_cost, unit_order=costs),
        action_map=LaneOrders(),
        horizon=horizon,
        warm_up=warm_up,
        initial_state=start,
        parameters={
            "regular_lead_time": regular_lead_time,
            "expedited_lead_time": expedited_lead_time,
            "regular_cost": regular_cost,
            "expedited_cost": expedited_cost,
            "holding_cost": holding_cost,
            "backorder_cost": backorder_cost,
            "demand": demand,
        },
        source=SOURCE,
    )
