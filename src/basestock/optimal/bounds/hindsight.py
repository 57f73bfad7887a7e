"""The bound of hindsight: what the best plan costs for one who knows all events."""

import dataclasses
import math
import time
from collections.abc import Sequence

import equinox as eqx
import jax
import numpy as np

from basestock.decision import Problem
from basestock.economics import estimate
from basestock.network import Lane
from basestock.optimal.bounds.bound import Bound
from basestock.optimal.mdp.analysis import cycle_of
from basestock.optimal.programs import ProgramError, UnsupportedError
from basestock.optimal.programs.coverage import check
from basestock.optimal.programs.frame import make_frame, read_lots
from basestock.optimal.programs.money import Prices, read_prices
from basestock.optimal.programs.network_program import assemble
from basestock.optimal.programs.paths import read_path
from basestock.uncertainty import Event, record, root_words

PATHS = 30
"""Paths at most."""

MOST_PERIODS = 120
"""Periods of a program at most; later costs are left out, which is on the safe side where nothing is earned."""

BLOCK = 40
"""Counted periods of a path where an average has no end."""

ONCE = (
    "fixed_order",
    "joint_order",
    "vehicle",
    "carbon_vehicle",
    "order_change",
    "contract_shortfall",
    "limit_excess",
)
"""Rates for which it matters how a quantity is split over orders."""


@dataclasses.dataclass(frozen=True)
class _Span:
    """Which periods a program covers.

    Parameters
    ----------
    before, counted
        Periods that cost nothing, and those after them that count.
    free
        Whether those before only make room for any state: no demand, from anything.
    """

    before: int
    counted: int
    free: bool

    @property
    def length(self) -> int:
        """Number of periods."""
        return self.before + self.counted


def hindsight_bound(
    problem: Problem, *, max_seconds: float, seed: int = 0, paths: int = PATHS, whole: bool = False
) -> Bound | None:
    """Return the mean over paths of the least cost for one who knows the whole path.

    Parameters
    ----------
    problem
        Periodic problem whose network a program covers.
    max_seconds
        Time that it may take.
    seed, paths
        Root of the events, and number of paths at most: the events of a simulation of equal seed.
    whole
        Whether whole numbers and either-or choices are kept where the horizon has an end: a tighter bound by dearer
        programs; else their linear relaxations are solved.

    Returns
    -------
    Bound
        With a 95 % interval; ``None`` where a feature has no constraint, or the plan of a program could cost more than
        an order that waits at its source.

    Notes
    -----
    No policy does better on a path than the best plan for that path, so that the mean of the best is a bound. A total
    starts from the declared state; the warm-up costs nothing. An average is cut into blocks, and each block costs no
    less than from the best of all states at its start: the state depends on earlier events only, and so any state may
    be assumed. To let the program choose it, periods without demand and without cost precede the block.
    """
    costs = hindsight_costs(problem, max_seconds=max_seconds, seed=seed, paths=paths, whole=whole)
    if costs is None or len(costs) < 2:
        return None
    mean = estimate(costs)
    assert mean.mean is not None and mean.half_width is not None
    whole_numbers = "with whole numbers" if whole and not problem.averages else "relaxed to a linear program"
    from_where = "from the best of all states" if problem.averages else "from the declared start"
    told = (
        f"mean over {mean.n} paths of the best plan for one who knows the path, {whole_numbers}, {from_where}"
    )
    return Bound(problem.sign * mean.mean, mean.half_width, told)


def hindsight_costs(
    problem: Problem, *, max_seconds: float, seed: int = 0, paths: int = PATHS, whole: bool = False
) -> np.ndarray | None:
    """Return ``[path]`` what the best plan costs at least on each path, money; see :func:`hindsight_bound`.

    Parameters are those of :func:`hindsight_bound`. The paths are the first replications of a simulation of equal seed;
    ``None`` where a feature has no constraint.
    """
    began = time.perf_counter()
    try:
        check(problem)
        span = _span(problem)
        if span is None or not _plans_suffice(problem):
            return None
        events = _events(problem, span, seed, paths)
        found: list[float] = []
        wanted = paths
        while len(found) < wanted:
            left = began + max_seconds
            found.append(_least(problem, span, events[len(found)], whole=whole, left=left))
            if len(found) == 1:
                # The number of paths is fixed before what they cost can sway it.
                wanted = int(min(paths, max_seconds / max(time.perf_counter() - began, 1e-6)))
    except (UnsupportedError, ProgramError, ValueError):
        return None
    return np.array(found)


def _span(problem: Problem) -> _Span | None:
    """Return the periods of a program; ``None`` where no state before them may be assumed."""
    if problem.kind != "periodic":
        return None
    if problem.averages:
        return _free_span(problem)
    most = problem.events.num_periods
    length = min(problem.warm_up + problem.horizon, math.inf if most is None else most)
    earns = any(sign < 0 for sign in problem.ledger.signs)
    if length > MOST_PERIODS:
        if earns or problem.warm_up >= MOST_PERIODS:
            return None
        length = MOST_PERIODS
    return _Span(problem.warm_up, int(length) - problem.warm_up, free=False)


