"""Experience: what paths show when somebody explores, period by period, and the transitions that it consists of."""

import dataclasses
import math
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike
from jaxtyping import Array, Bool, Float, Int, UInt32

from basestock.decision import Game, Problem, advance, game
from basestock.dynamics import Moving, in_period
from basestock.envs import ActionCodec, action_codec
from basestock.learning.actors import QuantityActor
from basestock.learning.encoding import Clock, Encoder
from basestock.learning.exploration import Explorer
from basestock.learning.networks import Mlp, generator
from basestock.learning.recurrence import History, reads_of
from basestock.learning.selection import PERIODS, PeriodCost, ServedCost, costs_of, period_cost, scale_of
from basestock.learning.settings import NetworkSettings, PlaySettings
from basestock.learning.states import Beginnings, beginnings, columns, renumbered, restarted
from basestock.uncertainty import root_words

LOST = 8.0
"""Input of a network, in standard deviations of random play, beyond which a path begins anew: a policy that orders too
much would fill its stocks for ever, and learn from nothing else."""


SERVED = 0.95
"""Share of the demand of a period that must be served from stock at once for a bonus."""


class Chance(NamedTuple):
    """Everything random of some periods, drawn by NumPy: programs that draw are dear to compile.

    Parameters
    ----------
    root
        Words of the root key of events.
    which, picked
        ``[path]`` whether a path begins anew, and where.
    noise
        ``[period, row, path]`` of the explorer.
    """

    root: UInt32[Array, "2"]
    which: Bool[Array, " path"]
    picked: Int[Array, " path"]
    noise: Float[Array, "period row path"]


class Scene(eqx.Module):
    """Where paths are played, and what their money is worth to a learner.

    Parameters
    ----------
    game, fold
        The compiled problem, and what prices a period.
    pool
        Where paths may begin.
    first
        The first paths.
    baseline, scale
        What a period costs under a base stock, and the size of that, money: rewards are savings in this unit.
    discount
        What a reward of the next period is worth.
    clock
        How time matters.
    periods
        Periods whose decisions are learned from at a time.
    skipped
        First periods of all whose money does not count.
    restarts
        Share of the paths that begin anew each time.
    service_bonus
        What a period earns besides in which enough of the demand is served, in units of rewards.
    """

    game: Game
    fold: PeriodCost
    pool: Moving
    first: Moving
    baseline: Array
    scale: Array
    discount: Array
    clock: Clock = eqx.field(static=True)
    periods: int = eqx.field(static=True)
    skipped: int = eqx.field(static=True)
    restarts: float = eqx.field(static=True)
    service_bonus: float = eqx.field(static=True, default=0.0)

    @property
    def paths(self) -> int:
        """Number of paths."""
        return self.first.state.on_hand.shape[-1]

    def chance(self, key: Array, explorer: Explorer | None = None, *, restarts: float = 0.0) -> Chance:
        """Draw what is random.

        Parameters
        ----------
        key
            Key of the events and of everything else.
        explorer
            Whose noise is drawn; none without one.
        restarts
            Share of the paths that begin anew, where that is more than usual.
        """
        draw = generator(key)
        # One more period is played for what it shows before its decision.
        shape = self.periods + 1, explorer.rows if explorer else 0, self.paths
        gaussian = explorer is not None and explorer.gaussian
        noise = draw.standard_normal(shape, np.float32) if gaussian else draw.random(shape, np.float32)
        return Chance(
            root_words(key),
            jnp.asarray(draw.random(self.paths) < max(self.restarts, restarts)),
            jnp.asarray(draw.integers(0, self.pool.state.on_hand.shape[-1], self.paths), dtype=jnp.int32),
            jnp.asarray(noise),
        )

    def going_on(self, end: Moving, chance: Chance | None, lost: Array | bool = False) -> Moving:
        """Return where paths go on after some periods.

        Parameters
        ----------
        end
            The paths as they ended.
        chance
            What is random; no path begins anew where nothing is.
        lost
            ``[path]`` whether a path begins anew in any case.

        Returns
        -------
        Moving
            The same paths but for those that begin anew; where the problem does not repeat itself, the first paths
            once the horizon is reached.
        """
        if self.clock.repeats:
            now, pool = renumbered(end, self.clock), self.pool
            if self.periods % self.clock.cycle:
                pool = dataclasses.replace(pool, state=in_period(pool.state, now.state.period))
            return now if chance is None else restarted(now, pool, chance.which | lost, chance.picked)
        over = end.state.period >= self.clock.periods
        return jax.tree.map(lambda first, now: jnp.where(over, first, now), self.first, end)


