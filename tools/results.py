"""Writes docs/results.md: the gaps of policies to exact optima or proven bounds, instance by instance.

``python -m tools.results [INSTANCES.json]`` solves every instance, tunes the policies of its family and values them on
it; the file lies beside the repository in ``shared/benchmarks`` if it is not named. What `benchmarks/records` holds
already is not computed again: all together takes hours. ``--family`` computes what is missing of some families,
``--page`` nothing; both write the page of what there is, and name what is not.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from basestock.problems.instances import Instance, read_instances
from tools import bounds
from tools.bounds import bounds_of, first_of_each_family
from tools.heuristics import Row, rows, section
from tools.records import ROOT, Records

INSTANCES = ROOT.parent / "shared" / "benchmarks" / "instances.json"
TARGET = ROOT / "docs" / "results.md"

POLICIES: dict[str, tuple[str, ...]] = {
    "lost_sales": (
        "base_stock",
        "capped_base_stock",
        "myopic",
        "projected_inventory_level",
        "constant_order",
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
    "assembly_random_lead_time": ("base_stock", "capped_base_stock"),
}
"""Policies of each family; those of families that are computed have none."""


CERTIFICATES, PRINTED, BOUNDS = Records("certificates"), Records("printed"), Records("bounds")


def main(arguments: list[str]) -> int:
    """Compute what is missing, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=INSTANCES)
    parser.add_argument("--family", action="append", help="compute only these families")
    parser.add_argument(
        "--only", choices=("certificates", "printed", "bounds"), help="compute only this part"
    )
    parser.add_argument("--page", action="store_true", help="compute nothing")
    told = parser.parse_args(arguments)
    if not told.file.exists():
        print(f"{told.file} is missing: name a file of instances", file=sys.stderr)
        return 2
    instances = read_instances(told.file)
    for family in dict.fromkeys(instance.family for instance in instances):
        if not told.page and family in (told.family or [family]):
            mine = [instance for instance in instances if instance.family == family]
            if told.only in (None, "certificates"):
                certify_missing(told.file, mine)
            if told.only in (None, "printed"):
                play_missing(mine)
            if told.only in (None, "bounds"):
                bound_missing(mine)
    records = [instance.record for instance in instances]
    TARGET.write_text(page(records), encoding="utf-8")
    return 0


def certify_missing(file: Path, instances: Iterable[Instance]) -> None:
    """Record what ``basestock certify`` says of instances that have no record."""
    for instance in instances:
        if instance.id not in CERTIFICATES.read(instance.family):
            said = certified(file, instance)
            if said is None:
                print(f"{instance.id}: certify wrote nothing; it stays missing", file=sys.stderr)
            else:
                CERTIFICATES.add(instance.family, instance.id, said)


def certified(file: Path, instance: Instance) -> dict[str, Any] | None:
    """Return what ``basestock certify`` says of an instance; ``None`` where it ends without a word."""
    chosen = ",".join(POLICIES.get(instance.family, ("none",)))
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "certificate.json"
        asked = ["--instances", str(file), "--id", instance.id, "--policy", chosen, "--out", str(out)]
        program = "from basestock.cli import main; main()"
        subprocess.run(
            [sys.executable, "-c", program, "certify", *asked], stdout=subprocess.DEVNULL, check=False
        )
        return json.loads(out.read_text(encoding="utf-8"))["instances"][0] if out.exists() else None


def play_missing(instances: Iterable[Instance]) -> None:
    """Record the printed policies of instances that have no record."""
    for instance in instances:
        if instance.record.get("heuristics") and instance.id not in PRINTED.read(instance.family):
            PRINTED.add(instance.family, instance.id, [vars(row) for row in rows(instance)])


def bound_missing(instances: Iterable[Instance]) -> None:
    """Record the bounds of the first instance of a family that has no record."""
    for instance in first_of_each_family(instances):
        if instance.id not in BOUNDS.read(instance.family):
            BOUNDS.add(instance.family, instance.id, bounds_of(instance))


