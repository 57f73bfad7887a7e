"""What a load comes to: counts that must balance, item-locations held and flagged, and what stops the run."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from datetime import date, timedelta
from difflib import get_close_matches
from pathlib import PurePosixPath

import polars as pl

from basestock.data.issues import IssueLog
from basestock.data.rules.rates import (
    PAIR,
    daily_demand,
    exposure,
    item_locations,
    open_quantity,
    review_days,
    stock_now,
)
from basestock.data.rules.work import TableWork, Work

MAX_HELD_SHARE = 0.20
"""Share of item-locations held above which nothing is released."""

MAX_HELD_VALUE = 0.10
"""Share of demand value held above which nothing is released."""

MAX_AGE_REVIEWS = 2.0
"""Age of the stock, in review periods, above which a run stops."""

_TOLERANCE = 1e-9
_SOURCES = ("item_supplier", "lane", "bom", "operation")


@dataclass(frozen=True, slots=True)
class RowCounts:
    """Rows of a table, or the sum of one quantity column, by what became of them.

    Parameters
    ----------
    read, accepted, repaired, quarantined, folded, ignored : float
        read = accepted + repaired + quarantined + folded + ignored.

    Examples
    --------
    >>> RowCounts(10, 8, 1, 1, 0, 0).balanced
    True
    """

    read: float
    accepted: float
    repaired: float
    quarantined: float
    folded: float
    ignored: float

    @property
    def balanced(self) -> bool:
        """Return True when nothing is lost."""
        parts = astuple(self)[1:]
        size = max(1.0, *(abs(part) for part in astuple(self)))
        return abs(self.read - sum(parts)) <= _TOLERANCE * size


def _dispositions(state: TableWork) -> pl.DataFrame:
    """Return ``_id`` and the fate of every row of a table."""
    fate = pl.repeat("accepted", state.text.height, dtype=pl.String, eager=True)
    fate = fate.scatter(state.repaired.arg_true(), "repaired")
    for name in ("ignored", "folded", "quarantined"):
        fate = fate.scatter(state.ids(name), name)
    return pl.DataFrame({"_id": state.text["_id"], "fate": fate})


def row_counts(work: Work) -> dict[str, RowCounts]:
    """Return the balance of rows of every table that was read."""
    found: dict[str, RowCounts] = {}
    for name, state in work.tables.items():
        own = dict(_dispositions(state)["fate"].value_counts().iter_rows())
        feeds = state.feeds
        found[name] = RowCounts(
            read=sum(feed.read for feed in feeds),
            accepted=int(own.get("accepted", 0)),
            repaired=int(own.get("repaired", 0)),
            quarantined=int(own.get("quarantined", 0)) + sum(feed.bad.height for feed in feeds),
            folded=int(own.get("folded", 0)) + sum(feed.folded for feed in feeds),
            ignored=int(own.get("ignored", 0)) + sum(feed.ignored for feed in feeds),
        )
    return found


def quantity_sums(work: Work) -> dict[str, dict[str, RowCounts]]:
    """Return the same balance for the sum of every quantity column, in the unit of the source."""
    found: dict[str, dict[str, RowCounts]] = {}
    for name, state in work.tables.items():
        columns = [column for column in state.quantities.columns if column != "_id"]
        fates = state.quantities.hstack([_dispositions(state)["fate"]])
        sums = fates.group_by("fate").agg(pl.col(columns).sum())
        found[name] = {column: _balance(state, column, sums) for column in columns}
    return found


def _balance(state: TableWork, column: str, sums: pl.DataFrame) -> RowCounts:
    """Balance one column; cells that are no exact number count with the rows taken out."""
    own = dict(sums.select("fate", column).iter_rows())
    feeds = [feed.sums[column] for feed in state.feeds if column in feed.sums]
    read = sum(each.read for each in feeds)
    ignored, folded, bad = (
        sum(getattr(each, part) for each in feeds) for part in ("ignored", "folded", "bad")
    )
    kept = read - ignored - folded - bad
    unread = kept - sum(own.values()) if state.quantities[column].null_count() else 0.0
    return RowCounts(
        read=read,
        accepted=own.get("accepted", 0.0),
        repaired=own.get("repaired", 0.0),
        quarantined=own.get("quarantined", 0.0) + bad + unread,
        folded=own.get("folded", 0.0) + folded,
        ignored=own.get("ignored", 0.0) + ignored,
    )


def planned_pairs(work: Work) -> pl.DataFrame:
    """Return the item-locations that are stocked."""
    off = work.rows("item_location").filter(~pl.col("stocked").fill_null(True)).select(PAIR)
    return item_locations(work).join(off, on=PAIR, how="anti")


def _codes_by_pair(marks: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Spread codes over item-locations: no location = everywhere, no item = every item."""
    exact = marks.drop_nulls().join(pairs, on=PAIR, how="semi")
    item = marks.filter(pl.col("location_id").is_null() & pl.col("item_id").is_not_null()).drop("location_id")
    everywhere = marks.filter(pl.col("item_id").is_null()).select("code")
    spread = pl.concat(
        [
            exact.select(*PAIR, "code"),
            pairs.join(item, on="item_id", how="inner").select(*PAIR, "code"),
            pairs.join(everywhere, how="cross").select(*PAIR, "code"),
        ]
    )
    return spread.group_by(PAIR).agg(pl.col("code").unique().sort().str.join(" ").alias("codes")).sort(PAIR)


