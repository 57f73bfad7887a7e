"""The learner that suits a problem follows from its structure."""

import pytest

from basestock.decision import Problem
from basestock.learning import ALGORITHMS, suited
from basestock.problems import lost_sales, make_problem
from basestock.problems.random_lead_time import random_lead_time


@pytest.mark.parametrize(
    ("problem", "name", "why"),
    [
        (lost_sales(), "fitted_value", "19 outcomes"),
        (make_problem("manufacturing_market"), "pathwise", "no list of outcomes"),
        (make_problem("one_warehouse_multi_retailer"), "pathwise", "too many to list"),
        (make_problem("beer_game"), "pathwise", "no list of outcomes"),
        (random_lead_time(), "evolution", "no derivative"),
    ],
)
def test_it_follows_from_what_can_be_listed(problem: Problem, name: str, why: str) -> None:
    found, told = suited(problem)
    assert found == name in ALGORITHMS and why in told