class Experience(NamedTuple):
    """Some periods of some paths, and how they go on.

    Parameters
    ----------
    inputs
        ``[period, input, path]`` what networks read, in one period more than is learned from.
    drawn
        ``[period, branch, path]`` what the explorer remembers of its actions.
    rewards
        ``[period, path]`` what each period costs less than the baseline, scaled, and its bonus.
    more
        ``[period]`` 0 where the horizon ended, else 1.
    sales, demand
        ``[period, path]`` what was served from stock at once and what was asked for, units.
    anew
        ``[path]`` whether the path begins anew after these periods.
    """

    inputs: Float[Array, "read input path"]
    drawn: Array
    rewards: Float[Array, "period path"]
    more: Float[Array, " period"]
    sales: Float[Array, "period path"]
    demand: Float[Array, "period path"]
    anew: Bool[Array, " path"]


class Transitions(NamedTuple):
    """Decisions and what came of them, ``[..., decision]`` or ``[period, ..., path]``.

    Parameters
    ----------
    inputs, following
        ``[input, decision]`` what was read before the decision, and after the periods whose rewards are summed.
    drawn
        ``[branch, decision]`` what was done.
    rewards
        ``[decision]`` sum of scaled rewards, each at its worth.
    worth
        ``[decision]`` what a reward of the period that follows is worth; 0 where the horizon ended.
    """

    inputs: Array
    following: Array
    drawn: Array
    rewards: Array
    worth: Array

    @classmethod
    def blank(cls, width: int, branches: int, count: int, drawn: DTypeLike = np.float32) -> "Transitions":
        """Return transitions of nothing, for shapes.

        Parameters
        ----------
        width, branches, count
            Numbers of inputs, of branches of an action, and of decisions.
        drawn
            Type of what was done.
        """
        seen, each = (jnp.asarray(np.zeros(shape, np.float32)) for shape in ((width, count), count))
        return cls(seen, seen, jnp.asarray(np.zeros((branches, count), drawn)), each, each)

    def flat(self) -> "Transitions":
        """Return transitions of several periods beside each other, a column a decision."""
        return Transitions(*(jnp.moveaxis(leaf, 0, -2).reshape(*leaf.shape[1:-1], -1) for leaf in self))


def gathered(scene: Scene, explorer: Explorer, moving: Moving, chance: Chance) -> tuple[Experience, Moving]:
    """Play some periods.

    Parameters
    ----------
    scene
        Where.
    explorer
        Who decides.
    moving
        The paths as the last call left them.
    chance
        What is random.

    Returns
    -------
    tuple
        What was seen, and where the paths go on in the next call.
    """
    count, fold = moving.state.on_hand.shape[-1], ServedCost(scene.fold)

    def period(paths: tuple[Moving, Moving], noise: Array) -> tuple[tuple[Moving, Moving], tuple[Array, ...]]:
        now, _ = paths
        seen, kept = now.memory
        path = advance(
            *(scene.game, explorer, dataclasses.replace(now, memory=(seen, explorer.blank(noise, kept)))),
            root=chance.root,
            replications=jnp.arange(count),
            num_periods=1,
            fold=fold,
            initial=fold.initial(count),
        )
        seen, (_, kept, inputs, drawn) = path.end.memory
        end = dataclasses.replace(path.end, memory=(seen, kept))
        served = path.folded.sales, path.folded.demand
        return (end, now), (inputs, drawn, path.traced[0], now.state.period, *served)

    # The last period is played for what is read before its decision only: paths go on from its beginning.
    (_, end), (inputs, drawn, *told) = jax.lax.scan(period, (moving, moving), chance.noise)
    money, number, sales, demand = (each[: scene.periods] for each in told)
    rewards = (scene.baseline - money) / scene.scale
    if scene.service_bonus:
        rewards = rewards + scene.service_bonus * (sales >= SERVED * demand)
    more = jnp.ones(scene.periods)
    if not scene.clock.endless:
        last = scene.clock.periods - 1
        counts, more = (number >= scene.skipped) & (number <= last), (number < last).astype(jnp.float32)
        rewards, sales, demand = (jnp.where(counts[:, None], each, 0.0) for each in (rewards, sales, demand))
        # Nothing is there to read beyond the horizon.
        inputs = inputs.at[-1].set(jnp.where(more[-1] > 0, inputs[-1], inputs[-2]))
    lost = (jnp.abs(inputs[-1]) > LOST).any(0)
    anew = (chance.which | lost) & scene.clock.repeats
    found = Experience(inputs, drawn[: scene.periods], rewards, more, sales, demand, anew)
    return found, scene.going_on(end, chance, lost)


