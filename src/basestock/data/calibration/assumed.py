"""What each line rests on that nobody stated: guesses of the profile, assumed stock, factors and costs."""

import polars as pl

from basestock.data.dataset import Dataset

_KEYS = ["item_id", "location_id"]
_WORDS = {
    "item": "item",
    "item_location": "item-location",
    "inventory": "stock",
    "demand_history": "demand history",
    "item_supplier": "source",
}
_PER_SOURCE = "item_supplier"


def assumption_notes(
    dataset: Dataset, table: pl.DataFrame, implied: list[bool], flags: list[str]
) -> list[str]:
    """Return a sentence for every line about what was assumed for it; empty where nothing was.

    Parameters
    ----------
    dataset
        Checked tables, whose guessed columns are marked.
    table
        Planned lines with their source, order unit and factor.
    implied
        Whether the stockout cost of each line is implied by a service target.
    flags
        Codes of the findings of each line.
    """
    general = ["stock assumed at the reference policy's level"] if "inventory" in dataset.info.assume else []
    guesses = {name: _guesses(dataset, name, table) for name in _WORDS}
    factor = dataset.settings.assume_factor
    notes: list[str] = []
    units = zip(table["order_uom"], table["base_uom"], table["factor"], strict=True)
    for line, (order_uom, base_uom, taken) in enumerate(units):
        own = [*general, *(text for texts in guesses.values() if (text := texts[line]))]
        guessed = factor is not None and taken == factor and "UOM-001" in flags[line].split()
        if guessed and order_uom and order_uom != base_uom:
            own.append(f"one {order_uom} is taken as {taken:g} {base_uom} (UOM-001)")
        if "PRC-005" in flags[line].split():
            own.append("cost estimated for lack of a price (PRC-005)")
        if implied[line]:
            own.append("stockout cost implied by a service target")
        notes.append("; ".join(own))
    return notes


def _guesses(dataset: Dataset, name: str, table: pl.DataFrame) -> list[str]:
    """Say which columns of a table the profile guesses, for every line."""
    rows = dataset.tables.get(name)
    if rows is None or "_assumed" not in rows.columns:
        return [""] * table.height
    keys = (
        ["item_id", "supplier_id"] if name == _PER_SOURCE else [key for key in _KEYS if key in rows.columns]
    )
    guessed = rows.filter(pl.col("_assumed") != "").select(*keys, "_assumed")
    named = guessed.with_columns(pl.col("_assumed").str.split(",")).explode("_assumed").unique()
    per_line = named.sort("_assumed").group_by(keys, maintain_order=True).agg("_assumed")
    found = table.select(keys).join(per_line, on=keys, how="left", maintain_order="left")["_assumed"]
    return [_sentence(_WORDS[name], columns) for columns in found.to_list()]


def _sentence(word: str, columns: list[str] | None) -> str:
    if not columns:
        return ""
    if "*" in columns:
        return f"{word} assumed by the profile"
    return f"{word} assumed by the profile: {', '.join(column.replace('_', ' ') for column in columns)}"
