"""Policies of planned lines: the same object decides today, in the backtest and in the simulator."""

import dataclasses

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from basestock.data.twin import Twin
from basestock.decision import Policy
from basestock.dynamics import NetworkArrays
from basestock.forecasting import NUM_SCENARIOS, DemandForecast
from basestock.operations.lines import holding_per_period, pack_size, padded_leaf
from basestock.operations.reference import ReferenceRule, current_rule
from basestock.policies import (
    REGISTRY,
    BaseStock,
    Either,
    Eoq,
    FixedQuantity,
    Legal,
    Marginal,
    OrderUpTo,
    economic_lot,
    periods_left_over,
)

DEFAULT_SERVICE = 0.95


@dataclasses.dataclass(frozen=True, eq=False)
class Decider:
    """One policy on the lines.

    Parameters
    ----------
    name
        Registered name, or ``current``.
    proposes
        The policy before any rounding: its order today is the need.
    executes
        The policy in legal quantities: what is simulated; the lanes take orders at the review of each line.
    level
        ``[line]`` inventory position it aims at, base units; NaN where it aims at none.
    """

    name: str
    proposes: Policy
    executes: Policy
    level: np.ndarray


def critical_level(twin: Twin, forecast: DemandForecast) -> np.ndarray:
    """Return the level where one more unit stops paying, or the one that meets the service target if there is one.

    Returns
    -------
    numpy.ndarray
        ``[line]`` base units: the critical quantile of demand over lead time + review (newsvendor).
    """
    short, left = _stakes(twin)
    return forecast.protection_quantile(short / np.maximum(short + left, 1e-12))


def service_level(twin: Twin, forecast: DemandForecast) -> np.ndarray:
    """Return ``[line]`` the base-stock level at the item's service target, 0.95 where there is none, base units."""
    target = np.where(np.isfinite(twin.service_target), twin.service_target, DEFAULT_SERVICE)
    return forecast.protection_quantile(np.clip(target, 0.0, 0.999))


def reference_rule(twin: Twin, forecast: DemandForecast) -> ReferenceRule:
    """Return the rule ``current`` of the lines."""
    return current_rule(twin, forecast.mean.mean(axis=1), service_level(twin, forecast))


def make_decider(
    name: str, twin: Twin, forecast: DemandForecast, arrays: NetworkArrays, *, seed: int = 0
) -> Decider:
    """Build a policy for the lines from what is known today.

    Parameters
    ----------
    name
        ``current``, or a registered policy; searched ones are tuned on the forecast, never on what comes after.
    twin, forecast
        Calibrated lines and the law of their demand.
    arrays
        Their compiled network.
    seed
        Root of the events of the search.

    Returns
    -------
    Decider
        The policy before and after rounding.

    Raises
    ------
    KeyError
        If the name is unknown.
    """
    level = critical_level(twin, forecast)
    if name == "current":
        return _current(reference_rule(twin, forecast), arrays)
    if name == "marginal":
        return _marginal(twin, forecast, level, arrays)
    if name == "eoq":
        return _economic(twin, forecast, arrays)
    if name == "newsvendor":
        return _at_level(name, level, arrays)
    return _tuned(name, twin, forecast, seed)


def _at_level(name: str, level: np.ndarray, arrays: NetworkArrays) -> Decider:
    raw = BaseStock(padded_leaf(level, arrays))
    return Decider(name, raw, Legal(raw), level)


def _economic(twin: Twin, forecast: DemandForecast, arrays: NetworkArrays) -> Decider:
    """Return the economic order quantity; without known money, the demand of a period and the service target."""
    priced, rate = _priced(twin), forecast.mean.mean(axis=1)
    short, left = _stakes(twin)
    fixed = np.where(priced, twin.order_cost, 0.0)
    lot, served = economic_lot(fixed, rate, np.where(priced, holding_per_period(twin), 0.0), short)
    point = forecast.protection_quantile(np.where(priced, served, short / (short + left)))
    raw = Eoq(padded_leaf(point, arrays), padded_leaf(lot, arrays))
    return Decider("eoq", raw, Legal(raw), point + lot)


