"""Recorded trajectories of other packages, and how far a replay of the same orders and demand is from them."""

import dataclasses
import json
import math
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from basestock.problems.or_gym.case_fields import CaseError, Fields
from basestock.problems.or_gym.case_network import Chain, read_chain
from basestock.problems.or_gym.chain import Market, Mode, Unmet
from basestock.problems.or_gym.inventory import serial_line
from basestock.problems.or_gym.network import graph_problem
from basestock.problems.or_gym.newsvendor import newsvendor
from basestock.problems.or_gym.replay import Trajectory, replay
from basestock.problems.or_gym.scenarios import CHAINS
from basestock.uncertainty import Deterministic

ABSOLUTE = 1e-9
"""Largest difference of a quantity or a reward that still agrees."""

RELATIVE = 1e-5
"""The same, relative to a reward, for the newsvendor, whose state is single precision."""

SINGLE = 2.0**-23
"""Relative distance of numbers in single precision."""


@dataclasses.dataclass(frozen=True)
class Compared:
    """How one case came out.

    Parameters
    ----------
    id
        Name of the case.
    max_abs_difference
        Largest absolute difference of anything recorded; ``None`` where the case could not be replayed.
    ok
        Whether everything agrees.
    reason
        Why not, or nothing.
    replayed
        Whether the case could be replayed.
    """

    id: str
    max_abs_difference: float | None
    ok: bool
    reason: str = ""
    replayed: bool = True


Pairs = dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]
"""Replayed and recorded numbers by name, and the difference that still agrees."""


def read_golden(path: Path) -> list[Any]:
    """Read the cases of a file of trajectories.

    Parameters
    ----------
    path
        JSON object with a list under ``cases``.

    Raises
    ------
    CaseError
        If it cannot be read, or has no cases.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise CaseError(
            f"{path}: {error}; must be a readable JSON file of trajectories. Choose another file."
        ) from error
    cases = content.get("cases") if isinstance(content, dict) else content
    if not isinstance(cases, list) or not cases:
        found = f"holds {str(content)[:40]!r}"
        raise CaseError(
            f"{path}: {found}, must be an object with a list of one or more cases under 'cases'. Choose another file."
        )
    return cases


def compare(case: Any, number: int = 1) -> Compared:
    """Replay a case and compare everything that it records.

    Parameters
    ----------
    case
        A record: environment, configuration, demand, actions, and what came of them.
    number
        Its place in the file, which names it where it has no id.
    """
    fields = Fields(case if isinstance(case, Mapping) else {})
    name = str(fields.values.get("id") or f"case {number}")
    try:
        if not fields.values:
            raise CaseError(f"is {repr(case)[:60]}, must be an object with an env. Correct the case.")
        pairs = _replayed(fields)
        _same_shapes(pairs)
    except ValueError as error:
        return Compared(name, None, False, str(error), replayed=False)
    worst = max(float(np.max(np.abs(ours - theirs), initial=0.0)) for ours, theirs, _ in pairs.values())
    off = [
        what
        for what, (ours, theirs, allowed) in pairs.items()
        if not np.all(np.abs(ours - theirs) <= np.maximum(ABSOLUTE, allowed))
    ]
    found = worst if np.isfinite(worst) else None
    return Compared(name, found, not off, f"{', '.join(off)} differ." if off else "")


def _same_shapes(pairs: Pairs) -> None:
    faults = [
        f"{what} has shape {theirs.shape}, must be {ours.shape}."
        for what, (ours, theirs, _) in pairs.items()
        if ours.shape != theirs.shape
    ]
    if faults:
        raise CaseError(f"{' '.join(faults)} Correct the case.")


def _replayed(case: Fields) -> Pairs:
    env = case.values.get("env")
    replays: dict[str, Callable[[Fields], Pairs]] = {
        "InvManagement-v0": partial(_inventory, unmet="backorder"),
        "InvManagement-v1": partial(_inventory, unmet="lost"),
        "NetworkManagement-v0": partial(_network, mode="faithful", unmet="backorder"),
        "NetworkManagement-v1": partial(_network, mode="faithful", unmet="lost"),
        "Newsvendor-v0": _newsvendor,
    }
    if isinstance(env, str) and env.startswith("gym-invmgmt"):
        return _core(case)
    if not isinstance(env, str) or env not in replays:
        case.wrong("env", f"one of {', '.join(replays)} or a gym-invmgmt one")
        case.require()
    return replays[str(env)](case)


def _played(case: Fields, columns: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Return orders and demand of equally many periods."""
    orders = case.table("actions", 1 if columns is None else 2, columns)
    demand = case.table("demand", 1)
    if (demand < 0).any():
        case.wrong("demand", "numbers >= 0")
    case.require()
    if len(orders) != len(demand):
        case.faults.append(
            f"actions has {len(orders)} periods, must have as many as demand, which has {len(demand)}."
        )
    case.require()
    return orders, demand


def _recorded(case: Fields, ours: Mapping[str, np.ndarray], rounding: np.ndarray | None = None) -> Pairs:
    """Pair what was replayed with what the case records.

    Parameters
    ----------
    case
        The case.
    ours
        What was replayed, by name.
    rounding
        ``[period]`` how far a recorded reward may be off because its original rounds.
    """
    allowed = np.zeros(len(ours["rewards"])) if rounding is None else rounding
    pairs = {
        name: (found, case.table(name, found.ndim), allowed if name == "rewards" else np.zeros(()))
        for name, found in ours.items()
        if name in case.values or name == "rewards"
    }
    if case.values.get("total_reward") is not None:
        total = case.number("total_reward", low=-math.inf)
        pairs["total_reward"] = (
            np.array([ours["rewards"].sum()]),
            np.array([total]),
            np.asarray(allowed.sum()),
        )
    case.require()
    return pairs


