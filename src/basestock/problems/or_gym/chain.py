"""Supply chains of stocked nodes, links that carry orders and retail markets, as these environments describe them."""

import dataclasses
from collections.abc import Sequence as Listed
from typing import Literal

from basestock.decision import Problem
from basestock.dynamics import InitialState, Sequence
from basestock.dynamics.stages import receive, serve
from basestock.economics import make_tariff
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.problems.or_gym.stages import BookOrders, Rounding, ServeBesideDebts, ShipInTurn
from basestock.uncertainty import DemandLaw, Uncertainty

Mode = Literal["faithful", "sound"]
Unmet = Literal["backorder", "lost"]
ITEM = "item"


@dataclasses.dataclass(frozen=True)
class Stocked:
    """A node with stock.

    Parameters
    ----------
    name
        Its name.
    on_hand
        Units at the start.
    holding_cost
        Money per unit and period [h].
    capacity
        Most units that it ships in a period [C]; ``None`` for no limit.
    operating_cost
        Money per unit of stock that becomes a shipped unit [o].
    yield_
        Units shipped per unit of stock [v].
    """

    name: str
    on_hand: float
    holding_cost: float
    capacity: float | None = None
    operating_cost: float = 0.0
    yield_: float = 1.0


@dataclasses.dataclass(frozen=True)
class Link:
    """A link that carries orders.

    Parameters
    ----------
    source, destination
        Names; a source without stock is an outside supplier.
    lead_time
        Periods [L].
    price
        Money per unit shipped [p]; between nodes it is income of one and cost of the other.
    transit_cost
        Money per unit under way and period [g].
    capacity
        Most units that it ships in a period [c]; ``None`` for no limit.
    shortage_cost
        Money per unit ordered that the source could not ship [k].
    """

    source: str
    destination: str
    lead_time: int
    price: float
    transit_cost: float = 0.0
    capacity: float | None = None
    shortage_cost: float = 0.0


@dataclasses.dataclass(frozen=True)
class Market:
    """Customers of one node.

    Parameters
    ----------
    node
        Name of the node.
    price
        Money per unit sold.
    shortage_cost
        Money per unit unmet at the end of a period [b].
    demand
        Law of the demand of a period.
    """

    node: str
    price: float
    shortage_cost: float
    demand: DemandLaw


@dataclasses.dataclass(frozen=True)
class Rules:
    """What differs between the originals and their repaired versions.

    Parameters
    ----------
    unmet
        Whether customers wait.
    internal
        What happens to orders that a source cannot ship.
    rounding
        What happens to fractions of orders.
    promised_twice
        Whether every buyer is promised all of a node's stock.
    order_maximum
        Whether an order is cut to the capacity of its link.
    """

    unmet: Unmet
    internal: Literal["wait", "lost"]
    rounding: Rounding = "none"
    promised_twice: bool = False
    order_maximum: bool = False


def chain_problem(
    name: str,
    nodes: Listed[Stocked],
    links: Listed[Link],
    markets: Listed[Market],
    rules: Rules,
    *,
    periods: int,
    discount: float,
    parameters: dict[str, object],
    source: str,
) -> Problem:
    """Build the problem of a supply chain.

    Parameters
    ----------
    name
        Name of the problem.
    nodes, links, markets
        What there is; orders are shipped in the order of the links.
    rules
        What differs between versions.
    periods, discount
        Length of an episode, and factor per period.
    parameters, source
        What the problem was built from, and where it is from.

    Returns
    -------
    Problem
        Discounted profit over the episode, starting with the first period.

    Notes
    -----
    Order and ship from the stock of the start of the period, receive, sell: what a node receives it can pass on in the
    next period only.
    """
    network = _network(nodes, links, rules)
    retailers = tuple(network.node_index[market.node] for market in markets)
    return Problem(
        name=name,
        network=network,
        uncertainty=Uncertainty({(market.node, ITEM): market.demand for market in markets}),
        tariff=make_tariff(network, **_rates(nodes, links, markets, rules)),
        sequence=Sequence(
            before=(),
            after=(
                BookOrders(rules.rounding),
                _shipping(nodes, links, rules),
                receive,
                ServeBesideDebts(retailers) if rules.promised_twice else serve,
            ),
        ),
        criterion="discounted_return",
        sense="max",
        horizon=periods,
        discount=discount,
        initial_state=InitialState({(node.name, ITEM): node.on_hand for node in nodes if node.on_hand}),
        parameters=parameters,
        source=source,
    )


def _network(nodes: Listed[Stocked], links: Listed[Link], rules: Rules) -> SupplyNetwork:
    stocked = {node.name for node in nodes}
    outside = dict.fromkeys(link.source for link in links if link.source not in stocked)
    return SupplyNetwork(
        items=(Item(ITEM, whole_units=False, volume=1.0),),
        nodes=tuple(Node(node.name) for node in nodes),
        suppliers=tuple(Supplier(each) for each in outside),
        lanes=tuple(
            Lane(
                link.source,
                link.destination,
                lead_time=link.lead_time,
                unfilled=rules.internal,
                capacity=link.capacity,
                order_maximum=link.capacity if rules.order_maximum else None,
            )
            for link in links
        ),
        unmet=rules.unmet,
    )


def _shipping(nodes: Listed[Stocked], links: Listed[Link], rules: Rules) -> ShipInTurn:
    at = {node.name: position for position, node in enumerate(nodes)}
    return ShipInTurn(
        tuple(at.get(link.source) for link in links),
        tuple(link.capacity for link in links),
        tuple(node.capacity for node in nodes),
        tuple(node.yield_ for node in nodes),
        rules.promised_twice,
    )


def _rates(
    nodes: Listed[Stocked], links: Listed[Link], markets: Listed[Market], rules: Rules
) -> dict[str, dict[tuple[str, str], float] | None]:
    """Return rates by place; prices between nodes cancel, so that only outside suppliers are paid."""
    named = {node.name: node for node in nodes}
    lanes = [(f"{link.source} -> {link.destination}", link) for link in links]
    shipping: dict[tuple[str, str], float] = {}
    for lane, link in lanes:
        node = named.get(link.source)
        shipping[lane, ITEM] = link.price if node is None else node.operating_cost / node.yield_
    short = {(market.node, ITEM): market.shortage_cost for market in markets}
    unshipped = {(lane, ITEM): link.shortage_cost for lane, link in lanes if link.shortage_cost}
    return {
        "holding": {(node.name, ITEM): node.holding_cost for node in nodes},
        "pipeline_holding": {(lane, ITEM): link.transit_cost for lane, link in lanes},
        "transport": shipping,
        "backorder" if rules.unmet == "backorder" else "lost_sale": short,
        "unshipped": unshipped or None,
        "price": {(market.node, ITEM): market.price for market in markets},
    }
