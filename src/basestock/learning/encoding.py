"""What a network reads of an observation: every quantity on a scale of its own, positions, and where time stands."""

import dataclasses
import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from basestock.decision import FLAT_FIELDS, Observation, Problem, flatten
from basestock.dynamics import blank_outcome
from basestock.network import SupplyNetwork
from basestock.optimal.mdp.analysis import cycle_of, is_endless
from basestock.uncertainty import root_words
from basestock.uncertainty.support import SupportError

PAST = ("last_demand", "demand_history")
"""Fields that tell past demand."""

LONGEST_CYCLE = 400
"""Periods up to which a calendar is told by its phase."""

LONGEST_WHOLE = 60
"""Periods up to which a cycle is played whole; a longer one, as a year of days, in parts."""

LONGEST_RUN = 400
"""Periods of a path at most that are played at a time where the problem does not repeat itself."""


@dataclasses.dataclass(frozen=True)
class Clock:
    """How time matters to a problem.

    Parameters
    ----------
    endless
        Whether it is judged in the long run.
    periods
        Periods of a whole run, warm-up included.
    cycle
        Periods after which laws and calendars repeat; 0 where they never do.
    """

    endless: bool
    periods: int
    cycle: int

    @classmethod
    def of(cls, problem: Problem) -> "Clock":
        """Return how time matters to a problem."""
        try:
            cycle = cycle_of(problem)
        except SupportError:
            cycle = 0
        return cls(is_endless(problem), problem.warm_up + problem.horizon, cycle)

    @property
    def repeats(self) -> bool:
        """Whether periods may be numbered 0 anew after every cycle."""
        return self.endless and 1 <= self.cycle <= LONGEST_CYCLE

    @property
    def in_parts(self) -> bool:
        """Whether periods repeat after so many that paths go through a cycle in parts."""
        return self.repeats and self.cycle > LONGEST_WHOLE

    def whole_cycles(self, periods: int) -> int:
        """Return at least that many periods, a multiple of the cycle."""
        return max(self.cycle, 1) * math.ceil(periods / max(self.cycle, 1))

    def stretch(self, periods: int) -> int:
        """Return the periods to play at a time: about so many in whole cycles, else equal parts of the whole run."""
        parts = math.ceil(self.periods / LONGEST_RUN)
        return self.whole_cycles(periods) if self.repeats else math.ceil(self.periods / parts)


class Encoder(eqx.Module):
    """From an observation to numbers of about unit size.

    Parameters
    ----------
    center, scale
        ``[feature]`` what is taken off, and what the rest is divided by.
    network
        The authored network.
    clock
        How time matters.
    fields
        Fields of an observation that are read.
    """

    center: Float[Array, " feature"]
    scale: Float[Array, " feature"]
    network: SupplyNetwork = eqx.field(static=True)
    clock: Clock = eqx.field(static=True)
    fields: tuple[str, ...] = eqx.field(static=True)

    def __call__(self, observation: Observation) -> Float[Array, "input replication"]:
        """Return the inputs of a network."""
        seen = (features(observation, self.network, self.fields) - self.center[:, None]) / self.scale[:, None]
        time = time_features(observation, self.clock)
        return jnp.concatenate([seen, jnp.broadcast_to(time[:, None], (len(time), seen.shape[-1]))])

    def opened(self, count: int) -> None:
        """Return the memory of so many replications before their first observation: none."""

    def read(self, observation: Observation, memory: None) -> tuple[Float[Array, "input replication"], None]:
        """Return the inputs of a network, and the memory after the observation."""
        return self(observation), memory

    @property
    def width(self) -> int:
        """Number of inputs."""
        return self.center.shape[0] + _num_time_features(self.clock)

    def position(self, node: int, item: int) -> int:
        """Return which input is the inventory position of an item at a node."""
        nodes, items = len(self.network.nodes), len(self.network.items)
        return self.center.shape[0] - _num_positions(nodes) * nodes * items + node * items + item

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the numbers by name, as they are saved."""
        return {"center": np.asarray(self.center), "scale": np.asarray(self.scale)}


def fields_of(problem: Problem) -> tuple[str, ...]:
    """Return the fields of an observation that say something of the future.

    Past demand does where demand is not independent from period to period, or where the problem shows a history of it.
    """
    world = problem.events.initial_world(1)
    seen = problem.information.init(problem.arrays, 1)
    told = jax.tree.leaves(world) or jax.tree.leaves(seen)
    return tuple(name for name in FLAT_FIELDS if told or name not in PAST)


def features(
    observation: Observation, network: SupplyNetwork, fields: tuple[str, ...]
) -> Float[Array, "feature replication"]:
    """Return the flat observation and the inventory positions of every node and item, units."""
    nodes, items = len(network.nodes), len(network.items)
    parts = [flatten(observation, network, fields)]
    positions = [observation.inventory_position]
    if _num_positions(nodes) > 1:
        positions.append(observation.echelon_position)
    parts += [position[:nodes, :items].reshape(nodes * items, -1) for position in positions]
    return jnp.concatenate(parts)


def num_features(problem: Problem, fields: tuple[str, ...]) -> int:
    """Return how many features there are of what is seen in a problem."""
    state, world = problem.start(1), problem.events.initial_world(1)
    memory, key = problem.information.init(problem.arrays, 1), jax.random.key(0)

    def look() -> Array:
        last = blank_outcome(problem.arrays, problem.sequence, problem.events, state, world, root_words(key))
        seen, _ = problem.information.observe(problem.arrays, state, world, last, memory, key=key)
        return features(seen, problem.network, fields)

    return eqx.filter_eval_shape(look).shape[0]


def _num_positions(nodes: int) -> int:
    """Return how many positions are told of a place: a single node is its own echelon."""
    return 2 if nodes > 1 else 1


def _num_time_features(clock: Clock) -> int:
    told = int(not clock.endless)
    return told + 2 * (1 < clock.cycle <= LONGEST_CYCLE)


def time_features(observation: Observation, clock: Clock) -> Float[Array, " feature"]:
    """Return the share of the horizon that is left, and the phase of the calendar."""
    period = observation.period.astype(jnp.float32)
    found: list[Array] = []
    if not clock.endless:
        found.append(1.0 - jnp.minimum(period / clock.periods, 1.0))
    if 1 < clock.cycle <= LONGEST_CYCLE:
        phase = 2 * math.pi * period / clock.cycle
        found += [jnp.sin(phase), jnp.cos(phase)]
    return jnp.stack(found) if found else jnp.zeros(0)
