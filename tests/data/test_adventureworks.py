"""AdventureWorks, the sample ERP: a load finds exactly what was counted in its files."""

from pathlib import Path

import polars as pl
import pytest

from basestock.data.dataset import Dataset, load
from tests.data.clean_export import of_code

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "adventureworks_erp"

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the AdventureWorks files are not beside the repository"
)


@pytest.fixture(scope="module")
def data() -> Dataset:
    return load(FOLDER, map="adventureworks")


@pytest.mark.requirement("A-15")
@pytest.mark.parametrize(
    ("code", "count"),
    [
        ("UOM-001", 306),
        ("PRC-005", 200),
        ("INV-002", 72),
        ("BOM-009", 103),
        ("PUR-001", 11),
        ("SRC-006", 406),
    ],
)
def test_counted_findings(code: str, count: int, data: Dataset) -> None:
    assert data.check().counts[code] == count


def test_costs_of_zero_are_repaired_where_a_vendor_has_a_price(data: Dataset) -> None:
    actions = [row["action"] for row in of_code(data, "PRC-005")]
    assert (actions.count("repair"), actions.count("flag")) == (182, 18)
    assert data.counts["item"].repaired == 182


def test_lead_times_that_disagree_are_one_finding_about_the_vendors(data: Dataset) -> None:
    row = data.check().to_frame().filter(code="SRC-006").row(0, named=True)
    assert (row["count"], row["rows"], row["about_source"]) == (406, 460, True)


def test_without_factors_nothing_is_released(data: Dataset) -> None:
    report = data.check()
    assert report.exit_code == 3
    assert report.stops["code"].to_list() == ["RUN-002"]
    assert data.counts["item_supplier"].quarantined == 306


def test_every_row_and_quantity_is_accounted_for(data: Dataset) -> None:
    assert data.check().identities["rows"]["holds"]
    counts = data.counts["demand_history"]
    assert (counts.read, counts.ignored) == (48_482, 15_730)
    assert data.counts["bom"].ignored == 103
    assert data.counts["inventory"].read == 1_069


def test_no_open_order_has_anything_to_come(data: Dataset) -> None:
    assert of_code(data, "PUR-001")[0]["rule"].startswith("An open line must have a quantity left")
    assert (
        data.held["open_orders"].sum()
        == data.tables["production_order"]
        .filter((pl.col("status") == "open") & (pl.col("qty_ordered") > pl.col("qty_received")))
        .join(data.held, on="item_id", how="semi")
        .select(pl.col("qty_ordered") - pl.col("qty_received"))
        .sum()
        .item()
    )


def test_an_assumed_factor_lets_the_plan_go_on() -> None:
    data = load(FOLDER, map="adventureworks", assume_factor=1.0)
    assert data.check().exit_code == 0
    assert data.tables["item_supplier"].height == 460
    assert {row["severity"] for row in of_code(data, "UOM-001")} == {"repair"}
