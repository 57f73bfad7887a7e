"""What a network that serves all places reads: a vector for every slot, free of units, alike in every problem."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int
from scipy.special import ndtri

from basestock.decision import Observation, Problem
from basestock.dynamics.lots import expiring_within
from basestock.envs import ActionCodec
from basestock.learning.encoding import LONGEST_CYCLE, PAST, Clock, fields_of, time_features
from basestock.learning.projection import StockMoments
from basestock.learning.slots import jumping, lots, supplied, units_of
from basestock.policies import Newsvendor, money_at_stake, protection_demand
from basestock.policies.pipeline import arrivals_ahead
from basestock.policies.protection import HIGHEST, period_demand, review_periods

AHEAD = 8
"""Periods ahead of which it is told one by one what will be there."""

EXPIRING = (1, 3, 7)
"""Periods within which stock that expires is told."""

FILL = 0.25
"""What quantities of an average period are multiplied by where they enter as they are."""

STATIC_FILL = ("level", "lot", "gated_level", "first", "priced", "jumps", "gated")
MOVING_FILL = ("position", "gated_position")
"""Inputs that outputs are linear in at first: a base stock, and gates around it."""

STOCK = (
    "shortfall",
    "stock",
    *(f"cover_{periods}" for periods in range(1, AHEAD + 1)),
    "on_arrival",
    "on_arrival_periods",
    "on_arrival_spread",
    "backorders",
    "echelon",
    *(f"expiring_{periods}" for periods in EXPIRING),
)
"""Inputs that tell the stock of the place that a slot supplies."""

SOURCE = ("source_stock", "source_position", "unshipped")
"""Inputs that tell the stock of the place that ships."""

BESIDE_STOCK = ("recent_demand", "time_left", "phase_sine", "phase_cosine")
"""Inputs that move and tell no stock."""

CONSTANTS = (
    *("safety_factor", "critical_quantile", "protection_variation", "variation", "no_demand"),
    *("lead_time", "lead_share", "lost_share", "granularity", "life", "decay", "holding"),
    *("largest", "review", "inside", "starts"),
)
"""Inputs that never move."""


class TokenEncoder(eqx.Module):
    """From an observation to a vector for every slot: the state of the place that it supplies, its source, its law.

    Quantities are told in the mean demand of a period or in standard deviations, so that they mean the same at every
    place and in every problem; large ones by their area hyperbolic sine, which is a logarithm far from zero.

    Parameters
    ----------
    node, item
        ``[slot]`` the place that a slot supplies.
    lane
        ``[slot]`` lane of an order; 0 for other slots.
    source
        ``[slot]`` node that ships; 0 where none does.
    inside
        ``[slot, 1]`` 1 where a node ships.
    ordered
        ``[slot, 1]`` 1 for orders.
    first, gated
        ``[slot, 1]`` 1 where a slot is the first supply of its place, and has a gate besides.
    constants
        ``[constant, slot, 1]`` what never moves, in the order of :data:`STATIC_FILL` and :data:`CONSTANTS`.
    unit
        ``[node, item, 1]`` mean demand of a period, units; 1 where there is none.
    level, spread
        ``[node, item, 1]`` newsvendor level, and standard deviation of the demand that it covers, units.
    moments
        What demand does to stock until an order arrives.
    clock
        How time matters.
    remembers
        Whether past demand tells something.
    """

    node: Int[Array, " slot"]
    item: Int[Array, " slot"]
    lane: Int[Array, " slot"]
    source: Int[Array, " slot"]
    inside: Float[Array, "slot 1"]
    ordered: Float[Array, "slot 1"]
    first: Float[Array, "slot 1"]
    gated: Float[Array, "slot 1"]
    constants: Float[Array, "constant slot 1"]
    unit: Float[Array, "node item 1"]
    level: Float[Array, "node item 1"]
    spread: Float[Array, "node item 1"]
    moments: StockMoments
    clock: Clock = eqx.field(static=True)
    remembers: bool = eqx.field(static=True)

    @classmethod
    def for_problem(cls, problem: Problem, codec: ActionCodec) -> "TokenEncoder":
        """Return what is read of a problem, for the slots of a codec."""
        at, source, inside = _places(problem, codec)
        demand = protection_demand(problem)
        unit = np.where(demand.rate > 0, demand.rate, 1.0)
        spread = np.where(demand.deviation > 0, demand.deviation, unit)
        level = np.asarray(Newsvendor.for_problem(problem).base_stock_level)[..., 0]
        first = np.array([place is not None for place in supplied(problem, codec)], float)
        gated = first * jumping(problem, codec)
        ordered = np.array([slot.name == "order" for slot in codec.slots], float)
        fill = _static_fill(problem, codec, (level / unit)[at], unit[at], first, gated)
        constants = _constants(
            problem, codec, at, unit=unit, level=level, spread=spread, source=source, inside=inside
        )
        rows = [fill[name] for name in STATIC_FILL] + [constants[name] for name in CONSTANTS]

        def column(values: np.ndarray) -> Array:
            return jnp.asarray(np.asarray(values, np.float32)[..., None])

        lane = np.where(ordered > 0, np.asarray(codec.rows), 0)
        node, item, lane, source = (jnp.asarray(np.asarray(each, np.int32)) for each in (*at, lane, source))
        return cls(
            *(node, item, lane, source, column(inside), column(ordered), column(first), column(gated)),
            *(column(np.stack(rows)), column(unit), column(level), column(spread)),
            StockMoments.for_problem(problem),
            clock=Clock.of(problem),
            remembers=any(name in PAST for name in fields_of(problem)),
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the inputs, in order."""
        return (*STATIC_FILL, *CONSTANTS, *MOVING_FILL, *STOCK, *SOURCE, *BESIDE_STOCK)

    @property
    def width(self) -> int:
        """Number of inputs."""
        return len(self.names)

    def __call__(self, observation: Observation) -> Float[Array, "input slot replication"]:
        """Return the inputs of a network."""
        count = observation.on_hand.shape[-1]
        position = (observation.inventory_position / self.unit)[self.node, self.item]
        here = jnp.stack(self._stock(observation))[:, self.node, self.item]
        fill = FILL * jnp.stack([self.first * position, self.gated * position])
        source = jnp.stack(self._source(observation))
        beside = jnp.broadcast_to(self._beside(observation)[:, None, None], (4, len(self.node), count))
        beside = beside.at[0].set(self._recent(observation)[self.node, self.item])
        never = jnp.broadcast_to(self.constants, (*self.constants.shape[:2], count))
        return jnp.concatenate([never, fill, here, source, beside])

    def beside_stock(self) -> Bool[np.ndarray, " input"]:
        """Tell which inputs tell something else than stock: laws, costs, demand, time."""
        stock = {*MOVING_FILL, *STOCK, *SOURCE}
        return np.array([name not in stock for name in self.names])

    def arrays(self) -> dict[str, np.ndarray]:
        """Return nothing: all that is read follows from the problem."""
        return {}

    def _stock(self, observation: Observation) -> list[Array]:
        """Return the inputs of :data:`STOCK` at every place."""
        moments, level = self.moments, observation.inventory_level
        rows = arrivals_ahead(observation, max(AHEAD - 1, moments.periods))
        covers, there = [], level
        for ahead in range(AHEAD):
            there = there + rows[ahead]
            wanted, apart = (ahead + 1) * moments.mean, np.sqrt(ahead + 1) * moments.deviation
            covers.append(jnp.arcsinh((there - wanted) / apart))
        mean, deviation = moments.on_arrival(level, rows)
        return [
            jnp.arcsinh((self.level - observation.inventory_position) / self.spread),
            FILL * observation.on_hand / self.unit,
            *covers,
            jnp.arcsinh((mean - self.moments.mean) / moments.deviation),
            FILL * mean / self.unit,
            deviation / self.spread,
            jnp.arcsinh(observation.backorders / self.unit),
            jnp.arcsinh(FILL * (observation.echelon_position - observation.inventory_position) / self.unit),
            *self._expiring(observation),
        ]

    def _expiring(self, observation: Observation) -> list[Array]:
        """Return the units that expire within some periods, in those of an average period."""
        life, lots, clock = observation.network.life, observation.lots, observation.life_clock
        if life is None or lots is None or clock is None:
            return [jnp.zeros_like(observation.on_hand)] * len(EXPIRING)
        within = expiring_within(life, lots, clock, max(EXPIRING))
        return [jnp.arcsinh(within[periods - 1] / self.unit) for periods in EXPIRING]

    def _source(self, observation: Observation) -> list[Array]:
        """Return the inputs of :data:`SOURCE` of every slot."""
        stock = [observation.on_hand / self.unit, observation.inventory_position / self.unit]
        told = [self.inside * jnp.arcsinh(FILL * each[self.source, self.item]) for each in stock]
        unshipped = self.ordered * observation.unfilled[self.lane, self.item]
        return [*told, jnp.arcsinh(FILL * unshipped / self.unit[self.node, self.item])]

    def _recent(self, observation: Observation) -> Float[Array, "node item replication"]:
        """Return past demand, in that of an average period, where it tells something."""
        if not self.remembers:
            return jnp.zeros_like(observation.on_hand)
        history = observation.demand_history
        seen = observation.last_demand if history is None else history.mean(0)
        return jnp.arcsinh(seen / self.unit - 1.0)

    def _beside(self, observation: Observation) -> Float[Array, "4"]:
        """Return the inputs of :data:`BESIDE_STOCK` that are alike at all places, and a place for the other."""
        told, nothing = list(time_features(observation, self.clock)), jnp.zeros(())
        left = nothing if self.clock.endless else told.pop(0)
        phase = told if 1 < self.clock.cycle <= LONGEST_CYCLE else [nothing, nothing]
        return jnp.stack([nothing, left, *phase])