def _free_span(problem: Problem) -> _Span | None:
    network, uncertainty = problem.network, problem.uncertainty
    fixed = all(len(lane.lead_time_law(item.name)) == 1 for lane in network.lanes for item in network.items)
    capped = any(lane.order_maximum or lane.capacity or lane.full_vehicles for lane in network.lanes)
    capped = capped or any(supplier.capacity for supplier in network.suppliers)
    remembers = uncertainty.drivers is not None or uncertainty.supply is not None
    decays = any(item.decay_rate for item in network.items)
    if not fixed or capped or remembers or decays or network.limits or network.processes or network.resources:
        return None
    if problem.events.initial_world(1).deviation is not None:
        return None
    cycle = cycle_of(problem)
    longest = sum(
        max(lane.lead_time_law(item.name)) + lane.order_delay + 1
        for lane in network.lanes
        for item in network.items[:1]
    )
    life = max((item.shelf_life or 0 for item in network.items), default=0)
    before = cycle * math.ceil((longest + life + 1) / cycle)
    counted = cycle * math.ceil(BLOCK / cycle)
    return None if before + counted > 2 * MOST_PERIODS else _Span(before, counted, free=True)


def _plans_suffice(problem: Problem) -> bool:
    """Tell whether ordering just what is shipped, and never into a full room, is as good as anything else."""
    network = problem.network
    if any(node.storage for node in network.nodes):
        return False
    short = [lane for lane in network.lanes if _may_wait(problem, lane)]
    return not short or (not network.limits and splits_freely(problem, short))


def splits_freely(problem: Problem, lanes: Sequence[Lane]) -> bool:
    """Tell whether it costs nothing, and is allowed, to order on lanes just when and what is shipped.

    Parameters
    ----------
    problem
        Whose prices and rules.
    lanes
        Lanes on which an order may wait.
    """
    tariff, network = problem.tariff, problem.network
    charged = (getattr(tariff, name) for name in ONCE)
    ruled = any(
        lane.order_minimum or lane.order_multiple or lane.order_maximum or lane.full_vehicles or lane.price_breaks
        or lane.review_period > 1 or lane.order_days is not None
        for lane in lanes
    )  # fmt: skip
    free = not any(rate is not None and np.any(np.asarray(rate)) for rate in charged)
    return free and not ruled and not any(supplier.minimum_value for supplier in network.suppliers)


def _may_wait(problem: Problem, lane: Lane) -> bool:
    """Tell whether an order on a lane can wait at its source."""
    suppliers = {supplier.name: supplier for supplier in problem.network.suppliers}
    source = suppliers.get(lane.source)
    interrupted = lane.interruption != "never" or problem.uncertainty.supply is not None
    return source is None or source.capacity is not None or lane.capacity is not None or interrupted


def _events(problem: Problem, span: _Span, seed: int, paths: int) -> list[Event]:
    """Return the events of every path: drawn together, since a draw is compiled or slow."""
    root, numbers = root_words(jax.random.key(seed)), jax.numpy.arange(paths)
    drawn = jax.tree.map(np.asarray, record(problem.events, root, span.length, numbers))
    return [jax.tree.map(lambda leaf, at=at: leaf[..., at : at + 1], drawn) for at in range(paths)]


def _least(problem: Problem, span: _Span, events: Event, *, whole: bool, left: float) -> float:
    """Return the least cost of the counted periods of one path, or of an average period."""
    if span.free:
        events = _without_demand(events, span.before)
    state = problem.start()
    path = read_path(problem, state, events)
    prices = _counted_prices(problem, span, read_prices(problem, state, events))
    relaxed = span.free or not whole
    frame = make_frame(problem, state, [path], opened=False, relaxed=relaxed, lots=read_lots(problem, state))
    program = assemble(frame, [path], [prices], (1.0,))
    result = program.solve(time_limit=max(left - time.perf_counter(), 1.0))
    # A linear program that ran out of time proves nothing; a search keeps what it has proven.
    if not np.isfinite(result.bound) or (relaxed and result.solved.status != "optimal"):
        raise ProgramError(
            f"Program {problem.name!r}: no bound within the time. Allow more, or fewer periods."
        )
    return result.bound / (span.counted if problem.averages else 1)


def _without_demand(events: Event, periods: int) -> Event:
    assert events.market is not None
    kept = np.asarray(events.market).copy()
    kept[:periods] = 0.0
    return eqx.tree_at(lambda each: each.market, events, jax.numpy.asarray(kept))


def _counted_prices(problem: Problem, span: _Span, prices: Prices) -> Prices:
    """Return prices of 0 before the counted periods, whose first one has the weight 1."""
    weight = np.ones(span.length)
    weight[: span.before] = 0.0
    if problem.discounts:
        weight = weight * problem.discount ** float(-problem.warm_up)
    scaled = lambda table: table * weight.reshape(-1, *(1,) * (table.ndim - 1))  # noqa: E731
    return Prices(
        scaled(prices.constant),
        {name: scaled(table) for name, table in prices.linear.items()},
        {name: scaled(table) for name, table in prices.stepped.items()},
    )
