"""Policies played on the same events, and what came of them."""

import dataclasses
from collections.abc import Callable, Sequence
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from basestock.decision import Game, Policy, Problem, advance, begin, game
from basestock.dynamics import Moving, State
from basestock.economics import (
    KPIS,
    Estimate,
    Kpi,
    Sums,
    Totals,
    TotalsFold,
    bullwhip_kpis,
    cvar,
    estimate,
    estimate_ratio,
    risk_adjusted,
    risk_profile,
    semideviation,
    share_estimate,
    sharpe,
    sortino,
    sums_of,
    tier_rows,
    value_at_risk,
)
from basestock.uncertainty import require_periods, root_words

CELLS = 2_000_000
"""Places times replications that are simulated together."""


@dataclasses.dataclass(frozen=True, eq=False)
class Played:
    """One policy on one problem.

    Parameters
    ----------
    totals
        ``[replication]`` total by the problem's criterion, money (per period for averages).
    sums
        Sums of the counted periods, one entry for each window of periods.
    """

    totals: np.ndarray
    sums: tuple[Sums, ...]


def play(
    problem: Problem,
    policy: Policy,
    *,
    replications: int,
    seed: int,
    periods: int | None = None,
    windows: int = 1,
    first: int = 0,
) -> Played:
    """Simulate a policy from the declared start.

    Parameters
    ----------
    problem, policy
        Who plays what.
    replications
        Independent replications.
    seed
        Root of the events; the same seed gives every policy the same events.
    periods
        Counted periods per replication, the problem's horizon if not given.
    windows
        Number of equal windows of time that key figures are reported for.
    first
        Number of the first replication; equal numbers meet equal events.

    Returns
    -------
    Played
        Totals by replication and sums by window.
    """
    periods = problem.horizon if periods is None else periods
    if periods % windows:
        raise ValueError(
            f"play: windows is {windows}, must divide the {periods} periods. Choose another number."
        )
    require_periods(problem.events.num_periods, 0, problem.warm_up + periods)
    cells = problem.arrays.num_nodes * problem.arrays.num_items
    chunk = max(1, min(replications, CELLS // cells))
    parts = [
        _play_chunk(problem, policy, np.arange(begins, begins + chunk), seed, periods, windows)
        for begins in range(first, first + replications, chunk)
    ]
    sums = tuple(_join([part[1][window] for part in parts], replications) for window in range(windows))
    return Played(np.concatenate([part[0] for part in parts])[:replications], sums)


def _play_chunk(
    problem: Problem, policy: Policy, numbers: np.ndarray, seed: int, periods: int, windows: int
) -> tuple[np.ndarray, list[Sums]]:
    key = jax.random.key(seed)
    compiled = game(problem)
    num_tiers = int(np.asarray(problem.arrays.tier).max()) + 1
    fold = TotalsFold(
        problem.arrays, problem.tariff, jnp.asarray(problem.discount), problem.ledger, tier_rows(num_tiers)
    )
    initial = fold.initial(len(numbers))
    start = problem.start(len(numbers))
    kept = _play(
        compiled,
        policy,
        start,
        root_words(key),
        jnp.asarray(numbers),
        fold,
        initial,
        problem.warm_up,
        (periods // windows, windows),
    )
    each = [jax.tree.map(lambda leaf, at=window: leaf[at], kept) for window in range(windows)]
    one_unit = len({item.unit for item in problem.network.items}) == 1
    sums = [
        sums_of(totals, problem.arrays, problem.tariff, problem.ledger, problem.period_days, one_unit)
        for totals in each
    ]
    return _criterion(problem, each, sums, periods), sums


@eqx.filter_jit
def _play(
    game: Game,
    policy: Policy,
    state: State,
    root: Array,
    replications: Array,
    fold: TotalsFold,
    initial: Totals,
    warm_up: int,
    windows: tuple[int, int],
) -> Totals:
    """Play the warm-up, then equal windows of (periods, number); sums restart with each window, open cycles go on."""
    go = partial(advance, game, policy, root=root, replications=replications, fold=fold)
    start = (begin(game, policy, state, root), initial)
    if warm_up:
        warm = go(start[0], num_periods=warm_up, initial=initial)
        start = (warm.end, warm.folded)

    def window(carry: tuple[Moving, Totals], _: None) -> tuple[tuple[Moving, Totals], Totals]:
        moving, totals = carry
        path = go(moving, num_periods=windows[0], initial=_restart(totals, initial))
        return (path.end, path.folded), path.folded

    return jax.lax.scan(window, start, None, length=windows[1])[1]


def _restart(totals: Totals, initial: Totals) -> Totals:
    """Forget the sums and keep what is still open."""
    return dataclasses.replace(
        initial, in_cycle=totals.in_cycle, short_in_cycle=totals.short_in_cycle, was_empty=totals.was_empty
    )


def _criterion(problem: Problem, kept: Sequence[Totals], sums: Sequence[Sums], periods: int) -> np.ndarray:
    """Return the total of each replication in the problem's own sense: cost where it is minimized, else profit."""
    if problem.discounts:
        parts = [
            np.asarray(t.discounted.total, np.float64) - np.asarray(t.discounted.dropped, np.float64)
            for t in kept
        ]
        # Periods count from the start of the warm-up; the first counted one has factor 1.
        return problem.sign * np.sum(parts, axis=0) / problem.discount**problem.warm_up
    signs = dict(zip(problem.ledger.names, problem.ledger.signs, strict=True))
    total = sum(signs[name] * money for part in sums for name, money in part.money.items())
    total = problem.sign * np.asarray(total, dtype=np.float64)
    return total / periods if problem.averages else total


def _join(parts: Sequence[Sums], replications: int) -> Sums:
    join = lambda arrays: np.concatenate(arrays, axis=-1)[..., :replications]  # noqa: E731
    return dataclasses.replace(
        parts[0],
        totals={name: join([part.totals[name] for part in parts]) for name in parts[0].totals},
        money={name: join([part.money[name] for part in parts]) for name in parts[0].money},
    )


def kpi_estimates(sums: Sums, num_tiers: int = 1) -> dict[str, Estimate]:
    """Return every key figure that the quantities allow, over the whole network."""
    table: tuple[Kpi, ...] = (*KPIS, *bullwhip_kpis(num_tiers))
    found = {kpi.name: (kpi, kpi.parts(sums)) for kpi in table}
    n = sums.totals["demand"].shape[-1]
    return {
        name: Estimate(None, None, n, parts) if isinstance(parts, str) else estimate_ratio(*parts, kpi.empty)
        for name, (kpi, parts) in found.items()
        if parts is not None
    } | _risk(sums)


RISK: dict[str, Callable[[np.ndarray], float | None]] = {
    "std_profit": lambda profit: float(profit.std(ddof=1)),
    "cvar05_profit": cvar,
    "var05_profit": value_at_risk,
    "semideviation": semideviation,
    "risk_adjusted_profit": risk_adjusted,
    "sharpe": sharpe,
    "sortino": sortino,
}
"""Measures of the law of an episode's profit."""

FEW_EPISODES = 30
"""Risk measures of fewer episodes are flagged."""


def _risk(sums: Sums) -> dict[str, Estimate]:
    values = {name: kpi.parts(sums) for name in ("profit", "total_cost") for kpi in KPIS if kpi.name == name}
    profit, cost = (parts[0] if isinstance(parts, tuple) else None for parts in values.values())
    found: dict[str, Estimate] = {}
    if cost is not None and len(cost) > 1:
        found["cvar05_cost"] = _bootstrap(cost, lambda sample: -cvar(-sample))
    if profit is not None and len(profit) > 1:
        found |= {name: _bootstrap(profit, measure) for name, measure in RISK.items()}
        found["probability_of_loss"] = share_estimate(profit < 0)
    return found


def _bootstrap(
    values: np.ndarray, measure: Callable[[np.ndarray], float | None], resamples: int = 400
) -> Estimate:
    """Estimate a measure of a law with a bootstrap interval over episodes."""
    value, n = measure(values), len(values)
    if value is None:
        return Estimate(None, None, n, "no_spread")
    draws = np.random.default_rng(n).integers(0, n, (resamples, n))
    again = [found for draw in draws if (found := measure(values[draw])) is not None]
    low, high = np.quantile(again, [0.025, 0.975])
    return Estimate(value, float(high - low) / 2, n, "few_episodes" if n < FEW_EPISODES else "")


def risk_estimates(returns: np.ndarray, levels: tuple[float, ...]) -> dict[str, Estimate]:
    """Estimate the risk of a law of returns, one per replication, larger is better."""
    return {name: _bootstrap(returns, measure) for name, measure in risk_profile(levels).items()}


def paired(first: np.ndarray, other: np.ndarray) -> Estimate:
    """Estimate first - other on the same events."""
    return estimate(np.asarray(first) - np.asarray(other))
