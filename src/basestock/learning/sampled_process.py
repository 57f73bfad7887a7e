"""The decision process on some of its states: exact expectations among them, given values of all others."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from basestock.learning.expectation import Expectation

TOGETHER = 1 << 14
"""Combinations of state, choice and outcome that are run together."""

IMPROVEMENTS = 2
"""Improvements of the choices in listed states."""

SWEEPS = 200
"""Sweeps with fixed choices at most."""

STILL = 1e-5
"""Share of a period's cost by which values may still move when sweeps end."""


@dataclasses.dataclass(frozen=True, eq=False)
class Listed:
    """Some states of a period, some choices in each, and what follows these.

    Parameters
    ----------
    rows
        The states.
    cost
        Expected money of the period.
    there
        Whether a choice counts.
    links
        ``[state and choice, following]`` sparse probabilities.
    after
        Distinct states that follow.
    known
        Number of each of those among the listed states of the next period, -1 where it is none of them.
    weight
        What states that follow are worth: the discount, 0 at the end.
    """

    rows: Float[np.ndarray, "state entry"]
    cost: Float[np.ndarray, "state choice"]
    there: Bool[np.ndarray, "state choice"]
    links: Any
    after: Float[np.ndarray, "following entry"]
    known: Int[np.ndarray, " following"]
    weight: float

    def chosen(self, choices: Int[np.ndarray, " state"]) -> tuple[np.ndarray, Any]:
        """Return expected money and sparse probabilities of one choice in each state."""
        states, count = self.cost.shape
        return self.cost[np.arange(states), choices], self.links[np.arange(states) * count + choices]

    def totals(self, values: Float[np.ndarray, " following"]) -> Float[np.ndarray, "state choice"]:
        """Return what choices cost with all that follows, given values of the states that follow, money.

        Infinite where a choice does not count.
        """
        found = self.cost + self.weight * (self.links @ values).reshape(self.cost.shape)
        return np.where(self.there, found, np.inf)

    def beyond(self, met: int, following: int, draw: np.random.Generator) -> Float[np.ndarray, "state entry"]:
        """Return states of the next period that nobody met and choices lead to, in random order, likely ones first.

        Parameters
        ----------
        met, following
            Numbers of states of this period and of the next that were met: the first of all that are listed.
        draw
            Draws the order.
        """
        mass = np.asarray(self.links[: met * self.cost.shape[1]].sum(0)).ravel()
        new = np.flatnonzero((mass > 0) & ((self.known < 0) | (self.known >= following)))
        return self.after[new[np.argsort(-mass[new] * draw.exponential(size=len(new)))]]


@eqx.filter_jit
def _followed(expectation: Expectation, rows: Array, units: Array, period: Array) -> tuple[Array, Array]:
    return expectation.outcomes(rows, units, period)


