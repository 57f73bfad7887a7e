"""Recorded trajectories are replayed over the one transition; what is wrong with a case is said, not raised."""

import copy
import json
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from basestock.problems.or_gym.golden import CaseError, compare, read_golden

GOLDEN = Path(__file__).resolve().parents[3].parent / "shared" / "benchmarks" / "or_gym_golden.json"
pytestmark = pytest.mark.skipif(not GOLDEN.exists(), reason="needs shared/benchmarks beside the repository")

CASES: dict[str, Any] = (
    {case["id"]: case for case in json.loads(GOLDEN.read_text())["cases"]} if GOLDEN.exists() else {}
)
QUICK = ("inv_bl_frac", "inv_ls_l0", "net_ls_starve", "net_bl_yield", "nv_06_hi", "sound_serial_mid_bl")


@pytest.mark.requirement("D-16")
@pytest.mark.parametrize("id_", [name for name in QUICK if name in CASES])
def test_a_trajectory_is_reproduced_period_by_period(id_: str) -> None:
    found = compare(CASES[id_])
    assert found.ok, found.reason
    assert not jax.config.jax_enable_x64  # type: ignore[attr-defined]


@pytest.mark.slow
@pytest.mark.requirement("D-16")
def test_all_trajectories_are_reproduced() -> None:
    found = [compare(case) for case in CASES.values()]
    assert len(found) == 54
    assert [each for each in found if not each.ok] == []


def test_other_demand_orders_and_configurations_are_replayed() -> None:
    case = copy.deepcopy(CASES["inv_ls_zero"])
    case["demand"][0] += 1
    found = compare(case)
    assert not found.ok
    assert "rewards" in found.reason
    assert found.max_abs_difference is not None
    assert found.max_abs_difference >= 1


def changed(id_: str, place: tuple[Any, ...], value: Any) -> dict[str, Any]:
    case = copy.deepcopy(CASES[id_])
    inside: Any = case
    for key in place[:-1]:
        inside = inside[key]
    inside[place[-1]] = value
    return case


@pytest.mark.parametrize(
    ("id_", "place", "value", "sentence"),
    [
        ("inv_ls_zero", ["env"], "Foo-v0", "env is 'Foo-v0', must be one of InvManagement-v0"),
        ("inv_ls_zero", ["demand"], "many", "demand is 'many', must be a list of numbers, one a period."),
        ("inv_ls_zero", ["demand", 0], float("nan"), "must be a list of numbers, one a period."),
        ("inv_ls_zero", ["demand", 0], -1, "must be numbers >= 0."),
        ("inv_ls_zero", ["config"], 3, "config is 3, must be an object. Correct the case."),
        (
            "inv_ls_zero",
            ["config", "I0"],
            [],
            "config.I0 is [], must be a list of numbers >= 0, one a stage.",
        ),
        ("inv_ls_zero", ["config", "L", 0], 2.5, "must be a list of 3 whole numbers >= 0."),
        ("inv_ls_zero", ["config", "p"], "2", "config.p is '2', must be a finite number >= 0."),
        ("inv_ls_zero", ["config", "alpha"], 1.5, "must be a finite number >= 0 and <= 1."),
        ("inv_ls_zero", ["config", "c", 0], 10**400, "must be a list of 3 finite numbers >= 0."),
        ("inv_ls_zero", ["actions", 0], [1], "lists of numbers, one a period, 3 in each."),
        ("inv_ls_zero", ["actions"], [[1, 2, 3]], "actions has 1 periods, must have as many as demand"),
        ("inv_ls_zero", ["rewards"], [1, 2], "rewards has shape (2,), must be (30,)."),
        ("inv_ls_zero", ["total_reward"], "x", "total_reward is 'x', must be a finite number."),
        ("net_ls_serial", ["nodes", "1", "I0"], -1, "nodes.1.I0 is -1, must be a finite number >= 0."),
        ("net_ls_serial", ["nodes"], None, "nodes is None, must be an object."),
        ("net_ls_serial", ["edges", 1, 2, "L"], -1, "edges 2 -> 1: L is -1, must be a whole number >= 0."),
        ("net_ls_serial", ["edges", 1], [1], "edges holds [1], must be a pair of nodes."),
        ("net_ls_serial", ["reorder_links", 0], [9, 9], "reorder_links: 9 -> 9 is no edge"),
        ("net_ls_serial", ["main_nodes"], [1], "3 -> 2 ends outside main_nodes"),
        ("nv_09_rand", ["config", "lead_time"], 1.5, "must be a whole number >= 0."),
        ("sound_serial_mid_bl", ["backlog"], "yes", "backlog is 'yes', must be true or false."),
        ("sound_serial_mid_bl", ["scenario"], "x", "scenario is 'x', must be one of network, serial"),
    ],
)
def test_a_malformed_case_is_told(id_: str, place: list[Any], value: Any, sentence: str) -> None:
    found = compare(changed(id_, tuple(place), value))
    assert sentence in found.reason
    assert found.reason.endswith("Correct the case.")
    assert (found.id, found.ok, found.replayed, found.max_abs_difference) == (id_, False, False, None)


