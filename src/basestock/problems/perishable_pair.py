"""Two perishable items that earn a price; customers who miss one may take the other."""

from collections.abc import Mapping
from typing import Any

from basestock.decision import Problem
from basestock.dynamics import RECEIVE_ORDER_SELL, with_repairs
from basestock.economics import make_tariff
from basestock.network import Item, Lane, Node, Substitution, Supplier, SupplyNetwork
from basestock.uncertainty import DemandLaw, Uncertainty

STORE = "store"


def pair_problem(own: Mapping[str, Any], laws: Mapping[str, DemandLaw]) -> Problem:
    """Build the two-product problem (Hendrix et al. 2019, doi:10.1002/cmm4.1027).

    Parameters
    ----------
    own
        Parameters of a record: ``shelf_life``, ``lead_time`` (days), ``issuing``, ``max_order_a``, ``max_order_b``
        (units), ``unit_cost``, ``price`` (money per unit), ``substitution`` (from, to, probability), ``horizon``,
        ``warm_up`` (days).
    laws
        Demand of a day by item, ``A`` and ``B``.

    Returns
    -------
    Problem
        Average profit per day. Both items are sold to their own customers first; then each customer who found the one
        item missing takes the other with the given probability, as far as it is there, and pays its price.
    """
    swap = own["substitution"]
    network = SupplyNetwork(
        items=tuple(
            Item(name, shelf_life=int(own["shelf_life"]), issuing=own["issuing"]) for name in sorted(laws)
        ),
        nodes=(Node(STORE),),
        suppliers=(Supplier("supplier"),),
        lanes=(
            Lane(
                "supplier",
                STORE,
                lead_time=int(own["lead_time"]),
                order_maximum={name: float(own[f"max_order_{name.lower()}"]) for name in sorted(laws)},
            ),
        ),
        substitutions=(
            Substitution(STORE, swap["from"], swap["to"], float(swap["probability"]), law="binomial"),
        ),
    )
    return Problem(
        name="perishable_profit",
        network=network,
        uncertainty=Uncertainty({(STORE, name): law for name, law in laws.items()}),
        tariff=make_tariff(network, unit_order=own["unit_cost"], price=own["price"]),
        sequence=with_repairs(RECEIVE_ORDER_SELL),
        criterion="average_profit_per_period",
        sense="max",
        horizon=own["horizon"],
        warm_up=own["warm_up"],
        parameters=dict(own),
    )
