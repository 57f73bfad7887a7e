"""Experience: what paths show when networks that explore decide, period by period."""

import abc
import dataclasses
import math
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, Float, Int, PyTree, UInt32

from basestock.decision import Game, Observation, Policy, Problem, advance, game
from basestock.dynamics import Decision, Moving
from basestock.envs import ActionCodec, action_codec
from basestock.envs.actions import ActionKind
from basestock.learning.actors import QuantityActor
from basestock.learning.encoding import Clock, Encoder
from basestock.learning.networks import Mlp, generator
from basestock.learning.pathwise import LONGEST_RUN, columns, scale_of
from basestock.learning.selection import PERIODS, PeriodCost, costs_of, period_cost
from basestock.learning.states import beginnings, renumbered, restarted
from basestock.uncertainty import root_words

EXPLODED = 1e6
"""Parameters beyond this have diverged: inputs and rewards are of about unit size."""

AVERAGING = 0.02
"""Share of the newest network in the running average of networks."""

FAR = 10.0
"""Error of the critic, in rewards, beyond which its loss grows no faster than the error (Huber's)."""

CENTERING = 0.1
"""Share of the newest rewards in their running mean."""

LOST = 8.0
"""Input of a network, in standard deviations of random play, beyond which a path begins anew: a policy that orders too
much would fill its stocks for ever, and learn from nothing else."""

STOPPED_BY_DIVERGENCE = "the parameters diverged: the last good ones are kept"


