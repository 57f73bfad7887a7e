"""Each authored type accepts what is right and refuses what is wrong with offender, value, rule and remedy."""

import copy
import dataclasses
import math
import re
from typing import Any

import numpy as np
import pytest

from basestock.network import (
    FrozenMapping,
    Inspection,
    Item,
    Lane,
    Limit,
    NetworkError,
    Node,
    Process,
    Resource,
    Supplier,
)
from basestock.network.types import smallest_order


def refused(build: Any, message: str) -> None:
    with pytest.raises(NetworkError, match=re.escape(message)):
        build()


def lane(**options: Any) -> Lane:
    return Lane("DC", "ward", **options)


def test_the_sentence_of_the_style_guide():
    with pytest.raises(NetworkError) as caught:
        lane(lead_time=-1)
    assert str(caught.value) == (
        "Lane 'DC -> ward': lead_time is -1, must be a whole number of periods >= 0. Correct the lane."
    )


def test_all_defects_of_an_object_come_at_once():
    with pytest.raises(NetworkError) as caught:
        lane(lead_time=-1, priority="first", unfilled="maybe", order_minimum=math.nan)
    assert [defect.field for defect in caught.value.defects] == [
        "lead_time",
        "priority",
        "order_minimum",
        "unfilled",
    ]


# Item


def test_an_item_keeps_what_it_is_given():
    item = Item(
        "milk", shelf_life=7, issuing="lifo", volume=2, storage_class="chilled", whole_units=False, unit="l"
    )
    assert (item.shelf_life, item.issuing, item.volume, item.unit) == (7, "lifo", 2.0, "l")


def test_an_item_is_frozen_and_has_no_room_for_more():
    item = Item("milk")
    with pytest.raises(dataclasses.FrozenInstanceError):
        item.name = "cream"  # type: ignore[misc]
    assert not hasattr(item, "__dict__")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shelf_life": 0}, "shelf_life is 0, must be a whole number of periods >= 1"),
        ({"shelf_life": 1.5}, "shelf_life is 1.5, must be a whole number of periods >= 1"),
        ({"decay_rate": 1.0}, "decay_rate is 1.0, must be a share per period >= 0 and < 1"),
        ({"decay_rate": 5}, "decay_rate is 5, must be a share per period >= 0 and < 1. Divide by 100"),
        (
            {"issuing": "fefo"},
            "issuing is 'fefo', must be one of 'fifo', 'lifo', 'mixed'. Did you mean 'fifo'?",
        ),
        ({"volume": -1.0}, "volume is -1.0, must be a number of units of volume per unit of item >= 0"),
        ({"volume": math.inf}, "volume is inf, must be a number"),
        ({"weight": math.nan}, "weight is nan, must be a number"),
        ({"weight": None}, "weight is None, must be a number"),
        ({"weight": 10**400}, "must be a number of units of weight per unit of item >= 0"),
        ({"storage_class": ""}, "storage_class is '', must be text of 1 to 100 printable characters"),
        ({"whole_units": "yes"}, "whole_units is 'yes', must be true or false"),
    ],
)
def test_an_item_refuses(options: dict[str, Any], message: str):
    refused(lambda: Item("milk", **options), message)


def test_an_item_perishes_in_one_way():
    assert Item("gas", decay_rate=0.1).decay_rate == 0.1
    refused(
        lambda: Item("gas", shelf_life=3, decay_rate=0.1),
        "Item 'gas': decay_rate is 0.1, must be absent where shelf_life is given. Keep one of the two.",
    )


@pytest.mark.parametrize("name", ["x", "x" * 100, "Café №5", "牛乳　1L", "=1+1", "a/b c"])
def test_names_are_printable_text(name: str):
    assert Item(name).name == name


@pytest.mark.parametrize("name", ["", "x" * 101, "two\nlines", "tab\there", "\x00", "\ud800", 5, None])
def test_other_names_are_refused(name: Any):
    refused(lambda: Item(name), "must be text of 1 to 100 printable characters")


def test_numbers_of_numpy_become_plain():
    item = Item("bolt", shelf_life=np.int64(3), volume=np.float32(0.5))  # type: ignore[arg-type]
    assert type(item.shelf_life) is int
    assert type(item.volume) is float


# Node and supplier


def test_a_node_keeps_its_capacities():
    node = Node("DC", tier=1, storage={"cold": 5, "ambient": 20.0})
    assert node.storage == {"ambient": 20.0, "cold": 5.0}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tier": -1}, "tier is -1, must be a whole number >= 0"),
        ({"storage": {"cold": -5}}, "storage['cold'] is -5, must be a number of units of volume >= 0"),
        ({"storage": {3: 5}}, "key of storage is 3, must be a name"),
        ({"storage": {3: 5, "cold": 1}}, "key of storage is 3, must be a name"),
        ({"storage": 12}, "storage is 12, must be {name: number}"),
    ],
)
def test_a_node_refuses(options: dict[str, Any], message: str):
    refused(lambda: Node("DC", **options), f"Node 'DC': {message}. Correct the node.")


