"""Tiny networks, one for each constraint of a program, and the events that they are planned for."""

import functools
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from basestock.decision import Problem
from basestock.dynamics import RECEIVE_ORDER_SELL, InitialState
from basestock.economics import make_tariff
from basestock.network import Item, Lane, Limit, Node, Process, Resource, Supplier, SupplyNetwork
from basestock.optimal.programs import expected_events
from basestock.uncertainty import Deterministic, Event, Seasonal, Uncertainty

FACTORY = "factory -> DC"


def problem(
    demand: dict[tuple[str, str], list[float]],
    rates: dict[str, Any],
    *,
    sequence: Any = RECEIVE_ORDER_SELL,
    start: InitialState | None = None,
    discount: float = 1.0,
    **network: Any,
) -> Problem:
    """Return a problem whose demand is known; rates that nobody gives are those of a shop that loses sales."""
    built = SupplyNetwork(**network)
    laws = {
        place: Seasonal(tuple(Deterministic(each) for each in path))
        if len(path) > 1
        else Deterministic(path[0])
        for place, path in demand.items()
    }
    return Problem(
        "tiny",
        built,
        Uncertainty(laws),
        make_tariff(built, **rates),
        sequence=sequence,
        criterion="discounted_cost" if discount < 1 else "finite_horizon_total_cost",
        discount=discount,
        initial_state=InitialState() if start is None else start,
    )


def shop(
    demand: list[float] | None = None,
    *,
    items: tuple[Item, ...] = (Item("milk", volume=1.0, weight=2.0),),
    rates: dict[str, Any] | None = None,
    unmet: Any = "lost",
    sequence: Any = RECEIVE_ORDER_SELL,
    start: InitialState | None = None,
    node: Node | None = None,
    supplier: Supplier | None = None,
    limits: tuple[Limit, ...] = (),
    discount: float = 1.0,
    **lane: Any,
) -> Problem:
    """Return a shop with one supplier; each item has the same demand, moved by one period."""
    path = [3.0, 5.0, 0.0, 4.0] if demand is None else demand
    base = {"holding": 1.0, "purchase": 2.0} | ({"lost_sale": 9.0} if unmet == "lost" else {"backorder": 4.0})
    return problem(
        {("shop", item.name): path[k:] + path[:k] for k, item in enumerate(items)},
        base | (rates or {}),
        items=items,
        nodes=(Node("shop") if node is None else node,),
        suppliers=(Supplier("farm") if supplier is None else supplier,),
        lanes=(Lane("farm", "shop", name="road", **lane),),
        limits=limits,
        unmet=unmet,
        sequence=sequence,
        start=start,
        discount=discount,
    )


def chain(
    *, unmet: Any = "lost", middle: Node | None = None, start: InitialState | None = None, **rates: Any
) -> Problem:
    """Return a warehouse that serves two shops and customers of its own."""
    return problem(
        {("DC", "bolt"): [2.0], ("east", "bolt"): [3.0, 1.0], ("west", "bolt"): [0.0, 4.0]},
        {"holding": 1.0, "transport": {("DC -> east", "bolt"): 0.5, ("DC -> west", "bolt"): 1.5},
         **({"lost_sale": 7.0} if unmet == "lost" else {"backorder": 3.0}), **rates},
        items=(Item("bolt"),),
        nodes=(Node("DC") if middle is None else middle, Node("east"), Node("west")),
        suppliers=(Supplier("factory"),),
        lanes=(Lane("factory", "DC", lead_time=1), Lane("DC", "east", lead_time=1), Lane("DC", "west", lead_time=0),
               Lane("east", "west", lead_time=1, priority=2)),
        unmet=unmet,
        start=start,
    )  # fmt: skip


def plant(*, hours: float | None = 6.0, overtime: float = 3.0, duration: int = 0, **process: Any) -> Problem:
    """Return a plant that makes chairs out of wood within its hours."""
    return problem(
        {("plant", "chair"): [2.0, 5.0, 1.0]},
        {"holding": 1.0, "lost_sale": 30.0, "production_run": {"saw": 1.0}, "overtime": {"crew": 2.0},
         "idle": {"crew": 0.1}, "purchase": 0.5},
        items=(Item("wood"), Item("chair")),
        nodes=(Node("plant"),),
        suppliers=(Supplier("forest"),),
        lanes=(Lane("forest", "plant", items=("wood",), name="road"),),
        processes=(
            Process("saw", "plant", {"wood": 2.0}, {"chair": 1.0}, duration=duration, uses={"crew": 2.0}, **process),
        ),
        resources=(Resource("crew", hours=hours, overtime=overtime, maintenance_every=4, maintenance_phase=2),),
        start=InitialState(on_hand={("plant", "wood"): 6.0}),
    )  # fmt: skip


def with_leaf(events: Event, **leaves: Any) -> Event:
    """Return events with other leaves."""
    names = [*leaves]
    return eqx.tree_at(
        lambda event: [getattr(event, name) for name in names],
        events,
        [jnp.asarray(leaf) for leaf in leaves.values()],
        is_leaf=lambda leaf: leaf is None,
    )