def _inventory(case: Fields, unmet: Unmet) -> Pairs:
    config = case.part("config")
    given = config.values.get("I0")
    if not isinstance(given, list) or not given:
        # Without the number of stages nothing else can be judged.
        config.wrong("I0", "a list of numbers >= 0, one a stage")
        case.require()
    stages = len(list(given or []))
    alpha = config.number("alpha", high=1.0)
    maker_cost = config.listed("r", stages + 1)[stages]
    build = partial(
        serial_line,
        Deterministic(0.0),
        mode="faithful",
        unmet=unmet,
        initial_stock=config.listed("I0", stages),
        retail_price=config.number("p"),
        maker_cost=maker_cost,
        shortage_costs=config.listed("k", stages + 1),
        holding_costs=config.listed("h", stages),
        capacities=config.listed("c", stages),
        lead_times=[int(periods) for periods in config.listed("L", stages, whole=True)],
        discount=alpha,
    )
    orders, demand = _played(case, stages)
    market = np.zeros((len(demand), stages))
    market[:, 0] = demand
    path = replay(partial(build, periods=len(demand)), orders, market)
    waiting = np.concatenate([path.backorders[:, :1], path.unfilled], axis=1)
    lost = np.concatenate([path.lost[:, :1], path.unfilled_lost], axis=1)
    return _recorded(
        case,
        {
            "rewards": path.profit * alpha ** np.arange(len(demand)),
            "on_hand": path.on_hand,
            "pipeline": path.in_transit,
            "accepted_orders": path.shipped,
            "sales": np.concatenate([path.sold[:, :1], path.shipped], axis=1),
            "backlog": waiting,
            "lost": lost,
        },
    )


def _core(case: Fields) -> Pairs:
    """Replay a trajectory of gym-invmgmt, on one of its own networks unless the case has another."""
    unmet: Unmet = "backorder" if case.values.get("backlog") else "lost"
    if not isinstance(case.values.get("backlog"), bool):
        case.wrong("backlog", "true or false")
    if "nodes" in case.values:
        return _network(case, mode="sound", unmet=unmet)
    scenario = case.values.get("scenario")
    if not isinstance(scenario, str) or scenario not in CHAINS:
        case.wrong("scenario", f"one of {', '.join(CHAINS)}, or there must be nodes and edges")
        case.require()
    nodes, links = CHAINS[str(scenario)]
    chain = Chain(list(nodes), list(links), Market("1", 2.0, 0.1, Deterministic(0.0)))
    return _graph(case, chain, "sound", unmet)


def _network(case: Fields, mode: Mode, unmet: Unmet) -> Pairs:
    return _graph(case, read_chain(case), mode, unmet)


def _graph(case: Fields, chain: Chain, mode: Mode, unmet: Unmet) -> Pairs:
    alpha = case.number("alpha", high=1.0, default=1.0)
    orders, demand = _played(case, len(chain.links))
    build = partial(
        graph_problem,
        "golden",
        chain.nodes,
        chain.links,
        [chain.market],
        mode=mode,
        unmet=unmet,
        periods=len(demand),
        discount=alpha,
        parameters={},
        source="",
    )
    retailer = [node.name for node in chain.nodes].index(chain.market.node)
    customers = np.zeros((len(demand), len(chain.nodes)))
    customers[:, retailer] = demand
    path = replay(build, orders, customers)
    short = path.backorders if unmet == "backorder" else path.lost
    return _recorded(
        case,
        {
            "rewards": path.profit * alpha ** np.arange(len(demand)),
            "on_hand": path.on_hand,
            "pipeline": path.in_transit,
            "accepted_orders": path.shipped,
            "retail_sales": path.sold[:, retailer],
            "unfulfilled": short[:, retailer],
        },
    )


def _newsvendor(case: Fields) -> Pairs:
    config = case.part("config")
    build = partial(
        newsvendor,
        mode="faithful",
        lead_time=config.whole("lead_time"),
        max_inventory=config.number("max_inventory"),
        price=case.number("price"),
        unit_cost=case.number("cost"),
        holding_cost=case.number("h"),
        shortage_cost=case.number("k"),
        mean=0.0,
        discount=config.number("gamma", high=1.0),
    )
    orders, demand = _played(case, None)
    path = replay(partial(build, periods=len(demand)), orders[:, None], demand[:, None])
    return _recorded(case, {"rewards": path.profit}, _rounding(case, config, orders, path))


def _rounding(case: Fields, config: Fields, orders: np.ndarray, path: Trajectory) -> np.ndarray:
    """Return how far rewards may be off because the original keeps its pipeline in single precision.

    An order is off by its own rounding, or by that of the space it is cut to; the reward multiplies it by what is left
    over, and again when it arrives.
    """
    lead_time = config.whole("lead_time")
    ordered = path.shipped[:, 0]
    wide = np.where(ordered < orders - ABSOLUTE, config.number("max_inventory"), ordered)
    error = SINGLE * np.concatenate([np.zeros(lead_time), wide])
    there = np.concatenate([np.zeros(lead_time), ordered])[: len(ordered)]
    per_unit = case.number("price") + case.number("h") + case.number("k") + case.number("cost") * ordered
    own = case.number("cost") * there * error[lead_time:]
    return RELATIVE * np.maximum(np.abs(path.profit), 1.0) + own + per_unit * error[: len(ordered)]
