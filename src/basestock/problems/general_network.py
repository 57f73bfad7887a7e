"""Networks whose stock points each place one order a period: a warehouse and retailers, or several of each."""

from collections.abc import Sequence

from basestock.decision import NodeOrders, Problem
from basestock.economics import make_tariff
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.problems.laws import SpelledLaw, law_of
from basestock.problems.parameters import parameters
from basestock.uncertainty import DemandLaw, SupplyLaws, Uncertainty

SOURCE = "doi:10.1007/s10100-023-00872-2"
_DEMAND = {"type": "poisson_uniform_mean", "low": 5, "high": 15}


@parameters(retailers=(1, None))
def general_network(
    *,
    warehouses: int = 1,
    retailers: int = 3,
    lead_times: int = 1,
    demand: DemandLaw | SpelledLaw = _DEMAND,
    edges: Sequence[tuple[int, int, float]] = (),
    holding_cost_warehouse: float = 0.6,
    holding_cost_retailer: float = 1.0,
    backorder_cost_retailer: float = 19.0,
    horizon: int = 50,
    warm_up: int = 25,
) -> Problem:
    """Build a two-tier network with backorders everywhere (Geevers et al. 2024, doi:10.1007/s10100-023-00872-2).

    Parameters
    ----------
    warehouses, retailers
        Number of each; every warehouse has a supplier of its own.
    lead_times
        Periods of every lane.
    demand
        Law of a retailer and period.
    edges
        (warehouse, retailer, weight): the order of a retailer goes to one of its warehouses, drawn with these
        weights; each retailer's sum to 1. None: one warehouse supplies all.
    holding_cost_warehouse, holding_cost_retailer, backorder_cost_retailer
        Money per unit and period.
    horizon, warm_up
        Periods counted and skipped.

    Returns
    -------
    Problem
        Total cost of the counted periods, from empty stock.

    Raises
    ------
    ValueError
        If a retailer has no warehouse, or the weights do not fit.
    """
    links = tuple(edges) or tuple((0, retailer, 1.0) for retailer in range(retailers))
    _check(links, warehouses, retailers)
    names = (
        {w: f"warehouse {w + 1}" for w in range(warehouses)},
        {r: f"retailer {r + 1}" for r in range(retailers)},
    )
    internal = tuple(Lane(names[0][w], names[1][r], lead_time=lead_times) for w, r, _ in links)
    network = SupplyNetwork(
        items=(Item("item"),),
        nodes=(*(Node(name, tier=1) for name in names[0].values()), *map(Node, names[1].values())),
        suppliers=tuple(Supplier(f"supplier {w + 1}") for w in names[0]),
        lanes=(
            *(Lane(f"supplier {w + 1}", name, lead_time=lead_times) for w, name in names[0].items()),
            *internal,
        ),
        unmet="backorder",
    )
    weights = {lane.name: weight for lane, (_, _, weight) in zip(internal, links, strict=True)}
    drawn = SupplyLaws(routing=weights) if edges else None
    holding = {(name, "item"): holding_cost_warehouse for name in names[0].values()}
    holding |= {(name, "item"): holding_cost_retailer for name in names[1].values()}
    backorder = {(name, "item"): backorder_cost_retailer for name in names[1].values()}
    law = law_of(demand)
    return Problem(
        name="general_network",
        network=network,
        uncertainty=Uncertainty({(name, "item"): law for name in names[1].values()}, supply=drawn),
        tariff=make_tariff(network, holding=holding, backorder=backorder),
        action_map=NodeOrders(),
        criterion="finite_horizon_total_cost",
        horizon=horizon,
        warm_up=warm_up,
        parameters={"warehouses": warehouses, "retailers": retailers, "demand": demand, "edges": links},
        source=SOURCE,
    )


def _check(links: Sequence[tuple[int, int, float]], warehouses: int, retailers: int) -> None:
    wrong = [
        f"edge {(w, r, weight)} must name a warehouse below {warehouses} and a retailer below {retailers}."
        for w, r, weight in links
        if not (0 <= w < warehouses and 0 <= r < retailers)
    ]
    served = {r for _, r, _ in links}
    wrong += [f"retailer {r} has no edge, must have one." for r in range(retailers) if r not in served]
    if wrong:
        raise ValueError(f"general_network: {' '.join(wrong)} Correct the edges.")
