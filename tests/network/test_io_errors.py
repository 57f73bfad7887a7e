"""What cannot be read is named with file, row and field."""

import re
from pathlib import Path

import pytest

from basestock.network import NetworkError, from_toml, load, save, single_item
from tests.network.full_network import FULL

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
            "File 'nodes.csv': row 2 is 5 fields, must be 4 fields, as in the header",
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