def _marginal(twin: Twin, forecast: DemandForecast, level: np.ndarray, arrays: NetworkArrays) -> Decider:
    underage, overage = _stakes(twin)
    every = np.where(twin.whole_units, 1.0, 0.0)

    def policy(pack: np.ndarray, minimum: np.ndarray) -> Marginal:
        return Marginal(
            before=_scenario_leaf(forecast.before_arrival, arrays),
            during=_scenario_leaf(forecast.after_arrival, arrays),
            waits=padded_leaf(twin.backordered.astype(float), arrays),
            underage=padded_leaf(underage, arrays),
            overage=padded_leaf(overage, arrays),
            pack=padded_leaf(pack, arrays),
            minimum=padded_leaf(minimum, arrays),
            weight=jnp.full((NUM_SCENARIOS, 1, 1, 1), 1 / NUM_SCENARIOS),
        )

    executes = policy(np.nan_to_num(pack_size(twin)), np.nan_to_num(twin.order_minimum * twin.factor))
    return Decider("marginal", policy(every, np.zeros_like(every)), executes, level)


def _stakes(twin: Twin) -> tuple[np.ndarray, np.ndarray]:
    """Return ``[line]`` what a missing unit costs and what one left over costs until the next order arrives, money.

    Where a service target is set, or money is unknown, they are rates whose critical ratio is the target.
    """
    held = periods_left_over(twin.lead_periods, twin.review_periods, twin.backordered)
    left = holding_per_period(twin) * held
    target = np.where(_targeted(twin), twin.service_target, DEFAULT_SERVICE)
    priced = _priced(twin)
    return np.where(priced, twin.stockout_cost, target), np.where(priced, left, 1 - target)


def _priced(twin: Twin) -> np.ndarray:
    """Return ``[line]`` whether money decides: it is known, and no service target is set."""
    return np.isfinite(twin.stockout_cost) & (holding_per_period(twin) > 0) & ~_targeted(twin)


def _targeted(twin: Twin) -> np.ndarray:
    named = np.array([metric != "none" for metric in twin.service_metric])
    return named & np.isfinite(twin.service_target)


def _scenario_leaf(values: np.ndarray, arrays: NetworkArrays) -> Array:
    """Return ``[line, scenario]`` as scenarios on the padded item axis."""
    table = np.zeros((values.shape[1], 1, arrays.num_items, 1), dtype=np.float32)
    table[:, 0, : len(values), 0] = values.T
    return jnp.asarray(table)


def _current(rule: ReferenceRule, arrays: NetworkArrays) -> Decider:
    lots = np.isfinite(rule.order_quantity)
    point = padded_leaf(rule.reorder_point, arrays, -1.0)
    by_lot = FixedQuantity(point, padded_leaf(np.nan_to_num(rule.order_quantity), arrays))
    by_level = OrderUpTo(point, padded_leaf(np.nan_to_num(rule.order_up_to_level), arrays))
    raw = Either(padded_leaf(lots.astype(float), arrays), by_lot, by_level)
    return Decider("current", raw, Legal(raw), rule.order_up_to_level)


def _tuned(name: str, twin: Twin, forecast: DemandForecast, seed: int) -> Decider:
    from basestock.operations.tuning import tune_lines

    policy = tune_lines(name, twin, forecast, seed=seed)
    level = getattr(policy, "order_up_to_level", getattr(policy, "base_stock_level", None))
    aims = np.full(twin.num_lines, np.nan) if level is None else np.asarray(level)[0, : twin.num_lines, 0]
    return Decider(name, policy, Legal(policy), aims.astype(np.float64))


def line_policies() -> tuple[str, ...]:
    """Return the names that plan and backtest accept."""
    return ("current", *REGISTRY)
