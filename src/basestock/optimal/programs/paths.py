"""One path of events as the data of a program."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from basestock.decision import Problem
from basestock.dynamics import PeriodOutcome, State, no_decision
from basestock.dynamics.lanes import lead_time_now
from basestock.dynamics.plants import maintained
from basestock.dynamics.stages import break_down, can_order
from basestock.optimal.programs.refusal import UnsupportedError
from basestock.uncertainty import Event, Seasonal, record, root_words

NEVER = 1 << 30
"""Periods to the arrival of what does not arrive on the path."""


@dataclasses.dataclass(frozen=True, eq=False)
class ProgramPath:
    """Everything random of some periods as numbers, on the authored axes (no padding).

    Parameters
    ----------
    events
        The events themselves, stacked along a leading period axis, one replication.
    demand
        ``[period, node, item]`` units.
    lag
        ``[period, lane, item]`` periods from shipping to receipt of what is shipped in the period.
    waits
        ``[age, lane, item]`` periods until what is outstanding at the start arrives, by age less one.
    opened
        ``[period, lane]`` share of each lane that is open.
    can_order
        ``[period, lane]`` whether the lane takes orders.
    working
        ``[period, resource]`` share of its hours that each resource has.
    """

    events: Event
    demand: np.ndarray
    lag: np.ndarray
    waits: np.ndarray
    opened: np.ndarray
    can_order: np.ndarray
    working: np.ndarray

    @property
    def num_periods(self) -> int:
        """Number of periods."""
        return len(self.demand)


_ABSENT = ("lost_share", "late_share", "special", "recalled", "route", "elapsed", "unit_level")
"""Leaves of an event that no program knows unless they are 0 throughout."""


def draw_events(
    problem: Problem, num_periods: int, *, key: Any, first_period: int = 0, replication: int = 0
) -> Event:
    """Draw the events of one path, as a simulation with the same key meets them.

    Parameters
    ----------
    problem
        Where the events come from.
    num_periods, first_period
        Number of periods, and the first of them.
    key
        Root key of the events.
    replication
        Number of the replication.
    """
    return record(problem.events, root_words(key), num_periods, jnp.array([replication]), first_period)


def expected_events(problem: Problem, num_periods: int, *, first_period: int = 0) -> Event:
    """Return the path on which everything is as expected: mean demand, mean lead times, no outage.

    Parameters
    ----------
    problem
        Whose laws.
    num_periods, first_period
        Number of periods, and the first of them.
    """
    return demand_events(problem, mean_demand(problem, num_periods, first_period=first_period))


def mean_demand(
    problem: Problem, num_periods: int, *, first_period: int = 0
) -> Float[np.ndarray, "period node item"]:
    """Return the mean demand of periods, units, on the authored axes.

    Parameters
    ----------
    problem
        Whose laws.
    num_periods, first_period
        Number of periods, and the first of them.
    """
    nodes, items = problem.network.node_index, problem.network.item_index
    means = np.zeros((num_periods, len(nodes), len(items)))
    laws = [*problem.uncertainty.demand.items()]
    laws += [((node, item), law) for (_, node, item), law in problem.uncertainty.class_demand.items()]
    for (node, item), law in laws:
        cycle = [each.mean for each in law.laws] if isinstance(law, Seasonal) else [law.mean]
        means[:, nodes[node], items[item]] += [
            cycle[(first_period + period) % len(cycle)] for period in range(num_periods)
        ]
    return means


def demand_events(problem: Problem, demand: np.ndarray) -> Event:
    """Return a path of given demand, on which everything else is as expected.

    Parameters
    ----------
    problem
        Its network, whose mean lead times hold.
    demand
        ``[period, node, item]`` units, on the authored axes.

    Raises
    ------
    ValueError
        If the shape is not that of the network, or a quantity is no finite number >= 0.
    """
    network = problem.arrays
    shape = (len(problem.network.nodes), len(problem.network.items))
    table = np.asarray(demand, dtype=np.float64)
    if table.ndim != 3 or table.shape[1:] != shape or not len(table):
        raise ValueError(
            f"demand_events: demand has the shape {table.shape}, must be (periods, {shape[0]} nodes, {shape[1]} items) "
            "with one period at least. Correct it."
        )
    if not (np.isfinite(table) & (table >= 0)).all():
        raise ValueError("demand_events: a quantity is negative or not finite, must be >= 0. Correct it.")
    market = np.zeros((len(table), 1, network.num_nodes, network.num_items, 1), dtype=np.float32)
    market[:, 0, : shape[0], : shape[1], 0] = table
    lead_time = network.lead_time if network.features.random_on_order else None
    arrives = None
    if network.features.ages:
        age = jnp.arange(1, network.features.ages + 1)[:, None, None, None]
        arrives = (age >= jnp.maximum(jnp.round(network.mean_lead_time), 1.0)[None]).astype(jnp.float32)
        arrives = arrives if network.revealed is None else network.revealed.read(arrives)
    each = [Event(market=jnp.asarray(part), arrives=arrives, lead_time=lead_time) for part in market]
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *each)


def read_path(problem: Problem, state: State, events: Event, *, opened: bool = False) -> ProgramPath:
    """Turn events into the data of a program.

    Parameters
    ----------
    problem
        Its network.
    state
        State at the start.
    events
        Events of the periods, one replication, stacked along a leading period axis.
    opened
        Whether the stages before the first decision have run already.

    Raises
    ------
    UnsupportedError
        Naming what happens on the path that is no linear constraint.
    """
    market = np.asarray(events.market, dtype=np.float64)
    periods = len(market)
    nodes, items = len(problem.network.nodes), len(problem.network.items)
    lanes = len(problem.network.lanes)
    for name in _ABSENT:
        leaf = getattr(events, name)
        if leaf is not None and (np.asarray(leaf) > 0).any():
            raise UnsupportedError(f"event leaf {name}", "what it does depends on what is decided in steps")
    lag, waits = _lags(problem, events, periods, after_receipt=opened and _receives_before(problem))
    share = np.ones((periods, lanes))
    if events.lane_open is not None:
        share = np.asarray(events.lane_open, dtype=np.float64)[:, :lanes, 0]
    calendar, working = _calendar(problem, state, events, periods)
    return ProgramPath(
        events,
        market.sum(1)[:, :nodes, :items, 0],
        lag[:, :lanes, :items],
        waits[:, :lanes, :items],
        share,
        calendar[:, :lanes],
        working[:, : len(problem.network.resources)],
    )


def _receives_before(problem: Problem) -> bool:
    return any(getattr(stage, "__name__", "") == "receive" for stage in problem.sequence.before)


def _lags(
    problem: Problem, events: Event, periods: int, *, after_receipt: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return when what is shipped in each period arrives, and when what is outstanding does."""
    network = problem.arrays
    shape = (network.num_lanes, network.num_items)
    at = [jax.tree.map(lambda leaf, t=t: leaf[t], events) for t in range(periods)]
    lag = np.stack(
        [np.broadcast_to(np.asarray(lead_time_now(network, each))[..., 0], shape) for each in at]
    ).astype(np.int64)
    ages = network.features.ages
    waits = np.full((ages, *shape), NEVER, dtype=np.int64)
    if not ages or events.arrives is None or network.reveals_on_arrival is None:
        return lag, waits
    arrives = jnp.asarray(events.arrives)
    if network.revealed is not None:
        blank = jnp.zeros((ages, *shape, 1))
        arrives = jnp.stack([network.revealed.write(blank, each) for each in arrives])
    table = np.asarray(arrives)[..., 0] > 0
    revealed = np.asarray(network.reveals_on_arrival)[..., 0] > 0
    for period in range(periods):
        lag[period][revealed] = _first_arrival(table, period + 1, 0)[revealed] - period
    first = 1 if after_receipt else 0
    for age in range(ages):
        waits[age] = _first_arrival(table, first, age + first)
    return lag, np.where(revealed, waits, NEVER)


