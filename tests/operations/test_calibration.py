"""What calibration reads beside the numbers: price breaks, guesses, and held lines that are planned on request."""

import datetime

import polars as pl

from basestock.data.calibration.sources import price_breaks

AS_OF = datetime.date(2026, 3, 2)
LATER = datetime.date(2026, 4, 1)


def _prices(*rows: tuple[str | None, float, float, datetime.date | None, str | None]) -> pl.DataFrame:
    schema = {
        "supplier_id": pl.String,
        "min_qty": pl.Float64,
        "price": pl.Float64,
        "valid_from": pl.Date,
        "scheme": pl.String,
    }
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(pl.lit("A").alias("item_id"))


LINE = pl.DataFrame({"item_id": ["A", "B"], "supplier_id": ["S", "S"], "factor": [12.0, 1.0]})


def test_breaks_are_in_base_units_and_rise() -> None:
    prices = _prices(("S", 10.0, 24.0, None, None), ("S", 5.0, 30.0, None, "all_units"))
    assert price_breaks(prices, LINE, AS_OF) == [((60.0, 2.5), (120.0, 2.0)), ()]


def test_customer_prices_future_prices_and_other_schemes_are_no_breaks() -> None:
    prices = _prices(
        (None, 5.0, 1.0, None, None), ("S", 5.0, 1.0, LATER, None), ("S", 5.0, 1.0, None, "incremental")
    )
    assert price_breaks(prices, LINE, AS_OF) == [(), ()]


def test_the_latest_price_of_a_quantity_holds() -> None:
    first, second = datetime.date(2025, 1, 1), datetime.date(2026, 1, 1)
    prices = _prices(("S", 5.0, 24.0, second, None), ("S", 5.0, 36.0, first, None))
    assert price_breaks(prices, LINE, AS_OF)[0] == ((60.0, 2.0),)


def test_without_a_table_there_are_no_breaks() -> None:
    assert price_breaks(None, LINE, AS_OF) == [(), ()]
