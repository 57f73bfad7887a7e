"""Which plant ships which customer order on which freight line: proof of infeasibility, and the cheapest ways out."""

import dataclasses
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Literal

import numpy as np

from basestock.optimal.programs.linear import Linear
from basestock.optimal.programs.model import InfeasibleError, ProgramError, ProgramModel, Solved
from basestock.optimal.programs.outbound_records import CustomerOrder, FreightRate, Plant

OWN_FREIGHT = "CRF"
"""Service level of orders whose customers arrange the freight: they cost none."""


@dataclasses.dataclass(frozen=True)
class Cut:
    """Orders that only some plants can ship, and more of them than those plants have room for (Hall 1935).

    Parameters
    ----------
    orders, plants
        Names.
    capacity
        Orders that those plants ship at most.
    """

    orders: tuple[str, ...]
    plants: tuple[str, ...]
    capacity: int

    @property
    def shortage(self) -> int:
        """Orders that cannot be shipped: no plan ships more, and some plan leaves out only these many."""
        return len(self.orders) - self.capacity

    def __str__(self) -> str:
        where = f"the plants {', '.join(self.plants)}" if self.plants else "no plant at all"
        return (
            f"{len(self.orders)} orders can be shipped by {where} only, which have room for {self.capacity}: "
            f"{self.shortage} are too many"
        )


@dataclasses.dataclass(frozen=True)
class Route:
    """An order shipped from a plant.

    Parameters
    ----------
    order, plant
        Names.
    line
        Freight line; ``None`` where the customer arranges the freight.
    production, freight
        Money.
    """

    order: str
    plant: str
    line: tuple[str, str, str, str, str, int] | None
    production: float
    freight: float


@dataclasses.dataclass(frozen=True)
class OutboundPlan:
    """Who ships what.

    Parameters
    ----------
    routes
        The orders that are shipped.
    dropped
        Names of the orders that are not.
    extra_capacity
        Orders by plant beyond its capacity, where there are any.
    cost
        Production and freight, money.
    penalty
        Money for dropped orders and for capacity that was bought.
    bound
        Proven lower bound on cost and penalty, money.
    """

    routes: tuple[Route, ...]
    dropped: tuple[str, ...]
    extra_capacity: Mapping[str, int]
    cost: float
    penalty: float
    bound: float


