"""Money: one reporting currency, costs and prices that make sense (codes PRC-001 to PRC-008)."""

from __future__ import annotations

import polars as pl

from basestock.data.currencies import CODES, UNKNOWN
from basestock.data.rules.work import Work, merged_settings

_PRICES = {
    "item": ("unit_cost", "unit_price", "stockout_cost", "salvage_value"),
    "item_supplier": ("unit_cost", "order_cost", "expedite_cost"),
    "supplier": ("min_order_value", "free_freight_value", "freight_cost"),
    "price": ("price",),
    "purchase_order": ("unit_price",),
    "transfer_order": ("unit_price",),
    "production_order": ("unit_price",),
}
"""Money columns that share the currency column of their table."""

_RATE_DAYS = 7
_FACTORS = (10.0, 100.0, 1000.0)
_NEAR = 0.05


def settle_currency(work: Work) -> None:
    """Fix the reporting currency: as said, as declared, else the only one in use."""
    said = merged_settings(work.info, work.settings)["currency"]
    used = _in_use(work)
    only = used[0] if len(used) == 1 else None
    work.currency = said or only or UNKNOWN
    if said is None and only is None:
        work.assume("currency", UNKNOWN, "money is shown as units of money")


def _in_use(work: Work) -> list[str]:
    names = [work.rows(table)["currency"] for table in _PRICES if table in work.tables]
    found = pl.concat(names).drop_nulls().unique().sort() if names else pl.Series([], dtype=pl.String)
    return [name for name in found if name in CODES]


def convert_money(work: Work) -> None:
    """Bring every price into the reporting currency; prices that cannot be converted are not used."""
    several = len(_in_use(work)) > 1
    rates = _rates(work)
    for table, columns in _PRICES.items():
        if table in work.tables:
            _check_currency(work, table, columns, several)
            _convert(work, table, columns, rates)
    work.settle("price")


def _priced(columns: tuple[str, ...]) -> pl.Expr:
    return pl.any_horizontal(pl.col(name).is_not_null() for name in columns)


def _check_currency(work: Work, table: str, columns: tuple[str, ...], several: bool) -> None:
    """Drop prices whose currency is missing or no ISO code (PRC-001)."""
    frame = work.rows(table)
    unnamed = pl.col("currency").is_null() & pl.lit(several)
    wrong = ~pl.col("currency").is_in(list(CODES)).fill_null(True)
    rows = frame.filter((unnamed | wrong) & _priced(columns))
    _drop_prices(work, "PRC-001", table, columns, rows)


def _drop_prices(work: Work, code: str, table: str, columns: tuple[str, ...], rows: pl.DataFrame) -> None:
    """A price without a usable currency is missing; the item is planned in units."""
    if rows.height == 0:
        return
    action = "quarantine" if table == "price" else "flag"
    work.find(code, table, rows, column="currency", action=action)
    work.flag(code, rows)
    dropped = pl.col("_id").is_in(rows["_id"].implode())
    kept = [pl.when(~dropped).then(name).alias(name) for name in columns]
    work.put(table, work.rows(table).with_columns(kept))


def _rates(work: Work) -> pl.DataFrame:
    """Return from, date, rate into the reporting currency, both directions of the table used."""
    rows = work.rows("fx_rate")
    straight = rows.filter(pl.col("to") == work.currency).select("from", "date", "rate")
    inverse = rows.filter(pl.col("from") == work.currency).select(
        pl.col("to").alias("from"), "date", (1 / pl.col("rate")).alias("rate")
    )
    both = pl.concat([straight, inverse])
    return both.sort("from", "date").unique(["from", "date"], keep="first", maintain_order=True)


