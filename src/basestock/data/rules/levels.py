"""Levels of demand that change on one day and stay: migrations and changed units (DEM-013, UOM-008)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from basestock.data.rules.rates import PAIR
from basestock.data.rules.work import Work

LEFT_OUT = "left_out"
"""Column of the history: True for buckets that say nothing about the level of today."""

_TABLE = "demand_history"
_BLOCK_DAYS = 28
_SIDE = 4
_APART, _RATIO = 1.5, 2.0
_TOGETHER = 0.2
_FEWEST_SERIES = 3
_FACTORS = (10.0, 12.0, 24.0, 100.0, 144.0, 1000.0)
_NEAR = 0.1
_CLEAR = 0.35
_STEADY = 0.2


def leave_out(work: Work, rows: pl.DataFrame) -> None:
    """Keep some buckets, by ``_id``, out of fits; they stay in the books."""
    frame = work.rows(_TABLE)
    before = pl.col(LEFT_OUT) if LEFT_OUT in frame.columns else pl.lit(False)
    work.put(
        _TABLE, frame.with_columns((before | pl.col("_id").is_in(rows["_id"].implode())).alias(LEFT_OUT))
    )


@dataclass(frozen=True, eq=False)
class _Blocks:
    """Mean quantity a bucket, by series and block of four weeks; NaN = nothing recorded."""

    series: pl.DataFrame
    values: np.ndarray
    first: date

    def day(self, block: int) -> date:
        """Return the first day of a block."""
        return self.first + timedelta(days=_BLOCK_DAYS * block)


def check_levels(work: Work) -> None:
    """Find levels that changed for good, in many items at once or by the factor between two units."""
    blocks = _blocks(work)
    if blocks is None:
        return
    valid = _breaks(blocks.values)
    together = _check_migration(work, blocks, valid)
    _check_units(work, blocks, valid & ~together[:, None])


def _blocks(work: Work) -> _Blocks | None:
    frame = work.rows(_TABLE).filter(pl.col("qty").is_not_null())
    first, last = frame["bucket_start"].min(), frame["bucket_start"].max()
    if not isinstance(first, date) or not isinstance(last, date):
        return None
    count = (
        int(
            frame.select((pl.col("bucket_start").max() - pl.col("bucket_start").min()).dt.total_days()).item()
        )
        // _BLOCK_DAYS
        + 1
    )
    if count < 2 * _SIDE + 1:
        return None
    series = frame.select(PAIR).unique().sort(PAIR).with_row_index("_series")
    block = (pl.col("bucket_start") - pl.lit(first)).dt.total_days() // _BLOCK_DAYS
    cells = frame.lazy().group_by(*PAIR, block.alias("_block")).agg(
        pl.col("qty").sum().alias("_sum"), pl.col("bucket_start").n_unique().alias("_seen")
    ).collect().join(series, on=PAIR)  # fmt: skip
    values = np.full((series.height, count), np.nan)
    usual = max(float(cells["_seen"].to_numpy().mean()), 1.0) if work.gaps == "zero" else None
    sums, seen = cells["_sum"].to_numpy(), cells["_seen"].to_numpy()
    values[cells["_series"].to_numpy(), cells["_block"].to_numpy()] = sums / (usual or seen)
    return _Blocks(series, values, first)


def _breaks(values: np.ndarray) -> np.ndarray:
    """Return ``[series, block]``: True where all before lie apart from all after; the block itself is left out."""
    height, count = values.shape
    known = np.isfinite(values)
    low, high = np.where(known, values, np.inf), np.where(known, values, -np.inf)
    before_low, before_high = np.minimum.accumulate(low, 1), np.maximum.accumulate(high, 1)
    after_low = np.minimum.accumulate(low[:, ::-1], 1)[:, ::-1]
    after_high = np.maximum.accumulate(high[:, ::-1], 1)[:, ::-1]
    seen = np.cumsum(known, 1)
    valid = np.zeros((height, count), dtype=bool)
    for block in range(_SIDE, count - _SIDE):
        enough = (seen[:, block - 1] >= _SIDE) & (seen[:, -1] - seen[:, block] >= _SIDE)
        up = after_low[:, block + 1] >= _APART * before_high[:, block - 1]
        down = before_low[:, block - 1] >= _APART * after_high[:, block + 1]
        alive = (before_high[:, block - 1] > 0) & (after_high[:, block + 1] > 0)
        valid[:, block] = enough & alive & (up | down)
    return valid


def _ratios(blocks: _Blocks, lines: np.ndarray, block: int) -> np.ndarray:
    """Return the median level after a block over that before it."""
    before = np.nanmedian(blocks.values[lines, :block], axis=1)
    after = np.nanmedian(blocks.values[lines, block + 1 :], axis=1)
    return np.divide(after, before, out=np.full(len(lines), np.nan), where=before > 0)


def _check_migration(work: Work, blocks: _Blocks, valid: np.ndarray) -> np.ndarray:
    """Flag a day on which more than a fifth of the items change their level (DEM-013); return their series."""
    chosen = np.zeros(len(valid), dtype=bool)
    if not valid.any():
        return chosen
    block = int(valid.sum(0).argmax())
    lines = np.flatnonzero(valid[:, block])
    ratios = _ratios(blocks, lines, block)
    lines = lines[(ratios >= _RATIO) | (ratios <= 1 / _RATIO)]
    names = blocks.series["item_id"]
    items, total = names.gather(lines).n_unique(), names.n_unique()
    if items < _FEWEST_SERIES or items <= _TOGETHER * total:
        return chosen
    chosen[lines] = True
    rows = work.rows(_TABLE).join(blocks.series[lines].select(PAIR), on=PAIR, how="semi")
    day = _change(blocks, rows, block)
    rule = (
        f"levels must not change on one day in more than 20 % of the items; {items} of {total} do on {day}, "
        "fits start after it"
    )
    first = (
        rows.filter(pl.col("bucket_start") >= day).sort("bucket_start", "_file", "_row").row(0, named=True)
    )
    work.log.add(
        "DEM-013",
        table=_TABLE,
        file=first["_file"],
        row=first["_row"],
        column="bucket_start",
        value=str(day),
        rule=rule,
    )
    work.flag("DEM-013", blocks.series[lines])
    if "DEM-013" not in work.info.declarations.repairs:
        leave_out(work, rows.filter(pl.col("bucket_start") < day))
    return chosen


def _change(blocks: _Blocks, rows: pl.DataFrame, block: int) -> date:
    """Return the day of a change near a block: the split of the buckets around it that separates them best."""
    near = rows.filter(
        pl.col("bucket_start").is_between(blocks.day(block - 1), blocks.day(block + 2), closed="left")
    )
    scaled = pl.col("qty") / pl.col("qty").mean().over(PAIR)
    days = near.with_columns(scaled.alias("_scaled")).group_by("bucket_start").agg(pl.col("_scaled").mean())
    days = days.sort("bucket_start")
    levels, count = days["_scaled"].to_numpy(), days.height
    cuts = np.arange(1, count)
    sums = np.cumsum(levels)[:-1]
    gap = np.abs(sums / cuts - (levels.sum() - sums) / (count - cuts)) * np.sqrt(cuts * (count - cuts))
    return days["bucket_start"][int(gap.argmax()) + 1] if count > 1 else blocks.day(block)


def _check_units(work: Work, blocks: _Blocks, valid: np.ndarray) -> None:
    """Flag items whose level jumps by the factor of a unit while their price stays (UOM-008)."""
    lines = np.flatnonzero(valid.any(1))
    if not len(lines):
        return
    own = work.rows("item_supplier").select("item_id", "factor").drop_nulls()
    own = pl.concat([own, work.rows("uom_conversion").select("item_id", "factor").drop_nulls()])
    factors = {str(name): set(rows["factor"]) for (name,), rows in own.group_by("item_id")}
    seen: set[str] = set()
    for line in lines.tolist():
        item, place = blocks.series.row(line)[1:]
        block = int(valid[line].argmax())
        ratio = float(_ratios(blocks, np.array([line]), block)[0])
        known = (*_FACTORS, *(each for each in sorted(factors.get(item, ())) if each >= 3))
        factor = next((each for each in known if abs(max(ratio, 1 / ratio) / each - 1) < _NEAR), None)
        if factor is None or item in seen or _gap(blocks, line, block, ratio) < _CLEAR * factor:
            continue
        rows = work.rows(_TABLE).filter((pl.col("item_id") == item) & (pl.col("location_id") == place))
        seen |= {item} if _report_unit(work, rows, _change(blocks, rows, block), ratio, factor) else set()


def _gap(blocks: _Blocks, line: int, block: int, ratio: float) -> float:
    """Return how many times the lowest block of the high side is the highest of the low side."""
    before, after = blocks.values[line, :block], blocks.values[line, block + 1 :]
    low, high = (before, after) if ratio > 1 else (after, before)
    return float(np.nanmin(high) / np.nanmax(low))


def _report_unit(work: Work, rows: pl.DataFrame, day: date, ratio: float, factor: float) -> bool:
    before, after = rows.filter(pl.col("bucket_start") < day), rows.filter(pl.col("bucket_start") >= day)
    prices = [part["net_price"].median() for part in (before, after)]
    if all(isinstance(price, float) and price > 0 for price in prices):
        old, new = prices
        if abs(float(new) / float(old) - 1) > _STEADY:  # type: ignore[arg-type]
            return False
    times = f"{ratio:.3g}"
    rule = (
        f"One base unit must hold for the whole history; from {day} on the level is {times} times that before, as "
        f"with a unit of {factor:g}; the older part is not used for the level."
    )
    first = after.sort("bucket_start", "_file", "_row").head(1)
    work.find("UOM-008", _TABLE, first, column="qty", rule=rule)
    if "UOM-008" not in work.info.declarations.repairs:
        leave_out(work, before)
    return True