@dataclasses.dataclass(frozen=True)
class OutboundProblem:
    """Orders of a day, plants and freight lines.

    Parameters
    ----------
    orders, plants, rates
        What is known of each.

    Notes
    -----
    A plant may ship an order if it makes the product, serves the customer, and a line of the order's service level
    leaves one of its ports for the destination and carries the weight. A shipment of weight w on a line costs
    max(minimum, rate(w) w), with the rate of the band of w: every order is a shipment of its own. The cheapest line of
    a plant is always taken, so that what is left to decide is the plant.
    """

    orders: tuple[CustomerOrder, ...]
    plants: tuple[Plant, ...]
    rates: tuple[FreightRate, ...]

    def __post_init__(self) -> None:
        names = [order.name for order in self.orders]
        wrong = [] if len(set(names)) == len(names) else ["orders must be named once each."]
        wrong += [
            f"order {order.name!r}: units are {order.units} and weight {order.weight}, must be >= 0."
            for order in self.orders
            if not (order.units >= 0 and order.weight >= 0)
        ]
        wrong += [
            f"plant {plant.name!r}: capacity is {plant.capacity} and unit_cost {plant.unit_cost}, must be >= 0."
            for plant in self.plants
            if not (plant.capacity >= 0 and plant.unit_cost >= 0)
        ]
        if wrong:
            raise ProgramError(f"outbound: {' '.join(wrong[:20])} Correct them.")

    @cached_property
    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """Numbers of order and plant of every pair that is possible, in the order of the orders."""
        possible = np.isfinite(self._freight)
        for number, plant in enumerate(self.plants):
            for order, asked in enumerate(self.orders):
                served = not plant.customers or asked.customer in plant.customers
                if asked.product not in plant.products or not served:
                    possible[order, number] = False
        found = np.nonzero(possible)
        return found[0], found[1]

    @cached_property
    def _freight(self) -> np.ndarray:
        """Money ``[order, plant]`` on the cheapest line, infinite where none carries the order."""
        return self._tables[0]

    @cached_property
    def _tables(self) -> tuple[np.ndarray, np.ndarray]:
        """Return cheapest freight and number of its line, -1 for none, ``[order, plant]``."""
        cost = np.full((len(self.orders), len(self.plants)), np.inf)
        chosen = np.full(cost.shape, -1, dtype=np.int64)
        own = np.array([order.service == OWN_FREIGHT for order in self.orders], dtype=bool)
        weight = np.array([order.weight for order in self.orders], dtype=float)
        cost[own] = 0.0
        for number, bands in enumerate(self.lines.values()):
            first = bands[0]
            on_line = np.array(
                [(o.service, o.destination) == (first.service, first.destination) for o in self.orders],
                dtype=bool,
            )
            charge = np.where(on_line & ~own, shipment_cost(bands, weight), np.inf)
            for plant, at in enumerate(self.plants):
                if first.origin in at.ports:
                    better = charge < cost[:, plant]
                    cost[better, plant], chosen[better, plant] = charge[better], number
        return cost, chosen

    @cached_property
    def lines(self) -> dict[tuple[str, str, str, str, str, int], list[FreightRate]]:
        """Bands by line, the lightest first."""
        found: dict[tuple[str, str, str, str, str, int], list[FreightRate]] = defaultdict(list)
        for rate in sorted(self.rates, key=lambda each: (each.line, each.from_weight, each.rate)):
            found[rate.line].append(rate)
        return dict(found)

    def route(self, order: int, plant: int) -> Route:
        """Return the cheapest way of an order from a plant, both by number."""
        number = int(self._tables[1][order, plant])
        line = list(self.lines)[number] if number >= 0 else None
        at, asked = self.plants[plant], self.orders[order]
        return Route(
            asked.name, at.name, line, at.unit_cost * asked.units, float(self._freight[order, plant])
        )

    @cached_property
    def pair_costs(self) -> np.ndarray:
        """Production and freight of every possible pair, money."""
        order, plant = self.pairs
        units = np.array([each.units for each in self.orders], dtype=float)
        unit_costs = np.array([each.unit_cost for each in self.plants], dtype=float)
        return units[order] * unit_costs[plant] + self._freight[order, plant]


def shipment_cost(bands: Sequence[FreightRate], weight: np.ndarray) -> np.ndarray:
    """Return what shipments cost on a line, money; infinite below its least and above its largest weight.

    Parameters
    ----------
    bands
        Bands of the line, the lightest first.
    weight
        Kilograms.

    Examples
    --------
    >>> light, heavy = (FreightRate("c", "a", "b", "DTD", "AIR", 1, low, high, 5.0, rate)
    ...                 for low, high, rate in ((0, 9.99, 1.0), (10, 99.99, 0.8)))
    >>> shipment_cost([light, heavy], np.array([2.0, 9.995, 20.0, 100.0])).tolist()
    [5.0, 9.995, 16.0, inf]
    """
    starts = np.array([band.from_weight for band in bands])
    rates, least = np.array([band.rate for band in bands]), np.array([band.minimum for band in bands])
    at = np.searchsorted(starts, weight, side="right") - 1
    charge = np.maximum(least[at], rates[at] * weight)
    largest = max(band.to_weight for band in bands)
    return np.where((at >= 0) & (weight <= largest), charge, np.inf)


