"""Pathwise policy gradient: downhill along the derivative of simulated costs through the transition itself."""

import dataclasses
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, PyTree

from basestock.decision import Game, Observation, Policy, Problem, advance, game
from basestock.dynamics import Decision, Moving
from basestock.envs import action_codec
from basestock.learning.actors import QuantityActor
from basestock.learning.deadline import Deadline
from basestock.learning.encoding import Clock
from basestock.learning.networks import Mlp
from basestock.learning.results import STOPPED_BY_TIME, STOPPED_BY_UPDATES, TrainResult
from basestock.learning.runs import Run, Tell
from basestock.learning.selection import PeriodCost, period_cost
from basestock.learning.states import beginnings, renumbered, restarted
from basestock.learning.streams import training_key
from basestock.policies.protection import lead_periods
from basestock.uncertainty import root_words

SHARES = (0.25, 0.5, 0.75, 1.25, 1.0)
"""Shares of newsvendor levels that a run may begin at: the cheapest is taken."""

WAIT_EVERY = 16
"""Updates after which the program waits for the processor, so that the clock tells the truth."""

LONGEST_RUN = 400
"""Periods of a path at most where every path begins at the declared start."""


@dataclasses.dataclass(frozen=True)
class PathwiseConfig:
    """Settings of the pathwise policy gradient.

    Parameters
    ----------
    seconds
        Wall time of the run, compiling included.
    updates
        Number of updates, for runs that are the same on every machine; by the clock if not given.
    hidden
        Widths of the hidden layers.
    paths
        Paths of an update.
    decided
        Periods whose decisions are learned from in an update, of problems without end.
    followed
        Periods beyond the longest lead time through which the costs of decisions are followed.
    learning_rate, final_rate
        Step of Adam at first, and its share at the end (cosine in between).
    momentum, damping
        Decay of Adam's means of gradients and of their squares.
    restarts
        Share of the paths that begin anew in an update: in the declared start or a state of random play.
    averaged
        Share of the run after which parameters are averaged.
    most_cells
        Places times paths times periods of an update at most.
    """

    seconds: float = 60.0
    updates: int | None = None
    hidden: tuple[int, ...] = (32, 32)
    paths: int = 256
    decided: int = 24
    followed: int = 12
    learning_rate: float = 2e-2
    final_rate: float = 0.02
    momentum: float = 0.9
    damping: float = 0.99
    restarts: float = 0.1
    averaged: float = 0.6
    most_cells: int = 4_000_000


class _Window(eqx.Module):
    """Everything that an update reads and does not change."""

    game: Game
    fold: PeriodCost
    pool: Moving
    decided: int = eqx.field(static=True)
    followed: int = eqx.field(static=True)
    clock: Clock = eqx.field(static=True)
    restarts: float = eqx.field(static=True)
    adam: tuple[float, float] = eqx.field(static=True)


class _Learner(eqx.Module):
    """What an update changes."""

    actor: QuantityActor
    means: PyTree
    moving: Moving
    averaged: QuantityActor
    weight: Array


class _Followed(Policy):
    """An actor that is taken as given after some periods: a gradient sees its first decisions only.

    Parameters
    ----------
    actor
        The actor.
    decided
        Periods whose decisions are learned from.
    """

    actor: QuantityActor
    decided: int = eqx.field(static=True)

    def init(self, observation: Observation) -> Array:
        """Return that nothing has been decided."""
        return jnp.zeros((), dtype=jnp.int32)

    def __call__(self, observation: Observation, memory: Array, *, key: Array) -> tuple[Decision, Array]:
        """Decide, with derivatives or without."""
        learns = (memory < self.decided).astype(jnp.float32)
        # The value is the parameter's own, its derivative the share that learns.
        network = jax.tree.map(
            lambda leaf: learns * leaf + (1.0 - learns) * jax.lax.stop_gradient(leaf), self.actor.network
        )
        decision, _ = dataclasses.replace(self.actor, network=network)(observation, None, key=key)
        return decision, memory + 1


