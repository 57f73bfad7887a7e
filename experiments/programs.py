"""The rolling program as a contender: it plans anew in every period."""

import dataclasses
from collections.abc import Mapping

from basestock.decision import Problem
from basestock.optimal.players import PLAYERS
from basestock.optimal.programs.refusal import UnsupportedError
from experiments.contest import Contender, Measure, contest, rows
from experiments.registry import Options
from experiments.report import Cell

NAME = "rolling program"


def rolling_rows(
    problem: Problem, options: Options, episodes: int, measures: Mapping[str, Measure], scale: float = 1.0
) -> list[dict[str, Cell]]:
    """Return the row of the rolling program, or why there is none.

    Parameters
    ----------
    problem, options
        The game, and how it is judged.
    episodes
        Episodes at most, the first ones of the others' events: a program is solved in each of their periods.
    measures, scale
        As for :func:`experiments.contest.rows`.
    """
    compute = PLAYERS["rolling_horizon"].compute
    assert compute is not None
    try:
        policy = compute(problem)
    except UnsupportedError as error:
        return [{"policy": NAME, "budget": str(error)}]
    few = dataclasses.replace(options, replications=min(options.replications, episodes))
    return rows(problem, contest(problem, [Contender(NAME, [policy])], few), measures, scale=scale)
