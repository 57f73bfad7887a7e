"""The six printed lost-sales cells, by exact value iteration over the transition that simulates."""

import pytest

from basestock.evaluation import evaluate
from basestock.optimal.mdp import optimize
from basestock.optimal.mdp.first_box import first_box, wider
from basestock.policies import marginal_for
from basestock.problems import lost_sales

CELLS = {(1, 4): 4.04, (1, 9): 5.44, (2, 4): 4.40, (2, 9): 6.09, (3, 4): 4.60, (3, 9): 6.53}
"""Zipkin 2008, Table 3, doi:10.1287/opre.1070.0471: Poisson demand of mean 5, h = 1, by (lead time, p)."""


@pytest.mark.slow
@pytest.mark.parametrize(("lead_time", "lost_sale_cost"), CELLS)
def test_value_iteration_reaches_the_printed_optimum(lead_time: int, lost_sale_cost: int) -> None:
    found = optimize(lost_sales(lead_time=lead_time, lost_sale_cost=float(lost_sale_cost)), tolerance=1e-9)
    assert found.upper - found.lower < 1e-6
    assert found.value == pytest.approx(CELLS[lead_time, lost_sale_cost], abs=0.005)


@pytest.mark.slow
@pytest.mark.parametrize("lost_sale_cost", [4.0, 39.0])
def test_the_box_of_the_theorem_is_wide_enough(lost_sale_cost: float) -> None:
    problem = lost_sales(lead_time=2, lost_sale_cost=lost_sale_cost)
    box = first_box(problem)
    assert "Zipkin 2008" in box.reason
    narrow, wide = (optimize(problem, box=each, tolerance=1e-9) for each in (box, wider(wider(box))))
    assert narrow.value == pytest.approx(wide.value, abs=1e-7)
    assert wide.pieces.num_states > 1.5 * narrow.pieces.num_states


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
