"""The six printed lost-sales cells, by exact value iteration over the transition that simulates."""

import pytest

from basestock.evaluation import evaluate
from basestock.optimal.mdp import enumerate_process, minimize_average_cost
from basestock.policies import marginal_for
from basestock.problems import lost_sales

CELLS = {(1, 4): 4.04, (1, 9): 5.44, (2, 4): 4.40, (2, 9): 6.09, (3, 4): 4.60, (3, 9): 6.53}
"""Zipkin 2008, Table 3, doi:10.1287/opre.1070.0471: Poisson demand of mean 5, h = 1, by (lead time, p)."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lead_time", "lost_sale_cost"),
    [pytest.param(*cell, marks=pytest.mark.slow if cell[0] == 3 else ()) for cell in CELLS],
)
def test_value_iteration_reaches_the_printed_optimum(lead_time: int, lost_sale_cost: int) -> None:
    problem = lost_sales(lead_time=lead_time, lost_sale_cost=float(lost_sale_cost))
    process = enumerate_process(problem, max_order=10, max_position=5 * (lead_time + 1) + 13)
    solution = minimize_average_cost(process, tolerance=1e-6)
    assert solution.upper - solution.lower < 1e-6
    assert solution.value == pytest.approx(CELLS[lead_time, lost_sale_cost], abs=0.005)


@pytest.mark.slow
def test_the_box_of_decisions_is_wide_enough() -> None:
    problem = lost_sales(lead_time=2, lost_sale_cost=4.0)
    narrow, wide = (
        minimize_average_cost(enumerate_process(problem, max_order=order, max_position=position)).value
        for order, position in ((10, 28), (14, 34))
    )
    assert narrow == pytest.approx(wide, abs=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize(("lead_time", "lost_sale_cost"), CELLS)
def test_the_marginal_policy_is_within_one_percent_of_the_optimum(
    lead_time: int, lost_sale_cost: int
) -> None:
    """200 replications of 1,000 periods; fails where even the lower end of the interval is 1 % above the optimum."""
    problem = lost_sales(lead_time=lead_time, lost_sale_cost=float(lost_sale_cost))
    row = evaluate(problem, {"marginal": marginal_for(problem)}, replications=200, seed=1)["marginal"]
    optimum = CELLS[lead_time, lost_sale_cost]
    assert row.total.mean - row.total.half_width < 1.01 * optimum
