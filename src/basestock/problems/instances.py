"""Named instances from a file: records of parameters with their known values, and the problems that they are."""

import dataclasses
import importlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from basestock.decision import Kind, KnownValue, Problem
from basestock.problems.families.criterion import judged_by, lengths_of_criterion, wrong_criterion
from basestock.problems.families.rules import Rule, Wrong, is_number, shown, wrong_parameters

FAMILY_NAMES = (
    "lost_sales",
    "lost_sales_fixed_cost",
    "dual_sourcing",
    "perishable_single_class",
    "perishable_two_class",
    "perishable_profit",
    "ss_backorder",
    "joint_replenishment",
    "serial",
    "random_lead_time",
    "one_warehouse_multi_retailer",
    "divergent_special_delivery",
    "general_network",
    "beer_game",
    "newsvendor",
    "eoq",
    "lot_sizing",
    "finite_horizon",
    "rq",
    "supply_uncertainty",
    "guaranteed_service",
    "assembly_random_lead_time",
)
"""Families of the file format; each is built by the module of its name in :mod:`basestock.problems.families`."""

_LENGTHS = ("horizon", "warm_up")
_NEEDED = ("family", "id", "parameters")


class InstanceError(ValueError):
    """A file holds no instances, or one cannot be built."""


@dataclasses.dataclass(frozen=True)
class InstanceFamily:
    """What a module of :mod:`basestock.problems.families` says about its family.

    Parameters
    ----------
    kind
        Kind of its problems [``KIND``].
    criteria
        Criteria that it is judged by [``CRITERIA``].
    parameters
        Rule of each parameter [``PARAMETERS``].
    build
        Problem from parameters that keep the rules, and ``horizon`` and ``warm_up`` in periods where given [``build``].
    wrong
        What else is wrong with parameters that each keep their rule [``wrong``].
    periods
        Periods that parameters which keep the rules fix, if they do [``periods``].
    """

    kind: Kind
    criteria: tuple[str, ...]
    parameters: Mapping[str, Rule]
    build: Callable[[Mapping[str, Any], Mapping[str, int]], Problem]
    wrong: Callable[[Mapping[str, Any]], list[Wrong]]
    periods: Callable[[Mapping[str, Any]], int | None]


def instance_family(family: str) -> InstanceFamily | None:
    """Return what is known of a family; ``None`` where nothing builds it."""
    if family not in FAMILY_NAMES:
        return None
    name = f"basestock.problems.families.{family}"
    try:
        module: Any = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        return None
    further = getattr(module, "wrong", lambda parameters: [])
    periods = getattr(module, "periods", lambda parameters: None)
    return InstanceFamily(module.KIND, module.CRITERIA, module.PARAMETERS, module.build, further, periods)


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
        value, published = self.record.get("reference_value"), _mapping(self.record.get("published"))
        if not is_number(value):
            return None
        optimal = str(self.record.get("reference_kind", "")).startswith("optimal")
        source = " ".join(str(published.get(name) or "") for name in ("source", "locator", "doi"))
        precision = published.get("precision")
        return KnownValue(
            float(cast(float, value)),
            "optimal" if optimal else "best_known",
            float(cast(float, precision)) if is_number(precision) else 0.0,
            " ".join(source.split()) or str(self.record.get("reference_kind", "")),
        )

    @property
    def criterion(self) -> Mapping[str, Any]:
        """The criterion of the record; empty where it has none."""
        return _mapping(self.record.get("criterion"))

    def faults(self) -> list[Wrong]:
        """Return everything that keeps the record from being a problem."""
        family = instance_family(self.family)
        if family is None:
            rule = f"must be one of {', '.join(FAMILY_NAMES)}"
            return [Wrong("family", shown(self.family), rule, "Choose another instance.")]
        parameters = self.record["parameters"]
        found = wrong_parameters(parameters, family.parameters) or family.wrong(parameters)
        periods = None if found else family.periods(parameters)
        found += wrong_criterion(self.record.get("criterion"), family.criteria, parameters, periods)
        value = self.record.get("reference_value")
        if value is not None and not is_number(value):
            found.append(Wrong("reference_value", shown(value), "must be a number or null", "Correct it."))
        return found

    @property
    def wrong(self) -> list[str]:
        """Why the record cannot be a problem; nothing if it can."""
        return [str(each) for each in self.faults()]

    def problem(self, lengths: Mapping[str, int] | None = None) -> Problem:
        """Build the problem.

        Parameters
        ----------
        lengths
            ``horizon`` and ``warm_up`` of a simulation, periods.

        Raises
        ------
        InstanceError
            If the record breaks a rule of its family, or fixes a length that is asked for otherwise.
        """
        wrong, family = self.wrong, instance_family(self.family)
        if wrong or family is None:
            raise InstanceError(f"instance {self.id!r}: {' '.join(wrong)} Choose another instance.")
        asked, criterion = dict(lengths or {}), self.criterion
        problem = family.build(self.record["parameters"], lengths_of_criterion(criterion) | asked)
        fixed = [name for name, periods in asked.items() if getattr(problem, name) != periods]
        if fixed:
            rule = f"is {getattr(problem, fixed[0])} by its record and cannot be set"
            raise InstanceError(f"instance {self.id!r}: {fixed[0]} {rule}. Leave it out.")
        return dataclasses.replace(judged_by(problem, criterion), name=self.id, known=self.known)

    def describe(self) -> dict[str, Any]:
        """Return what the list of problems prints."""
        units = _mapping(self.record.get("units"))
        criterion, wrong, family = self.criterion, self.faults(), instance_family(self.family)
        events = self.record.get("events")
        return {
            "name": self.id,
            "family": self.family,
            "kind": None if family is None else family.kind,
            "criterion": criterion.get("type"),
            "sense": criterion.get("sense"),
            "events": events if isinstance(events, list) else [],
            "parameters": [
                {"name": name, "unit": str(units.get(name, "")), "default": value}
                for name, value in self.record["parameters"].items()
            ],
            "source": _mapping(self.record.get("published")).get("citation") or "",
            "known": None if self.known is None else dataclasses.asdict(self.known),
            "can_be_played": not wrong,
            "wrong": [dataclasses.asdict(each) for each in wrong],
        }


