"""The network of a recorded case: stocked nodes, links that carry orders, one market."""

import dataclasses
from typing import Any

from basestock.problems.or_gym.case_fields import Fields
from basestock.problems.or_gym.chain import Link, Market, Stocked
from basestock.uncertainty import Deterministic

Edge = tuple[str, str]


@dataclasses.dataclass(frozen=True, eq=False)
class Chain:
    """What a case plays on.

    Parameters
    ----------
    nodes, links
        Nodes with stock, and links in the order of the actions.
    market
        The one market.
    """

    nodes: list[Stocked]
    links: list[Link]
    market: Market


def read_chain(case: Fields) -> Chain:
    """Read ``nodes``, ``edges``, ``main_nodes`` and ``reorder_links`` of a case.

    Parameters
    ----------
    case
        The case; faults are noted in it.

    Raises
    ------
    CaseError
        Naming everything that is wrong with the case so far.
    """
    nodes, edges = case.part("nodes"), _edges(case)
    main = [str(name) for name in _list(case, "main_nodes")]
    reorder = [_ends(case, "reorder_links", each) for each in _list(case, "reorder_links")]
    stocked = [_stocked(nodes, name) for name in main]
    links: list[Link] = []
    for source, destination in reorder:
        name = f"{source} -> {destination}"
        if (source, destination) not in edges:
            case.faults.append(f"reorder_links: {name} is no edge, must be one of edges.")
        elif destination not in main:
            case.faults.append(f"reorder_links: {name} ends outside main_nodes, must end at one of them.")
        elif source not in nodes.values:
            case.faults.append(f"reorder_links: {name} starts outside nodes, must start at one of them.")
        else:
            edge = edges[source, destination]
            links.append(
                Link(source, destination, edge.whole("L"), edge.number("p"), edge.number("g", default=0.0))
            )
    market = _market(case, {ends: edge for ends, edge in edges.items() if ends not in reorder}, main)
    case.require()
    return Chain(stocked, links, market)


def _list(case: Fields, name: str) -> list[Any]:
    given = case.values.get(name)
    if isinstance(given, list) and given:
        return given
    case.wrong(name, "a list of one or more")
    return []


def _ends(case: Fields, name: str, given: Any) -> Edge:
    if isinstance(given, list | tuple) and len(given) >= 2:
        return str(given[0]), str(given[1])
    case.faults.append(f"{name} holds {repr(given)[:60]}, must be a pair of nodes.")
    return "", ""


def _edges(case: Fields) -> dict[Edge, Fields]:
    found: dict[Edge, Fields] = {}
    for given in _list(case, "edges"):
        ends = _ends(case, "edges", given)
        if ends == ("", ""):
            continue
        name = f"edges {ends[0]} -> {ends[1]}"
        if ends in found:
            case.faults.append(f"{name} stands twice, must stand once.")
        if len(given) != 3 or not isinstance(given[2], dict):
            case.faults.append(f"{name} is {repr(given)[:60]}, must be two nodes and an object.")
        values = given[2] if len(given) == 3 and isinstance(given[2], dict) else {}
        found[ends] = Fields(values, f"{name}: ", case.faults)
        if values.get("K"):
            found[ends].wrong("K", "0: a fixed cost per shipment is not replayed")
    return found


def _stocked(nodes: Fields, name: str) -> Stocked:
    node = nodes.part(name)
    factory = "C" in node.values
    return Stocked(
        name,
        node.number("I0"),
        node.number("h"),
        node.number("C") if factory else None,
        node.number("o", default=0.0) if factory else 0.0,
        node.number("v", low=1e-9, default=1.0) if factory else 1.0,
    )


def _market(case: Fields, edges: dict[Edge, Fields], main: list[str]) -> Market:
    nowhere = Market("", 0.0, 0.0, Deterministic(0.0))
    if len(edges) != 1:
        case.faults.append(
            f"edges has {len(edges)} links beside reorder_links, must have 1: that to the market."
        )
        return nowhere
    (((retailer, market), edge),) = edges.items()
    if retailer not in main:
        case.faults.append(f"edges {retailer} -> {market} starts outside main_nodes, must start at one.")
        return nowhere
    return Market(retailer, edge.number("p"), edge.number("b"), Deterministic(0.0))
