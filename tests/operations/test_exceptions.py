"""What a person should look at first."""

import dataclasses
import datetime

import numpy as np
import polars as pl
import pytest

from basestock.operations.plan import PlanRun, plan_lines
from basestock.operations.plan_settings import PlanSettings
from tests.operations.twin_fixture import small_twin


@pytest.fixture(scope="module")
def troubled(settings: PlanSettings) -> PlanRun:
    """One line is out of stock, one drowns in it, one may not be stocked, two more are held by findings."""
    twin = small_twin()
    look_by = datetime.date(2026, 3, 9)
    held = pl.DataFrame(
        {
            "item_id": ["H1", "H2"],
            "location_id": ["MAIN"] * 2,
            "codes": ["INV-002"] * 2,
            "reason": ["held by findings in the data"] * 2,
            "on_hand": [None, None],
            "look_by": [look_by] * 2,
        },
        schema=twin.not_planned.schema,
    )
    available = twin.available.copy()
    available[0], available[5] = 0.0, 9000.0
    return plan_lines(
        dataclasses.replace(
            twin,
            available=available,
            max_stock=np.array([np.nan, 2.0, *[np.nan] * 4]),
            max_stock_hard=np.array([False, True, *[False] * 4]),
            not_planned=held,
        ),
        settings,
        "inputs",
    )


def _of(run: PlanRun, kind: str) -> pl.DataFrame:
    return run.exceptions.filter(pl.col("type") == kind)


def test_the_most_money_comes_first(troubled: PlanRun) -> None:
    money = troubled.exceptions["money_at_risk"].to_list()
    assert money == sorted(money, reverse=True)
    assert troubled.exceptions["exception_id"].is_unique().all()


def test_a_stockout_that_no_order_can_prevent_is_listed(troubled: PlanRun) -> None:
    assert "item=I0, location=MAIN" in _of(troubled, "projected_stockout")["object"].to_list()


def test_stock_far_beyond_need_is_excess_with_its_amount(troubled: PlanRun) -> None:
    row = _of(troubled, "excess").row(0, named=True)
    assert row["object"] == "item=I5, location=MAIN"
    assert "EUR more than 90 days of demand need" in row["recommended_action"]


def test_a_limit_that_forbids_the_smallest_order_is_a_guardrail(troubled: PlanRun) -> None:
    row = _of(troubled, "guardrail").row(0, named=True)
    assert row["root_cause_id"] == "MAX_STOCK"
    assert "I1" not in troubled.orders["item_id"].to_list()


def test_held_lines_are_one_exception_for_each_cause(troubled: PlanRun) -> None:
    assert _of(troubled, "data_error")["object"].to_list() == ["2 item-locations: INV-002"]
