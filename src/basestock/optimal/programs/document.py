"""A network and what to plan in it, read from one TOML file."""

import dataclasses
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, cast

import numpy as np

from basestock.decision import Problem
from basestock.dynamics import (
    ORDER_RECEIVE_SELL,
    RECEIVE_ORDER_SELL,
    SELL_BEFORE_RECEIVING,
    InitialState,
    Sequence,
)
from basestock.economics import TariffError, make_tariff
from basestock.network import NetworkError, SupplyNetwork, from_toml, load
from basestock.network.toml_text import parse_toml
from basestock.optimal.programs.hierarchy.strategic import Site
from basestock.optimal.programs.paths import demand_events
from basestock.uncertainty import DemandLaw, Deterministic, Event, Seasonal, Uncertainty

SEQUENCES: Final[Mapping[str, Sequence]] = {
    "receive_order_sell": RECEIVE_ORDER_SELL,
    "sell_before_receiving": SELL_BEFORE_RECEIVING,
    "order_receive_sell": ORDER_RECEIVE_SELL,
}
"""Orders of events in a period, by name."""

TASKS: Final = ("plan", "design", "hierarchy")
"""What can be asked: a plan, which sites open, or all layers."""

NUMBERS: Final[Mapping[str, tuple[float, float, float]]] = {
    "discount": (1.0, 0.0, 1.0),
    "time_limit": (60.0, 1e-3, 1e6),
    "mip_rel_gap": (1e-6, 0.0, 1.0),
    "flexibility": (0.2, 0.0, 1e6),
}
"""Setting to its default and its bounds."""

WHOLE: Final[Mapping[str, tuple[int, int, int]]] = {
    "periods": (0, 1, 10_000),
    "threads": (1, 1, 1024),
    "seed": (0, 0, 2**31 - 1),
    "shared": (1, 0, 10_000),
}
"""The same for whole numbers."""

TABLES: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "demand": (("node", "item", "quantities"), ("scenario",)),
    "cost": (("rate", "money"), ("node", "lane", "item", "process", "resource", "limit")),
    "on_hand": (("node", "item", "quantity"), ()),
    "backorders": (("node", "item", "quantity"), ()),
    "due": (("lane", "item", "periods", "quantity"), ()),
    "sites": (("name", "fixed_cost"), ("capacity",)),
}
"""Table of ``[program]`` to its required and its optional columns."""

_WORDS: Final = {"sequence": tuple(SEQUENCES), "task": TASKS}
_OTHERS: Final = ("weights", "network", "relaxed", "single_source")


class ProgramFileError(ValueError):
    """A file does not say what to plan."""


@dataclasses.dataclass(frozen=True, eq=False)
class ProgramRequest:
    """What a file asks for.

    Parameters
    ----------
    name
        Name of the file without its ending.
    problem
        Network, prices, start, and the expected demand.
    scenarios
        Paths of events, one for each scenario.
    weights
        Their probabilities.
    sites
        What may be opened.
    settings
        Everything else, by name.
    """

    name: str
    problem: Problem
    scenarios: tuple[Event, ...]
    weights: tuple[float, ...]
    sites: tuple[Site, ...]
    settings: Mapping[str, Any]


def read_request(path: Path | str) -> ProgramRequest:
    """Read a network and its table ``[program]``.

    Parameters
    ----------
    path
        A TOML file as :func:`basestock.network.to_toml` writes it, and a table ``[program]`` beside: ``periods``; rates
        in ``[program.costs]`` (one number for every place) and ``[[program.cost]]`` (``rate``, ``money`` and place:
        ``node`` or ``lane`` with ``item``, ``process``, ``resource``); ``[[program.demand]]`` (``node``, ``item``,
        ``quantities`` by period, repeated when there are fewer, and ``scenario`` 1, 2, ... where they differ, with
        ``weights``); ``[[program.on_hand]]``, ``[[program.backorders]]``, ``[[program.due]]``; ``[[program.sites]]``;
        ``task``, ``sequence``, ``discount``, ``relaxed``, ``shared``, ``single_source``, ``flexibility``,
        ``time_limit``, ``mip_rel_gap``, ``threads``, ``seed``. ``network`` names a saved folder instead of a network in
        the file.

    Raises
    ------
    ProgramFileError
        With everything that is wrong with the file or its table.
    NetworkError
        With everything that is wrong with the network.
    """
    place = Path(path)
    try:
        text = place.read_bytes().decode("utf-8-sig")
        document = parse_toml(text)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ProgramFileError(
            f"{place}: {reason}, must be a readable TOML file in UTF-8. Correct the file."
        ) from None
    asked = document.get("program")
    if not isinstance(asked, dict):
        raise ProgramFileError(
            f"{place}: has no table [program], must say what to plan, at least periods and [[program.demand]]. Add it."
        )
    table = cast("dict[str, Any]", asked)
    wrong: list[str] = []
    settings = _settings(table, wrong)
    rows = {name: _rows(table, name, wrong) for name in TABLES}
    network = _network(place, text, table, wrong)
    if wrong:
        raise ProgramFileError(f"{place}: {' '.join(wrong)} Correct the table.")
    return _request(place, network, settings, table, rows)


