"""The backtest page: what may be said of a difference, and nothing more."""

from __future__ import annotations

from typing import Any

import pytest

from basestock.operations.report import render_backtest
from basestock.operations.report.numbers import (
    MINUS,
)
from tests.operations.report_page import Page


def estimate(mean: float | None, half_width: float | None = 1.0) -> dict[str, Any]:
    return {"mean": mean, "half_width": half_width, "n": 40}


def backtest(**savings: dict[str, Any]) -> dict[str, Any]:
    policies = [{"policy": "current", "total": estimate(100.0), "terms": {}, "kpis": {}, "versus": {}}]
    policies += [
        {
            "policy": name,
            "total": estimate(90.0),
            "terms": {"holding_cost": estimate(40.0)},
            "kpis": {"saving": value},
        }
        for name, value in savings.items()
    ]
    return {
        "window": {"start": "2025-01-06", "end": "2025-12-28", "leakage": "Only earlier rows were known."},
        "folds": 1,
        "reference": "current",
        "currency": "EUR",
        "policies": policies,
        "verdict": {"passed": False, "text": "The gate is not met.", "rule": "lower bound of saving above 0"},
    }


def text_of(document: dict[str, Any]) -> str:
    page = Page(render_backtest(document))
    assert page.misnested == []
    return " ".join(" ".join(page.text).replace("\u00a0", " ").split())


def test_backtest_calls_a_policy_better_worse_or_neither() -> None:
    text = text_of(
        backtest(marginal=estimate(10.0, 2.0), order_up_to=estimate(1.0, 2.0), eoq=estimate(-5.0, 2.0))
    )
    assert "marginal is better than current by 10.00 EUR." in text
    assert "order_up_to and current cannot be told apart" in text
    assert "eoq is worse than current by 5.00 EUR." in text


def test_backtest_prints_verdict_rule_and_leakage_statement() -> None:
    text = text_of(backtest(marginal=estimate(-3.0)))
    for part in ("✗ Gate not met", "Rule: lower bound of saving above 0", "Only earlier rows were known."):
        assert part in text


def test_backtest_without_a_leakage_statement_says_that_it_is_missing() -> None:
    document = {**backtest(marginal=estimate(1.0)), "window": "2025"}
    assert "makes no statement on leakage" in text_of(document)


def test_backtest_without_savings_compares_totals_in_the_sense_of_the_record() -> None:
    document = backtest()
    document["policies"].append(
        {
            "policy": "eoq",
            "total": estimate(90.0),
            "terms": {},
            "kpis": {},
            "versus": {"current": estimate(-9.0)},
        }
    )
    assert "eoq is better than current by 9.00 EUR." in text_of(document)
    assert "eoq is worse than current by 9.00 EUR." in text_of({**document, "sense": "max"})


def test_backtest_pairs_each_figure_where_the_document_does() -> None:
    document = backtest(marginal=estimate(4.0))
    document["policies"][1]["kpis"]["fill_rate"] = estimate(0.97, 0.01)
    document["policies"][1]["versus"] = {"current": {"fill_rate": estimate(0.03, 0.01)}}
    assert "paired +3.0 ± 1.0 points" in text_of(document)


def test_backtest_shows_unknown_figures_with_their_reason() -> None:
    document = backtest(marginal=estimate(4.0))
    document["policies"][1]["kpis"]["fill_rate"] = {
        "mean": None,
        "half_width": None,
        "n": 0,
        "reason": "no_demand",
    }
    assert "– (no demand)" in text_of(document)


def test_an_unknown_interval_is_never_called_better() -> None:
    assert "cannot be told apart" in text_of(backtest(marginal=estimate(10.0, None)))


def test_further_records_of_a_backtest_become_tables() -> None:
    document = backtest(marginal=estimate(4.0)) | {
        "worst_items": [{"item": "SKU-9", "saving": estimate(-2.0, 0.5)}]
    }
    text = text_of(document)
    assert "Worst items" in text and f"{MINUS}2 ± 0.5" in text


def test_backtest_names_everything_that_is_missing() -> None:
    with pytest.raises(ValueError, match="`window` is missing") as caught:
        render_backtest({"policies": [{"policy": "eoq"}]})
    assert "policies[0]: `kpis` is missing" in str(caught.value)


def test_backtest_escapes_names() -> None:
    page = Page(render_backtest(backtest(**{"<script>x</script>": estimate(1.0)})))
    assert [tag for tag, *_ in page.raw] == ["style", "script"]


def test_outcome_of_a_verdict_is_its_headline_and_its_figures_have_units() -> None:
    verdict = {
        "policy": "marginal",
        "reference": "current",
        "outcome": "worse",
        "saving": estimate(-4.0),
        "rule": "r",
    }
    text = text_of({**backtest(marginal=estimate(-4.0)), "verdict": verdict})
    assert "marginal: worse" in text
    assert f"Saving {MINUS}4.00 EUR ± 1.00 EUR" in text


def test_single_values_without_a_place_are_kept() -> None:
    text = text_of({**backtest(marginal=estimate(4.0)), "lines_excluded": 3})
    assert "Lines left out 3" in text


def test_lines_that_were_not_replayed_and_the_length_of_the_window_are_told() -> None:
    document = backtest(marginal=estimate(4.0))
    document["window"]["length"] = "longer than the last fifth of the history, 20 buckets"
    document["excluded"] = [{"item_id": "SLOW", "location_id": "DC", "reason": "no `known` buckets"}]
    document["run"] = {"id": "abc", "inputs_sha": "def"}
    text = text_of(document)
    assert "Length longer than the last fifth of the history, 20 buckets" in text
    assert "Lines left out, and why Item Location Reason SLOW DC" in text
    assert "How to reproduce this backtest" in text