def held_pairs(work: Work, pairs: pl.DataFrame) -> pl.DataFrame:
    """Return item_id, location_id, codes, on_hand, open_orders, look_by of everything held.

    Notes
    -----
    `look_by` is the day on which an order would have to be placed at the latest: stock and open orders
    last until then, less the lead time; never before the day of the load, never after the next review.
    """
    held = _codes_by_pair(work.holds(), pairs)
    held = held.join(stock_now(work), on=PAIR, how="left").join(open_quantity(work), on=PAIR, how="left")
    held = held.join(daily_demand(work), on=PAIR, how="left")
    lead = work.rows("item_supplier").group_by("item_id").agg(pl.col("lead_time_days").max().alias("_lead"))
    held = held.join(lead, on="item_id", how="left")
    supply = pl.col("on_hand").fill_null(0.0) + pl.col("open_orders").fill_null(0.0)
    cover = pl.when(pl.col("daily") > 0).then(supply / pl.col("daily"))
    latest = review_days(work)
    left = (cover - pl.col("_lead").fill_null(0.0)).clip(0.0, latest).fill_null(latest).floor().cast(pl.Int64)
    look_by = pl.lit(work.as_of) + pl.duration(days=left)
    return held.select(
        *PAIR, "codes", "on_hand", pl.col("open_orders").fill_null(0.0), look_by.cast(pl.Date).alias("look_by")
    ).sort(PAIR)  # fmt: skip


def flagged_pairs(work: Work, pairs: pl.DataFrame) -> pl.DataFrame:
    """Return item_id, location_id, codes of everything that is never released automatically."""
    return _codes_by_pair(work.flags(), pairs)


def check_stops(work: Work, pairs: pl.DataFrame, held: pl.DataFrame) -> None:
    """Log what stops the whole run, but for a lost row (RUN-001, RUN-002, RUN-004)."""
    _check_required(work)
    _check_held(work, pairs, held)
    _check_age(work)


def _check_required(work: Work) -> None:
    assumed = work.info.assume
    for name in ("item", "inventory", "demand_history"):
        if not work.has(name) and name not in assumed:
            rule = f"{name} must be present, accepted and not empty{_found_instead(work, name)}"
            work.log.add("RUN-001", table=name, value=name, rule=rule)
    if not any(work.has(name) for name in _SOURCES):
        rule = "a source of supply must be there: item_supplier, lane, bom or operation"
        rule += _found_instead(work, "item_supplier")
        work.log.add("RUN-001", table="item_supplier", value="item_supplier", rule=rule)