def _settings(table: Mapping[str, Any], wrong: list[str]) -> dict[str, Any]:
    known = {*NUMBERS, *WHOLE, *TABLES, *_WORDS, *_OTHERS, "costs"}
    wrong += [
        f"program.{name} is unknown, must be one of {', '.join(sorted(known))}."
        for name in table
        if name not in known
    ]
    found: dict[str, Any] = {}
    for name, (default, low, high) in {**NUMBERS, **WHOLE}.items():
        value = table.get(name, default)
        kinds = int if name in WHOLE else (int, float)
        fine = isinstance(value, kinds) and not isinstance(value, bool) and low <= value <= high
        if not fine:
            what = "a whole number" if name in WHOLE else "a number"
            wrong.append(f"program.{name} is {value!r}, must be {what} from {low:g} to {high:g}.")
        found[name] = value
    for name, words in _WORDS.items():
        found[name] = table.get(name, words[0])
        if found[name] not in words:
            wrong.append(f"program.{name} is {found[name]!r}, must be one of {', '.join(words)}.")
    for name in ("relaxed", "single_source"):
        found[name] = table.get(name, False)
        if not isinstance(found[name], bool):
            wrong.append(f"program.{name} is {found[name]!r}, must be true or false.")
    return found


def _rows(table: Mapping[str, Any], name: str, wrong: list[str]) -> list[dict[str, Any]]:
    """Return the rows of a table; what is missing, unknown, or no quantity is noted."""
    given = table.get(name, [])
    if not isinstance(given, list) or not all(isinstance(row, dict) for row in cast("list[Any]", given)):
        wrong.append(f"program.{name} must be tables written as [[program.{name}]].")
        return []
    required, optional = TABLES[name]
    rows = cast("list[dict[str, Any]]", given)
    for number, row in enumerate(rows, start=1):
        where = f"program.{name} {number}"
        wrong += [f"{where} has no {column}, must have one." for column in required if column not in row]
        wrong += [
            f"{where}: {column} is unknown, must be one of {', '.join((*required, *optional))}."
            for column in row
            if column not in (*required, *optional)
        ]
        for column in ("quantity", "money", "fixed_cost", "capacity"):
            if column in row and not _quantity(row[column]):
                wrong.append(f"{where}: {column} is {row[column]!r}, must be a finite number >= 0.")
    return rows


