"""The health report of a load: what balances, what is wrong and worth how much, what is on, what stops."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from basestock.data.codes import RECHECK
from basestock.data.coverage import Coverage, coverage_of
from basestock.data.identities import movements_close, supply_counted_once
from basestock.data.load_history import Difference, difference
from basestock.data.rules.places import UNDATED

if TYPE_CHECKING:
    from basestock.data.dataset import Dataset

SCHEMA = "basestock.check/1"
"""Name and version of the document."""

SOURCE_SHARE = 0.05
"""A code that concerns more than this share of the rows of a file is one finding about the file."""

_EXIT = {"RUN-001": 3, "RUN-002": 3, "RUN-003": 1, "RUN-004": 3}
_SHOWN = 1_000
_LINES = 12


@dataclass(frozen=True, eq=False)
class CheckReport:
    """What a load is worth.

    Parameters
    ----------
    dataset : Dataset
        The load.
    coverage : Coverage
        Features that are on, and which file would switch on the next.
    identities : dict
        The three identities: rows and quantities, movements, supply counted once.
    changed : Difference or None
        Against an earlier load.
    previous : Path or None
        Folder of that load.
    """

    dataset: Dataset
    coverage: Coverage
    identities: dict[str, Any]
    changed: Difference | None = None
    previous: Path | None = None

    @classmethod
    def of(cls, dataset: Dataset, previous: str | Path | None = None) -> CheckReport:
        """Make the report of a dataset, with the difference to an earlier one."""
        rows = all(counts.balanced for counts in dataset.counts.values())
        sums = all(each.balanced for columns in dataset.quantities.values() for each in columns.values())
        identities = {
            "rows": {"holds": rows and sums, "tables": len(dataset.counts)},
            "movements": movements_close(dataset),
            "supply": supply_counted_once(dataset),
        }
        folder = None if previous is None else Path(previous)
        changed = None if folder is None else difference(dataset, folder)
        return cls(dataset, coverage_of(dataset), identities, changed, folder)

    @property
    def counts(self) -> dict[str, int]:
        """Return the number of findings of each code, by code."""
        counted = self.dataset.issues.group_by("code").len().sort("code")
        return {str(code): int(count) for code, count in counted.iter_rows()}

    @property
    def stops(self) -> pl.DataFrame:
        """Return the findings that stop the run."""
        return self.dataset.issues.filter(pl.col("action") == "stop")

    @property
    def exit_code(self) -> int:
        """Return 0, 3 when the data stops the run, 1 for a defect of our own."""
        codes = {_EXIT.get(str(code), 3) for code in self.stops["code"]}
        if self.dataset.strict and self.dataset.issues.filter(pl.col("severity") != "repair").height:
            codes.add(3)
        return min(codes) if codes else 0

    @property
    def exposure(self) -> dict[str, Any]:
        """Return money at stake: stock value plus 30 days of demand value, reporting currency."""
        pair = ["item_id", "location_id"]
        pairs = self.dataset.pairs

        def worth(of: pl.DataFrame) -> float:
            return round(float(pairs.join(of, on=pair, how="semi")["exposure"].sum()), 2)

        flagged = self.dataset.flagged.join(self.dataset.held, on=pair, how="anti")
        return {
            "currency": self.dataset.currency,
            "total": round(float(pairs["exposure"].sum()), 2),
            "held": worth(self.dataset.held),
            "flagged": worth(flagged),
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the ``check`` document."""
        data = self.dataset
        return {
            "schema": SCHEMA,
            "source": data.info.name,
            "as_of": data.as_of.isoformat(),
            "currency": data.currency,
            "inputs_sha": data.inputs_sha,
            "tables": {name: asdict(counts) for name, counts in data.counts.items()},
            "quantities": {
                table: {column: asdict(each) for column, each in columns.items()}
                for table, columns in data.quantities.items()
            },
            "counts": self.counts,
            "identities": self.identities,
            "coverage": self.coverage.to_dict(),
            "item_locations": {
                "total": data.pairs.height, "held": data.held.height, "flagged": data.flagged.height,
            },
            "held": [_plain(row) for row in data.held.iter_rows(named=True)],
            "exposure": self.exposure,
            "assumptions": list(data.assumptions.iter_rows(named=True)),
            "difference": self.changed.to_dict() if self.changed else None,
            "stops": list(self.stops.select("code", "value", "rule", "remedy").iter_rows(named=True)),
            "exit_code": self.exit_code,
        }  # fmt: skip

    def findings(self) -> pl.DataFrame:
        """Return every finding, most money first, with the first and the last load that had it."""
        issues = self.dataset.issues
        if self.changed is None:
            day = pl.lit(self.dataset.as_of)
            return issues.with_columns(day.alias("first_seen"), day.alias("last_seen"))
        seen = self.changed.history
        return issues.join(seen, on=["code", "key", "column"], how="left", maintain_order="left")

    def to_frame(self) -> pl.DataFrame:
        """Return one row per code and file: number of findings, money at stake, an example."""
        rows = {(file.name, file.sheet): file.rows for file in self.dataset.info.files}
        grouped = self.dataset.issues.group_by("code", "severity", "file", "sheet").agg(
            pl.len().alias("count"),
            pl.col("exposure").max(),
            pl.col("row", "key", "column", "value", "rule", "remedy", "action").first(),
        )
        sizes = [rows.get((file, sheet), 0) for file, sheet in grouped.select("file", "sheet").iter_rows()]
        size = pl.Series("rows", sizes, dtype=pl.Int64)
        return (
            grouped.with_columns(size)
            .with_columns((pl.col("count") > SOURCE_SHARE * pl.col("rows")).alias("about_source"))
            .sort(
                "exposure", "code", "file", "sheet", "severity", descending=[True, False, False, False, False]
            )
        )

    def summary(self) -> str:
        """Return the report as text, most money first."""
        parts = [self._head(), self._tables(), self._findings(), self._held(), self.coverage.text()]
        if self.changed:
            parts.append(self.changed.text())
        return "\n\n".join(part for part in [*parts, self._verdict()] if part)

    def __str__(self) -> str:
        return self.summary()

    def _head(self) -> str:
        data = self.dataset
        money = self.exposure
        unit = data.currency if data.currency != "XXX" else "units of money"
        day = "no day known" if data.as_of == UNDATED else f"as of {data.as_of}"
        first = f"{data.info.name}: {day}, {data.pairs.height} item-locations, "
        first += f"{money['total']:,.2f} {unit} at stake"
        unread = sorted({file.name for file in data.info.files if file.status == "ignored"})
        if unread:
            more = ", ..." if len(unread) > _LINES else ""
            first += f"\nnot read, named as no table and in no mapping: {', '.join(unread[:_LINES])}{more}"
        if "purchase_order" not in data.tables:
            first += "\nno open orders were given: an order already on its way would be proposed again"
        return first

    def _tables(self) -> str:
        lines = [
            f"{'table':<18}{'read':>10}{'accepted':>10}{'repaired':>10}{'quarantined':>12}{'folded':>8}{'ignored':>9}"
        ]
        for name, n in self.dataset.counts.items():
            lines.append(
                f"{name:<18}{n.read:>10}{n.accepted:>10}{n.repaired:>10}{n.quarantined:>12}{n.folded:>8}{n.ignored:>9}"
            )
        sound = (
            "every row and every quantity is accounted for"
            if self.identities["rows"]["holds"]
            else "rows are lost"
        )
        return "\n".join([*lines, sound])

    def _findings(self) -> str:
        frame = self.to_frame().filter(~pl.col("code").str.starts_with("RUN-"))
        if frame.height == 0:
            return "no findings"
        lines = [_line(row) for row in frame.head(_SHOWN).iter_rows(named=True)]
        return "\n".join(["findings, most money first; correct them and check again", *lines])

    def _held(self) -> str:
        held = self.dataset.held
        if held.height == 0:
            return ""
        lines = [
            f"  {row['item_id']} at {row['location_id']}: {row['codes']}; stock {_number(row['on_hand'])}, "
            f"on order {_number(row['open_orders'])}, look by {row['look_by']}"
            for row in held.head(_LINES).iter_rows(named=True)
        ]
        more = [f"  ... and {held.height - _LINES} more"] if held.height > _LINES else []
        return "\n".join([f"not planned: {held.height} item-locations on hold", *lines, *more])

    def _verdict(self) -> str:
        if self.stops.height == 0:
            return "the data can be planned"
        reasons = [
            f"  {row['code']}: {row['value']}; {row['rule'].rstrip('.')}. {_advice(row['remedy'])}"
            for row in self.stops.iter_rows(named=True)
        ]
        return "\n".join(["stopped: the part that can be planned is for a first look only", *reasons])


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:g}"


def _advice(remedy: str) -> str:
    """Return a remedy without the reminder to check again, which the report says once."""
    return remedy.removesuffix(RECHECK)


def _line(row: dict[str, Any]) -> str:
    """Say one code in one file: as one finding about the file when it concerns much of it."""
    where = f"{row['file']}{'#' + row['sheet'] if row['sheet'] else ''}"
    if row["count"] == 1:
        place = f"{where} row {row['row']}" if row["row"] is not None else where
        told = f"{place} {row['key']} {row['column']} `{row['value']}`".strip()
    elif row["about_source"] and row["rows"]:
        first = f", first row {row['row']} `{row['value']}`" if row["row"] is not None else ""
        told = f"{row['count']} of {row['rows']} rows of {where}{first}"
    else:
        told = f"{row['count']} times in {where or 'the tables'}, first {row['key']} `{row['value']}`"
    advice = f"{row['rule'].rstrip('.')}. {_advice(row['remedy'])}"
    return f"  {row['code']} {row['severity']:<8} {told}: {advice} [{row['action']}]"
