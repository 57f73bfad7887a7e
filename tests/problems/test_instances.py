"""Named instances of a file: which can be played, with which value."""

import json
from pathlib import Path
from typing import Any

import pytest

from basestock.problems.instances import Instance, InstanceError, lengths_of, read_instances

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "benchmarks" / "instances.json"


def record(**changes: Any) -> dict[str, Any]:
    parameters = {
        "demand": {"type": "poisson", "mean": 5.0}, "lead_time": 2, "lost_sale_cost": 4.0, "purchase_cost": 0.0,
        "initial_pipeline": [0],
    }  # fmt: skip
    return {
        "id": "lost_sales/a",
        "family": "lost_sales",
        "parameters": {**parameters, **changes},
        "units": {"lead_time": "periods"},
        "criterion": {"type": "average_cost_per_period", "sense": "min"},
        "published": {"source": "Zipkin 2008", "locator": "Table 3", "precision": 0.005},
        "reference_value": 4.3953,
        "reference_kind": "optimal_verified",
    }


def write(folder: Path, content: object) -> Path:
    path = folder / "instances.json"
    path.write_text(json.dumps(content))
    return path


def test_an_instance_is_the_problem_of_its_family_with_its_own_value(tmp_path: Path) -> None:
    (found,) = read_instances(write(tmp_path, [record()]))
    problem = found.problem({"horizon": 50, "warm_up": 5})
    assert (problem.name, problem.horizon, problem.warm_up) == ("lost_sales/a", 50, 5)
    assert problem.parameters["lead_time"] == 2
    assert problem.known is not None
    assert (problem.known.value, problem.known.certificate) == (4.3953, "exact")


def test_what_only_a_best_known_value_proves_is_said() -> None:
    known = Instance("a", "lost_sales", {**record(), "reference_kind": "best_known"}).known
    assert known is not None
    assert known.certificate == "best_known"
    assert Instance("a", "lost_sales", {**record(), "reference_value": None}).known is None


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"purchase_cost": 2.0}, "parameter 'purchase_cost' is 2.0, must be 0"),
        ({"initial_pipeline": [0, 3]}, "parameter 'initial_pipeline' is"),
        ({"shelf_life": 3}, "parameter 'shelf_life' is 3, must be absent"),
    ],
)
def test_an_instance_with_something_else_is_refused(changes: dict[str, Any], sentence: str) -> None:
    instance = Instance("lost_sales/a", "lost_sales", record(**changes))
    assert instance.describe()["can_be_played"] is False
    with pytest.raises(InstanceError, match=r"lost_sales/a.*Choose another") as error:
        instance.problem()
    assert sentence in str(error.value)


def test_a_family_that_is_not_built_is_listed_and_refused() -> None:
    instance = Instance("serial/a", "serial", record())
    described = instance.describe()
    assert described["can_be_played"] is False
    assert {"name": "lead_time", "unit": "periods", "default": 2} in described["parameters"]
    with pytest.raises(InstanceError, match="family 'serial' is not built"):
        instance.problem()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"a": 1}, "must be a list of records"),
        ([{"id": "a"}], "each with family, id, parameters"),
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: object, sentence: str) -> None:
    with pytest.raises(InstanceError, match=sentence):
        read_instances(write(tmp_path, content))


def test_a_file_that_is_no_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("{")
    with pytest.raises(InstanceError, match="must be a readable JSON file"):
        read_instances(path)


def test_only_the_length_of_a_simulation_can_be_set() -> None:
    assert lengths_of({"horizon": "20"}) == {"horizon": 20}
    with pytest.raises(InstanceError, match="'lead_time' of an instance stands in its file"):
        lengths_of({"lead_time": "3"})
    with pytest.raises(InstanceError, match="whole numbers"):
        lengths_of({"horizon": "long"})


@pytest.mark.skipif(not SHARED.exists(), reason="needs shared/benchmarks beside the repository")
def test_every_instance_of_the_benchmark_is_listed_and_three_families_are_played() -> None:
    found = read_instances(SHARED)
    assert len(found) == 244
    played = [each for each in found if not each.wrong]
    assert {each.family for each in played} == {"lost_sales", "lost_sales_fixed_cost", "ss_backorder"}
    assert len(played) == 64
    for each in played:
        assert each.problem().known == each.known
