"""What stock an order will find when it arrives, by the first two moments: cheap enough for every look of a network."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from basestock.decision import Problem
from basestock.policies.protection import lead_periods, period_demand, waiting_places
from basestock.policies.stock_law import used_later

NodeItem = Float[Array, "node item #replication"]


class StockMoments(eqx.Module):
    """Mean and deviation of the stock on arrival, as if stock before every demand and demand together were normal.

    Parameters
    ----------
    mean, deviation
        Of the demand of a period, units.
    lead
        Periods until an order placed now can be used [L].
    waits
        1 where unmet demand waits and stock goes below zero.
    periods
        Longest lead time.
    delay
        1 where arrivals can be used in the period after, else 0.

    Notes
    -----
    Of a normal X with mean m and deviation s, r = m / s: E[X+] = m P(r) + s p(r) and E[(X+)^2] = (m^2 + s^2) P(r) +
    m s p(r), P and p the law and the density of a standard normal (Clark 1961, doi:10.1287/opre.9.2.145, equations 2
    and 3 with zero). :class:`basestock.policies.stock_law.StockLaw` has the law itself, for many times the work.
    """

    mean: NodeItem
    deviation: NodeItem
    lead: NodeItem
    waits: NodeItem
    periods: int = eqx.field(static=True)
    delay: int = eqx.field(static=True)

    @classmethod
    def for_problem(cls, problem: Problem) -> "StockMoments":
        """Take the moments of the demand of every place of a problem."""
        values, masses = period_demand(problem)
        mean = (values * masses).sum(0)
        variance = np.maximum((values**2 * masses).sum(0) - mean**2, 0.0)
        lead, delay = lead_periods(problem), used_later(problem)
        # Where nothing is asked for nothing is spread: any deviation but 0 will do for its derivative.
        deviation = np.where(variance > 0, np.sqrt(variance), 1e-3)
        told = (mean, deviation, lead + delay, waiting_places(problem))
        leaves = (jnp.asarray(np.asarray(each, np.float32)[..., None]) for each in told)
        return cls(*leaves, periods=int(lead.max()) + delay, delay=delay)

    def on_arrival(
        self,
        level: Float[Array, "node item replication"],
        arriving: Float[Array, "_ahead node item replication"],
    ) -> tuple[Float[Array, "node item replication"], Float[Array, "node item replication"]]:
        """Return mean and deviation of the stock that an order placed now finds, units.

        Parameters
        ----------
        level
            Inventory level now, units.
        arriving
            What arrives 0, 1, ... periods from now, at least up to the longest lead time, units.
        """
        none = jnp.zeros_like(level)
        rows = [none] * self.delay + list(arriving)
        mean, variance = level + jnp.where(self.lead > 0, rows[0], 0.0), none
        for ahead in range(self.periods):
            left, spread = self._demanded(mean, variance)
            following = left + jnp.where(ahead + 1 < self.lead, rows[ahead + 1], 0.0)
            there = ahead < self.lead
            mean, variance = jnp.where(there, following, mean), jnp.where(there, spread, variance)
        return mean, jnp.sqrt(variance + (1e-3 * self.deviation) ** 2)

    def _demanded(self, mean: Array, variance: Array) -> tuple[Array, Array]:
        """Return mean and variance of the stock after the demand of a period."""
        least, wide = mean - self.mean, variance + self.deviation**2
        spread = jnp.sqrt(wide)
        ratio = least / spread
        law, density = jax.scipy.stats.norm.cdf(ratio), jax.scipy.stats.norm.pdf(ratio)
        left = least * law + spread * density
        second = (least**2 + wide) * law + least * spread * density
        # In the lower tail both terms cancel out but for their rounding.
        left, variance = jnp.maximum(left, 0.0), jnp.maximum(second - left**2, 0.0)
        return jnp.where(self.waits > 0, least, left), jnp.where(self.waits > 0, wide, variance)
