"""Planning with the simulator: quantities near those of a known policy, each followed by it for several periods."""

import dataclasses
import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from basestock.decision import Game, Observation, Policy, Problem, advance, game
from basestock.dynamics import (
    RECEIVE_ORDER_SELL,
    Decision,
    Moving,
    State,
    Step,
    blank_outcome,
    canonical,
)
from basestock.dynamics.canonical import in_period
from basestock.dynamics.units import by_units
from basestock.economics import Ledger, Tariff
from basestock.optimal.mdp.analysis import is_endless
from basestock.optimal.mdp.lookup import SEEN, seen_state
from basestock.optimal.mdp.rows import orders_of
from basestock.policies import fit, protection_demand
from basestock.policies.protection import lead_periods
from basestock.uncertainty import Event, root_words

CHANGES = (0.0, -1.0, -0.5, -0.2, 0.2, 0.5, 1.0)
"""What is tried beside the quantity of the known policy, in mean demands of a period; the first is that quantity."""

SAMPLES = 32
"""Futures that every quantity meets, the same for all."""

BEYOND = 6
"""Periods that are simulated beyond the longest lead time."""

CERTAIN = 2.0
"""Standard errors of the paired difference by which another quantity must be cheaper."""

TUNED_ON = 400
"""Periods at most that the known policy is tuned on."""

TOGETHER = 1 << 16
"""Futures of all candidates that are simulated beside each other."""

FOREVER = 2**30
"""Period that is never reached."""


ONCE = set(RECEIVE_ORDER_SELL.before)
"""Stages before a decision that find nothing left to do when they run again, where nothing is recalled."""


class NoRolloutError(ValueError):
    """The future cannot be simulated from what is seen."""


