"""S9, the backtest: window, paired differences with intervals, and a verdict with its rule.

A policy that loses is printed as plainly as one that wins; one whose interval holds zero is called neither.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from basestock.operations.report.charts import IntervalMark, interval_marks
from basestock.operations.report.glossary import GLOSSARY, definition_of, plain
from basestock.operations.report.numbers import UNKNOWN, currency_name, fixed, quantity, signed
from basestock.operations.report.page import render_page
from basestock.operations.report.today import figure_text

Document = Mapping[str, Any]
Call = Literal["better", "worse", "unclear"]
HEADLINE, TOTAL = "saving", "total"
_CALL_TEXT: dict[Call, str] = {"better": "▲ better", "worse": "▼ worse", "unclear": "● no clear difference"}
_MAIN_KEYS = frozenset(
    (
        "schema",
        "title",
        "currency",
        "sense",
        "window",
        "folds",
        "reference",
        "policies",
        "verdict",
        "leakage",
        "notes",
        "run",
    )
)
_LABELS = {
    "length": "Length",
    "start": "First bucket",
    "end": "Last bucket",
    "periods": "Buckets",
    "period_days": "Days a bucket",
    "history_periods": "Buckets of history",
    "lines": "Lines replayed",
    "lines_excluded": "Lines left out",
    "excluded": "Lines left out, and why",
    "item_id": "Item",
    "location_id": "Location",
    "id": "Problem",
}
"""What the facts of a backtest are called where the glossary has another meaning, or none."""

_HEADLINE_KPIS = ("saving", "fill_rate_value", "average_inventory_value", "cvar05_profit")


@dataclass(frozen=True)
class Comparison:
    """One policy against the reference: the paired difference, what may be said of it, and its drawing."""

    policy: str
    difference: str
    interval: str
    call: Call
    call_text: str
    sentence: str
    mark: IntervalMark


@dataclass(frozen=True)
class Cell:
    """One figure of one policy, with the paired difference where the document has one."""

    value: str
    half_width: str
    difference: str
    call: Call | None
    call_text: str


@dataclass(frozen=True)
class Grid:
    """Policies by figures."""

    names: list[tuple[str, str | None]]
    rows: list[tuple[str, list[Cell]]]


@dataclass(frozen=True)
class Verdict:
    """The conclusion and the rule that led to it."""

    style: str
    headline: str
    text: str
    rule: str
    facts: list[tuple[str, str]]


def render_backtest(report: Document) -> str:
    """Render the document of a backtest as a single HTML file.

    Parameters
    ----------
    report
        The JSON document `{window, folds, reference, policies, verdict}`, a policy being
        `{policy, total, terms, kpis, versus}`; estimates are `{mean, half_width, n}`, with 95 % two-sided
        half-widths. `versus` holds one paired estimate per policy, or one per figure and policy. Optional:
        `currency`, `sense` (`min`, the default, or `max`: which direction of `total` is good), `leakage`
        (the statement, also inside `window`), `notes`, and any further list of records, which becomes a table
        of its own.

    Returns
    -------
    str
        A complete HTML document that opens offline; the same document gives the same bytes.

    Raises
    ------
    ValueError
        Naming everything that the document lacks, at once.
    """
    _check(report)
    policies: list[Document] = list(report["policies"])
    currency = str(report.get("currency") or "XXX")
    window = report["window"] if isinstance(report["window"], Mapping) else {"window": report["window"]}
    comparisons, zero = _comparisons(report, policies, currency)
    kpis, terms = (_grid(policies, part, str(report["reference"]), currency) for part in ("kpis", "terms"))
    used = {HEADLINE, "interval", *(key for _, key in (*kpis.names, *terms.names))}
    return render_page(
        "backtest.html.j2",
        {
            "title": str(report.get("title") or "Backtest"),
            "reference": str(report["reference"]),
            "currency": currency_name(currency),
            "verdict": _verdict(report.get("verdict"), currency),
            "made_from": [
                (plain(str(key)), _text(value)) for key, value in (report.get("run") or {}).items()
            ],
            "window": [*_facts(window, {"leakage"}), *_facts(report, _MAIN_KEYS)],
            "folds": _folds(report["folds"]),
            "leakage": str(window.get("leakage") or report.get("leakage") or ""),
            "headline": HEADLINE if _has_saving(report, policies) else TOTAL,
            "comparisons": comparisons,
            "zero": zero,
            "kpis": kpis,
            "terms": terms,
            "entries": {key: GLOSSARY[key] for key in GLOSSARY if key in used},
            "notes": [str(note) for note in report.get("notes") or ()],
            "extras": _extras(report),
        },
    )


def _check(report: Document) -> None:
    problems = [
        f"`{key}` is missing" for key in ("window", "folds", "reference", "policies") if key not in report
    ]
    for place, policy in enumerate(report.get("policies") or ()):
        problems += [
            f"policies[{place}]: `{key}` is missing" for key in ("policy", "kpis") if key not in policy
        ]
    if problems:
        raise ValueError("The backtest document cannot be drawn:\n- " + "\n- ".join(problems))


def _estimate(value: object) -> tuple[float, float] | None:
    """Mean and half-width of an estimate; None where the mean is not known."""
    if not isinstance(value, Mapping) or value.get("mean") is None:
        return None
    half_width = value.get("half_width")
    return float(value["mean"]), float("nan") if half_width is None else float(half_width)


def _call(estimate: tuple[float, float], better: str) -> Call:
    """What may be said of a paired difference: nothing where its interval holds zero or is not known."""
    mean, half_width = estimate
    if not abs(mean) > half_width or not better:
        return "unclear"
    return "better" if (mean > 0) == (better == "higher") else "worse"


def _has_saving(report: Document, policies: Sequence[Document]) -> bool:
    others = [policy for policy in policies if policy["policy"] != report["reference"]]
    return bool(others) and all(_estimate(policy["kpis"].get(HEADLINE)) for policy in others)


def _comparisons(
    report: Document, policies: Sequence[Document], currency: str
) -> tuple[list[Comparison], float]:
    """Every policy but the reference, largest gain first, and the place of zero on their common scale."""
    reference, uses_saving = str(report["reference"]), _has_saving(report, policies)
    better = "higher" if uses_saving or report.get("sense") == "max" else "lower"
    found: list[tuple[str, tuple[float, float]]] = []
    for policy in policies:
        value = policy["kpis"].get(HEADLINE) if uses_saving else _total_difference(policy, reference)
        estimate = _estimate(value)
        if estimate is not None and policy["policy"] != reference:
            found.append((str(policy["policy"]), estimate))
    found.sort(key=lambda entry: (-entry[1][0] if better == "higher" else entry[1][0], entry[0]))
    marks, zero = interval_marks([(mean, _known(half)) for _, (mean, half) in found])
    return [
        _comparison(name, estimate, mark, better, reference, currency)
        for (name, estimate), mark in zip(found, marks, strict=True)
    ], zero


def _total_difference(policy: Document, reference: str) -> object:
    versus = (policy.get("versus") or {}).get(reference)
    return versus.get(TOTAL, versus) if isinstance(versus, Mapping) else versus


def _known(half_width: float) -> float:
    return half_width if half_width == half_width else 0.0


def _comparison(
    name: str, estimate: tuple[float, float], mark: IntervalMark, better: str, reference: str, currency: str
) -> Comparison:
    mean, half_width = estimate
    call = _call(estimate, better)
    amount = figure_text("saving", abs(mean), currency)
    sentence = {
        "better": f"{name} is better than {reference} by {amount}.",
        "worse": f"{name} is worse than {reference} by {amount}.",
        "unclear": f"{name} and {reference} cannot be told apart: the interval holds zero or is not known.",
    }[call]
    return Comparison(
        policy=name,
        difference=signed(figure_text("saving", mean, currency)),
        interval=_plus_minus("saving", half_width, currency),
        call=call,
        call_text=_CALL_TEXT[call],
        sentence=sentence,
        mark=mark,
    )


def _plus_minus(name: str, half_width: float, currency: str) -> str:
    return (
        f"± {figure_text(name, half_width, currency)}" if half_width == half_width else "interval not known"
    )


def _grid(policies: Sequence[Document], part: str, reference: str, currency: str) -> Grid:
    """Policies by the figures of one part of the document: headline figures first, the total last."""
    found = {str(name) for policy in policies for name in policy.get(part) or ()}
    first = [name for name in _HEADLINE_KPIS if name in found]
    last = [TOTAL] if part == "terms" and any(policy.get(TOTAL) for policy in policies) else []
    names = [*first, *sorted(found - {*first, TOTAL}), *last]
    return Grid(
        names=[(plain(name), definition_of(name)) for name in names],
        rows=[
            (str(policy["policy"]), [_cell(policy, part, name, reference, currency) for name in names])
            for policy in policies
        ],
    )


def _cell(policy: Document, part: str, name: str, reference: str, currency: str) -> Cell:
    entry = policy.get(TOTAL) if name == TOTAL else (policy.get(part) or {}).get(name)
    estimate = _estimate(entry)
    if estimate is None:
        reason = entry.get("reason") if isinstance(entry, Mapping) else None
        return Cell(f"{UNKNOWN} ({plain(str(reason)).lower()})" if reason else UNKNOWN, "", "", None, "")
    mean, half_width = estimate
    unit = name if definition_of(name) or part == "kpis" else "saving"
    difference, call = _paired(policy, name, reference, unit, currency)
    return Cell(
        value=figure_text(unit, mean, currency),
        half_width="" if half_width != half_width else f"± {figure_text(unit, half_width, currency)}",
        difference=difference,
        call=call,
        call_text=_CALL_TEXT[call] if call else "",
    )


def _paired(policy: Document, name: str, reference: str, unit: str, currency: str) -> tuple[str, Call | None]:
    """The paired difference of one figure, where `versus` has it."""
    versus = (policy.get("versus") or {}).get(reference)
    estimate = _estimate(versus.get(name)) if isinstance(versus, Mapping) else None
    key = definition_of(name)
    if estimate is None or policy["policy"] == reference:
        return "", None
    mean, half_width = estimate
    if key and GLOSSARY[key].unit == "ratio":
        spread = "interval not known" if half_width != half_width else f"± {fixed(100 * half_width, 1)}"
        text = f"{signed(fixed(100 * mean, 1))} {spread} points"
    else:
        text = f"{signed(figure_text(unit, mean, currency))} {_plus_minus(unit, half_width, currency)}"
    return text, _call(estimate, GLOSSARY[key].better if key else "")


def _verdict(verdict: object, currency: str) -> Verdict:
    """The verdict as stored: a text, or a record with an outcome or a gate, its rule and its figures."""
    if not isinstance(verdict, Mapping):
        return Verdict("", "No verdict is stored." if verdict is None else str(verdict), "", "", [])
    outcome, passed = verdict.get("outcome"), verdict.get("passed")
    headline, style = "Verdict", ""
    if outcome is not None:
        subject = f"{verdict['policy']}: " if verdict.get("policy") else ""
        headline, style = f"{subject}{outcome}", {"better": "passed", "worse": "failed"}.get(str(outcome), "")
    elif passed is not None:
        headline, style = ("✓ Gate met", "passed") if passed else ("✗ Gate not met", "failed")
    facts = [
        (plain(str(key)), _amount(str(key), value, currency))
        for key, value in verdict.items()
        if key not in ("outcome", "passed", "policy", "text", "rule")
    ]
    return Verdict(style, headline, str(verdict.get("text") or ""), _text(verdict.get("rule") or ""), facts)


def _amount(name: str, value: object, currency: str) -> str:
    estimate = _estimate(value)
    if estimate is None or not definition_of(name):
        return _text(value)
    return f"{figure_text(name, estimate[0], currency)} {_plus_minus(name, estimate[1], currency)}"


def _facts(part: Document, placed: Collection[str]) -> list[tuple[str, str]]:
    """What has no place of its own, so that nothing of the document is lost; lists of records become tables."""
    return [
        (_label(key), _text(value))
        for key, value in part.items()
        if key not in placed and not _is_records(value)
    ]


def _label(key: object) -> str:
    return _LABELS.get(str(key)) or plain(str(key))


def _is_records(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(record, Mapping) for record in value)


def _folds(folds: object) -> str:
    num = len(folds) if isinstance(folds, Sequence) and not isinstance(folds, str) else folds
    return f"{num} fold" if num == 1 else f"{num} folds"


def _text(value: object) -> str:
    """Any value of the document as text: numbers with thin separators, lists with commas."""
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return quantity(float(value))
    if isinstance(value, Mapping):
        estimate = _estimate(value)
        if estimate is not None:
            return f"{quantity(estimate[0])} ± {quantity(estimate[1])}"
        return ", ".join(f"{plain(str(key)).lower()} {_text(entry)}" for key, entry in value.items())
    if isinstance(value, Iterable) and not isinstance(value, str):
        return ", ".join(_text(entry) for entry in value)
    return str(value)


def _extras(report: Document) -> list[tuple[str, list[str], list[list[str]]]]:
    """Further lists of records of the document, such as segments, worst items and stress, as tables."""
    tables: list[tuple[str, list[str], list[list[str]]]] = []
    for key, records in report.items():
        if key in _MAIN_KEYS or not _is_records(records):
            continue
        columns = list(dict.fromkeys(str(name) for record in records for name in record))
        rows = [[_text(record.get(name)) for name in columns] for record in records]
        tables.append((_label(key), [_label(name) for name in columns], rows))
    return tables