def test_a_supplier_has_limits_or_none():
    assert Supplier("S").capacity is None
    assert Supplier("S", capacity=0).capacity == 0.0
    refused(
        lambda: Supplier("S", capacity=-3), "Supplier 'S': capacity is -3, must be a number of units of item"
    )
    refused(
        lambda: Supplier("S", minimum_value=math.inf),
        "minimum_value is inf, must be a number of units of currency",
    )


# Lane


def test_a_lane_takes_its_name_from_its_ends():
    assert lane().name == "DC -> ward"
    assert lane(name="express").name == "express"


def test_the_longest_names_of_places_make_a_name():
    assert len(Lane("a" * 100, "b" * 100).name) == 204


def test_a_lane_goes_somewhere_else():
    refused(
        lambda: Lane("DC", "DC"),
        "Lane 'DC -> DC': destination is 'DC', must differ from the source. Correct or drop the lane.",
    )


def test_a_fixed_lead_time():
    assert lane(lead_time=0).lead_time == 0
    assert lane(lead_time=3.0).lead_time == 3
    assert type(lane(lead_time=3.0).lead_time) is int


def test_a_random_lead_time_is_sorted_and_without_the_impossible():
    assert list(lane(lead_time={3: 0.25, 2: 0.0, 1: 0.75}).lead_time.items()) == [(1, 0.75), (3, 0.25)]


def test_a_law_of_one_outcome_is_a_number():
    assert lane(lead_time={4: 1.0, 5: 0.0}).lead_time == 4
    assert lane(item_lead_time={"bolt": {4: 1}}).item_lead_time == {"bolt": 4}


def test_probabilities_may_miss_one_by_rounding():
    assert lane(lead_time={1: 1 / 3, 2: 1 / 3, 3: 1 / 3}).lead_time_law("bolt")[2] == 1 / 3


@pytest.mark.parametrize(
    ("lead_time", "message"),
    [
        (1.5, "lead_time is 1.5, must be a whole number of periods >= 0"),
        (None, "lead_time is None, must be a whole number of periods >= 0"),
        (True, "lead_time is True, must be a whole number of periods >= 0"),
        ("2", "lead_time is '2', must be a whole number of periods >= 0"),
        (math.nan, "lead_time is nan, must be a whole number of periods >= 0"),
        (17_521, "lead_time is 17521, must be a whole number of periods <= 17520"),
        ({1: 0.5, 2: 0.4}, "the sum of the probabilities in lead_time is 0.9, must be 1"),
        ({}, "the sum of the probabilities in lead_time is 0, must be 1"),
        ({-1: 0.5, 2: 0.5}, "outcome of lead_time is -1, must be a whole number of periods >= 0"),
        ({1: 1.5, 2: -0.5}, "lead_time[1] is 1.5, must be a probability >= 0 and <= 1"),
        ({1: math.nan}, "lead_time[1] is nan, must be a probability >= 0 and <= 1"),
    ],
)
def test_a_lead_time_is_refused(lead_time: Any, message: str):
    refused(lambda: lane(lead_time=lead_time), f"Lane 'DC -> ward': {message}")


def test_an_item_has_its_own_lead_time():
    special = lane(lead_time=2, item_lead_time={"bolt": 5, "nut": {1: 0.5, 2: 0.5}})
    assert special.lead_time_law("bolt") == {5: 1.0}
    assert special.lead_time_law("nut") == {1: 0.5, 2: 0.5}
    assert special.lead_time_law("pin") == {2: 1.0}
    refused(
        lambda: lane(item_lead_time={"bolt": -5}),
        "item_lead_time['bolt'] is -5, must be a whole number of periods >= 0",
    )


def test_what_arrives_unannounced_takes_a_period_at_least():
    assert lane(lead_time={1: 0.5, 2: 0.5}, lead_time_known="on_arrival").lead_time_known == "on_arrival"
    assert lane(lead_time={0: 0.5, 2: 0.5}).lead_time_known == "on_order"
    assert lane(lead_time=0, lead_time_known="on_arrival").lead_time == 0
    refused(
        lambda: lane(lead_time={0: 0.5, 2: 0.5}, lead_time_known="on_arrival"),
        "lead_time is {0: 0.5, 2: 0.5}, must be >= 1 in every case when lead_time_known is 'on_arrival'",
    )
    refused(
        lambda: lane(item_lead_time={"bolt": {0: 0.5, 2: 0.5}}, lead_time_known="on_arrival"),
        "item_lead_time['bolt'] is {0: 0.5, 2: 0.5}, must be >= 1",
    )


