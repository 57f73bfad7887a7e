"""The 22 core scenarios of gym-invmgmt: two supply chains under trend, season, shock, goodwill and recorded demand.

Source: arXiv:2605.11355; dynamics as in gym-invmgmt 0.2.1 (MIT).
"""

import dataclasses
import itertools
import math
from typing import TYPE_CHECKING, ClassVar, Literal

import jax.numpy as jnp
import numpy as np

from basestock.decision import Problem
from basestock.decision.needed_stages import stands_for
from basestock.dynamics import Decision, NetworkArrays, PeriodOutcome, State
from basestock.dynamics.lanes import require
from basestock.network import Goodwill
from basestock.problems.or_gym.chain import ITEM, Link, Market, Stocked, Unmet
from basestock.problems.or_gym.network import LINKS, NODES, graph_problem
from basestock.problems.parameters import parameters
from basestock.uncertainty import DemandLaw, Deterministic, Event, Poisson, Seasonal

SOURCE = "arXiv:2605.11355, gym-invmgmt 0.2.1"
PERIODS = 30

SERIAL_NODES = (
    Stocked("1", 100.0, 0.030),
    Stocked("2", 100.0, 0.020),
    Stocked("3", 200.0, 0.010, 100.0, 0.010),
)
SERIAL_LINKS = (
    Link("2", "1", 4, 1.5, 0.010),
    Link("3", "2", 4, 1.0, 0.005),
    Link("4", "3", 0, 0.5),
)
CHAINS: dict[str, tuple[tuple[Stocked, ...], tuple[Link, ...]]] = {
    "network": (NODES, LINKS),
    "serial": (SERIAL_NODES, SERIAL_LINKS),
}
"""Nodes and links by name of the supply chain."""

_SALES = (
    *(2, 3, 4, 0, 0, 1, 0, 2, 1, 1, 5, 3, 1, 0, 0),
    *(2, 7, 2, 2, 13, 8, 11, 50, 60, 54, 51, 39, 50, 48, 61),
)
"""Unit sales of the volatile window of the M5 competition that the authors scale to a mean of 20 a day."""

SMOOTH = 0.15
"""Unmet share of the demand at which goodwill falls in full where it has no jump."""

if TYPE_CHECKING:
    from basestock.optimal.programs.walk import Walk

DemandPattern = Literal["stationary", "trend_seasonal", "trend_seasonal_shock", "m5_volatile"]


@stands_for("remember")
@dataclasses.dataclass(frozen=True)
class Sentiment:
    """Customers react to any unmet demand of the last period: goodwill falls by a tenth, else it grows by 1 %.

    Parameters
    ----------
    growth, decay
        Factors of a period without and with unmet demand.
    lowest, highest
        Bounds of the factor on demand.
    width
        Unmet share of the demand at which goodwill falls in full, in proportion below it; 0 for any unmet demand.
    """

    growth: float = 1.01
    decay: float = 0.90
    lowest: float = 0.2
    highest: float = 2.0
    width: float = 0.0

    def __call__(
        self, network: NetworkArrays, state: State, decision: Decision, event: Event, flows: PeriodOutcome
    ) -> tuple[State, PeriodOutcome]:
        """Move the factor that multiplies the next period's demand."""
        before = require(state.satisfaction, "satisfaction")
        unmet = require(flows.lost, "lost") + (0.0 if state.backorders is None else state.backorders)
        fallen = (unmet > 0).astype(before.dtype)
        if self.width > 0:
            most = self.width * jnp.maximum(require(flows.demand, "demand"), 1e-3)
            fallen = jnp.minimum(unmet / most, 1.0)
        after = before * (self.growth + (self.decay - self.growth) * fallen)
        return dataclasses.replace(state, satisfaction=jnp.clip(after, self.lowest, self.highest)), flows

    def smooth(self) -> "Sentiment":
        """Return how customers react without a jump, so that a gradient sees what unmet demand does."""
        return dataclasses.replace(self, width=SMOOTH)

    multiplies_demand: ClassVar[bool] = True

    def constraints(self, walk: "Walk") -> None:
        """Add the factor of the next period and whether anybody is left unmet, an either-or choice.

        Notes
        -----
        A plan may let the factor fall although all demand was met, and may hold stock back from customers, so that they
        are short once and not twice; the physics does neither. Where the factor falls, the line through both ends of
        max(lowest, decay x factor) stands for it, which is never below. All are on the safe side of a bound.
        """
        frame, before = walk.frame, require(walk.satisfaction, "satisfaction")
        start = np.asarray(frame.trimmed(frame.start.satisfaction, frame.num_nodes))
        most = np.minimum(start * self.growth**walk.period, self.highest)
        asked = walk.path.demand * np.minimum(
            start * self.growth ** np.arange(walk.path.num_periods)[:, None, None], self.highest
        )
        waits = walk.backorders if not walk.backorders.fixed.all() else None
        unmet = walk.flows["lost"] if waits is None else walk.flows["lost"] + waits
        could = asked[walk.period] if waits is None else asked[: walk.period + 1].sum(0)
        there = walk.path.demand.sum(0) > 0
        label = frame.node_label
        short = walk.variables("unmet", unmet, label, where=there, high=1.0, whole=True)
        after = walk.variables("satisfaction", unmet, label, where=there, low=self.lowest, high=self.highest)
        walk.constrain("goodwill", unmet - short * could, "<=", 0.0, label, where=there, relaxable=False)
        # The line through (lowest, lowest) and (most, decay x most).
        slope = (self.decay * most - self.lowest) / np.maximum(most - self.lowest, 1e-9)
        slope = np.where(self.decay * most > self.lowest, slope, 0.0)
        gap = self.growth * most - np.maximum(self.decay * most, self.lowest)
        fallen = after - before * slope - self.lowest * (1.0 - slope) + short * gap
        walk.constrain(
            "goodwill", after - before * self.growth, "<=", 0.0, label, where=there, relaxable=False
        )
        walk.constrain("goodwill", fallen, "<=", gap, label, where=there, relaxable=False)
        walk.constrain(
            "goodwill", after - before * self.decay, ">=", 0.0, label, where=there, relaxable=False
        )
        walk.satisfaction = after + np.where(there, 0.0, 1.0)


