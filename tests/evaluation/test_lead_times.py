"""Lead times are drawn by their laws, whether they are known on ordering or on arrival."""

import pytest

from basestock.decision import Problem
from basestock.economics import make_tariff
from basestock.evaluation import LeadTimeHistogram, lead_time_histograms
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.uncertainty import Uncertainty

NETWORK = SupplyNetwork(
    items=(Item("a"), Item("b")),
    nodes=(Node("told"), Node("waits"), Node("sure")),
    suppliers=(Supplier("out"),),
    lanes=(
        Lane("out", "told", lead_time={0: 0.2, 2: 0.5, 5: 0.3}, item_lead_time={"b": {1: 0.5, 2: 0.5}}),
        Lane("out", "waits", lead_time={1: 0.1, 3: 0.6, 4: 0.3}, lead_time_known="on_arrival"),
        Lane("told", "sure", lead_time=2),
    ),
)
PROBLEM = Problem("three", NETWORK, Uncertainty({}), make_tariff(NETWORK, holding=1.0))


@pytest.mark.requirement("A-13")
def test_a_histogram_matches_its_law() -> None:
    found = lead_time_histograms(PROBLEM, num_orders=4000, seed=5)
    assert [(each.lane, each.items) for each in found] == [
        ("out -> told", ("a",)),
        ("out -> told", ("b",)),
        ("out -> waits", ("a", "b")),
    ]
    assert [each.num_orders for each in found] == [4000, 4000, 8000]
    for each in found:
        assert set(each.drawn) == set(each.law)
        assert sum(each.drawn.values()) == pytest.approx(1.0)
        assert each.largest_deviation < 4


@pytest.mark.requirement("A-13")
def test_a_wrong_histogram_is_told_from_its_law() -> None:
    fair = LeadTimeHistogram("x", ("a",), {1: 0.5, 2: 0.5}, {1: 0.51, 2: 0.49}, 10_000)
    assert fair.largest_deviation == pytest.approx(2.0)
    assert LeadTimeHistogram("x", ("a",), {1: 1.0}, {1: 0.9, 3: 0.1}, 10).largest_deviation == float("inf")