def test_items_are_listed_or_all():
    assert lane().items is None
    assert lane(items=["nut", "bolt"]).items == ("nut", "bolt")


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ("bolt", "items is 'bolt', must be a list of names"),
        ([], "items is empty, must list at least one of the names, or be absent for all"),
        (["bolt", "nut", "bolt"], "items is 'bolt' twice, must list each once"),
        (["bolt", 3], "items is 3, must be text of 1 to 100 printable characters in each entry"),
    ],
)
def test_a_list_of_items_is_refused(items: Any, message: str):
    refused(lambda: lane(items=items), message)


@pytest.mark.parametrize(
    "options", [{"item_lead_time": {"nut": 2}}, {"order_minimum": {"nut": 2}}, {"order_maximum": {"nut": 2}}]
)
def test_what_a_lane_says_of_an_item_it_must_carry(options: dict[str, Any]):
    assert lane(items=("bolt", "nut"), **options)
    refused(lambda: lane(items=("bolt",), **options), "['nut'] is 2")
    refused(lambda: lane(items=("bolt",), **options), "must be for an item that the lane carries")


def test_limits_of_an_order_are_for_all_or_by_item():
    both = lane(order_minimum=10, order_multiple={"bolt": 12})
    assert both.order_limit("order_minimum", "nut") == 10.0
    assert both.order_limit("order_multiple", "bolt") == 12.0
    assert both.order_limit("order_multiple", "nut") is None
    assert lane(order_minimum={}).order_minimum is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"order_minimum": -1}, "order_minimum is -1, must be a number of units of item >= 0"),
        ({"order_multiple": 0}, "order_multiple is 0, must be a number of units of item > 0"),
        (
            {"order_multiple": 2**25},
            "order_multiple is 33554432, must be a number of units of item <= 16777216",
        ),
        ({"order_maximum": {"bolt": math.nan}}, "order_maximum['bolt'] is nan, must be a number"),
    ],
)
def test_limits_of_an_order_are_refused(options: dict[str, Any], message: str):
    refused(lambda: lane(**options), message)


def test_some_order_must_meet_minimum_multiple_and_maximum():
    assert lane(order_minimum=100, order_multiple=48, order_maximum=144).order_maximum == 144.0
    refused(
        lambda: lane(order_minimum=100, order_multiple=48, order_maximum=100),
        "order_maximum is 100.0, must be >= 144, the smallest order that meets minimum and multiple",
    )
    refused(
        lambda: lane(order_minimum={"bolt": 9}, order_maximum={"bolt": 8, "nut": 1}),
        "order_maximum['bolt'] is 8.0, must be >= 9",
    )


def test_a_maximum_equal_to_a_decimal_multiple_is_met():
    assert lane(order_minimum=0.3, order_multiple=0.1, order_maximum=0.3).order_maximum == 0.3


@pytest.mark.parametrize(
    ("minimum", "multiple", "smallest"),
    [
        (None, None, 0.0),
        (7.0, None, 7.0),
        (None, 12.0, 12.0),
        (0.0, 12.0, 12.0),
        (24.0, 12.0, 24.0),
        (25.0, 12.0, 36.0),
    ],
)
def test_the_smallest_order(minimum: float | None, multiple: float | None, smallest: float):
    assert smallest_order(minimum, multiple) == smallest


def test_a_review_has_its_phase_within_the_period():
    assert lane(review_period=7, review_phase=6).review_phase == 6
    refused(lambda: lane(review_period=0), "review_period is 0, must be a whole number of periods >= 1")
    refused(
        lambda: lane(review_period=7, review_phase=7),
        "review_phase is 7, must be below review_period, which is 7",
    )


def test_order_days_are_weekdays():
    assert lane(order_days=[4, 0]).order_days == (0, 4)
    assert lane(order_days=list(range(7))).order_days is None
    refused(lambda: lane(order_days=[7]), "order_days is 7, must be a weekday from 0 (Monday) to 6 (Sunday)")
    refused(lambda: lane(order_days=[]), "order_days is empty, must list at least one of the weekdays")
    refused(lambda: lane(order_days=[1, 1]), "order_days is 1 twice, must list each once")


# Process, resource, inspection, limit


def process(**options: Any) -> Process:
    return Process("weld", "plant", **({"consumes": {"tube": 3}, "produces": {"frame": 1}} | options))


