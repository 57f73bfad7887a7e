"""Small networks of the literature in one call."""

from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict, Unpack

from basestock.network.production import Process
from basestock.network.supply_network import SupplyNetwork
from basestock.network.types import Item, Lane, LeadTime, Node, Quantity, Supplier, Unmet

SUPPLIER = Supplier("supplier")
"""The outside source of the built networks."""

ITEM = Item("item")
"""The item of the built networks, unless another is given."""


class LaneOptions(TypedDict, total=False):
    """Options of the lanes of a built network, as in :class:`~basestock.network.Lane`."""

    lead_time_known: Literal["on_order", "on_arrival"]
    order_minimum: Quantity
    order_multiple: Quantity
    order_maximum: Quantity
    review_period: int
    review_phase: int
    order_days: tuple[int, ...]
    unfilled: Literal["wait", "lost"]


def single_item(
    *, item: Item = ITEM, lead_time: LeadTime = 1, unmet: Unmet = "lost", **lane: Unpack[LaneOptions]
) -> SupplyNetwork:
    """Return one item at one node, ``"stock"``, replenished by an outside supplier.

    Parameters
    ----------
    item
        The item.
    lead_time
        Periods, or {periods: probability} [L].
    unmet
        What happens to demand without stock.
    lane
        Further options of the lane.

    Examples
    --------
    >>> single_item(lead_time=4).lanes[0].name
    'supplier -> stock'
    """
    lanes = (Lane(SUPPLIER.name, "stock", lead_time=lead_time, **lane),)
    return SupplyNetwork((item,), (Node("stock"),), (SUPPLIER,), lanes, unmet=unmet)


def serial(
    lead_times: Sequence[LeadTime],
    *,
    item: Item = ITEM,
    unmet: Unmet = "backorder",
    **lane: Unpack[LaneOptions],
) -> SupplyNetwork:
    """Return a series of stages; customers are served by the last one.

    Parameters
    ----------
    lead_times
        Lead time into each stage in the order of flow, the one from the outside supplier first, periods [L].
    item
        The item.
    unmet
        What happens to demand without stock.
    lane
        Further options of every lane.

    Returns
    -------
    SupplyNetwork
        Nodes ``"stage N", ..., "stage 1"`` in the order of flow, numbered from the customer.

    Examples
    --------
    >>> [node.name for node in serial((2, 1)).nodes]
    ['stage 2', 'stage 1']
    """
    num_stages = len(lead_times)
    nodes = tuple(Node(f"stage {number}", tier=number - 1) for number in range(num_stages, 0, -1))
    sources = (SUPPLIER.name, *(node.name for node in nodes))
    lanes = tuple(
        Lane(source, node.name, lead_time=lead_time, **lane)
        for source, node, lead_time in zip(sources, nodes, lead_times, strict=False)
    )
    return SupplyNetwork((item,), nodes, (SUPPLIER,), lanes, unmet=unmet)


def distribution(
    retailer_lead_times: Sequence[LeadTime],
    *,
    warehouse_lead_time: LeadTime = 1,
    item: Item = ITEM,
    unmet: Unmet = "backorder",
    **lane: Unpack[LaneOptions],
) -> SupplyNetwork:
    """Return one warehouse, fed by an outside supplier, and the retailers that it feeds.

    Parameters
    ----------
    retailer_lead_times
        Lead time from the warehouse to each retailer, periods; one entry for each retailer.
    warehouse_lead_time
        Lead time from the supplier, periods.
    item
        The item.
    unmet
        What happens to demand without stock.
    lane
        Further options of every lane.

    Returns
    -------
    SupplyNetwork
        Nodes ``"warehouse", "retailer 1", ..., "retailer N"``.

    Examples
    --------
    >>> distribution((1, 1, 2)).tiers()
    (('warehouse',), ('retailer 1', 'retailer 2', 'retailer 3'))
    """
    retailers = tuple(Node(f"retailer {number}") for number in range(1, len(retailer_lead_times) + 1))
    lanes = (
        Lane(SUPPLIER.name, "warehouse", lead_time=warehouse_lead_time, **lane),
        *(
            Lane("warehouse", retailer.name, lead_time=lead_time, **lane)
            for retailer, lead_time in zip(retailers, retailer_lead_times, strict=True)
        ),
    )
    return SupplyNetwork((item,), (Node("warehouse", tier=1), *retailers), (SUPPLIER,), lanes, unmet=unmet)


def assembly(
    lead_times: Mapping[str, LeadTime],
    *,
    quantities: Mapping[str, float] | None = None,
    product: Item | None = None,
    duration: int = 0,
    unmet: Unmet = "backorder",
    **lane: Unpack[LaneOptions],
) -> SupplyNetwork:
    """Return one plant that buys components and assembles them into one product.

    Parameters
    ----------
    lead_times
        Component to lead time from its own supplier, periods.
    quantities
        Component to units in one product; 1 where not given.
    product
        The product; named ``"product"`` when not given.
    duration
        Periods from start to completion of the assembly.
    unmet
        What happens to demand without stock.
    lane
        Further options of every lane.

    Returns
    -------
    SupplyNetwork
        The product is the first item; node ``"plant"``, process ``"assembly"``, and a lane for each component
        from ``"supplier of <component>"``.

    Examples
    --------
    >>> bicycle = assembly({"frame": 3, "wheel": 1}, quantities={"wheel": 2})
    >>> dict(bicycle.processes[0].consumes)
    {'frame': 1.0, 'wheel': 2.0}
    """
    made = product or Item("product")
    in_one = dict.fromkeys(lead_times, 1.0) | dict(quantities or {})
    suppliers = tuple(Supplier(f"supplier of {component}") for component in lead_times)
    lanes = tuple(
        Lane(supplier.name, "plant", items=(component,), lead_time=lead_time, **lane)
        for supplier, (component, lead_time) in zip(suppliers, lead_times.items(), strict=True)
    )
    process = Process("assembly", "plant", consumes=in_one, produces={made.name: 1.0}, duration=duration)
    items = (made, *(Item(component) for component in lead_times))
    return SupplyNetwork(items, (Node("plant"),), suppliers, lanes, (process,), unmet=unmet)
