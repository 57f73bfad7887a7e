"""A long row of steps is refused once it shows that the time would not do."""

import math
import time

import pytest

from basestock.optimal.mdp import TooLargeError, budget
from basestock.optimal.mdp.budget import Budget, Pace
from tests.optimal.small import losing


def test_a_row_of_steps_that_takes_longer_than_there_is_time_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(budget, "SETTLED", 0.0)
    problem = losing(1)
    late = Pace(problem, Budget(deadline=time.perf_counter() - 1.0), 10**6, "1,000,000 questions")
    with pytest.raises(TooLargeError, match="1,000,000 questions need about"):
        late.step()
    Pace(problem, Budget(deadline=math.inf), 10**6, "questions").step()


def test_the_first_seconds_refuse_nothing() -> None:
    Pace(losing(1), Budget(deadline=time.perf_counter() - 1.0), 10**6, "questions").step()
