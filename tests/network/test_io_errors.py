"""A network read back equals the one written; what cannot be read is named with file, row and field."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

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
    load,
    save,
)

FULL = SupplyNetwork(
    items=(
        Item("=1+1", shelf_life=3, unit="box, large"),
        Item('quoted "name"', whole_units=False, volume=0.1),
        Item("'apostrophe", decay_rate=0.25),
        Item("牛乳　1L", storage_class="cold room"),
    ),
    nodes=(Node("DC", tier=1, storage={"cold room": 4, "ambient": 1e22}), Node("shop, old")),
    suppliers=(Supplier("mill", capacity=3), Supplier("-dealer", minimum_value=0.1)),
    lanes=(
        Lane(
            "mill", "DC", lead_time={1: 0.1, 30: 0.9}, lead_time_known="on_arrival",
            item_lead_time={"=1+1": {2: 1 / 3, 4: 2 / 3}, "牛乳　1L": 7}, order_multiple={"=1+1": 12},
            order_minimum=5, review_period=7, review_phase=3, order_days=(0, 3),
        ),
        Lane("DC", "shop, old", items=("'apostrophe", "=1+1"), unfilled="lost", priority=0),
        Lane("DC", "shop, old", name="express", items=("=1+1",), lead_time=0, order_maximum={"=1+1": 4}),
    ),
    processes=(
        Process(
            "mix", "DC", consumes={'quoted "name"': 1.5}, produces={"=1+1": 1}, duration=2, uses={"robot": 0.5},
            batch=10, yield_=0.9, scrap={'quoted "name"': 0.05},
        ),
        Process("fill", "DC", produces={"'apostrophe": 1}),
    ),
    resources=(Resource("robot", 2, 8, ("up", "down"), {("mix", "fill"): 1.5, ("fill", "mix"): 0}),),
    inspections=(Inspection("mix", 10, 1), Inspection("express", 5, 0)),
    limits=(Limit("network", "spend", 1e5), Limit(("DC", "express"), "weight", 3, hard=False)),
    unmet=0.25,
    unmet_at={("shop, old", "=1+1"): "backorder", ("shop, old", "'apostrophe"): 0.5},
)  # fmt: skip

names = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=12)

amounts = st.floats(0.0, 1e9)

whole = st.integers(1, 1000).map(float)


def laws(shortest: int) -> st.SearchStrategy[Any]:
    law = st.sets(st.integers(shortest, 60), min_size=2, max_size=4).map(
        lambda ages: {a: 1 / len(ages) for a in ages}
    )
    return st.integers(shortest, 60) | law


def by_item(items: list[str], values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(items), values, max_size=3)


def lane_options(items: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "items": st.none() | st.just(items[::-1]),
            "lead_time": laws(1),
            "item_lead_time": by_item(items, laws(1)),
            "lead_time_known": st.sampled_from(["on_order", "on_arrival"]),
            "order_minimum": st.none() | whole | by_item(items, whole),
            "order_multiple": st.none() | whole | by_item(items, whole),
            "order_days": st.none() | st.lists(st.integers(0, 6), min_size=1, unique=True),
            "unfilled": st.sampled_from(["wait", "lost"]),
        }
    )


@st.composite
def parts(draw: st.DrawFn) -> dict[str, Any]:
    """Draw what a network is made of; the network itself is made in the test."""
    items = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    place = draw(names.filter(lambda name: name not in ("network", "shop", "mill")))
    return {
        "items": [(name, draw(amounts), draw(names)) for name in items],
        "place": place,
        "storage": draw(st.dictionaries(names, amounts, max_size=2)),
        "lanes": [draw(lane_options(items)), draw(lane_options(items))],
        "unmet": draw(st.sampled_from(["lost", "backorder"]) | st.floats(0, 1)),
        "unmet_at": draw(st.dictionaries(st.sampled_from(items), st.floats(0, 1), max_size=3)),
    }


def network_of(parts: dict[str, Any]) -> SupplyNetwork:
    place = parts["place"]
    return SupplyNetwork(
        items=tuple(Item(name, volume=volume, unit=unit) for name, volume, unit in parts["items"]),
        nodes=(Node(place, tier=1, storage=parts["storage"]), Node("shop")),
        suppliers=(Supplier("mill"),),
        lanes=(Lane("mill", place, **parts["lanes"][0]), Lane(place, "shop", **parts["lanes"][1])),
        unmet=parts["unmet"],
        unmet_at={("shop", item): unmet for item, unmet in parts["unmet_at"].items()},
    )


HEAD = 'format = 1\n[[items]]\nname = "bolt"\n[[nodes]]\nname = "DC"\n[[suppliers]]\nname = "mill"\n'


def broken(folder: Path, file: str, old: str, new: str) -> str:
    """Save the full network, change one of its files, and return the message of its loading."""
    save(FULL, folder)
    text = (folder / file).read_text("utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(NetworkError) as caught:
        load(folder)
    return str(caught.value)


def test_an_empty_table_needs_its_header(tmp_path: Path):
    save(FULL, tmp_path)
    (tmp_path / "nodes.csv").write_text("")
    with pytest.raises(NetworkError, match=r"File 'nodes\.csv': header is absent, must name the columns"):
        load(tmp_path)


def test_other_encodings_are_refused(tmp_path: Path):
    save(FULL, tmp_path)
    (tmp_path / "nodes.csv").write_bytes("name\nMünchen\n".encode("latin-1"))
    with pytest.raises(
        NetworkError, match=re.escape(r"File 'nodes.csv': encoding is b'\xfc' at byte 6, must be UTF-8")
    ):
        load(tmp_path)


def test_everything_wrong_in_a_folder_comes_at_once(tmp_path: Path):
    save(FULL, tmp_path)
    (tmp_path / "items.csv").write_text("name,volume\nbolt,-1\nnut,x\n")
    (tmp_path / "nodes.csv").write_text("name,tier\nDC,-1\n")
    with pytest.raises(NetworkError) as caught:
        load(tmp_path)
    assert [defect.place for defect in caught.value.defects] == [
        "items.csv row 2",
        "items.csv row 3",
        "nodes.csv row 2",
    ]