PROTOCOL = """\
# Results

Written by `python -m tools.results`: for every instance of the file of published instances the published value, the
value computed here, and the gap of each policy of its family, tuned here; then every printed policy against ours.

Protocol. The value is exact (dynamic programming over the transition that also simulates, or a closed form) where the
certificate says `exact`; where it says `lower bound`, gaps are against a proven bound and too large. Policies are tuned
under common random numbers and, where exact values are quick, ended by their exact cost; they are valued exactly on the
states that they reach from the declared start where these are few enough, and elsewhere simulated on fresh events, with
the 95 % half-width. A gap is positive where the policy is worse, in percent of the value. `off` is how far the value is
from the published one, in percent; `digits` says whether it agrees with the value that the file of instances holds as
recomputed elsewhere, to five significant digits. Seconds are wall time on two cores that had other work beside this.
"""

FIVE_DIGITS = 1e-5
"""Relative distance within which five significant digits agree but for their rounding."""

NOTES: dict[str, str] = {
    "lost_sales/*-L6-*": "The published values are simulated costs of learned policies, read in their authors' log.",
    "perishable_two_class/*": (
        "The two recomputed values that differ in the fifth digit (m4-L0-cvr1.0-fifo1.0, m5-L0-cvr1.0-fifo1.0) lie "
        "above the published ones, with which ours agree. The reason is not known. Published values without a "
        "recomputed one are simulated costs of learned policies, to 0.2 %; ours are exact."
    ),
    "perishable_profit/m4-poisson5": (
        "The recomputed 2.46664 is above the upper bound 2.4666094 of the largest box (36 units); the policy found "
        "here, valued exactly as a chain, earns 2.4666094."
    ),
    "perishable_profit/two-product-m2-exp2": (
        "Not solved within 600 s: two demands and substitution have 304,304 joint outcomes a period, and the first 525 "
        "states took all the time. No bound applies to goods that age and customers who substitute."
    ),
    "perishable_single_class/*": "Printed values are simulated means, to the unit.",
    "serial/*": (
        "The textbook's values and those transcribed from a repository are up to 0.03 % from the recursion on a fine "
        "grid, which agrees with the recomputed values. How they were computed is not printed."
    ),
    "random_lead_time/exponential-*": (
        "The published values are simulated costs, and their policies keep the position within a band that the authors "
        "chose (19 to 41 at a backorder cost of 69); without the band less is possible."
    ),
    "finite_horizon/*": "Both programs make normal demand discrete, differently: 0.015 % apart with the same (s,S).",
    "guaranteed_service/problem-6-8": "The printed value is 0.0006 % above ours and the recomputed one, unexplained.",
    "one_warehouse_multi_retailer/*": (
        "The initial state behind the published costs is not printed; ours is empty, and some bounds exceed them."
    ),
    "divergent_special_delivery/*": (
        "The published costs are simulated; their source prints neither warm-up nor initial state nor when stored "
        "goods are counted."
    ),
}
"""Why ours is not the published or recomputed value, by pattern of instances."""


