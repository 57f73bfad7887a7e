"""Tables that basestock writes."""

from __future__ import annotations

from basestock.data.schema.model import Column, ColumnType, table

_MONEY = "reporting currency"


def _columns(prefix: str, *rows: tuple[str, ColumnType, str, str]) -> tuple[Column, ...]:
    """Return columns from rows (name, type, unit, description); those named in `prefix` are the key."""
    key = prefix.split()
    return tuple(
        Column(
            name,
            kind,
            unit,
            key=name in key,
            requirement="R" if name in key else "O",
            description=description,
        )
        for name, kind, unit, description in rows
    )


ORDER_PROPOSAL = table(
    "order_proposal",
    _columns(
        "proposal_id",
        ("proposal_id", "str", "", "Hash of the run and the keys of the line."),
        ("run_id", "str", "", "Run that proposed it."),
        ("kind", "str", "", "buy, transfer, make, expedite, cancel or defer."),
        ("item_id", "str", "", "Item."),
        ("location_id", "str", "", "Place that receives."),
        ("source_id", "str", "", "Supplier, location or resource that delivers."),
        ("order_date", "date", "day", "Day on which to order."),
        ("arrival_p50", "date", "day", "Day by which it has arrived with probability one half."),
        ("arrival_p90", "date", "day", "Day by which it has arrived with probability 0.9."),
        ("qty", "dec", "base_uom", "Quantity."),
        ("order_qty", "dec", "order_uom", "Quantity in the unit of the order."),
        ("order_uom", "str", "", "Unit of the order."),
        ("packs", "dec", "packs", "Number of order multiples."),
        ("unit_cost", "dec", "money/base_uom", "Cost of one unit."),
        ("line_cost", "dec", "money", "Cost of the line."),
        ("currency", "str", "", "ISO 4217 code of the money columns."),
        ("value_now", "dec", "money", "Expected gain of ordering now against not before the next review."),
        ("value_se", "dec", "money", "Standard error of value_now."),
        ("return_per_currency", "dec", "money/money", "Gain per unit of money spent."),
        ("p_stockout_without", "dec", "share 0..1", "Chance of a stockout without the line."),
        ("p_stockout_with", "dec", "share 0..1", "Chance of a stockout with the line."),
        ("cover_days_after", "dec", "days", "Days of demand covered after the order."),
        ("reference_qty", "dec", "base_uom", "Quantity of the reference policy."),
        ("previous_qty", "dec", "base_uom", "Quantity of the previous order."),
        ("reason_codes", "str", "", "Why, joined by `;`."),
        ("guardrails", "str", "", "Guardrails that acted, joined by `;`."),
        ("data_flags", "str", "", "Codes of findings on the inputs, joined by `;`."),
        ("status", "str", "", "proposed, approved, sent, .."),
        ("policy_id", "str", "", "Policy that decided."),
        ("policy_sha", "str", "", "Hash of the policy."),
        ("inputs_sha", "str", "", "Hash of the inputs."),
        ("seed", "int", "", "Seed of the run."),
    ),
    tier=-1,
    title="Proposed order lines.",
    kind="output",
)

LEDGER = table(
    "ledger",
    _columns(
        "proposal_id seq",
        ("proposal_id", "str", "", "Line."),
        ("seq", "int", "", "Order of the steps, from 1."),
        ("component", "str", "", "Step or component of the need."),
        ("qty", "dec", "base_uom", "Its contribution; the column sums to the quantity of the line."),
        ("note", "str", "", "Reason code and words."),
    ),
    tier=-1,
    title="How each quantity came about.",
    kind="output",
)

MARGINAL = table(
    "marginal",
    _columns(
        "proposal_id pack_no",
        ("proposal_id", "str", "", "Line."),
        ("pack_no", "int", "packs", "Pack, from 1."),
        ("qty", "dec", "base_uom", "Quantity of the pack."),
        ("expected_gain", "dec", "money", "Expected gain of the pack, given the packs before."),
        ("gain_se", "dec", "money", "Standard error of the gain."),
        ("cumulative_cost", "dec", "money", "Cost up to and including the pack."),
    ),
    tier=-1,
    title="What each pack earns.",
    kind="output",
)

