"""From calibrated lines to priced orders: contracts of the priced order line."""

import dataclasses
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from basestock.operations.candidates import order_rule
from basestock.operations.legal import legal_line
from basestock.operations.plan import PlanRun, plan_lines
from basestock.operations.plan_settings import PlanSettings
from basestock.operations.snapshot import take_snapshot
from tests.operations.twin_fixture import small_twin

SETTINGS = PlanSettings(replications=64, seed=5)


@pytest.fixture(scope="module")
def run() -> PlanRun:
    return plan_lines(small_twin(), SETTINGS, "inputs")


def test_the_ledger_sums_exactly_to_every_order(run: PlanRun) -> None:
    sums = run.ledger.group_by("proposal_id").agg(pl.col("qty").sum().alias("total"))
    joined = run.orders.join(sums, on="proposal_id")
    assert joined.height == run.orders.height > 0
    for row in joined.iter_rows(named=True):
        assert Decimal(str(row["qty"])) == row["total"]


@pytest.mark.requirement("E-29")
def test_orders_are_whole_and_legal_by_the_independent_validator(run: PlanRun) -> None:
    twin = run.twin
    for row in run.orders.iter_rows(named=True):
        line = twin.item_id.index(row["item_id"])
        assert row["qty"] == round(row["qty"])
        assert legal_line(Decimal(str(row["qty"])), order_rule(twin, line)) == []


def test_gains_of_packs_add_up_to_the_value_now(run: PlanRun) -> None:
    for row in run.orders.iter_rows(named=True):
        packs = run.marginal.filter(pl.col("proposal_id") == row["proposal_id"])
        ordered = packs.filter(pl.col("qty").cum_sum() <= row["qty"] + 1e-6)
        assert ordered["expected_gain"].sum() == pytest.approx(row["value_now"], abs=0.02)
        assert packs.height > ordered.height, "the next pack not ordered is priced too"


def test_a_line_with_ample_stock_is_not_ordered_and_shown_as_excess(run: PlanRun) -> None:
    assert "I5" not in run.orders["item_id"].to_list()
    assert (run.orders["p_stockout_with"] <= run.orders["p_stockout_without"]).all()


def test_planning_again_with_the_orders_booked_proposes_nothing(run: PlanRun) -> None:
    twin = run.twin
    booked = np.zeros((twin.num_lines, 8))
    for row in run.orders.iter_rows(named=True):
        booked[twin.item_id.index(row["item_id"]), 7] = row["qty"]
    again = plan_lines(dataclasses.replace(twin, on_order=booked), SETTINGS, "inputs")
    assert again.orders.height == 0


def test_the_snapshot_holds_what_the_tables_hold(run: PlanRun) -> None:
    snapshot = take_snapshot(run.twin)
    assert float(snapshot.state.on_hand.sum()) == run.twin.available.sum()


def test_a_budget_is_kept_and_spent_on_the_best_packs(run: PlanRun) -> None:
    budget = 0.5 * float(run.orders["line_cost"].sum())
    cut = plan_lines(run.twin, dataclasses.replace(SETTINGS, budget=budget), "inputs")
    assert 0.5 * budget < cut.orders["line_cost"].sum() <= budget
    assert cut.orders["value_now"].sum() > 0.5 * run.orders["value_now"].sum()
    assert any("BUDGET_CUT" in codes for codes in cut.orders["reason_codes"])
