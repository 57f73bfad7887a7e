"""Units: conversions are checked, then every quantity is brought into the base unit of its item (UOM codes)."""

from __future__ import annotations

import polars as pl

from basestock.data.rules.work import Work
from basestock.data.units import Conversions, broken_loop, changes_dimension, dimension, folded

_CONVERTED = {
    "demand_history": ("uom", "item_id", ("qty", "lost_qty", "returned_qty"), ("net_price",)),
    "purchase_order": ("uom", "item_id", ("qty_ordered", "qty_received"), ("unit_price",)),
    "transfer_order": ("uom", "item_id", ("qty_ordered", "qty_received"), ("unit_price",)),
    "production_order": ("uom", "item_id", ("qty_ordered", "qty_received", "scrapped_qty"), ("unit_price",)),
    "bom": ("uom", "component_id", ("qty_per",), ()),
}
"""Table: unit column, item column, quantities, prices per unit."""

_DIGITS = 9


def check_conversions(work: Work) -> Conversions:
    """Check the conversion table and return the usable factors, weights of items included."""
    rows = work.rows("uom_conversion")
    _flag_upside_down(work, rows)
    crossing = [
        changes_dimension(first, second) for first, second in rows.select("from_uom", "to_uom").iter_rows()
    ]
    general = rows.filter(pl.col("item_id").is_null() & pl.Series(crossing, dtype=pl.Boolean))
    work.find("UOM-005", "uom_conversion", general, column="factor")
    work.settle("uom_conversion")
    _check_loops(work)
    _check_specific(work)
    rows = work.rows("uom_conversion").select(pl.col("item_id").fill_null(""), "from_uom", "to_uom", "factor")
    return Conversions.of([*_weights(work), *rows.sort(rows.columns).iter_rows()])


def _weights(work: Work) -> list[tuple[str, str, str, float]]:
    """Return weight and volume as factors of items that are counted in pieces."""
    items = work.rows("item").select("item_id", "base_uom", "weight_kg", "volume_m3").drop_nulls("base_uom")
    found: list[tuple[str, str, str, float]] = []
    for column, unit in (("weight_kg", "KG"), ("volume_m3", "M3")):
        measured = items.filter(pl.col(column) > 0).select("item_id", "base_uom", column)
        found += [
            (item, base, unit, size)
            for item, base, size in measured.iter_rows()
            if dimension(base) != dimension(unit)
        ]
    return found


def _flag_upside_down(work: Work, rows: pl.DataFrame) -> None:
    """Flag packs that would hold less than one base unit (UOM-004)."""
    items = work.rows("item").select("item_id", "base_uom")
    rows = rows.join(items, on="item_id", how="left", maintain_order="left").filter(pl.col("factor") < 1)
    mask = [
        dimension(first) == "" and (folded(second) == folded(base) if base else dimension(second) == "count")
        for first, second, base in rows.select("from_uom", "to_uom", "base_uom").iter_rows()
    ]
    rows = rows.filter(pl.Series(mask, dtype=pl.Boolean))
    inverse = (1 / pl.col("factor")).round(4).cast(pl.String)
    work.find("UOM-004", "uom_conversion", rows, column="factor", rule=pl.format(
        "A pack holds at least one base unit; upside down the factor would be {}.", inverse
    ))  # fmt: skip


def _check_loops(work: Work) -> None:
    """Hold items whose factors contradict each other around a loop (UOM-002)."""
    rows = work.rows("uom_conversion").sort("item_id", "from_uom", "to_uom", nulls_last=False)
    general = rows.filter(pl.col("item_id").is_null())
    common = list(general.select("from_uom", "to_uom", "factor").iter_rows())
    _report_loop(work, general, common)
    for _, own in rows.filter(pl.col("item_id").is_not_null()).group_by("item_id", maintain_order=True):
        edges = list(own.select("from_uom", "to_uom", "factor").iter_rows())
        told = {frozenset((folded(first), folded(second))) for first, second, _ in edges}
        rest = [edge for edge in common if frozenset((folded(edge[0]), folded(edge[1]))) not in told]
        if broken_loop(common) is None:
            _report_loop(work, own, [*rest, *edges])


