"""What is minimized beyond expected cost: cost under a floor of service, and the tail or the spread of totals."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from basestock.decision import Problem
from basestock.economics import cvar, estimate_ratio, risk_adjusted
from basestock.learning.selection import Folded, PathSums
from basestock.learning.settings import InnerShare, NonNegative, PositiveShare, SettingError, Settings

Risk = Literal["none", "cvar", "mean_cvar", "mean_std"]
"""What of the law of totals is minimized: the mean, the tail, a mixture of both, or the mean and the spread."""

TRIES = 6
"""Policies that are played at the end of a run with a floor."""

Rank = tuple[float, float]
"""What a policy falls short of the floor, and what is minimized: the smaller, the better."""


@dataclasses.dataclass(frozen=True)
class ObjectiveSettings(Settings):
    """Settings of learners that minimize more than expected cost.

    Parameters
    ----------
    fill_rate
        Share of demand that is served from stock at once, at least; no floor if not given.
    risk
        What of the totals of paths is minimized: ``none`` (their mean), ``cvar``, ``mean_cvar``, ``mean_std``.
    risk_level
        Share of the paths that is the tail.
    risk_weight
        Weight of the tail beside the mean (``mean_cvar``, at most 1), or of the standard deviation (``mean_std``).
    """

    fill_rate: InnerShare | None = None
    risk: Risk = "none"
    risk_level: PositiveShare = 0.1
    risk_weight: NonNegative = 0.5

    def window(self, problem: Problem) -> int | None:
        """Return the periods of a total of a problem that is judged by averages; the whole path if nothing."""
        return None

    def __post_init__(self) -> None:
        """Check the settings together."""
        super().__post_init__()
        if self.risk == "mean_cvar" and self.risk_weight > 1:
            raise SettingError(
                f"risk_weight is {self.risk_weight:g}, must be at most 1 with mean_cvar. Correct the setting."
            )


@dataclasses.dataclass(frozen=True)
class Objective:
    """What policies are compared by.

    Parameters
    ----------
    fill_rate
        Floor of the fill rate; none if not given.
    risk, risk_level, risk_weight
        As in :class:`ObjectiveSettings`.
    window
        Periods of a total where a problem is judged by averages; the whole path if not given.
    """

    fill_rate: float | None = None
    risk: Risk = "none"
    risk_level: float = 0.1
    risk_weight: float = 0.5
    window: int | None = None

    @classmethod
    def of(cls, problem: Problem, settings: ObjectiveSettings) -> "Objective":
        """Return the objective of settings.

        Raises
        ------
        SettingError
            If quantities of items in different units would be added up for a fill rate.
        """
        if settings.fill_rate is not None and len({item.unit for item in problem.network.items}) > 1:
            raise SettingError(
                f"fill_rate: items of {problem.name!r} are counted in different units, must be in one, for their "
                "demand to be added up. Leave the setting out."
            )
        return cls(
            *(settings.fill_rate, settings.risk, settings.risk_level, settings.risk_weight),
            window=settings.window(problem) if problem.averages else None,
        )

    @property
    def is_more(self) -> bool:
        """Whether more counts than the mean cost."""
        return self.fill_rate is not None or self.risk != "none"

    @property
    def tries(self) -> int:
        """Policies that are played at the end of a run to find one that serves just enough."""
        return 0 if self.fill_rate is None else TRIES

    def serves(self, told: Mapping[str, float]) -> bool:
        """Tell whether a policy, of which :meth:`told` tells, keeps the floor."""
        return self.fill_rate is None or told["fill_rate"] >= self.fill_rate

    def told(self, problem: Problem, sums: PathSums) -> dict[str, float]:
        """Return scalars of a policy: ``cost``, and ``fill_rate``, ``tail`` and ``objective`` where they count.

        Parameters
        ----------
        problem
            The problem, in whose own sense money is told.
        sums
            What the policy came to.
        """
        mean = float(sums.costs.mean())
        found = {"cost": problem.sign * mean}
        if self.fill_rate is not None:
            served = estimate_ratio(sums.sales, sums.demand, "no_demand").mean
            found["fill_rate"] = 1.0 if served is None else served
        if self.risk != "none":
            totals = self.totals(sums)
            found["tail"] = problem.sign * -cvar(-totals, self.risk_level)
            found["objective"] = problem.sign * self.value(mean, totals)
        return found

    def totals(self, sums: PathSums) -> Float[np.ndarray, " total"]:
        """Return the totals whose law is judged, by the criterion of the problem, money."""
        if self.window is None:
            return sums.costs
        window = min(self.window, len(sums.money))
        number = len(sums.money) // window
        parts = sums.money[: number * window].reshape(number, window, -1)
        return parts.mean(1).reshape(-1)

    def value(self, mean: float, totals: Float[np.ndarray, " total"]) -> float:
        """Return what is minimized of a mean cost and totals, money."""
        if self.risk == "mean_std":
            return -risk_adjusted(-totals, self.risk_weight)
        weight = {"none": 0.0, "cvar": 1.0}.get(self.risk, self.risk_weight)
        tail = -cvar(-totals, self.risk_level) if weight else 0.0
        return (1.0 - weight) * mean + weight * tail

    def rank(self, told: Mapping[str, float], sign: int) -> Rank:
        """Return what comes first of two policies.

        Parameters
        ----------
        told
            Scalars of :meth:`told`.
        sign
            +1 where the total is a cost, -1 where it is a profit.

        Examples
        --------
        >>> floor = Objective(fill_rate=0.9)
        >>> dear, poor = {"cost": 8.0, "fill_rate": 0.95}, {"cost": 5.0, "fill_rate": 0.89}
        >>> floor.rank(dear, 1) < floor.rank(poor, 1)
        True
        """
        value = sign * told.get("objective", told["cost"])
        short = 0.0 if self.fill_rate is None else max(self.fill_rate - told.get("fill_rate", 0.0), 0.0)
        return (short, value) if math.isfinite(value) else (math.inf, math.inf)

    def law(self, totals: Float[Array, " path"], usual: Bool[Array, " path"] | None) -> "LawOfTotals":
        """Return what a risk asks of the law of totals; it leaves no derivative.

        Parameters
        ----------
        totals
            Totals of paths, scaled.
        usual
            Paths whose totals have the law that is judged. All if not given, or where none is.
        """
        given = jax.lax.stop_gradient(totals)
        among = jnp.ones(totals.shape, dtype=bool) if usual is None else usual | ~usual.any()
        count = among.sum()
        center = jnp.where(among, given, 0.0).sum() / count
        freedom = count / jnp.maximum(count - 1, 1)
        square = freedom * jnp.where(among, (given - center) ** 2, 0.0).sum() / count
        ordered = jnp.sort(jnp.where(among, -given, jnp.inf))
        at = jnp.minimum((self.risk_level * count).astype(jnp.int32), count - 1)
        return LawOfTotals(among, center, jnp.maximum(jnp.sqrt(square), 1e-6), freedom, -ordered[at])

    def risky(self, totals: Array, law: "LawOfTotals", spread: Array | None = None) -> Array:
        """Return numbers whose mean has the risk as value and as derivative.

        Parameters
        ----------
        totals
            Totals of paths, scaled; of paths that go on the means of their totals.
        law
            The law of all totals.
        spread
            Standard deviations of totals of paths that go on, which count as normal; nothing where they have ended.

        Notes
        -----
        Both risks are the smallest expectation over a number that the best choice of leaves no derivative: the tail is
        min over t of t + E[(L - t)+] / share, with t the quantile (Rockafellar and Uryasev 2000,
        doi:10.21314/JOR.2000.038, equation 4), and the standard deviation min over s of E[(L - EL)^2] / (2 s) + s / 2.
        """
        if self.risk == "none":
            return totals
        if self.risk == "mean_std":
            square = (totals - law.center) ** 2 + (0.0 if spread is None else spread**2)
            return totals + self.risk_weight * (law.freedom * square / law.deviation + law.deviation) / 2.0
        above = totals - law.quantile
        excess = jax.nn.relu(above) if spread is None else normal_excess(above, spread)
        weight = 1.0 if self.risk == "cvar" else self.risk_weight
        return (1.0 - weight) * totals + weight * (law.quantile + excess / self.risk_level)

    def weighed(
        self, totals: Float[Array, " path"], usual: Bool[Array, " path"] | None
    ) -> Float[Array, " path"]:
        """Return :meth:`risky` of totals of which some do not have the law that is judged: they count as they are."""
        law = self.law(totals, usual)
        return jnp.where(law.among, self.risky(totals, law), totals)


class LawOfTotals(NamedTuple):
    """What a risk asks of the law of totals.

    Parameters
    ----------
    among
        ``[path]`` whether a total has this law.
    center, deviation
        Mean and standard deviation, scaled.
    freedom
        Count over the degrees of freedom of the deviation.
    quantile
        Where the tail begins, scaled.
    """

    among: Bool[Array, " path"]
    center: Float[Array, ""]
    deviation: Float[Array, ""]
    freedom: Float[Array, ""]
    quantile: Float[Array, ""]


def normal_excess(mean: Array, spread: Array) -> Array:
    """Return E[X+] of normal X.

    Examples
    --------
    >>> round(float(normal_excess(jnp.asarray(0.0), jnp.asarray(2.0))), 4)
    0.7979
    """
    spread = jnp.maximum(spread, 1e-6)
    ratio = mean / spread
    return mean * jax.scipy.stats.norm.cdf(ratio) + spread * jax.scipy.stats.norm.pdf(ratio)


EXPECTED_COST = Objective()
"""Nothing but the mean."""


class Loss(eqx.Module):
    """From sums of paths to what is minimized.

    Parameters
    ----------
    objective
        What is minimized.
    periods
        Periods of a path.
    scale
        About what a period costs, money.
    multiplier
        Price of the share of demand that is not served, over the share that need not be, in what a period costs;
        nothing without a floor.
    usual
        ``[path]`` paths that did not begin anew; see :meth:`Objective.weighed`.
    """

    objective: Objective = eqx.field(static=True)
    periods: int = eqx.field(static=True)
    scale: Array
    multiplier: Array | None
    usual: Bool[Array, " path"] | None

    def __call__(self, folded: Folded) -> Float[Array, " path"]:
        """Return what each path adds to what is minimized; paths may be there several times."""
        times = len(folded.sales) // len(self.usual) if self.usual is not None else 1
        usual = None if self.usual is None else jnp.tile(self.usual, times)
        loss = self.objective.weighed(folded.paid[0] / self.scale, usual)
        aim = aim_of(self.objective)
        if self.multiplier is None or aim is None:
            return loss
        return loss + self.multiplier * self.periods * shortfall(folded.sales, folded.demand, aim)


def shortfall(sales: Array, demand: Array, aim: float) -> Array:
    """Return what is not served beyond what need not be, over the mean of what need not be.

    Parameters
    ----------
    sales, demand
        What is served from stock at once and what is asked for, units, whatever they are of.
    aim
        Fill rate that is aimed at.
    """
    asked = jax.lax.stop_gradient(jnp.maximum(demand.mean(), 1e-9))
    return (demand - sales - (1.0 - aim) * demand) / ((1.0 - aim) * asked)


MARGIN = 0.03
"""Share of the demand that need not be served, by which learning aims higher: what it ends with varies by chance."""


def aim_of(objective: Objective) -> float | None:
    """Return the fill rate that is aimed at; nothing without a floor.

    Examples
    --------
    >>> round(aim_of(Objective(fill_rate=0.95)), 4)
    0.9515
    """
    return None if objective.fill_rate is None else 1.0 - (1.0 - objective.fill_rate) * (1.0 - MARGIN)
