"""A run that spends far more than usual is kept for a person."""

import datetime

import polars as pl

from basestock.operations.guardrails import guard_run, usual_spend

AS_OF = datetime.date(2026, 3, 2)


def _tables(*orders: tuple[int, float, str]) -> dict[str, pl.DataFrame]:
    """Closed orders by (days ago, quantity, status) of an item that costs 2."""
    rows = [
        {
            "item_id": "A",
            "order_date": AS_OF - datetime.timedelta(days=days),
            "qty_ordered": quantity,
            "unit_price": None,
            "status": status,
        }
        for days, quantity, status in orders
    ]
    schema = {
        "item_id": pl.String,
        "order_date": pl.Date,
        "qty_ordered": pl.Float64,
        "unit_price": pl.Float64,
        "status": pl.String,
    }
    return {
        "item": pl.DataFrame({"item_id": ["A"], "unit_cost": [2.0]}),
        "purchase_order": pl.DataFrame(rows, schema=schema),
    }


def _orders(cost: float, lines: int = 1) -> pl.DataFrame:
    return pl.DataFrame({"line_cost": [cost / lines] * lines})


WEEKLY = _tables((3, 10.0, "closed"), (10, 20.0, "closed"), (17, 30.0, "closed"), (18, 900.0, "open"))


def test_spend_is_summed_by_review_period_from_closed_orders_alone() -> None:
    assert usual_spend(WEEKLY, AS_OF, 7.0)["money"].to_list() == [20.0, 40.0, 60.0]


def test_three_times_the_median_stops_the_run() -> None:
    assert guard_run(WEEKLY, AS_OF, _orders(120.0), 7.0, "EUR").stops == ()
    (stop,) = guard_run(WEEKLY, AS_OF, _orders(121.0), 7.0, "EUR").stops
    assert stop.startswith("RUN-005: spend is 121.00 EUR, must be at most 3 x the usual 40.00")


def test_too_many_lines_stop_the_run_too() -> None:
    (stop,) = guard_run(WEEKLY, AS_OF, _orders(40.0, lines=4), 7.0, "EUR").stops
    assert "lines is 4.00 lines" in stop


def test_without_closed_orders_the_check_is_skipped_and_says_so() -> None:
    guard = guard_run(_tables((3, 10.0, "open")), AS_OF, _orders(1e9), 7.0, "EUR")
    assert guard.stops == ()
    assert guard.notices[0].startswith("RUN-005 was skipped")
    assert guard_run({}, AS_OF, _orders(1.0), 7.0, "EUR").notices == guard.notices
