"""A network finds its parts by name, its lanes by place, its tiers and its lead times."""

import copy
import dataclasses
import re

import pytest

from basestock.network import Item, Lane, NetworkError, Node, Supplier, SupplyNetwork, distribution, serial

BOLT, NUT, PIN = Item("bolt"), Item("nut"), Item("pin")


def small(*lanes: Lane) -> SupplyNetwork:
    """Return three items, a warehouse, two shops and two suppliers, with the given lanes."""
    return SupplyNetwork(
        items=(BOLT, NUT, PIN),
        nodes=(Node("shop 1"), Node("DC", tier=1), Node("shop 2")),
        suppliers=(Supplier("mill"), Supplier("dealer")),
        lanes=lanes,
    )


def test_parts_are_found_by_name():
    network = small(Lane("mill", "DC"), Lane("DC", "shop 1"))
    assert dict(network.item_index) == {"bolt": 0, "nut": 1, "pin": 2}
    assert dict(network.node_index) == {"shop 1": 0, "DC": 1, "shop 2": 2}
    assert dict(network.supplier_index) == {"mill": 0, "dealer": 1}
    assert dict(network.lane_index) == {"mill -> DC": 0, "DC -> shop 1": 1}


def test_lists_of_parts_become_tuples():
    network = SupplyNetwork([BOLT], [Node("DC")], suppliers=[Supplier("mill")])  # type: ignore[arg-type]
    assert network.items == (BOLT,)
    assert network == SupplyNetwork((BOLT,), (Node("DC"),), (Supplier("mill"),))


def test_an_empty_network_is_a_network():
    assert SupplyNetwork((), ()).tiers() == ()


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ("bolt", "SupplyNetwork: items is 'bolt', must be a list of Item objects. Correct the network."),
        ((BOLT, "nut"), "SupplyNetwork: items is 'nut', must list objects of type Item only"),
        (
            (Node("DC"),),
            "items is Node(name='DC', tier=0, storage={}, allocation='proportional'), "
            "must list objects of type Item only",
        ),
    ],
)
def test_what_is_no_part_is_refused(items: object, message: str):
    with pytest.raises(NetworkError, match=re.escape(message)):
        SupplyNetwork(items, (Node("DC"),))  # type: ignore[arg-type]


def test_inbound_lanes_come_by_priority_and_then_as_authored():
    slow = Lane("mill", "DC", priority=2)
    first = Lane("dealer", "DC", items=("bolt", "nut"))
    second = Lane("shop 2", "DC", items=("bolt",))
    network = small(slow, first, second, Lane("DC", "shop 2"))
    assert network.inbound("DC", "bolt") == (first, second, slow)
    assert network.inbound("DC", "pin") == (slow,)
    assert network.inbound("shop 1", "bolt") == ()


def test_outbound_lanes_start_at_a_node_or_a_supplier():
    down, across = Lane("DC", "shop 1"), Lane("DC", "shop 2", items=("pin",))
    network = small(Lane("mill", "DC"), down, across)
    assert network.outbound("DC") == (down, across)
    assert [lane.name for lane in network.outbound("mill")] == ["mill -> DC"]
    assert network.outbound("dealer") == ()


def test_unknown_places_are_named_with_the_nearest():
    network = small()
    with pytest.raises(
        NetworkError, match=r"node is 'shop', must be the name of one of its nodes. Did you mean 'shop"
    ):
        network.inbound("shop", "bolt")
    with pytest.raises(NetworkError, match=r"item is 'bolts', must be .* Did you mean 'bolt'"):
        network.inbound("DC", "bolts")
    with pytest.raises(NetworkError, match="Did you mean 'mill'"):
        network.outbound("mil")


def test_a_lane_carries_what_it_lists_or_everything():
    everything, listed = Lane("mill", "DC"), Lane("dealer", "DC", items=("nut",))
    network = small(everything, listed)
    assert network.carries(everything, "bolt")
    assert not network.carries(everything, "screw")
    assert network.carries(listed, "nut")
    assert not network.carries(listed, "bolt")