def closed_road(interruption: str = "keep_moving", lead_time: int = 0) -> tuple[Problem, Event]:
    """Return a shop whose road is closed in one period."""
    made = shop(interruption=interruption, lead_time=lead_time)
    events = expected_events(made, 4)
    opened = np.ones((4, made.arrays.num_lanes, 1), dtype=np.float32)
    opened[1] = 0.0
    return made, with_leaf(events, lane_open=opened)


VOLUME = Item("milk", volume=1.0, weight=2.0)
TWO = (VOLUME, Item("tea", volume=2.0, weight=1.0))

NETWORKS: dict[str, Callable[[], Problem | tuple[Problem, Event]]] = {
    "stock_balance": lambda: shop(),
    "stock_on_hand": lambda: shop(rates={"price": 12.0, "lost_sale": None}),
    "backorders_balance": lambda: shop(unmet="backorder", lead_time=2),
    "stock_at_source": lambda: chain(),
    "order_minimum": lambda: shop(order_minimum=6),
    "order_maximum": lambda: shop(order_maximum=3),
    "full_vehicles": lambda: shop(vehicle_capacity=4.0, full_vehicles=True, rates={"vehicle": {"road": 5.0}}),
    "vehicles": lambda: shop(items=TWO, vehicle_capacity=5.0, rates={"vehicle": {"road": 3.0}}),
    "order_limit": lambda: shop(items=TWO, limits=(Limit("network", "spend", cap=12.0),)),
    "order_count": lambda: shop(items=TWO, limits=(Limit("network", "orders", cap=0.0), )),
    "minimum_value": lambda: shop(supplier=Supplier("farm", minimum_value=15.0)),
    "capacity": lambda: shop(supplier=Supplier("farm", capacity=3.0)),
    "waiting_orders": lambda: shop(
        supplier=Supplier("farm", capacity=3.0), start=InitialState(unfilled={("road", "milk"): 5.0})
    ),
    "lane_open": closed_road,
    "contract_floor": lambda: shop(
        limits=(Limit("road", "units", cap=100.0, floor=4.0),),
        rates={"contract_shortfall": {"units of road": 3.0}},
    ),
    "soft_limit": lambda: shop(
        limits=(Limit("road", "units", cap=3.0, hard=False),), rates={"limit_excess": {"units of road": 2.0}}
    ),
    "brackets": lambda: shop(
        price_breaks=(5.0, 8.0), rates={"purchase": None, "bracket_purchase": {("road", "milk"): (4.0, 3.0, 2.0)}}
    ),
    "storage": lambda: shop(
        node=Node("shop", storage={"ambient": 4.0}), lead_time=0, items=TWO, rates={"fixed_order": 20.0}
    ),
    "expiry": lambda: shop(
        items=(Item("milk", shelf_life=2),), order_multiple=4, rates={"waste": 3.0},
        start=InitialState(lots={("shop", "milk", 1): 4.0, ("shop", "milk", 2): 1.0}),
    ),
    "components": lambda: plant(),
    "hours": lambda: plant(hours=2.0),
    "order_change": lambda: shop(rates={"order_change": 1.5}),
    "ordering": lambda: shop(rates={"fixed_order": 8.0}),
    "lane_order": lambda: shop(items=TWO, rates={"joint_order": {"road": 8.0}}),
    "shortage": lambda: shop(rates={"shortage_occurrence": 6.0, "lost_sale": 1.0}, order_maximum=3),
    "sales_greedily": lambda: shop(rates={"cost_of_sales": 20.0}),
}  # fmt: skip
"""Group of constraints to a network that has it."""

MORE: dict[str, Callable[[], Problem | tuple[Problem, Event]]] = {
    "chain with backorders": lambda: chain(unmet="backorder", pipeline_holding=0.25, fixed_order=4.0),
    "warehouse by priority": lambda: chain(middle=Node("DC", allocation="priority")),
    "orders that waited": lambda: chain(
        start=InitialState(unfilled={("DC -> east", "bolt"): 4.0}, due={(FACTORY, "bolt", 1): 3.0})
    ),
    "closed road that holds": lambda: closed_road("wait", 1),
    "incremental breaks": lambda: shop(
        break_kind="incremental", price_breaks=(3.0,),
        rates={"purchase": None, "bracket_purchase": {("road", "milk"): (4.0, 1.0)}},
    ),
    "batches that take time": lambda: plant(duration=1, batch=2.0),
    "decay": lambda: shop(items=(Item("gas", decay_rate=0.25, whole_units=False, volume=1.0),), rates={"waste": 1.0}),
    "review and weekdays": lambda: shop(review_period=2, order_days=(0, 2, 4)),
    "orders that travel": lambda: shop(order_delay=1, lead_time=1),
    "discounted": lambda: shop(discount=0.9, rates={"operating_fixed": 5.0}),
}  # fmt: skip
"""Networks whose features share a constraint with others."""


def planned(name: str, num_periods: int = 4) -> tuple[Problem, Event]:
    """Return a network by name, and the events that it is planned for."""
    made = _made(name)
    return made if isinstance(made, tuple) else (made, expected_events(made, num_periods))


@functools.cache
def _made(name: str) -> Problem | tuple[Problem, Event]:
    """Return a network, always the same one: its prices are read once."""
    return {**NETWORKS, **MORE}[name]()
