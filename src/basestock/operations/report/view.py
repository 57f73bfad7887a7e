"""What the report shows: the frames of one run, checked and typed once, before anything is drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import polars as pl
from polars.datatypes import DataTypeClass

TEXT, NUMBER, COUNT, DAY, FLAG = pl.String, pl.Float64, pl.Int64, pl.Date, pl.Boolean
Dtype = DataTypeClass


@dataclass(frozen=True)
class FrameSchema:
    """The columns of one frame: those it must have, and those that become unknown when absent."""

    required: Mapping[str, Dtype]
    optional: Mapping[str, Dtype] = field(default_factory=dict[str, Dtype])

    def columns(self) -> dict[str, Dtype]:
        """Every column with its type, required ones first."""
        return {**self.required, **self.optional}


_PLACE: dict[str, Dtype] = {"item_id": TEXT, "location_id": TEXT}

FRAMES: dict[str, FrameSchema] = {
    "orders": FrameSchema(
        required={
            "proposal_id": TEXT,
            "kind": TEXT,
            **_PLACE,
            "source_id": TEXT,
            "order_date": DAY,
            "qty": NUMBER,
            "line_cost": NUMBER,
            "value_now": NUMBER,
            "value_se": NUMBER,
            "return_per_currency": NUMBER,
            "p_stockout_without": NUMBER,
            "p_stockout_with": NUMBER,
            "reason_codes": TEXT,
        },
        optional={
            "run_id": TEXT,
            "arrival_p50": DAY,
            "arrival_p90": DAY,
            "order_qty": NUMBER,
            "order_uom": TEXT,
            "packs": NUMBER,
            "unit_cost": NUMBER,
            "currency": TEXT,
            "cover_days_after": NUMBER,
            "reference_qty": NUMBER,
            "previous_qty": NUMBER,
            "last_year_qty": NUMBER,
            "guardrails": TEXT,
            "data_flags": TEXT,
            "assumptions": TEXT,
            "status": TEXT,
            "policy_id": TEXT,
            "policy_sha": TEXT,
            "inputs_sha": TEXT,
            "seed": COUNT,
            "description": TEXT,
            "supplier_name": TEXT,
            "base_uom": TEXT,
            "on_hand": NUMBER,
            "on_order": NUMBER,
            "demand_per_day": NUMBER,
            "service_metric": TEXT,
            "service_target": NUMBER,
            "service_expected": NUMBER,
        },
    ),
    "ledger": FrameSchema(
        {"proposal_id": TEXT, "seq": COUNT, "component": TEXT, "qty": NUMBER}, {"note": TEXT}
    ),
    "marginal": FrameSchema(
        {"proposal_id": TEXT, "pack_no": COUNT, "qty": NUMBER, "expected_gain": NUMBER},
        {"gain_se": NUMBER, "cumulative_cost": NUMBER},
    ),
    "counterfactual": FrameSchema(
        {"proposal_id": TEXT, "alternative": TEXT, "qty": NUMBER},
        {"value_delta": NUMBER, "value_se": NUMBER, "note": TEXT},
    ),
    "exceptions": FrameSchema(
        {"exception_id": TEXT, "type": TEXT, "object": TEXT, "money_at_risk": NUMBER},
        {"act_by": DAY, "recommended_action": TEXT, "root_cause_id": TEXT, "state": TEXT},
    ),
    "issues": FrameSchema(
        {"code": TEXT, "severity": TEXT, "rule": TEXT},
        {
            **dict.fromkeys(("scope", "file", "sheet"), TEXT),
            "row": COUNT,
            **dict.fromkeys(("key", "column", "value", "remedy", "action", "old", "new"), TEXT),
            "exposure": NUMBER,
        },
    ),
    "kpi": FrameSchema(
        {"scope": TEXT, "name": TEXT, "value": NUMBER},
        {
            "period": TEXT,
            "numerator": NUMBER,
            "denominator": NUMBER,
            "half_width": NUMBER,
            "n": NUMBER,
            "reason": TEXT,
        },
    ),
    "projection": FrameSchema(
        {**_PLACE, "date": DAY, "quantile": NUMBER, "on_hand": NUMBER, "scenario": TEXT},
        {"backorders": NUMBER},
    ),
    "history": FrameSchema({**_PLACE, "bucket_start": DAY, "qty": NUMBER}, {"in_stock_fraction": NUMBER}),
    "forecast": FrameSchema({**_PLACE, "date": DAY, "quantile": NUMBER, "value": NUMBER}),
    "not_planned": FrameSchema(
        {**_PLACE, "codes": TEXT, "reason": TEXT}, {"on_hand": NUMBER, "on_order": NUMBER, "look_by": DAY}
    ),
    "coverage": FrameSchema({"feature": TEXT, "enabled": FLAG}, {"needs": TEXT, "missing": TEXT}),
}


@dataclass(frozen=True)
class ReportMeta:
    """Facts about the run as a whole.

    `currency` is ISO 4217; `XXX` means that nobody declared one. `budget` is in that currency. `tables`
    holds, per input table, the counts read, accepted, repaired, quarantined, folded and ignored. `facts`
    keeps every key that has no place of its own, so that nothing a caller says is lost.
    """

    as_of: date
    title: str = "Replenishment plan"
    currency: str = "XXX"
    run_id: str = ""
    policy: str = ""
    reference: str = ""
    seed: int | None = None
    budget: float | None = None
    code_version: str = ""
    run_folder: str = ""
    assumptions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    hashes: Mapping[str, str] = field(default_factory=dict[str, str])
    tables: Mapping[str, Mapping[str, int]] = field(default_factory=dict[str, Mapping[str, int]])
    facts: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class ReportView:
    """Everything one report shows, as frames with exactly the columns of `FRAMES`."""

    meta: ReportMeta
    orders: pl.DataFrame
    ledger: pl.DataFrame
    marginal: pl.DataFrame
    counterfactual: pl.DataFrame
    exceptions: pl.DataFrame
    issues: pl.DataFrame
    kpi: pl.DataFrame
    projection: pl.DataFrame
    history: pl.DataFrame
    forecast: pl.DataFrame
    not_planned: pl.DataFrame
    coverage: pl.DataFrame


def view_from_frames(*, meta: Mapping[str, Any], **frames: pl.DataFrame | None) -> ReportView:
    """Check the frames of a run and give them the types the report draws from.

    Parameters
    ----------
    meta
        Facts about the run: `as_of` (a day) is required; the other keys are those of `ReportMeta`.
    frames
        Polars frames by the names of `FRAMES`: `orders`, `ledger`, `marginal`, `counterfactual`,
        `exceptions`, `issues`, `kpi`, `projection`, `history`, `forecast`, `not_planned`, `coverage`. A frame
        that is missing, None or without rows is an empty table, and the report says so. Code columns
        (`reason_codes`, `data_flags`, `guardrails`, `codes`) are lists or text with any separator.
        In `marginal`, rows with `pack_no` up to the line's `packs` were ordered; the next row was not.
        `projection` carries the scenarios `with` and `without` the proposal.

    Returns
    -------
    ReportView
        Typed frames; absent optional columns are null, which the report shows as unknown, never as zero.

    Raises
    ------
    ValueError
        Naming every unknown frame, missing column, value of a wrong type and foreign currency at once.
    """
    problems = [
        f"there is no frame `{name}`; known frames: {', '.join(FRAMES)}"
        for name in frames
        if name not in FRAMES
    ]
    report_meta = _parse_meta(meta, problems)
    typed = {name: _typed_frame(name, frames.get(name), schema, problems) for name, schema in FRAMES.items()}
    problems += _content_problems(typed, report_meta.currency)
    if problems:
        raise ValueError("The report cannot be drawn:\n- " + "\n- ".join(problems))
    return ReportView(meta=report_meta, **typed)


def _typed_frame(
    name: str, frame: pl.DataFrame | None, schema: FrameSchema, problems: list[str]
) -> pl.DataFrame:
    columns = schema.columns()
    if frame is None or frame.is_empty():
        return pl.DataFrame(schema=columns)
    missing = [column for column in schema.required if column not in frame.columns]
    problems += [f"frame `{name}`: column `{column}` is missing; add it" for column in missing]
    if missing:
        return pl.DataFrame(schema=columns)
    return pl.DataFrame(
        [_typed_column(name, frame, column, dtype, problems) for column, dtype in columns.items()]
    )


def _typed_column(
    name: str, frame: pl.DataFrame, column: str, dtype: Dtype, problems: list[str]
) -> pl.Series:
    if column not in frame.columns:
        return pl.Series(column, [None] * frame.height, dtype=dtype)
    series = frame[column]
    try:
        return _convert(series, dtype)
    except pl.exceptions.PolarsError:
        problems.append(
            f"frame `{name}`: column `{column}` is {series.dtype}, must be readable as {dtype.__name__}"
        )
        return pl.Series(column, [None] * frame.height, dtype=dtype)


def _convert(series: pl.Series, dtype: Dtype) -> pl.Series:
    if dtype is TEXT and isinstance(series.dtype, pl.List):
        return series.cast(pl.List(pl.String)).list.join(" ").alias(series.name)
    if dtype is DAY and series.dtype == pl.String:
        return series.str.to_date("%Y-%m-%d", strict=True)
    converted = series.cast(dtype, strict=True)
    # Not-a-number is a fault of arithmetic, not a value: it is shown as unknown.
    return converted.fill_nan(None) if dtype is NUMBER else converted


def _content_problems(frames: Mapping[str, pl.DataFrame], currency: str) -> list[str]:
    orders = frames["orders"]
    foreign = orders["currency"].drop_nulls().unique().sort().to_list()
    problems = [
        f"orders are in {code} but the report is in {currency}; convert them first, since sums must add up"
        for code in foreign
        if code != currency
    ]
    scenarios = set(frames["projection"]["scenario"].drop_nulls().to_list())
    problems += [
        f"projection: scenario `{name}` is unknown, must be `with` or `without`"
        for name in sorted(scenarios - {"with", "without"})
    ]
    repeated = orders.filter(pl.col("proposal_id").is_duplicated())["proposal_id"].unique().sort()
    problems += [f"orders: proposal_id `{key}` occurs twice, must be unique" for key in repeated.head(5)]
    return problems


def _parse_meta(meta: Mapping[str, Any], problems: list[str]) -> ReportMeta:
    values: dict[str, Any] = {"as_of": _as_of(meta.get("as_of"), problems)}
    for key, convert in _META_VALUES.items():
        if meta.get(key) is None:
            continue
        try:
            values[key] = convert(meta[key])
        except (TypeError, ValueError, AttributeError):
            problems.append(f"meta: `{key}` is {meta[key]!r}, {_META_RULES[convert]}")
    placed = {"as_of", *_META_VALUES}
    values["facts"] = {
        str(key): str(meta[key]) for key in sorted(set(meta) - placed) if meta[key] is not None
    }
    return ReportMeta(**values)


def _sentences(value: Sequence[object]) -> tuple[str, ...]:
    if isinstance(value, str):
        raise TypeError(value)
    return tuple(str(sentence) for sentence in value)


def _texts(value: Mapping[str, object]) -> dict[str, str]:
    return {str(key): str(text) for key, text in value.items() if text is not None}


def _counts(value: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    return {str(name): {str(key): int(num) for key, num in counts.items()} for name, counts in value.items()}


_META_VALUES: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(
        ("title", "currency", "run_id", "policy", "reference", "code_version", "run_folder"), str
    ),
    "seed": int,
    "budget": float,
    "assumptions": _sentences,
    "warnings": _sentences,
    "hashes": _texts,
    "tables": _counts,
}
_META_RULES: dict[Callable[[Any], Any], str] = {
    str: "must be text",
    int: "must be a whole number",
    float: "must be an amount of money",
    _sentences: "must be a list of sentences",
    _texts: "must map a name to a text",
    _counts: "must map a table to its row counts",
}


def _as_of(value: object, problems: list[str]) -> date:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        problems.append(f"meta: `as_of` is {value!r}, must be a day such as 2026-03-02")
        return date.min