def _found_instead(work: Work, table: str) -> str:
    """Say what became of the table, or which file that was not read has a name near it."""
    if table in work.tables:
        return f"; all {sum(feed.read for feed in work.tables[table].feeds)} rows were taken out"
    files = work.info.files
    if any(table in file.tables and file.status == "refused" for file in files):
        return "; its file was refused"
    unread = {
        (file.sheet or PurePosixPath(file.name).stem).split(".")[0]: file
        for file in files
        if file.status == "ignored"
    }
    near = get_close_matches(table, unread, n=1, cutoff=0.6)
    if not near:
        return ""
    label = f"{unread[near[0]].name}#{unread[near[0]].sheet}".removesuffix("#")
    return f"; `{label}` was not read, is it meant?"


def _check_held(work: Work, pairs: pl.DataFrame, held: pl.DataFrame) -> None:
    if pairs.height == 0 or held.height == 0:
        return
    share = held.height / pairs.height
    values = exposure(work).join(pairs, on=PAIR, how="semi")
    total = float(values["demand_value"].sum())
    lost = float(values.join(held, on=PAIR, how="semi")["demand_value"].sum())
    value_share = lost / total if total > 0 else 0.0
    if share <= MAX_HELD_SHARE and value_share <= MAX_HELD_VALUE:
        return
    text = f"{held.height} of {pairs.height} item-locations ({share:.1%}), {value_share:.1%} of demand value"
    work.log.add("RUN-002", value=text)


def check_balance(
    log: IssueLog, rows: dict[str, RowCounts], quantities: dict[str, dict[str, RowCounts]]
) -> None:
    """Log tables and columns whose balance does not close: a defect of our own (RUN-003)."""
    for name, counts in rows.items():
        if not counts.balanced:
            log.add("RUN-003", table=name, value=f"{name}: {counts}")
    for name, columns in quantities.items():
        for column, counts in columns.items():
            if not counts.balanced:
                log.add("RUN-003", table=name, column=column, value=f"{name}.{column}: {counts}")


def _check_age(work: Work) -> None:
    newest = work.rows("inventory")["as_of"].max()
    if not isinstance(newest, date) or "RUN-004" in work.info.declarations.repairs:
        return
    limit = MAX_AGE_REVIEWS * review_days(work)
    if work.as_of - newest > timedelta(days=limit):
        rule = f"stock must not be older than {limit:g} days, two review periods, on {work.as_of}"
        work.log.add("RUN-004", table="inventory", column="as_of", value=str(newest), rule=rule)


def quarantine_frames(work: Work, load_id: str, log_bad: bool = True) -> dict[str, pl.DataFrame]:
    """Return the rows taken out of each table: original columns as original text, lineage and reasons."""
    found: dict[str, pl.DataFrame] = {}
    for name, state in work.tables.items():
        frames = (
            [feed.bad.drop("_raw", strict=False) for feed in state.feeds if feed.bad.height]
            if log_bad
            else []
        )
        reasons = state.findings()
        offset = 0
        for feed in state.feeds:
            own = reasons.filter(pl.col("_id").is_between(offset, offset + feed.frame.height - 1))
            if own.height:
                raw = feed.raw_rows(own["_id"] - offset)
                own = own.with_columns((pl.col("_id") - offset).cast(pl.UInt32).alias("_frame")).drop("_id")
                frames.append(raw.join(own, on="_frame", how="left", maintain_order="left").drop("_frame"))
            offset += feed.frame.height
        if frames:
            found[name] = _arranged(pl.concat(frames, how="diagonal_relaxed"), load_id)
    return found


_LINEAGE = ("_file", "_sheet", "_row", "_sha256", "_codes", "_rule", "_remedy")


def _arranged(frame: pl.DataFrame, load_id: str) -> pl.DataFrame:
    own = [name for name in frame.columns if not name.startswith("_")]
    frame = frame.select(*own, *_LINEAGE, pl.lit(load_id).alias("_load"))
    return frame.sort("_file", "_sheet", "_row")
