"""Random networks of one shape bucket, so that one compiled program plays them all."""

import numpy as np

from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.uncertainty import Geometric, NegativeBinomial, Poisson, Uncertainty

NODES, ITEMS, LANES = 5, 3, 8


def random_network(draw: np.random.Generator) -> SupplyNetwork:
    """A tree or diamond with peers that transfer, random and fixed lead times, lost and waiting demand."""
    nodes = [f"n{k}" for k in range(NODES)]
    lanes = [
        Lane("outside", "n0", name="l0", lead_time=4),
        Lane(
            "outside",
            nodes[int(draw.integers(1, NODES))],
            name="l1",
            lead_time={1: 0.5, 2: 0.3, 4: 0.2},
            lead_time_known="on_arrival",
        ),
    ]
    for k in range(1, NODES):
        source = nodes[int(draw.integers(0, k))]
        lanes.append(
            Lane(source, nodes[k], name=f"l{len(lanes)}", lead_time=int(draw.integers(1, 5)), priority=2)
        )
    one, other = draw.choice(np.arange(1, NODES), 2, replace=False)
    lanes.append(Lane(nodes[one], nodes[other], name="l6", lead_time=int(draw.integers(1, 5)), priority=3))
    lanes.append(Lane(nodes[other], nodes[one], name="l7", lead_time=int(draw.integers(1, 5)), priority=3))
    items = tuple(f"i{k}" for k in range(ITEMS))
    waiting = {(node, item): "backorder" for node in nodes for item in items if draw.random() < 0.4}
    return SupplyNetwork(
        items=tuple(Item(name) for name in items),
        nodes=tuple(Node(name) for name in nodes),
        suppliers=(Supplier("outside"),),
        lanes=tuple(lanes),
        unmet="lost",
        unmet_at=waiting | {("n4", "i0"): "backorder"},
    )


def random_demand(draw: np.random.Generator) -> Uncertainty:
    """Demand everywhere, with zero, small and wild laws."""
    laws = (Poisson(0.0), Poisson(3.0), Geometric(4.0), NegativeBinomial(2.0, 9.0))
    places = [(f"n{node}", f"i{item}") for node in range(NODES) for item in range(ITEMS)]
    kinds = draw.integers(0, len(laws), len(places))
    # One place always has the law with the longest table, so that every network has tables of one length.
    kinds[-1] = 2
    return Uncertainty({place: laws[kind] for place, kind in zip(places, kinds, strict=True)})