def violated_cut(problem: OutboundProblem) -> Cut | None:
    """Return the orders that prove that not all can be shipped, if that is so.

    Parameters
    ----------
    problem
        Orders and plants.

    Returns
    -------
    Cut
        With the largest shortage of all; ``None`` where all orders can be shipped.

    Notes
    -----
    A smallest cut of the network source -> orders -> plants -> sink: orders that the source still reaches beside a
    largest flow can go only to plants that are full. The shortage is the number of orders in no plan (Ford and
    Fulkerson 1956, doi:10.4153/CJM-1956-045-5); orders of the same plants flow as one.
    """
    from scipy.sparse import coo_array, csr_array
    from scipy.sparse.csgraph import breadth_first_order, maximum_flow

    groups = _groups(problem)
    count, plants = len(groups), len(problem.plants)
    source, sink = count + plants, count + plants + 1
    links = [(source, number, len(members)) for number, members in enumerate(groups.values())]
    links += [
        (number, count + plant, len(members))
        for number, (reach, members) in enumerate(groups.items())
        for plant in reach
    ]
    links += [(count + number, sink, plant.capacity) for number, plant in enumerate(problem.plants)]
    row, column, room = (np.array(part, dtype=np.int32) for part in zip(*links, strict=True))
    graph = csr_array(coo_array((room, (row, column)), shape=(sink + 1, sink + 1)))
    flow = maximum_flow(graph, source, sink)
    if flow.flow_value == len(problem.orders):
        return None
    left = csr_array(graph - flow.flow)
    left.data = np.maximum(left.data, 0)
    left.eliminate_zeros()
    reached = set(breadth_first_order(left, source, return_predecessors=False).tolist())
    members = [order for number, part in enumerate(groups.values()) if number in reached for order in part]
    full = [plant for number, plant in enumerate(problem.plants) if count + number in reached]
    return Cut(
        tuple(problem.orders[order].name for order in sorted(members)),
        tuple(plant.name for plant in full),
        sum(plant.capacity for plant in full),
    )


def is_proof(cut: Cut, problem: OutboundProblem) -> bool:
    """Tell whether a cut proves that not all orders can be shipped, by counting alone."""
    chosen, order_at = set(cut.orders), {order.name: k for k, order in enumerate(problem.orders)}
    plants = {plant.name: plant for plant in problem.plants}
    if not chosen <= set(order_at) or not set(cut.plants) <= set(plants) or len(chosen) < len(cut.orders):
        return False
    allowed = set(cut.plants)
    outside = any(
        problem.orders[order].name in chosen and problem.plants[plant].name not in allowed
        for order, plant in zip(*problem.pairs, strict=True)
    )
    return not outside and len(chosen) > sum(plants[name].capacity for name in allowed)


def _groups(problem: OutboundProblem) -> dict[tuple[int, ...], list[int]]:
    """Return numbers of orders by the numbers of the plants that may ship them."""
    reach: list[list[int]] = [[] for _ in problem.orders]
    for order, plant in zip(*problem.pairs, strict=True):
        reach[int(order)].append(int(plant))
    found: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for order, plants in enumerate(reach):
        found[tuple(plants)].append(order)
    return dict(found)


def ship_orders(
    problem: OutboundProblem,
    *,
    drop_cost: float | None = None,
    capacity_cost: float | None = None,
    time_limit: float | None = None,
) -> OutboundPlan:
    """Return the cheapest plan.

    Parameters
    ----------
    problem
        Orders, plants and freight lines.
    drop_cost
        Money per order that is not shipped; without it all are.
    capacity_cost
        Money per order that a plant ships beyond its capacity; without it none does.
    time_limit
        Seconds; ``None`` for no limit.

    Returns
    -------
    OutboundPlan
        With its bound.

    Raises
    ------
    InfeasibleError
        With the violated cut, where all orders must be shipped and cannot be.
    ProgramError
        If a penalty is below 0.
    """
    for name, value in (("drop_cost", drop_cost), ("capacity_cost", capacity_cost)):
        if value is not None and not value >= 0:
            raise ProgramError(f"outbound: {name} is {value}, must be a number >= 0. Correct it.")
    if drop_cost is None:
        _require_shipped(problem, beyond=capacity_cost is not None)
    program = _Program(problem, drop_cost is not None, capacity_cost is not None)
    program.model.minimize(program.cost)
    program.model.minimize(program.dropped * (drop_cost or 0.0))
    program.model.minimize(program.bought * (capacity_cost or 0.0))
    solved = program.model.solve(time_limit=time_limit, mip_rel_gap=1e-9)
    return program.plan(solved, drop_cost or 0.0, capacity_cost or 0.0)


