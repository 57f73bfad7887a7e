"""Base stock whose levels follow a forecast of the demand until the stock that is ordered now has been sold."""

import dataclasses
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from basestock.decision import NodeOrders, Observation, Policy, Problem
from basestock.dynamics import Decision, at_destination, into_nodes
from basestock.dynamics.lanes import at_source
from basestock.dynamics.units import by_units
from basestock.policies.protection import lead_periods
from basestock.uncertainty import Seasonal

NodeItem = Float[Array, "#node #item #replication"]

DAMPING = 0.9
"""Share of a trend that is left after a period (Gardner and McKenzie 1985, doi:10.1287/mnsc.31.10.1237)."""

TRACKING = 0.3
"""Weight of the last error in the tracking signal."""

ENDLESS = 1e6
"""Periods of a problem without end."""

PLENTY = 1e9
"""Units that an outside supplier has."""


class Forecast(NamedTuple):
    """What is known of demand after some periods: ``[node, item, replication]`` each.

    Parameters
    ----------
    level, trend
        Smoothed demand of a period, units, and its growth per period.
    error, size
        Smoothed error of the forecasts of a period ahead, and its smoothed size, units.
    """

    level: Array
    trend: Array
    error: Array
    size: Array

    def after(
        self, demand: Array, seen: Array, smoothing: NodeItem, trend_smoothing: NodeItem, prior: NodeItem
    ) -> "Forecast":
        """Return what is known after one more demand.

        Parameters
        ----------
        demand
            Units of the period.
        seen
            Demands seen before.
        smoothing, trend_smoothing
            Least weight of a demand in the level, and of a change of the level in the trend.
        prior
            Demands that the first guess is worth.

        Notes
        -----
        Exponential smoothing of level and damped trend. The weight of a demand is that of a mean of what was seen and
        the first guess while few were seen, later the least one, alpha; where forecasts err to one side it rises to
        alpha (2 - alpha), the weight of two demands, with the square of the tracking signal, which is the smoothed
        error over the smoothed size of errors (after Trigg and Leach 1967, doi:10.1057/jors.1967.5).
        """
        expected = self.level + DAMPING * self.trend
        wrong = demand - expected
        error = self.error + TRACKING * (wrong - self.error)
        size = self.size + TRACKING * (jnp.abs(wrong) - self.size)
        young = 1.0 / (prior + seen + 1.0)
        signal = (error / jnp.maximum(size, 1e-3)) ** 2
        weight = jnp.minimum(jnp.maximum(young, smoothing * (1.0 + (1.0 - smoothing) * signal)), 1.0)
        level = jnp.maximum(expected + weight * wrong, 0.0)
        grown = level - self.level - DAMPING * self.trend
        return Forecast(level, DAMPING * self.trend + trend_smoothing * grown, error, size)

    def total(self, periods: Array) -> Array:
        """Return the demand expected in the next periods, units."""
        # Sum of the damped trend: phi + (phi + phi^2) + ... over so many periods.
        powers = DAMPING**periods
        steps = (periods - DAMPING * (1.0 - powers) / (1.0 - DAMPING)) * DAMPING / (1.0 - DAMPING)
        return jnp.maximum(self.level * periods + self.trend * steps, 0.0)


@dataclasses.dataclass(frozen=True)
class Reach:
    """How far ahead an order looks.

    Parameters
    ----------
    periods
        ``[node, item]`` from the period of an order to the one in which customers buy it, that one included; 0 at
        nodes that no order is placed at.
    last
        Periods of the whole run.
    """

    periods: np.ndarray
    last: float

    @classmethod
    def of(cls, problem: Problem) -> "Reach":
        """Follow the lanes of first priority up from all customers."""
        arrays = problem.arrays
        lead, source = lead_periods(problem), np.asarray(arrays.lane_source)
        outside, destination = np.asarray(arrays.lane_outside), np.asarray(arrays.lane_destination)
        places = [
            (problem.network.node_index[node], problem.network.item_index[item])
            for node, item in problem.uncertainty.demand
        ]
        reach = np.zeros(lead.shape)
        # Lanes that go in a ring end nowhere.
        longest = (1.0 + lead).sum()
        primary = np.asarray(arrays.primary)[..., 0] > 0
        while places:
            node, item = places.pop()
            beyond = reach[node, item] or 1.0 + lead[node, item]
            reach[node, item] = beyond
            for lane in np.flatnonzero(primary[:, item] & (destination == node) & ~outside):
                upstream = int(source[lane])
                # What a node receives it passes on in the next period.
                further = beyond + 1.0 + lead[upstream, item]
                if reach[upstream, item] < further <= longest:
                    reach[upstream, item] = further
                    places.append((upstream, item))
        endless = problem.averages or problem.warm_up > 0
        return cls(reach, ENDLESS if endless else float(problem.horizon))


