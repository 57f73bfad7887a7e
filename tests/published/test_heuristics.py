"""Printed costs of classical policies, by exact evaluation over the transition that simulates."""

from collections.abc import Callable
from pathlib import Path

import pytest

from basestock.decision import Policy, Problem
from basestock.optimal.mdp.evaluated import evaluate_exactly
from basestock.policies import DualBalancing, Myopic, Myopic2, Newsvendor, VectorBaseStock, from_parameters
from basestock.problems import lost_sales
from basestock.problems.instances import Instance, read_instances
from tools.heuristics import PLAYS, Row, rows

BUILT: dict[str, Callable[[Problem], Policy]] = {
    "myopic": Myopic.for_problem,
    "myopic2": Myopic2.for_problem,
    "standard vector base stock": VectorBaseStock.standard,
    "standard base stock": Newsvendor.for_problem,
    "dual balancing": DualBalancing.of_all_stock,
}

ZIPKIN: dict[tuple[int, int], dict[str, float]] = {
    (1, 4): dict(zip(BUILT, (4.11, 4.04, 4.31, 4.39, 4.15), strict=True)),
    (1, 9): dict(zip(BUILT, (5.45, 5.44, 5.51, 5.56, 5.73), strict=True)),
    (1, 39): dict(zip(BUILT, (7.88, 7.84, 7.97, 7.98, 9.31), strict=True)),
    (2, 4): dict(zip(BUILT, (4.56, 4.41, 4.80, 4.94, 4.41), strict=True)),
    (2, 19): dict(zip(BUILT, (7.77, 7.67, 8.08, 8.15, 8.45), strict=True)),
    (2, 39): dict(zip(BUILT, (9.16, 9.12, 9.29, 9.31, 10.73), strict=True)),
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


INSTANCES = Path(__file__).resolve().parents[2].parent / "shared" / "benchmarks" / "instances.json"
RECORDS = {instance.id: instance for instance in read_instances(INSTANCES)} if INSTANCES.exists() else {}

needs_file = pytest.mark.skipif(
    not RECORDS, reason=f"{INSTANCES.name} lies beside the repository in shared/benchmarks"
)


def compared(record: str, *policies: str) -> list[Row]:
    """Return the rows of a record, of some of its printed policies alone."""
    instance = RECORDS[record]
    kept = [each for each in instance.record["heuristics"] if each["policy"] in policies]
    return list(rows(Instance(instance.id, instance.family, {**instance.record, "heuristics": kept})))


def require_agreement(found: list[Row]) -> None:
    assert found
    wrong = [
        (row.policy, row.published, row.published_gap, row.ours, row.gap) for row in found if not row.agrees
    ]
    assert not wrong


@pytest.mark.slow
@needs_file
@pytest.mark.requirement("E-08")
@pytest.mark.parametrize("record", [name for name, each in RECORDS.items() if each.family == "dual_sourcing"])
def test_dual_sourcing_gaps(record: str) -> None:
    """Gijsbrechts et al. 2022, doi:10.1287/msom.2021.1064, Figure 9: percent above the optimum."""
    if not RECORDS[record].record["heuristics"]:
        pytest.skip("no gap of this record is printed")
    require_agreement(compared(record, "dual_index", "capped_dual_index", "tailored_base_surge"))


@pytest.mark.slow
@needs_file
@pytest.mark.parametrize(
    ("record", "more"),
    [
        ("poisson-L1-p4", ["best_constant"]),
        ("poisson-L1-p9", ["best_constant"]),
        ("poisson-L2-p4", []),
        ("poisson-L2-p19", []),
        ("geometric-L1-p19", []),
        ("geometric-L2-p9", []),
    ],
)
def test_lost_sales_by_the_best_of_their_class(record: str, more: list[str]) -> None:
    """Zipkin 2008, Table 3, and capped base stock; "better" vector base stock has levels of one common ratio."""
    names = ("better_vector_base_stock", "best_capped_base_stock", "best_base_stock", *more)
    require_agreement(compared(f"lost_sales/{record}", *names))


@needs_file
@pytest.mark.requirement("E-08")
@pytest.mark.parametrize(
    "record", [name for name, each in RECORDS.items() if each.family == "random_lead_time"]
)
def test_base_stock_under_crossing(record: str) -> None:
    """Temizoz et al. 2025, doi:10.48550/arXiv.2011.15122: simulated by the authors; exact by Palm's theorem here."""
    require_agreement(compared(record, "base_stock"))


@needs_file
def test_every_printed_policy_of_the_solvable_families_is_played() -> None:
    families = {family for family, _ in PLAYS} - {"general_network", "assembly_random_lead_time"}
    printed = {
        (each.family, row["policy"])
        for each in RECORDS.values()
        if each.family in families
        for row in each.record.get("heuristics") or []
    }
    assert printed <= set(PLAYS)
