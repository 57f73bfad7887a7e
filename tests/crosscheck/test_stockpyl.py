"""A serial line simulated by stockpyl and by basestock under the same demand and orders."""

import dataclasses
import importlib.util
import warnings
from typing import Any

import numpy as np
import pytest

from basestock.decision import Problem
from basestock.dynamics import InitialState
from basestock.problems.families import serial
from basestock.problems.or_gym.replay import replay

pytestmark = pytest.mark.skipif(importlib.util.find_spec("stockpyl") is None, reason="needs stockpyl")

LEVELS, LOCAL, BACKORDER, LEAD_TIMES = (7, 6, 11), (7, 4, 2), 37.0, (1, 1, 2)


def line() -> Problem:
    problem = serial.build(
        {
            "stages": 3,
            "demand": {"type": "poisson", "mean": 5.0},
            "lead_times": list(LEAD_TIMES),
            "echelon_holding_costs": [3, 2, 2],
            "backorder_cost": BACKORDER,
        },
        {},
    )
    start = {(f"stage {number}", "item"): float(level) for number, level in enumerate(LEVELS, start=1)}
    return dataclasses.replace(problem, initial_state=InitialState(start))


def theirs(demand: list[int]) -> tuple[Any, float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from stockpyl.sim import simulation
        from stockpyl.supply_chain_network import serial_system

        network = serial_system(
            num_nodes=3,
            node_order_in_system=[3, 2, 1],
            node_order_in_lists=[1, 2, 3],
            local_holding_cost=list(LOCAL),
            stockout_cost=[BACKORDER, 0, 0],
            shipment_lead_time=list(LEAD_TIMES),
            demand_type="D",
            demand_list=demand,
            policy_type="BS",
            base_stock_level=list(LEVELS),
        )
        return network, float(simulation(network, len(demand), rand_seed=1, progress_bar=False))


def only(entry: Any) -> float:
    """Return the one number in nested dictionaries."""
    while isinstance(entry, dict):
        (entry,) = entry.values()
    return float(entry)


def test_the_serial_line_agrees_period_by_period() -> None:
    demand = np.random.default_rng(4).poisson(5, 40).tolist()
    network, cost = theirs(demand)
    nodes = [network.nodes_by_index[number] for number in (1, 2, 3)]
    states = [[node.state_vars[t] for node in nodes] for t in range(len(demand))]
    orders = np.array([[only(each.order_quantity) for each in row] for row in states])
    market = np.zeros((len(demand), 3))
    market[:, 0] = demand
    path = replay(line, orders, market)
    waiting = np.column_stack([path.backorders[:, 0], path.unfilled[:, :2]])
    levels = np.array([[only(each.inventory_level) for each in row] for row in states])
    np.testing.assert_allclose(path.on_hand[1:] - waiting, levels, atol=1e-9)
    sent = np.array([[only(each.outbound_shipment) for each in row] for row in states])
    np.testing.assert_allclose(path.shipped[:, :2], sent[:, 1:], atol=1e-9)
    assert -path.profit.sum() == pytest.approx(cost, abs=1e-6)
