"""A network and what to plan in it, from one file."""

import json
from pathlib import Path

import pytest

from basestock.network import NetworkError, save, to_toml
from basestock.optimal.programs import InfeasibleError
from basestock.optimal.programs.document import ProgramFileError, read_request
from basestock.optimal.programs.optimize import SCHEMA, network_optimization
from tests.optimal.programs.networks import shop
from tests.optimal.programs.test_hierarchy import _network

PROGRAM = """
[program]
periods = 4
{settings}
[program.costs]
holding = 1.0
lost_sale = 9.0
[[program.cost]]
rate = "purchase"
lane = "road"
item = "milk"
money = 2.0
[[program.demand]]
node = "shop"
item = "milk"
quantities = [3, 5, 0, 4]
{rows}
"""


def _file(tmp_path: Path, settings: str = "", rows: str = "", network: str | None = None) -> Path:
    path = tmp_path / "dairy.toml"
    text = to_toml(shop().network) if network is None else network
    program = PROGRAM.format(settings=settings, rows=rows)
    path.write_text(text.replace("[[items]]", f"{program}\n[[items]]", 1), encoding="utf-8")
    return path


def test_a_plan_of_a_file_is_proven_and_played(tmp_path):
    found = network_optimization(_file(tmp_path)).to_dict()
    assert found["schema"] == SCHEMA and found["id"] == "dairy"
    assert found["status"] == "optimal" and found["certificate"] == "exact"
    assert found["replayed"] == pytest.approx(found["objective"]) == pytest.approx(45.0)
    assert sum(found["terms"].values()) == pytest.approx(found["objective"])
    assert found["plan"][0] == {
        "period": 0,
        "kind": "order",
        "lane": "road",
        "item": "milk",
        "quantity": 5.0,
        "unit": "unit",
    }
    json.dumps(found)


def test_the_program_is_kept_on_request(tmp_path):
    network_optimization(_file(tmp_path), lp=tmp_path / "dairy.lp")
    assert (tmp_path / "dairy.lp").read_text(encoding="utf-8").startswith("\\ dairy\nMinimize")


def test_a_relaxed_program_is_a_lower_bound_with_duals(tmp_path):
    found = network_optimization(_file(tmp_path, "relaxed = true"))
    assert found.certificate == "lower_bound" and found.replayed is None
    assert found.objective <= 45.0 + 1e-9
    assert found.duals


def test_a_saved_folder_may_hold_the_network(tmp_path):
    save(shop().network, tmp_path / "network")
    (tmp_path / "plan.toml").write_text(
        PROGRAM.format(settings='network = "network"', rows=""), encoding="utf-8"
    )
    assert network_optimization(tmp_path / "plan.toml").objective == pytest.approx(45.0)


def test_scenarios_have_their_own_rows_and_weights(tmp_path):
    rows = '[[program.demand]]\nnode = "shop"\nitem = "milk"\nquantities = [9]\nscenario = 2\n'
    request = read_request(_file(tmp_path, "weights = [0.75, 0.25]", rows))
    totals = [float(path.market.sum()) for path in request.scenarios]
    assert totals == [12.0, 48.0] and request.weights == (0.75, 0.25)


SITES = """
[program]
task = "{task}"
periods = 3
[program.costs]
holding = 0.5
lost_sale = 30.0
transport = 1.0
[[program.demand]]
node = "A"
item = "box"
quantities = 10
[[program.sites]]
name = "north"
fixed_cost = 15
capacity = 20
[[program.sites]]
name = "south"
fixed_cost = 12
"""


@pytest.mark.parametrize("task", ["design", pytest.param("hierarchy", marks=pytest.mark.slow)])
def test_sites_are_opened(tmp_path, task):
    path = tmp_path / "sites.toml"
    text = to_toml(_network().network)
    path.write_text(text.replace("[[items]]", SITES.format(task=task) + "\n[[items]]", 1), encoding="utf-8")
    found = network_optimization(path)
    json.dumps(found.to_dict())
    assert found.certificate == "exact"
    # The warehouse in the middle is open for nothing.
    assert found.opened == []


@pytest.mark.parametrize(
    ("settings", "rows", "match"),
    [
        ("periods_ = 3", "", r"program\.periods_ is unknown"),
        ("discount = 2", "", r"program\.discount is 2, must be a number from 0 to 1"),
        ('task = "design"', "", r"must have \[\[program\.sites\]\]"),
        ("weights = [0.5]", "", r"program\.weights is \[0\.5\]"),
        ("", '[[program.demand]]\nnode = "attic"\nitem = "milk"\nquantities = 1', r"at \('attic', 'milk'\)"),
        ("", '[[program.demand]]\nnode = "shop"\nitem = "milk"\nquantities = [-1]', r"must be finite numbers >= 0"),
        ("", '[[program.on_hand]]\nnode = "shop"\nquantity = 1', r"program\.on_hand 1 has no item"),
        ("", '[[program.sites]]\nname = "attic"\nfixed_cost = 1', r"'attic' is unknown"),
        ("", '[[program.on_hand]]\nnode = "attic"\nitem = "milk"\nquantity = 1', r"on_hand \('attic', 'milk'\)"),
        ('network = "nowhere"', "", r"must be the folder of a saved network"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(tmp_path, settings, rows, match):
    with pytest.raises(ProgramFileError, match=match):
        network_optimization(_file(tmp_path, settings, rows))


def test_files_that_are_no_programs_are_refused(tmp_path):
    path = tmp_path / "bare.toml"
    with pytest.raises(ProgramFileError, match="must be a readable TOML file"):
        network_optimization(path)
    path.write_text(to_toml(shop().network), encoding="utf-8")
    with pytest.raises(ProgramFileError, match=r"has no table \[program\]"):
        network_optimization(path)
    with pytest.raises(NetworkError, match="items_"):
        network_optimization(_file(tmp_path, network=to_toml(shop().network) + '\n[[items_]]\nname = "x"\n'))


def test_an_infeasible_file_names_what_must_give_way(tmp_path):
    from basestock.network import Node

    small = to_toml(shop(node=Node("shop", storage={"ambient": 4.0})).network)
    rows = '[[program.on_hand]]\nnode = "shop"\nitem = "milk"\nquantity = 90'
    with pytest.raises(InfeasibleError, match="storage by"):
        network_optimization(_file(tmp_path, rows=rows, network=small))


def test_a_rate_of_what_cannot_occur_is_named(tmp_path):
    path = _file(tmp_path)
    path.write_text(path.read_text().replace("lost_sale = 9.0", "backorder = 9.0"), encoding="utf-8")
    with pytest.raises(ValueError, match="rate 'backorder' is given, must price what can occur"):
        network_optimization(path)
