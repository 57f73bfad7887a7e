"""Bounds of the newsvendor kind: what is ordered now meets demand that nobody knows yet, wherever it is."""

import dataclasses

import numpy as np

from basestock.decision import Problem
from basestock.dynamics import InitialState
from basestock.network import Lane
from basestock.optimal.bounds.blind_demand import BlindDemand, NotListedError
from basestock.optimal.bounds.bound import Bound
from basestock.optimal.bounds.echelon import least_shared_cost

STANDARD = frozenset(
    (
        *("receive", "fill_backorders", "route_orders", "place_orders", "repair_orders", "ship", "serve"),
        *("special_delivery", "expire", "account_terms", "remember", "order_into_room", "advance_buffers"),
        *("complete_processes", "start_processes", "break_down", "return_goods", "recall", "substitute"),
        *("store", "find_defects"),
    )
)
"""Stages under which a unit that is on hand was ordered a lead time ago and has met every demand since."""


@dataclasses.dataclass(frozen=True)
class Place:
    """Customers of one item at one node, and what reaches them at the earliest.

    Parameters
    ----------
    node, item
        Positions.
    lead_time
        Periods from an order to the demand that it can serve, at the least [l].
    holding, shortage
        Money per unit left at the end of a period [h], and per unit waiting there or lost [b, p].
    waits
        Whether demand waits; else it is lost.
    exact
        Whether every lane into the node takes exactly the lead time.
    decays
        Whether stock may vanish.
    """

    node: int
    item: int
    lead_time: int
    holding: float
    shortage: float
    waits: bool
    exact: bool
    decays: bool


@dataclasses.dataclass(frozen=True)
class Group:
    """Places of one item that share what stands before them.

    Parameters
    ----------
    places
        Who sells.
    upstream
        Positions of the nodes that supply them.
    delay
        Periods from an order outside until it can leave for a place, at the least [L].
    holding
        Money per unit and period that waits upstream, at the least.
    purchase
        Money per unit that comes in, at the least.
    """

    places: tuple[Place, ...]
    upstream: tuple[int, ...]
    delay: int
    holding: float
    purchase: float


def newsvendor_bound(problem: Problem) -> Bound | None:
    """Return the sum over places of what even the best stock costs against demand that is not known when it is ordered.

    Parameters
    ----------
    problem
        Costs, all of them non-negative; independent discrete demand in whole units; any network of lanes.

    Returns
    -------
    Bound
        The larger, for each group of places with common supply, of two bounds: each place for itself, or all of them
        behind a common stock that is shared out without regard to what each has. ``None`` where it does not apply.

    Notes
    -----
    *Place.* What is on hand at the end of t + l, or waits, is X - D with X known before D, the demand of t, ..., t + l:
    nothing ordered later arrives in time. Its cost is at least min over y of E[h (y - D)+ + b (D - y)+] (Arrow, Harris
    and Marschak 1951, doi:10.2307/1906813). Where demand is lost, on hand is X - D + lost, and a loss counts in w
    windows of w <= l + 1 periods at p / w each (Janakiraman, Seshadri and Shanthikumar 2007,
    doi:10.1287/opre.1070.0417).
    *Group.* What places and their common source have after shipping in t + L is Y - D0, Y known before the demand D0 of
    L periods. Sharing it out freely, taking back too, costs least: R(x) = min over sum z <= x of H (x - sum z) + sum
    G(z), so that a period costs at least min over Y of E R(Y - D0) (Clark and Scarf 1960, doi:10.1287/mnsc.6.4.475;
    Federgruen and Zipkin 1984, doi:10.1287/opre.32.4.818). Every other cost is counted as nothing, except, in averages,
    the purchase of what is sold.
    """
    if not _applies(problem):
        return None
    try:
        demand = BlindDemand(problem)
        groups = [group for item in range(len(problem.network.items)) for group in _groups(problem, item)]
        total = sum(_best(problem, demand, group) for group in groups)
    except NotListedError:
        return None
    if not groups or total <= 0:
        return None
    told = "each place pays at least a newsvendor's cost on the demand until an order arrives"
    if any(group.upstream for group in groups):
        told += ", or all places that of sharing out a common stock freely"
    return Bound(float(total), 0.0, told)