def _mapping(value: object) -> Mapping[str, Any]:
    return cast(Mapping[str, Any], value) if isinstance(value, Mapping) else {}


def examine_instances(path: Path) -> tuple[list[Instance], list[Wrong]]:
    """Read a file of instances, and say what is wrong with the records that are none.

    Parameters
    ----------
    path
        JSON: a list of records with ``family``, ``id``, ``parameters``.

    Raises
    ------
    InstanceError
        If it cannot be read, or holds no list.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise InstanceError(f"{path}: {error}; must be a readable JSON file of instances.") from error
    records = content.get("instances") if isinstance(content, dict) else content
    if not isinstance(records, list):
        raise InstanceError(f"{path}: must be a list of records, each with {', '.join(_NEEDED)}.")
    return _examined(records)


def read_instances(path: Path) -> list[Instance]:
    """Read a file of instances.

    Parameters
    ----------
    path
        JSON: a list of records with ``family``, ``id``, ``parameters``.

    Raises
    ------
    InstanceError
        If it cannot be read, or naming every record that lacks something.
    """
    found, wrong = examine_instances(path)
    if wrong:
        raise InstanceError(f"{path}: {' '.join(str(each) for each in wrong)}")
    return found


def _examined(records: list[Any]) -> tuple[list[Instance], list[Wrong]]:
    """Return the records that have a name, a family and parameters, and what is wrong with the others."""
    found: dict[str, tuple[int, Instance]] = {}
    wrong: list[Wrong] = []
    for number, record in enumerate(records, start=1):
        faults = _wrong_record(number, record)
        if not faults and record["id"] in found:
            rule = f"must differ from that of record {found[record['id']][0]}"
            faults = [Wrong(f"record {number}: id", shown(record["id"]), rule, "Rename one of them.")]
        wrong += faults
        if not faults:
            found[record["id"]] = number, Instance(record["id"], record["family"], record)
    return [instance for _, instance in found.values()], wrong


def _wrong_record(number: int, record: Any) -> list[Wrong]:
    """Return what keeps an entry of the list from being a record."""
    if not isinstance(record, dict):
        rule = f"must be an object with {', '.join(_NEEDED)}"
        return [Wrong(f"record {number}", shown(record), rule, "Drop it.")]
    found: list[Wrong] = []
    for name in _NEEDED:
        kind, text = (dict, "an object") if name == "parameters" else (str, "a text")
        if not isinstance(record.get(name), kind) or (kind is str and not record[name]):
            given = shown(record[name]) if name in record else "missing"
            found.append(Wrong(f"record {number}: {name}", given, f"must be {text}", "Correct the record."))
    return found


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
