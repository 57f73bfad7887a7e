"""Every authored attribute and every price has a constraint or a coefficient, or is refused by name."""

import dataclasses

import pytest

from basestock.dynamics import stages
from basestock.economics import make_tariff
from basestock.network import Inspection, Item, Resource, Substitution
from basestock.network.schema import SCHEMA
from basestock.optimal.programs import UnsupportedError, expected_events, network_program
from basestock.optimal.programs.coverage import COVERAGE, DATA, REFUSED
from basestock.optimal.programs.money import STEPPED
from basestock.optimal.programs.stages import BUILDERS
from basestock.problems import make_problem
from tests.optimal.programs.networks import NETWORKS, plant, shop


def test_every_authored_attribute_is_covered_or_refused():
    listed = {(kind, attribute.name) for kind, attributes in SCHEMA.items() for attribute in attributes}
    covered = {(kind, name) for kind, names in COVERAGE.items() for name in names}
    assert covered == listed


def test_every_constraint_that_covers_an_attribute_has_a_network_that_tests_it():
    groups = {group for names in COVERAGE.values() for group in names.values()} - {DATA, REFUSED}
    assert groups <= set(NETWORKS)


def test_every_stage_of_the_physics_has_a_builder_or_is_refused():
    refused = {"assemble_to_order"}
    missing = {name for name in stages.__all__ if getattr(stages, name) not in BUILDERS} - refused
    assert missing <= {"can_order", "REPAIRS", "inspect_arrivals", "open_slips"}


def test_every_stepped_term_has_a_network_that_tests_it():
    assert set(STEPPED) == {"fixed_order", "joint_order", "order_change", "shortage_occurrence"}
    assert {"ordering", "lane_order", "order_change", "shortage"} <= set(NETWORKS)


def _refused(problem, match):
    with pytest.raises(UnsupportedError, match=match):
        network_program(problem, expected_events(problem, 2))


def test_random_shelves_and_customers_are_refused_by_name():
    made = shop()
    network = dataclasses.replace(made.network, inspections=(Inspection("road", 5, 1),))
    _refused(dataclasses.replace(made, network=network), "inspections of the network")
    two = shop(items=(Item("milk"), Item("tea")))
    swapped = dataclasses.replace(two.network, substitutions=(Substitution("shop", "milk", "tea", 0.5),))
    _refused(dataclasses.replace(two, network=swapped), "substitutions of the network")


@pytest.mark.parametrize(
    ("item", "match"),
    [
        (Item("milk", shelf_life=3, issuing="lifo"), "issuing = 'lifo' of item 'milk'"),
        (Item("milk", shelf_life=4, life_classes=2), "life_classes of item 'milk'"),
        (Item("milk", decay_rate=0.1), "decay_rate of item 'milk'"),
    ],
)
def test_perishables_that_are_not_linear_are_refused_by_name(item, match):
    _refused(shop(items=(item,)), match)


def test_partial_backorders_of_whole_units_are_refused_by_name():
    made = shop()
    _refused(dataclasses.replace(made, network=dataclasses.replace(made.network, unmet=0.5)), r"unmet = 0\.5")


def test_plants_that_are_not_linear_are_refused_by_name():
    made = plant()
    saw = dataclasses.replace(made.network.processes[0], yield_law="binomial", yield_=0.5)
    _refused(
        dataclasses.replace(made, network=dataclasses.replace(made.network, processes=(saw,))),
        "yield_law of process 'saw'",
    )
    slow = dataclasses.replace(made.network.processes[0], name="plane")
    crew = Resource("crew", hours=6.0, changeover={("saw", "plane"): 1.0})
    network = dataclasses.replace(
        made.network, processes=(made.network.processes[0], slow), resources=(crew,)
    )
    _refused(dataclasses.replace(made, network=network), "changeover of resource 'crew'")
    half = dataclasses.replace(made.network.processes[0], consumes={"wood": 1.5})
    _refused(
        dataclasses.replace(made, network=dataclasses.replace(made.network, processes=(half,))),
        "'wood' in process 'saw'",
    )


@pytest.mark.parametrize("rate", ["zero_stock", "stock_deviation"])
def test_prices_that_are_not_linear_are_refused_by_name(rate):
    made = shop()
    tariff = make_tariff(made.network, holding=1.0, **{rate: 1.0})
    _refused(dataclasses.replace(made, tariff=tariff), f"the ledger term {rate}")


def test_stages_of_ones_own_are_refused_by_name():
    _refused(make_problem("perishable_two_class", {}), "the stage 'OrdersWithinPosition'")
    _refused(make_problem("random_yield", {}), "the kind 'closed_form'")