def _first_arrival(table: np.ndarray, period: int, age: int) -> np.ndarray:
    """Return the period in which what has an age in a period arrives."""
    found = np.full(table.shape[2:], NEVER, dtype=np.int64)
    for step in range(min(table.shape[1] - age, len(table) - period)):
        here = table[period + step, age + step]
        found = np.where((found == NEVER) & here, period + step, found)
    return found


def _calendar(problem: Problem, state: State, events: Event, periods: int) -> tuple[np.ndarray, np.ndarray]:
    """Return which lanes take orders, and the hours that resources have, by playing their own stages."""
    network, production = problem.arrays, problem.arrays.production
    orders: list[np.ndarray] = []
    hours: list[np.ndarray] = []
    moving = state
    with_dice = events.resource_up is not None
    for period in range(periods):
        moving = dataclasses.replace(moving, period=state.period + period)
        orders.append(np.asarray(can_order(network, moving))[:, 0, 0] > 0)
        if production is None or production.num_resources == 0:
            continue
        if with_dice or not production.breaks:
            event = jax.tree.map(lambda leaf, t=period: leaf[t], events)
            flows = PeriodOutcome(opening=moving.on_hand)
            moving, _ = break_down(network, moving, no_decision(network, moving), event, flows)
            hours.append(np.asarray(moving.resource_status)[:, 0])
        else:
            hours.append(
                1.0
                - np.broadcast_to(np.asarray(maintained(production, moving)), (production.num_resources, 1))[
                    :, 0
                ]
            )
    return np.stack(orders), np.stack(hours) if hours else np.ones((periods, 0))
