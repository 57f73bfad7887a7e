"""One perishable item at one place: what is too old is thrown away, what is not there is lost."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

import jax.numpy as jnp

from basestock.decision import Criterion, KnownValue, Problem
from basestock.dynamics import (
    RECEIVE_ORDER_SELL,
    Decision,
    NetworkArrays,
    PeriodOutcome,
    Sequence,
    State,
    into_nodes,
    with_repairs,
)
from basestock.dynamics.stages import place_orders
from basestock.economics import make_tariff
from basestock.network import DemandClass, Item, Lane, Node, Supplier, SupplyNetwork
from basestock.problems.families.demand import parse_law, two_moment
from basestock.problems.parameters import parameters
from basestock.problems.published_perishable import profit_value, single_class_value, two_class_value
from basestock.uncertainty import DemandLaw, Event, Poisson, Uncertainty

Issuing = Literal["fifo", "lifo"]
STORE, ITEM = "store", "item"


@dataclasses.dataclass(frozen=True)
class OrdersWithinPosition:
    """A stage that books orders, cut so that the inventory position stays within a bound; nothing is always allowed.

    Parameters
    ----------
    max_position
        Largest stock and orders under way after ordering, units.
    """

    max_position: float

    def __call__(
        self, network: NetworkArrays, state: State, decision: Decision, event: Event, flows: PeriodOutcome
    ) -> tuple[State, PeriodOutcome]:
        """Cut the orders, then book them."""
        position = state.on_hand + into_nodes(network, state.in_transit)
        room = jnp.maximum(self.max_position - position, 0.0)[network.lane_destination]
        order = jnp.minimum(decision.order, room)
        return place_orders(network, state, dataclasses.replace(decision, order=order), event, flows)


def bounded(sequence: Sequence, max_position: float) -> Sequence:
    """Return a sequence whose orders stay within a bound of the inventory position."""
    stage = OrdersWithinPosition(max_position)
    return dataclasses.replace(
        sequence, after=tuple(stage if each is place_orders else each for each in sequence.after)
    )


def perishable_problem(
    name: str,
    *,
    shelf_life: int,
    lead_time: int,
    demand: Mapping[str, DemandLaw],
    rates: Mapping[str, float | None],
    parameters: Mapping[str, object],
    criterion: Criterion,
    issuing: Issuing = "fifo",
    max_order: float | None = None,
    sequence: Sequence = RECEIVE_ORDER_SELL,
    discount: float = 1.0,
    horizon: int,
    warm_up: int,
    known: KnownValue | None = None,
) -> Problem:
    """Build a problem of one perishable item at one place, supplied from outside with fresh units.

    Parameters
    ----------
    name
        Name of the family.
    shelf_life, lead_time
        Periods that a fresh unit can be sold in, and from an order to its receipt; one of t first serves t + L.
    demand
        Law of the demand of a period by class of customers (``fifo`` and ``lifo``), or of all (``""``).
    rates
        Money by rate of the tariff.
    parameters
        What the problem was built from.
    criterion
        What is optimized.
    issuing
        Which units leave first, where all customers are alike.
    max_order
        Largest order, units; a larger one is cut to it. ``None`` for any.
    sequence
        Order of events in a period.
    discount
        Factor per period.
    horizon, warm_up
        Periods counted and skipped.
    known
        Known value, if any.
    """
    classes = tuple(DemandClass(each, issuing=each) for each in demand if each)  # type: ignore[arg-type]
    network = SupplyNetwork(
        items=(Item(ITEM, shelf_life=shelf_life, issuing=issuing),),
        nodes=(Node(STORE),),
        suppliers=(Supplier("supplier"),),
        lanes=(Lane("supplier", STORE, lead_time=lead_time, order_maximum=max_order),),
        demand_classes=classes,
    )
    first, *others = demand
    maximizes = criterion in ("discounted_return", "average_profit_per_period")
    return Problem(
        name=name,
        network=network,
        uncertainty=Uncertainty(
            {(STORE, ITEM): demand[first]}, {(each, STORE, ITEM): demand[each] for each in others}
        ),
        tariff=make_tariff(network, **rates),
        sequence=sequence if max_order is None else with_repairs(sequence),
        criterion=criterion,
        sense="max" if maximizes else "min",
        discount=discount,
        horizon=horizon,
        warm_up=warm_up,
        parameters=dict(parameters),
        source=known.source if known else "",
        known=known,
    )


@parameters(cv=(0, None))
def perishable_single_class(
    *,
    shelf_life: int = 2,
    lead_time: int = 1,
    mean: float = 4.0,
    cv: float = 0.5,
    max_order: int = 10,
    order_cost: float = 3.0,
    lost_sale_cost: float = 5.0,
    wastage_cost: float = 7.0,
    holding_cost: float = 1.0,
    issuing: Issuing = "lifo",
    discount: float = 0.99,
    horizon: int = 365,
    warm_up: int = 100,
) -> Problem:
    """Build the perishable item with a lead time (De Moor et al. 2022; Farrington et al. 2025).

    Parameters
    ----------
    shelf_life, lead_time
        Days [m, L]; an order placed on day t first serves the demand of day t + L.
    mean, cv
        Demand of a day: units, and standard deviation over mean, of a gamma law rounded to whole units.
    max_order
        Largest order, units.
    order_cost, lost_sale_cost, wastage_cost
        Money per unit ordered, lost, expired.
    holding_cost
        Money per unit left at the end of a day that has not expired.
    issuing
        ``fifo``, the oldest unit first, or ``lifo``, the freshest first.
    discount
        Factor per day [gamma].
    horizon, warm_up
        Days counted and skipped in a simulation from the empty system.

    Returns
    -------
    Problem
        Discounted return (minus cost), doi:10.1007/s10479-025-06551-6; with the printed optimum where the parameters
        match an instance.

    Examples
    --------
    >>> perishable_single_class(issuing="fifo").known.value
    -1457
    """
    own = dict(locals())
    law = parse_law({"type": "rounded_gamma", "mean": mean, "cv": cv, "truncated_at": 100})
    return single_class_problem(own, law)


def single_class_problem(own: Mapping[str, Any], law: DemandLaw) -> Problem:
    """Build the single-class problem from its parameters and the law of its demand."""
    rates = {
        "unit_order": own["order_cost"],
        "lost_sale": own["lost_sale_cost"],
        "waste": own["wastage_cost"],
        "holding": own["holding_cost"],
    }
    return perishable_problem(
        "perishable_single_class",
        shelf_life=int(own["shelf_life"]),
        lead_time=int(own["lead_time"]),
        demand={"": law},
        rates=rates,
        parameters=own,
        criterion="discounted_return",
        issuing=own["issuing"],
        max_order=own["max_order"],
        discount=own["discount"],
        horizon=own["horizon"],
        warm_up=own["warm_up"],
        known=single_class_value(own),
    )


@parameters()
def perishable_two_class(
    *,
    shelf_life: int = 3,
    lead_time: int = 0,
    mean: float = 4.0,
    std: float = 2.0,
    fifo_share: float = 0.5,
    outdating_cost: float = 100.0,
    lost_sale_cost: float = 100.0,
    holding_cost: float = 0.0,
    order_cost: float = 0.0,
    max_inventory_position: int = 16,
    horizon: int = 5000,
    warm_up: int = 100,
) -> Problem:
    """Build the blood bank: customers who take the oldest units, then customers who take the freshest.

    Parameters
    ----------
    shelf_life, lead_time
        Periods [m, L]; an order placed in t first serves the demand of t + L.
    mean, std
        Total demand of a period, units; each class has its share of the mean and of the variance.
    fifo_share
        Share of the demand that is served oldest first; it is served before the rest.
    outdating_cost, lost_sale_cost, holding_cost, order_cost
        Money per unit expired, lost, left at the end of a period, ordered.
    max_inventory_position
        Largest stock and orders under way after ordering, units.
    horizon, warm_up
        Periods counted and skipped in a simulation.

    Returns
    -------
    Problem
        Average cost per period (Temizoz et al. 2025, doi:10.48550/arXiv.2011.15122, after Haijema et al. 2007).

    Examples
    --------
    >>> perishable_two_class(max_inventory_position=16).known.value
    32.5869
    """
    own = dict(locals())
    shares = {"fifo": fifo_share, "lifo": 1.0 - fifo_share}
    laws = {name: two_moment(mean * share, std * share**0.5) for name, share in shares.items()}
    return two_class_problem(own, laws, two_class_value(own))


def two_class_problem(
    own: Mapping[str, Any], laws: Mapping[str, DemandLaw], known: KnownValue | None = None
) -> Problem:
    """Build the two-class problem from its parameters and the laws of the classes, the first served first."""
    rates = {
        "waste": own["outdating_cost"],
        "lost_sale": own["lost_sale_cost"],
        "holding": own["holding_cost"] or None,
        "unit_order": own["order_cost"] or None,
    }
    return perishable_problem(
        "perishable_two_class",
        shelf_life=int(own["shelf_life"]),
        lead_time=int(own["lead_time"]),
        demand=laws,
        rates=rates,
        parameters=own,
        criterion="average_cost_per_period",
        sequence=bounded(RECEIVE_ORDER_SELL, float(own["max_inventory_position"])),
        horizon=own["horizon"],
        warm_up=own["warm_up"],
        known=known,
    )


@parameters()
def perishable_profit(
    *,
    shelf_life: int = 2,
    mean: float = 5.0,
    max_order: int = 10,
    unit_cost: float = 0.5,
    price: float = 1.0,
    lead_time: int = 1,
    issuing: Issuing = "fifo",
    horizon: int = 5000,
    warm_up: int = 100,
) -> Problem:
    """Build the perishable item that earns a price (Hendrix et al. 2019, doi:10.1002/cmm4.1027).

    Parameters
    ----------
    shelf_life, lead_time
        Days; an order placed on day t first serves the demand of day t + L.
    mean
        Poisson demand of a day, units.
    max_order
        Largest order, units.
    unit_cost, price
        Money per unit ordered, and per unit sold.
    issuing
        ``fifo`` or ``lifo``.
    horizon, warm_up
        Days counted and skipped in a simulation.

    Returns
    -------
    Problem
        Average profit per day; what expires costs nothing more than it cost to order.

    Examples
    --------
    >>> perishable_profit(shelf_life=4, max_order=20).known.value
    2.47
    """
    own = dict(locals())
    return profit_problem(own, Poisson(mean), profit_value(own))


def profit_problem(own: Mapping[str, Any], law: DemandLaw, known: KnownValue | None = None) -> Problem:
    """Build the profit problem from its parameters and the law of its demand."""
    return perishable_problem(
        "perishable_profit",
        shelf_life=int(own["shelf_life"]),
        lead_time=int(own["lead_time"]),
        demand={"": law},
        rates={"unit_order": own["unit_cost"], "price": own["price"]},
        parameters=own,
        criterion="average_profit_per_period",
        issuing=own["issuing"],
        max_order=own["max_order"],
        horizon=own["horizon"],
        warm_up=own["warm_up"],
        known=known,
    )