def _cost(
    network: Mlp, actor: QuantityActor, window: _Window, moving: Moving, root: Array, scale: Array
) -> tuple[Array, Moving]:
    """Return the mean cost of the decided periods and of those that follow, per decided period and scaled."""
    policy = _Followed(dataclasses.replace(actor, network=network), window.decided)
    count = moving.state.on_hand.shape[-1]
    path = advance(
        window.game,
        policy,
        dataclasses.replace(moving, memory=(moving.memory[0], jnp.zeros((), dtype=jnp.int32))),
        root=root,
        replications=jnp.arange(count),
        num_periods=window.decided + window.followed,
        fold=window.fold,
        initial=window.fold.initial(count),
    )
    end = dataclasses.replace(path.end, memory=(path.end.memory[0], None))
    return path.folded[0].mean() / (scale * window.decided), jax.lax.stop_gradient(end)


@eqx.filter_jit
def _update(
    window: _Window, learner: _Learner, key: Array, rate: Array, averages: Array, scale: Array
) -> tuple[_Learner, Array, Array]:
    events, begin_key, pick_key = jax.random.split(key, 3)
    moving = learner.moving
    count = moving.state.on_hand.shape[-1]
    if window.clock.repeats:
        which = jax.random.uniform(begin_key, (count,)) < window.restarts
        picked = jax.random.randint(pick_key, (count,), 0, window.pool.state.on_hand.shape[-1])
        moving = restarted(renumbered(moving, window.clock), window.pool, which, picked)
    actor = learner.actor
    slope = jax.value_and_grad(_cost, has_aux=True)
    (cost, end), gradient = slope(actor.network, actor, window, moving, root_words(events), scale)
    step, means = _adam(window.adam).update(gradient, learner.means)
    size = optax.tree.norm(gradient)
    fine = jnp.isfinite(size) & jnp.isfinite(cost)
    network = jax.tree.map(lambda old, move: jnp.where(fine, old - rate * move, old), actor.network, step)
    means = jax.tree.map(lambda old, new: jnp.where(fine, new, old), learner.means, means)
    weight = learner.weight + averages
    averaged = jax.tree.map(
        lambda old, new: old + averages * (new - old) / jnp.maximum(weight, 1.0),
        learner.averaged.network,
        network,
    )
    after = _Learner(
        dataclasses.replace(actor, network=network),
        means,
        end if window.clock.repeats else moving,
        dataclasses.replace(learner.averaged, network=averaged),
        weight,
    )
    return after, cost, size


def as_parameters(network: Mlp) -> Any:
    """Return a network as Optax takes it, which has no type for modules."""
    return network


def _adam(config: tuple[float, float]) -> optax.GradientTransformation:
    return optax.chain(optax.clip_by_global_norm(10.0), optax.scale_by_adam(*config))