@parameters()
def invmgmt_scenario(
    *,
    chain: Literal["network", "serial"] = "network",
    demand: DemandPattern = "stationary",
    goodwill: bool = False,
    unmet: Unmet = "backorder",
    mean: float = 20.0,
) -> Problem:
    """Build a scenario of gym-invmgmt (arXiv:2605.11355).

    Parameters
    ----------
    chain
        ``network``: three factories, two distributors, a retailer. ``serial``: one of each.
    demand
        ``stationary`` Poisson, with ``trend_seasonal`` (5 % of the first mean a period, half of it up and down over 30
        periods), with a ``trend_seasonal_shock`` (twice as much from period 15 on), or ``m5_volatile`` (recorded).
    goodwill
        Whether demand falls by a tenth after a period with unmet demand, and grows by 1 % after any other.
    unmet
        ``backorder`` or ``lost``; orders between nodes that cannot be shipped are lost.
    mean
        Mean demand of the first period, units.

    Returns
    -------
    Problem
        Profit of 30 periods.

    Examples
    --------
    >>> invmgmt_scenario(chain="serial", demand="m5_volatile").horizon
    30
    """
    return scenario_problem(pattern_law(demand, mean), chain=chain, goodwill=goodwill, unmet=unmet)


def scenario_problem(
    law: DemandLaw, *, chain: Literal["network", "serial"], goodwill: bool, unmet: Unmet
) -> Problem:
    """Build a scenario for any law of demand; see :func:`invmgmt_scenario`."""
    nodes, links = CHAINS[chain]
    problem = graph_problem(
        "invmgmt",
        nodes,
        links,
        [Market("1", 2.0, 0.1, law)],
        mode="sound",
        unmet=unmet,
        periods=PERIODS,
        discount=1.0,
        parameters={"chain": chain, "goodwill": goodwill, "unmet": unmet},
        source=SOURCE,
    )
    if not goodwill:
        return problem
    remembering = Goodwill("1", ITEM, demand_effect=1.0)
    return dataclasses.replace(
        problem,
        network=dataclasses.replace(problem.network, goodwill=(remembering,)),
        sequence=dataclasses.replace(problem.sequence, after=(*problem.sequence.after, Sentiment())),
    )


def pattern_law(pattern: DemandPattern, mean: float) -> DemandLaw:
    """Return the law of demand over the 30 periods of a pattern."""
    if pattern == "stationary":
        return Poisson(mean)
    if pattern == "m5_volatile":
        scale = mean * PERIODS / sum(_SALES)
        return Seasonal(tuple(Deterministic(units * scale) for units in _SALES))
    means: list[float] = []
    for period in range(PERIODS):
        level = mean * (1 + 0.05 * period) * (1 + 0.5 * math.sin(2 * math.pi / 30 * period))
        means.append(level * 2.0 if pattern == "trend_seasonal_shock" and period >= 15 else level)
    return Seasonal(tuple(Poisson(max(0.1, level)) for level in means))


def _core() -> dict[str, dict[str, object]]:
    """Return the arguments of the 22 scenarios by name."""
    found: dict[str, dict[str, object]] = {}
    ways: tuple[Unmet, ...] = ("backorder", "lost")
    for chain, demand, goodwill, unmet in itertools.product(
        CHAINS, ("trend_seasonal", "trend_seasonal_shock"), (False, True), ways
    ):
        name = f"{chain}_{demand}_{'goodwill_' if goodwill else ''}{unmet}"
        found[name] = {"chain": chain, "demand": demand, "goodwill": goodwill, "unmet": unmet}
    for chain, unmet in itertools.product(CHAINS, ways):
        found[f"{chain}_stationary_{unmet}"] = {"chain": chain, "demand": "stationary", "unmet": unmet}
    for chain in CHAINS:
        found[f"{chain}_m5_volatile_backorder"] = {
            "chain": chain,
            "demand": "m5_volatile",
            "unmet": "backorder",
        }
    return found


SCENARIOS = _core()
"""Arguments of :func:`invmgmt_scenario` by name of each core scenario."""