def test_internal_lanes_start_at_a_node():
    network = small(Lane("mill", "DC"), Lane("DC", "shop 1"))
    assert [network.is_internal(lane) for lane in network.lanes] == [False, True]


def test_tiers_follow_the_longest_path():
    network = small(Lane("mill", "DC"), Lane("DC", "shop 1"), Lane("shop 1", "shop 2"), Lane("DC", "shop 2"))
    assert network.tiers() == (("DC",), ("shop 1",), ("shop 2",))


def test_nodes_that_supply_each_other_share_a_tier():
    network = small(
        Lane("mill", "DC"), Lane("DC", "shop 1"), Lane("shop 1", "shop 2"), Lane("shop 2", "shop 1")
    )
    assert network.tiers() == (("DC",), ("shop 1", "shop 2"))


def test_every_node_is_in_one_tier():
    assert serial((1,) * 5).tiers() == tuple((f"stage {number}",) for number in (5, 4, 3, 2, 1))
    assert small().tiers() == (("shop 1", "DC", "shop 2"),)


def test_mean_lead_time_weighs_the_outcomes():
    lane = Lane("mill", "DC", lead_time={1: 0.25, 5: 0.75}, item_lead_time={"nut": 2})
    network = small(lane)
    assert network.mean_lead_time(lane, "bolt") == 4.0
    assert network.mean_lead_time(lane, "nut") == 2.0


def test_mean_lead_time_of_what_is_not_carried_is_refused():
    lane = Lane("mill", "DC", items=("bolt",))
    network = small(lane)
    message = "Lane 'mill -> DC': item is 'nut', must be an item that the lane carries"
    with pytest.raises(NetworkError, match=message):
        network.mean_lead_time(lane, "nut")


@pytest.mark.parametrize(
    ("options", "longest"),
    [
        ({"lead_time": 3}, 3),
        ({"lead_time": {1: 0.5, 9: 0.5}}, 9),
        ({"lead_time": 3, "item_lead_time": {"nut": {4: 0.5, 7: 0.5}}}, 7),
        ({"lead_time": 3, "item_lead_time": {"nut": 1}}, 3),
        ({"lead_time": 9, "item_lead_time": {"bolt": 1, "nut": 2, "pin": 1}}, 2),
        ({"lead_time": 9, "item_lead_time": {"nut": 2}, "items": ("nut",)}, 2),
    ],
)
def test_max_lead_time_is_over_the_items_of_the_lane(options: dict[str, object], longest: int):
    lane = Lane("mill", "DC", **options)  # type: ignore[arg-type]
    assert small(lane).max_lead_time(lane) == longest


def test_unmet_demand_by_place():
    network = dataclasses.replace(distribution((1, 1)), unmet="lost", unmet_at={("retailer 1", "item"): 0.25})
    assert network.unmet == "lost"
    assert network.unmet_at["retailer 1", "item"] == 0.25


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"unmet": "dropped"}, "unmet is 'dropped', must be 'lost', 'backorder' or a share backordered"),
        (
            {"unmet": 1.5},
            "unmet is 1.5, must be 'lost', 'backorder' or a share backordered >= 0 and <= 1. Divide by 100",
        ),
        ({"unmet_at": {"retailer 1": "lost"}}, "key of unmet_at is 'retailer 1', must be a pair of names"),
        (
            {"unmet_at": {("retailer 1", "item"): None}},
            "unmet_at[('retailer 1', 'item')] is None, must be 'lost'",
        ),
    ],
)
def test_other_treatments_of_unmet_demand_are_refused(options: dict[str, object], message: str):
    with pytest.raises(NetworkError, match=re.escape(message)):
        dataclasses.replace(distribution((1, 1)), **options)


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, dataclasses.replace])
def test_copies_are_equal_and_hash_alike(way):
    network = distribution((1, {1: 0.5, 2: 0.5}))
    network.inbound("warehouse", "item")
    assert way(network) == network
    assert hash(way(network)) == hash(network)


def test_networks_that_differ_are_not_equal():
    assert distribution((1, 2)) != distribution((1, 3))
    assert distribution((1, 2)) != distribution((1, 2), unmet="lost")
