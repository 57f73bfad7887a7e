"""Forecasts of others, rates of exchange, and demand counted twice: codes FCT, PRC-004, DEM-011."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.data.clean_export import AS_OF, Export, Row, of_code
from tests.data.rule_case import FULL, SMALL, Case, held_for, verify

AHEAD = {"as_of": AS_OF, "bucket_start": AS_OF + timedelta(weeks=3), "item_id": "A"}
USD = {"from": "EUR", "to": "USD", "date": AS_OF, "rate": 1.1}


def _forecast(*rows: Row) -> Export:
    return SMALL.table("forecast", *[{**AHEAD, **row} for row in rows])


def _rates(*rows: Row) -> Export:
    return SMALL.table("fx_rate", *[{**USD, **row} for row in rows])


def _center(qty: float, **cells: str) -> Export:
    """The center has demand of its own, `qty` in every bucket in which the shop sells about 25."""
    rows = FULL.tables["demand_history"]
    own = [{**row, "location_id": "DC", "qty": qty, **cells} for row in rows if row["item_id"] == "A"]
    return FULL.table("demand_history", *rows, *own)


MEDIAN, HIGH = {"quantile": 0.5, "value": 20}, {"quantile": 0.9, "value": 30}
GOOD = _forecast(MEDIAN, HIGH)

CASES = [
    Case("FCT-001", _forecast(MEDIAN, {**HIGH, "value": 19}), GOOD, "forecast", 3, "value", "19",
         rule="20.0 at 0.5 is above 19.0 at 0.9", held=""),
    Case("FCT-002", _forecast(MEDIAN, {**HIGH, "value": -1}), GOOD, "forecast", 3, "value", "-1", held=""),
    Case("FCT-003", _forecast(*[{**row, "as_of": "2026-02-20"} for row in (MEDIAN, HIGH)]),
         _forecast(*[{**row, "as_of": "2026-02-23"} for row in (MEDIAN, HIGH)]),
         "forecast", 2, "as_of", "2026-02-20", rule="10 days old, it is used"),
    Case("FCT-004", _forecast(*[{**row, "bucket_start": AS_OF} for row in (MEDIAN, HIGH)]), GOOD,
         "forecast", 2, "bucket_start", "2026-03-02", rule="reach 14.0 days ahead"),
    Case("FCT-005", _forecast({"value": 20}), GOOD, "forecast", None, "quantile", ""),
    Case("PRC-004", _rates({}, {"from": "USD", "to": "EUR", "rate": 1.1}),
         _rates({}, {"from": "USD", "to": "EUR", "rate": 0.909}), "fx_rate", 2, "rate", "1.1",
         rule="the way back is 1.1", count=2),
    Case("DEM-011", _center(25), _center(25, channel="stores"), "demand_history", 122, "qty", "25",
         rule="the center has 1000.0, the shops it supplies ", held="A@DC"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_code_is_found_in_the_bad_export_only(case: Case, tmp_path: Path) -> None:
    verify(case, tmp_path)


@pytest.mark.parametrize("value", ["NaN", "inf"])
def test_a_forecast_that_is_no_finite_number_takes_its_key_with_it(value: str, tmp_path: Path) -> None:
    other = {"bucket_start": AS_OF + timedelta(weeks=4)}
    data = _forecast(MEDIAN, {**HIGH, "value": value}, {**MEDIAN, **other}).load(tmp_path)
    assert [(row["row"], row["value"]) for row in of_code(data, "FCT-002")] == [(3, value)]
    assert "NUM-004" not in data.issues["code"]
    assert data.counts["forecast"].quarantined == 2
    assert data.tables["forecast"].height == 1


def test_an_old_forecast_gives_way_to_an_own_one(tmp_path: Path) -> None:
    data = _forecast({**MEDIAN, "as_of": "2026-01-20"}).load(tmp_path)
    assert "an own forecast takes its place" in of_code(data, "FCT-003")[0]["rule"]


def test_rates_around_a_triangle_must_agree(tmp_path: Path) -> None:
    way = [{}, {"from": "USD", "to": "GBP", "rate": 0.8}, {"to": "GBP", "rate": 0.88}]
    assert _rates(*way).load(tmp_path / "good").issues.height == 0
    data = _rates(*way[:2], {"to": "GBP", "rate": 0.7}).load(tmp_path / "bad")
    assert [row["row"] for row in of_code(data, "PRC-004")] == [2, 3, 4]


def test_a_center_with_customers_of_its_own_is_not_suspected(tmp_path: Path) -> None:
    data = _center(4).load(tmp_path)
    assert "DEM-011" not in data.issues["code"]
    assert held_for(data, "DEM-011") == ""
