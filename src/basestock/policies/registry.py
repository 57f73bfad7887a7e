"""The names that policies go by in Python, on the command line and in reports."""

import dataclasses
import difflib
import functools
from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Array

from basestock.decision import Policy, Problem
from basestock.policies.formulas import Eoq, Newsvendor, leaf
from basestock.policies.levels import (
    BaseStock,
    CappedBaseStock,
    EchelonBaseStock,
    OrderUpTo,
    PeriodicMinMax,
    PeriodicOrderUpTo,
)
from basestock.policies.marginal import marginal_for
from basestock.policies.perishable import PerishableBaseStock
from basestock.policies.protection import protection_demand
from basestock.policies.quantities import ConstantOrder, FixedQuantity

Box = tuple[np.ndarray, np.ndarray]
"""Lower and upper end of a parameter, ``[node, item]``, whole numbers."""


@dataclasses.dataclass(frozen=True)
class Entry:
    """A registered policy.

    Parameters
    ----------
    name
        Registered name.
    meaning
        One line for lists.
    box
        ``problem -> {search coordinate: box}``; empty for policies whose parameters are computed.
    build
        ``{search coordinate or given parameter: values} -> policy``.
    compute
        ``problem -> policy`` for computed ones.
    given
        ``problem -> {parameter: values}`` of parameters that nobody searches, ``[node, item]``.
    """

    name: str
    meaning: str
    box: Callable[[Problem], dict[str, Box]] | None = None
    build: Callable[[Mapping[str, Array]], Policy] | None = None
    compute: Callable[[Problem], Policy] | None = None
    given: Callable[[Problem], dict[str, np.ndarray]] | None = None

    def make(self, problem: Problem, values: Mapping[str, Array]) -> Policy:
        """Return the policy at values of the search coordinates.

        Raises
        ------
        ValueError
            If its parameters are computed.
        """
        if self.build is None:
            raise ValueError(f"policy {self.name!r} computes its parameters, must be one that is searched.")
        given = {} if self.given is None else self.given(problem)
        return self.build({**{name: leaf(value) for name, value in given.items()}, **values})


def _levels(problem: Problem) -> Box:
    demand = protection_demand(problem)
    high = np.ceil(demand.mean + 5 * demand.deviation + 2)
    return np.zeros_like(high), high


def _echelon_levels(problem: Problem) -> Box:
    demand = protection_demand(problem)
    reach = np.asarray(problem.arrays.descendants, dtype=np.float64)
    high = reach @ np.ceil(demand.mean + 5 * demand.deviation + 2)
    return np.zeros_like(high), high


def _per_period(problem: Problem) -> Box:
    demand = protection_demand(problem)
    return np.zeros_like(demand.rate), np.ceil(3 * demand.rate + 3 * demand.deviation + 2)


@functools.lru_cache(maxsize=8)
def _demand_rates(problem: Problem) -> dict[str, np.ndarray]:
    return {"demand_rate": protection_demand(problem).rate}


def _lots(problem: Problem) -> Box:
    lot = np.asarray(Eoq.for_problem(problem).order_quantity, dtype=np.float64)[..., 0]
    return np.ones_like(lot), np.ceil(4 * lot + 4)


def _gaps(problem: Problem) -> Box:
    low, high = _lots(problem)
    return np.zeros_like(low), high


def _reorder_points(problem: Problem) -> Box:
    _, high = _levels(problem)
    return np.full_like(high, -1.0), high


def _reviews(problem: Problem) -> Box:
    ones = np.ones((problem.arrays.num_nodes, problem.arrays.num_items))
    return ones, 12 * ones


