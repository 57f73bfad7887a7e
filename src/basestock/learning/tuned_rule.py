"""An order-up-to rule that is tuned by simulation: where learning by choices begins."""

import dataclasses
from collections.abc import Callable

import numpy as np
from jaxtyping import Array, Float

from basestock.decision import Problem
from basestock.envs import ActionCodec
from basestock.learning.actors import ChoiceActor
from basestock.learning.elimination import Halving
from basestock.learning.order_rule import NO_CAP, ruled
from basestock.learning.questions import Questions, first_rules, next_rules, rule_of
from basestock.learning.states import Beginnings, entries_of

COLUMNS, MOST_ENTRIES = 8192, 600_000
"""Paths beside each other where nothing but a rule is tuned, and entries of the states of all of them at most."""

GENERATIONS = 3
"""Generations of rules that are tried."""

FOLLOWED = 4
"""Blocks of periods through which a rule is followed, of problems without end; the second half counts."""


def tuned_rule(
    questions: Questions, start: ChoiceActor, late: Callable[[], bool]
) -> tuple[ChoiceActor, Float[np.ndarray, " slot"]]:
    """Return the order-up-to rule that costs least in simulations, and its caps, units.

    Parameters
    ----------
    questions
        Simulates rules.
    start
        Base stock at newsvendor levels, which rules change.
    late
        Tells after each generation whether the time for this is used up.
    """
    codec = questions.codec
    values = first_rules(codec)
    best = values[..., 0]
    for generation in range(GENERATIONS):
        blocks = FOLLOWED if questions.clock.endless else questions.blocks
        costs = questions.costs_of_rules(start, values, blocks)
        best = values[..., costs.argmin()]
        if late():
            break
        values = next_rules(values, costs, codec, 0.5**generation, questions.draw)
    network = ruled(start.network, rule_of(codec, best[..., None]), codec)
    return dataclasses.replace(start, network=network), np.minimum(best[2], NO_CAP)


def first_rule(
    problem: Problem,
    codec: ActionCodec,
    begun: Beginnings,
    start: ChoiceActor,
    late: Callable[[], bool],
    key: Array,
    draw: np.random.Generator,
) -> tuple[ChoiceActor, Float[np.ndarray, " slot"]]:
    """Return an order-up-to rule that is tuned on paths of its own, and its caps, units.

    Parameters
    ----------
    problem, codec, begun
        What is simulated, which choices there are, and the states to begin in.
    start
        Base stock at newsvendor levels, which rules change.
    late
        Tells whether the time for this is used up.
    key, draw
        Random numbers of events, and of rules.
    """
    questions = Questions(
        *(problem, codec, begun, Halving(8, 4, 1)),
        columns=min(COLUMNS, MOST_ENTRIES // entries_of(begun.pool)),
        explored=0.0,
        restarted=0.0,
        key=key,
        draw=draw,
    )
    return tuned_rule(questions, start, late)
