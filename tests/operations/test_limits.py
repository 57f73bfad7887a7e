"""Limits of sources: capacity, price breaks, order days, supplier minima, long minima, and the last look."""

import dataclasses
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from basestock.data.twin import Twin
from basestock.operations.exit_check import block_illegal
from basestock.operations.final_quantity import FinalQuantity, OrderLine
from basestock.operations.plan import PlanRun, plan_lines
from basestock.operations.plan_settings import PlanSettings
from basestock.operations.pricing import CANDIDATES, Prices, order_value, saving_per_unit, with_price_breaks
from basestock.operations.proposals import PricedLines
from basestock.operations.snapshot import take_snapshot
from tests.operations.twin_fixture import small_twin


@pytest.fixture(scope="module")
def limited(settings: PlanSettings) -> PlanRun:
    """Every line with a limit of its own."""
    twin = small_twin()
    return plan_lines(
        dataclasses.replace(
            twin,
            capacity=np.array([np.nan, 12.0, np.nan, np.nan, np.nan, np.nan]),
            price_breaks=[(), (), (), ((600.0, twin.unit_cost[3] * 0.5),), (), ()],
            supplier_minimum=np.full(6, 1e6),
            supplier_order_days=["", "", "", "", "0100000", ""],
            order_minimum=np.array([3000.0, np.nan, 24.0, np.nan, 24.0, np.nan]),
        ),
        settings,
        "inputs",
    )


def _line(run: PlanRun, item: str) -> dict[str, object]:
    return run.orders.filter(pl.col("item_id") == item).row(0, named=True)


def _types(run: PlanRun, kind: str) -> list[str]:
    return run.exceptions.filter(pl.col("type") == kind)["object"].to_list()


def test_no_more_is_ordered_than_the_source_delivers_in_a_review(limited: PlanRun) -> None:
    line = _line(limited, "I1")
    assert line["qty"] == 12.0
    assert "CAPACITY_CUT" in str(line["reason_codes"])


def test_a_price_break_that_pays_lifts_the_order_and_is_paid(limited: PlanRun) -> None:
    line = _line(limited, "I3")
    assert line["qty"] == 600.0
    assert "PRICE_BREAK" in str(line["reason_codes"])
    assert line["line_cost"] == pytest.approx(600.0 * limited.twin.unit_cost[3] * 0.5, abs=0.01)


def test_an_order_waits_for_the_order_day_and_covers_the_days_until_then(limited: PlanRun) -> None:
    line = _line(limited, "I4")
    assert str(line["order_date"]) == "2026-03-03"
    assert str(line["arrival_p50"]) == "2026-03-10"
    assert "REVIEW_GAP" in str(line["reason_codes"])


def test_orders_below_the_minimum_of_a_supplier_are_one_exception(limited: PlanRun) -> None:
    assert "supplier=ACME" in _types(limited, "guardrail")


def test_a_minimum_over_half_a_year_is_an_exception_where_it_is_ordered(limited: PlanRun) -> None:
    ordered = set(limited.orders["item_id"])
    assert all(
        item.split("=")[1].split(",")[0] in ordered for item in _types(limited, "minimum_over_180_days")
    )


def test_the_ledger_sums_whatever_limits_hold(limited: PlanRun) -> None:
    sums = limited.ledger.group_by("proposal_id").agg(pl.col("qty").sum().cast(pl.Float64).alias("total"))
    joined = limited.orders.join(sums, on="proposal_id")
    assert joined["total"].to_list() == joined["qty"].to_list()


def _broken() -> Twin:
    twin = small_twin(num_lines=2)
    return dataclasses.replace(twin, price_breaks=[((10.0, 3.0), (100.0, 2.0)), ()])


def test_the_price_paid_is_that_of_the_last_break_reached() -> None:
    twin = _broken()
    assert [saving_per_unit(twin, 0, quantity) for quantity in (9.0, 10.0, 100.0)] == [0.0, 1.0, 2.0]
    assert [order_value(twin, 0, quantity) for quantity in (9.0, 10.0, 100.0)] == [36.0, 30.0, 200.0]


def _prices(quantity: np.ndarray) -> Prices:
    zero = np.zeros_like(quantity)
    return Prices(quantity, zero, zero, zero, zero, zero, zero, np.ones(len(quantity)))


def test_a_break_adds_what_it_saves_to_value_and_gain() -> None:
    quantity = np.tile(np.array([0.0, 9.0, 10.0, 100.0]), (2, 1))
    priced = with_price_breaks(_broken(), _prices(quantity))
    assert priced.value.tolist() == [[0.0, 0.0, 10.0, 200.0], [0.0] * 4]
    assert priced.gain[0].tolist() == [0.0, 0.0, 10.0, 190.0]


def test_an_illegal_order_is_blocked_and_becomes_a_conflict() -> None:
    twin = small_twin(num_lines=2)
    line = OrderLine(Decimal(7), Decimal(7), None)
    final = FinalQuantity((line,), Decimal(7), Decimal(7), (), (), Decimal(7))
    quantity = np.tile(np.linspace(0.0, 66.0, CANDIDATES), (1, 1))
    priced = PricedLines(np.array([1]), np.array([7.0]), [final], _prices(quantity), np.array([1]))
    blocked = block_illegal(twin, take_snapshot(twin), priced).final[0]
    assert blocked.qty == 0
    assert [conflict.cause for conflict in blocked.conflicts] == ["OUT-002"]
    assert sum(step.delta for step in blocked.steps) == -7
