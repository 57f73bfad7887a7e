"""Named instances of a file: which can be played, with which value."""

import json
from pathlib import Path
from typing import Any

import pytest

from basestock.problems.instances import (
    FAMILY_NAMES,
    Instance,
    InstanceError,
    examine_instances,
    lengths_of,
    read_instances,
)

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "benchmarks" / "instances.json"
FIRST = list({each.family: each for each in (read_instances(SHARED) if SHARED.exists() else [])}.values())


def record(**changes: Any) -> dict[str, Any]:
    parameters = {
        "demand": {"type": "poisson", "mean": 5.0}, "lead_time": 2, "lost_sale_cost": 4.0, "purchase_cost": 0.0,
        "initial_pipeline": [0], "holding_cost": 1.0,
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


def test_purchases_and_units_under_way_are_played() -> None:
    problem = Instance("a", "lost_sales", record(purchase_cost=2.0, initial_pipeline=[3.0])).problem()
    assert "purchase" in problem.ledger.names
    assert float(problem.start().in_transit.sum()) == 3


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"initial_pipeline": [0, 3, 1]},
            "parameter 'initial_pipeline' is [0, 3, 1], must have at most the 2",
        ),
        ({"shelf_life": 3}, "parameter 'shelf_life' is 3, must be absent"),
        ({"lead_tim": 3}, "Did you mean 'lead_time'"),
        ({"holding_cost": float("nan")}, "parameter 'holding_cost' is nan, must be a number >= 0"),
    ],
)
def test_an_instance_with_something_else_is_refused(changes: dict[str, Any], sentence: str) -> None:
    instance = Instance("lost_sales/a", "lost_sales", record(**changes))
    assert instance.describe()["can_be_played"] is False
    with pytest.raises(InstanceError, match=r"lost_sales/a.*Choose another") as error:
        instance.problem()
    assert sentence in str(error.value)


def test_everything_wrong_with_a_record_is_told_at_once() -> None:
    wrong = {**record(lead_time=-1, shelf_life=3), "criterion": {"type": "profit"}, "reference_value": "many"}
    found = Instance("a", "lost_sales", wrong).faults()
    assert [each.offender for each in found] == [
        "parameter 'lead_time'", "parameter 'shelf_life'", "criterion", "reference_value",
    ]  # fmt: skip
    assert all(each.rule.startswith("must") and each.remedy.endswith((".", "?")) for each in found)


def test_a_family_that_is_unknown_is_listed_and_refused() -> None:
    instance = Instance("a", "lost_sale", record())
    described = instance.describe()
    assert (described["can_be_played"], described["kind"]) == (False, None)
    assert {"name": "lead_time", "unit": "periods", "default": 2} in described["parameters"]
    with pytest.raises(InstanceError, match="family is 'lost_sale', must be one of lost_sales"):
        instance.problem()


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InstanceError, match="must be a list of records"):
        read_instances(write(tmp_path, {"a": 1}))


def test_all_entries_that_are_no_records_are_told_together(tmp_path: Path) -> None:
    path = write(tmp_path, [record(), 5, {"id": "a"}, record(), {"id": 3, "family": "eoq", "parameters": []}])
    found, wrong = examine_instances(path)
    assert [each.id for each in found] == ["lost_sales/a"]
    assert [each.offender for each in wrong] == [
        "record 2", "record 3: family", "record 3: parameters", "record 4: id", "record 5: id", "record 5: parameters",
    ]  # fmt: skip
    with pytest.raises(InstanceError, match=r"record 2 is 5.*record 4: id is"):
        read_instances(path)


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


def judged(**criterion: Any) -> Instance:
    return Instance("a", "lost_sales", {**record(), "criterion": criterion})


def test_the_criterion_of_a_record_sets_lengths_and_the_caller_may_change_them() -> None:
    found = judged(type="average_cost_per_period", sense="min", horizon=40, warm_up=7, discount=None)
    assert (found.problem().horizon, found.problem().warm_up) == (40, 7)
    assert found.problem({"horizon": 5}).horizon == 5


def test_the_discount_of_a_record_is_that_of_its_problem() -> None:
    parameters = {
        "shelf_life": 2, "lead_time": 1, "demand": {"type": "poisson", "mean": 3}, "max_order": 9, "order_cost": 3.0,
        "lost_sale_cost": 5.0, "wastage_cost": 7.0, "holding_cost": 1.0, "issuing": "fifo",
    }  # fmt: skip
    criterion = {
        "type": "discounted_return",
        "sense": "max (value is minus cost)",
        "discount": 0.9,
        "horizon": 30,
    }
    found = {"parameters": parameters, "criterion": criterion}
    problem = Instance("a", "perishable_single_class", found).problem()
    assert (problem.discount, problem.horizon, problem.sense) == (0.9, 30, "max")