class Explorer(Policy):
    """Decides on noise that its memory holds, and remembers what it read and did in its last period.

    Parameters
    ----------
    encoder
        What networks read.
    codec
        From actions to quantities.
    """

    encoder: Encoder
    codec: ActionCodec

    @abc.abstractmethod
    def explored(
        self, inputs: Float[Array, "input replication"], noise: Float[Array, "slot replication"]
    ) -> tuple[Array, Array]:
        """Return the action of the codec, and what is to be remembered of it, ``[slot, replication]``."""

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Decide, and remember."""
        inputs = self.encoder(observation)
        action, drawn = self.explored(inputs, memory[0])
        return self.codec.decision(action), (memory[0], inputs, drawn)

    def blank(self, noise: Float[Array, "slot replication"]) -> tuple[Array, Array, Array]:
        """Return the memory before a period with some noise, in the shapes of every later one."""
        inputs = jnp.zeros((self.encoder.width, noise.shape[-1]))
        drawn = jax.eval_shape(lambda: self.explored(inputs, noise)[1])
        return noise, inputs, jnp.zeros(drawn.shape, drawn.dtype)


class Chance(NamedTuple):
    """Everything random of some periods, drawn by NumPy: programs that draw are dear to compile.

    Parameters
    ----------
    root
        Words of the root key of events.
    which, picked
        ``[path]`` whether a path begins anew, and where.
    noise
        ``[period, slot, path]`` of the explorer.
    """

    root: UInt32[Array, "2"]
    which: Bool[Array, " path"]
    picked: Int[Array, " path"]
    noise: Float[Array, "period slot path"]


class Scene(eqx.Module):
    """Where paths are played, and what their money is worth to a learner.

    Parameters
    ----------
    game, fold
        The compiled problem, and what prices a period.
    pool
        Where paths may begin.
    scale
        Money of a reward of 1.
    discount
        What a reward of the next period is worth.
    clock
        How time matters.
    periods
        Periods whose decisions are learned from at a time.
    restarts
        Share of the paths that begin anew each time.
    """

    game: Game
    fold: PeriodCost
    pool: Moving
    scale: Array
    discount: Array
    clock: Clock = eqx.field(static=True)
    periods: int = eqx.field(static=True)
    restarts: float = eqx.field(static=True)

    @property
    def ends(self) -> bool:
        """Whether the horizon is reached in the last of the periods, so that nothing follows it."""
        return not self.clock.endless and self.periods == self.clock.periods

    def chance(self, key: Array, slots: int, paths: int, *, gaussian: bool) -> Chance:
        """Draw what is random.

        Parameters
        ----------
        key
            Key of the events and of everything else.
        slots, paths
            Numbers of quantities that are decided, and of paths.
        gaussian
            Whether noise is standard normal; uniform in [0, 1) if not.
        """
        draw = generator(key)
        # Where paths go on, one more period is played for what it shows: its money is left out.
        shape = self.periods + (not self.ends), slots, paths
        noise = draw.standard_normal(shape, np.float32) if gaussian else draw.random(shape, np.float32)
        return Chance(
            root_words(key),
            jnp.asarray(draw.random(paths) < self.restarts),
            jnp.asarray(draw.integers(0, self.pool.state.on_hand.shape[-1], paths), dtype=jnp.int32),
            jnp.asarray(noise),
        )


class Experience(NamedTuple):
    """Some periods of some paths, and how they go on.

    Parameters
    ----------
    inputs
        ``[period, input, path]`` what networks read; one period more than rewards where paths go on.
    drawn
        ``[period, slot, path]`` what the explorer remembers of its actions, as many periods as rewards.
    rewards
        ``[period, path]`` minus the cost of each period, scaled.
    """

    inputs: Float[Array, "read input path"]
    drawn: Array
    rewards: Float[Array, "period path"]


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
        What was seen, and the paths for the next call: all at their start where the problem does not repeat itself;
        else as they are, but for those that begin anew, at random or because they are lost.
    """
    count = moving.state.on_hand.shape[-1]
    replications = jnp.arange(count)

    def period(now: Moving, noise: Array) -> tuple[Moving, tuple[Array, Array, Array]]:
        path = advance(
            *(scene.game, explorer, dataclasses.replace(now, memory=(now.memory[0], explorer.blank(noise)))),
            root=chance.root,
            replications=replications,
            num_periods=1,
            fold=scene.fold,
            initial=scene.fold.initial(count),
        )
        seen, (_, inputs, drawn) = path.end.memory
        return dataclasses.replace(path.end, memory=(seen, None)), (inputs, drawn, path.traced[0])

    end, (inputs, drawn, money) = jax.lax.scan(period, moving, chance.noise)
    found = Experience(inputs, drawn[: scene.periods], -money[: scene.periods] / scene.scale)
    if not scene.clock.repeats:
        return found, moving
    which = chance.which | (jnp.abs(inputs[-1]) > LOST).any(0)
    return found, restarted(renumbered(end, scene.clock), scene.pool, which, chance.picked)


@dataclasses.dataclass(frozen=True, eq=False)
class Stage:
    """Everything that a learner that explores begins with.

    Parameters
    ----------
    scene
        Where paths are played.
    moving
        The first paths.
    encoder
        What networks read.
    codec
        From actions to quantities.
    """

    scene: Scene
    moving: Moving
    encoder: Encoder
    codec: ActionCodec


