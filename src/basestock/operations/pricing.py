"""What an order is worth: every candidate quantity played on the twin against ordering nothing, on the same demand."""

import dataclasses
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from basestock.data.twin import Twin
from basestock.forecasting import DemandForecast
from basestock.forecasting.batches import num_threads
from basestock.forecasting.draws import compile_draws
from basestock.operations.line_chunks import Shape, chunks, cut_chunk, shapes
from basestock.operations.line_play import Played, Rows, play_chunk
from basestock.operations.lines import CompiledLines
from basestock.operations.twin_forecast import forecast_steps

CANDIDATES = 12
"""Quantities priced per line, nothing included."""

MAX_HORIZON = 512
"""Longest pricing, model periods."""

UNSEEN_PATHS = 2
"""Paths by which errors of gains count a pack as needed beside those drawn.

A pack that pays is often needed on one path in fifty only. Where none of 128 shows it, their spread is 0 and would
call a loss certain; with two more (Agresti and Coull 1998, doi:10.1080/00031305.1998.10480550) it is called so only
where the pack pays from one path in thirty on.
"""


@dataclasses.dataclass(frozen=True, eq=False)
class Prices:
    """Values of candidate orders, per line.

    Parameters
    ----------
    quantity
        ``[line, candidate]`` increasing, first 0, base units.
    value, value_se
        ``[line, candidate]`` expected money saved against ordering nothing before the next review, and its standard
        error.
    gain, gain_se
        ``[line, candidate]`` money of this candidate over the one before, and its standard error, which allows for
        needs that no path shows (:func:`gain_error`); 0 for the first.
    p_stockout
        ``[line, candidate]`` share of paths with unserved demand before the next order can arrive.
    short
        ``[line, candidate]`` expected units short before the next order can arrive.
    agreed
        ``[line]`` share of paths on which all candidates have come to the same stock and open orders at the end.
    """

    quantity: np.ndarray
    value: np.ndarray
    value_se: np.ndarray
    gain: np.ndarray
    gain_se: np.ndarray
    p_stockout: np.ndarray
    short: np.ndarray
    agreed: np.ndarray


def price_orders(
    twin: Twin,
    compiled: CompiledLines,
    asked: np.ndarray,
    quantities: np.ndarray,
    level: np.ndarray,
    forecast: DemandForecast,
    *,
    num_paths: int,
    seed: int,
    horizon_days: float | None = None,
) -> Prices:
    """Price candidate orders of every line.

    Parameters
    ----------
    twin, compiled
        All lines.
    asked
        Positions of the lines to price.
    quantities
        ``[line, candidate]`` increasing, the first 0, base units.
    level
        ``[line]`` order-up-to level that is followed from the next review on, base units.
    forecast
        Law of demand of all lines; every candidate of a line meets the same paths.
    num_paths, seed
        Demand paths per line, and their root.
    horizon_days
        Longest pricing, days, but never less than lead time + review; only 4 x that if ``None``.

    Returns
    -------
    Prices
        Values, gains, stockout probabilities.

    Notes
    -----
    Money is the ledger's: holding, lost margin and goodwill, waiting, order cost. Purchases at cost cancel against
    stock at cost, so that a unit bought now rather than later costs its holding only. A line is played until its
    candidates agree on 99.9 % of the paths, at most 4 x (lead time + review).
    """
    part = twin.take(asked)
    protection, limit = part.lead_periods + part.review_periods, pricing_limit(part, horizon_days)
    blank = np.zeros_like(quantities, dtype=np.float64)
    names = ("value", "value_se", "gain", "gain_se", "p_stockout", "short")
    tables = {name: blank.copy() for name in names}
    prices = Prices(quantity=quantities, agreed=np.zeros(len(asked)), **tables)

    counts = num_distinct(quantities)

    def price(job: tuple[Shape, np.ndarray]) -> None:
        shape, lines = job
        owner = np.repeat(np.arange(len(lines)), counts[lines])
        rows = Rows(
            owner, _played(quantities[lines], counts[lines]), level[lines], protection[lines], limit[lines]
        )
        paths = draw_paths(forecast, asked[lines], shape, num_paths, seed)
        chunk = cut_chunk(compiled, asked[lines][owner], shape)
        _enter(prices, lines, counts[lines], play_chunk(chunk, shape, rows, paths), part.stockout_cost[lines])

    _each(price, list(chunks(shapes(part, limit), counts)))
    return prices


def num_distinct(quantities: np.ndarray) -> np.ndarray:
    """Return ``[line]`` how many candidates differ: the last one is repeated at the end of a row."""
    return 1 + (np.diff(quantities, axis=1) > 0).sum(axis=1)


