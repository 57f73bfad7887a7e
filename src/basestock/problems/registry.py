"""Every problem family by name, with its parameters, units and sources."""

import dataclasses
import difflib
import inspect
import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal, get_args, get_origin, get_type_hints

from basestock.decision import Problem
from basestock.problems.item_catalog import item_catalog
from basestock.problems.market_families import MARKETS
from basestock.problems.or_gym.families import OR_GYM
from basestock.problems.perishable_families import PERISHABLE
from basestock.problems.plant_families import PLANTS
from basestock.problems.single_item import backorder, lost_sales, periodic_random_yield
from basestock.problems.supply_families import SUPPLY


@dataclasses.dataclass(frozen=True)
class Family:
    """A problem family.

    Parameters
    ----------
    name
        Registered name.
    build
        Function of keyword arguments.
    units
        Unit of each parameter.
    source
        DOI or citation.
    """

    name: str
    build: Callable[..., Problem]
    units: Mapping[str, str]
    source: str

    @property
    def defaults(self) -> dict[str, Any]:
        """Default of each parameter, in order."""
        return {
            name: parameter.default for name, parameter in inspect.signature(self.build).parameters.items()
        }

    @property
    def choices(self) -> dict[str, tuple[str, ...]]:
        """Names to choose from, of each parameter that has some."""
        function: Any = self.build.func if isinstance(self.build, partial) else self.build
        hints = get_type_hints(function).items()
        return {name: get_args(hint) for name, hint in hints if get_origin(hint) is Literal}

    def describe(self) -> dict[str, Any]:
        """Return what the list of problems prints."""
        problem = self.build()
        known = problem.known
        return {
            "name": self.name,
            "kind": problem.kind,
            "criterion": problem.criterion,
            "sense": problem.sense,
            "parameters": [
                {"name": name, "unit": self.units.get(name, ""), "default": default}
                for name, default in self.defaults.items()
            ],
            "source": self.source,
            "known": None if known is None else dataclasses.asdict(known),
        }


_COMMON = {
    "lead_time": "periods",
    "holding_cost": "money/(unit period)",
    "lost_sale_cost": "money/unit",
    "backorder_cost": "money/(unit period)",
    "fixed_order_cost": "money/order",
    "loss_probability": "share",
    "lost_share": "share",
    "demand": "name of a law",
    "mean": "units/period",
    "variance": "units^2/period",
    "horizon": "periods",
    "warm_up": "periods",
}

_CATALOG = {
    "num_items": "-",
    "seed": "-",
    "shortest_lead_time": "periods",
    "longest_lead_time": "periods",
    "lowest_ratio": "share",
    "highest_ratio": "share",
    "lowest_mean": "units/period",
    "highest_mean": "units/period",
    "demand": "name of a law",
    "horizon": "periods",
    "warm_up": "periods",
}

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family("lost_sales", lost_sales, _COMMON, "doi:10.1287/opre.1070.0471"),
        Family("backorder", backorder, _COMMON, "doi:10.1287/opre.39.4.654"),
        Family("periodic_random_yield", periodic_random_yield, _COMMON, "doi:10.1287/opre.43.2.311"),
        Family("item_catalog", item_catalog, _CATALOG, "instance of this project"),
        *(Family(*each) for each in PERISHABLE),
        *(Family(*each) for each in PLANTS),
        *(Family(*each) for each in OR_GYM),
        *(Family(*each) for each in SUPPLY),
        *(Family(*each) for each in MARKETS),
    )
}


def make_problem(name: str, settings: Mapping[str, str] | None = None) -> Problem:
    """Build a registered problem from settings given as text.

    Parameters
    ----------
    name
        Registered name.
    settings
        Parameter values as text, as on a command line.

    Returns
    -------
    Problem
        The problem.

    Raises
    ------
    ValueError
        If the name or a parameter is unknown (naming the nearest), or a value has the wrong type.
    """
    if name not in FAMILIES:
        raise ValueError(
            f"problem {name!r} is unknown, must be one of {', '.join(FAMILIES)}.{_near(name, FAMILIES)}"
        )
    family = FAMILIES[name]
    arguments: dict[str, Any] = {}
    wrong: list[str] = []
    for key, text in (settings or {}).items():
        if key not in family.defaults:
            wrong.append(f"parameter {key!r} of {name} is unknown.{_near(key, family.defaults)}")
            continue
        choices = family.choices.get(key)
        if choices and text not in choices:
            wrong.append(f"parameter {key!r} of {name} is {text!r}, must be one of {', '.join(choices)}.")
            continue
        try:
            arguments[key] = _parse(text, family.defaults[key])
        except (ValueError, KeyError):
            unit = family.units.get(key, "")
            kind = type(family.defaults[key]).__name__
            wrong.append(f"parameter {key!r} of {name} is {text!r}, must be a {kind} ({unit}).")
    if wrong:
        raise ValueError(" ".join(wrong))
    return family.build(**arguments)


def _parse(text: str, default: object) -> Any:
    if isinstance(default, bool):
        return {"true": True, "false": False}[text.lower()]
    if isinstance(default, int):
        return int(text)
    if isinstance(default, str):
        return text
    if isinstance(default, tuple):
        if not default or isinstance(default[0], dict):
            return tuple(json.loads(text))
        mark = ";" if isinstance(default[0], tuple) else ","
        return tuple(_parse(part, default[0]) for part in text.split(mark))
    if isinstance(default, dict):
        return json.loads(text)
    return float(text)


def _near(name: str, known: Mapping[str, object]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean {close[0]!r}?" if close else ""
