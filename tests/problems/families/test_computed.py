"""Instances whose optimum is computed: every published value is reproduced, and other parameters are checked."""

import dataclasses
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from basestock.decision import Problem
from basestock.evaluation import evaluate_computed, play
from basestock.optimal.mdp import evaluate_exactly, optimize
from basestock.optimal.programs import Plan, expected_events, replay
from basestock.policies import from_parameters
from basestock.problems.instances import Instance, read_instances

SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "benchmarks" / "instances.json"
COMPUTED = ("newsvendor", "eoq", "lot_sizing", "finite_horizon", "rq", "serial", "guaranteed_service")
INSTANCES = {each.id: each for each in read_instances(SHARED)} if SHARED.exists() else {}
pytestmark = pytest.mark.skipif(not SHARED.exists(), reason="needs shared/benchmarks beside the repository")


def instance(family: str, **parameters: Any) -> Instance:
    return Instance(f"{family}/a", family, {"parameters": parameters})


@pytest.mark.requirement("C-13")
@pytest.mark.parametrize("id_", [name for name, each in INSTANCES.items() if each.family in COMPUTED])
def test_a_published_optimum_is_reproduced(id_: str) -> None:
    problem = INSTANCES[id_].problem()
    assert problem.solve is not None
    assert problem.known is not None
    assert problem.solve().value == pytest.approx(problem.known.value, rel=1e-5)


def test_a_lognormal_demand_costs_what_its_partial_expectation_says() -> None:
    law = {"type": "lognormal", "mean": 20.0, "std": 10.0}
    found = instance("newsvendor", holding_cost=1.0, stockout_cost=3.0, demand=law).problem()
    assert found.solve is not None
    # 4 E[D; D > y] - E[D] at P(D <= y) = 3/4: 80 Phi(sigma - 0.67449) - 20 with sigma^2 = log(5/4).
    assert found.solve().value == pytest.approx(13.59326, rel=1e-5)


def test_a_line_whose_customers_wait_for_nothing_is_refused() -> None:
    line = {
        "stages": 1,
        "demand": {"type": "poisson", "mean": 7.0},
        "lead_times": [1],
        "echelon_holding_costs": [1],
    }
    assert instance("serial", **line, backorder_cost=0.5).wrong == []
    (told,) = instance("serial", **line, backorder_cost=0.0).wrong
    assert told == "parameter 'backorder_cost' is 0.0, must be a number > 0. Correct the record."


@pytest.mark.parametrize("family", ["lost_sales", "lost_sales_fixed_cost", "ss_backorder"])
def test_every_instance_of_a_simulated_family_is_built(family: str) -> None:
    found = [each for each in INSTANCES.values() if each.family == family]
    assert found
    for each in found:
        assert each.wrong == []
        assert each.problem().known == each.known


def test_the_report_of_a_computed_problem_has_one_row_without_a_gap() -> None:
    report = evaluate_computed(INSTANCES["eoq/example-3.1"].problem())
    row = report["optimal"]
    assert row.gap_percent == pytest.approx(0, abs=1e-5)
    assert row.parameters["order_quantity"] == pytest.approx(304.0468, abs=1e-4)
    assert row.certificate == "exact"


def test_a_problem_without_a_formula_is_not_computed() -> None:
    with pytest.raises(ValueError, match="has no computed optimum"):
        evaluate_computed(INSTANCES["lost_sales/poisson-L1-p4"].problem())


def value(family: str, **parameters: Any) -> float:
    problem: Problem = instance(family, **parameters).problem()
    assert problem.solve is not None
    return problem.solve().value


def test_a_production_rate_without_bounds_is_the_plain_order_quantity() -> None:
    plain = value("eoq", fixed_cost=8.0, holding_cost=0.225, demand_rate=1300.0)
    fast = value("eoq", fixed_cost=8.0, holding_cost=0.225, demand_rate=1300.0, production_rate=1e12)
    waiting = value("eoq", fixed_cost=8.0, holding_cost=0.225, demand_rate=1300.0, backorder_cost=1e12)
    assert fast == pytest.approx(plain)
    assert waiting == pytest.approx(plain)