def _applies(problem: Problem) -> bool:
    """Tell whether stock moves by lanes alone, money is only paid, and the dice know nothing of decisions."""
    network, uncertainty = problem.network, problem.uncertainty
    supply = uncertainty.supply
    stages = {getattr(stage, "__name__", "") for stage in (*problem.sequence.before, *problem.sequence.after)}
    return (
        problem.kind == "periodic"
        and problem.sense == "min"
        and all(sign >= 0 for sign in problem.ledger.signs)
        and problem.tariff.context is None
        and stages <= STANDARD
        and not (network.processes or network.inspections or network.responses or network.substitutions)
        and not (network.returns or network.goodwill or uncertainty.drivers or uncertainty.defects)
        and (supply is None or not (supply.disruptions or supply.units))
        and not ("store" in stages and any(node.storage for node in network.nodes))
    )


def _rate(problem: Problem, name: str, owner: int, item: int) -> float:
    table = getattr(problem.tariff, name)
    return 0.0 if table is None else float(np.asarray(table)[owner, item, 0])


def _shortest(lane: Lane, item: str) -> int:
    return min(lane.lead_time_law(item)) + lane.order_delay


def _groups(problem: Problem, item: int) -> list[Group]:
    """Return the groups of places of one item that share supply."""
    network = problem.network
    name = network.items[item].name
    lanes = [lane for lane in network.lanes if network.carries(lane, name)]
    supplies = {lane.source for lane in lanes}
    sells = [node.name for node in network.nodes if problem.uncertainty.laws_at(node.name, name)]
    # A node that also ships to others can empty its shelves before customers come.
    known = [(each, _place(problem, each, item)) for each in sells if each not in supplies]
    linked = _components(
        [(lane.source, lane.destination) for lane in lanes if lane.source in network.node_index]
    )
    found: dict[str, list[Place]] = {}
    for each, place in known:
        if place is not None:
            found.setdefault(linked.get(each, each), []).append(place)
    groups: list[Group] = []
    for root, places in found.items():
        together = {node.name for node in network.nodes if linked.get(node.name, node.name) == root}
        others = together - {network.nodes[place.node].name for place in places}
        upstream = set[str]() if others & set(sells) else others
        groups.append(_group(problem, lanes, tuple(places), upstream, together, item))
    return groups


def _components(links: list[tuple[str, str]]) -> dict[str, str]:
    """Return for each linked name one that stands for all that it is linked to."""
    root: dict[str, str] = {}
    for pair in links:
        old = {root.get(name, name) for name in pair}
        new = min(old)
        root |= dict.fromkeys((*pair, *old), new)
        root = {name: new if at in old else at for name, at in root.items()}
    return root


def _place(problem: Problem, node: str, item: int) -> Place | None:
    """Return what is known of customers; ``None`` where too little is for a bound."""
    network = problem.network
    name, at = network.items[item].name, network.node_index[node]
    lanes = list(network.inbound(node, name))
    way = network.unmet_at.get((node, name), network.unmet)
    waits = way in ("backorder", 1.0)
    special = [lane.special_share for lane in lanes if lane.special_share > 0]
    if not lanes or (not waits and way not in ("lost", 0.0)) or (waits and special):
        return None
    after_demand = _serves_first(problem) and any(lane.source in network.node_index for lane in lanes)
    lead_times = [_shortest(lane, name) for lane in lanes]
    lead_time = min(lead_times) - int(after_demand)
    if lead_time < 0:
        return None
    shortage = _rate(problem, "backorder" if waits else "lost_sale", at, item)
    if special:
        rate = min(_rate(problem, "special_delivery", network.lane_index[lane.name], item) for lane in lanes)
        share = 1.0 if len(special) > 1 else special[0]
        shortage = (1 - share) * shortage + share * min(shortage, rate)
    thing = network.items[item]
    fixed = all(len(lane.lead_time_law(name)) == 1 and lane.max_extra_lead_time == 0 for lane in lanes)
    exact = fixed and len(set(lead_times)) == 1 and not special and not after_demand
    decays = thing.shelf_life is not None or thing.decay_rate is not None
    return Place(at, item, lead_time, _rate(problem, "holding", at, item), shortage, waits, exact, decays)


def _serves_first(problem: Problem) -> bool:
    """Tell whether sources ship after the demand of the period is known to them."""
    names = [getattr(stage, "__name__", "") for stage in problem.sequence.after]
    return "ship" in names and "serve" in names and names.index("serve") < names.index("ship")