def _quantity(value: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(cast("float", value)) and cast("float", value) >= 0


def _network(place: Path, text: str, table: Mapping[str, Any], wrong: list[str]) -> SupplyNetwork:
    folder = table.get("network")
    if folder is None:
        return from_toml(text, file=place.name, besides=("program",))
    if not isinstance(folder, str) or not (place.parent / folder).is_dir():
        wrong.append(f"program.network is {folder!r}, must be the folder of a saved network.")
        raise ProgramFileError(f"{place}: {' '.join(wrong)} Correct the table.")
    return load(place.parent / folder)


def _request(
    place: Path,
    network: SupplyNetwork,
    settings: dict[str, Any],
    table: Mapping[str, Any],
    rows: Mapping[str, list[dict[str, Any]]],
) -> ProgramRequest:
    wrong: list[str] = []
    periods = int(settings["periods"])
    paths = _demand(network, periods, rows["demand"], wrong)
    weights = _weights(table.get("weights"), len(paths), wrong)
    sites = [_site(row, network, wrong) for row in rows["sites"]]
    if settings["task"] != "plan" and not sites:
        wrong.append(f"program.task is {settings['task']!r}, must have [[program.sites]] that may be opened.")
    if wrong:
        raise ProgramFileError(f"{place}: {' '.join(wrong)} Correct the table.")
    try:
        problem = Problem(
            place.stem,
            network,
            Uncertainty(_laws(network, np.average(paths, axis=0, weights=weights))),
            make_tariff(network, **_rates(table.get("costs", {}), rows["cost"])),
            sequence=SEQUENCES[settings["sequence"]],
            criterion="discounted_cost" if settings["discount"] < 1 else "finite_horizon_total_cost",
            horizon=periods,
            discount=float(settings["discount"]),
            initial_state=_start(rows),
        )
        problem.start()
    except (TariffError, NetworkError):
        raise
    except ValueError as error:
        raise ProgramFileError(f"{place}: {error}") from error
    events = tuple(demand_events(problem, path) for path in paths)
    return ProgramRequest(
        place.stem, problem, events, weights, tuple(s for s in sites if s is not None), settings
    )


def _demand(
    network: SupplyNetwork, periods: int, rows: list[dict[str, Any]], wrong: list[str]
) -> list[np.ndarray]:
    """Return ``[period, node, item]`` demand of each scenario; rows without a scenario hold in all."""
    numbers = [row["scenario"] for row in rows if "scenario" in row]
    if not all(
        isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= 10_000
        for number in numbers
    ):
        wrong.append(f"program.demand: scenario is one of {numbers}, must be whole numbers 1, 2, ...")
        return [np.zeros((periods, 0, 0))]
    paths = [np.zeros((periods, len(network.nodes), len(network.items))) for _ in range(max([*numbers, 1]))]
    for number, row in enumerate(rows, start=1):
        quantities = row["quantities"] if isinstance(row["quantities"], list) else [row["quantities"]]
        here = row["node"] in network.node_index and row["item"] in network.item_index
        if not here:
            place = f"({row['node']!r}, {row['item']!r})"
            wrong.append(
                f"program.demand {number} is at {place}, must be at a node and an item of the network."
            )
        if not quantities or not all(map(_quantity, quantities)):
            wrong.append(
                f"program.demand {number}: quantities are {quantities!r}, must be finite numbers >= 0, one at least."
            )
        if not wrong:
            scenario = row.get("scenario")
            for path in paths if scenario is None else [paths[scenario - 1]]:
                node, item = network.node_index[row["node"]], network.item_index[row["item"]]
                path[:, node, item] += np.resize(np.asarray(quantities, dtype=np.float64), periods)
    return paths


def _weights(given: object, count: int, wrong: list[str]) -> tuple[float, ...]:
    if given is None:
        return (1.0 / count,) * count
    shares: list[Any] = cast("list[Any]", given) if isinstance(given, list) else [given]
    if len(shares) != count or not all(map(_quantity, shares)) or abs(sum(shares) - 1) > 1e-6:
        wrong.append(
            f"program.weights is {given!r}, must be {count} numbers >= 0 that sum to 1, one by scenario."
        )
        return (1.0 / count,) * count
    return tuple(float(share) for share in shares)


def _site(row: Mapping[str, Any], network: SupplyNetwork, wrong: list[str]) -> Site | None:
    name = row["name"]
    if name not in network.node_index and name not in network.supplier_index:
        wrong.append(f"program.sites: {name!r} is unknown, must be a node or a supplier of the network.")
        return None
    return Site(name, float(row["fixed_cost"]), None if "capacity" not in row else float(row["capacity"]))


def _laws(network: SupplyNetwork, expected: np.ndarray) -> dict[tuple[str, str], DemandLaw]:
    found: dict[tuple[str, str], DemandLaw] = {}
    for node, place in enumerate(network.nodes):
        for item, thing in enumerate(network.items):
            path = expected[:, node, item]
            if path.any():
                laws = [Deterministic(float(quantity)) for quantity in path]
                found[place.name, thing.name] = Seasonal(tuple(laws)) if len(laws) > 1 else laws[0]
    return found


def _rates(costs: object, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return rates by name: one number for every place, or by place."""
    if not isinstance(costs, dict):
        raise ValueError(f"program.costs is {costs!r}, must be a table of rates. Correct it.")
    rates: dict[str, Any] = dict(cast("dict[str, Any]", costs))
    for name, rate in rates.items():
        if not isinstance(rate, int | float) or isinstance(rate, bool):
            raise ValueError(f"program.costs.{name} is {rate!r}, must be a number. Correct it.")
    for row in rows:
        name = row["rate"]
        if name in rates and not isinstance(rates[name], dict):
            raise ValueError(
                f"program.cost {name!r} is given for every place in program.costs too. Drop one of the two."
            )
        owners = [row[kind] for kind in ("node", "lane", "process", "resource", "limit") if kind in row]
        if len(owners) > 1:
            raise ValueError(f"program.cost {name!r} is at {owners}, must be at one place. Split the row.")
        if not owners and "item" not in row:
            rates[name] = row["money"]
        else:
            place = owners[0] if owners else ""
            rates.setdefault(name, {})[(place, row["item"]) if "item" in row else place] = row["money"]
    return rates


def _start(rows: Mapping[str, list[dict[str, Any]]]) -> InitialState:
    at: Callable[[str], dict[Any, float]] = lambda name: {  # noqa: E731
        (row["node"], row["item"]): float(row["quantity"]) for row in rows[name]
    }
    due = {(row["lane"], row["item"], row["periods"]): float(row["quantity"]) for row in rows["due"]}
    return InitialState(on_hand=at("on_hand"), backorders=at("backorders"), due=due)