def _convert(work: Work, table: str, columns: tuple[str, ...], rates: pl.DataFrame) -> None:
    frame = work.rows(table)
    foreign = frame.filter((pl.col("currency") != work.currency).fill_null(False) & _priced(columns))
    if foreign.height == 0:
        return
    if work.currency == UNKNOWN:
        _drop_prices(work, "PRC-002", table, columns, foreign)
        return
    dated = (
        pl.col("order_date").fill_null(work.as_of) if "order_date" in frame.columns else pl.lit(work.as_of)
    )
    asked = foreign.select("_id", pl.col("currency").alias("from"), dated.alias("date")).sort("date")
    found = asked.join_asof(
        rates.sort("date"), on="date", by="from", strategy="nearest", tolerance=f"{_RATE_DAYS}d",
        check_sortedness=False,
    )  # fmt: skip
    found = found.select("_id", "rate")
    lost = foreign.join(found.filter(pl.col("rate").is_null()), on="_id", how="semi")
    _drop_prices(work, "PRC-002", table, columns, lost)
    frame = work.rows(table).join(found, on="_id", how="left", maintain_order="left")
    factor = pl.col("rate").fill_null(1.0)
    scaled = [(pl.col(name) * factor).alias(name) for name in columns]
    name = (
        pl.when(pl.col("rate").is_not_null())
        .then(pl.lit(work.currency))
        .otherwise("currency")
        .alias("currency")
    )
    work.put(table, frame.with_columns(*scaled, name).drop("rate"))
    work.assume(
        f"{table}.currency",
        work.currency,
        f"converted at the rate nearest to {work.as_of}",
        f"{foreign.height} rows",
    )


def offers(work: Work) -> pl.DataFrame:
    """Return item_id, _offer: money per order unit at the preferred source of each item, units not converted."""
    price = pl.col("unit_cost") / pl.col("price_per").fill_null(1.0)
    rows = work.rows("item_supplier").filter(pl.col("unit_cost") > 0).with_columns(price.alias("_offer"))
    return _preferred(rows).select("item_id", "_offer")


