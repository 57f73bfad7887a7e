"""The program of an authored network over given paths of events."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from basestock.decision import Problem
from basestock.dynamics import State
from basestock.optimal.programs.coverage import check
from basestock.optimal.programs.frame import make_frame, read_lots
from basestock.optimal.programs.linear import Linear
from basestock.optimal.programs.model import ProgramModel, Solved
from basestock.optimal.programs.money import Prices, read_prices
from basestock.optimal.programs.paths import ProgramPath, read_path
from basestock.optimal.programs.plan import Plan
from basestock.optimal.programs.refusal import UnsupportedError
from basestock.optimal.programs.stages import builder_of
from basestock.optimal.programs.stages.order import lane_orders, placed
from basestock.optimal.programs.walk import Chosen, Frame, Walk, begin
from basestock.uncertainty import Event

ALWAYS_ZERO = (
    *(
        "unfilled_lost",
        "expired",
        "overflow",
        "special",
        "rejected",
        "sampled",
        "defects_accepted",
        "defects_found",
    ),
    *("lost_in_transit", "cancelled", "adjusted", "returned", "came_back", "recalled", "messages"),
    *("switched_to", "switched_away", "unstarted", "repaired", "requested", "backorders_filled", "unfilled"),
    *("vehicles", "contract_shortfall", "limit_excess"),
)
"""Leaves of an outcome that are 0 in every plan where no stage has made them."""


@dataclasses.dataclass(frozen=True)
class NetworkProgram:
    """A program of a network, ready to be solved.

    Parameters
    ----------
    problem, start
        The problem, and the state that it plans from.
    model
        The program.
    shared
        Number of first periods whose decisions are the same in every scenario.
    weights
        Probability of each scenario.
    decisions, shipments
        ``[scenario][period]`` what is decided and what is shipped, as expressions.
    """

    problem: Problem
    start: State
    model: ProgramModel
    shared: int
    weights: tuple[float, ...]
    decisions: tuple[tuple[Chosen, ...], ...]
    shipments: tuple[tuple[Linear, ...], ...]

    @property
    def num_periods(self) -> int:
        """Number of periods."""
        return len(self.decisions[0])

    def solve(self, *, warm_plan: Plan | None = None, **options: Any) -> "ProgramResult":
        """Solve the program.

        Parameters
        ----------
        warm_plan
            A plan to start from, for instance that of the period before moved by one.
        options
            Of :meth:`ProgramModel.solve`.

        Raises
        ------
        InfeasibleError
            Naming the constraints that cannot be met together.
        """
        if warm_plan is not None:
            options["warm_start"] = self._start_from(warm_plan)
        solved = self.model.solve(**options)
        return ProgramResult(self, solved)

    def plan(self, solved: Solved, scenario: int = 0) -> Plan:
        """Return the decisions of a scenario as numbers."""
        chosen, shipped = self.decisions[scenario], self.shipments[scenario]
        stack = lambda parts: np.stack([_clean(part.at(solved.values)) for part in parts])  # noqa: E731
        starts = [each.start for each in chosen if each.start is not None]
        overtime = [each.overtime for each in chosen if each.overtime is not None]
        return Plan(
            order=np.stack([_orders(each, solved.values) for each in chosen]),
            allocation=stack(shipped),
            start=stack(starts) if starts else None,
            overtime=stack(overtime) if overtime else None,
        )

    def _start_from(self, plan: Plan) -> np.ndarray:
        """Return values of the decision variables that a plan gives, NaN elsewhere."""
        values = np.full(self.model.num_variables, np.nan)
        for chosen in self.decisions:
            for period, each in enumerate(chosen[: len(plan.order)]):
                _set_values(values, each.order, plan.order[period])
                if each.start is not None and plan.start is not None:
                    _set_values(values, each.start, plan.start[period])
        return values


def _set_values(values: np.ndarray, expression: Linear, wanted: np.ndarray) -> None:
    """Set variables such that single-variable entries take wanted values."""
    target = wanted.ravel()[expression.row] - expression.constant.ravel()[expression.row]
    values[expression.column] = target / expression.value


def _orders(chosen: Chosen, values: np.ndarray) -> np.ndarray:
    order = _clean(chosen.order.at(values))
    if chosen.ordering is None:
        return order
    # An order of a billionth that nobody pays a fixed cost for is none.
    free = ~chosen.ordering.fixed
    return np.where(free & (chosen.ordering.at(values) < 0.5), 0.0, order)


def _clean(units: np.ndarray) -> np.ndarray:
    rounded = np.round(units)
    return np.maximum(np.where(np.abs(units - rounded) < 1e-6, rounded, units), 0.0)


@dataclasses.dataclass(frozen=True)
class ProgramResult:
    """A solved program.

    Parameters
    ----------
    program, solved
        The program, and what the solver found.
    """

    program: NetworkProgram
    solved: Solved

    @property
    def objective(self) -> float:
        """Expected total money over the periods, revenues negative, discounted where the problem discounts."""
        return self.solved.objective

    @property
    def bound(self) -> float:
        """Proven lower bound on the objective of every plan."""
        return self.solved.bound

    @property
    def plan(self) -> Plan:
        """The plan of the first scenario."""
        return self.plan_of(0)

    def plan_of(self, scenario: int) -> Plan:
        """Return the plan of a scenario; the shared first periods are the same in all."""
        return self.program.plan(self.solved, scenario)


def network_program(
    problem: Problem,
    events: Event | Sequence[Event],
    *,
    start: State | None = None,
    weights: Sequence[float] | None = None,
    shared: int = 1,
    opened: bool = False,
    relaxed: bool = False,
    also: Callable[[Walk], None] | None = None,
    name: str = "",
) -> NetworkProgram:
    """Build the program that plans a network over a path of events, or over several with shared first decisions.

    Parameters
    ----------
    problem
        Any network without features that :mod:`~basestock.optimal.programs.coverage` refuses.
    events
        Events of the periods, one replication, stacked along a leading period axis; or one such path for each scenario.
    start
        State to plan from, one replication; the problem's own if not given.
    weights
        Probability of each scenario; equal ones if not given.
    shared
        Number of first periods in which every scenario decides the same.
    opened
        Whether the stages before the first decision have run already, as when a policy is asked.
    relaxed
        Whether whole numbers and either-or choices may be taken in part: a lower bound with duals.
    also
        Adds constraints of one's own at the end of each period, from the flows of the walk.
    name
        What it is called in messages; the name of the problem if not given.

    Returns
    -------
    NetworkProgram
        Minimizes the expected money of the problem's own ledger.

    Raises
    ------
    UnsupportedError
        Naming a feature of the network, the prices or the path without a linear constraint.
    ValueError
        If there is no scenario, scenarios differ in length, or weights are no probabilities.

    Notes
    -----
    The program walks through the stages of the problem's sequence, one builder for each, so that its constraints are
    those of the transition. Three things are asked of a plan beyond the physics: it orders no more than is shipped at
    once, it never lets stock overflow, and it never orders more than all that can still be asked for. Customers are
    served greedily, as the physics does. On the same path the plan costs in the simulator what the program says.
    """
    check(problem)
    state = problem.start() if start is None else start
    paths = [events] if isinstance(events, Event) else list(events)
    data = [read_path(problem, state, each, opened=opened) for each in paths]
    shares = _weights(weights, data)
    lots = read_lots(problem, state)
    frame = make_frame(problem, state, data, opened=opened, relaxed=relaxed, lots=lots)
    prices = [read_prices(problem, state, path.events) for path in data]
    return assemble(frame, data, prices, shares, shared=shared, also=also, name=name)


def assemble(
    frame: Frame,
    data: Sequence[ProgramPath],
    prices: Sequence[Prices],
    shares: Sequence[float],
    *,
    shared: int = 1,
    also: Callable[[Walk], None] | None = None,
    name: str = "",
) -> NetworkProgram:
    """Build a program from what was read already; nothing here calls JAX.

    Parameters
    ----------
    frame
        Network and start.
    data, prices, shares
        Path, coefficients of money, and probability of each scenario.
    shared, also, name
        As for :func:`network_program`.
    """
    model = ProgramModel(name or frame.problem.name)
    decisions: list[tuple[Chosen, ...]] = []
    shipments: list[tuple[Linear, ...]] = []
    for number, (path, share, rates) in enumerate(zip(data, shares, prices, strict=True)):
        prefix = f"s{number}," if len(data) > 1 else ""
        walk = begin(frame, model, path, rates, prefix)
        common = decisions[0][:shared] if decisions else ()
        chosen, shipped = _walked(walk, common, share, also)
        decisions.append(chosen)
        shipments.append(shipped)
    return NetworkProgram(
        frame.problem, frame.start, model, shared, tuple(shares), tuple(decisions), tuple(shipments)
    )


def _weights(weights: Sequence[float] | None, data: Sequence[ProgramPath]) -> tuple[float, ...]:
    lengths = sorted({path.num_periods for path in data})
    if len(lengths) != 1 or lengths[0] < 1:
        raise ValueError(
            f"network_program: the paths have {lengths} periods, must have one equal number >= 1. Cut them to the same "
            "length."
        )
    shares = tuple(weights) if weights is not None else (1.0 / len(data),) * len(data)
    fine = len(shares) == len(data) and all(share >= 0 for share in shares) and abs(sum(shares) - 1) < 1e-6
    if not fine:
        raise ValueError(
            f"network_program: weights are {list(shares)}, must be {len(data)} numbers >= 0 of sum 1. Correct them."
        )
    return shares


def _walked(
    walk: Walk, common: Sequence[Chosen], share: float, also: Callable[[Walk], None] | None
) -> tuple[tuple[Chosen, ...], tuple[Linear, ...]]:
    """Walk through all periods of a scenario; return what is decided and shipped in each."""
    problem = walk.frame.problem
    chosen: list[Chosen] = []
    shipped: list[Linear] = []
    for period in range(walk.path.num_periods):
        walk.period, walk.flows = period, {}
        walk.chosen = common[period] if period < len(common) else _decided(walk)
        before = () if walk.frame.opened and period == 0 else problem.sequence.before
        if walk.frame.opened and period == 0:
            walk.flows["received"] = Linear.zeros(walk.frame.num_lanes, walk.frame.num_items)
        for stage in (*before, *problem.sequence.after):
            build = builder_of(stage)
            assert build is not None
            build(walk)
        _close(walk)
        if also is not None:
            also(walk)
        discount = problem.discount**period if problem.discounts else 1.0
        walk.model.minimize(_money(walk) * (share * discount))
        walk.previous = walk.chosen.order
        chosen.append(walk.chosen)
        shipped.append(walk.flows["shipped"])
    return tuple(chosen), tuple(shipped)


def _decided(walk: Walk) -> Chosen:
    """Add the variables of a decision."""
    frame = walk.frame
    able = frame.carried & walk.path.can_order[walk.period][:, None]
    like = Linear.zeros(frame.num_lanes, frame.num_items)
    stepped = frame.step > 0
    # Counted in steps; half a step keeps a bound that is a whole number of them.
    size = np.where(stepped, frame.step, 1.0)
    most = np.where(stepped, np.floor(frame.largest / size + 0.5), frame.largest)
    steps = walk.variables("order", like, frame.lane_label, where=able, whole=stepped, high=most)
    return Chosen(steps * size, None, _runs(walk), None)


def _runs(walk: Walk) -> Linear | None:
    network, production = walk.frame.problem.network, walk.frame.problem.arrays.production
    if production is None:
        return None
    batch = np.asarray(production.batch, dtype=np.float64)[: len(network.processes), 0]
    size = np.where(batch > 0, batch, 1.0)
    name = lambda flat: network.processes[flat].name  # noqa: E731
    return walk.variables("start", Linear.zeros(len(batch)), name, whole=batch > 0) * size


def _close(walk: Walk) -> None:
    """Give the stocks at the end of the period variables of their own."""
    frame = walk.frame
    walk.on_hand = walk.kept("stock", walk.on_hand, frame.node_label, high=frame.stock_bound)
    walk.backorders = walk.kept("backorders", walk.backorders, frame.node_label)
    walk.flows["closing"], walk.flows["backorders"] = walk.on_hand, walk.backorders
    if walk.prices.of("in_transit") is not None:
        walk.flows["in_transit"] = sum(walk.due.values(), walk.held)


def _money(walk: Walk) -> Linear:
    """Return the money of the period, each quantity times its coefficient in the ledger."""
    total = Linear.of(np.array(walk.prices.constant[walk.period]))
    for leaf, table in walk.prices.linear.items():
        if leaf not in walk.flows:
            if leaf not in ALWAYS_ZERO:
                raise UnsupportedError(f"a price of {leaf}", "no stage of the program makes this quantity")
            continue
        quantity = walk.flows[leaf]
        rate = table[walk.period][tuple(slice(0, size) for size in quantity.shape)]
        total = total + (quantity * rate).sum()
    return total + _stepped(walk, walk.prices)


def _stepped(walk: Walk, prices: Prices) -> Linear:
    """Return the money of terms that jump or bend, through variables of their own."""
    frame, rates = walk.frame, prices.stepped
    total = Linear.zeros()
    trimmed = lambda name, *sizes: rates[name][tuple(slice(0, size) for size in sizes)]  # noqa: E731
    if "fixed_order" in rates:
        total = total + (placed(walk) * trimmed("fixed_order", frame.num_lanes, frame.num_items)).sum()
    if "joint_order" in rates:
        total = total + (lane_orders(walk) * trimmed("joint_order", frame.num_lanes)).sum()
    if "order_change" in rates:
        change = walk.variables("order_change", walk.chosen.order, frame.lane_label, where=frame.carried)
        for sign in (1.0, -1.0):
            moved = (walk.chosen.order - walk.previous) * sign - change
            walk.constrain(
                "order_change", moved, "<=", 0.0, frame.lane_label, where=frame.carried, relaxable=False
            )
        total = total + (change * trimmed("order_change", frame.num_lanes, frame.num_items)).sum()
    if "shortage_occurrence" in rates:
        total = (
            total
            + (_shortages(walk) * trimmed("shortage_occurrence", frame.num_nodes, frame.num_items)).sum()
        )
    return total


def _shortages(walk: Walk) -> Linear:
    demand = walk.path.demand[walk.period]
    unserved = walk.flows["lost"] + walk.flows["newly_backordered"]
    label = walk.frame.node_label
    short = walk.variables("short", unserved, label, where=demand > 0, high=1.0, whole=True)
    walk.constrain("shortage", unserved - short * demand, "<=", 0.0, label, where=demand > 0, relaxable=False)
    return short
