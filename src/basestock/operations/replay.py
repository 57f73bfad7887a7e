"""History replayed: what a policy would have ordered, seeing at each review only what was known then."""

import dataclasses
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from basestock.data.twin import Twin
from basestock.decision import Game, Information, Policy, advance, begin
from basestock.dynamics import (
    RECEIVE_ORDER_SELL,
    Moving,
    NetworkArrays,
    Step,
    compile_network,
    empty_state,
    into_nodes,
)
from basestock.economics import Ledger, Tariff, ledger_for
from basestock.economics.leaves import given
from basestock.forecasting import DemandForecast
from basestock.operations.deciders import Decider, make_decider, reference_rule
from basestock.operations.lines import line_network, line_tariff
from basestock.operations.twin_forecast import forecast_lines
from basestock.uncertainty import Axes, EventSource, MarketPaths, root_words

Forecaster = Callable[[Twin, int], DemandForecast]
"""``(twin, first hidden bucket) -> forecast``: may look at buckets before it only."""


@dataclasses.dataclass(frozen=True, eq=False)
class Replayed:
    """What came of a policy on the recorded demand.

    Parameters
    ----------
    money
        ``{term: [period, line]}`` unsigned, money.
    signs
        +1 for costs, -1 for revenue, by term.
    flows
        ``{field: [period, line]}`` ordered, demand, sales, lost, newly_backordered, backorders_filled, closing; base
        units.
    """

    money: dict[str, np.ndarray]
    signs: dict[str, int]
    flows: dict[str, np.ndarray]


def honest_forecast(twin: Twin, upto: int, *, seed: int = 0) -> DemandForecast:
    """Forecast from the buckets before ``upto``; nothing from then on is read."""
    return forecast_lines(twin, seed=seed, upto=upto)


def replay(
    twin: Twin,
    policies: list[str],
    *,
    first: int,
    last: int,
    refits: int = 4,
    forecaster: Forecaster = honest_forecast,
    seed: int = 0,
) -> dict[str, Replayed]:
    """Replay buckets ``first`` to ``last`` under each policy from the same start.

    Parameters
    ----------
    twin
        Lines with their history.
    policies
        Names; all face the same demand, lead times, reviews and order sizes.
    first, last
        Window of history, ``last`` excluded.
    refits
        Times in the window at which forecasts and parameters are made anew, from the past alone.
    forecaster
        Makes forecasts; exchanged only by tests that plant a leak.
    seed
        Root of random numbers.

    Returns
    -------
    dict
        Result by policy.

    Notes
    -----
    Every policy starts with the stock that the reference rule aims at, and nothing on its way.
    """
    cuts = np.unique(np.linspace(first, last, refits + 1).round().astype(int))
    forecasts = [forecaster(twin, int(cut)) for cut in cuts[:-1]]
    usual = np.maximum(forecasts[0].mean.mean(axis=1), 0.0)
    game, tariff = _game(twin, recorded_demand(twin, first, last, usual))
    ledger = ledger_for(tariff)
    opening = _opening(twin, forecasts[0])
    result: dict[str, Replayed] = {}
    for name in policies:
        deciders = [make_decider(name, twin, forecast, game.network, seed=seed) for forecast in forecasts]
        lengths = np.diff(cuts).tolist()
        result[name] = _run(twin, game, tariff, ledger, deciders, lengths, opening)
    return result


def recorded_demand(twin: Twin, first: int, last: int, usual: np.ndarray) -> np.ndarray:
    """Return ``[line, period]`` the demand that is replayed, base units; ``usual`` is that expected before, by line.

    Sales of a bucket that was in stock part of the time are scaled up by that part; a bucket that was empty or is
    unknown takes the rate that was expected before the window; a closed bucket has no demand.
    """
    sold, share = twin.history[:, first:last], twin.in_stock[:, first:last]
    expected = usual[:, None]
    part = np.where(np.isfinite(share), share, 1.0)
    # A share below a quarter would multiply a few pieces into a flood.
    scaled = np.where(
        part < 1, np.where(part >= 0.25, sold / np.maximum(part, 0.25), np.maximum(sold, expected)), sold
    )
    demand = np.where(np.isfinite(scaled), scaled, np.where(twin.closed[:, first:last], 0.0, expected))
    whole = twin.whole_units[:, None]
    return np.maximum(np.where(whole, np.round(demand), demand), 0.0)


def _opening(twin: Twin, forecast: DemandForecast) -> np.ndarray:
    rule = reference_rule(twin, forecast)
    lots = rule.reorder_point + np.nan_to_num(rule.order_quantity)
    level = np.where(np.isfinite(rule.order_up_to_level), rule.order_up_to_level, lots)
    return np.maximum(np.where(twin.whole_units, np.ceil(level - 1e-6), level), 0.0)


def _game(twin: Twin, demand: np.ndarray) -> tuple[Game, Tariff]:
    network = line_network(twin)
    axes, arrays = Axes.of(network), compile_network(network)
    paths = np.zeros((demand.shape[1], axes.num_nodes, axes.num_items, 1), dtype=np.float32)
    paths[:, 0, : twin.num_lines, 0] = demand.T
    words = (jnp.asarray(axes.words("lane")), jnp.asarray(axes.words("item")))
    events = EventSource(MarketPaths(jnp.asarray(paths)), *words, None)
    return Game(arrays, events, Information(), RECEIVE_ORDER_SELL), line_tariff(twin, network)


