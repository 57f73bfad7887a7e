"""The small networks of the literature."""

import pytest

from basestock.network import Item, NetworkError, assembly, distribution, serial, single_item


def test_a_single_item():
    network = single_item(lead_time=4, item=Item("milk", shelf_life=7), unmet="backorder", order_maximum=10)
    assert [item.name for item in network.items] == ["milk"]
    assert [node.name for node in network.nodes] == ["stock"]
    assert network.lanes[0].lead_time == 4
    assert network.lanes[0].order_maximum == 10.0
    assert network.unmet == "backorder"


def test_a_single_item_loses_unmet_demand_by_default():
    assert single_item().unmet == "lost"
    assert single_item().items[0].name == "item"


def test_a_series_runs_from_the_supplier_to_stage_1():
    network = serial((3, 2, {1: 0.5, 2: 0.5}), review_period=2)
    assert [lane.name for lane in network.lanes] == [
        "supplier -> stage 3",
        "stage 3 -> stage 2",
        "stage 2 -> stage 1",
    ]
    assert [lane.lead_time for lane in network.lanes] == [3, 2, {1: 0.5, 2: 0.5}]
    assert [node.tier for node in network.nodes] == [2, 1, 0]
    assert {lane.review_period for lane in network.lanes} == {2}
    assert network.unmet == "backorder"


def test_one_warehouse_and_its_retailers():
    network = distribution((1, 2, 3), warehouse_lead_time=5, unmet="lost")
    assert network.tiers() == (("warehouse",), ("retailer 1", "retailer 2", "retailer 3"))
    assert [lane.lead_time for lane in network.lanes] == [5, 1, 2, 3]
    assert [node.tier for node in network.nodes] == [1, 0, 0, 0]


def test_an_assembly_buys_each_component_from_its_own_supplier():
    network = assembly({"frame": 3, "wheel": {1: 0.5, 2: 0.5}}, quantities={"wheel": 2}, duration=1)
    assert [item.name for item in network.items] == ["product", "frame", "wheel"]
    assert [(lane.source, lane.items) for lane in network.lanes] == [
        ("supplier of frame", ("frame",)),
        ("supplier of wheel", ("wheel",)),
    ]
    (process,) = network.processes
    assert process.consumes == {"frame": 1.0, "wheel": 2.0}
    assert process.produces == {"product": 1.0}
    assert process.duration == 1


def test_an_assembly_makes_a_given_product():
    network = assembly({"frame": 3}, product=Item("bicycle", volume=2.0))
    assert network.items[0].volume == 2.0
    assert network.processes[0].produces == {"bicycle": 1.0}


def test_a_quantity_of_what_is_no_component_is_refused():
    with pytest.raises(
        NetworkError, match="Process 'assembly': consumes is 'wheels', must be the name of an item"
    ):
        assembly({"wheel": 1}, quantities={"wheels": 2})


def test_wrong_lead_times_are_refused():
    with pytest.raises(NetworkError, match="Lane 'stage 2 -> stage 1': lead_time is -1"):
        serial((1, -1))
