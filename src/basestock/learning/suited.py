"""Which learner suits a problem: by its structure, never by its name."""

from basestock.decision import Problem
from basestock.learning.expectation import Expectation, NoExpectationError
from basestock.learning.fitted_value import FittedValueConfig
from basestock.learning.order_rule import single_units

AUTO = "auto"
"""Name that stands for whichever learner suits a problem."""

ENOUGH = 128
"""States of an update, for each period with values of its own, below which a network of values learns little."""

FEW = 2
"""Quantities of a period up to which choices of one at a time come near the best of all together."""


def suited(problem: Problem) -> tuple[str, str]:
    """Return the name of the learner that suits a problem, and why.

    Parameters
    ----------
    problem
        A problem that is played.

    Notes
    -----
    Values are learned where everything that follows a decision is listed, for enough states in an update. Else
    quantities follow the derivative of costs through the transition, and where single units of continuous lead times
    leave none, tries on common events tell which way to go.
    """
    if problem.start(1).unit_ages is not None:
        return "evolution", "units have lead times of their own, so that costs have no derivative along paths"
    try:
        codec = single_units(problem)
        expectation = Expectation.of(problem, codec)
    except NoExpectationError:
        return "pathwise", "what follows a decision has no list of outcomes that is told by what is seen"
    usual = FittedValueConfig()
    listed = expectation.listed(usual.cases, len(codec.slots), usual.candidates)
    states = min(listed, usual.states) // expectation.cycle
    if states < ENOUGH or not expectation.exact or len(codec.slots) > FEW:
        return "pathwise", (
            f"{expectation.num_outcomes:,} outcomes of a period, {len(codec.slots)} quantities and {expectation.cycle} "
            "periods with values of their own are too many to list together"
        )
    return "fitted_value", f"all {expectation.num_outcomes:,} outcomes of a period are listed"
