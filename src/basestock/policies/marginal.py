"""Pack by pack, while the expected gain pays."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from basestock.decision import NodeOrders, Observation, Policy, Problem
from basestock.dynamics import Decision, into_nodes
from basestock.policies.formulas import leaf
from basestock.policies.protection import arrival_demand, money_at_stake, review_periods, waiting_places

NodeItem = Float[Array, "node item #replication"]
Places = Float[Array, "node item replication"]
Supply = tuple[Places, Places]
Scenarios = Float[Array, "scenario node item #replication"]

_HALVINGS = 24
"""Halvings of the search where quantities are continuous: to 6e-8 of the largest need."""

LEAD_TIME_SHARE = 0.3
"""Share of the lead time that a unit left over is held for beside the review, where unmet demand is lost.

What is on its way cannot be called back, so a surplus lasts longer than a review. On single-item lost sales with
Poisson demand of 5, lead times of 1 to 4 and penalties of 4 to 39 the policy is then within 0.6 % of the optimum;
without it, up to 13 % above (``docs/design/measurements.md``).
"""


def periods_left_over(lead: np.ndarray, review: np.ndarray, waits: np.ndarray) -> np.ndarray:
    """Return for how many periods a unit is held that is not needed before the next order arrives.

    Examples
    --------
    >>> periods_left_over(np.array([10, 10]), np.array([7, 7]), np.array([True, False]))
    array([ 7., 10.])
    """
    return review + np.where(waits, 0.0, LEAD_TIME_SHARE * lead)


class Marginal(Policy):
    """Order packs while the next one earns more than it costs, given the law of demand until the next order arrives.

    A unit is needed if demand between the arrival of this order and of the next one reaches it: it then saves the
    underage cost, else it causes the overage cost. What is left when the order arrives is the inventory position minus
    the demand before, which goes below zero only where unmet demand waits. A pack is worth the sum over its units;
    the first block is the smallest legal order.

    Parameters
    ----------
    before
        Demand until the order arrives, one entry per scenario, units.
    during
        Demand from then until the next order arrives, units.
    waits
        1 where unmet demand waits for the order, 0 where it is lost.
    underage
        Money saved per unit that is needed.
    overage
        Money lost per unit that is not.
    pack
        Units per pack; 0 where any quantity can be ordered.
    minimum
        Smallest order, units.
    weight
        Probability of each scenario.

    Notes
    -----
    With waiting demand this is the newsvendor's critical quantile, pack by pack; with lost demand it is near the myopic
    policy of Morton (1971, doi:10.1287/mnsc.17.11.711), stock on its way taken as if it were there already.
    """

    before: Scenarios
    during: Scenarios
    waits: NodeItem
    underage: NodeItem
    overage: NodeItem
    pack: NodeItem
    minimum: NodeItem
    weight: Float[Array, "scenario #node #item #replication"]

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Order the packs that pay."""
        supply = _supply(observation)
        first = jnp.ceil(self.minimum / self._step) * self._step
        quantity = jnp.maximum(self._best(supply), first)
        pays = self._gain(supply, jnp.zeros_like(quantity), quantity) > 0
        return NodeOrders()(jnp.where(pays, quantity, 0.0), observation), memory

    @property
    def _step(self) -> NodeItem:
        return jnp.where(self.pack > 0, self.pack, 1.0)

    def _best(self, supply: Supply) -> Places:
        """Find the last quantity that pays by halving: gains fall from pack to pack.

        ``low`` pays and ``high`` does not; they count packs, or units where quantities are continuous.
        """
        whole = self.pack > 0
        most = jnp.maximum(self._largest_need(supply), 0.0) / self._step
        high = jnp.where(whole, jnp.ceil(most) + 1.0, most)
        halvings = jnp.where(whole.all(), jnp.ceil(jnp.log2(high.max() + 1.0)), _HALVINGS).astype(jnp.int32)

        def halve(_: Array, bracket: tuple[Array, Array]) -> tuple[Array, Array]:
            low, high = bracket
            middle = jnp.where(whole, jnp.floor((low + high) / 2), (low + high) / 2)
            pays = jnp.where(whole, self._pack_pays(supply, middle), self._unit_pays(supply, middle))
            # Between neighbors the middle is the lower one, which is known to pay.
            pays = pays | (middle <= low)
            return jnp.where(pays, middle, low), jnp.where(pays, high, middle)

        low, high = jax.lax.fori_loop(0, halvings, halve, (jnp.zeros_like(high), high))
        return jnp.where(whole, low * self._step, high)

    def _largest_need(self, supply: Supply) -> Places:
        return self._over_scenarios(supply, jnp.maximum, lambda need, _: need)

    def _pack_pays(self, supply: Supply, packs: Places) -> Bool[Array, "node item replication"]:
        return self._gain(supply, (packs - 1.0) * self._step, packs * self._step) > 0

    def _unit_pays(self, supply: Supply, quantity: Places) -> Bool[Array, "node item replication"]:
        missing = self._over_scenarios(
            supply, jnp.add, lambda need, weight: weight * (need > quantity).astype(need.dtype)
        )
        return (self.underage + self.overage) * missing > self.overage

    def _gain(self, supply: Supply, low: Places, high: Places) -> Places:
        """Return the expected money of ordering ``high`` instead of ``low`` units."""
        used = self._over_scenarios(
            supply, jnp.add, lambda need, weight: weight * jnp.clip(need - low, 0.0, high - low)
        )
        return (self.underage + self.overage) * used - self.overage * (high - low)

    def _over_scenarios(
        self,
        supply: Supply,
        combine: Callable[[Array, Array], Array],
        value: Callable[[Array, Array], Array],
    ) -> Places:
        """Combine a value of the need of every scenario: the units of an order that are used before the next arrives.

        One scenario after the other: as a reduction over an axis it was 27 times slower on CPUs.
        """
        early, late = supply

        def add(total: Array, scenario: tuple[Array, Array, Array]) -> tuple[Array, None]:
            before, during, weight = scenario
            left = early - before
            need = during - late - jnp.where(self.waits > 0, left, jnp.maximum(left, 0.0))
            return combine(total, value(need, weight)), None

        return jax.lax.scan(add, jnp.zeros_like(early), (self.before, self.during, self.weight))[0]


