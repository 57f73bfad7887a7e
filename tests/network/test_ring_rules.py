"""Rings of lanes must have a source and take time; bills of material must have no ring."""

from typing import Any

import pytest

from basestock.network import Item, Lane, NetworkError, Node, Process, Supplier, SupplyNetwork

A_TO_B, B_TO_A = Lane("A", "B"), Lane("B", "A")


def network(*lanes: Lane, processes: tuple[Process, ...] = (), items: str = "x y") -> SupplyNetwork:
    """Return nodes A, B and C, and a supplier S."""
    return SupplyNetwork(
        items=tuple(Item(name) for name in items.split()),
        nodes=(Node("A"), Node("B"), Node("C")),
        suppliers=(Supplier("S"),),
        lanes=lanes,
        processes=processes,
    )


def rings_of(*lanes: Lane, **options: Any) -> list[str]:
    with pytest.raises(NetworkError) as caught:
        network(*lanes, **options)
    return [str(defect) for defect in caught.value.defects]


# Rings without supply


def test_places_that_supply_only_each_other():
    assert rings_of(A_TO_B, B_TO_A) == [
        "Ring 'A -> B -> A': supply is only from each other for 'x' and 1 other item, must come from a supplier, a "
        "process or another node as well. Add a lane from a supplier or drop a lane of the ring."
    ]


@pytest.mark.parametrize("feed", [Lane("S", "A"), Lane("S", "B"), Lane("C", "A")])
def test_supply_from_outside_the_ring_feeds_it(feed: Lane):
    assert network(A_TO_B, B_TO_A, feed)


def test_supply_is_needed_for_every_item_of_the_ring():
    found = rings_of(A_TO_B, B_TO_A, Lane("S", "A", items=("x",)))
    assert len(found) == 1
    assert "only from each other for 'y'," in found[0]


def test_an_item_that_does_not_travel_the_ring_needs_no_supply_there():
    assert network(Lane("A", "B", items=("x",)), B_TO_A, Lane("S", "A", items=("x",)))


def test_a_process_feeds_the_ring():
    make_both = Process("make", "B", produces={"x": 1, "y": 1})
    assert network(A_TO_B, B_TO_A, processes=(make_both,))
    make_one = Process("make", "B", produces={"x": 1})
    assert "for 'y'," in rings_of(A_TO_B, B_TO_A, processes=(make_one,))[0]
    elsewhere = Process("make", "C", produces={"x": 1, "y": 1})
    assert rings_of(A_TO_B, B_TO_A, processes=(elsewhere,))


def test_a_chain_without_outside_source_is_left_to_callers():
    assert network(A_TO_B, Lane("B", "C"))


def test_a_ring_of_three():
    assert rings_of(A_TO_B, Lane("B", "C"), Lane("C", "A"), items="x")[0].startswith(
        "Ring 'A -> B -> C -> A': supply is only from each other for 'x',"
    )


# Rings without time

FEED = Lane("S", "A")


def test_a_ring_takes_time_somewhere():
    assert network(FEED, Lane("A", "B", lead_time=0), Lane("B", "A", lead_time=1))
    assert rings_of(FEED, Lane("A", "B", lead_time=0), Lane("B", "A", lead_time=0), items="x") == [
        "Ring 'A -> B -> A': lead_time is 0 all around for 'x', must be positive somewhere around each ring of lanes. "
        "Raise a lead time or drop a lane of the ring."
    ]


def test_a_lead_time_that_may_be_zero_counts_as_zero():
    assert rings_of(FEED, Lane("A", "B", lead_time={0: 0.1, 5: 0.9}), Lane("B", "A", lead_time=0))


def test_time_is_needed_for_every_item():
    special = Lane("A", "B", lead_time=2, item_lead_time={"y": 0})
    assert "for 'y'," in rings_of(FEED, special, Lane("B", "A", lead_time=0))[0]
    assert network(FEED, special, Lane("B", "A", items=("x",), lead_time=0))


def test_an_item_with_its_own_lead_time_leaves_the_ring_of_the_others():
    special = Lane("A", "B", lead_time=0, item_lead_time={"y": 1})
    assert "for 'x'," in rings_of(FEED, special, Lane("B", "A", lead_time=0))[0]


def test_different_items_both_ways_are_no_ring():
    assert network(FEED, Lane("A", "B", items=("x",), lead_time=0), Lane("B", "A", items=("y",), lead_time=0))


# Bills of material


def test_items_that_need_each_other():
    processes = (
        Process("make y", "A", consumes={"x": 1}, produces={"y": 1}),
        Process("make x", "B", consumes={"y": 1}, produces={"x": 1}),
    )
    assert rings_of(processes=processes) == [
        "Ring 'x -> y -> x': bill of material is a ring through 'make y', 'make x', must not need an item to make "
        "that item. Drop one of the processes or correct what it consumes."
    ]


def test_a_bill_without_a_ring_is_accepted():
    diamond = (
        Process("p", "A", consumes={"x": 1}, produces={"y": 1}),
        Process("q", "A", consumes={"x": 1, "y": 1}, produces={"z": 1}),
        Process("r", "B", consumes={"x": 2}, produces={"z": 1}),
    )
    assert network(processes=diamond, items="x y z")


def test_rings_wait_until_the_names_are_right():
    found = rings_of(A_TO_B, B_TO_A, Lane("nobody", "A"))
    assert len(found) == 1
    assert "source is 'nobody'" in found[0]