def _group(
    problem: Problem,
    lanes: list[Lane],
    places: tuple[Place, ...],
    upstream: set[str],
    together: set[str],
    item: int,
) -> Group:
    """Return a group with the shortest way to it and the least rates."""
    network, name = problem.network, problem.network.items[item].name
    outside = [
        lane for lane in lanes if lane.destination in together and lane.source not in network.node_index
    ]
    sold = {network.nodes[place.node].name for place in places}
    direct = any(lane.destination in sold for lane in outside)
    if any(place.decays for place in places) or direct or not outside:
        upstream = set()
    paid = [
        _rate(problem, "purchase", network.lane_index[lane.name], item)
        + _rate(problem, "unit_order", network.lane_index[lane.name], item)
        for lane in outside
    ]
    delay, holding = 0, 0.0
    if upstream:
        arrival = _earliest(lanes, upstream, name)
        feeders = {lane.source for lane in lanes if lane.destination in sold}
        delay = min((arrival[node] for node in feeders if node in arrival), default=0)
        within = any(lane.source in upstream and lane.destination in upstream for lane in lanes)
        laws = [lane.lead_time_law(name) for lane in outside]
        equal = all(len(law) == 1 for law in laws) and len({_shortest(lane, name) for lane in outside}) == 1
        plain = all(lane.max_extra_lead_time == 0 for lane in outside)
        if not within and equal and plain and all(place.exact for place in places):
            holding = min(_rate(problem, "holding", network.node_index[node], item) for node in upstream)
    bought = min(paid, default=0.0)
    return Group(places, tuple(network.node_index[node] for node in sorted(upstream)), delay, holding, bought)


def _earliest(lanes: list[Lane], upstream: set[str], item: str) -> dict[str, int]:
    """Return the periods until goods from outside can first be at each node."""
    found: dict[str, int] = {}
    for _ in range(len(upstream) + 1):
        for lane in lanes:
            if lane.destination in upstream:
                before = found.get(lane.source) if lane.source in upstream else 0
                if before is not None:
                    after = before + _shortest(lane, item)
                    found[lane.destination] = min(found.get(lane.destination, after), after)
    return found


@dataclasses.dataclass(frozen=True)
class _Counted:
    """Which periods count, with what weight.

    Parameters
    ----------
    periods
        Numbers of the counted periods.
    factor
        Weight of a period relative to the one before.
    first
        Weight of the first counted period.
    opens
        Whether the declared start is the state before period 0; averages forget it.
    """

    periods: range
    factor: float
    first: float
    opens: bool

    def weight(self, period: int) -> float:
        """Return the weight of a period; earlier ones than the first counted count more."""
        return self.first * self.factor ** (period - self.periods.start)


def _counted(problem: Problem, cycle: int) -> _Counted:
    if problem.averages:
        return _Counted(range(cycle), 1.0, 1.0 / cycle, opens=False)
    factor = problem.discount if problem.discounts else 1.0
    horizon = problem.horizon if factor == 1 else min(problem.horizon, _forgotten(factor))
    return _Counted(range(problem.warm_up, problem.warm_up + horizon), factor, 1.0, opens=True)


def _forgotten(factor: float) -> int:
    """Return the periods after which nothing counts; leaving them out is on the safe side."""
    return int(np.ceil(np.log(1e-12) / np.log(factor))) if factor > 0 else 1


def _best(problem: Problem, demand: BlindDemand, group: Group) -> float:
    """Return the larger of the two bounds of a group."""
    counted = _counted(problem, demand.cycle)
    bought = 0.0
    if problem.averages and group.purchase > 0:
        group, bought = _with_purchases(demand, group)
    alone = sum(_alone(problem, demand, place, counted) for place in group.places)
    if not group.upstream:
        return alone + bought
    return max(alone, _shared(problem, demand, group, counted)) + bought


def _with_purchases(demand: BlindDemand, group: Group) -> tuple[Group, float]:
    """Return the group whose losses cost what they cost beyond the unit, and what all demand costs to buy."""
    bought, places = 0.0, list[Place]()
    for place in group.places:
        unit = group.purchase if place.waits else min(group.purchase, place.shortage)
        unit = 0.0 if place.waits and place.shortage == 0 else unit
        bought += unit * demand.mean(place.node, place.item)
        places.append(place if place.waits else dataclasses.replace(place, shortage=place.shortage - unit))
    return dataclasses.replace(group, places=tuple(places)), bought


def _alone(problem: Problem, demand: BlindDemand, place: Place, counted: _Counted) -> float:
    """Return the bound of a place for itself, at its best window."""
    if place.waits:
        return _windowed(problem, demand, place, counted, place.lead_time + 1, 1)
    windows = range(1, place.lead_time + 2)
    return max(_windowed(problem, demand, place, counted, window, window) for window in windows)


