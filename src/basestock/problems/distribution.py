"""One warehouse that supplies many retailers, and the divergent system with special deliveries."""

from collections.abc import Sequence
from typing import Literal

from basestock.decision import LaneOrders, Problem
from basestock.dynamics import Sequence as Order
from basestock.dynamics.stages import (
    account_terms,
    place_orders,
    receive,
    repair_orders,
    serve,
    ship,
    special_delivery,
)
from basestock.economics import make_tariff
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.problems.laws import SpelledLaw, law_of
from basestock.problems.parameters import parameters
from basestock.problems.room import advance_buffers, order_into_room
from basestock.uncertainty import DemandLaw, Uncertainty

KAYNOV, VAN_ROY = "doi:10.1016/j.ijpe.2023.109088", "doi:10.1109/CDC.1997.652501"
_THREE = ({"type": "poisson", "mean": 3.0},) * 3


@parameters()
def one_warehouse_multi_retailer(
    *,
    unmet_demand: Literal["backorder", "lost_sales", "partial_backorder"] = "backorder",
    warehouse_lead_time: int = 2,
    retailer_lead_times: Sequence[int] = (1, 1, 1),
    demand: Sequence[DemandLaw | SpelledLaw] = _THREE,
    holding_cost_warehouse: float = 0.5,
    holding_cost_retailer: float = 1.0,
    penalty_cost_retailer: float = 9.0,
    emergency_probability: float = 0.0,
    allocation: Literal["proportional", "least_shortfall"] = "proportional",
    periods: int = 100,
) -> Problem:
    """Build the one-warehouse multi-retailer problem (Kaynov et al. 2024, doi:10.1016/j.ijpe.2023.109088).

    Parameters
    ----------
    unmet_demand
        Demand without stock waits, is lost, or (partial) is offered an emergency shipment and else lost.
    warehouse_lead_time, retailer_lead_times
        Periods.
    demand
        Law of each retailer.
    holding_cost_warehouse, holding_cost_retailer
        Money per unit on hand and period.
    penalty_cost_retailer
        Money per unit lost, or per unit waiting and period.
    emergency_probability
        Of a customer without stock taking a unit of the warehouse's stock instead, where demand is partial.
    allocation
        How a short warehouse shares: in proportion, or with the least largest shortfall.
    periods
        Horizon.

    Returns
    -------
    Problem
        Total cost from empty stock; the source prints no initial state.

    Notes
    -----
    What the warehouse cannot ship is forgotten: the retailer asks anew in the next period. A period: stocks and
    pipelines are seen, everybody orders, the warehouse receives and ships, retailers receive, demand, cost.
    """
    if len(demand) != len(retailer_lead_times):
        raise ValueError(
            f"one_warehouse_multi_retailer: demand has {len(demand)} entries, must be {len(retailer_lead_times)}, "
            "one a retailer. Correct the lists."
        )
    retailers = tuple(f"retailer {number}" for number in range(1, len(demand) + 1))
    special = emergency_probability if unmet_demand == "partial_backorder" else 0.0
    network = SupplyNetwork(
        items=(Item("item"),),
        nodes=(Node("warehouse", tier=1, allocation=allocation), *map(Node, retailers)),
        suppliers=(Supplier("supplier"),),
        lanes=(
            Lane("supplier", "warehouse", lead_time=warehouse_lead_time),
            *(
                Lane("warehouse", name, lead_time=periods_, unfilled="lost", special_share=special)
                for name, periods_ in zip(retailers, retailer_lead_times, strict=True)
            ),
        ),
        unmet="backorder" if unmet_demand == "backorder" else "lost",
    )
    holding = {("warehouse", "item"): holding_cost_warehouse}
    holding |= {(name, "item"): holding_cost_retailer for name in retailers}
    penalty = "backorder" if unmet_demand == "backorder" else "lost_sale"
    laws = {(name, "item"): law_of(law) for name, law in zip(retailers, demand, strict=True)}
    return Problem(
        name="one_warehouse_multi_retailer",
        network=network,
        uncertainty=Uncertainty(laws),
        tariff=make_tariff(network, holding=holding, **{penalty: penalty_cost_retailer}),
        action_map=LaneOrders(),
        criterion="finite_horizon_total_cost",
        horizon=periods,
        parameters={"unmet_demand": unmet_demand, "demand": demand, "allocation": allocation},
        source=KAYNOV,
    )