def test_a_process_keeps_its_bill():
    made = process(duration=2, uses={"robot": 0.5}, batch=10, yield_=0.95, scrap={"tube": 0.1})
    assert made.consumes == {"tube": 3.0}
    assert (made.yield_, made.scrap["tube"], made.batch) == (0.95, 0.1, 10.0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"consumes": {"tube": 0}}, "consumes['tube'] is 0, must be a number of units of item per run > 0"),
        ({"consumes": {"tube": -3}}, "consumes['tube'] is -3, must be a number of units of item per run > 0"),
        ({"yield_": 0}, "yield_ is 0, must be a share > 0 and <= 1"),
        ({"yield_": 95}, "yield_ is 95, must be a share > 0 and <= 1. Divide by 100 if it is a percentage."),
        ({"scrap": {"tube": 5}}, "scrap['tube'] is 5, must be a share >= 0 and < 1. Divide by 100"),
        (
            {"scrap": {"frame": 0.1}},
            "scrap['frame'] is 0.1, must be for an item in consumes. Scrap of what is made",
        ),
        (
            {"produces": {"tube": 1}},
            "produces['tube'] is 1.0, must not be consumed by the process that makes it",
        ),
        ({"consumes": {}, "produces": {}}, "produces is {}, must name an item, or consumes must"),
        ({"batch": 0}, "batch is 0, must be a number of runs > 0"),
        ({"duration": 0.5}, "duration is 0.5, must be a whole number of periods >= 0"),
        ({"uses": {"robot": 0}}, "uses['robot'] is 0, must be a number of hours per run > 0"),
    ],
)
def test_a_process_refuses(options: dict[str, Any], message: str):
    refused(lambda: process(**options), f"Process 'weld': {message}")


def test_a_resource_has_states_and_changeovers():
    robot = Resource("robot", units=2, hours=8, states=["up", "down"], changeover={("weld", "cut"): 0.5})  # type: ignore[arg-type]
    assert robot.states == ("up", "down")
    assert robot.changeover["weld", "cut"] == 0.5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"units": 0}, "units is 0, must be a whole number >= 1"),
        ({"hours": -8}, "hours is -8, must be a number of hours per period >= 0"),
        ({"states": ()}, "states is empty, must list at least one of the names. Correct"),
        ({"changeover": {"weld": 1}}, "key of changeover is 'weld', must be a pair of names"),
        (
            {"changeover": {("weld", "cut"): -1}},
            "changeover[('weld', 'cut')] is -1, must be a number of hours >= 0",
        ),
    ],
)
def test_a_resource_refuses(options: dict[str, Any], message: str):
    refused(lambda: Resource("robot", **options), f"Resource 'robot': {message}")


def test_an_inspection_can_fail():
    assert Inspection("weld", sample_size=20, acceptance_number=1).acceptance_number == 1
    refused(
        lambda: Inspection("weld", sample_size=2, acceptance_number=2),
        "Inspection 'weld': acceptance_number is 2, must be below sample_size, which is 2",
    )
    refused(
        lambda: Inspection("weld", 0, 0), "sample_size is 0, must be a whole number of units of item >= 1"
    )


def test_a_limit_has_a_scope():
    assert Limit("network", "spend", 5000).scope == ("network",)
    assert Limit(["DC", "ward"], "weight", 3, hard=False).scope == ("DC", "ward")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("network", "money", 1),
            "metric is 'money', must be one of 'spend', 'orders', 'units', 'volume', 'weight'",
        ),
        (("network", "spend", -1), "Limit 'spend of network': cap is -1, must be a number"),
        (((), "spend", 1), "scope is empty, must list at least one"),
        ((5, "spend", 1), "scope is 5, must be a list of names"),
    ],
)
def test_a_limit_refuses(arguments: Any, message: str):
    refused(lambda: Limit(*arguments), message)


# Equality, hash, copies


def test_equal_parts_are_equal_whatever_the_order_of_their_mappings():
    first = lane(item_lead_time={"bolt": 1, "nut": {2: 0.5, 1: 0.5}})
    second = lane(item_lead_time={"nut": {1: 0.5, 2: 0.5}, "bolt": 1})
    assert first == second
    assert hash(first) == hash(second)
    assert first != lane(item_lead_time={"bolt": 1})


def test_a_part_does_not_see_changes_of_what_it_was_made_from():
    storage = {"cold": 5.0}
    node = Node("DC", storage=storage)
    storage["cold"] = 7.0
    assert node.storage["cold"] == 5.0


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, dataclasses.replace])
def test_copies_are_equal(way: Any):
    part = lane(lead_time={1: 0.5, 2: 0.5}, order_minimum={"bolt": 3})
    assert way(part) == part


def test_a_frozen_mapping_reads_like_a_mapping():
    mapping = FrozenMapping({"a": 1, "b": 2})
    assert dict(mapping) == {"a": 1, "b": 2}
    assert mapping == {"b": 2, "a": 1}
    assert mapping != {"a": 1}
    assert "a" in mapping
    assert "c" not in mapping
    assert repr(mapping) == "{'a': 1, 'b': 2}"
    assert len(mapping) == 2
    assert not hasattr(mapping, "__setitem__")