def test_one_stage_of_a_line_is_a_newsvendor() -> None:
    law = {"type": "normal", "mean": 5.0, "std": 1.0}
    line = value(
        "serial", stages=1, demand=law, lead_times=[1], echelon_holding_costs=[3], backorder_cost=9.0
    )
    alone = value("newsvendor", demand=law, holding_cost=3.0, stockout_cost=9.0)
    assert line == pytest.approx(alone, rel=1e-5)


def test_one_unit_orders_and_no_fixed_cost_are_a_base_stock() -> None:
    law = {"type": "poisson_process", "rate": 5.0}
    free = value("rq", demand=law, lead_time=1.0, holding_cost=1.0, backorder_cost=9.0, fixed_cost=0.0)
    alone = value("newsvendor", demand={"type": "poisson", "mean": 5.0}, holding_cost=1.0, stockout_cost=9.0)
    assert free == pytest.approx(alone)


def test_the_best_orders_for_known_demand_beat_every_other() -> None:
    rng = np.random.default_rng(0)
    demand = rng.integers(1, 20, 5).tolist()
    best = value("lot_sizing", demand=demand, fixed_cost=30.0, holding_cost=1.0)
    costs = []
    for mask in range(16):
        starts = [True, *(bool(mask >> bit & 1) for bit in range(4))]
        carried = [sum(demand[later:nxt]) for later, nxt in _covered(starts)]
        costs.append(30.0 * sum(starts) + sum(carried))
    assert best == pytest.approx(min(costs))


def _covered(starts: list[bool]) -> list[tuple[int, int]]:
    """Return for each period what is left after it: the demand from the next one to the next order."""
    ends = [
        next((t for t in range(now + 1, len(starts)) if starts[t]), len(starts)) for now in range(len(starts))
    ]
    return [(now + 1, ends[now]) for now in range(len(starts))]


def test_a_tree_of_stages_is_tried_out_in_full() -> None:
    nodes = [
        {"node": 1, "predecessors": [], "processing_time": 2, "holding_cost": 1, "demand_bound_constant": 2},
        {"node": 2, "predecessors": [1], "processing_time": 1, "holding_cost": 3, "demand_bound_constant": 2,
         "demand_std": 4, "max_outbound_service_time": 0},
    ]  # fmt: skip
    tried = [2 * 4 * (1 * np.sqrt(2 - s) + 3 * np.sqrt(s + 1)) for s in range(3)]
    assert value("guaranteed_service", nodes=nodes) == pytest.approx(min(tried))


@pytest.mark.slow
def test_the_simulated_line_costs_what_the_recursion_says() -> None:
    problem = INSTANCES["serial/pirhooshyaran-case1"].problem({"horizon": 2000, "warm_up": 50})
    assert problem.solve is not None
    assert problem.known is not None
    local = problem.solve().decision["echelon_base_stock_levels"]
    policy = from_parameters(problem, "echelon_base_stock", {"base_stock_levels": 0.0})
    levels = np.zeros((problem.arrays.num_nodes, problem.arrays.num_items, 1), dtype=np.float32)
    levels[: len(local), 0, 0] = local
    policy = dataclasses.replace(
        policy, **dict.fromkeys(policy.__dataclass_fields__, jax.numpy.asarray(levels))
    )
    totals = play(problem, policy, replications=64, seed=0).totals
    assert totals.mean() == pytest.approx(problem.known.value, rel=0.01)


