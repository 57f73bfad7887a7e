"""Plans and backtests of real exports, each through the profile that is shipped for it."""

import dataclasses
import datetime
import filecmp
import json
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from basestock.data.calibration import calibrate
from basestock.data.dataset import Dataset, load
from basestock.operations.backtest import backtest
from basestock.operations.plan import PlanRun, assume_stock, plan, plan_lines
from basestock.operations.plan_settings import PlanSettings
from basestock.operations.run_folder import write_run

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
PROFILES = ROOT / "examples" / "profiles"
PATHS = 32

ITEMS = {
    "favorita_weekly": ("^1.*7$", "^1$"),
    "online_retail": ("^2225", None),
    "freshretail": ("^1.*3$", None),
    "adventureworks_erp": (None, None),
}
"""Items and locations that are planned of each."""

ASSUMED = {
    "favorita_weekly": ("stock assumed", "unit cost", "source assumed"),
    "online_retail": ("stock assumed", "source assumed"),
    "freshretail": ("stock assumed", "unit cost", "source assumed"),
    "adventureworks_erp": (),
}
"""What every line must say that nobody stated."""

pytestmark = pytest.mark.slow


def _dataset(name: str) -> Dataset:
    folder = DATA / name
    if not folder.is_dir():
        pytest.skip(f"no {name} beside the repository")
    if name == "adventureworks_erp":
        return load(folder, map="adventureworks", assume_factor=1.0, as_of=datetime.date(2014, 1, 8))
    return load(folder, map=str(PROFILES / f"{name}.toml"))


@pytest.fixture(scope="module", params=sorted(ITEMS))
def planned(request: pytest.FixtureRequest) -> tuple[str, Dataset, PlanRun]:
    name = request.param
    data = _dataset(name)
    items, locations = ITEMS[name]
    return name, data, plan(data, items=items, locations=locations, replications=PATHS)


def test_every_line_names_what_it_assumes(planned: tuple[str, Dataset, PlanRun]) -> None:
    name, _, run = planned
    assert run.orders.height > 0
    for words in ASSUMED[name]:
        missing = run.orders.filter(~pl.col("assumptions").str.contains(words, literal=True))
        assert missing.is_empty(), f"{missing.height} lines do not say: {words}"
    if name == "adventureworks_erp":
        guessed = run.orders.filter(pl.col("data_flags").str.contains("UOM-001"))
        assert (
            guessed.filter(pl.col("order_uom") != pl.col("base_uom"))["assumptions"]
            .str.contains("is taken as 1")
            .all()
        )


@pytest.mark.requirement("E-29")
def test_orders_of_whole_units_are_whole_and_the_ledger_sums_to_each(
    planned: tuple[str, Dataset, PlanRun],
) -> None:
    _, _, run = planned
    whole = dict(
        zip(zip(run.twin.item_id, run.twin.location_id, strict=True), run.twin.whole_units, strict=True)
    )
    sums = run.ledger.group_by("proposal_id").agg(pl.col("qty").sum().alias("total"))
    joined = run.orders.join(sums, on="proposal_id")
    assert joined.height == run.orders.height
    for row in joined.iter_rows(named=True):
        assert Decimal(str(row["qty"])) == row["total"]
        assert row["qty"] > 0
        assert not whole[row["item_id"], row["location_id"]] or row["qty"] == round(row["qty"])


def test_planning_again_with_the_proposals_on_order_yields_no_lines(
    planned: tuple[str, Dataset, PlanRun],
) -> None:
    _, _, run = planned
    twin = run.twin
    line = {key: at for at, key in enumerate(zip(twin.item_id, twin.location_id, strict=True))}
    booked = twin.on_order.copy()
    slots = int(twin.lead_periods.max()) + 1
    booked = np.pad(booked, ((0, 0), (0, max(slots - booked.shape[1], 0))))
    for row in run.orders.iter_rows(named=True):
        at = line[row["item_id"], row["location_id"]]
        booked[at, int(twin.lead_periods[at])] += row["qty"]
    again = plan_lines(dataclasses.replace(twin, on_order=booked), PlanSettings(replications=PATHS), "again")
    assert again.orders.is_empty(), again.orders.select("item_id", "qty", "value_now").head()


def test_the_same_plan_writes_the_same_bytes(planned: tuple[str, Dataset, PlanRun], tmp_path: Path) -> None:
    name, data, run = planned
    items, locations = ITEMS[name]
    again = plan(data, items=items, locations=locations, replications=PATHS)
    started = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder, each in zip(folders, (run, again), strict=True):
        write_run(each, data, folder, command="plan", started=started, seconds={})
    names = sorted(path.name for path in folders[0].iterdir())
    assert "report.html" in names
    same, different, failed = filecmp.cmpfiles(folders[0], folders[1], names, shallow=False)
    assert (different, failed) == (["run.json"], [])
    records = [json.loads((folder / "run.json").read_text("utf-8")) for folder in folders]
    assert all(record.pop("timings") for record in records)
    assert records[0] == records[1]
    assert len(same) == len(names) - 1


@pytest.mark.parametrize("name", sorted(ITEMS))
def test_the_end_of_a_real_history_is_replayed_with_intervals(name: str) -> None:
    data = _dataset(name)
    items, locations = ITEMS[name]
    document = backtest(data, items=items, locations=locations)
    window = document["window"]
    assert document["lines"] > 0
    assert document["lines_excluded"] == len(document["excluded"])
    assert window["history_periods"] / 5 - 1 <= window["periods"] <= window["history_periods"] / 3
    saving = document["verdict"]["saving"]
    assert saving["half_width"] > 0.0
    sides = np.sign([saving["mean"] - saving["half_width"], saving["mean"] + saving["half_width"]])
    shown = {(1, 1): "better", (-1, -1): "worse", (-1, 1): "no difference shown"}
    assert document["verdict"]["outcome"] == shown[tuple(sides)]


def test_assumed_stock_is_the_level_of_the_reference_rule() -> None:
    data = _dataset("favorita_weekly")
    twin = calibrate(data, items="^1.*7$", locations="^1$")
    start = assume_stock(twin, 0)
    assert (start.on_hand == start.available).all()
    assert (start.on_hand[twin.whole_units] % 1 == 0).all()