REGISTRY: dict[str, Entry] = {
    entry.name: entry
    for entry in (
        Entry(
            "base_stock",
            "order up to a level every period",
            lambda p: {"base_stock_level": _levels(p)},
            lambda v: BaseStock(v["base_stock_level"]),
        ),
        Entry(
            "echelon_base_stock",
            "order up to an echelon level every period",
            lambda p: {"base_stock_levels": _echelon_levels(p)},
            lambda v: EchelonBaseStock(v["base_stock_levels"]),
        ),
        Entry(
            "capped_base_stock",
            "order up to a level, never more than a cap",
            lambda p: {"base_stock_level": _levels(p), "cap": _per_period(p)},
            lambda v: CappedBaseStock(v["base_stock_level"], v["cap"]),
        ),
        Entry(
            "perishable_base_stock",
            "order up to a level, and what will expire before the order arrives",
            lambda p: {"base_stock_level": _levels(p)},
            lambda v: PerishableBaseStock(v["base_stock_level"], v["demand_rate"]),
            given=_demand_rates,
        ),
        Entry(
            "order_up_to",
            "(s, S): at or below s, order up to S",
            lambda p: {"reorder_point": _reorder_points(p), "gap": _gaps(p)},
            lambda v: OrderUpTo(v["reorder_point"], v["reorder_point"] + v["gap"]),
        ),
        Entry(
            "fixed_quantity",
            "(s, Q): at or below s, order multiples of Q",
            lambda p: {"reorder_point": _reorder_points(p), "order_quantity": _lots(p)},
            lambda v: FixedQuantity(v["reorder_point"], v["order_quantity"]),
        ),
        Entry(
            "periodic_order_up_to",
            "(R, S): every R periods, order up to S",
            lambda p: {"review_period": _reviews(p), "order_up_to_level": _levels(p)},
            lambda v: PeriodicOrderUpTo(v["review_period"], v["order_up_to_level"]),
        ),
        Entry(
            "periodic_min_max",
            "(R, s, S): every R periods, at or below s, order up to S",
            lambda p: {"review_period": _reviews(p), "reorder_point": _reorder_points(p), "gap": _gaps(p)},
            lambda v: PeriodicMinMax(v["review_period"], v["reorder_point"], v["reorder_point"] + v["gap"]),
        ),
        Entry(
            "constant_order",
            "the same quantity every period",
            lambda p: {"quantity": _per_period(p)},
            lambda v: ConstantOrder(v["quantity"]),
        ),
        Entry("newsvendor", "base stock at the critical ratio", compute=Newsvendor.for_problem),
        Entry("eoq", "economic order quantity", compute=Eoq.for_problem),
        Entry("marginal", "pack by pack while the expected gain pays", compute=marginal_for),
    )
}


def find(name: str) -> Entry:
    """Return a registered policy.

    Raises
    ------
    KeyError
        Naming the nearest registered name.
    """
    if name in REGISTRY:
        return REGISTRY[name]
    near = difflib.get_close_matches(name, REGISTRY, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise KeyError(f"policy {name!r} is unknown, must be one of {', '.join(sorted(REGISTRY))}.{hint}")


def from_parameters(problem: Problem, name: str, parameters: Mapping[str, float]) -> Policy:
    """Build a policy with the same given parameters at every place.

    Parameters
    ----------
    problem
        The problem it will play.
    name
        Registered name.
    parameters
        Numbers by parameter name.

    Raises
    ------
    ValueError
        If the policy's parameters are computed, or a parameter is unknown, missing or not finite.
    """
    entry = find(name)
    if entry.box is None or entry.build is None:
        raise ValueError(f"policy {name!r} computes its parameters; drop {sorted(parameters)}.")
    given = {} if entry.given is None else entry.given(problem)
    template = entry.make(problem, {key: leaf(ends[0]) for key, ends in entry.box(problem).items()})
    expected = set(template.__dataclass_fields__) - set(given)
    wrong = sorted(set(parameters) ^ expected)
    if wrong or not all(np.isfinite(value) for value in parameters.values()):
        raise ValueError(
            f"policy {name!r}: parameters {dict(parameters)}, must be finite numbers for {sorted(expected)}."
        )
    shape = (problem.arrays.num_nodes, problem.arrays.num_items)
    whole = {key: np.full(shape, value) for key, value in parameters.items()}
    return type(template)(**{key: leaf(value) for key, value in (given | whole).items()})
