"""Formulas and short recursions computed by stockpyl and by basestock."""

import importlib
import importlib.util
import warnings
from typing import Any

import pytest

from basestock.optimal.closed_form.eoq import all_units_discount, incremental_discount
from basestock.optimal.closed_form.guaranteed_service import Stage, guaranteed_service
from basestock.optimal.closed_form.newsvendor import newsvendor_profit
from basestock.optimal.closed_form.ss import ss_exact
from basestock.uncertainty import Normal, Poisson

pytestmark = pytest.mark.skipif(importlib.util.find_spec("stockpyl") is None, reason="needs stockpyl")

BREAKS, PRICES = [0, 400, 800], [0.75, 0.72, 0.68]

TREE = [
    Stage("1", (), 2, 1.0, 1.645),
    Stage("2", ("1",), 3, 3.0, 1.645),
    Stage("3", (), 5, 2.0, 1.645),
    Stage("4", ("2", "3"), 1, 8.0, 1.645),
    Stage("5", ("4",), 4, 10.0, 1.645, max_outbound=1, deviation=20.0),
    Stage("6", ("4",), 2, 11.0, 1.645, max_outbound=0, deviation=30.0),
]


def theirs(module: str) -> Any:
    """Return a module of stockpyl, whose docstrings make the interpreter warn."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(f"stockpyl.{module}")


@pytest.mark.parametrize("fixed", [8.0, 90.0])
def test_quantity_discounts_agree(fixed: float) -> None:
    eoq = theirs("eoq")
    pairs = (
        (eoq.economic_order_quantity_with_all_units_discounts, all_units_discount),
        (eoq.economic_order_quantity_with_incremental_discounts, incremental_discount),
    )
    for function, ours in pairs:
        quantity, _, cost = function(fixed, 0.3, 1300, BREAKS, PRICES)
        found = ours(fixed, 0.3, 1300.0, BREAKS, PRICES)
        assert found.value == pytest.approx(cost)
        assert found.decision["order_quantity"] == pytest.approx(quantity)


def test_the_newsvendor_of_profit_agrees() -> None:
    level, profit = theirs("newsvendor").newsvendor_normal_explicit(1.0, 0.3, 0.12, 50, 8)
    found = newsvendor_profit(Normal(50.0, 8.0), 1.0, 0.3, salvage=0.12)
    assert found.decision["order_up_to_level"] == pytest.approx(level)
    assert found.value == pytest.approx(profit)


@pytest.mark.parametrize(("mean", "fixed"), [(6.0, 8.0), (12.0, 30.0)])
def test_reorder_policies_agree(mean: float, fixed: float) -> None:
    low, high, cost = theirs("ss").s_s_discrete_exact(1.0, 4.0, fixed, True, demand_mean=mean)
    found = ss_exact(Poisson(mean), 0, 1.0, 4.0, fixed)
    assert found.value == pytest.approx(cost, rel=1e-6)
    assert found.decision == {"reorder_point": low, "order_up_to_level": high}


def test_safety_stock_in_a_tree_agrees() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from stockpyl.demand_source import DemandSource
        from stockpyl.gsm_tree import optimize_committed_service_times
        from stockpyl.supply_chain_network import SupplyChainNetwork
        from stockpyl.supply_chain_node import SupplyChainNode

        network = SupplyChainNetwork()
        for stage in TREE:
            node = SupplyChainNode(index=int(stage.name), name=stage.name)
            node.processing_time = stage.processing_time
            node.local_holding_cost = stage.holding_cost
            node.demand_bound_constant = stage.bound
            node.external_inbound_cst = 0
            node.supply_type = None if stage.predecessors else "U"
            if stage.deviation:
                node.external_outbound_cst = stage.max_outbound
                node.demand_source = DemandSource(type="N", mean=0, standard_deviation=stage.deviation)
            network.add_node(node)
        for stage in TREE:
            for source in stage.predecessors:
                network.add_edge(int(source), int(stage.name))
        _, cost = optimize_committed_service_times(network)
    assert guaranteed_service(TREE).value == pytest.approx(cost)