class RolloutPolicy(Policy):
    """Takes the quantity whose simulated future is cheapest, where the difference to a known policy is not chance.

    Parameters
    ----------
    game
        The compiled problem.
    base
        The known policy, which decides by what it sees alone.
    tariff
        What prices a period.
    template
        A state with the entries that no observation shows.
    typical
        ``[order]`` mean demand of a period at the end of each lane and item that can be ordered, units.
    changes
        ``[candidate]`` what is tried, in these; the first is 0.
    discount
        What a period later is worth.
    first, end
        Periods from which and until which money counts.
    ledger
        Terms of money.
    places
        Lane and item of everything that can be ordered.
    periods, samples
        Periods that are simulated, and futures that every candidate meets.

    Notes
    -----
    One step of policy improvement by simulation (Bertsekas, Tsitsiklis and Wu 1997, doi:10.1023/A:1009635226865;
    Bertsekas 2022, Lessons from AlphaZero, section 2.3). Candidates meet common random numbers, which are never those
    of the path that is played. Of several quantities one after the other is improved, the others as they are best so
    far.
    """

    game: Game
    base: Policy
    tariff: Tariff
    template: State
    typical: Float[Array, " order"]
    changes: Float[Array, " candidate"]
    discount: Float[Array, ""]
    first: Int[Array, ""]
    end: Int[Array, ""]
    ledger: Ledger = eqx.field(static=True)
    places: tuple[tuple[int, int], ...] = eqx.field(static=True)
    periods: int = eqx.field(static=True)
    samples: int = eqx.field(static=True)

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Simulate, and decide."""
        decision, _ = self.base(observation, None, key=key)
        state = in_period(seen_state(observation, self.template), observation.period)
        state = dataclasses.replace(state, in_transit=observation.in_transit)
        lanes, items = (jnp.asarray(axis) for axis in np.array(self.places).T)

        def improved(at: Array, order: Array) -> Array:
            """Return orders with one of them at its best."""
            lane, item = lanes[at], items[at]
            units = order[lane, item] + self.typical[at] * self.changes[:, None]
            tried = self._allowed(units, item).at[0].set(order[lane, item])
            saved = self._saved(state, order, tried, (lane, item), key)
            mean, error = saved.mean(-1), saved.std(-1) / math.sqrt(self.samples)
            # The quantity of the known policy saves nothing, for certain.
            best = jnp.where(mean > CERTAIN * error, mean, 0.0).at[0].set(0.0).argmax(0)
            return order.at[lane, item].set(jnp.take_along_axis(tried, best[None], axis=0)[0])

        order = jax.lax.fori_loop(0, len(self.places), improved, decision.order)
        return dataclasses.replace(decision, order=order), memory

    def _allowed(self, units: Array, item: Array) -> Array:
        """Return quantities of an item, whole where it comes in whole units, never below 0."""
        return by_units(
            self.game.network,
            lambda: jnp.maximum(jnp.round(units), 0.0),
            lambda: jnp.maximum(units, 0.0),
            at=item,
        )

    def _saved(
        self,
        state: State,
        order: Float[Array, "lane item replication"],
        tried: Float[Array, "candidate replication"],
        place: tuple[Array, Array],
        key: Array,
    ) -> Float[Array, "candidate replication sample"]:
        """Return what each candidate saves of the cost of the first one in the same futures, money."""
        candidates, count = tried.shape
        size = min(max(TOGETHER // (candidates * self.samples), 1), count)
        blocks = -(-count // size)

        def folded(leaf: Array) -> Array:
            if leaf.ndim == 0:
                return jnp.broadcast_to(leaf, (blocks,))
            filled = jnp.pad(leaf, (*((0, 0) for _ in leaf.shape[1:]), (0, blocks * size - count)))
            return jnp.moveaxis(filled.reshape(*leaf.shape[:-1], blocks, size), -2, 0)

        def costs(parts: tuple[State, Array, Array, Array]) -> Array:
            return self._costs(*parts, place, key)

        numbers = jnp.arange(blocks * size).reshape(blocks, size)
        each = (jax.tree.map(folded, state), folded(order), folded(tried), numbers)
        found = jnp.moveaxis(jax.lax.map(costs, each), 0, 1)
        found = found.reshape(candidates, blocks * size, self.samples)[:, :count]
        return found[:1] - found

    def _costs(
        self,
        state: State,
        order: Float[Array, "lane item replication"],
        tried: Float[Array, "candidate replication"],
        numbers: Int[Array, " replication"],
        place: tuple[Array, Array],
        key: Array,
    ) -> Float[Array, "candidate replication sample"]:
        """Return what candidates cost in their futures, money; numbers say which futures a path has."""
        candidates, count = tried.shape
        shape = candidates, count, self.samples

        def spread(leaf: Array) -> Array:
            if leaf.ndim == 0:
                return leaf
            return jnp.tile(jnp.repeat(leaf, self.samples, axis=-1), candidates)

        first = spread(order).at[place].set(jnp.repeat(tried.reshape(-1), self.samples))
        begun, root = jax.tree.map(spread, state), root_words(key)
        columns, world = math.prod(shape), self.game.events.initial_world(math.prod(shape))
        last = blank_outcome(self.game.network, self.game.sequence, self.game.events, begun, world, root)
        seen = self.game.information.init(self.game.network, columns)
        # Futures of different paths are different, those of candidates are the same.
        futures = (numbers[:, None] * self.samples + jnp.arange(self.samples)).reshape(-1)
        path = advance(
            self.game,
            _First(first, self.base),
            Moving(begun, world, last, (seen, jnp.zeros((), dtype=bool))),
            root=root,
            replications=jnp.tile(futures, candidates),
            num_periods=self.periods,
            fold=self._added,
            initial=(jnp.zeros(columns), jnp.ones(())),
        )
        return path.folded[0].reshape(shape)

    def _added(self, carry: tuple[Array, Array], step: Step) -> tuple[tuple[Array, Array], None]:
        """Add the money of a period, if it counts."""
        total, worth = carry
        money = self.ledger.total(self.ledger.by_term(self.tariff, step))
        counts = (step.start.period >= self.first) & (step.start.period < self.end)
        return (total + jnp.where(counts, worth * money, 0.0), worth * self.discount), None


class _First(Policy):
    """Gives one order, and leaves the rest to another policy."""

    order: Float[Array, "lane item replication"]
    then: Policy

    def __call__(self, observation: Observation, memory: Array, *, key: Array) -> tuple[Decision, Array]:
        """Decide."""
        decision, _ = self.then(observation, None, key=key)
        order = jnp.where(memory, decision.order, self.order)
        return dataclasses.replace(decision, order=order), jnp.ones_like(memory)


def rollout_policy(
    problem: Problem, base: Policy, *, periods: int | None = None, samples: int = SAMPLES
) -> RolloutPolicy:
    """Return the policy that plans ahead from a known one.

    Parameters
    ----------
    problem
        The problem.
    base
        A policy without memory, tuned or learned.
    periods
        Periods that are simulated: the longest lead time and :data:`BEYOND` if not given.
    samples
        Futures that every candidate meets.

    Raises
    ------
    NoRolloutError
        If the future does not follow from what is seen, or the policy remembers.
    """
    state = problem.start(1)
    present = [field.name for field in dataclasses.fields(State) if getattr(state, field.name) is not None]
    followed = {"period", "in_transit", *SEEN} - {"outstanding", "lots", "incoming"}
    faults = {
        "the policy remembers what it did": base.remembers,
        "what is outside remembers the past": bool(jax.tree.leaves(problem.events.initial_world(1))),
        "past demand is part of what is seen": problem.information.demand_window > 0,
        f"the state has {', '.join(sorted(set(present) - followed))}": not set(present) <= followed,
        "more happens before a decision than arrivals": not set(problem.sequence.before) <= ONCE,
        "stock is recalled": _event(problem).recalled is not None,
    }
    wrong = [name for name, fault in faults.items() if fault]
    if wrong:
        raise NoRolloutError(
            f"Problem {problem.name!r}: {'; '.join(wrong)}; the future must follow from stock, orders and the period "
            "alone. Choose another policy."
        )
    places = tuple((int(lane), int(item)) for lane, item in orders_of(problem))
    rate = np.asarray(protection_demand(problem).rate).reshape(problem.arrays.num_nodes, -1)
    ends = np.asarray(problem.arrays.lane_destination)
    lead = math.ceil(float(lead_periods(problem).max()))
    endless = is_endless(problem)
    return RolloutPolicy(
        *(game(problem), base, problem.tariff, canonical(state)),
        jnp.asarray([max(float(rate[ends[lane], item]), 1.0) for lane, item in places]),
        jnp.asarray(CHANGES),
        jnp.asarray(problem.discount if problem.discounts else 1.0),
        jnp.asarray(0 if endless else problem.warm_up),
        jnp.asarray(FOREVER if endless else problem.warm_up + problem.horizon),
        ledger=problem.ledger,
        places=places,
        periods=periods or lead + BEYOND,
        samples=samples,
    )


def _event(problem: Problem) -> Event:
    """Return the shapes of an event."""
    world, events = problem.events.initial_world(1), problem.events
    root, period = root_words(jax.random.key(0)), jnp.zeros((), jnp.int32)
    return eqx.filter_eval_shape(lambda: events.sample(world, root, period, jnp.arange(1)))[0]


def tuned_rollout(problem: Problem) -> RolloutPolicy:
    """Return the policy that plans ahead from a tuned base stock."""
    return rollout_policy(problem, fit(problem, "base_stock", periods=min(problem.horizon, TUNED_ON)).policy)
