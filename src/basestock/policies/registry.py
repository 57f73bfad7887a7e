"""The names that policies go by in Python, on the command line and in reports."""

import dataclasses
import difflib
import functools
from collections.abc import Callable, Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from basestock.decision import Policy, Problem
from basestock.policies import boxes
from basestock.policies.boxes import Box
from basestock.policies.forecasting import ForecastBaseStock, ToldBaseStock, forecasting_parts, told_means
from basestock.policies.formulas import Eoq, Newsvendor, leaf
from basestock.policies.joint import CanOrder, JointOrderUpTo
from basestock.policies.levels import (
    BaseStock,
    CappedBaseStock,
    EchelonBaseStock,
    ModifiedOrderUpTo,
    OrderUpTo,
    PeriodicMinMax,
    PeriodicOrderUpTo,
)
from basestock.policies.lookahead import DualBalancing, Myopic, Myopic2, ProjectedInventoryLevel
from basestock.policies.marginal import marginal_for
from basestock.policies.perishable import PerishableBaseStock
from basestock.policies.planning_systems import (
    DemandDriven,
    ErpnextMinMax,
    MaterialRequirements,
    MinimumStock,
    OdooMinMax,
)
from basestock.policies.protection import protection_demand
from basestock.policies.quantities import ConstantOrder, FixedQuantity, PeriodicFixedQuantity
from basestock.policies.rules_of_thumb import FuzzyControl, RuleBase
from basestock.policies.scheduling import RuleScheduler, scheduling_parts, standard_rules
from basestock.policies.stock_law import StockLaw
from basestock.policies.two_sources import CappedDualIndex, DualIndex, SingleIndex, TailoredBaseSurge
from basestock.policies.vector import VectorBaseStock, standard_levels

