"""Named instances from a file: records of parameters with their known values, and the problems that they are."""

import dataclasses
import inspect
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from basestock.decision import KnownValue, Problem
from basestock.problems.single_item import backorder, lost_sales

BUILDERS: dict[str, Callable[..., Problem]] = {
    "lost_sales": lost_sales,
    "lost_sales_fixed_cost": lost_sales,
    "ss_backorder": backorder,
}
"""Function by family of the file."""

_LENGTHS = ("horizon", "warm_up")
_USUAL: dict[str, Any] = {
    "purchase_cost": 0,
    "review_period": 1,
    "initial_on_hand": 0,
    "initial_pipeline": 0,
}
"""Parameters that the functions do not take, with the value that they stand for."""

_KINDS = {
    "average_cost_per_time_unit": "per_event",
    "expected_single_period_cost": "closed_form",
    "safety_stock_cost_rate": "closed_form",
}


class InstanceError(ValueError):
    """A file holds no instances, or one cannot be built."""


@dataclasses.dataclass(frozen=True)
class Instance:
    """One record of a file of instances.

    Parameters
    ----------
    id, family
        Names.
    record
        The record: parameters, units, criterion, published and verified values.
    """

    id: str
    family: str
    record: Mapping[str, Any]

    @property
    def known(self) -> KnownValue | None:
        """The value that a gap is stated against."""
        value, published = self.record.get("reference_value"), self.record.get("published") or {}
        if value is None:
            return None
        optimal = str(self.record.get("reference_kind", "")).startswith("optimal")
        source = " ".join(str(published.get(name) or "") for name in ("source", "locator", "doi"))
        precision = published.get("precision")
        return KnownValue(
            float(value),
            "optimal" if optimal else "best_known",
            float(precision) if isinstance(precision, int | float) else 0.0,
            " ".join(source.split()) or str(self.record.get("reference_kind", "")),
        )

    @property
    def wrong(self) -> list[str]:
        """Why this version cannot build the problem; nothing if it can."""
        if self.family not in BUILDERS:
            return [f"family {self.family!r} is not built, must be one of {', '.join(BUILDERS)}."]
        known = inspect.signature(BUILDERS[self.family]).parameters
        found: list[str] = []
        for name, value in self.record["parameters"].items():
            plain = any(value) if isinstance(value, list) else value
            if name not in known and (name not in _USUAL or plain != _USUAL[name]):
                found.append(f"parameter {name!r} is {value!r}, must be {_USUAL.get(name, 'absent')}.")
        return found

    def problem(self, lengths: Mapping[str, int] | None = None) -> Problem:
        """Build the problem.

        Parameters
        ----------
        lengths
            ``horizon`` and ``warm_up`` of a simulation, periods.

        Raises
        ------
        InstanceError
            If this version has no such problem.
        """
        if self.wrong:
            raise InstanceError(f"instance {self.id!r}: {' '.join(self.wrong)} Choose another instance.")
        build, parameters = BUILDERS[self.family], self.record["parameters"]
        law, known = parameters["demand"], inspect.signature(build).parameters
        own = {name: value for name, value in parameters.items() if name in known}
        problem = build(**{**own, "demand": law["type"], "mean": law["mean"], **(lengths or {})})
        return dataclasses.replace(problem, name=self.id, known=self.known)

    def describe(self) -> dict[str, Any]:
        """Return what the list of problems prints."""
        units: Mapping[str, str] = self.record.get("units") or {}
        criterion: Mapping[str, Any] = self.record.get("criterion") or {}
        return {
            "name": self.id,
            "family": self.family,
            "kind": _KINDS.get(str(criterion.get("type")), "periodic"),
            "criterion": criterion.get("type"),
            "sense": criterion.get("sense"),
            "parameters": [
                {"name": name, "unit": units.get(name, ""), "default": value}
                for name, value in self.record["parameters"].items()
            ],
            "source": (self.record.get("published") or {}).get("citation") or "",
            "known": None if self.known is None else dataclasses.asdict(self.known),
            "can_be_played": not self.wrong,
        }


def read_instances(path: Path) -> list[Instance]:
    """Read a file of instances.

    Parameters
    ----------
    path
        JSON: a list of records with ``family``, ``id``, ``parameters``.

    Raises
    ------
    InstanceError
        If it cannot be read, or a record lacks something.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InstanceError(f"{path}: {error}; must be a readable JSON file of instances.") from error
    records = content.get("instances") if isinstance(content, dict) else content
    needed = {"family", "id", "parameters"}
    if not isinstance(records, list) or not all(
        isinstance(each, dict) and needed <= set(each) for each in records
    ):
        raise InstanceError(f"{path}: must be a list of records, each with {', '.join(sorted(needed))}.")
    return [Instance(str(each["id"]), str(each["family"]), each) for each in records]


def lengths_of(settings: Mapping[str, str]) -> dict[str, int]:
    """Return the lengths of a simulation; an instance has all its other parameters in its file.

    Raises
    ------
    InstanceError
        If anything else is set, or a length is no whole number.
    """
    wrong = [name for name in settings if name not in _LENGTHS]
    if wrong:
        raise InstanceError(
            f"parameter {wrong[0]!r} of an instance stands in its file, must be one of {', '.join(_LENGTHS)}."
        )
    try:
        return {name: int(text) for name, text in settings.items()}
    except ValueError as error:
        raise InstanceError(f"{' and '.join(settings)} must be whole numbers of periods: {error}.") from error