@pytest.mark.parametrize(
    ("family", "parameters", "sentence"),
    [
        ("eoq", {"fixed_cost": 1, "demand_rate": 2, "holding_cost": 1, "production_rate": 1}, "above the demand rate"),
        ("eoq", {"fixed_cost": 1, "demand_rate": 2}, "'holding_cost' is missing"),
        ("eoq", {"fixed_cost": 1, "demand_rate": 2, "holding_rate": 1, "breakpoints": [0, 0], "unit_costs": [1, 1]},
         "rising quantities"),
        ("rq", {"demand": {"type": "gamma"}}, "normal with mean and std"),
        ("serial", {"stages": 2, "demand": {"type": "poisson", "mean": 1}, "lead_times": [1],
                    "echelon_holding_costs": [1, 1], "backorder_cost": 1}, "must have 2 entries"),
        ("lot_sizing", {"demand": [1, 2], "fixed_cost": [1], "holding_cost": 1}, "each of the 2 periods"),
        ("guaranteed_service", {"nodes": []}, "one or more nodes"),
        ("guaranteed_service", {"nodes": [{"node": 1, "predecessors": [2], "processing_time": 1, "holding_cost": 1,
                                           "demand_bound_constant": 1}]}, "predecessors among them"),
    ],
)  # fmt: skip
def test_wrong_parameters_are_told(family: str, parameters: dict[str, Any], sentence: str) -> None:
    assert sentence in " ".join(instance(family, **parameters).wrong)


HORIZON = {
    "periods": 4, "holding_cost": 1.0, "stockout_cost": 6.0, "terminal_holding_cost": 0.5,
    "terminal_stockout_cost": 20.0, "purchase_cost": 2.0, "fixed_cost": 4.0, "discount": 0.9,
    "demand": {"type": "discrete", "support": [0, 1, 2, 3], "probabilities": [0.2, 0.3, 0.3, 0.2]},
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("initial", [0, -2, 5])
def test_backward_induction_over_the_transition_agrees_with_the_closed_form(initial: int) -> None:
    problem = instance("finite_horizon", **HORIZON, initial_inventory=initial).problem()
    assert problem.solve is not None
    found = optimize(problem)
    assert found.value == pytest.approx(problem.solve().value, rel=1e-6)
    assert evaluate_exactly(problem, found.policy(problem)).value == pytest.approx(found.value, rel=1e-6)


@pytest.mark.slow
def test_terminal_costs_are_charged_once_at_the_end() -> None:
    """Nothing is ordered and 9 units are there: what demand leaves of them costs 0.5 at the end, a period later."""
    law = {"type": "deterministic", "value": 1}
    own = {**HORIZON, "demand": law, "fixed_cost": 0.0, "initial_inventory": 9}
    problem = instance("finite_horizon", **own).problem()
    nothing = from_parameters(problem, "base_stock", {"base_stock_level": 0.0})
    total = play(problem, nothing, replications=2, seed=0).totals
    held = sum(0.9**t * (8 - t) for t in range(4))
    np.testing.assert_allclose(total, held + 0.9**4 * 0.5 * 5, rtol=1e-6)


@pytest.mark.parametrize(
    "costs",
    [
        {"fixed_cost": 30.0, "holding_cost": [1.0, 9.0, 0.5, 2.0]},
        {"fixed_cost": [50.0, 5.0, 80.0, 0.0], "holding_cost": 1.0, "purchase_cost": [3.0, 1.0, 4.0, 9.0]},
        {"fixed_cost": 30.0, "holding_cost": [0.0, 0.0, 4.0, 0.0], "purchase_cost": 2.0},
        {"fixed_cost": 30.0, "holding_cost": 2.0},
    ],
)
def test_the_best_orders_cost_their_optimum_when_they_are_played(costs: dict[str, Any]) -> None:
    """The simulation charges each period its own costs."""
    problem = instance("lot_sizing", demand=[20, 50, 0, 40], **costs).problem()
    assert problem.solve is not None
    best = problem.solve()
    orders = np.asarray(best.decision["orders"]).reshape(-1, 1, 1)
    played = replay(Plan(orders, np.zeros_like(orders)), problem, expected_events(problem, 4))
    assert played.total == pytest.approx(best.value, rel=1e-6)