def _run(
    twin: Twin,
    game: Game,
    tariff: Tariff,
    ledger: Ledger,
    deciders: list[Decider],
    lengths: list[int],
    opening: np.ndarray,
) -> Replayed:
    arrays = game.network
    stock = np.zeros((1, arrays.num_items, 1), dtype=np.float32)
    stock[0, : twin.num_lines, 0] = opening
    state = dataclasses.replace(empty_state(arrays), on_hand=jnp.asarray(stock))
    root = root_words(jax.random.key(0))
    moving: Moving | None = None
    traces: list[tuple[Array, dict[str, Array]]] = []
    for decider, length in zip(deciders, lengths, strict=True):
        if moving is None:
            moving = begin(game, decider.executes, state, root)
        moving, trace = _segment(game, decider.executes, moving, _Watch(arrays, tariff, ledger), root, length)
        traces.append(trace)
    money = np.concatenate([np.asarray(part[0], dtype=np.float64) for part in traces])[
        :, :, 0, : twin.num_lines, 0
    ]
    flows = {
        name: np.concatenate([np.asarray(part[1][name], dtype=np.float64) for part in traces])[
            :, 0, : twin.num_lines, 0
        ]
        for name in traces[0][1]
    }
    signs = dict(zip(ledger.names, ledger.signs, strict=True))
    return Replayed({name: money[:, row] for row, name in enumerate(ledger.names)}, signs, flows)


class _Watch(eqx.Module):
    network: NetworkArrays
    tariff: Tariff
    ledger: Ledger = eqx.field(static=True)

    def __call__(self, carry: None, step: Step) -> tuple[None, tuple[Array, dict[str, Array]]]:
        outcome = step.outcome
        flows = {name: getattr(outcome, name) for name in ("demand", "sales", "lost", "closing")}
        nothing = jnp.zeros_like(given(outcome.sales))
        flows |= {
            name: nothing if (leaf := getattr(outcome, name)) is None else leaf
            for name in ("newly_backordered", "backorders_filled")
        }
        flows |= {"ordered": into_nodes(self.network, given(outcome.ordered))}
        return None, (self.ledger.by_place(self.network, self.tariff, step), flows)


@eqx.filter_jit
def _segment(
    game: Game, policy: Policy, moving: Moving, watch: _Watch, root: Array, num_periods: int
) -> tuple[Moving, tuple[Array, dict[str, Array]]]:
    path = advance(
        game,
        policy,
        moving,
        root=root,
        replications=jnp.arange(1),
        num_periods=num_periods,
        fold=watch,
        initial=None,
    )
    return path.end, path.traced


class LeakError(RuntimeError):
    """A decision depended on what happened, or became known, after it (LEK-003, LEK-001)."""


def require_no_leak(
    twin: Twin,
    policies: list[str],
    *,
    first: int,
    last: int,
    forecaster: Forecaster = honest_forecast,
    seed: int = 0,
) -> None:
    """Change what no decision may know and demand the same orders: everything after the middle of the window (SIM-901).

    So are values from before the window that were written after it began (LEK-001).

    Raises
    ------
    LeakError
        Naming each policy whose orders changed.
    """
    middle = (first + last) // 2
    later = twin.history.copy()
    later[:, middle:] = later[:, middle:][:, ::-1] * 3.0 + 1.0
    late = twin.history.copy()
    unknown = twin.known_at[:, :first] > (twin.dates[first] - twin.dates[0]).days
    late[:, :first] = np.where(unknown, late[:, :first] * 3.0 + 1.0, late[:, :first])
    # One period a refit would be slow and refits on the cut itself prove most: the grid below has one there.
    options = {"first": first, "last": last, "refits": 2, "forecaster": forecaster, "seed": seed}
    told = {
        "LEK-003": (
            later,
            f"demand after bucket {middle}",
            "Cut the inputs of the forecast at the decision.",
        ),
        "LEK-001": (late, "values that were not known yet", "Hide them until known_at."),
    }
    before = replay(twin, policies, **options)  # type: ignore[arg-type]
    for code, (history, what, remedy) in told.items():
        if np.array_equal(history, twin.history, equal_nan=True):
            continue
        after = replay(dataclasses.replace(twin, history=history), policies, **options)  # type: ignore[arg-type]
        leaking = _changed(before, after, middle - first)
        if leaking:
            raise LeakError(
                f"{code}: orders of {', '.join(leaking)} before bucket {middle} changed with {what}, must depend "
                f"on the past alone. {remedy}"
            )


def _changed(before: dict[str, Replayed], after: dict[str, Replayed], periods: int) -> list[str]:
    """Return the policies whose first orders differ."""
    ordered = {name: (before[name].flows["ordered"], after[name].flows["ordered"]) for name in before}
    return [
        name for name, (one, other) in ordered.items() if not np.array_equal(one[:periods], other[:periods])
    ]