def _supply(observation: Observation) -> Supply:
    """Split the inventory position in what is there before an order of now arrives, and what comes with it or later.

    An order placed earlier in the same review, as when a plan is made again after it was booked, arrives with the new
    one: it serves no demand before.
    """
    position = observation.inventory_position
    if observation.due is None:
        return position, jnp.zeros_like(position)
    until = jnp.arange(observation.due.shape[0])[:, None, None, None]
    with_it = jnp.where(until >= observation.network.lead_time[None], observation.due, 0.0).sum(0)
    late = into_nodes(observation.network, with_it)
    return position - late, late


def marginal_for(problem: Problem) -> Marginal:
    """Build the policy from the law of demand of a problem, with its money, packs and minima."""
    underage, overage = money_at_stake(problem)
    arrays = problem.arrays
    review = review_periods(problem)
    lead = np.asarray(into_nodes(arrays, arrays.mean_lead_time * arrays.primary), dtype=np.float64)[..., 0]
    at_nodes = lambda limit: into_nodes(arrays, limit * arrays.primary)  # noqa: E731
    whole = np.array([item.whole_units for item in problem.network.items])
    single = jnp.zeros((1, arrays.num_items, 1)).at[0, : len(whole), 0].set(whole.astype(np.float32))
    waits = waiting_places(problem)
    arriving = arrival_demand(problem, ~waits)
    return Marginal(
        before=leaf(arriving.before),
        during=leaf(arriving.during),
        waits=leaf(waits.astype(np.float32)),
        underage=leaf(underage),
        overage=leaf(overage * periods_left_over(lead, review, waits) / review),
        pack=jnp.maximum(at_nodes(arrays.order_multiple), single),
        minimum=at_nodes(arrays.order_minimum),
        weight=leaf(arriving.weight),
    )
