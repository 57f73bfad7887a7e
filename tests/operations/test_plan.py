"""From calibrated lines to priced orders: contracts of the priced order line."""

import dataclasses
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from basestock.operations.candidates import order_rule
from basestock.operations.legal import legal_line
from basestock.operations.plan import PlanRun, plan_lines
from basestock.operations.plan_settings import PlanSettings
from basestock.operations.snapshot import take_snapshot

TABLES = ("orders", "ledger", "marginal", "exceptions", "kpi", "projection", "history", "forecast")


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


def test_gains_per_unit_do_not_rise_up_to_the_next_pack_not_ordered(run: PlanRun) -> None:
    for row in run.orders.iter_rows(named=True):
        packs = run.marginal.filter(pl.col("proposal_id") == row["proposal_id"])
        count = packs.filter(pl.col("qty").cum_sum() <= row["qty"] + 1e-6).height
        # The first block is a minimum or carries the cost of placing the order.
        later = packs.slice(1, count)
        per_unit = (later["expected_gain"] / later["qty"]).to_numpy()
        error = 3.0 * (later["gain_se"] / later["qty"]).to_numpy()
        assert (np.diff(per_unit) <= error[:-1] + error[1:] + 1e-6).all()


def test_no_pack_that_is_ordered_beyond_the_first_block_loses_money(run: PlanRun) -> None:
    for row in run.orders.iter_rows(named=True):
        packs = run.marginal.filter(pl.col("proposal_id") == row["proposal_id"])
        later = packs.filter(pl.col("qty").cum_sum() <= row["qty"] + 1e-6).slice(1)
        assert (later["expected_gain"] >= -2.0 * later["gain_se"] - 1e-4).all()


def test_every_line_says_why_and_the_next_pack_is_not_worth_much(run: PlanRun) -> None:
    assert (run.orders["reason_codes"].str.len_chars() > 0).all()
    assert run.orders["supplier_name"].to_list() == ["Acme Ltd"] * run.orders.height


def test_service_expected_is_a_share_and_grows_with_the_order(run: PlanRun) -> None:
    assert run.orders["service_expected"].is_between(0.0, 1.0).all()


def test_a_line_with_ample_stock_is_not_ordered(run: PlanRun) -> None:
    assert "I5" not in run.orders["item_id"].to_list()
    assert (run.orders["p_stockout_with"] <= run.orders["p_stockout_without"]).all()


def test_planning_again_with_the_orders_booked_proposes_nothing(run: PlanRun, settings: PlanSettings) -> None:
    twin = run.twin
    booked = np.zeros((twin.num_lines, 8))
    for row in run.orders.iter_rows(named=True):
        booked[twin.item_id.index(row["item_id"]), 7] = row["qty"]
    again = plan_lines(dataclasses.replace(twin, on_order=booked), settings, "inputs")
    assert again.orders.height == 0


def test_the_snapshot_holds_what_the_tables_hold(run: PlanRun) -> None:
    snapshot = take_snapshot(run.twin)
    assert float(snapshot.compiled.state.on_hand.sum()) == run.twin.available.sum()


def test_the_same_inputs_give_the_same_tables(run: PlanRun, settings: PlanSettings) -> None:
    again = plan_lines(run.twin, settings, "inputs")
    for name in TABLES:
        assert_frame_equal(getattr(again, name), getattr(run, name), check_exact=True)


def test_what_happens_to_one_item_leaves_the_others_bit_equal(run: PlanRun, settings: PlanSettings) -> None:
    twin = run.twin
    history, available = twin.history.copy(), twin.available.copy()
    history[2], available[2] = history[2] * 3.0, 0.0
    other = plan_lines(dataclasses.replace(twin, history=history, available=available), settings, "inputs")
    untouched = pl.col("item_id") != "I2"
    for name in ("orders", "projection"):
        before, after = getattr(run, name).filter(untouched), getattr(other, name).filter(untouched)
        assert_frame_equal(after, before, check_exact=True)
    assert other.orders.filter(~untouched)["qty"].item() > run.orders.filter(~untouched)["qty"].item()


def test_more_on_hand_never_raises_the_order(run: PlanRun, settings: PlanSettings) -> None:
    twin = run.twin
    more = plan_lines(dataclasses.replace(twin, available=twin.available + 6.0), settings, "inputs")
    joined = run.orders.join(more.orders, on="item_id", how="left", suffix="_more")
    assert (joined["qty_more"].fill_null(0.0) <= joined["qty"]).all()
    assert set(more.orders["item_id"]) <= set(run.orders["item_id"])


def test_another_reference_is_shown_beside_the_orders(run: PlanRun, settings: PlanSettings) -> None:
    named = dataclasses.replace(settings, reference="marginal")
    other = plan_lines(run.twin, named, "inputs")
    assert other.orders["qty"].to_list() == run.orders["qty"].to_list()
    assert other.orders["reference_qty"].to_list() != run.orders["reference_qty"].to_list()


def test_a_preset_orders_by_the_rule_of_another_system(run: PlanRun, settings: PlanSettings) -> None:
    twin = dataclasses.replace(
        run.twin, min_stock=run.twin.available + 10.0, max_stock=run.twin.available + 40.0
    )
    preset = plan_lines(twin, dataclasses.replace(settings, preset="odoo17"), "inputs")
    # 40 missing up to the maximum, in packs of 6: 42, whatever the minimum order says.
    assert set(preset.orders["qty"]) == {42.0}
    assert set(preset.orders["policy_id"]) == {"odoo17"}
