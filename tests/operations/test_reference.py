"""What the incumbent would order."""

import dataclasses

import numpy as np
import pytest

from basestock.operations.reference import current_rule
from tests.operations.twin_fixture import small_twin

LEVEL = np.array([50.0])
RATE = np.array([4.0])


def _one(**given: float) -> object:
    twin = dataclasses.replace(small_twin(num_lines=1), order_cost=np.array([0.0]))
    return dataclasses.replace(twin, **{name: np.array([value]) for name, value in given.items()})


@pytest.mark.parametrize(("position", "order"), [(21.0, 0.0), (20.0, 60.0), (5.0, 75.0)])
def test_min_max_orders_up_to_the_maximum_at_or_below_the_minimum(position: float, order: float) -> None:
    rule = current_rule(_one(min_stock=20.0, max_stock=80.0), RATE, LEVEL)  # type: ignore[arg-type]
    assert rule.need(np.array([position])).tolist() == [order]
    assert rule.origin == ["min/max of the export"]


@pytest.mark.parametrize(("position", "order"), [(31.0, 0.0), (30.0, 25.0), (5.0, 50.0), (-20.0, 75.0)])
def test_a_reorder_point_orders_the_fewest_lots_that_lift_above_it(position: float, order: float) -> None:
    rule = current_rule(_one(reorder_point=30.0, reorder_quantity=25.0), RATE, LEVEL)  # type: ignore[arg-type]
    assert rule.need(np.array([position])).tolist() == [order]


def test_without_a_lot_a_review_of_demand_is_ordered_or_the_economic_quantity() -> None:
    bare = current_rule(_one(reorder_point=30.0), RATE, LEVEL)  # type: ignore[arg-type]
    assert bare.order_quantity.tolist() == [28.0]
    costly = _one(reorder_point=30.0, order_cost=10.0)
    holding = 4.0 * 0.25 / 365.0
    economic = current_rule(costly, RATE, LEVEL).order_quantity[0]  # type: ignore[arg-type]
    assert economic == pytest.approx(np.sqrt(2 * 10.0 * 4.0 / holding))


def test_without_any_rule_the_position_is_filled_to_the_service_level() -> None:
    rule = current_rule(_one(), RATE, LEVEL)  # type: ignore[arg-type]
    assert rule.need(np.array([42.0])).tolist() == [8.0]
    assert rule.need(np.array([50.0])).tolist() == [0.0]
    assert rule.origin == ["base stock at the service target"]