def _windowed(
    problem: Problem, demand: BlindDemand, place: Place, counted: _Counted, window: int, shares: int
) -> float:
    """Add up, over the counted periods, the least cost at the end of a window; a loss counts in ``shares`` of them."""
    rates = _window_rates(problem, place, window, shares)
    total = 0.0
    for period in counted.periods:
        first = period - window + 1
        known = counted.opens and first < 0
        if not place.waits and counted.opens and max(first, 0) < counted.periods.start:
            continue
        level = _first_level(problem, place) if known else None
        if known and level is None:
            continue
        customers = demand.customers(
            place.node, place.item, max(first, 0) if counted.opens else first, period, *rates
        )
        total += counted.weight(period) * (customers.least if level is None else customers.at(level))
    return total


def _window_rates(problem: Problem, place: Place, window: int, shares: int) -> tuple[float, float]:
    """Return what a unit left and a unit short cost at the end of one window."""
    holding = place.holding
    if place.decays:
        # What is not there any more was thrown away within the window.
        holding = min(holding, _rate(problem, "waste", place.node, place.item) / window)
    return holding, place.shortage / shares


def _first_level(problem: Problem, place: Place) -> float | None:
    """Return the net stock of a place at the declared start, units; ``None`` where more is under way."""
    start = _plain_start(problem)
    if start is None:
        return None
    network = problem.network
    key = network.nodes[place.node].name, network.items[place.item].name
    return start.on_hand.get(key, 0.0) - start.backorders.get(key, 0.0)


def _plain_start(problem: Problem) -> InitialState | None:
    start = problem.initial_state
    moving = (start.due, start.outstanding, start.order_slips, start.unfilled, start.lots)
    return start if type(start) is InitialState and not any(moving) else None


def _shared(problem: Problem, demand: BlindDemand, group: Group, counted: _Counted) -> float:
    """Add up the least cost of sharing out what is there, and of the places in periods that no sharing covers."""
    longest = max(place.lead_time for place in group.places)
    last = counted.periods.stop - 1 - longest if counted.opens else counted.periods.stop - 1
    loses = not all(place.waits for place in group.places)
    total = 0.0
    shared: list[int] = []
    for period in range(counted.periods.start, last + 1):
        if loses and counted.opens and max(period - group.delay, 0) < counted.periods.start:
            continue
        cost = _sharing_cost(problem, demand, group, counted, period)
        if cost is not None:
            shared.append(period)
            total += counted.weight(period) * cost
    if not counted.opens:
        return total
    for place in group.places:
        covered = {period + place.lead_time for period in shared}
        left = dataclasses.replace(counted, periods=counted.periods)
        total += _left_over(problem, demand, group, place, left, covered)
    return total


def _left_over(
    problem: Problem, demand: BlindDemand, group: Group, place: Place, counted: _Counted, covered: set[int]
) -> float:
    """Add up the bound of a place in the periods that no sharing covers."""
    shares = 1 if place.waits else group.delay + place.lead_time + 1
    total = 0.0
    for period in counted.periods:
        if period not in covered:
            alone = dataclasses.replace(
                counted, periods=range(period, period + 1), first=counted.weight(period)
            )
            if not place.waits and max(period - place.lead_time, 0) < counted.periods.start:
                continue
            # A single period begins its own counting: losses before it were checked above.
            total += _windowed(
                problem, demand, dataclasses.replace(place, waits=True), alone, place.lead_time + 1, shares
            )
    return total


def _sharing_cost(
    problem: Problem, demand: BlindDemand, group: Group, counted: _Counted, period: int
) -> float | None:
    """Return min over Y of E R(Y - D0), or E R(Y - D0) at the start's own Y; ``None`` where that is not known."""
    customers = [
        dataclasses.replace(
            demand.customers(
                *(place.node, place.item, period, period + place.lead_time, place.holding),
                place.shortage / (1 if place.waits else group.delay + place.lead_time + 1),
            ),
            weight=counted.factor**place.lead_time,
        )
        for place in group.places
    ]
    first = period - group.delay
    own = None
    if counted.opens and first < 0:
        own = _first_stock(problem, group)
        if own is None:
            return None
        first = 0
    before = demand.of_all(tuple((place.node, place.item) for place in group.places), first, period - 1)
    return least_shared_cost(customers, group.holding, before, own)


def _first_stock(problem: Problem, group: Group) -> float | None:
    """Return what a group has at the declared start, less what waits, units."""
    start = _plain_start(problem)
    if start is None:
        return None
    network, item = problem.network, problem.network.items[group.places[0].item].name
    nodes = [network.nodes[at].name for at in (*group.upstream, *(place.node for place in group.places))]
    return sum(
        start.on_hand.get((node, item), 0.0) - start.backorders.get((node, item), 0.0) for node in nodes
    )
