"""A shorter lead time is never worse: its optimum bounds that of the longer one."""

import dataclasses

from basestock.decision import Problem
from basestock.network import Lane
from basestock.optimal.bounds.bound import Bound
from basestock.optimal.mdp import optimize
from basestock.optimal.mdp.budget import TooLargeError


def shorter_lead_time(problem: Problem, *, max_bytes: int, max_seconds: float) -> Bound | None:
    """Return the optimum under the longest lead time that can still be solved exactly.

    Parameters
    ----------
    problem
        One lane of fixed lead time, whose pipeline costs nothing.
    max_bytes, max_seconds
        What each try may take.

    Returns
    -------
    Bound
        ``None`` where the problem has another form, or no shorter lead time can be solved.

    Notes
    -----
    With the shorter lead time every policy of the longer one can be imitated, by holding each order back for the
    difference before it is placed: goods arrive alike, so that the optimum cannot be higher. Money must follow arrivals
    and stock, not the moment of ordering: average criteria, without a charge for the pipeline.
    """
    lane = problem.network.lanes[0] if len(problem.network.lanes) == 1 else None
    imitable = (
        lane is not None
        and isinstance(lane.lead_time, int)
        and not lane.item_lead_time
        and problem.averages
        and problem.tariff.pipeline_holding is None
        and problem.tariff.order_change is None
    )
    if not imitable or lane is None or not isinstance(lane.lead_time, int):
        return None
    for shorter in range(lane.lead_time - 1, -1, -1):
        try:
            solved = optimize(
                with_lead_time(problem, lane, shorter), max_bytes=max_bytes, max_seconds=max_seconds
            )
        except TooLargeError:
            continue
        except ValueError:
            # What cannot be listed with this lead time cannot be with another.
            return None
        value = solved.lower if problem.sense == "min" else solved.upper
        return Bound(
            value,
            0.0,
            f"optimum with lead time {shorter} instead of {lane.lead_time}: orders can be held back to imitate the "
            "longer one",
        )
    return None


def with_lead_time(problem: Problem, lane: Lane, periods: int) -> Problem:
    """Return the problem with another lead time of its lane, starting with nothing under way."""
    network = dataclasses.replace(problem.network, lanes=(dataclasses.replace(lane, lead_time=periods),))
    start = dataclasses.replace(problem.initial_state, due={})
    return dataclasses.replace(problem, network=network, initial_state=start, known=None)
