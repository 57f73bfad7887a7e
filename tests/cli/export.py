"""A tiny export: four items, forty weeks, packs of six."""

import csv
import datetime
import random
from collections.abc import Sequence
from pathlib import Path

ITEMS = ("A-1", "A-2", "00420", "D-4")
AS_OF = datetime.date(2026, 3, 2)
WEEKS = 40


def write_export(folder: Path) -> Path:
    """Write the four files of the quick start, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    cost = {item: 4 + index for index, item in enumerate(ITEMS)}
    _write(
        folder / "item.csv",
        ("item_id", "description", "base_uom", "unit_cost", "unit_price"),
        [(item, f"Item {item}", "EA", cost[item], cost[item] + 3) for item in ITEMS],
    )
    _write(
        folder / "inventory.csv",
        ("as_of", "item_id", "on_hand"),
        [(AS_OF, item, 5 * index) for index, item in enumerate(ITEMS)],
    )
    _write(
        folder / "item_supplier.csv",
        ("item_id", "supplier_id", "lead_time_days", "order_minimum", "order_multiple", "unit_cost"),
        [(item, "ACME", 7, 12, 6, cost[item]) for item in ITEMS],
    )
    dice = random.Random(1)
    _write(
        folder / "demand_history.csv",
        ("bucket_start", "item_id", "qty", "qty_kind"),
        [
            (
                AS_OF - datetime.timedelta(weeks=WEEKS - week),
                item,
                dice.randint(0, 10 * (index + 1)),
                "ordered",
            )
            for index, item in enumerate(ITEMS)
            for week in range(WEEKS)
        ],
    )
    return folder


def _write(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