def digest(rows: Float[np.ndarray, "*row entry"]) -> np.ndarray:
    """Return a 64-bit number of each row, which two different rows share with a chance of about 2^-64."""
    draw = np.random.default_rng(0)
    factors = draw.integers(1, 2**63, rows.shape[-1], dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    # Zero has two signs, which are the same quantity.
    bits = (np.ascontiguousarray(rows, np.float32) + np.float32(0.0)).view(np.uint32).astype(np.uint64)
    bits = (bits + np.uint64(1)) * factors
    bits ^= bits >> np.uint64(31)
    bits *= np.uint64(0x9E3779B97F4A7C15)
    bits ^= bits >> np.uint64(29)
    return (bits * factors[::-1]).sum(-1, dtype=np.uint64)


def listed(
    expectation: Expectation,
    period: int,
    rows: Float[np.ndarray, "state entry"],
    units: Float[np.ndarray, "state choice slot"],
    there: Bool[np.ndarray, "state choice"],
    following: Float[np.ndarray, "next entry"],
) -> Listed:
    """List what follows choices in states of a period.

    Parameters
    ----------
    expectation
        What follows a decision.
    period, rows
        The states.
    units
        What is decided, units.
    there
        Whether a choice counts.
    following
        States of the next period that are listed too.
    """
    from scipy import sparse

    states, choices, _ = units.shape
    pairs = states * choices
    wide, flat = np.repeat(rows, choices, 0), units.reshape(pairs, -1)
    size = max(TOGETHER // expectation.num_outcomes, 1)
    when = jnp.asarray(period, jnp.int32)
    costs: list[np.ndarray] = []
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for low in range(0, pairs, size):
        picked = np.minimum(np.arange(low, low + size), pairs - 1)
        after, cost = _followed(expectation, jnp.asarray(wide[picked]), jnp.asarray(flat[picked]), when)
        kept = min(size, pairs - low)
        after = np.asarray(after)[:kept].reshape(-1, after.shape[-1])
        keys, first, inverse = np.unique(digest(after), return_index=True, return_inverse=True)
        costs.append(np.asarray(cost)[:kept])
        parts.append((keys, after[first], inverse))
    every, first, inverse = np.unique(
        np.concatenate([keys for keys, _, _ in parts]), return_index=True, return_inverse=True
    )
    starts = np.cumsum([0, *(len(keys) for keys, _, _ in parts)])
    columns = np.concatenate(
        [inverse[start + part] for start, (_, _, part) in zip(starts, parts, strict=False)]
    )
    chance = np.asarray(expectation.chance(when), np.float64)
    links = sparse.csr_matrix(
        (
            np.tile(chance, pairs),
            columns.astype(np.int32),
            np.arange(0, pairs * len(chance) + 1, len(chance)),
        ),
        shape=(pairs, len(every)),
    )
    links.sum_duplicates()
    cost = np.concatenate(costs).reshape(states, choices).astype(np.float64)
    after = np.concatenate([found for _, found, _ in parts])[first]
    return Listed(
        rows, cost, there, links, after, _numbers(every, following), float(expectation.weight(when))
    )


def _numbers(keys: np.ndarray, rows: np.ndarray) -> Int[np.ndarray, " following"]:
    """Return the number of the row of each key, -1 where there is none."""
    mine = digest(rows)
    order = np.argsort(mine)
    at = np.minimum(np.searchsorted(mine, keys, sorter=order), len(mine) - 1)
    return np.where(mine[order[at]] == keys, order[at], -1)


@dataclasses.dataclass(frozen=True, eq=False)
class Solution:
    """Values of listed states.

    Parameters
    ----------
    values
        ``[state]`` of every period, money; relative to the average where there is one.
    totals
        ``[state, choice]`` of every period: what choices cost with all that follows.
    gain
        Cost of a period, money; 0 where costs do not go on for ever.
    """

    values: dict[int, np.ndarray]
    totals: dict[int, np.ndarray]
    gain: float


def solved(
    process: Mapping[int, Listed],
    outside: Mapping[int, np.ndarray],
    first: Mapping[int, np.ndarray],
    usual: Mapping[int, np.ndarray] | None,
    *,
    averages: bool,
    scale: float,
) -> Solution:
    """Return values of listed states by policy iteration, given the values of the states that are not listed.

    Parameters
    ----------
    process
        Listed states of every period of a cycle.
    outside
        ``[following]`` values of the states that follow those of each period.
    first
        ``[state]`` values to begin with; in averages also what they are on the mean, as relative values have no zero.
    usual
        ``[state]`` numbers of the choices whose values are asked for; those that are best if not given.
    averages
        Whether values are relative to an average.
    scale
        About what a period costs, money.

    Notes
    -----
    Each of a few improvements is followed by many sweeps with fixed choices (modified policy iteration, Puterman and
    Shin 1978, doi:10.1287/mnsc.24.11.1127): all states outside are believed only once in an improvement, which would
    else look for those that are thought to be worth most by mistake.
    """
    values = {at: np.array(each, np.float64) for at, each in first.items()}
    gain = 0.0
    for _ in range(IMPROVEMENTS if usual is None else 1):
        choices = usual
        if choices is None:
            choices = {at: each.argmin(1) for at, each in _totals(process, outside, values).items()}
        values, gain = _followed_on(process, outside, values, choices, gain, averages, STILL * scale)
    return Solution(values, _totals(process, outside, values), gain)


def _inside(
    process: Mapping[int, Listed],
    outside: Mapping[int, np.ndarray],
    values: Mapping[int, np.ndarray],
    at: int,
) -> np.ndarray:
    """Return the values of the states that follow those of a period."""
    part, following = process[at], np.array(outside[at], np.float64)
    inside = part.known >= 0
    following[inside] = values[(at + 1) % len(process)][part.known[inside]]
    return following


def _totals(
    process: Mapping[int, Listed], outside: Mapping[int, np.ndarray], values: Mapping[int, np.ndarray]
) -> dict[int, np.ndarray]:
    """Return ``[state, choice]`` of every period: what choices cost with all that follows."""
    return {at: part.totals(_inside(process, outside, values, at)) for at, part in process.items()}


def _followed_on(
    process: Mapping[int, Listed],
    outside: Mapping[int, np.ndarray],
    values: Mapping[int, np.ndarray],
    choices: Mapping[int, np.ndarray],
    gain: float,
    averages: bool,
    still: float,
) -> tuple[dict[int, np.ndarray], float]:
    """Return values of fixed choices, and the cost of a period.

    Notes
    -----
    Sweeps go from the last period of a cycle to its first. In averages, by how much the mean grows in a sweep is what
    its periods cost (relative value iteration, White 1963, doi:10.1016/0022-247X(63)90017-9).
    """
    values = dict(values)
    order, cycle = sorted(process, reverse=True), len(process)
    middle = values[order[-1]].mean()
    fixed = {at: process[at].chosen(choices[at]) for at in order}
    for _ in range(SWEEPS):
        before = dict(values)
        for at in order:
            cost, links = fixed[at]
            following = _inside(process, outside, values, at)
            values[at] = cost + process[at].weight * (links @ following) - gain
        if averages:
            drift = (values[order[-1]].mean() - middle) / cycle
            gain += drift
            values = {at: each - (cycle - at) * drift for at, each in values.items()}
        if max(float(np.abs(values[at] - before[at]).max()) for at in order) < still:
            break
    return values, gain