def test_all_faults_of_a_case_are_told_together() -> None:
    case = changed("inv_ls_zero", ("config", "p"), -1)
    case["config"]["h"] = case["demand"] = "none"
    reason = compare(case).reason
    assert [name for name in ("config.p", "config.h", "demand") if f"{name} is" not in reason] == []


def test_a_case_without_a_name_goes_by_its_number() -> None:
    assert compare({**CASES["inv_ls_zero"], "id": None, "demand": 3}, 7).id == "case 7"


def test_a_repaired_trajectory_of_another_network_is_replayed() -> None:
    """One factory with raw material beside it: 5 of the 12 asked for fit its capacity, 4 units are sold at 3."""
    case = {
        "env": "gym-invmgmt 0.2.1 CoreEnv", "backlog": True, "main_nodes": [1, 2], "demand": [4],
        "nodes": {"0": {}, "1": {"I0": 6, "h": 0.5}, "2": {"I0": 20, "h": 0, "C": 5, "o": 0.1, "v": 1}, "3": {}},
        "edges": [
            [1, 0, {"p": 3, "b": 1}], [2, 1, {"L": 1, "p": 1, "g": 0.2}], [3, 2, {"L": 0, "p": 2, "g": 0}]
        ],
        "reorder_links": [[2, 1], [3, 2]], "actions": [[12, 1]],
        "rewards": [3 * 4 - 0.5 * 2 - 0.2 * 5 - 0.1 * 5 - 2 * 1], "on_hand": [[6, 20], [2, 16]],
    }  # fmt: skip
    found = compare(case)
    assert found.ok, found.reason


def test_a_retailer_that_owes_takes_back_sales() -> None:
    """N1: the distributor promises 10 twice; its debt is shipped, and the retailer sells min(4, -10)."""
    free = {"L": 0, "p": 0, "g": 0}
    case = {
        "env": "NetworkManagement-v1", "main_nodes": [1, 2, 3], "reorder_links": [[2, 1], [2, 3], [4, 2]],
        "nodes": {"0": {}, "1": {"I0": 0, "h": 0}, "2": {"I0": 10, "h": 0}, "3": {"I0": 0, "h": 0}, "4": {}},
        "edges": [[1, 0, {"p": 1, "b": 0.1}], [2, 1, free], [2, 3, free], [4, 2, free]],
        "demand": [10, 4], "actions": [[10, 10, 0], [5, 0, 0]], "rewards": [10, -10 - 1.4],
        "on_hand": [[0, 10, 0], [0, -10, 10], [0, 10, 0]], "retail_sales": [10, -10], "unfulfilled": [0, 14],
    }  # fmt: skip
    for version in ("v0", "v1"):
        found = compare({**case, "env": f"NetworkManagement-{version}"})
        assert found.ok, found.reason


@pytest.mark.parametrize(("factor", "ok"), [(1.0, True), (1.001, False)])
def test_a_pipeline_in_single_precision_agrees(factor: float, ok: bool) -> None:
    """What is left of the space of 400 is known to 6 millionths of a unit; 400 left over at 10 make a fortieth."""
    there = np.float32(399.9)
    room = float(np.float32(400) - there)
    case = {
        "env": "Newsvendor-v0", "price": 1.0, "cost": 10.0, "h": 0.0, "k": 0.0, "demand": [0, 0],
        "config": {"lead_time": 1, "max_inventory": 400, "gamma": 1}, "actions": [399.9, 399.9],
        "rewards": [0.0, -factor * float(there) * 10 * room],
    }  # fmt: skip
    assert abs(399.9 * 10 * 0.1 + case["rewards"][1]) > 0.02
    assert compare(case).ok == ok


@pytest.mark.parametrize("case", [5, None, {}, [], {"env": "InvManagement-v0"}, {"id": "a"}])
def test_no_case_crashes(case: Any) -> None:
    found = compare(case, 2)
    assert not found.ok
    assert found.max_abs_difference is None
    assert found.reason


@pytest.mark.parametrize("content", ["{", "[]", '{"cases": []}', '{"cases": 3}', "7"])
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "golden.json"
    path.write_text(content)
    with pytest.raises(CaseError, match="must be"):
        read_golden(path)
