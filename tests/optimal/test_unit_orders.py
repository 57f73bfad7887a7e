"""Unit demands and lead times of single units that cross: the optimum against a small direct computation."""

import itertools

import numpy as np
import pytest

from basestock.optimal.mdp.unit_orders import optimal_unit_orders


def direct(rate: float, mean_lead_time: float, holding: float, backorder: float, batch: int) -> float:
    """Return the least cost per unit of time by value iteration on the uniformized chain, in a box of its own."""
    low, high, most, speed = -14, 10, 16, 1 / mean_lead_time
    total = rate + most * speed
    values = np.zeros((high - low + 1, most + 1))
    stock, under_way = np.meshgrid(np.arange(low, high + 1), np.arange(most + 1), indexing="ij")
    cost = (holding * np.maximum(stock, 0) + backorder * np.maximum(-stock, 0)) / total
    gain = 0.0
    for _ in itertools.repeat(None, 20_000):
        lower = np.concatenate([values[:1], values[:-1]])
        ordered = np.min(
            [lower[:, np.minimum(np.arange(most + 1) + quantity, most)] for quantity in range(batch + 1)],
            axis=0,
        )
        arrived = np.zeros_like(values)
        arrived[:-1, 1:], arrived[-1, 1:] = values[1:, :-1], values[-1, :-1]
        moving = speed * under_way
        following = cost + (rate * ordered + moving * arrived + (most * speed - moving) * values) / total
        change = following - values
        gain = total * float(change.mean())
        values = following - following[0, 0]
        if np.ptp(change) < 1e-11:
            break
    return gain


@pytest.mark.parametrize(("holding", "backorder", "batch"), [(1.0, 1.0, 3), (1.0, 4.0, 2)])
def test_the_optimum_is_that_of_the_uniformized_chain(holding: float, backorder: float, batch: int) -> None:
    given = {"rate": 2.0, "mean_lead_time": 1.0, "holding_cost": holding, "backorder_cost": backorder}
    found = optimal_unit_orders(**given, max_batch=batch)
    assert found.value == pytest.approx(direct(2.0, 1.0, holding, backorder, batch), rel=1e-4)
    assert found.edge_share < 1e-9
    assert (found.order >= 0).all() and found.order.max() <= batch


def test_one_unit_a_demand_is_no_worse_than_base_stock() -> None:
    """Base stock S has a Poisson number under way (Palm): at rate 2, mean lead time 1, S = 2 it costs E|2 - N|."""
    chances = np.exp(-2.0) * np.cumprod([1.0, *(2.0 / np.arange(1, 40))])
    palm = float(np.abs(2 - np.arange(40)) @ chances)
    found = optimal_unit_orders(
        rate=2.0, mean_lead_time=1.0, holding_cost=1.0, backorder_cost=1.0, max_batch=3
    )
    assert 0.8 * palm < found.value < palm


@pytest.mark.slow
def test_scaling_time_or_money_scales_the_optimum() -> None:
    one = optimal_unit_orders(rate=2.0, mean_lead_time=1.0, holding_cost=1.0, backorder_cost=4.0, max_batch=2)
    money = optimal_unit_orders(
        rate=2.0, mean_lead_time=1.0, holding_cost=3.0, backorder_cost=12.0, max_batch=2
    )
    time = optimal_unit_orders(
        rate=0.2, mean_lead_time=10.0, holding_cost=1.0, backorder_cost=4.0, max_batch=2
    )
    assert money.value == pytest.approx(3 * one.value, rel=1e-6)
    assert time.value == pytest.approx(one.value, rel=1e-6)


@pytest.mark.parametrize(
    ("name", "value"),
    [("rate", 0.0), ("mean_lead_time", -1.0), ("holding_cost", np.inf), ("backorder_cost", np.nan)],
)
def test_numbers_that_are_none_are_refused(name: str, value: float) -> None:
    given = {"rate": 2.0, "mean_lead_time": 1.0, "holding_cost": 1.0, "backorder_cost": 4.0, "max_batch": 2}
    with pytest.raises(ValueError, match=f"{name} is {value}, must be numbers > 0"):
        optimal_unit_orders(**(given | {name: value}))  # type: ignore[arg-type]


def test_single_units_never_raise_the_position_and_are_refused() -> None:
    with pytest.raises(ValueError, match="max_batch is 1, must be at least 2"):
        optimal_unit_orders(rate=2.0, mean_lead_time=1.0, holding_cost=1.0, backorder_cost=4.0, max_batch=1)
