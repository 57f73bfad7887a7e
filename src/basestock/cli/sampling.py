"""The command that finds acceptance sampling plans."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from basestock.cli.common import Common, command
from basestock.cli.errors import USAGE, CommandError
from basestock.cli.output import Answer, give, table

if TYPE_CHECKING:
    import polars as pl

    from basestock.optimal.closed_form.acceptance_sampling import SamplingPlan


def _option(name: str, help_: str, **more: Any) -> Any:
    return typer.Option(name, metavar="NUMBER", help=help_, **more)


@command
def sampling_plan(
    common: Common,
    aql: Annotated[float, _option("--aql", "Share of defective units of a good lot.", show_default=False)],
    ltpd: Annotated[float, _option("--ltpd", "Share of defective units of a bad lot.", show_default=False)],
    alpha: Annotated[float, _option("--alpha", "Largest probability of rejecting a good lot.")] = 0.05,
    beta: Annotated[float, _option("--beta", "Largest probability of passing a bad lot.")] = 0.10,
    lot_size: Annotated[
        int | None,
        _option(
            "--lot-size", "Units of a lot, for sampling without replacement; else units are independent."
        ),
    ] = None,
    double: Annotated[bool, typer.Option("--double", help="Find a double sampling plan.")] = False,
    inspection_cost: Annotated[
        float | None, _option("--inspection-cost", "Money per unit inspected: find the plan of least cost.")
    ] = None,
    defective_cost: Annotated[
        float, _option("--defective-cost", "Money per defective unit in a lot that passes.")
    ] = 0.0,
    rejection_cost: Annotated[float, _option("--rejection-cost", "Money per lot rejected.")] = 0.0,
    bad_lots: Annotated[
        float,
        _option("--bad-lots", "Share of lots that are as bad as --ltpd; the others are as good as --aql."),
    ] = 0.0,
) -> None:
    """Find the acceptance sampling plan that keeps both risks: the smallest, or the cheapest where costs are given."""
    from basestock.optimal.closed_form.acceptance_sampling import (
        SamplingCosts,
        cheapest_plan,
        smallest_double_plan,
        smallest_plan,
    )

    cost = None
    if inspection_cost is None:
        if defective_cost or rejection_cost or bad_lots:
            raise CommandError("costs are compared only with --inspection-cost; add it.", USAGE)
        find = smallest_double_plan if double else smallest_plan
        plan = find(aql, ltpd, alpha, beta, lot_size=lot_size)
    else:
        if lot_size is None:
            raise CommandError("--inspection-cost: the cost of a lot needs --lot-size; add it.", USAGE)
        if not 0 <= bad_lots <= 1:
            raise CommandError(f"--bad-lots is {bad_lots}, must be from 0 to 1; correct it.", USAGE)
        costs = SamplingCosts(inspection_cost, defective_cost, rejection_cost)
        incoming = {aql: 1 - bad_lots, ltpd: bad_lots}
        plan = cheapest_plan(
            aql, ltpd, alpha, beta, lot_size=lot_size, costs=costs, incoming=incoming, double=double
        )
        cost = sum(mass * plan.expected_cost(share, costs, lot_size) for share, mass in incoming.items())
    document = _document(plan, aql, ltpd, lot_size, cost)
    give(Answer(document, lambda: _text(document), lambda: _frame(document)), common)


def _document(
    plan: "SamplingPlan", aql: float, ltpd: float, lot_size: int | None, cost: float | None
) -> dict[str, Any]:
    import dataclasses

    top = min(1.0, 2 * ltpd)
    shares = sorted({*(round(top * step / 20, 12) for step in range(21)), aql, ltpd})
    curve = [
        {
            "share": share,
            "acceptance": float(plan.acceptance(share, lot_size)),
            "expected_sample": plan.expected_sample(share, lot_size),
        }
        for share in shares
    ]
    return {
        "schema": "basestock.sampling_plan/1",
        "plan": dataclasses.asdict(plan),
        "aql": aql,
        "ltpd": ltpd,
        "lot_size": lot_size,
        "producer_risk": plan.producer_risk(aql, lot_size),
        "consumer_risk": plan.consumer_risk(ltpd, lot_size),
        "expected_sample": plan.expected_sample(aql, lot_size),
        "expected_cost": cost,
        "curve": curve,
    }


def _text(document: dict[str, Any]) -> str:
    plan = document["plan"]
    lines = [
        f"Draw {plan['sample_size']} units; pass the lot with {plan['acceptance_number']} defective or fewer."
    ]
    if plan["second_sample_size"] is not None:
        rejected = plan["second_acceptance_number"] + 1
        lines.append(
            f"Reject it with {rejected} or more; otherwise draw {plan['second_sample_size']} more, and pass it with "
            f"{plan['second_acceptance_number']} defective or fewer in both samples."
        )
    lines.append(
        f"A lot of {document['aql']:.3%} defective units is rejected with probability "
        f"{document['producer_risk']:.4f}, one of {document['ltpd']:.3%} passes with {document['consumer_risk']:.4f}."
    )
    lines.append(f"Units drawn of a good lot, on average: {document['expected_sample']:.1f}.")
    if document["expected_cost"] is not None:
        lines.append(f"Expected cost of a lot: {document['expected_cost']:.2f} (money as given).")
    names = ["defective", "passes", "units drawn"]
    rows = [
        [f"{each['share']:.3%}", f"{each['acceptance']:.4f}", f"{each['expected_sample']:.1f}"]
        for each in document["curve"]
    ]
    return "\n".join([*lines, "", table("", names, rows, right=names)])


def _frame(document: dict[str, Any]) -> "pl.DataFrame":
    import polars as pl

    return pl.DataFrame(document["curve"])