def staged(
    problem: Problem,
    actions: ActionKind,
    key: Array,
    *,
    paths: int,
    periods: int,
    discount: float,
    restarts: float,
) -> Stage:
    """Return what a learner begins with.

    Parameters
    ----------
    problem
        The problem.
    actions
        Encoding of actions.
    key
        Key of random play and of the events of the baseline.
    paths, periods
        Paths, and periods of each that are learned from at a time. Problems that end are played from their start to
        their end, by so many paths that there are about as many decisions.
    discount
        What a reward of the next period is worth where the problem does not say: in averages of the long run.
    restarts
        Share of the paths that begin anew each time.
    """
    codec, clock = action_codec(problem, actions), Clock.of(problem)
    begun = beginnings(problem, codec, key)
    # One more period is played than learned from: paths stop where the calendar begins again.
    repeated = clock.whole_cycles(periods + 1) - 1
    length = repeated if clock.repeats else min(clock.periods, LONGEST_RUN)
    count = max(paths * periods // length, 8)
    undiscounted = discount if clock.endless else 1.0
    worth = problem.discount if problem.discounts else undiscounted
    size = begun.pool.state.on_hand.shape[-1]
    picked = np.arange(count) % size
    scene = Scene(
        *(game(problem), period_cost(problem), begun.pool),
        *(_scalar(_scale(problem, begun.encoder, key)), _scalar(worth)),
        *(clock, length, restarts),
    )
    moving = jax.tree.map(lambda leaf: columns(leaf, picked, size), begun.pool)
    return Stage(scene, moving, begun.encoder, codec)


def _scalar(value: float) -> Array:
    return jnp.asarray(np.float32(value))


def _scale(problem: Problem, encoder: Encoder, key: Array) -> float:
    """Return about what a period costs under a base stock at newsvendor levels, or how much that varies."""
    codec = action_codec(problem, "continuous")
    network = Mlp.create((encoder.width, 1, len(codec.slots)), key, last=0.0)
    baseline = QuantityActor.create(problem, encoder, codec, network)
    costs = costs_of(problem, baseline, key)
    # Where profits and costs cancel out, what a period costs varies much more than it is.
    periods = min(problem.horizon, PERIODS)
    return max(scale_of(problem, costs.mean()), scale_of(problem, costs.std() * math.sqrt(periods)))


def first_outputs(codec: ActionCodec) -> np.ndarray:
    """Return ``[output]`` of a network before it has learned anything: orders of an average period on average.

    Notes
    -----
    Continuous actions are shares before they are squashed. Scores of choices are those of the most random law with that
    mean; an untrained network that chose evenly would fill every stock.
    """
    typical = np.array([slot.typical if slot.typical > 0 else 1.0 for slot in codec.slots])
    if codec.kind == "continuous":
        return np.arctanh(np.clip(codec.encode(typical), -0.95, 0.95))
    scores = [
        -np.array(slot.choices) / unit if slot.name != "price" else np.zeros(len(slot.choices))
        for slot, unit in zip(codec.slots, typical, strict=True)
    ]
    if codec.kind == "multi_discrete":
        return np.concatenate(scores)
    joint = np.zeros(1)
    for each in scores:
        joint = (joint[:, None] + each).reshape(-1)
    return joint


def with_first_outputs(network: Mlp, outputs: np.ndarray) -> Mlp:
    """Return a network whose last biases are given outputs, zeros beyond them."""
    bias = np.zeros((network.sizes[-1], 1), np.float32)
    bias[: len(outputs), 0] = outputs
    return dataclasses.replace(network, biases=(*network.biases[:-1], jnp.asarray(bias)))


def is_fine(parameters: PyTree) -> Array:
    """Tell whether all parameters are finite and none has exploded."""
    leaves = [leaf for leaf in jax.tree.leaves(parameters) if eqx.is_inexact_array(leaf)]
    return jnp.stack([(jnp.abs(leaf) < EXPLODED).all() for leaf in leaves]).all()


def kept(fine: Array, new: PyTree, old: PyTree) -> PyTree:
    """Return what is new where that is fine, else what is old."""
    return jax.tree.map(lambda after, before: jnp.where(fine, after, before), new, old)


def cut(gradient: PyTree, largest: float) -> PyTree:
    """Return a gradient cut to a norm."""
    share = jnp.minimum(largest / (optax.tree.norm(gradient) + 1e-12), 1.0)
    return jax.tree.map(lambda leaf: share * leaf, gradient)


def adam() -> Any:
    """Return Adam without its step."""
    # One long array is quicker to compile than many short ones.
    return optax.flatten(optax.scale_by_adam(eps=1e-5))


def recentered(mean: Array, rewards: Array, done: Array) -> Array:
    """Return the running mean of rewards after some updates: of all of them at first, then one that forgets."""
    newest = jnp.maximum(CENTERING, 1.0 / (done + 1))
    return mean + newest * (rewards.mean() - mean)