def _preferred(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the row of the first source of each item: lowest priority above 0, then lowest supplier id."""
    rank = (
        pl.when(pl.col("priority").fill_null(1) == 0)
        .then(pl.lit(2**31))
        .otherwise(pl.col("priority").fill_null(1))
    )
    ranked = rows.sort(rank, "supplier_id", "location_id", "valid_from", nulls_last=False)
    return ranked.unique("item_id", keep="first", maintain_order=True)


def check_costs(work: Work, unconverted: pl.DataFrame) -> None:
    """Give every item a cost: its own, that of its preferred source, else the median of its category.

    Parameters
    ----------
    work : Work
        Tables; `item_supplier` has its factors.
    unconverted : DataFrame
        Result of `offers` before units were converted: used, one order unit for one base unit, only when
        the profile acknowledges PRC-005.
    """
    if "item" not in work.tables:
        return
    offer = _offer_per_unit(work, unconverted)
    frame = work.rows("item").join(offer, on="item_id", how="left", maintain_order="left")
    zero = (pl.col("unit_cost") <= 0).fill_null(False) & ~pl.col("free").fill_null(False)
    unknown = pl.col("unit_cost").is_null()
    offered = pl.col("_offer").is_not_null()
    median = _category_median(frame)
    repaired = frame.filter(zero & offered)
    rule = "A cost must be greater than 0, or the item free; the price of its preferred source is taken."
    work.find(
        "PRC-005", "item", repaired, column="unit_cost", rule=rule, new=pl.col("_offer").cast(pl.String),
        old=pl.col("unit_cost").cast(pl.String), action="repair", severity="repair",
    )  # fmt: skip
    none = frame.join(median, on="item_id", how="left", maintain_order="left").filter(
        (zero | unknown) & ~offered
    )
    none = none.filter(~pl.col("free").fill_null(False))
    new = pl.col("_fallback").cast(pl.String).fill_null("")
    work.find("PRC-005", "item", none, column="unit_cost", new=new)
    _put_costs(work, frame, median, zero)
    _check_prices(work)


def _offer_per_unit(work: Work, unconverted: pl.DataFrame) -> pl.DataFrame:
    """Return item_id, _offer: money per base unit at the preferred source."""
    price = pl.col("unit_cost") / pl.col("price_per").fill_null(1.0) / pl.col("factor")
    rows = work.rows("item_supplier").filter(pl.col("unit_cost") > 0)
    found = _preferred(rows.with_columns(price.alias("_offer"))).select("item_id", "_offer")
    if "PRC-005" not in work.info.declarations.repairs:
        return found
    return pl.concat([found, unconverted.join(found, on="item_id", how="anti")])


def _category_median(frame: pl.DataFrame) -> pl.DataFrame:
    """Return item_id, _fallback: median cost of the category, else of all items."""
    known = frame.filter(pl.col("unit_cost") > 0)
    category = pl.col("category").fill_null("ALL")
    medians = known.group_by(category.alias("_category")).agg(pl.col("unit_cost").median().alias("_median"))
    named = frame.select("item_id", category.alias("_category"))
    named = named.join(medians, on="_category", how="left", maintain_order="left")
    overall = known["unit_cost"].median()
    total = float(overall) if isinstance(overall, float) else None
    return named.select(
        "item_id", pl.col("_median").fill_null(pl.lit(total, dtype=pl.Float64)).round(6).alias("_fallback")
    )


def _put_costs(work: Work, frame: pl.DataFrame, median: pl.DataFrame, zero: pl.Expr) -> None:
    frame = frame.join(median, on="item_id", how="left", maintain_order="left")
    needy = zero | pl.col("unit_cost").is_null()
    taken = frame.filter(
        needy
        & pl.col("_offer").is_null()
        & pl.col("_fallback").is_not_null()
        & ~pl.col("free").fill_null(False)
    )
    if taken.height:
        work.assume(
            "item.unit_cost",
            "median of the category",
            "holding and shortage cost rest on it",
            f"{taken.height} items",
        )
    bought = frame.filter(pl.col("unit_cost").is_null() & pl.col("_offer").is_not_null())
    if bought.height:
        work.assume(
            "item.unit_cost",
            "price of the preferred source",
            "money views rest on it",
            f"{bought.height} items",
        )
    fallback = pl.when(~pl.col("free").fill_null(False)).then("_fallback")
    cost = pl.when(needy).then(pl.coalesce("_offer", fallback)).otherwise("unit_cost")
    work.put("item", frame.with_columns(cost.alias("unit_cost")).drop("_offer", "_fallback"))


def _check_prices(work: Work) -> None:
    """Flag prices of zero, below cost, and for several units."""
    frame = work.rows("item")
    charged = ~pl.col("free").fill_null(False)
    zero = (pl.col("unit_price") <= 0).fill_null(False) & charged
    found = work.log.touched().filter(pl.col("code") == "PRC-005")["item_id"]
    work.find(
        "PRC-005",
        "item",
        frame.filter(zero & ~pl.col("item_id").is_in(found.implode())),
        column="unit_price",
        new="",
    )
    frame = frame.with_columns(pl.when(~zero).then("unit_price").alias("unit_price"))
    work.put("item", frame)
    below = frame.filter(charged & (pl.col("unit_price") < pl.col("unit_cost")))
    rule = pl.format("The price must not be below the cost of {}.", pl.col("unit_cost").cast(pl.String))
    work.find("PRC-006", "item", below, column="unit_price", rule=rule)
    _check_price_units(work)


def _check_price_units(work: Work) -> None:
    """Flag prices of a source that are 10, 100 or 1,000 times the cost of the item (PRC-008)."""
    rows = work.rows("item_supplier").filter(pl.col("price_per").is_null())
    costs = work.rows("item").select("item_id", pl.col("unit_cost").alias("_cost"))
    rows = rows.join(costs, on="item_id", how="inner", maintain_order="left")
    ratio = pl.col("unit_cost") / pl.col("factor") / pl.col("_cost")
    near = pl.coalesce(
        pl.when((ratio / factor - 1).abs() < _NEAR).then(pl.lit(factor)) for factor in _FACTORS
    )
    rows = rows.with_columns(near.alias("_times")).filter(pl.col("_times").is_not_null())
    rule = pl.format(
        "A price for several units must say so in price_per; it is about {} times the cost of the item.",
        "_times",
    )
    work.find("PRC-008", "item_supplier", rows, column="unit_cost", rule=rule)