def train(
    problem: Problem, config: PathwiseConfig, *, key: Array, tell: Tell = lambda point: None
) -> TrainResult:
    """Learn quantities of a problem by gradients through its transition.

    Parameters
    ----------
    problem
        Any simulated problem; jumps of the cost (fixed costs, batches) have no gradient and are not learned from.
    config
        Settings.
    key
        Key of the run: weights, training and selection events follow from it.
    tell
        Is told every point of the curve.

    Returns
    -------
    TrainResult
        The cheapest candidate on events of selection: last parameters, their average, or the best point of the curve.

    Notes
    -----
    Quantities are continuous while learning and rounded when deciding. Costs of decisions are followed beyond the
    longest lead time by a policy that is taken as given (Glasserman and Tayur 1995, doi:10.1287/mnsc.41.2.263;
    Madeka et al. 2022, doi:10.48550/arXiv.2210.03137).
    """
    deadline = Deadline(config.seconds, config.updates)
    own, begin_key = jax.random.split(jax.random.fold_in(key, 0))
    codec, smooth = action_codec(problem, "continuous"), in_fractions(problem)
    begun = beginnings(smooth, codec, begin_key)
    sizes = (begun.encoder.width, *config.hidden, len(codec.slots))
    first = Mlp.create(sizes, own, last=0.1)
    begin = [QuantityActor.create(problem, begun.encoder, codec, first, share).learning() for share in SHARES]
    actor = begin[-1]
    window, moving = _window(smooth, config, begun.pool)
    learner = _Learner(
        actor, _adam(window.adam).init(as_parameters(actor.network)), moving, actor, jnp.zeros(())
    )
    run = Run(problem, "pathwise", config, key, deadline, tell)
    rate, averages, scale = (jnp.zeros(()) for _ in range(3))
    # Two programs are compiled beside each other.
    with ThreadPoolExecutor(1) as beside:
        compiling = beside.submit(_compiled, window, learner, training_key(key, 0), rate, averages, scale)
        actor = min(begin, key=lambda each: problem.sign * run.look(0, each).values["cost"])
        update = compiling.result()
    learner = dataclasses.replace(learner, actor=actor, averaged=actor)
    scale = jnp.asarray(
        scale_of(problem, min(abs(each.values["cost"]) for each in run.curve)), dtype=jnp.float32
    )
    done = 0
    while (share := deadline.share(done, run.reserve)) < 1.0:
        rate = config.learning_rate * (
            config.final_rate + (1 - config.final_rate) * 0.5 * (1 + math.cos(math.pi * share))
        )
        learner, cost, size = update(
            window,
            learner,
            training_key(key, done),
            jnp.asarray(rate),
            jnp.asarray(float(share >= config.averaged)),
            scale,
        )
        done += 1
        if done % WAIT_EVERY == 0:
            cost.block_until_ready()
        if run.is_due(share):
            run.look(done, learner.actor, gradient_norm=float(size), learning_rate=rate)
    stopped = STOPPED_BY_TIME if config.updates is None else STOPPED_BY_UPDATES
    return run.finished(done, stopped, {"last": learner.actor, "averaged": learner.averaged})


def in_fractions(problem: Problem) -> Problem:
    """Return a problem whose items come in fractions: nothing is rounded, so that all costs have derivatives."""
    items = tuple(dataclasses.replace(item, whole_units=False) for item in problem.network.items)
    return dataclasses.replace(problem, network=dataclasses.replace(problem.network, items=items))


def _compiled(*arguments: Any) -> Callable[..., tuple[_Learner, Array, Array]]:
    update: Any = _update
    return update.lower(*arguments).compile()


def scale_of(problem: Problem, cost: float) -> float:
    """Return about what a period costs, money, of the cost of a path."""
    discount = problem.discount if problem.discounts else 1.0
    worth = problem.horizon if discount == 1 else (1 - discount**problem.horizon) / (1 - discount)
    return max(abs(cost) / (1.0 if problem.averages else worth), 1e-6)


def _window(problem: Problem, config: PathwiseConfig, pool: Moving) -> tuple[_Window, Moving]:
    """Return what updates read, and the first paths."""
    clock = Clock.of(problem)
    lead = math.ceil(float(lead_periods(problem).max()))
    if clock.repeats:
        decided = clock.whole_cycles(config.decided)
        followed = clock.whole_cycles(decided + lead + config.followed) - decided
    else:
        decided, followed = min(clock.periods, LONGEST_RUN), 0
    places = problem.arrays.num_nodes * problem.arrays.num_items
    paths = min(config.paths, max(config.most_cells // (places * (decided + followed)), 8))
    window = _Window(
        *(game(problem), period_cost(problem), pool),
        *(decided, followed, clock, config.restarts, (config.momentum, config.damping)),
    )
    size = pool.state.on_hand.shape[-1]
    picked = np.arange(paths) % size
    return window, jax.tree.map(lambda leaf: columns(leaf, picked, size), pool)


def columns(leaf: Any, picked: np.ndarray, size: int) -> Any:
    """Return some paths of a leaf that has so many; other leaves as they are."""
    wide = eqx.is_array(leaf) and leaf.ndim > 0 and leaf.shape[-1] == size
    return jnp.asarray(np.asarray(leaf)[..., picked]) if wide else leaf