Values = Mapping[str, Any]


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
        ``problem -> {parameter: values}`` of parameters that nobody searches: arrays ``[..., node, item]`` or modules.
    start
        ``problem -> {search coordinate: values}``, a point to begin at; the middle of the box if not given.
    """

    name: str
    meaning: str
    box: Callable[[Problem], dict[str, Box]] | None = None
    build: Callable[[Values], Policy] | None = None
    compute: Callable[[Problem], Policy] | None = None
    given: Callable[[Problem], dict[str, Any]] | None = None
    start: Callable[[Problem], dict[str, np.ndarray]] | None = None

    def make(self, problem: Problem, values: Mapping[str, Array]) -> Policy:
        """Return the policy at values of the search coordinates.

        Raises
        ------
        ValueError
            If its parameters are computed.
        """
        if self.build is None:
            raise ValueError(f"policy {self.name!r} computes its parameters, must be one that is searched.")
        return self.build({**self.parts(problem), **values})

    def parts(self, problem: Problem) -> dict[str, Any]:
        """Return what is given, as leaves of a policy."""
        given = {} if self.given is None else self.given(problem)
        return {name: leaf(part) if isinstance(part, np.ndarray) else part for name, part in given.items()}


@functools.lru_cache(maxsize=8)
def _demand_rates(problem: Problem) -> dict[str, Any]:
    return {"demand_rate": protection_demand(problem).rate}


@functools.lru_cache(maxsize=8)
def _forecasting_parts(problem: Problem) -> dict[str, Any]:
    return dict(forecasting_parts(problem))


@functools.lru_cache(maxsize=8)
def _told_parts(problem: Problem) -> dict[str, Any]:
    known = forecasting_parts(problem)
    return {"reach": known["reach"], "last": known["last"], "means": told_means(problem)}


def _forecasting_start(problem: Problem) -> dict[str, np.ndarray]:
    ones = np.ones((problem.arrays.num_nodes, problem.arrays.num_items))
    return {"smoothing": 0.3 * ones, "trend_smoothing": 0.1 * ones, "prior": 4.0 * ones, "safety": 0.3 * ones}


@functools.lru_cache(maxsize=8)
def _scheduling_parts(problem: Problem) -> dict[str, Any]:
    return dict(scheduling_parts(problem))


@functools.lru_cache(maxsize=8)
def _stock_laws(problem: Problem) -> dict[str, Any]:
    return {"law": StockLaw.for_problem(problem)}


def _vector_start(problem: Problem) -> dict[str, np.ndarray]:
    return {f"level_{ahead}": levels for ahead, levels in enumerate(standard_levels(problem))}


def _joint_start(problem: Problem) -> dict[str, np.ndarray]:
    """Begin with every item by itself: the lane looks every period, and orders whatever is short."""
    level = np.asarray(Newsvendor.for_problem(problem).base_stock_level, dtype=np.float64)[..., 0]
    once, nothing = np.ones_like(level), np.zeros_like(level)
    return {"review_period": once, "order_quantity": nothing, "level_without_waiting": level}


@functools.lru_cache(maxsize=8)
def _joint_shares(problem: Problem) -> dict[str, Any]:
    return {"share": boxes.joint_shares(problem)}


def _joint(values: Values) -> Policy:
    """Lift the levels with Q, by the share of each item in demand: a lane that waits for Q units is short of Q - 1."""
    share, quantity = values["share"], values["order_quantity"]
    waited = jnp.maximum(((share > 0) * quantity[:, None]).max(2) - 1.0, 0.0)
    own = jnp.moveaxis(jnp.diagonal(share, axis1=1, axis2=2), -1, 1)
    level = values["level_without_waiting"] + jnp.floor(own * waited + 0.5)
    return JointOrderUpTo(values["review_period"], quantity, level)


def _vector(values: Values) -> Policy:
    ordered = [values[f"level_{ahead}"] for ahead in range(len(values))]
    return VectorBaseStock(jnp.stack(jnp.broadcast_arrays(*ordered)))


REGISTRY: dict[str, Entry] = {
    entry.name: entry
    for entry in (
        Entry(
            "base_stock",
            "order up to a level every period",
            lambda p: {"base_stock_level": boxes.levels(p)},
            lambda v: BaseStock(v["base_stock_level"]),
        ),
        Entry(
            "echelon_base_stock",
            "order up to an echelon level every period",
            lambda p: {"base_stock_levels": boxes.echelon_levels(p)},
            lambda v: EchelonBaseStock(v["base_stock_levels"]),
        ),
        Entry(
            "forecast_base_stock",
            "order up to a forecast of what is asked for until an order is sold, nothing for after the end",
            lambda p: {**boxes.smoothing(p), "safety": boxes.shares(p, 1.0)},
            lambda v: ForecastBaseStock(**v),
            given=_forecasting_parts,
            start=_forecasting_start,
        ),
        Entry(
            "told_base_stock",
            "order up to the true mean of what is asked for until an order is sold, nothing for after the end",
            lambda p: {"safety": boxes.shares(p, 1.0)},
            lambda v: ToldBaseStock(**v),
            given=_told_parts,
        ),
        Entry(
            "capped_base_stock",
            "order up to a level, never more than a cap",
            lambda p: {"base_stock_level": boxes.levels(p), "cap": boxes.per_period(p)},
            lambda v: CappedBaseStock(v["base_stock_level"], v["cap"]),
        ),
        Entry(
            "vector_base_stock",
            "a level for every part of the pipeline, the least shortage decides",
            boxes.vector_levels,
            _vector,
            start=_vector_start,
        ),
        Entry(
            "projected_inventory_level",
            "lift the expected stock at arrival to a level",
            lambda p: {"projected_level": boxes.projected_levels(p)},
            lambda v: ProjectedInventoryLevel(v["projected_level"], v["law"]),
            given=_stock_laws,
        ),
        Entry(
            "perishable_base_stock",
            "order up to a level, and what will expire before the order arrives",
            lambda p: {"base_stock_level": boxes.levels(p)},
            lambda v: PerishableBaseStock(v["base_stock_level"], v["demand_rate"]),
            given=_demand_rates,
        ),
        Entry(
            "order_up_to",
            "(s, S): at or below s, order up to S",
            lambda p: {"reorder_point": boxes.reorder_points(p), "gap": boxes.gaps(p)},
            lambda v: OrderUpTo(v["reorder_point"], v["reorder_point"] + v["gap"]),
        ),
        Entry(
            "modified_order_up_to",
            "(s, S, q): at or below s, order up to S, never more than q",
            lambda p: {"reorder_point": boxes.reorder_points(p), "gap": boxes.gaps(p), "cap": boxes.lots(p)},
            lambda v: ModifiedOrderUpTo(v["reorder_point"], v["reorder_point"] + v["gap"], v["cap"]),
        ),
        Entry(
            "fixed_quantity",
            "(s, Q): at or below s, order multiples of Q",
            lambda p: {"reorder_point": boxes.reorder_points(p), "order_quantity": boxes.lots(p)},
            lambda v: FixedQuantity(v["reorder_point"], v["order_quantity"]),
        ),
        Entry(
            "periodic_order_up_to",
            "(R, S): every R periods, order up to S",
            lambda p: {"review_period": boxes.reviews(p), "order_up_to_level": boxes.levels(p)},
            lambda v: PeriodicOrderUpTo(v["review_period"], v["order_up_to_level"]),
        ),
        Entry(
            "periodic_min_max",
            "(R, s, S): every R periods, at or below s, order up to S",
            lambda p: {
                "review_period": boxes.reviews(p),
                "reorder_point": boxes.reorder_points(p),
                "gap": boxes.gaps(p),
            },
            lambda v: PeriodicMinMax(v["review_period"], v["reorder_point"], v["reorder_point"] + v["gap"]),
        ),
        Entry(
            "periodic_fixed_quantity",
            "(R, Q): every R periods, at or below s, order multiples of Q",
            lambda p: {
                "review_period": boxes.reviews(p),
                "reorder_point": boxes.reorder_points(p),
                "order_quantity": boxes.lots(p),
            },
            lambda v: PeriodicFixedQuantity(v["review_period"], v["reorder_point"], v["order_quantity"]),
        ),
        Entry(
            "constant_order",
            "the same quantity every period",
            lambda p: {"quantity": boxes.per_period(p)},
            lambda v: ConstantOrder(v["quantity"]),
        ),
        Entry(
            "single_index",
            "two sources, both by the inventory position",
            lambda p: {"expedite_up_to": boxes.levels(p), "gap": boxes.levels(p)},
            lambda v: SingleIndex(v["expedite_up_to"], v["expedite_up_to"] + v["gap"]),
        ),
        Entry(
            "dual_index",
            "two sources, the fast one by what arrives within its lead time",
            lambda p: {"expedite_up_to": boxes.levels(p), "gap": boxes.levels(p)},
            lambda v: DualIndex(v["expedite_up_to"], v["expedite_up_to"] + v["gap"]),
        ),
        Entry(
            "capped_dual_index",
            "dual index with a largest regular order",
            lambda p: {"expedite_up_to": boxes.levels(p), "gap": boxes.levels(p), "cap": boxes.per_period(p)},
            lambda v: CappedDualIndex(v["expedite_up_to"], v["expedite_up_to"] + v["gap"], v["cap"]),
        ),
        Entry(
            "tailored_base_surge",
            "a constant regular order, expediting up to a level",
            lambda p: {"regular_quantity": boxes.per_period(p), "expedite_up_to": boxes.levels(p)},
            lambda v: TailoredBaseSurge(v["regular_quantity"], v["expedite_up_to"]),
        ),
        Entry(
            "can_order",
            "(s, c, S): at or below s, order together with all items at or below c",
            lambda p: {
                "must_order_point": boxes.reorder_points(p),
                "more": boxes.gaps(p),
                "gap": boxes.gaps(p),
            },
            lambda v: CanOrder(
                v["must_order_point"],
                v["must_order_point"] + v["more"],
                v["must_order_point"] + v["more"] + v["gap"],
            ),
        ),
        Entry(
            "joint_order_up_to",
            "(Q, S | T): every T periods, if a lane is short of Q units, lift all its items to S",
            lambda p: {
                "review_period": boxes.reviews(p),
                "order_quantity": boxes.joint_lots(p),
                "level_without_waiting": boxes.levels(p),
            },
            _joint,
            given=_joint_shares,
            start=_joint_start,
        ),
        Entry(
            "minimum_stock",
            "stock on hand below a minimum and nothing on order: order Q",
            lambda p: {"minimum_stock": boxes.levels(p), "order_quantity": boxes.lots(p)},
            lambda v: MinimumStock(v["minimum_stock"], v["order_quantity"]),
        ),
        Entry(
            "ddmrp",
            "demand-driven MRP: red, yellow and green zones by factors of usage and lead time",
            lambda p: {
                "lead_time_factor": boxes.shares(p, 1.5),
                "variability_factor": boxes.shares(p, 2.0),
                "order_cycle": boxes.reviews(p),
            },
            lambda v: DemandDriven(
                v["lead_time_factor"], v["variability_factor"], v["order_cycle"], v["demand_rate"]
            ),
            given=_demand_rates,
        ),
        Entry(
            "mrp",
            "material requirements planning: safety stock, safety lead time, lot for lot or periodic order quantity",
            lambda p: {
                "safety_stock": boxes.levels(p),
                "safety_lead_time": boxes.leads(p),
                "order_periods": boxes.reviews(p),
            },
            lambda v: MaterialRequirements(
                v["safety_stock"], v["safety_lead_time"], v["order_periods"], v["demand_rate"]
            ),
            given=_demand_rates,
        ),
        Entry(
            "odoo17",
            "min-max of Odoo 17 and 19: rounded up, beyond the maximum",
            lambda p: {"min_stock": boxes.levels(p), "gap": boxes.gaps(p)},
            lambda v: OdooMinMax(v["min_stock"], v["min_stock"] + v["gap"]),
        ),
        Entry(
            "odoo18",
            "min-max of Odoo 18: rounded down where there is a maximum",
            lambda p: {"min_stock": boxes.levels(p), "gap": boxes.gaps(p)},
            lambda v: OdooMinMax(v["min_stock"], v["min_stock"] + v["gap"], rounds_down=True),
        ),
        Entry(
            "erpnext",
            "reorder level of ERPNext: the reorder quantity, or the deficit where it is larger",
            lambda p: {"reorder_level": boxes.levels(p), "reorder_quantity": boxes.lots(p)},
            lambda v: ErpnextMinMax(v["reorder_level"], v["reorder_quantity"]),
        ),
        Entry(
            "fuzzy",
            "fuzzy controller: order up to a level, more of it while demand rises",
            lambda p: {"base_stock_level": boxes.levels(p), "trend_weight": boxes.shares(p, 1.0)},
            lambda v: FuzzyControl(v["base_stock_level"], v["trend_weight"], v["demand_rate"]),
            given=_demand_rates,
        ),
        Entry(
            "rule_base",
            "if stock is out order up to a level and a surge, if it is low up to the level",
            lambda p: {
                "reorder_point": boxes.reorder_points(p),
                "gap": boxes.gaps(p),
                "surge": boxes.per_period(p),
            },
            lambda v: RuleBase(v["reorder_point"], v["reorder_point"] + v["gap"], v["surge"]),
        ),
        Entry(
            "rule_scheduler",
            "plant by rules: reorder point, cost-plus price, earliest due date",
            lambda p: {
                "reorder_point": boxes.reorder_points(p),
                "gap": boxes.gaps(p),
                "markup": boxes.shares(p, 2.0),
            },
            lambda v: RuleScheduler(
                v["reorder_point"],
                v["reorder_point"] + v["gap"],
                *(v[name] for name in ("markup", "demand_rate", "fixed_cost", "indexed_cost")),
            ),
            given=_scheduling_parts,
            start=standard_rules,
        ),
        Entry(
            "standard_scheduler",
            "the rules of rule_scheduler at 95 % service, one economic lot and the reference price",
            compute=RuleScheduler.for_problem,
        ),
        Entry("newsvendor", "base stock at the critical ratio", compute=Newsvendor.for_problem),
        Entry("eoq", "economic order quantity", compute=Eoq.for_problem),
        Entry("marginal", "pack by pack while the expected gain pays", compute=marginal_for),
        Entry("myopic", "cheapest for the period of arrival", compute=Myopic.for_problem),
        Entry("myopic2", "cheapest for the period of arrival and the next", compute=Myopic2.for_problem),
        Entry(
            "dual_balancing",
            "holding of the ordered units balanced with the shortage they leave",
            compute=DualBalancing.for_problem,
        ),
    )
}


def find(name: str | Entry) -> Entry:
    """Return a registered policy; an entry that is kept elsewhere stands for itself.

    Raises
    ------
    KeyError
        Naming the nearest registered name.
    """
    if isinstance(name, Entry):
        return name
    if name in REGISTRY:
        return REGISTRY[name]
    near = difflib.get_close_matches(name, REGISTRY, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise KeyError(f"policy {name!r} is unknown, must be one of {', '.join(sorted(REGISTRY))}.{hint}")


def from_parameters(problem: Problem, name: str | Entry, parameters: Mapping[str, float]) -> Policy:
    """Build a policy with the same given parameters at every place.

    Parameters
    ----------
    problem
        The problem it will play.
    name
        Registered name.
    parameters
        Numbers by parameter name, or by search coordinate.

    Raises
    ------
    ValueError
        If the policy's parameters are computed, or a parameter is unknown, missing or not finite.
    """
    entry = find(name)
    if entry.box is None or entry.build is None:
        raise ValueError(f"policy {entry.name!r} computes its parameters; drop {sorted(parameters)}.")
    box = entry.box(problem)
    template = entry.make(problem, {key: leaf(each.low) for key, each in box.items()})
    parts = entry.parts(problem)
    expected = {
        field
        for field in template.__dataclass_fields__
        if field not in parts and _is_parameter(template, field)
    }
    finite = all(np.isfinite(value) for value in parameters.values())
    whole = {
        key: jnp.full((*next(iter(box.values())).low.shape, 1), float(value))
        for key, value in parameters.items()
    }
    if finite and set(parameters) == expected and getattr(template, min(expected)).ndim == 3:
        return dataclasses.replace(template, **whole)
    if finite and set(parameters) == set(box):
        return entry.make(problem, whole)
    names = expected if set(box) >= expected or len(expected) > 1 else set(box)
    raise ValueError(
        f"policy {entry.name!r}: parameters {dict(parameters)}, must be finite numbers for {sorted(names)}."
    )


def _is_parameter(policy: Policy, field: str) -> bool:
    return isinstance(getattr(policy, field), Array)
