"""What must hold between the parts: each rule once kept and once broken."""

import re
from typing import Any

import pytest

from basestock.network import (
    Inspection,
    Item,
    Lane,
    Limit,
    NetworkError,
    Node,
    Process,
    Resource,
    Supplier,
    SupplyNetwork,
    errors,
)


def network(**parts: Any) -> SupplyNetwork:
    """Return a right network, with some of its parts exchanged."""
    defaults: dict[str, Any] = {
        "items": (Item("tube"), Item("frame"), Item("paint", whole_units=False)),
        "nodes": (Node("plant", tier=1), Node("shop")),
        "suppliers": (Supplier("mill"),),
        "lanes": (Lane("mill", "plant"), Lane("plant", "shop")),
        "processes": (Process("weld", "plant", {"tube": 3}, {"frame": 1}, uses={"robot": 1}),),
        "resources": (Resource("robot"),),
    }
    return SupplyNetwork(**(defaults | parts))


def defects_of(**parts: Any) -> list[str]:
    with pytest.raises(NetworkError) as caught:
        network(**parts)
    return [str(defect) for defect in caught.value.defects]


def test_the_right_network_is_accepted():
    assert network().lane_index["plant -> shop"] == 1


def test_everything_wrong_comes_at_once():
    found = defects_of(
        items=(Item("tube"), Item("tube"), Item("frame")),
        lanes=(Lane("mil", "plant"), Lane("plant", "store", order_multiple=0.5)),
        limits=(Limit("nobody", "spend", 1),),
    )
    assert [sentence.split(",")[0] for sentence in found] == [
        "Item 'tube': name is 'tube' 2 times",
        "Lane 'mil -> plant': source is 'mil'",
        "Lane 'plant -> store': destination is 'store'",
        "Limit 'spend of nobody': scope is 'nobody'",
        "Lane 'plant -> store': order_multiple is 0.5",
    ]


# Names that must be unique


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        (
            {"items": (Item("tube"), Item("frame"), Item("tube"))},
            "Item 'tube': name is 'tube' 2 times, must belong to one item only. Give each its own name or drop one.",
        ),
        ({"nodes": (Node("plant"), Node("shop"), Node("shop"))}, "Node 'shop': name is 'shop' 2 times"),
        ({"suppliers": (Supplier("mill"), Supplier("mill"))}, "Supplier 'mill': name is 'mill' 2 times"),
        (
            {"lanes": (Lane("mill", "plant"), Lane("mill", "plant", lead_time=9))},
            "Lane 'mill -> plant': name is 'mill -> plant' 2 times",
        ),
        ({"resources": (Resource("robot"), Resource("robot"))}, "Resource 'robot': name is 'robot' 2 times"),
        (
            {"inspections": (Inspection("weld", 5, 1), Inspection("weld", 9, 1))},
            "Inspection 'weld': target is 'weld' 2 times, must belong to one inspection only. Drop one.",
        ),
    ],
)
def test_repeated_names(parts: dict[str, Any], sentence: str):
    assert any(sentence in found for found in defects_of(**parts))


def test_a_second_lane_between_two_places_has_its_own_name():
    lanes = (Lane("mill", "plant"), Lane("mill", "plant", name="express", lead_time=0))
    assert network(lanes=lanes).lane_index["express"] == 1


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        (
            {"suppliers": (Supplier("mill"), Supplier("shop"))},
            "Supplier 'shop': name is 'shop', must differ from the name of a node. Rename one of them.",
        ),
        (
            {"lanes": (Lane("mill", "plant", name="shop"),)},
            "Lane 'shop': name is 'shop', must differ from the name of a node",
        ),
        (
            {"lanes": (Lane("mill", "plant", name="weld"),)},
            "Process 'weld': name is 'weld', must differ from the name of a lane",
        ),
        (
            {"nodes": (Node("plant"), Node("shop"), Node("network"))},
            "Node 'network': name is 'network', must differ from the name of a word for the whole network",
        ),
    ],
)
def test_one_name_for_two_things_where_a_reference_could_mean_either(parts: dict[str, Any], sentence: str):
    assert [found for found in defects_of(**parts) if found.startswith(sentence)]


def test_a_process_may_be_called_like_what_it_makes():
    processes = (Process("frame", "plant", {"tube": 3}, {"frame": 1}),)
    assert network(processes=processes).processes[0].name == "frame"