def relax_orders(
    problem: OutboundProblem,
    by: Literal["orders", "capacity"],
    *,
    time_limit: float | None = None,
) -> OutboundPlan:
    """Return the cheapest plan among those that break the least: the fewest orders dropped, or bought in addition.

    Parameters
    ----------
    problem
        Orders, plants and freight lines.
    by
        ``orders`` to drop as few as possible, ``capacity`` to ship all beyond as little capacity as possible.
    time_limit
        Seconds for the program; ``None`` for no limit.

    Returns
    -------
    OutboundPlan
        Its penalty is 0: what is broken has no price.

    Raises
    ------
    InfeasibleError
        If capacity is raised and some order has no plant at all.
    """
    cut = violated_cut(problem)
    least = 0 if cut is None else cut.shortage
    if by == "capacity":
        _require_shipped(problem, beyond=True)
    program = _Program(problem, by == "orders", by == "capacity")
    broken = program.dropped if by == "orders" else program.bought
    program.model.constrain("least that gives way", broken.sum(), "<=", float(least))
    program.model.minimize(program.cost)
    return program.plan(program.model.solve(time_limit=time_limit, mip_rel_gap=1e-9), 0.0, 0.0)


def _require_shipped(problem: OutboundProblem, *, beyond: bool) -> None:
    """Refuse orders that cannot all be shipped, whatever capacity is bought or within what is there."""
    lost = tuple(problem.orders[order].name for order in _groups(problem).get((), ()))
    cut = Cut(lost, (), 0) if lost and beyond else None if beyond else violated_cut(problem)
    if cut is not None:
        remedy = "Drop orders at a cost." if beyond else "Raise capacities, or drop orders at a cost."
        room = sum(plant.capacity for plant in problem.plants)
        raise InfeasibleError(
            f"outbound: not all of the {len(problem.orders)} orders can be shipped; all plants together have room for "
            f"{room}, and {cut}. {remedy}",
            {"capacity": float(cut.shortage)},
        )


class _Program:
    """Variables and constraints that all versions share."""

    def __init__(self, problem: OutboundProblem, may_drop: bool, may_buy: bool) -> None:
        self.problem, self.model = problem, ProgramModel("outbound")
        orders, plants = len(problem.orders), len(problem.plants)
        order, plant = problem.pairs
        self.shipped = self.model.variables("ship", (len(order),), high=1.0, whole=True)
        self.dropped = self.model.variables("drop", (orders,), high=1.0 if may_drop else 0.0)
        self.bought = self.model.variables("buy", (plants,), high=float(orders) if may_buy else 0.0)
        every = self.shipped.placed(order, (orders,)) + self.dropped
        self.model.constrain("every order once", every, "==", 1.0)
        room = np.array([each.capacity for each in problem.plants], dtype=float)
        self.model.constrain("capacity", self.shipped.placed(plant, (plants,)) - self.bought, "<=", room)
        self.cost: Linear = self.shipped * problem.pair_costs

    def plan(self, solved: Solved, drop_cost: float, capacity_cost: float) -> OutboundPlan:
        """Return what a solution says."""
        problem, (order, plant) = self.problem, self.problem.pairs
        chosen = np.flatnonzero(self.shipped.at(solved.values) > 0.5)
        routes = tuple(problem.route(int(order[pair]), int(plant[pair])) for pair in chosen)
        shipped = {route.order for route in routes}
        dropped = tuple(each.name for each in problem.orders if each.name not in shipped)
        used = np.bincount(plant[chosen], minlength=len(problem.plants))
        extra = {
            each.name: int(used[number]) - each.capacity
            for number, each in enumerate(problem.plants)
            if used[number] > each.capacity
        }
        cost = sum(route.production + route.freight for route in routes)
        penalty = drop_cost * len(dropped) + capacity_cost * sum(extra.values())
        return OutboundPlan(routes, dropped, extra, cost, penalty, min(solved.bound, cost + penalty))
