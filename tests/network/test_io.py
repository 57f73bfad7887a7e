"""A network read back equals the one written."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basestock.network import (
    Item,
    Lane,
    Node,
    Supplier,
    SupplyNetwork,
    from_toml,
    load,
    save,
    single_item,
    to_toml,
)
from tests.network.full_network import FULL

# Any network that breaks no rule: names of any printable signs, numbers of any size.

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


# Round trips


@pytest.mark.parametrize(
    "network", [FULL, single_item(), SupplyNetwork((), ())], ids=["full", "small", "empty"]
)
def test_a_network_comes_back_from_its_text(network: SupplyNetwork):
    assert from_toml(to_toml(network)) == network


@pytest.mark.parametrize(
    "network", [FULL, single_item(), SupplyNetwork((), ())], ids=["full", "small", "empty"]
)
def test_a_network_comes_back_from_its_folder(network: SupplyNetwork, tmp_path: Path):
    save(network, tmp_path / "new" / "folder")
    assert load(tmp_path / "new" / "folder") == network


@pytest.mark.slow
@settings(max_examples=20)
@given(parts())
def test_any_network_comes_back_from_its_text(parts: dict[str, Any]):
    network = network_of(parts)
    assert from_toml(to_toml(network)) == network


@settings(max_examples=10)
@given(parts())
def test_any_network_comes_back_from_its_folder(
    tmp_path_factory: pytest.TempPathFactory, parts: dict[str, Any]
):
    network = network_of(parts)
    folder = tmp_path_factory.mktemp("network")
    save(network, folder)
    assert load(folder) == network
    shutil.rmtree(folder)


def test_equal_networks_are_written_to_equal_bytes(tmp_path: Path):
    first, second = (
        SupplyNetwork(
            (Item("a"), Item("b")), (Node("n", storage=storage),), (Supplier("s"),), (Lane("s", "n", **own),)
        )
        for storage, own in (
            ({"x": 1, "y": 2}, {"order_minimum": {"a": 1, "b": 2}}),
            ({"y": 2.0, "x": 1.0}, {"order_minimum": {"b": 2, "a": 1}}),
        )
    )
    assert to_toml(first) == to_toml(second)
    save(first, tmp_path / "1")
    save(second, tmp_path / "2")
    for file in sorted((tmp_path / "1").iterdir()):
        assert file.read_bytes() == (tmp_path / "2" / file.name).read_bytes()


def test_saving_replaces_the_network_that_stood_there(tmp_path: Path):
    save(FULL, tmp_path)
    save(single_item(), tmp_path)
    assert load(tmp_path) == single_item()


def test_the_text_of_a_small_network():
    assert to_toml(single_item(lead_time={2: 0.5, 4: 0.5})) == (
        'format = 1\nunmet = "lost"\n\n'
        '[[items]]\nname = "item"\n\n'
        '[[nodes]]\nname = "stock"\n\n'
        '[[suppliers]]\nname = "supplier"\n\n'
        '[[lanes]]\nsource = "supplier"\ndestination = "stock"\nlead_time = { 2 = 0.5, 4 = 0.5 }\n'
    )


def test_the_tables_of_a_folder(tmp_path: Path):
    save(FULL, tmp_path)
    assert [file.name for file in sorted(tmp_path.iterdir())] == [
        "items.csv", "lane_items.csv", "lanes.csv", "network.toml", "nodes.csv", "processes.csv", "suppliers.csv",
        "unmet_at.csv",
    ]  # fmt: skip
    assert (tmp_path / "lane_items.csv").read_text("utf-8").splitlines() == [
        "lane,item,lead_time,order_minimum,order_multiple,order_maximum",
        'mill -> DC,\'=1+1,"{ 2 = 0.3333333333333333, 4 = 0.6666666666666666 }",,12.0,',
        "mill -> DC,牛乳　1L,7,,,",
        '"DC -> shop, old",\'apostrophe,,,,',
        '"DC -> shop, old",\'=1+1,,,,',
        "express,'=1+1,,,,4.0",
    ]
    assert (tmp_path / "unmet_at.csv").read_text("utf-8").splitlines()[1:] == [
        '"shop, old",\'apostrophe,0.5',
        '"shop, old",\'=1+1,backorder',
    ]


def test_what_a_text_leaves_out_takes_its_default():
    text = 'format = 1\n[[items]]\nname = "bolt"\n[[nodes]]\nname = "DC"\n'
    assert from_toml(text) == SupplyNetwork((Item("bolt"),), (Node("DC"),))


def test_a_folder_may_leave_out_tables_columns_and_cells(tmp_path: Path):
    (tmp_path / "network.toml").write_text("format = 1\n")
    (tmp_path / "items.csv").write_text("shelf_life,name\n,bolt\n7,milk\n")
    (tmp_path / "nodes.csv").write_text("name\nDC\n")
    (tmp_path / "suppliers.csv").write_text("name\nmill\n")
    (tmp_path / "lanes.csv").write_text("source,destination,lead_time\nmill,DC,3\n")
    assert load(tmp_path) == SupplyNetwork(
        (Item("bolt"), Item("milk", shelf_life=7)),
        (Node("DC"),),
        (Supplier("mill"),),
        (Lane("mill", "DC", lead_time=3),),
    )


def test_a_spreadsheet_may_have_saved_the_tables(tmp_path: Path):
    (tmp_path / "network.toml").write_text("\ufeffformat = 1\n", "utf-8")
    (tmp_path / "items.csv").write_bytes("\ufeffname,whole_units,volume\r\nbolt,FALSE,.5\r\n\r\n".encode())
    (tmp_path / "nodes.csv").write_bytes(b"name\r\nDC\r\n")
    assert load(tmp_path).items == (Item("bolt", whole_units=False, volume=0.5),)
