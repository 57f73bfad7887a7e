"""A budget funds the packs that return most, and says what it leaves out."""

import dataclasses

import numpy as np
import polars as pl
import pytest

from basestock.operations.plan import PlanRun, plan_lines
from basestock.operations.plan_settings import PlanSettings


@pytest.fixture(scope="module")
def cut(run: PlanRun, settings: PlanSettings) -> PlanRun:
    budget = 0.5 * float(np.sum(run.orders["line_cost"].to_numpy()))
    return plan_lines(run.twin, dataclasses.replace(settings, budget=budget), "inputs")


def _kpi(run: PlanRun, name: str) -> float:
    return float(run.kpi.filter(pl.col("name") == name)["value"].item())


@pytest.mark.slow
def test_a_budget_is_kept_and_spent_on_the_best_packs(run: PlanRun, cut: PlanRun) -> None:
    """SIM-306, of a whole plan."""
    budget = cut.settings.budget
    assert budget is not None
    assert 0.5 * budget < cut.orders["line_cost"].sum() <= budget
    assert cut.orders["value_now"].sum() > 0.5 * float(np.sum(run.orders["value_now"].to_numpy()))
    assert any("BUDGET_CUT" in codes for codes in cut.orders["reason_codes"])


@pytest.mark.slow
def test_the_gap_to_the_bound_is_told(cut: PlanRun) -> None:
    assert _kpi(cut, "budget") == pytest.approx(cut.settings.budget, abs=0.01)
    assert _kpi(cut, "budget_spent") == pytest.approx(cut.orders["line_cost"].sum(), abs=0.01)
    assert 0.0 <= _kpi(cut, "budget_gap") < _kpi(cut, "budget_gain")


def test_what_the_budget_leaves_out_is_one_exception(run: PlanRun, cut: PlanRun) -> None:
    assert cut.exceptions.filter(pl.col("type") == "budget").height == 1
    assert run.exceptions.filter(pl.col("type") == "budget").height == 0


def test_the_ledger_of_a_line_that_is_cut_still_sums_to_it(cut: PlanRun) -> None:
    sums = cut.ledger.group_by("proposal_id").agg(pl.col("qty").sum().cast(pl.Float64).alias("total"))
    joined = cut.orders.join(sums, on="proposal_id")
    assert joined["total"].to_list() == joined["qty"].to_list()


def test_no_money_buys_nothing(run: PlanRun, settings: PlanSettings) -> None:
    assert plan_lines(run.twin, dataclasses.replace(settings, budget=0.0), "inputs").orders.height == 0