def transitions_of(found: Experience, discount: Array, steps: int = 1) -> Transitions:
    """Return the transitions ``[period, ..., path]`` of some experience.

    Parameters
    ----------
    found
        The experience.
    discount
        What a reward of the next period is worth.
    steps
        Periods at most whose rewards are summed; fewer where the experience or the horizon ends before.
    """
    periods = len(found.rewards)
    number, total, worth = jnp.arange(periods), jnp.zeros_like(found.rewards), jnp.ones(periods)
    for step in range(steps):
        at, there = jnp.minimum(number + step, periods - 1), number + step < periods
        total += jnp.where(there, worth, 0.0)[:, None] * found.rewards[at]
        worth = jnp.where(there, worth * discount * found.more[at], worth)
    following = found.inputs[jnp.minimum(number + steps, periods)]
    each = jnp.broadcast_to(worth[:, None], total.shape)
    return Transitions(found.inputs[:periods], following, found.drawn, total, each)


@dataclasses.dataclass(frozen=True, eq=False)
class Stage:
    """Everything that a learner that explores begins with.

    Parameters
    ----------
    problem
        The problem.
    scene
        Where paths are played; rewards have no unit yet.
    encoder
        What is read of one observation.
    codec
        From actions to quantities.
    reads
        What networks read: the same, or a history of it.
    scaled
        Whether rewards will have a unit of their own; else they are money.
    """

    problem: Problem
    scene: Scene
    encoder: Encoder
    codec: ActionCodec
    reads: Encoder | History
    scaled: bool

    def priced(self, key: Array) -> Scene:
        """Return the scene whose rewards are savings on a base stock at newsvendor levels, in about what it costs.

        Where rewards are money they are minus what a period costs.

        Parameters
        ----------
        key
            Key of the events.
        """
        if not self.scaled:
            return dataclasses.replace(self.scene, baseline=scalar(0.0))
        codec = action_codec(self.problem, "continuous")
        network = Mlp.create((self.encoder.width, 1, len(codec.slots)), key, last=0.0)
        costs = costs_of(self.problem, QuantityActor.create(self.problem, self.encoder, codec, network), key)
        mean = float(costs.mean())
        baseline = math.copysign(scale_of(self.problem, mean), mean)
        # Where profits and costs cancel out, what a period costs varies much more than it is.
        periods = min(self.problem.horizon, PERIODS)
        scale = max(abs(baseline), scale_of(self.problem, costs.std() * math.sqrt(periods)))
        return dataclasses.replace(self.scene, baseline=scalar(baseline), scale=scalar(scale))


def staged(problem: Problem, codec: ActionCodec, settings: PlaySettings, key: Array) -> Stage:
    """Return what a learner begins with.

    Parameters
    ----------
    problem, codec
        The problem, and what is decided.
    settings
        How many paths are played, and how.
    key
        Key of random play.
    """
    begun = beginnings(problem, codec, key)
    reads = reads_of(begun.encoder, settings) if isinstance(settings, NetworkSettings) else begun.encoder
    # Wherever paths begin, nothing has been seen before.
    seen, count = begun.pool.memory[0], begun.pool.state.on_hand.shape[-1]
    pool = dataclasses.replace(begun.pool, memory=(seen, reads.opened(count)))
    begun, clock = dataclasses.replace(begun, pool=pool), begun.encoder.clock
    length = clock.stretch(settings.periods)
    # About as many decisions where problems end, which are played whole.
    paths = max(settings.paths * settings.periods // length, min(settings.paths, 8))
    undiscounted = settings.discount if clock.endless else 1.0
    worth = problem.discount if problem.discounts else undiscounted
    scene = scene_of(
        *(problem, begun, length, paths),
        discount=worth,
        restarts=settings.restarts,
        most_cells=settings.most_cells,
    )
    scene = dataclasses.replace(scene, service_bonus=settings.service_bonus)
    return Stage(problem, scene, begun.encoder, codec, reads, settings.scaled)


def scene_of(
    problem: Problem,
    begun: Beginnings,
    periods: int,
    paths: int,
    *,
    restarts: float,
    most_cells: int,
    discount: float = 1.0,
) -> Scene:
    """Return where paths are played; rewards have no unit.

    Parameters
    ----------
    problem, begun
        The problem, and where paths begin.
    periods, paths
        Periods that are learned from at a time, and paths beside each other.
    restarts
        Share of the paths that begin anew each time.
    most_cells
        Places times paths times periods at most, so long as there are eight paths.
    discount
        What a reward of the next period is worth.
    """
    clock = begun.encoder.clock
    places = problem.arrays.num_nodes * problem.arrays.num_items
    count, size = min(paths, max(most_cells // (places * periods), 8)), begun.pool.state.on_hand.shape[-1]
    first = jax.tree.map(lambda leaf: columns(leaf, np.arange(count) % size, size), begun.pool)
    return Scene(
        *(game(problem), period_cost(problem), begun.pool, first),
        *(scalar(1.0), scalar(1.0), scalar(discount)),
        *(clock, periods, 0 if clock.endless else problem.warm_up, restarts),
    )


def scalar(value: float) -> Array:
    """Return a number as programs take it, so that another value compiles nothing."""
    return jnp.asarray(np.float32(value))