# Names that must exist


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        (
            {"lanes": (Lane("mil", "plant"),)},
            "Lane 'mil -> plant': source is 'mil', must be the name of a supplier or node. Did you mean 'mill'?",
        ),
        (
            {"lanes": (Lane("plant", "mill"),)},
            "Lane 'plant -> mill': destination is 'mill', must be the name of a node. Correct the lane.",
        ),
        (
            {"lanes": (Lane("mill", "plant", items=("tubes",)),)},
            "Lane 'mill -> plant': items is 'tubes', must be the name of an item. Did you mean 'tube'?",
        ),
        (
            {"lanes": (Lane("mill", "plant", item_lead_time={"rod": 2}),)},
            "Lane 'mill -> plant': item_lead_time is 'rod', must be the name of an item",
        ),
        (
            {"lanes": (Lane("mill", "plant", order_minimum={"rod": 2}),)},
            "Lane 'mill -> plant': order_minimum is 'rod', must be the name of an item",
        ),
        (
            {"processes": (Process("weld", "shed", {"tube": 3}),)},
            "Process 'weld': node is 'shed', must be the name of a node",
        ),
        (
            {"processes": (Process("weld", "plant", {"rod": 3}),)},
            "Process 'weld': consumes is 'rod', must be the name of an item",
        ),
        (
            {"processes": (Process("weld", "plant", produces={"rod": 3}),)},
            "Process 'weld': produces is 'rod', must be the name of an item",
        ),
        (
            {"processes": (Process("weld", "plant", {"tube": 3}, uses={"arm": 1}),)},
            "Process 'weld': uses is 'arm', must be the name of a resource",
        ),
        (
            {"resources": (Resource("robot", changeover={("weld", "cut"): 1}),)},
            "Resource 'robot': changeover[('weld', 'cut')] is 'cut', must be the name of a process",
        ),
        (
            {"inspections": (Inspection("cut", 5, 1),)},
            "Inspection 'cut': target is 'cut', must be the name of a lane or process",
        ),
        (
            {"limits": (Limit(("plant", "shed"), "spend", 1),)},
            "Limit 'spend of plant + shed': scope is 'shed', must be the name of a node, supplier or lane, or 'net",
        ),
        (
            {"limits": (Limit(("plant", "network"), "spend", 1),)},
            "scope is ('plant', 'network'), must be 'network' alone, or names without it. Correct the limit.",
        ),
        (
            {"unmet_at": {("shed", "tube"): "lost"}},
            "SupplyNetwork: unmet_at[('shed', 'tube')] is 'shed', must be the name of a node. Correct the network.",
        ),
        (
            {"unmet_at": {("shop", "rod"): "lost"}},
            "SupplyNetwork: unmet_at[('shop', 'rod')] is 'rod', must be the name of an item",
        ),
    ],
)
def test_unknown_names(parts: dict[str, Any], sentence: str):
    found = defects_of(**parts)
    assert len(found) == 1
    assert sentence in found[0]


def test_known_names_are_accepted_everywhere():
    full = network(
        lanes=(Lane("mill", "plant", items=("tube",), order_minimum={"tube": 2}), Lane("plant", "shop")),
        resources=(Resource("robot", changeover={("weld", "weld"): 0.5}),),
        inspections=(Inspection("weld", 5, 1), Inspection("mill -> plant", 5, 1)),
        limits=(Limit("network", "spend", 1), Limit(("plant", "mill", "plant -> shop"), "units", 1)),
        unmet_at={("shop", "frame"): "backorder"},
    )
    assert len(full.limits) == 2


def test_nearest_names_are_looked_for_until_the_budget_is_spent(monkeypatch: pytest.MonkeyPatch):
    lanes = tuple(Lane(f"mill {number}", "plant") for number in range(50))
    assert all("Did you mean 'mill'?" in found for found in defects_of(lanes=lanes))
    # A supplier and two nodes are compared for each wrong name.
    monkeypatch.setattr(errors, "MAX_COMPARED", 3 * 7)
    assert ["Did you mean 'mill'?" in found for found in defects_of(lanes=lanes)] == [True] * 7 + [False] * 43


def test_a_long_list_of_defects_is_cut_in_the_message_only():
    lanes = tuple(Lane(f"mill {number}", "plant") for number in range(errors.MAX_SHOWN + 7))
    with pytest.raises(NetworkError, match=re.escape("107 defects:")) as caught:
        network(lanes=lanes)
    assert str(caught.value).endswith("- and 7 more.")
    assert len(caught.value.defects) == errors.MAX_SHOWN + 7


# Whole units


@pytest.mark.parametrize("limit", ["order_minimum", "order_multiple", "order_maximum"])
def test_orders_of_whole_units_have_whole_limits(limit: str):
    assert network(lanes=(Lane("mill", "plant", items=("paint",), **{limit: 2.5}),))
    assert network(lanes=(Lane("mill", "plant", **{limit: {"paint": 2.5, "tube": 2}}),))
    rule = f"{limit} is 2.5, must be a whole number for an item in whole units, as 'tube' is. Correct the lane, or"
    assert rule in defects_of(lanes=(Lane("mill", "plant", **{limit: 2.5}),))[0]
    rule = f"{limit}['tube'] is 2.5, must be a whole number for an item in whole units"
    assert rule in defects_of(lanes=(Lane("mill", "plant", **{limit: {"tube": 2.5}}),))[0]