def _places(
    problem: Problem, codec: ActionCodec
) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray, np.ndarray]:
    """Return node and item that each slot supplies, the node that ships, and 1 where one does."""
    arrays = problem.arrays
    ends, starts = np.asarray(arrays.lane_destination), np.asarray(arrays.lane_source)
    outside = np.asarray(arrays.lane_outside)
    places, source, inside = [], [], []
    first = supplied(problem, codec)
    for slot, row, item, place in zip(
        codec.slots, np.asarray(codec.rows), np.asarray(codec.items), first, strict=True
    ):
        lane = slot.name == "order"
        here = (int(ends[row]), int(item)) if lane else place or (int(row), int(item))
        ships = lane and not outside[row]
        places.append(here)
        source.append(int(starts[row]) if ships else 0)
        inside.append(float(ships))
    node, items = np.array(places, np.int32).T
    return (node, items), np.array(source), np.array(inside)


def _static_fill(
    problem: Problem,
    codec: ActionCodec,
    level: np.ndarray,
    unit: np.ndarray,
    first: np.ndarray,
    gated: np.ndarray,
) -> dict[str, np.ndarray]:
    """Return the inputs of :data:`STATIC_FILL`; levels and lots in average periods."""
    jumps, (_, _, priced) = jumping(problem, codec).astype(float), units_of(codec)
    return {
        "level": FILL * first * level,
        "lot": FILL * gated * lots(problem, codec) / unit,
        "gated_level": FILL * gated * level,
        "first": first,
        "priced": priced,
        "jumps": jumps,
        "gated": gated,
    }


