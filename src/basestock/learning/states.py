"""States to learn in: those of random play beside the declared start, so that no state is a trap."""

import dataclasses
import functools
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from basestock.decision import Game, Observation, Policy, Problem, advance, begin, game
from basestock.dynamics import Decision, Moving, State, Step, canonical
from basestock.envs import ActionCodec
from basestock.learning.encoding import Clock, Encoder, features, fields_of
from basestock.learning.networks import generator
from basestock.network import SupplyNetwork
from basestock.policies.protection import lead_periods
from basestock.uncertainty import root_words

COLUMNS = 512
"""Paths of random play at most."""

MOST_CELLS = 100_000
"""Paths times places of random play at most, so long as there are 32 paths."""

FURTHER = 4
"""Periods of random play between two looks, beyond the longest lead time."""

LOOKS = 3
"""States that are kept of each path."""


class RandomPlay(Policy):
    """Orders random quantities, and remembers the mean and the spread of what it saw.

    Parameters
    ----------
    codec
        The quantities that are decided.
    typical
        ``[slot]`` quantity of an average period, units.
    intensity
        ``[slot, replication]`` mean order in units of an average period.
    chance
        ``[slot, replication]`` probability of an order in a period.
    noise
        ``[period, two, slot, replication]`` uniform in [0, 1): how much is ordered, and whether. Drawn by NumPy, for
        programs that draw are dear to compile.
    network
        The authored network.
    fields
        Fields of an observation that are read.
    """

    codec: ActionCodec
    typical: Float[Array, " slot"]
    intensity: Float[Array, "slot replication"]
    chance: Float[Array, "slot replication"]
    noise: Float[Array, "period two slot replication"]
    network: SupplyNetwork = eqx.field(static=True)
    fields: tuple[str, ...] = eqx.field(static=True)

    def init(self, observation: Observation) -> Any:
        """Return empty sums: count, features, and their squares."""
        nothing = jnp.zeros_like(features(observation, self.network, self.fields))
        return jnp.zeros((), dtype=jnp.int32), nothing, nothing

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Order at random, and look."""
        count, total, squares = memory
        share, ordered = 2.0 * self.noise[count, 0], self.noise[count, 1] < self.chance
        units = self.typical[:, None] * self.intensity * share * ordered / self.chance
        priced = jnp.asarray([slot.name == "price" for slot in self.codec.slots])[:, None]
        low, high = self.codec.low[:, None], self.codec.high[:, None]
        units = jnp.where(priced, low + (high - low) * share / 2.0, units)
        seen = features(observation, self.network, self.fields)
        return self.codec.decide(self.codec.rounded(units)), (count + 1, total + seen, squares + seen**2)


@dataclasses.dataclass(frozen=True, eq=False)
class Beginnings:
    """Where paths of learning begin.

    Parameters
    ----------
    encoder
        Encoder on the scale of what was seen at random play.
    pool
        ``[..., path]`` the declared start, many times, and states of random play where periods repeat.
    """

    encoder: Encoder
    pool: Moving


def beginnings(problem: Problem, codec: ActionCodec, key: Array) -> Beginnings:
    """Play at random from the declared start, and return what that showed.

    Parameters
    ----------
    problem
        The problem.
    codec
        The quantities that are decided.
    key
        Key of the play.
    """
    clock = Clock.of(problem)
    lead = int(np.ceil(lead_periods(problem).max()))
    length = max(min(lead + FURTHER, clock.periods // LOOKS), 1)
    if clock.repeats:
        # In the middle of a long cycle stock is as good a beginning as at its end.
        length = lead + FURTHER if clock.in_parts else clock.whole_cycles(lead + FURTHER)
    draw, places = generator(key), len(problem.network.nodes) * len(problem.network.items)
    shape = len(codec.slots), min(COLUMNS, max(MOST_CELLS // places, 32))
    policy = RandomPlay(
        codec,
        jnp.asarray(np.array([slot.typical or 1.0 for slot in codec.slots], np.float32)),
        jnp.asarray(draw.uniform(0.0, 2.0, shape), dtype=jnp.float32),
        jnp.asarray(draw.uniform(0.2, 1.0, shape), dtype=jnp.float32),
        jnp.asarray(draw.random((LOOKS * length, 2, *shape), np.float32)),
        problem.network,
        fields_of(problem),
    )
    start, looks = _played(game(problem), policy, problem.start(shape[1]), root_words(key), length, clock)
    start, looks = jax.tree.map(_host, (start, looks))
    count, total, squares = (each[-1] for each in looks.memory[1])
    mean = (total / count).mean(-1)
    spread = np.sqrt(np.maximum((squares / count).mean(-1) - mean**2, 0.0))
    scale = np.where(spread > 1e-6, spread, 1.0).astype(np.float32)
    encoder = Encoder(jnp.asarray(mean), jnp.asarray(scale), problem.network, clock, policy.fields)
    each_look = [jax.tree.map(lambda leaf, at=at: leaf[at], looks) for at in range(LOOKS)]
    kept = [dataclasses.replace(each, memory=(each.memory[0], None)) for each in (start, *each_look)]
    if not clock.repeats:
        return Beginnings(encoder, _beside(kept[:1]))
    # Two fifths of the paths begin where the problem says.
    return Beginnings(encoder, _beside([kept[0], *kept]))


@eqx.filter_jit
def _played(
    game: Game, policy: Policy, state: State, root: Array, length: int, clock: Clock
) -> tuple[Moving, Moving]:
    """Return the start, and the paths at every look, numbered as if they began there where periods repeat."""
    replications = jnp.arange(state.on_hand.shape[-1])
    counted = dataclasses.replace(clock, cycle=1) if clock.in_parts else clock
    go = functools.partial(advance, game, policy, root=root, replications=replications, fold=_nothing)

    def look(at: Moving, _: None) -> tuple[Moving, Moving]:
        end = go(at, num_periods=length, initial=None).end
        return end, renumbered(end, counted) if clock.repeats else end

    start = begin(game, policy, state, root)
    return start, jax.lax.scan(look, start, None, length=LOOKS)[1]


def _host(leaf: Any) -> Any:
    """Return a leaf as it is sliced without a program: slices of each shape are compiled otherwise."""
    return np.asarray(leaf) if eqx.is_array(leaf) else leaf


def _nothing(carry: None, step: Step) -> tuple[None, None]:
    return None, None


def renumbered(moving: Moving, clock: Clock) -> Moving:
    """Return paths as if they were in the first cycle."""
    return dataclasses.replace(moving, state=canonical(moving.state, clock.cycle))


def _is_wide(leaf: Any, count: int) -> bool:
    return isinstance(leaf, jax.Array | np.ndarray) and leaf.ndim > 0 and leaf.shape[-1] == count


def entries_of(moving: Moving) -> int:
    """Return the number of entries of the state of one path."""
    count = moving.state.on_hand.shape[-1]
    return max(sum(leaf.size // count for leaf in jax.tree.leaves(moving) if _is_wide(leaf, count)), 1)


def _beside(parts: list[Moving]) -> Moving:
    """Put paths beside each other."""
    count = parts[0].state.on_hand.shape[-1]

    def join(*leaves: Any) -> Any:
        if not _is_wide(leaves[0], count):
            return jnp.asarray(leaves[0]) if isinstance(leaves[0], np.ndarray) else leaves[0]
        return jnp.asarray(np.concatenate([np.asarray(leaf) for leaf in leaves], -1))

    return jax.tree.map(join, *parts)


def restarted(moving: Moving, pool: Moving, which: Array, picked: Array) -> Moving:
    """Let some paths begin anew.

    Parameters
    ----------
    moving
        The paths.
    pool
        Where paths may begin, in period 0.
    which
        ``[path]`` whether a path begins anew.
    picked
        ``[path]`` number of its new beginning in the pool.
    """
    count, size = moving.state.on_hand.shape[-1], pool.state.on_hand.shape[-1]

    def mixed(now: Any, new: Any) -> Any:
        if not (_is_wide(now, count) and _is_wide(new, size)):
            return now
        return jnp.where(which, new[..., picked], now)

    return jax.tree.map(mixed, moving, pool)


def columns(leaf: Any, picked: np.ndarray, size: int) -> Any:
    """Return some paths of a leaf that has so many; other leaves as they are."""
    return jnp.asarray(np.asarray(leaf)[..., picked]) if _is_wide(leaf, size) else leaf
