"""Which sites open: facility location and network design as a mixed-integer program of steady flows."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from basestock.decision import Problem
from basestock.optimal.programs.linear import Linear
from basestock.optimal.programs.model import ProgramModel, Solved
from basestock.optimal.programs.money import read_prices
from basestock.optimal.programs.paths import expected_events
from basestock.optimal.programs.refusal import UnsupportedError


@dataclasses.dataclass(frozen=True)
class Site:
    """A node or a supplier that may be opened.

    Parameters
    ----------
    name
        Node or supplier of the network.
    fixed_cost
        Money per period while it is open.
    capacity
        Units per period that pass through it: that it sends, or receives where it sends nothing; ``None`` for any.
    """

    name: str
    fixed_cost: float
    capacity: float | None = None

    def __post_init__(self) -> None:
        for field in ("fixed_cost", "capacity"):
            value = getattr(self, field)
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise ValueError(
                    f"Site {self.name!r}: {field} is {value}, must be a finite number >= 0. Correct the site."
                )


@dataclasses.dataclass(frozen=True)
class Design:
    """Which sites open, and the steady flows between them.

    Parameters
    ----------
    opened
        Names of the open sites, in the order in which they were given.
    flows
        (lane, item) to units per period.
    unmet
        (node, item) to units of demand per period that is not served.
    cost
        Money per period: fixed cost, flows, and what is not served, revenues negative.
    bound
        Proven lower bound on the cost of every design.
    """

    opened: tuple[str, ...]
    flows: Mapping[tuple[str, str], float]
    unmet: Mapping[tuple[str, str], float]
    cost: float
    bound: float


@dataclasses.dataclass(frozen=True)
class StrategicProgram:
    """The program of a design, ready to be solved.

    Parameters
    ----------
    problem, sites
        Network, prices and demand; and what may be opened.
    model
        The program.
    opened, flow, unmet
        ``[site]``, ``[lane, item]`` and ``[node, item]`` its variables.
    """

    problem: Problem
    sites: tuple[Site, ...]
    model: ProgramModel
    opened: Linear
    flow: Linear
    unmet: Linear

    def design(self, solved: Solved) -> Design:
        """Return what the solver found by name."""
        network = self.problem.network
        flow, unmet = self.flow.at(solved.values), self.unmet.at(solved.values)
        opened = self.opened.at(solved.values) > 0.5
        return Design(
            tuple(site.name for site, is_open in zip(self.sites, opened, strict=True) if is_open),
            {
                (network.lanes[lane].name, network.items[item].name): float(flow[lane, item])
                for lane, item in np.argwhere(flow > 1e-9).tolist()
            },
            {
                (network.nodes[node].name, network.items[item].name): float(unmet[node, item])
                for node, item in np.argwhere(unmet > 1e-9).tolist()
            },
            solved.objective,
            solved.bound,
        )


def design_network(problem: Problem, sites: Sequence[Site], **options: Any) -> Design:
    """Return the cheapest design: which sites open, and what flows between them in a period (Daskin 2013, chapter 8).

    Parameters
    ----------
    problem
        Network, prices and demand; its expected demand is to be met in every period.
    sites
        What may be opened; every other node and supplier is open for nothing.
    options
        Of :func:`strategic_program` and :meth:`ProgramModel.solve`.

    Raises
    ------
    InfeasibleError
        Naming the capacity or the demand that cannot be met.
    """
    shape = {
        name: options.pop(name) for name in ("lane_costs", "single_source", "aggregated") if name in options
    }
    program = strategic_program(problem, sites, **shape)
    return program.design(program.model.solve(**options))


def strategic_program(
    problem: Problem,
    sites: Sequence[Site],
    *,
    lane_costs: Mapping[str, float] | None = None,
    single_source: bool = False,
    aggregated: bool = False,
) -> StrategicProgram:
    """Build the program of a design.

    Parameters
    ----------
    problem, sites
        As for :func:`design_network`.
    lane_costs
        Lane to money per period while anything flows on it: which links the network has.
    single_source
        Whether each place takes an item over one lane alone.
    aggregated
        Whether a site opens by one constraint on its throughput alone; else also by one for each lane, which bounds the
        relaxation more tightly. Both have the same solutions.

    Raises
    ------
    ValueError
        Naming a site or lane that the network does not have, or that stands twice.
    UnsupportedError
        If demand may wait in part: in a steady state, what waits grows without end.

    Notes
    -----
    min sum f_s y_s + sum c_l x_l + lost, with inflow = outflow + demand - unmet at every node, the throughput of a site
    at most its capacity times y_s, and y in {0, 1}. What a unit costs on a lane, and what a lost one costs, are the
    coefficients of the problem's ledger.
    """
    network = problem.network
    _check(problem, sites, lane_costs or {})
    demand = _mean_demand(problem)
    rates = unit_costs(problem)
    model = ProgramModel(f"{problem.name}, strategic")
    lanes, nodes, items = len(network.lanes), len(network.nodes), len(network.items)
    label = lambda flat: f"{network.lanes[flat // items].name},{network.items[flat % items].name}"  # noqa: E731
    place = lambda flat: f"{network.nodes[flat // items].name},{network.items[flat % items].name}"  # noqa: E731
    carried = np.array(
        [[network.carries(lane, item.name) for item in network.items] for lane in network.lanes]
    )
    flow = model.variables("flow", (lanes, items), where=carried.reshape(lanes, items), label=label)
    lost = np.asarray(problem.arrays.lost_share)[:nodes, :items, 0]
    unmet = model.variables(
        "unmet", (nodes, items), high=demand, where=(lost > 0) & (demand > 0), label=place
    )
    opened = model.variables("open", (len(sites),), high=1.0, whole=True, label=lambda flat: sites[flat].name)
    most = demand.sum(0) * _depth(problem)
    _balance(problem, model, flow, unmet, demand, place)
    for row, site in enumerate(sites):
        _site(problem, model, site, flow, opened[row], most, aggregated=aggregated)
    model.minimize(opened * np.array([site.fixed_cost for site in sites]))
    model.minimize(flow * rates["lane"])
    model.minimize(unmet * rates["lost"] + (demand - unmet) * rates["sales"])
    _links(problem, model, flow, most, lane_costs or {}, single_source=single_source, label=label)
    return StrategicProgram(problem, tuple(sites), model, opened, flow, unmet)


def _check(problem: Problem, sites: Sequence[Site], lane_costs: Mapping[str, float]) -> None:
    network = problem.network
    names = [site.name for site in sites]
    known = {**network.node_index, **network.supplier_index}
    wrong = [f"site {name!r}, must be a node or a supplier" for name in names if name not in known]
    wrong += [
        f"site {name!r} stands twice, must stand once"
        for name in sorted({n for n in names if names.count(n) > 1})
    ]
    wrong += [f"lane {name!r}, must be a lane" for name in lane_costs if name not in network.lane_index]
    wrong += [
        f"lane {name!r} costs {cost}, must cost a finite amount >= 0"
        for name, cost in lane_costs.items()
        if not (math.isfinite(cost) and cost >= 0)
    ]
    if wrong:
        raise ValueError(f"strategic_program: {'; '.join(wrong)} of the network. Correct the names.")
    if network.processes:
        raise UnsupportedError("processes of the network in a design", "a design moves goods and makes none")


def _mean_demand(problem: Problem) -> np.ndarray:
    """Return ``[node, item]`` the demand of an average period, units."""
    nodes, items = len(problem.network.nodes), len(problem.network.items)
    market = np.asarray(expected_events(problem, 1).market, dtype=np.float64).sum((0, 1))
    means = market[:nodes, :items, 0]
    for (node, item), law in problem.uncertainty.demand.items():
        means[problem.network.node_index[node], problem.network.item_index[item]] = law.mean
    return means


def _depth(problem: Problem) -> int:
    return max(len(problem.network.tiers()), 1)


def unit_costs(problem: Problem) -> dict[str, np.ndarray]:
    """Return what the ledger charges for a unit that moves on a lane, is lost, or is sold.

    Parameters
    ----------
    problem
        Whose ledger.

    Returns
    -------
    dict
        ``lane`` [lane, item], and ``lost`` and ``sales`` [node, item], money per unit.
    """
    network = problem.network
    prices = read_prices(problem, problem.start(), expected_events(problem, 1))
    shape = (len(network.lanes), len(network.items))
    at_nodes = (len(network.nodes), len(network.items))

    def of(leaf: str, sizes: tuple[int, int]) -> np.ndarray:
        table = prices.of(leaf)
        return np.zeros(sizes) if table is None else table[0][: sizes[0], : sizes[1]]

    lane = of("ordered", shape) + of("shipped", shape) + of("received", shape)
    return {"lane": lane, "lost": of("lost", at_nodes), "sales": of("sales", at_nodes)}


def _balance(
    problem: Problem, model: ProgramModel, flow: Linear, unmet: Linear, demand: np.ndarray, label: Any
) -> None:
    network = problem.network
    items, shape = len(network.items), demand.shape
    column = np.arange(items)[None, :]
    ends = lambda of: np.array([of(lane) for lane in network.lanes], dtype=np.int64).reshape(-1, 1)  # noqa: E731
    source = ends(lambda lane: network.node_index.get(lane.source, -1))
    target = ends(lambda lane: network.node_index[lane.destination])
    inflow = flow.placed(target * items + column, shape)
    outflow = flow.placed(np.where(source < 0, -1, source * items + column), shape)
    model.constrain("demand", inflow - outflow + unmet, "==", demand, label=label)
    for row, supplier in enumerate(network.suppliers):
        if supplier.capacity is not None:
            sent = np.array([lane.source == supplier.name for lane in network.lanes])
            model.constrain(
                "capacity", flow[sent].sum(), "<=", supplier.capacity,
                label=lambda _, row=row: network.suppliers[row].name,
            )  # fmt: skip


def through(problem: Problem, site: Site) -> np.ndarray:
    """Return ``[lane]`` whether what the lane carries counts as throughput of a site."""
    lanes = problem.network.lanes
    sends = np.array([lane.source == site.name for lane in lanes], dtype=bool)
    return sends if sends.any() else np.array([lane.destination == site.name for lane in lanes], dtype=bool)


def _site(
    problem: Problem,
    model: ProgramModel,
    site: Site,
    flow: Linear,
    opened: Linear,
    most: np.ndarray,
    *,
    aggregated: bool,
) -> None:
    inside = through(problem, site)
    if not inside.any():
        return
    network = problem.network
    chosen = flow[inside]
    capacity = float(most.sum()) if site.capacity is None else site.capacity
    model.constrain("site_capacity", chosen.sum() - opened * capacity, "<=", 0.0, label=lambda _: site.name)
    if aggregated:
        return
    rows = np.flatnonzero(inside)
    spread = (
        opened[np.zeros(chosen.shape, dtype=np.int64)] if opened.shape else _repeated(opened, chosen.shape)
    )
    items = len(network.items)
    model.constrain(
        "site_open", chosen - spread * most, "<=", 0.0, relaxable=False,
        label=lambda flat: f"{network.lanes[rows[flat // items]].name},{network.items[flat % items].name}",
    )  # fmt: skip


def _repeated(single: Linear, shape: tuple[int, ...]) -> Linear:
    return single[None][np.zeros(shape, dtype=np.int64)]


def _links(
    problem: Problem,
    model: ProgramModel,
    flow: Linear,
    most: np.ndarray,
    lane_costs: Mapping[str, float],
    *,
    single_source: bool,
    label: Any,
) -> None:
    """Let lanes be used at a cost, and places be supplied over one lane alone."""
    network = problem.network
    if lane_costs:
        costs = np.array([lane_costs.get(lane.name, 0.0) for lane in network.lanes])
        used = model.variables(
            "used",
            costs.shape,
            high=1.0,
            whole=True,
            where=costs > 0,
            label=lambda flat: network.lanes[flat].name,
        )
        model.constrain(
            "lane_used", flow.sum(1) - used * float(most.sum()), "<=", 0.0, where=costs > 0, relaxable=False
        )
        model.minimize(used * costs)
    if single_source:
        chosen = model.variables("source", flow.shape, high=1.0, whole=True, where=~flow.fixed, label=label)
        model.constrain("source_chosen", flow - chosen * most, "<=", 0.0, label=label, relaxable=False)
        items = len(network.items)
        target = np.array([network.node_index[lane.destination] for lane in network.lanes], dtype=np.int64)
        each = chosen.placed(target[:, None] * items + np.arange(items), (len(network.nodes), items))
        model.constrain("single_source", each, "<=", 1.0)