@parameters(stores=(1, None))
def divergent_special_delivery(
    *,
    stores: int = 1,
    delay_to_stores: int = 1,
    delay_to_warehouse: int = 0,
    production_capacity: int = 10,
    warehouse_capacity: int = 50,
    store_capacity: int = 50,
    wait_probability: float = 1.0,
    special_delivery_cost: float = 10.0,
    warehouse_storage_cost: float = 1.0,
    store_storage_cost: float = 2.0,
    shortage_cost: float = 50.0,
    demand: DemandLaw | SpelledLaw = {"type": "rounded_normal", "mean": 5, "std": 8},  # noqa: B006
    horizon: int = 5000,
    warm_up: int = 100,
) -> Problem:
    """Build the divergent system with special deliveries (Van Roy et al. 1997, doi:10.1109/CDC.1997.652501).

    Parameters
    ----------
    stores
        Number of equal stores.
    delay_to_stores, delay_to_warehouse
        Lengths of the transport buffers, ticks; what enters one of length d is used from d ticks later on.
    production_capacity
        Largest order of the warehouse, units per tick.
    warehouse_capacity, store_capacity
        Largest stock and pipeline of each, units; orders are cut to the room that is left.
    wait_probability
        Of an unserved customer asking for a special delivery [q].
    special_delivery_cost, shortage_cost
        Money per unit.
    warehouse_storage_cost, store_storage_cost
        Money per unit and tick.
    demand
        Law of a store and tick.
    horizon, warm_up
        Ticks counted and skipped.

    Returns
    -------
    Problem
        Average cost per tick.

    Notes
    -----
    A tick: everybody orders, the warehouse moves what it had then, stores serve, the warehouse delivers to those who
    ask, buffers advance one step, and what then lies in stock is charged. Printed for one store is 51.7 at levels of
    10 and 16, for ten 1302 at 330 and 23, without the instant at which storage is counted. Where the warehouse
    counts what it moves in the tick (echelon levels 26 and 560), this order of events gives 56.0 and 1440; storage
    counted after the demand, before the buffers advance, gives 47.2 and 1052, which leaves the printed costs between
    the two. A warehouse that forgets what it moves in the tick pays 98 instead of 56.
    """
    names = tuple(f"store {number}" for number in range(1, stores + 1))
    room = {"warehouse": float(warehouse_capacity), **dict.fromkeys(names, float(store_capacity))}
    network = SupplyNetwork(
        items=(Item("item", volume=1.0),),
        nodes=tuple(Node(name, storage={"ambient": capacity}) for name, capacity in room.items()),
        suppliers=(Supplier("plant"),),
        lanes=(
            Lane("plant", "warehouse", lead_time=delay_to_warehouse, order_maximum=production_capacity),
            *(
                Lane(
                    "warehouse",
                    name,
                    lead_time=delay_to_stores,
                    unfilled="lost",
                    special_share=wait_probability,
                )
                for name in names
            ),
        ),
        unmet="lost",
    )
    holding = {("warehouse", "item"): warehouse_storage_cost}
    holding |= {(name, "item"): store_storage_cost for name in names}
    # Where nobody waits there is nothing to deliver so.
    special = {"special_delivery": special_delivery_cost} if wait_probability > 0 else {}
    tariff = make_tariff(network, holding=holding, lost_sale=shortage_cost, **special)
    law = law_of(demand)
    return Problem(
        name="divergent_special_delivery",
        network=network,
        uncertainty=Uncertainty({(name, "item"): law for name in names}),
        tariff=tariff,
        sequence=_by_the_tick(),
        action_map=LaneOrders(),
        horizon=horizon,
        warm_up=warm_up,
        parameters={"stores": stores, "demand": demand},
        source=VAN_ROY,
    )


def _by_the_tick() -> Order:
    """Return the order of play of a tick; orders are cut to the room that is left for them."""
    after = (repair_orders, order_into_room, place_orders, ship, receive, serve, special_delivery)
    return Order(before=(), after=(*after, advance_buffers, account_terms))