def page(records: list[Mapping[str, Any]]) -> str:
    """Return the page as Markdown, of the records of instances."""
    families = list(dict.fromkeys(record["family"] for record in records))
    recomputed = {record["id"]: record["verified"]["value"] for record in records if record.get("verified")}
    known = {family: CERTIFICATES.read(family) for family in families}
    played = {family: PRINTED.read(family) for family in families}
    found = {
        family: [known[family][each["id"]]["found"] for each in records if each["id"] in known[family]]
        for family in families
    }
    every = [row for instances in found.values() for row in instances]
    parts = [PROTOCOL, computed([*_lines(known), *_lines(played)]), summary(every, recomputed)]
    missing = {
        family: [
            each["id"] for each in records if each["family"] == family and each["id"] not in known[family]
        ]
        for family in families
    }
    if any(missing.values()):
        told = [
            each
            for family, ids in missing.items()
            for each in ([f"{family} (all {len(ids)})"] if ids and not known[family] else ids)
        ]
        parts.append(f"Not on this page, because it was not computed: {', '.join(told)}.\n")
    for family, instances in found.items():
        if instances:
            parts.append(f"## {family}\n\n" + "\n".join(table(instances, recomputed)) + "\n")
            told = [
                f"- `{pattern}`: {note}"
                for pattern, note in NOTES.items()
                if pattern.startswith(f"{family}/")
            ]
            parts += ["\n".join(told) + "\n"] if told else []
    printed = [
        Row(**row)
        for record in records
        if record["id"] in played[record["family"]]
        for row in played[record["family"]][record["id"]]["found"]
    ]
    bounded = {line["id"]: line["found"] for line in _lines({each: BOUNDS.read(each) for each in families})}
    values = {row["id"]: row["value"] for row in every}
    return "\n".join([*parts, bounds.section(bounded, values), section(printed)])


def _lines(known: Mapping[str, Mapping[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    return [line for family in known.values() for line in family.values()]


def computed(lines: list[dict[str, Any]]) -> str:
    """Return when, and from how many states of the source, lines were computed."""
    days, sources = {line["computed"] for line in lines}, {line["source"] for line in lines}
    if not days:
        return "Nothing has been computed.\n"
    when = min(days) if len(days) == 1 else f"{min(days)} to {max(days)}"
    states = "one state" if len(sources) == 1 else f"{len(sources)} states"
    return f"Computed {when}, from {states} of the source, which `benchmarks/records` names by line.\n"


def summary(rows: list[dict[str, Any]], recomputed: dict[str, float]) -> str:
    """Return how many values agree, and those that do not."""
    held = [row for row in rows if row["id"] in recomputed]
    solved = [row for row in held if row["certificate"] == "exact"]
    other = [row for row in solved if not agrees(row, recomputed)]
    lines = [
        f"{len(rows)} instances. {len(held)} have a value recomputed elsewhere; {len(solved)} of them are solved "
        f"exactly here, and {len(solved) - len(other)} agree to five significant digits.",
        *([""] if other or len(held) > len(solved) else []),
    ]
    lines += [
        f"- `{row['id']}`: {row['value']:.9g} here, {recomputed[row['id']]:.9g} recomputed elsewhere"
        + ("" if row["published"] is None else f", {row['published']:.9g} published")
        for row in other
    ]
    lines += [f"- `{row['id']}`: not solved ({row['method']})" for row in held if row not in solved]
    return "\n".join(lines) + "\n"


def agrees(row: dict[str, Any], recomputed: dict[str, float]) -> bool | None:
    """Tell whether a value is the recomputed one to five digits; ``None`` without one of them."""
    known = recomputed.get(row["id"])
    if known is None or row["value"] is None:
        return None
    return abs(row["value"] - known) <= FIVE_DIGITS * abs(known)


def table(instances: list[dict[str, Any]], recomputed: dict[str, float]) -> list[str]:
    """Return the table of a family."""
    names = list(dict.fromkeys(each["policy"] for row in instances for each in row["policies"]))
    head = ["instance", "published", "value", "off %", "digits", "certificate", "states", "s", *names]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for row in instances:
        value = row["value"] if row["value"] is not None else row["lower"]
        value = row["upper"] if value is None else value
        published = row["published"]
        off = "" if not published or row["value"] is None else f"{100 * (row['value'] / published - 1):.3f}"
        gaps = {each["policy"]: each for each in row["policies"]}
        cells = [
            row["id"].split("/", 1)[-1],
            "" if published is None else f"{published:.7g}",
            "" if value is None else f"{value:.7g}",
            off,
            {True: "yes", False: "no", None: ""}[agrees(row, recomputed)],
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