COUNTERFACTUAL = table(
    "counterfactual",
    _columns(
        "proposal_id alternative",
        ("proposal_id", "str", "", "Line."),
        ("alternative", "str", "", "What is done or true instead."),
        ("qty", "dec", "base_uom", "Quantity then."),
        ("value_delta", "dec", "money", "Change of expected money."),
        ("value_se", "dec", "money", "Standard error of the change."),
        ("note", "str", "", "In words."),
    ),
    tier=-1,
    title="Alternatives to each line.",
    kind="output",
)

PROJECTION = table(
    "projection",
    _columns(
        "item_id location_id date quantile",
        ("item_id", "str", "", "Item."),
        ("location_id", "str", "", "Place."),
        ("date", "date", "day", "Day."),
        ("quantile", "dec", "share 0..1", "Quantile; empty = mean."),
        ("on_hand", "dec", "base_uom", "Projected stock."),
        ("backorders", "dec", "base_uom", "Projected backorders."),
    ),
    tier=-1,
    title="Projected stock.",
    kind="output",
)

EXCEPTION = table(
    "exception",
    _columns(
        "exception_id",
        ("exception_id", "str", "", "Unique identifier."),
        ("type", "str", "", "Kind of exception."),
        ("object", "str", "", "What it is about, as `item=.., location=..`."),
        ("money_at_risk", "dec", _MONEY, "Expected money lost if ignored until the next review."),
        ("act_by", "date", "day", "Last day on which acting helps."),
        ("recommended_action", "str", "", "What to do."),
        ("root_cause_id", "str", "", "Shared cause; exceptions of one cause count once."),
        ("state", "str", "", "open, accepted, closed, .."),
    ),
    tier=-1,
    title="What a person should look at.",
    kind="output",
)

ISSUE = table(
    "issue",
    _columns(
        "",
        ("code", "str", "", "Code of the finding."),
        ("severity", "str", "", "error, warning or repair."),
        ("scope", "str", "", "What is not used or flagged."),
        ("file", "str", "", "File of the offender."),
        ("sheet", "str", "", "Sheet of the offender."),
        ("row", "int", "", "Physical row, the header being row 1."),
        ("key", "str", "", "Key, as `item=.., location=.., date=..`."),
        ("column", "str", "", "Column."),
        ("value", "str", "", "Raw text, cut at 80 characters."),
        ("rule", "str", "", "What would have been right."),
        ("remedy", "str", "", "Where to fix it."),
        ("action", "str", "", "What was done."),
        ("old", "str", "", "Value before a repair."),
        ("new", "str", "", "Value after a repair."),
        ("exposure", "dec", _MONEY, "Value at stake: stock plus 30 days of demand of what is touched."),
    ),
    tier=-1,
    title="Findings of a load.",
    kind="output",
)

KPI = table(
    "kpi",
    _columns(
        "scope period name",
        ("scope", "str", "", "What it is about."),
        ("period", "str", "", "Period."),
        ("name", "str", "", "Name of the figure."),
        ("numerator", "dec", "of the KPI", "Numerator."),
        ("denominator", "dec", "of the KPI", "Denominator."),
        ("value", "dec", "of the KPI", "Value."),
        ("half_width", "dec", "of the KPI", "95 % two-sided half-width."),
        ("n", "int", "", "Number of observations."),
    ),
    tier=-1,
    title="Key figures.",
    kind="output",
)

DECISION = table(
    "decision",
    _columns(
        "proposal_id",
        ("proposal_id", "str", "", "Line."),
        ("run_id", "str", "", "Run."),
        ("inputs_sha", "str", "", "Hash of the inputs."),
        ("config_sha", "str", "", "Hash of the configuration."),
        ("policy_sha", "str", "", "Hash of the policy."),
        ("code_version", "str", "", "Version of the software."),
        ("seed", "int", "", "Seed."),
    ),
    tier=-1,
    title="What each decision rests on; append-only.",
    kind="output",
)

ASSIGNMENT = table(
    "assignment",
    _columns(
        "unit stage",
        ("unit", "str", "", "Unit that was assigned."),
        ("arm", "str", "", "champion or challenger."),
        ("stage", "str", "", "Stage of the rollout."),
        ("seed", "int", "", "Seed of the randomization."),
    ),
    tier=-1,
    title="Who got which policy; append-only.",
    kind="output",
)

OUTPUTS = (
    ORDER_PROPOSAL,
    LEDGER,
    MARGINAL,
    COUNTERFACTUAL,
    PROJECTION,
    EXCEPTION,
    ISSUE,
    KPI,
    DECISION,
    ASSIGNMENT,
)