def _report_loop(work: Work, rows: pl.DataFrame, edges: list[tuple[str, str, float]]) -> None:
    broken = broken_loop(edges)
    if broken is None or rows.height == 0:
        return
    (first, second, factor), implied = broken
    rule = (
        f"The product of factors around each loop must be 1; {first} to {second} is {factor:g}, "
        f"but {implied:g} along the other path."
    )
    spelled = [
        (folded(a), folded(b)) == (first, second) for a, b in rows.select("from_uom", "to_uom").iter_rows()
    ]
    offender = rows.filter(pl.Series(spelled, dtype=pl.Boolean)).head(1)
    offender = offender if offender.height else rows.tail(1)
    work.find("UOM-002", "uom_conversion", offender, column="factor", rule=rule)
    if offender["item_id"][0] is None:
        work.hold("UOM-002", _users(work, {first, second}))


def _users(work: Work, units: set[str]) -> pl.DataFrame:
    """Return the items with rows in one of some units other than their base unit."""
    needs = _needs(work)
    mask = [
        folded(unit) in units and folded(unit) != folded(base)
        for unit, base in needs.select("uom", "base_uom").iter_rows()
    ]
    return needs.filter(pl.Series(mask, dtype=pl.Boolean)).select("item_id").unique()


def _check_specific(work: Work) -> None:
    """Flag factors of an item that contradict the general one; the specific one wins (UOM-007)."""
    rows = work.rows("uom_conversion")
    general = rows.filter(pl.col("item_id").is_null()).select(
        "from_uom", "to_uom", pl.col("factor").alias("_all")
    )
    own = rows.filter(pl.col("item_id").is_not_null()).join(general, on=["from_uom", "to_uom"], how="inner")
    own = own.filter((pl.col("factor") / pl.col("_all") - 1).abs() > _DIRT)
    rule = pl.format("The factor of an item must agree with the general one, which is {}.", "_all")
    work.find("UOM-007", "uom_conversion", own, column="factor", rule=rule)


_DIRT = 1e-9


def _needs(work: Work) -> pl.DataFrame:
    """Return every item and unit that occur, with the base unit of the item."""
    used = [
        work.rows(table).select(pl.col(item).alias("item_id"), pl.col(unit).alias("uom"))
        for table, (unit, item, _, _) in _CONVERTED.items()
        if table in work.tables and work.rows(table)[unit].null_count() < work.rows(table).height
    ]
    used.append(work.rows("item_supplier").select("item_id", pl.col("order_uom").alias("uom")))
    needs = pl.concat(used).drop_nulls().unique()
    return needs.join(work.rows("item").select("item_id", "base_uom"), on="item_id", how="inner").sort(
        "item_id", "uom"
    )


def _resolved(work: Work, conversions: Conversions) -> pl.DataFrame:
    """Return item_id, uom, base_uom, factor, whether only the spelling differs, and a code without factor."""
    needs = _needs(work)
    found: list[tuple[float | None, str | None, bool]] = []
    for item, unit, base in needs.iter_rows():
        same = folded(unit) == folded(base)
        factor = 1.0 if same else conversions.factor(item, unit, base)
        mass = {dimension(unit), dimension(base)} == {"mass", "count"}
        found.append((factor, None if factor is not None else "UOM-005" if mass else "UOM-001", same))
    schema = {"_factor": pl.Float64, "_code": pl.String, "_same": pl.Boolean}
    return needs.hstack(pl.DataFrame(found, schema=schema, orient="row"))