def _constants(
    problem: Problem,
    codec: ActionCodec,
    at: tuple[np.ndarray, np.ndarray],
    *,
    unit: np.ndarray,
    level: np.ndarray,
    spread: np.ndarray,
    source: np.ndarray,
    inside: np.ndarray,
) -> dict[str, np.ndarray]:
    """Return the inputs of :data:`CONSTANTS` of every slot."""
    demand, (underage, overage) = protection_demand(problem), money_at_stake(problem)
    values, masses = period_demand(problem)
    mean = (values * masses).sum(0)
    deviation = np.sqrt(np.maximum((values**2 * masses).sum(0) - mean**2, 0.0))
    ratio = underage / np.maximum(underage + overage, 1e-12)
    network, covered = problem.network, np.maximum(demand.periods, 1.0)
    # What stock costs here and where it comes from tells where to keep it; its size alone is a matter of units.
    holding = np.maximum(overage / review_periods(problem), 1e-12)
    kept = np.where(inside > 0, np.log(holding[at] / holding[source, at[1]]), 0.0)
    lives = np.array([1.0 / (item.shelf_life or np.inf) for item in network.items])
    decays = np.array([item.decay_rate or 0.0 for item in network.items])
    whole = np.array([item.whole_units for item in network.items])
    items = at[1]
    _, limit, _ = units_of(codec)
    return {
        "safety_factor": ((level - demand.mean) / spread)[at],
        "critical_quantile": ndtri(np.clip(ratio, 1.0 - HIGHEST, HIGHEST))[at],
        "protection_variation": (spread / (unit * covered))[at],
        "variation": (deviation / unit)[at],
        "no_demand": (masses * (values == 0)).sum(0)[at],
        "lead_time": FILL * (covered - 1.0)[at],
        "lead_share": (1.0 / covered)[at],
        "lost_share": np.asarray(problem.arrays.lost_share)[..., 0][at],
        "granularity": np.where(whole[items], 1.0 / np.maximum(unit[at], 0.1), 0.0),
        "life": lives[items] * covered[at],
        "decay": decays[items],
        "holding": np.clip(kept, -3.0, 3.0),
        "largest": np.minimum(unit[at] / np.maximum(limit, 1e-9), 1.0),
        "review": np.log(review_periods(problem))[at],
        "inside": inside,
        "starts": np.array([slot.name == "start" for slot in codec.slots], float),
    }
