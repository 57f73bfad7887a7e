"""Processes and resources: components, runs, hours."""

import numpy as np

from basestock.optimal.programs.linear import Linear
from basestock.optimal.programs.walk import Walk


def start_processes(walk: Walk) -> None:
    """Start the runs of the plan, within components and hours (SIM-111, SIM-207)."""
    production, start = walk.frame.problem.arrays.production, walk.chosen.start
    if production is None or start is None:
        return
    frame, network = walk.frame, walk.frame.problem.network
    count = len(network.processes)
    bill = np.asarray(production.consumes, dtype=np.float64)[:count, : frame.num_items, 0]
    consumed = _at_nodes(walk, start, bill)
    walk.add("started", start)
    walk.add("consumed", consumed)
    walk.take(consumed, group="components")
    durations = np.array([process.duration for process in network.processes])
    for duration in np.unique(durations).tolist():
        target, part = walk.period + int(duration), start * (durations == duration)
        walk.runs[target] = walk.runs[target] + part if target in walk.runs else part
    _hours(walk, start)


def _at_nodes(walk: Walk, runs: Linear, bill: np.ndarray) -> Linear:
    """Add up by node what runs take or make."""
    frame, network = walk.frame, walk.frame.problem.network
    process, item = np.nonzero(bill)
    node = np.array([network.node_index[each.node] for each in network.processes])
    quantity = runs[process] * bill[process, item]
    return quantity.placed(node[process] * frame.num_items + item, (frame.num_nodes, frame.num_items))


def _hours(walk: Walk, start: Linear) -> None:
    """Keep within regular hours and called overtime, and count both."""
    production, network = walk.frame.problem.arrays.production, walk.frame.problem.network
    count = len(network.resources)
    if production is None or count == 0:
        return
    uses = np.asarray(production.uses, dtype=np.float64)[:count, : len(network.processes), 0]
    resource, process = np.nonzero(uses)
    used = (start[process] * uses[resource, process]).placed(resource, (count,))
    limited = np.array([each.hours is not None for each in network.resources])
    regular = np.array([(each.hours or 0.0) * each.units for each in network.resources])
    share = walk.path.working[walk.period]
    name = lambda flat: network.resources[flat].name  # noqa: E731
    extra = np.array([each.overtime * each.units for each in network.resources])
    overtime = walk.variables("overtime", used, name, where=limited & (extra > 0), high=extra * share)
    walk.chosen.overtime = overtime
    walk.constrain("hours", used - overtime, "<=", regular * share, name, where=limited)
    walk.add("hours_used", used)
    walk.add("hours_overtime", overtime)
    walk.add("hours_idle", (overtime - used + regular * share) * limited)
    walk.add("hours_changeover", Linear.zeros(count))
    walk.add("hours_down", Linear.of(np.where(limited, regular * (1.0 - share), 0.0)))


def complete_processes(walk: Walk) -> None:
    """Put what runs have made into stock."""
    production = walk.frame.problem.arrays.production
    if production is None:
        return
    count = len(walk.frame.problem.network.processes)
    done = walk.runs.pop(walk.period, Linear.zeros(count))
    good = np.asarray(production.good_share, dtype=np.float64)[:count, 0]
    bill = np.asarray(production.produces, dtype=np.float64)[:count, : walk.frame.num_items, 0]
    produced = _at_nodes(walk, done * good, bill)
    walk.add("completed", done)
    walk.add("scrapped", done * (1.0 - good))
    walk.add("produced", produced)
    walk.put(produced)
