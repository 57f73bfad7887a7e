"""Recorded optima recomputed by exact dynamic programming over the transition that every simulation uses."""

import math
from pathlib import Path
from typing import Any

import pytest

from basestock.optimal.mdp import enumerate_process, minimize_average_cost
from basestock.problems.families.demand import parse_law
from basestock.problems.instances import Instance, read_instances

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "benchmarks" / "instances.json"
MOST = 1.3e6
"""Largest number of states, decisions and events together that is solved here: seconds, not minutes."""


def box_of(instance: Instance) -> dict[str, Any] | None:
    """Return the box in which the record says that its optimum lies."""
    own, verified = instance.record["parameters"], instance.record.get("verified") or {}
    bounds = verified.get("bounds") or {}
    if instance.family in ("lost_sales", "lost_sales_fixed_cost") and "max_order" in bounds:
        return {
            "max_order": bounds["max_order"],
            "max_position": bounds["max_inventory_position_after_order"],
        }
    if instance.family == "perishable_two_class" and verified:
        return {"max_order": own["max_inventory_position"], "max_position": own["max_inventory_position"]}
    if instance.family == "perishable_profit" and "max_order" in own and verified:
        return {"max_order": own["max_order"], "max_position": 10**6}
    return None


def size_of(instance: Instance, box: dict[str, Any]) -> float:
    """Return about how many states, decisions and events there are."""
    own = instance.record["parameters"]
    laws = [parse_law(value) for name, value in own.items() if name.startswith("demand") and "type" in value]
    events = math.prod(len(law.support()[0]) for law in laws)
    places = own["lead_time"] if "shelf_life" not in own else own["shelf_life"] + own["lead_time"] - 1
    position = min(box["max_position"], box["max_order"] * max(places, 1))
    states = min(math.comb(position + places, places), (box["max_order"] + 1) ** max(places, 1) * 4)
    return states * (box["max_order"] + 1) * events


FOUND = [
    (each, box)
    for each in (read_instances(SHARED) if SHARED.exists() else [])
    if (box := box_of(each)) is not None and size_of(each, box) < MOST
]


@pytest.mark.slow
@pytest.mark.requirement("C-13")
@pytest.mark.skipif(not SHARED.exists(), reason="needs shared/benchmarks beside the repository")
@pytest.mark.parametrize(("instance", "box"), FOUND, ids=[each.id for each, _ in FOUND])
def test_a_recorded_optimum_is_the_one_of_its_transition(instance: Instance, box: dict[str, Any]) -> None:
    problem = instance.problem()
    assert problem.known is not None
    solution = minimize_average_cost(enumerate_process(problem, **box), tolerance=1e-5)
    assert problem.sign * solution.value == pytest.approx(problem.known.value, rel=2e-5, abs=2e-5)