def convert_quantities(work: Work, conversions: Conversions) -> None:
    """Bring quantities into base units; rows without a factor are taken out, or take the assumed one."""
    factors = _resolved(work, conversions)
    receipts = _receipt_factors(work, factors)
    for table, (unit, item, quantities, prices) in _CONVERTED.items():
        if table in work.tables:
            frame = _with_factor(work, table, unit, item, factors)
            scaled = [(pl.col(name) * pl.col("_factor")).round(_DIGITS).alias(name) for name in quantities]
            per_unit = [(pl.col(name) / pl.col("_factor")).alias(name) for name in prices]
            base = pl.coalesce("base_uom", unit).alias(unit)
            if not frame["_factor"].eq(1.0).all():
                frame = frame.with_columns(*scaled, *per_unit)
            work.put(table, frame.with_columns(base).drop("_factor", "_same", "base_uom"))
    if "item_supplier" in work.tables:
        frame = _with_factor(work, "item_supplier", "order_uom", "item_id", factors)
        same = pl.col("order_uom").is_null() | pl.col("_same").fill_null(False)
        base = (
            pl.when(same).then(pl.coalesce("base_uom", "order_uom")).otherwise("order_uom").alias("order_uom")
        )
        frame = frame.with_columns(base).rename({"_factor": "factor"})
        work.put("item_supplier", frame.drop("base_uom", "_same"))
    _convert_receipts(work, receipts)
    work.settle()


def _with_factor(work: Work, table: str, unit: str, item: str, factors: pl.DataFrame) -> pl.DataFrame:
    """Join the factor of each row's unit, findings for those that have none."""
    frame = work.rows(table)
    bases = work.rows("item").select(pl.col("item_id").alias(item), "base_uom")
    if frame[unit].null_count() == frame.height:
        frame = frame.join(bases, on=item, how="left", maintain_order="left")
        return frame.with_columns(pl.lit(1.0).alias("_factor"), pl.lit(True).alias("_same"))
    known = factors.rename({"item_id": item, "uom": unit})
    frame = frame.join(known, on=[item, unit], how="left", maintain_order="left")
    _report_aliases(work, table, unit, frame)
    _report_missing(work, table, unit, frame)
    frame = frame.drop("base_uom", "_code").join(bases, on=item, how="left", maintain_order="left")
    return frame.with_columns(pl.col("_factor").fill_null(work.settings.assume_factor or 1.0))


def _report_aliases(work: Work, table: str, unit: str, frame: pl.DataFrame) -> None:
    """Another spelling of the base unit is repaired (UOM-006)."""
    rows = frame.filter(pl.col("_same") & (pl.col(unit) != pl.col("base_uom")))
    work.find("UOM-006", table, rows, column=unit, old=pl.col(unit), new=pl.col("base_uom"))


def _report_missing(work: Work, table: str, unit: str, frame: pl.DataFrame) -> None:
    assumed = work.settings.assume_factor
    for code in ("UOM-001", "UOM-005"):
        rows = frame.filter(pl.col("_code") == code)
        target = "BOM-008" if table == "bom" else code
        rule = pl.format("A conversion of {} into {} must exist.", unit, "base_uom")
        if assumed is None:
            work.find(target, table, rows, column=unit, rule=rule)
        elif rows.height:
            work.find(
                target, table, rows, column=unit, rule=rule, new=f"{assumed:g}", action="repair",
                severity="repair",
            )  # fmt: skip
            effect = f"one order unit is taken as {assumed:g} base units"
            work.assume(f"{table}.{unit}", f"{assumed:g}", effect, f"{rows.height} rows without a factor")


def _receipt_factors(work: Work, factors: pl.DataFrame) -> pl.DataFrame:
    """Return the factor of each order line, for its receipts, which are in the unit of the line."""
    lines = work.rows("purchase_order").select("po_id", "line_id", "item_id", "uom").drop_nulls("uom")
    lines = lines.join(factors, on=["item_id", "uom"], how="inner")
    factor = pl.col("_factor").fill_null(work.settings.assume_factor or 1.0)
    return lines.group_by("po_id", "line_id").agg(factor.first().alias("_factor"))


def _convert_receipts(work: Work, factors: pl.DataFrame) -> None:
    if "receipt" not in work.tables or factors.height == 0:
        return
    frame = work.rows("receipt").join(factors, on=["po_id", "line_id"], how="left", maintain_order="left")
    factor = pl.col("_factor").fill_null(1.0)
    scaled = [(pl.col(name) * factor).round(_DIGITS).alias(name) for name in ("qty", "rejected_qty")]
    work.put("receipt", frame.with_columns(scaled).drop("_factor"))