class ForecastBaseStock(Policy):
    """Order what the echelon position is short of the forecast until an order is sold, and never for after the end.

    Parameters
    ----------
    smoothing, trend_smoothing
        Least weight of a demand in the level, and of a change of the level in the trend.
    prior
        Demands that the first guess is worth.
    safety
        Share of the forecast that is kept beyond it.
    guess
        Demand of a period that is expected before any is seen, units.
    reach
        Periods that an order looks ahead; 0 where none is placed.
    last
        Periods of the whole run.

    Notes
    -----
    The level of a node is (1 + safety) times the demand that is expected of all that it supplies in the periods until
    an order of now has been sold, those after the end left out; 0 where an order would come too late. The forecast is
    one of demand that was seen. What the source of the lane of first priority lacks is ordered on the other lanes, in
    proportion to the stock at their sources.
    """

    smoothing: NodeItem
    trend_smoothing: NodeItem
    prior: NodeItem
    safety: NodeItem
    guess: NodeItem
    reach: NodeItem
    last: NodeItem

    def init(self, observation: Observation) -> Forecast:
        """Return the first guess."""
        nothing = jnp.zeros_like(observation.on_hand)
        return Forecast(nothing + self.guess, nothing, nothing, nothing)

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Look at the last demand, and order."""
        known: Forecast = self.init(observation) if memory is None else memory
        period = observation.period.astype(jnp.float32)
        # In the first period nothing has been seen.
        after = known.after(
            *(observation.last_demand, period - 1.0, self.smoothing, self.trend_smoothing, self.prior)
        )
        known = Forecast(*(jnp.where(period > 0, new, old) for new, old in zip(after, known, strict=True)))
        ahead = _sold_in_time(self.reach, self.last, period)
        expected = jnp.einsum("nj,njir->nir", observation.network.descendants, known.total(ahead[:, None]))
        return _lifted(observation, (1.0 + self.safety) * expected, ahead), known


class ToldBaseStock(Policy):
    """The same with the true mean demand of every period instead of a forecast: for one who knows the season.

    Parameters
    ----------
    safety
        Share of the expected demand that is kept beyond it.
    reach
        Periods that an order looks ahead; 0 where none is placed.
    last
        Periods of the whole run.
    means
        Mean demand of every period, units.
    """

    safety: NodeItem
    reach: NodeItem
    last: NodeItem
    means: Float[Array, "period node item #replication"]

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Order what the echelon position is short of the expected demand until an order is sold."""
        period = observation.period.astype(jnp.float32)
        ahead = _sold_in_time(self.reach, self.last, period)
        supplied = jnp.einsum("nj,tjir->tnir", observation.network.descendants, self.means)
        since = jnp.arange(self.means.shape[0], dtype=jnp.float32)[:, None, None, None] - period
        expected = jnp.where((since >= 0) & (since < ahead), supplied, 0.0).sum(0)
        return _lifted(observation, (1.0 + self.safety) * expected, ahead), memory


def _sold_in_time(reach: NodeItem, last: NodeItem, period: Array) -> NodeItem:
    """Return the periods that an order looks ahead; 0 where it would reach customers after the end."""
    return jnp.where(reach <= last - period, reach, 0.0)


def _lifted(
    observation: Observation, level: Float[Array, "node item replication"], ahead: NodeItem
) -> Decision:
    """Return the orders that lift echelon positions to a level, units, where they are looked ahead for."""
    short = jnp.where(ahead > 0, jnp.maximum(level - observation.echelon_position, 0.0), 0.0)
    short = by_units(observation.network, lambda: jnp.round(short), lambda: short)
    return dataclasses.replace(NodeOrders()(short, observation), order=_over_lanes(observation, short))


def _over_lanes(
    observation: Observation, short: Float[Array, "node item replication"]
) -> Float[Array, "lane item replication"]:
    """Return orders: on the lane of first priority what its source has, the rest where other sources have stock."""
    network = observation.network
    outside = network.lane_outside[:, None, None]
    stock = jnp.where(outside, PLENTY, at_source(network, jnp.maximum(observation.on_hand, 0.0)))
    asked = at_destination(network, short) * network.primary
    others = network.lane_active * (1.0 - network.primary) * ~outside
    room = into_nodes(network, stock * others)
    elsewhere = at_destination(network, room)
    first = jnp.where(elsewhere > 0, jnp.minimum(asked, stock), asked)
    rest = at_destination(network, into_nodes(network, asked - first))
    share = stock * others / jnp.maximum(elsewhere, 1e-6)
    more = jnp.minimum(rest * share, stock)
    return first + by_units(network, lambda: jnp.floor(more), lambda: more)


def forecasting_parts(problem: Problem) -> dict[str, np.ndarray]:
    """Return what nobody searches: the first guess, how far an order looks ahead, and the end."""
    reach = Reach.of(problem)
    guess = np.zeros(reach.periods.shape)
    for (node, item), law in problem.uncertainty.demand.items():
        guess[problem.network.node_index[node], problem.network.item_index[item]] = law.mean
    return {"guess": guess, "reach": reach.periods, "last": np.full(guess.shape, reach.last)}


def told_means(problem: Problem) -> Float[np.ndarray, "period node item"]:
    """Return the mean demand of every period of a run, units."""
    periods = problem.warm_up + problem.horizon
    table = np.zeros((periods, problem.arrays.num_nodes, problem.arrays.num_items), np.float32)
    for (node, item), law in problem.uncertainty.demand.items():
        cycle = [each.mean for each in law.laws] if isinstance(law, Seasonal) else [law.mean]
        at = problem.network.node_index[node], problem.network.item_index[item]
        table[:, *at] = np.resize(cycle, periods)
    return table
