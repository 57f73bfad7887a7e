"""Printed costs of classical policies, by exact evaluation over the transition that simulates."""

from collections.abc import Callable

import pytest

from basestock.decision import Policy, Problem
from basestock.optimal.mdp.evaluated import evaluate_exactly
from basestock.policies import Myopic, Myopic2, Newsvendor, VectorBaseStock, from_parameters
from basestock.problems import lost_sales
from basestock.problems.dual_sourcing import dual_sourcing

BUILT: dict[str, Callable[[Problem], Policy]] = {
    "myopic": Myopic.for_problem,
    "myopic2": Myopic2.for_problem,
    "standard vector base stock": VectorBaseStock.standard,
    "standard base stock": Newsvendor.for_problem,
}

ZIPKIN: dict[tuple[int, int], dict[str, float]] = {
    (1, 4): dict(zip(BUILT, (4.11, 4.04, 4.31, 4.39), strict=True)),
    (1, 9): dict(zip(BUILT, (5.45, 5.44, 5.51, 5.56), strict=True)),
    (1, 39): dict(zip(BUILT, (7.88, 7.84, 7.97, 7.98), strict=True)),
    (2, 4): dict(zip(BUILT, (4.56, 4.41, 4.80, 4.94), strict=True)),
    (2, 19): dict(zip(BUILT, (7.77, 7.67, 8.08, 8.15), strict=True)),
    (2, 39): dict(zip(BUILT, (9.16, 9.12, 9.29, 9.31), strict=True)),
}
"""Zipkin 2008, doi:10.1287/opre.1070.0471, Table 3: Poisson demand of mean 5, h = 1, by (lead time, p)."""


@pytest.mark.slow
@pytest.mark.requirement("E-08")
@pytest.mark.parametrize(
    ("cell", "name", "printed"),
    [(cell, name, cost) for cell, row in ZIPKIN.items() for name, cost in row.items()],
)
def test_lost_sales_heuristics_cost_what_is_printed(cell: tuple[int, int], name: str, printed: float) -> None:
    problem = lost_sales(lead_time=cell[0], lost_sale_cost=float(cell[1]))
    assert evaluate_exactly(problem, BUILT[name](problem)).value == pytest.approx(printed, abs=0.0051)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "parameters", "printed"),
    [
        ("order_up_to", {"reorder_point": 17, "order_up_to_level": 23}, 11.62),
        ("fixed_quantity", {"reorder_point": 17, "order_quantity": 7}, 11.56),
        ("modified_order_up_to", {"reorder_point": 17, "order_up_to_level": 23, "cap": 7}, 11.50),
    ],
)
def test_lost_sales_with_a_fixed_cost(name: str, parameters: dict[str, float], printed: float) -> None:
    """Bijvank, Bhulai and Huh 2015, European Journal of Operational Research 241(2):381-390, Table 1."""
    problem = lost_sales(lead_time=2, lost_sale_cost=14.0, fixed_order_cost=5.0)
    found = evaluate_exactly(problem, from_parameters(problem, name, parameters)).value
    assert found == pytest.approx(printed, abs=0.0051)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "parameters", "gap"),
    [
        ("dual_index", {"expedite_up_to": 4, "regular_up_to": 7}, 0.11),
        ("capped_dual_index", {"expedite_up_to": 4, "regular_up_to": 7, "cap": 2}, 0.00),
        ("tailored_base_surge", {"regular_quantity": 1, "expedite_up_to": 4}, 0.06),
    ],
)
def test_dual_sourcing_gaps(name: str, parameters: dict[str, float], gap: float) -> None:
    """Gijsbrechts et al. 2022, doi:10.1287/msom.2021.1064, Figure 9: percent above the optimum of 216.7698."""
    problem = dual_sourcing()
    found = evaluate_exactly(problem, from_parameters(problem, name, parameters)).value
    assert 100 * (found / 216.7698 - 1) == pytest.approx(gap, abs=0.0061)
