"""A network read back equals the one written; what cannot be read is named with file, row and field."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
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
    from_toml,
    load,
    save,
    single_item,
    to_toml,
)

# A network that uses everything. Its names would trip a careless writer.
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


@settings(max_examples=20)
@given(parts())
def test_any_network_comes_back_from_its_text(parts: dict[str, Any]):
    network = network_of(parts)
    assert from_toml(to_toml(network)) == network


@settings(max_examples=20)
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


# Texts that are wrong

HEAD = 'format = 1\n[[items]]\nname = "bolt"\n[[nodes]]\nname = "DC"\n[[suppliers]]\nname = "mill"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("format = ", "File 'network.toml': content is Invalid value (at end of document), must be TOML"),
        ("", "File 'network.toml': format is None, must be 1, the format that this version reads. Save"),
        ("format = 2", "File 'network.toml': format is 2, must be 1"),
        ("format = 1\nitmes = []", "File 'network.toml': table is 'itmes', must be one of items, nodes,"),
        ("format = 1\nitmes = []", "Did you mean 'items'? Rename or drop it."),
        ("format = 1\nitems = 3", "File 'network.toml': items is 3, must be tables written as [[items]]"),
        ("format = 1\nunmet = 7", "SupplyNetwork: unmet is 7, must be 'lost', 'backorder' or a share"),
        (f"format = {'[' * 5000}", "content is values nested too deeply, must be TOML"),
        (f"format = {'9' * 5000}", "must be TOML"),
        (
            HEAD + '[[items]]\nname = "nut"\nshelflife = 3',
            "shelflife is 3, must be absent: there is no such attribute. Did you mean 'shelf_life'?",
        ),
        (
            HEAD + "[[items]]\nshelf_life = 3",
            "network.toml items 2: Item: name is absent, must be given. Add the value.",
        ),
        (HEAD + "[[items]]\nname = 3", "network.toml items 2: Item '3': name is 3, must be text"),
        (
            HEAD + '[[items]]\nname = "nut"\nshelf_life = -3',
            "network.toml items 2: Item 'nut': shelf_life is -3, must be a whole",
        ),
        (
            HEAD + '[[items]]\nname = "nut"\nvolume = nan',
            "network.toml items 2: Item 'nut': volume is nan, must be a number",
        ),
        (HEAD + '[[items]]\nname = "bolt"', "network.toml items 1: Item 'bolt': name is 'bolt' 2 times"),
        (
            HEAD + '[[lanes]]\nsource = "mill"\ndestination = "DCC"',
            "network.toml lanes 1: Lane 'mill -> DCC': destination is 'DCC', must be the name of a node",
        ),
        (
            HEAD + '[[lanes]]\nsource = "mill"\ndestination = "DC"\nlead_time = { x = 1.0 }',
            "network.toml lanes 1: Lane 'mill -> DC': outcome of lead_time is 'x', must be a whole number of periods",
        ),
        (
            HEAD + "[[lanes]]\nsource = 1\ndestination = [2]",
            "network.toml lanes 1: Lane '1 -> [2]': destination is [2], must be text",
        ),
        (
            HEAD + '[[limits]]\nscope = "DCC"\nmetric = "spend"\ncap = 1',
            "network.toml limits 1: Limit 'spend of DCC': scope is 'DCC'",
        ),
        (
            HEAD + '[[resources]]\nname = "r"\nchangeover = [{ before = "a" }]',
            "network.toml resources 1: Resource 'r': changeover is [{'before': 'a'}], must be {(before",
        ),
        (
            HEAD + '[[unmet_at]]\nnode = "DC"\nitem = "bold"\nunmet = "lost"',
            "network.toml unmet_at 1: SupplyNetwork: unmet_at[('DC', 'bold')] is 'bold', must be the name of an",
        ),
        (
            HEAD + '[[unmet_at]]\nnode = "DC"\nunmet = "lost"',
            "network.toml unmet_at 1: unmet_at: item is absent, must be given",
        ),
        (
            HEAD + '[[unmet_at]]\nnode = [1]\nitem = "bolt"\nunmet = "lost"',
            "network.toml unmet_at 1: unmet_at: node is [1], must be a name",
        ),
        (HEAD + '[[unmet_at]]\nnode = "DC"\nitem = "bolt"\nunmet = "lost"\n' * 2, "must have one row only"),
        (
            HEAD + '[[unmet_at]]\nnode = "DC"\nitem = "bolt"\nunmet = "lost"\nwhy = 1',
            "unmet_at: why is 1, must be absent",
        ),
    ],
)
def test_a_wrong_text_is_refused(text: str, message: str):
    with pytest.raises(NetworkError, match=re.escape(message)):
        from_toml(text)


def test_everything_wrong_in_a_text_comes_at_once():
    text = (
        HEAD
        + '[[items]]\nname = "nut"\nvolume = -1\n[[lanes]]\nsource = "mill"\ndestination = "DC"\nlead_time = -1'
    )
    with pytest.raises(NetworkError) as caught:
        from_toml(text, file="mine.toml")
    assert [defect.place for defect in caught.value.defects] == ["mine.toml items 2", "mine.toml lanes 1"]


# Folders that are wrong


def broken(folder: Path, file: str, old: str, new: str) -> str:
    """Save the full network, change one of its files, and return the message of its loading."""
    save(FULL, folder)
    text = (folder / file).read_text("utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(NetworkError) as caught:
        load(folder)
    return str(caught.value)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (
            "items.csv",
            "0.25",
            "1.25",
            'items.csv row 4: Item "\'apostrophe": decay_rate is 1.25, must be a share per period',
        ),
        ("items.csv", "fifo", "fefo", "items.csv row 2: Item '=1+1': issuing is 'fefo', must be one of"),
        (
            "items.csv",
            "true",
            "yes",
            "items.csv row 2: Item '=1+1': whole_units is 'yes', must be true or false",
        ),
        ("items.csv", "name,", "nam,", "File 'items.csv': column is 'nam', must be one of name, shelf_life,"),
        ("items.csv", "volume", "weight", "File 'items.csv': column is 'weight' 2 times, must occur once"),
        ("items.csv", "box, large", 'box, "large', "File 'items.csv': row 2 is"),
        (
            "nodes.csv",
            "DC,1,",
            "DC,1,,",
            "File 'nodes.csv': row 2 is 4 fields, must be 3 fields, as in the header",
        ),
        ("nodes.csv", "DC", "", "nodes.csv row 2: Node: name is absent, must be given"),
        ("nodes.csv", "= 4.0", "= four", "nodes.csv row 2: Node 'DC': storage is '{ ambient = 1e+22"),
        (
            "suppliers.csv",
            "3.0",
            "3 t",
            "suppliers.csv row 2: Supplier 'mill': capacity is '3 t', must be a number",
        ),
        ("lanes.csv", "wait", "wayt", "lanes.csv row 2: Lane 'mill -> DC': unfilled is 'wayt'"),
        (
            "lanes.csv",
            "listed",
            "some",
            "lanes.csv row 3: Lane 'DC -> shop, old': items is 'some', must be 'all', or 'listed'",
        ),
        (
            "lanes.csv",
            "express,DC",
            "express,DCC",
            "lanes.csv row 4: Lane 'express': source is 'DCC', must be the name",
        ),
        (
            "lane_items.csv",
            "7,",
            "-7,",
            "lane_items.csv row 3: Lane 'mill -> DC': lead_time is -7, must be a whole number",
        ),
        (
            "lane_items.csv",
            "12.0",
            "0",
            "lane_items.csv row 2: Lane 'mill -> DC': order_multiple is 0, must be a number",
        ),
        (
            "lane_items.csv",
            "express,",
            "expres,",
            "lane_items.csv row 6: Lane: lane is 'expres', must be the name of a lane. Did you mean 'express'?",
        ),
        (
            "lane_items.csv",
            "7,,,",
            "7,3,,",
            "lanes.csv row 2: Lane 'mill -> DC': order_minimum is 5.0, must be absent where rows of single",
        ),
        (
            "lane_items.csv",
            "mill -> DC,牛乳　1L",
            "mill -> DC,'=1+1",
            "lane_items.csv row 3: Lane 'mill -> DC': item is '=1+1', must have one row only",
        ),
        (
            "processes.csv",
            "0.9",
            "90",
            "processes.csv row 2: Process 'mix': yield_ is 90, must be a share > 0 and <= 1. Divide by 100",
        ),
        (
            "unmet_at.csv",
            "0.5",
            "5",
            "SupplyNetwork: unmet_at[('shop, old', \"'apostrophe\")] is 5, must be 'lost'",
        ),
        (
            "unmet_at.csv",
            '"shop, old"',
            "shop",
            "unmet_at.csv row 2: SupplyNetwork: unmet_at[('shop', \"'apostrophe\")] is 'shop', must be the name",
        ),
        (
            "network.toml",
            "unmet = 0.25",
            "[[items]]",
            "File 'network.toml': table is 'items', must be one of resources, inspections, limits",
        ),
    ],
)
def test_a_wrong_folder_is_refused(tmp_path: Path, file: str, old: str, new: str, message: str):
    assert message in broken(tmp_path, file, old, new)


def test_listing_items_means_all_of_them(tmp_path: Path):
    save(FULL, tmp_path)
    lanes_file = tmp_path / "lanes.csv"
    lanes_file.write_text(lanes_file.read_text("utf-8").replace(",all,", ",listed,"), "utf-8")
    assert load(tmp_path).lanes[0].items == ("=1+1", "牛乳　1L")


def test_a_lane_that_lists_nothing_is_refused(tmp_path: Path):
    save(single_item(), tmp_path)
    lanes_file = tmp_path / "lanes.csv"
    lanes_file.write_text(lanes_file.read_text("utf-8").replace(",all,", ",listed,"), "utf-8")
    with pytest.raises(
        NetworkError, match=re.escape("lanes.csv row 2: Lane 'supplier -> stock': items is empty")
    ):
        load(tmp_path)


@pytest.mark.parametrize("file", ["network.toml", "items.csv", "nodes.csv"])
def test_a_folder_without_the_needed_files_is_refused(tmp_path: Path, file: str):
    save(FULL, tmp_path)
    (tmp_path / file).unlink()
    with pytest.raises(NetworkError, match=f"File '{file}': content is absent, must be given"):
        load(tmp_path)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(NetworkError, match="3 defects"):
        load(tmp_path / "nowhere")
