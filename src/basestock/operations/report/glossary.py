"""The words of the report: what each number means, and plain names for codes.

A number on the page links to its entry here. `better` says which direction is good, where one is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Definition:
    """One entry: the label on the page, its unit, and what it is in one or two sentences."""

    label: str
    unit: str
    text: str
    better: Literal["higher", "lower", ""] = ""


GLOSSARY: dict[str, Definition] = {
    # The order line
    "qty": Definition(
        "Order", "item units", "What to order, in the unit of the order, legal in packs and minimum."
    ),
    "line_cost": Definition("Cost", "money", "Purchase money of the whole line at the supplier's price."),
    "value_now": Definition(
        "Value now",
        "money",
        "Expected total money of placing this line now, minus that of not being able to order the item "
        "before its next review; both on the same simulated events. After ± stands one standard error.",
        "higher",
    ),
    "return_per_currency": Definition(
        "Return",
        "money per money",
        "Value now divided by the cost of the line: what one unit of money spent here is expected to bring.",
        "higher",
    ),
    "cumulative_cost": Definition(
        "Running cost",
        "money",
        "Cost of this line and of every kept line above it, in the order shown. Where it passes the budget, "
        "the budget line is drawn.",
    ),
    "p_stockout": Definition(
        "Stockout risk",
        "probability",
        "Chance that stock runs out before the next order can arrive: first without this line, then with it.",
        "lower",
    ),
    "cover_days_after": Definition(
        "Cover",
        "days",
        "Days until the median forecast has used up the stock available once this line has arrived; at most "
        "999.",
    ),
    "arrival": Definition(
        "Order and arrival",
        "date",
        "The day to order, the day by which the goods arrive in half of all cases (P50), and the day by "
        "which they do in nine of ten (P90).",
    ),
    "reference_qty": Definition(
        "Reference", "item units", "What the incumbent rule named in the header would order of this item now."
    ),
    "previous_qty": Definition("Last order", "item units", "The quantity of the last order of this item."),
    "last_year_qty": Definition(
        "Same week last year", "item units", "What was ordered of this item in the same week one year ago."
    ),
    "reason_codes": Definition(
        "Why", "", "Reasons that shaped the quantity, and flags raised on the data behind it."
    ),
    "on_hand": Definition("On hand", "item units", "Stock in the building, as counted by the snapshot."),
    "on_order": Definition("On order", "item units", "Ordered before and not yet received."),
    "demand_per_day": Definition("Demand", "item units per day", "Mean of the demand forecast per day."),
    "ledger": Definition(
        "Ledger",
        "item units",
        "The sum behind the quantity: forecast demand and safety, less what is there or coming, gives the "
        "need; each rule of the supplier or the house then adds or takes its share. Rows add up to the order "
        "exactly.",
    ),
    "pack_gain": Definition(
        "Gain of a pack",
        "money",
        "Expected money that this pack brings, given that all packs before it are ordered.",
        "higher",
    ),
    "counterfactual": Definition(
        "What would change it",
        "",
        "The least change of an input that alters the order, and alternatives priced on the same events.",
    ),
    "status": Definition(
        "Set aside",
        "",
        "A line you took out of the totals on this page. The page only reads: no order is changed.",
    ),
    "stock_projection": Definition(
        "Stock projection",
        "item units",
        "Simulated stock on hand, day by day: the median, and the band that holds eight of ten outcomes when "
        "the quantiles are P10 and P90.",
    ),
    "in_stock_fraction": Definition(
        "In-stock share of a bucket",
        "ratio",
        "Part of the period in which the item was on the shelf. Below 1, recorded sales understate demand.",
        "higher",
    ),
    # Exceptions and data
    "money_at_risk": Definition(
        "Money at risk", "money", "Expected money lost if nothing is done until the next review.", "lower"
    ),
    "act_by": Definition("Act by", "date", "Last day on which the recommended action still helps."),
    "lost_sales_at_risk": Definition(
        "Lost sales at risk",
        "money",
        "Money at risk summed over exceptions about running out: projected stockouts, late, overdue and "
        "expedited orders, drifting lead times.",
        "lower",
    ),
    "excess_at_risk": Definition(
        "Excess at risk",
        "money",
        "Money at risk summed over exceptions about too much stock: excess, lots about to expire, minimum "
        "quantities that last more than 180 days.",
        "lower",
    ),
    "exposure": Definition(
        "Exposure",
        "money",
        "Stock value plus 30 days of demand value of the item-locations that findings touch. One with several "
        "findings counts once for each code, and once in the total.",
        "lower",
    ),
    "row_identity": Definition(
        "Row balance",
        "rows",
        "Rows read = accepted + repaired + quarantined + folded + ignored, so that no row is lost silently. "
        "Repaired rows keep both values; quarantined rows wait in their own file; folded rows merged into "
        "another by a named rule; ignored rows lie outside the declared scope.",
    ),
    "coverage": Definition(
        "Coverage", "", "Which features this export switches on, and which table would add the next."
    ),
    "not_planned": Definition(
        "Not planned",
        "item-locations",
        "Held because the data do not allow a sound order. It is not an order of zero: somebody must look.",
    ),
    # Figures
    "saving": Definition(
        "Saving",
        "money",
        "Profit minus the reference's profit on the same events; without prices, the reference's total cost "
        "minus this one. Always paired.",
        "higher",
    ),
    "saving_per_year": Definition(
        "Saving per year", "money", "Saving of the window, scaled to 365 days.", "higher"
    ),
    "revenue": Definition("Revenue", "money", "Price times all units handed over.", "higher"),
    "gross_margin": Definition("Gross margin", "money", "Revenue less the cost of the units sold.", "higher"),
    "profit": Definition(
        "Profit",
        "money",
        "Revenue less cost of units sold and all costs of running; lost margin is not in it.",
        "higher",
    ),
    "net_benefit": Definition("Net benefit", "money", "Profit less what the method itself costs.", "higher"),
    "total_cost": Definition(
        "Total cost",
        "money",
        "Every cost term, lost margin included, without the purchase value of the goods themselves.",
        "lower",
    ),
    "fill_rate": Definition(
        "Fill rate", "ratio", "Units handed over at once, divided by units demanded.", "higher"
    ),
    "fill_rate_value": Definition(
        "Fill rate by value",
        "ratio",
        "Sales value handed over at once, divided by sales value demanded.",
        "higher",
    ),
    "line_fill_rate": Definition(
        "Line fill rate", "ratio", "Order lines shipped complete at once, divided by order lines.", "higher"
    ),
    "cycle_service_level": Definition(
        "Cycle service level",
        "ratio",
        "Replenishment cycles without a shortage, divided by cycles.",
        "higher",
    ),
    "period_service_level": Definition(
        "Period service level",
        "ratio",
        "Periods whose demand was met in full, of those with demand.",
        "higher",
    ),
    "ready_rate": Definition(
        "Ready rate", "ratio", "Periods that end with stock on hand, of all periods.", "higher"
    ),
    "average_inventory_value": Definition(
        "Average stock value", "money", "Mean stock at the end of the period, at cost.", "lower"
    ),
    "excess_value": Definition(
        "Excess stock value",
        "money",
        "Stock at cost beyond the 95 % quantile of demand it must cover.",
        "lower",
    ),
    "holding_cost": Definition(
        "Holding cost", "money", "Cost of keeping stock: rate x cost x stock x time.", "lower"
    ),
    "shortage_cost": Definition(
        "Shortage cost",
        "money",
        "Lost margin, goodwill and backorder cost of demand not met at once.",
        "lower",
    ),
    "lost_margin": Definition("Lost margin", "money", "Margin of the units that could not be sold.", "lower"),
    "order_cost": Definition("Order cost", "money", "Fixed cost per order line placed.", "lower"),
    "waste_cost": Definition(
        "Waste cost", "money", "Cost of expired and scrapped units less salvage.", "lower"
    ),
    "waste_ratio": Definition(
        "Waste", "ratio", "Units wasted, divided by units handed over or wasted.", "lower"
    ),
    "turnover": Definition(
        "Turnover", "per year", "Cost of goods handed over in a year, by average stock.", "higher"
    ),
    "stockout_events": Definition("Stockout events", "events", "Runs of periods with no stock.", "lower"),
    "stockout_periods": Definition("Stockout periods", "periods", "Periods that end with no stock.", "lower"),
    "shortage_periods": Definition(
        "Shortage periods", "periods", "Periods in which demand was not met in full.", "lower"
    ),
    "order_lines": Definition("Order lines placed", "lines", "Lines ordered over the window: workload."),
    "lines": Definition("Order lines", "lines", "Lines proposed in this run."),
    "inventory_value": Definition("Stock value", "money", "Stock that can be sold today, at cost."),
    "lost_value_without": Definition(
        "Value of acting now",
        "money",
        "What is lost if nothing is ordered before the next review: the value of the best order of each line.",
        "lower",
    ),
    "planned_item_locations": Definition("Planned", "item-locations", "Item-locations this run decided on."),
    "not_planned_item_locations": Definition(
        "Held",
        "item-locations",
        "Item-locations this run could not decide on; they are listed under Data.",
        "lower",
    ),
    "cvar05_profit": Definition(
        "Profit in the worst 5 %",
        "money",
        "Mean profit over the worst 5 % of independent episodes.",
        "higher",
    ),
    "cvar05_cost": Definition(
        "Cost in the worst 5 %", "money", "Mean cost over the worst 5 % of independent episodes.", "lower"
    ),
    "minimum_residue_value": Definition(
        "Bought for rules", "money", "Money spent beyond the need because of minimum and pack size.", "lower"
    ),
    "disagreement_value": Definition(
        "Disagreement",
        "ratio",
        "Money by which the plan departs from the reference, over the reference's money.",
    ),
    "nervousness": Definition(
        "Nervousness",
        "ratio",
        "Money of lines that changed since the last run without a change of inputs.",
        "lower",
    ),
    "interval": Definition(
        "± on a figure",
        "",
        "On figures of a backtest and on key figures: half the width of the two-sided 95 % interval. On a "
        "line, a pack or an alternative: one standard error; the sign is asserted only beyond two of them.",
    ),
}

REASONS: dict[str, str] = {
    "BELOW_TARGET": "Below target",
    "LEADTIME_RISK": "Lead-time risk",
    "MINIMUM": "Minimum",
    "PACK": "Pack size",
    "PRICE_BREAK": "Price break",
    "CONTAINER_FILL": "Fills container",
    "REVIEW_GAP": "Longer gap",
    "PROMO": "Promotion",
    "SEASON": "Season",
    "NEW_ITEM": "New item",
    "PHASE_OUT": "Phase-out",
    "REBALANCE": "Rebalance",
    "EXPIRY": "Expiry",
    "BUDGET_CUT": "Cut by budget",
    "CAPACITY_CUT": "Cut by capacity",
    "MAX_STOCK": "Maximum stock",
    "SHELF_LIFE": "Shelf life",
    "CONFLICT": "Rules conflict",
    "IMPLIED_COST": "Implied cost",
    "SPLIT": "Split line",
    "GUARDRAIL_CLIP": "Clipped by guardrail",
    "REFERENCE_FALLBACK": "Reference used",
    "OVERRIDE": "Override",
}

LOST_SALES, EXCESS, OTHER = "lost_sales", "excess", "other"
FAMILIES: dict[str, str] = {LOST_SALES: "Running out", EXCESS: "Too much stock", OTHER: "Other"}
_EXCEPTION_FAMILY: dict[str, str] = {
    **dict.fromkeys(
        (
            "projected_stockout",
            "stockout",
            "late_order",
            "expedite",
            "overdue_receipt",
            "lead_time_drift",
            "capacity_overload",
        ),
        LOST_SALES,
    ),
    **dict.fromkeys(("excess", "expiring_lot", "minimum_over_180_days"), EXCESS),
}
_LEDGER: dict[str, str] = {
    "demand_lead_time": "Demand over lead time",
    "demand_review": "Demand over review",
    "lost_before_arrival": "Lost before arrival",
    "on_order": "On order",
    "trigger": "No order needed",
}


def family(exception_type: str) -> str:
    """The group of an exception type: running out, too much stock, or other.

    >>> family("projected stockout"), family("data_error")
    ('lost_sales', 'other')
    """
    return _EXCEPTION_FAMILY.get(exception_type.strip().lower().replace(" ", "_"), OTHER)


def plain(name: str) -> str:
    """A stored name in plain words: the label of a code or figure, else the name itself without underscores.

    >>> plain("PACK"), plain("projected_stockout"), plain("fill_rate")
    ('Pack size', 'Projected stockout', 'Fill rate')
    """
    if name in REASONS:
        return REASONS[name]
    if name in GLOSSARY:
        return GLOSSARY[name].label
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:] if re.match(r"[a-z]+([ :]|$)", words) else words


def is_step(component: str) -> bool:
    """Whether a ledger component is a step after the need: its name starts with a reason code, in any case.

    >>> is_step("pack"), is_step("PACK"), is_step("on hand")
    (True, True, False)
    """
    word = re.split(r"\W", component.upper(), maxsplit=1)[0]
    return word == "TRIGGER" or word in REASONS


def ledger_label(component: str) -> str:
    """A ledger component in plain words.

    >>> ledger_label("demand_lead_time"), ledger_label("pack")
    ('Demand over lead time', 'Pack size')
    """
    return _LEDGER.get(component.lower()) or REASONS.get(component.upper()) or plain(component)


def codes(text: str | None) -> list[str]:
    """The codes of a stored list, whatever separates them.

    >>> codes("PACK;MINIMUM, DEM-003")
    ['PACK', 'MINIMUM', 'DEM-003']
    """
    return [code for code in re.split(r"[\s;,|\[\]'\"]+", text or "") if code]


def definition_of(name: str) -> str | None:
    """The glossary key a figure belongs to; suffixes such as `_day` fall back to the figure they qualify."""
    while name not in GLOSSARY:
        name, _, rest = name.rpartition("_")
        if not rest:
            return None
    return name
