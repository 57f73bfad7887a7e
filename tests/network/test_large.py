"""Ten thousand items in one network, and a light import."""

import subprocess
import sys

NUM_ITEMS = 10_000


def run(code: str) -> str:
    """Run code as users do, without the type checks of tests, and return what it prints."""
    return subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    ).stdout


SETUP = f"""
from basestock.network import *
names = [f"item {{number}}" for number in range({NUM_ITEMS})]
items = tuple(Item(name) for name in names)
nodes = (Node("DC", tier=1), Node("shop 1"), Node("shop 2"))
"""


def test_ten_thousand_items_with_a_lane_each():
    code = """
bought = [Lane("mill", "DC", items=(name,), name=f"{name} from the mill") for name in names]
moved = [Lane("DC", "shop 1", items=tuple(names)), Lane("shop 1", "shop 2"), Lane("shop 2", "shop 1")]
unmet_at = {("shop 1", name): "backorder" for name in names}
network = SupplyNetwork(items, nodes, (Supplier("mill"),), (*bought, *moved), unmet_at=unmet_at)
print({len(network.inbound("DC", name)) for name in names}, network.tiers())
"""
    assert run(SETUP + code) == "{1} (('DC',), ('shop 1', 'shop 2'))\n"


def test_ten_thousand_wrong_names_are_all_reported():
    code = """
lane = Lane("mill", "DC", items=tuple(name.replace("item", "itm") for name in names))
try:
    SupplyNetwork(items, nodes, (Supplier("mill"),), (lane,))
except NetworkError as error:
    print(len(error.defects), "Did you mean 'item 0'?" in str(error), len(str(error)) < 20_000)
"""
    assert run(SETUP + code) == "10000 True True\n"


def test_the_import_brings_no_heavy_library():
    loaded = run(
        "import sys, basestock.network; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    )
    assert not {"jax", "numpy", "scipy", "polars", "pydantic", "equinox", "tomllib"} & set(loaded.split())
