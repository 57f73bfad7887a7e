"""Recorded optima recomputed by exact dynamic programming over the transition that every simulation uses."""

import math
from pathlib import Path

import pytest

from basestock.optimal.mdp import optimize
from basestock.problems.instances import Instance, read_instances

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "benchmarks" / "instances.json"
FAMILIES = (
    "lost_sales",
    "lost_sales_fixed_cost",
    "dual_sourcing",
    "perishable_single_class",
    "perishable_two_class",
    "perishable_profit",
    "ss_backorder",
    "joint_replenishment",
    "assembly_random_lead_time",
)
QUICK = ("lost_sales/poisson-L1-p4", "lost_sales/poisson-L1-p9", "lost_sales/poisson-L1-p39")
"""A second or two together: they share one compiled program."""

MINUTES = tuple(f"lost_sales/{name}" for name in ("poisson-L6-p19", "poisson-L6-p39", "geometric-L6-p9"))
"""Millions of states, up to 20 minutes each: `basestock certify` solves them, no test does."""

RECORDED: dict[str, float] = {
    "perishable_two_class/m4-L0-cvr1.0-fifo1.0": 3.68914,
    "perishable_two_class/m5-L0-cvr1.0-fifo1.0": 0.96461,
}
"""Where the recomputed value of the record is off in its last digit: the published value, which we reach."""

EVERY = {each.id: each for each in read_instances(SHARED)} if SHARED.exists() else {}
FOUND = [
    pytest.param(each, id=id_, marks=() if id_ in QUICK else pytest.mark.slow)
    for id_, each in EVERY.items()
    if each.family in FAMILIES and each.record.get("verified") and id_ not in MINUTES
]
needs_instances = pytest.mark.skipif(
    not SHARED.exists(), reason="needs shared/benchmarks beside the repository"
)


def half_of_the_fifth_digit(value: float) -> float:
    """Return half a unit of the fifth significant digit, and what single precision of money leaves open."""
    return 0.5 * 10.0 ** (math.floor(math.log10(abs(value))) - 4) + 1e-6 * (1 + abs(value))


@needs_instances
@pytest.mark.requirement("C-13")
@pytest.mark.parametrize("instance", FOUND)
def test_a_recorded_optimum_is_the_one_of_its_transition(instance: Instance) -> None:
    problem = instance.problem()
    assert problem.known is not None
    known = RECORDED.get(instance.id, problem.known.value)
    found = optimize(problem, tolerance=1e-8)
    assert found.value == pytest.approx(known, rel=0, abs=half_of_the_fifth_digit(known))
    assert found.shown
    assert found.boundary_share == 0
    assert found.lower <= found.value <= found.upper


@needs_instances
@pytest.mark.slow
@pytest.mark.requirement("C-13")
@pytest.mark.parametrize("id_", [id_ for id_ in EVERY if id_.startswith("random_lead_time/exponential")])
def test_a_recorded_optimum_of_units_that_cross_is_computed(id_: str) -> None:
    problem = EVERY[id_].problem()
    assert problem.solve is not None and problem.known is not None
    known = problem.known.value
    assert problem.solve().value == pytest.approx(known, rel=0, abs=half_of_the_fifth_digit(known))


@needs_instances
def test_what_is_left_to_a_command_is_recorded_with_a_value() -> None:
    assert all(EVERY[id_].record.get("verified") for id_ in (*MINUTES, *QUICK, *RECORDED))