def test_declared_starting_stocks_are_those_of_the_problem() -> None:
    law = {"type": "discrete_uniform", "low": 0, "high": 3}
    both = {name: [1.0, 2.0] for name in ("item_order_cost", "holding_cost", "backorder_cost")}
    parameters = {
        "items": 2,
        "truck_size": 6,
        "truck_cost": 75.0,
        **both,
        "demand": [law, law],
        "lead_time": 0,
    }
    criterion = {"type": "discounted_cost", "discount": 0.95, "horizon": "infinite", "start": [3, -2]}
    start = (
        Instance("a", "joint_replenishment", {"parameters": parameters, "criterion": criterion})
        .problem()
        .start()
    )
    assert start.on_hand[0, :2, 0].tolist() == [3, 0]
    assert start.backorders is not None
    assert start.backorders[0, :2, 0].tolist() == [0, 2]


@pytest.mark.parametrize(
    ("criterion", "sentence"),
    [
        ({"horizon": 0}, "criterion 'horizon' is 0, must be a whole number of periods >= 1"),
        ({"warm_up": -1}, "criterion 'warm_up' is -1, must be a whole number of periods >= 0"),
        ({"discount": 1.5}, "criterion 'discount' is 1.5, must be a number > 0 and <= 1"),
        (
            {"type": "average_cost_per_period", "discount": 0.9},
            "criterion 'discount' is 0.9, must be null where nothing is discounted",
        ),
        ({"sense": "max"}, "criterion 'sense' is 'max', must be 'min' with this type"),
        ({"horizn": 5}, "criterion 'horizn' is 5, must be absent. Did you mean 'horizon'?"),
        ({"start": [1, 2]}, "criterion 'start' is [1, 2], must be words"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_wrong_criterion_is_told(criterion: dict[str, Any], sentence: str) -> None:
    (told,) = judged(**criterion).wrong
    assert told.startswith(sentence)


def test_lengths_that_a_record_fixes_are_the_same_everywhere_and_cannot_be_set() -> None:
    parameters = {"demand": [3, 4], "fixed_cost": 5.0, "holding_cost": 1.0}
    other = {"parameters": parameters, "criterion": {"type": "finite_horizon_total_cost", "horizon": 3}}
    (told,) = Instance("a", "lot_sizing", other).wrong
    assert told.startswith("criterion 'horizon' is 3, must be 2, as the parameters say")
    with pytest.raises(InstanceError, match="horizon is 2 by its record and cannot be set"):
        Instance("a", "lot_sizing", {"parameters": parameters}).problem({"horizon": 5})


def pair(**changes: Any) -> Instance:
    parameters = {
        "shelf_life": 2, "products": 2, "demand_a": {"type": "poisson", "mean": 7.0},
        "demand_b": {"type": "poisson", "mean": 3.0}, "max_order_a": 14, "max_order_b": 6, "unit_cost": 0.5,
        "price": 1.0, "lead_time": 1, "issuing": "fifo",
        "substitution": {"from": "B", "to": "A", "probability": 0.5},
    }  # fmt: skip
    return Instance("a", "perishable_profit", {"parameters": {**parameters, **changes}})


def test_two_products_replace_each_other() -> None:
    problem = pair(substitution_probability=0.5).problem()
    (swap,) = problem.network.substitutions
    assert (swap.item, swap.substitute, swap.share, swap.law) == ("B", "A", 0.5, "binomial")
    assert [problem.network.lanes[0].order_maximum[name] for name in ("A", "B")] == [14, 6]
    assert problem.sense == "max"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"products": 1}, "parameter 'demand' is missing, must be given with 1 products"),
        ({"max_order": 9}, "parameter 'max_order' is 9, must be absent with 2 products"),
        ({"substitution_probability": 0.4}, "must be the probability of the substitution, which is 0.5"),
        ({"substitution": {"from": "B", "to": "B", "probability": 0.5}}, "from and to must differ"),
        (
            {"substitution": {"from": "B", "to": "A", "probability": 2}},
            "'probability' is 2, must be a number >= 0",
        ),
    ],
)
def test_products_that_contradict_each_other_are_told(changes: dict[str, Any], sentence: str) -> None:
    assert sentence in " ".join(pair(**changes).wrong)


FOREIGN = {
    "null": None, "text": "x", "nan": float("nan"), "huge": 10**400, "nested": [[1]],
    "negative": -1, "fraction": 1.5, "list": [], "object": {}, "truth": True, "law": {"type": "poisson"},
}  # fmt: skip
TYPICAL = ("null", "text", "nan", "huge", "nested")
"""Values that are tried in every run."""


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(value, id=name, marks=() if name in TYPICAL else pytest.mark.slow)
        for name, value in FOREIGN.items()
    ],
)
@pytest.mark.skipif(not SHARED.exists(), reason="needs shared/benchmarks beside the repository")
def test_whatever_stands_in_a_record_is_refused_or_built(value: object) -> None:
    for found in FIRST:
        family = found.family
        for name in found.record["parameters"]:
            other = {**found.record, "parameters": {**found.record["parameters"], name: value}}
            instance = Instance(found.id, family, other)
            told = instance.faults()
            assert all(each.rule.startswith("must") and each.remedy for each in told)
            if not told:
                assert instance.problem().name == found.id


@pytest.mark.skipif(not SHARED.exists(), reason="needs shared/benchmarks beside the repository")
def test_every_instance_of_the_benchmark_is_a_problem() -> None:
    found = read_instances(SHARED)
    assert len(found) == 244
    assert {each.family for each in found} == set(FAMILY_NAMES)
    assert {each.id: each.wrong for each in found if each.wrong} == {}
