"""Writes docs/results.md: the gaps of policies to exact optima or proven bounds, instance by instance.

``python -m tools.results [INSTANCES.json]`` solves every instance, tunes the policies of its family and values them on
it; the file lies beside the repository in ``shared/benchmarks`` if it is not named. It takes hours, so certificates of
each family are kept in ``build/results`` and used again: remove that folder to compute everything anew.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
INSTANCES = ROOT.parent / "shared" / "benchmarks" / "instances.json"
TARGET = ROOT / "docs" / "results.md"
KEPT = ROOT / "build" / "results"

POLICIES: dict[str, tuple[str, ...]] = {
    "lost_sales": (
        *("base_stock", "capped_base_stock", "myopic", "myopic2", "vector_base_stock"),
        *("projected_inventory_level", "dual_balancing", "constant_order"),
    ),
    "lost_sales_fixed_cost": ("order_up_to", "fixed_quantity", "modified_order_up_to"),
    "dual_sourcing": ("single_index", "dual_index", "capped_dual_index", "tailored_base_surge"),
    "perishable_single_class": ("base_stock", "perishable_base_stock"),
    "perishable_two_class": ("base_stock", "perishable_base_stock"),
    "perishable_profit": ("base_stock", "perishable_base_stock"),
    "ss_backorder": ("order_up_to", "fixed_quantity"),
    "joint_replenishment": ("base_stock", "can_order", "joint_order_up_to"),
    "random_lead_time": ("base_stock",),
    "one_warehouse_multi_retailer": ("base_stock", "echelon_base_stock"),
    "divergent_special_delivery": ("base_stock",),
    "general_network": ("base_stock", "echelon_base_stock"),
    "beer_game": ("base_stock",),
    "assembly_random_lead_time": ("base_stock",),
}
"""Policies of each family; those of families that are computed have none."""


def main(arguments: list[str]) -> int:
    """Write the page."""
    file = Path(arguments[0]) if arguments else INSTANCES
    if not file.exists():
        print(f"{file} is missing: name a file of instances", file=sys.stderr)
        return 2
    families = list(
        dict.fromkeys(record["family"] for record in json.loads(file.read_text(encoding="utf-8")))
    )
    rows = {family: certified(file, family) for family in families}
    TARGET.write_text(page(rows), encoding="utf-8")
    return 0


def certified(file: Path, family: str) -> list[dict[str, Any]]:
    """Return what ``basestock certify`` says of a family."""
    out = KEPT / f"{family}.json"
    if not out.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        started = KEPT / f"unfinished-{family}.json"
        chosen = ",".join(POLICIES.get(family, ("none",)))
        asked = ["--instances", str(file), "--family", family, "--policy", chosen, "--out", str(started)]
        program = "from basestock.cli import main; main()"
        subprocess.run(
            [sys.executable, "-c", program, "certify", *asked], check=True, stdout=subprocess.DEVNULL
        )
        started.rename(out)
    return json.loads(out.read_text(encoding="utf-8"))["instances"]


PROTOCOL = """\
# Results

Written by `python -m tools.results`: for every instance of the file of published instances the published value, the
value computed here, and the gap of each policy of its family, tuned here.

Protocol. The value is exact (dynamic programming over the transition that also simulates, or a closed form) where the
certificate says `exact`; where it says `lower bound`, gaps are against a proven bound and too large. Policies are tuned
under common random numbers, and valued exactly on the states that they reach from the declared start where these are
few enough; elsewhere they are simulated on fresh events, and the 95 % half-width is given. A gap is positive where the
policy is worse, in percent of the value. `off` is how far the value is from the published one, in percent.
"""


def page(rows: dict[str, list[dict[str, Any]]]) -> str:
    """Return the page as Markdown."""
    parts = [PROTOCOL]
    for family, instances in rows.items():
        parts.append(f"## {family}\n\n" + "\n".join(table(instances)) + "\n")
    return "\n".join(parts)


def table(instances: list[dict[str, Any]]) -> list[str]:
    """Return the table of a family."""
    names = list(dict.fromkeys(each["policy"] for row in instances for each in row["policies"]))
    head = ["instance", "published", "value", "off %", "certificate", "states", "s", *names]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for row in instances:
        value = row["value"] if row["value"] is not None else row["lower"]
        published = row["published"]
        off = "" if not published or row["value"] is None else f"{100 * (row['value'] / published - 1):.3f}"
        gaps = {each["policy"]: each for each in row["policies"]}
        cells = [
            row["id"].split("/", 1)[-1],
            "" if published is None else f"{published:.7g}",
            "" if value is None else f"{value:.7g}",
            off,
            row["certificate"].replace("_", " "),
            "" if row.get("states") is None else f"{row['states']:,}",
            f"{row['seconds']:.1f}",
            *(gap(gaps.get(name)) for name in names),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def gap(policy: dict[str, Any] | None) -> str:
    """Return a gap with its half-width, or the cost where there is nothing to compare it with."""
    if policy is None:
        return ""
    width = policy["half_width"]
    if policy["gap_percent"] is None:
        return f"{policy['cost']:.5g}" + (f" ± {width:.2g}" if width else "")
    share = 100 * width / abs(policy["cost"]) if policy["cost"] else 0.0
    return f"{policy['gap_percent']:.3f}" + (f" ± {share:.2f}" if width else "")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