def _played(quantities: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return ``[row]`` the candidates that differ, line by line."""
    return quantities[np.arange(quantities.shape[1]) < counts[:, None]]


def _each(price: Callable[[tuple[Shape, np.ndarray]], None], jobs: list[tuple[Shape, np.ndarray]]) -> None:
    """Do every job, several at a time: a chunk keeps one core busy and writes to its own lines only."""
    first = {shape: at for at, (shape, _) in reversed(list(enumerate(jobs)))}
    # The first chunk of a shape compiles its programs, which the others then share.
    for at in sorted(first.values()):
        price(jobs[at])
    others = [job for at, job in enumerate(jobs) if first[job[0]] != at]
    with ThreadPoolExecutor(num_threads()) as pool:
        for _ in pool.map(price, others):
            pass


def compile_pricing(twin: Twin, compiled: CompiledLines, num_paths: int, stop: threading.Event) -> None:
    """Compile the programs that will price the lines, those of most lines first, until told to stop.

    Parameters
    ----------
    twin, compiled
        All lines.
    num_paths
        Demand paths per line.
    stop
        Set when the result is wanted: what is missing is compiled on first use.
    """
    programs: dict[Shape, list[int]] = {}
    for line, shape in enumerate(shapes(twin, np.ones(twin.num_lines))):
        programs.setdefault(dataclasses.replace(shape, review_periods=0), []).append(line)
    compile_draws(num_paths, 1, forecast_steps(twin))
    one = np.ones(1)
    rows = Rows(np.zeros(1, dtype=int), np.zeros(1), one, one, one)
    for shape, lines in sorted(programs.items(), key=lambda program: -len(program[1])):
        if stop.is_set():
            return
        known = dataclasses.replace(shape, review_periods=int(twin.review_periods[lines[0]]))
        demand = np.zeros((num_paths, 1, known.periods), dtype=np.float32)
        play_chunk(cut_chunk(compiled, np.array(lines[:1]), known), known, rows, demand)


def pricing_limit(twin: Twin, horizon_days: float | None = None) -> np.ndarray:
    """Return ``[line]`` the longest pricing, periods: 4 x (lead time + review), less if a horizon says so."""
    protection = np.maximum(twin.lead_periods + twin.review_periods, 1)
    longest = np.minimum(4 * protection, MAX_HORIZON)
    if horizon_days is None:
        return longest
    return np.minimum(longest, np.maximum(protection, int(np.ceil(horizon_days / twin.period_days))))


def draw_paths(
    forecast: DemandForecast, lines: np.ndarray, shape: Shape, num_paths: int, seed: int
) -> np.ndarray:
    """Draw ``[path, line, period]`` demand of some lines; a line's paths are its own whatever is drawn beside it."""
    drawn = min(shape.periods, forecast.horizon)
    part = forecast.take(lines)
    part = dataclasses.replace(part, mean=part.mean[:, :drawn])
    paths = part.sample_paths(num_paths, seed=seed)
    return np.pad(paths, ((0, 0), (0, 0), (0, shape.periods - drawn)))


def _enter(
    prices: Prices, lines: np.ndarray, counts: np.ndarray, played: Played, stockout_cost: np.ndarray
) -> None:
    """Turn the paths of some lines into means and standard errors."""
    places = np.minimum(np.arange(prices.quantity.shape[1]), counts[:, None] - 1)
    rows = places + (np.cumsum(counts) - counts)[:, None]
    cost, short = played.cost[rows], played.short[rows]
    saved = cost[:, :1] - cost
    steps = np.diff(saved, axis=1, prepend=saved[:, :1])
    root = np.sqrt(saved.shape[2])
    prices.value[lines], prices.value_se[lines] = saved.mean(2), saved.std(2, ddof=1) / root
    added = np.diff(prices.quantity[lines], axis=1, prepend=0.0)
    prices.gain[lines] = steps.mean(2)
    prices.gain_se[lines] = gain_error(steps, added * np.nan_to_num(stockout_cost)[:, None])
    prices.gain_se[lines, 1] = prices.value_se[lines, 1]
    prices.p_stockout[lines] = (short > 0).mean(2)
    prices.short[lines], prices.agreed[lines] = short.mean(2), played.agreed


def gain_error(steps: np.ndarray, most: np.ndarray) -> np.ndarray:
    """Return the standard error of mean gains, as if :data:`UNSEEN_PATHS` more paths had needed every unit.

    Parameters
    ----------
    steps
        ``[..., path]`` gains, money.
    most
        ``[...]`` gain where every unit added is needed: its stockout costs, money.

    Returns
    -------
    numpy.ndarray
        ``[...]`` money.

    Notes
    -----
    The sum of squares of two groups is that within each, and ``m n / (m + n)`` times the squared distance of means.

    Examples
    --------
    >>> gain_error(np.full((1, 128), -0.02), np.array([1.0])).round(4)
    array([0.0111])
    """
    drawn, total = steps.shape[-1], steps.shape[-1] + UNSEEN_PATHS
    mean = steps.mean(-1)
    beyond = np.maximum(most - mean, 0.0)
    squares = steps.var(-1) * drawn + UNSEEN_PATHS * drawn / total * beyond**2
    return np.sqrt(squares / (total - 1) / total)


def with_price_breaks(twin: Twin, prices: Prices) -> Prices:
    """Add what better purchase prices save to the value of the quantities that reach them."""
    if not any(twin.price_breaks):
        return prices
    saved = np.array(
        [
            [quantity * saving_per_unit(twin, line, float(quantity)) for quantity in quantities]
            for line, quantities in enumerate(prices.quantity)
        ]
    )
    steps = np.diff(saved, axis=1, prepend=0.0)
    return dataclasses.replace(prices, value=prices.value + saved, gain=prices.gain + steps)


def saving_per_unit(twin: Twin, line: int, quantity: float) -> float:
    """Return the usual cost minus the price paid for an order of a quantity, money per base unit."""
    reached = [price for threshold, price in twin.price_breaks[line] if threshold <= quantity + 1e-9]
    cost = float(twin.unit_cost[line])
    return cost - reached[-1] if reached and np.isfinite(cost) else 0.0


def order_value(twin: Twin, line: int, quantity: float) -> float:
    """Return what an order costs to buy, money; NaN where the cost is unknown."""
    return quantity * (float(twin.unit_cost[line]) - saving_per_unit(twin, line, quantity))
