"""Evolution strategies: parameters of a policy move to where the better half of many tries lies; no derivative."""

import dataclasses
import math
from typing import Any, NamedTuple, cast

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from basestock.decision import Observation, Policy, Problem, advance
from basestock.dynamics import Decision, Moving
from basestock.envs import action_codec
from basestock.learning.action_values import gathered
from basestock.learning.actors import QuantityActor, supplied, units_of
from basestock.learning.checkpoints import Checkpoint
from basestock.learning.deadline import Deadline
from basestock.learning.experience import Chance, Scene, scalar, scene_of
from basestock.learning.gates import GatedActor, jumping
from basestock.learning.networks import Mlp, generator
from basestock.learning.results import TrainResult
from basestock.learning.runs import FINE, Run, Tell, tell_nobody
from basestock.learning.settings import Count, Natural, Positive, Settings, Share, Widths
from basestock.learning.state_values import rescaled
from basestock.learning.states import Beginnings, beginnings
from basestock.learning.streams import training_key
from basestock.learning.updates import compiling, is_fine, kept, toward
from basestock.policies import Newsvendor
from basestock.policies.protection import lead_periods, protection_demand

MOVES = 0x4D56
"""Folded into the key of an update for its moves."""


@dataclasses.dataclass(frozen=True)
class EvolutionConfig(Settings):
    """Settings of evolution strategies.

    Parameters
    ----------
    hidden
        Widths of the hidden layers.
    pairs
        Pairs of tries of an update: each is the mean of all plus and minus the same move.
    paths
        Paths of a try.
    followed
        Longest lead times that a try is followed before its costs count, and twice as long while they do.
    beyond
        Periods beyond that, before and while costs count.
    spread
        Size of moves at first, in the standard deviation of demand over the lead time.
    restarts
        Share of the paths that begin anew in an update: in the declared start or a state of random play.
    averaged
        Share of the run after which parameters are averaged.
    most_cells
        Places times paths times periods of a try at most.
    """

    hidden: Widths = (8,)
    pairs: Count = 16
    paths: Count = 32
    followed: Count = 2
    beyond: Natural = 8
    spread: Positive = 0.3
    restarts: Share = 0.1
    averaged: Share = 0.6
    most_cells: Count = 4_000_000


class Tries(eqx.Module):
    """Many networks of one shape, each of which reads some paths of its own.

    Parameters
    ----------
    networks
        One network whose leaves have tries first.
    """

    networks: Mlp

    def __call__(self, inputs: Float[Array, "input column"]) -> Float[Array, "output column"]:
        """Return the outputs; columns of the first try come first."""
        count = self.networks.linear.shape[0]
        each = jnp.moveaxis(inputs.reshape(inputs.shape[0], count, -1), 1, 0)
        outputs = jax.vmap(lambda network, seen: network(seen))(self.networks, each)
        return jnp.moveaxis(outputs, 0, 1).reshape(outputs.shape[1], -1)


class _Window(eqx.Module):
    """Everything that an update reads and does not change.

    Parameters
    ----------
    scene
        Where paths are played.
    worth
        ``[period]`` what the money of a period counts.
    utilities
        ``[rank]`` what tries count, the best first; the sum is 0.
    rates
        Steps of the mean, and of the logarithms of spreads.
    """

    scene: Scene
    worth: Float[Array, " period"]
    utilities: Float[Array, " rank"]
    rates: tuple[float, float] = eqx.field(static=True)


class _Learner(eqx.Module):
    """What an update changes."""

    actor: QuantityActor
    spread: Mlp
    moving: Moving
    averaged: QuantityActor
    weight: Array


class _Watched(Policy):
    """Tries, of which the first is watched: the means of what it reads, and of the squares of that.

    Parameters
    ----------
    actor
        The policy, whose network is that of all tries.
    paths
        Paths of a try.
    """

    actor: Any
    paths: int = eqx.field(static=True)

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Decide, and add up what the first try reads."""
        inputs = self.actor.encoder(observation)
        first = inputs[:, : self.paths]
        count, total, squares = memory
        told = count + 1.0, total + first.mean(-1), squares + (first**2).mean(-1)
        return self.actor.codec.decide(self.actor.quantities(self.actor.network(inputs))), told


class _Played(NamedTuple):
    """What tries came to.

    Parameters
    ----------
    costs
        ``[try]`` money of a period, on the same events.
    end
        Where the first one ends.
    middle, spread
        ``[input]`` mean and standard deviation of what the first one read.
    """

    costs: Float[Array, " try"]
    end: Moving
    middle: Float[Array, " input"]
    spread: Float[Array, " input"]


def _played(window: _Window, actor: QuantityActor, networks: Mlp, moving: Moving, root: Array) -> _Played:
    """Play tries on the same events."""
    paths, count = moving.state.on_hand.shape[-1], networks.linear.shape[0]
    policy = _Watched(dataclasses.replace(actor, network=cast("Any", Tries(networks))), paths)
    each, none = jnp.tile(jnp.arange(paths), count), jnp.zeros(actor.encoder.width)
    begun, fold = gathered(moving, each), window.scene.fold
    path = advance(
        *(window.scene.game, policy),
        dataclasses.replace(begun, memory=(begun.memory[0], (jnp.zeros(()), none, none))),
        root=root,
        replications=each,
        num_periods=window.scene.periods,
        fold=fold,
        initial=fold.initial(len(each)),
    )
    seen, (number, total, squares) = path.end.memory
    end = gathered(dataclasses.replace(path.end, memory=(seen, None)), jnp.arange(paths))
    costs = (window.worth @ path.traced).reshape(count, paths).mean(-1)
    middle = total / number
    return _Played(costs, end, middle, jnp.sqrt(jnp.maximum(squares / number - middle**2, 0.0)))


@eqx.filter_jit
def _update(
    window: _Window, learner: _Learner, chance: Chance, moves: Mlp, averages: Array
) -> tuple[_Learner, dict[str, Array], _Played]:
    """Play the mean and all tries, and move to where the better ones are (Wierstra et al. 2014, algorithm 6)."""
    mean, spread = learner.actor.network, learner.spread
    both = jax.tree.map(lambda leaf: jnp.concatenate([leaf, -leaf]), moves)
    networks = jax.tree.map(
        lambda middle, size, move: jnp.concatenate([middle[None], middle + size * move]), mean, spread, both
    )
    played = _played(window, learner.actor, networks, learner.moving, chance.root)
    costs = played.costs
    utility = jnp.zeros_like(costs[1:]).at[jnp.argsort(costs[1:])].set(window.utilities)
    to_mean, to_spread = window.rates

    def slope(leaf: Array) -> Array:
        return jnp.tensordot(utility, leaf, 1)

    after = jax.tree.map(lambda middle, size, move: middle + to_mean * size * slope(move), mean, spread, both)
    wider = jax.tree.map(
        lambda size, move: size * jnp.exp(to_spread / 2.0 * slope(move**2 - 1.0)), spread, both
    )
    fine = is_fine((after, wider)) & jnp.isfinite(costs).all()
    network, wider = kept(fine, (after, wider), (mean, spread))
    weight = learner.weight + averages
    averaged = toward(learner.averaged.network, network, averages / jnp.maximum(weight, 1.0))
    sizes = jnp.concatenate([leaf.reshape(-1) for leaf in jax.tree.leaves(wider)])
    return (
        _Learner(
            dataclasses.replace(learner.actor, network=network),
            wider,
            kept(fine, window.scene.going_on(played.end, chance), window.scene.first),
            dataclasses.replace(learner.averaged, network=averaged),
            weight,
        ),
        {FINE: fine, "losses/cost": costs[0], "losses/spread": sizes.mean()},
        played,
    )


def train(
    problem: Problem,
    config: EvolutionConfig,
    *,
    key: Array,
    tell: Tell = tell_nobody,
    checkpoint: Checkpoint | None = None,
) -> TrainResult:
    """Learn quantities of a problem from what tries cost.

    Parameters and result are those of every learner: :class:`basestock.learning.registry.Train`.

    Notes
    -----
    Separable natural evolution strategies (Wierstra et al. 2014, https://jmlr.org/papers/v15/wierstra14a.html) with
    mirrored tries that meet the same events. Nothing needs a derivative, so that quantities are whole while learning,
    and what is outside may be hidden. Every parameter has a spread of its own. Costs count when a try has been followed
    for a while, so that stock that is only run down saves nothing.
    """
    deadline = Deadline(config.seconds, config.updates)
    own, begin_key = jax.random.split(jax.random.fold_in(key, 0))
    codec = action_codec(problem, "continuous")
    begun = beginnings(problem, codec, begin_key)
    form = GatedActor if jumping(problem, codec).any() else QuantityActor
    sizes = begun.encoder.width, *config.hidden, form.heads * len(codec.slots)
    actor = form.create(problem, begun.encoder, codec, Mlp.create(sizes, own, last=0.0))
    window = _window(problem, config, begun, actor)
    run = Run(problem, "evolution", config, key, deadline, tell, checkpoint)
    learner = _Learner(actor, _spreads(problem, actor, config.spread), window.scene.first, actor, scalar(0.0))
    chance, moves = window.scene.chance(training_key(key, 0)), _moves(actor.network, config.pairs, key, 0)
    program = compiling(_update, window, learner, chance, moves, scalar(0.0))
    if not run.resumes:
        # Its play is compiled beside the updates.
        run.look(0, actor)
        if update := run.in_time(program):
            learner = _begun(problem, config, window, learner, update, chance)
            run.look(0, learner.actor)

    def step(
        update: Any, learner: _Learner, done: int, share: float
    ) -> tuple[_Learner, dict[str, Array | float]]:
        chance = window.scene.chance(training_key(key, done))
        moves = _moves(actor.network, config.pairs, key, done)
        return update(window, learner, chance, moves, scalar(share >= config.averaged))[:2]

    learner = run.updated(
        *(learner, program, step, lambda learner: learner.actor),
        steps=window.scene.periods * window.scene.paths * (2 * config.pairs + 1),
    )
    return run.finished(run.done, run.ending, {"last": learner.actor, "averaged": learner.averaged})


def _window(problem: Problem, config: EvolutionConfig, begun: Beginnings, actor: QuantityActor) -> _Window:
    """Return what updates read."""
    clock = begun.encoder.clock
    before = config.followed * math.ceil(float(lead_periods(problem).max())) + config.beyond
    periods = clock.stretch(3 * before)
    scene = scene_of(
        *(problem, begun, periods, config.paths), restarts=config.restarts, most_cells=config.most_cells
    )
    counts = np.ones(periods)
    if problem.averages and clock.repeats:
        counts[:before] = 0.0
    elif periods >= clock.periods:
        counts[: scene.skipped] = 0.0
    worth = counts * (problem.discount if problem.discounts else 1.0) ** np.arange(periods)
    tries = 2 * config.pairs
    # Half of the tries count, the best most; all others alike (equation 11 there).
    better = np.maximum(math.log(tries / 2 + 1) - np.log(np.arange(1, tries + 1)), 0.0)
    dimension = sum(leaf.size for leaf in jax.tree.leaves(actor.network))
    return _Window(
        scene,
        jnp.asarray(worth / worth.sum(), jnp.float32),
        jnp.asarray(better / better.sum() - 1.0 / tries, jnp.float32),
        (1.0, (3.0 + math.log(dimension)) / (5.0 * math.sqrt(dimension))),
    )


def _begun(
    problem: Problem, config: EvolutionConfig, window: _Window, learner: _Learner, update: Any, chance: Chance
) -> _Learner:
    """Return the cheapest base stock of a few, which reads quantities on the scale of its own play."""
    level, demand = _levels(problem), protection_demand(problem).mean
    # Where the prices of a problem are not those of a newsvendor, its levels tell nothing.
    middle = np.where(level > 0, level, demand)
    shares = np.arange(1, config.pairs + 1) / config.pairs
    shifts = [middle - level, *(share * middle for share in shares)]
    moved = [_shifted(learner.actor, each) for each in shifts]
    first = dataclasses.replace(learner.actor, network=moved[0])
    moves = jax.tree.map(lambda old, *new: jnp.stack(new) - old, learner.actor.network, *moved[1:])
    ones, nothing = (
        jax.tree.map(maker, like) for maker, like in ((jnp.ones_like, moved[0]), (jnp.zeros_like, moves))
    )
    one = dataclasses.replace(learner, actor=first, spread=ones)
    costs = np.asarray(update(window, one, chance, moves, scalar(0.0))[2].costs)
    which = int(np.where(np.isfinite(costs), costs, np.inf).argmin())
    every = [0.0, *shares, *-shares]
    best = dataclasses.replace(first, network=_shifted(first, every[which] * middle))
    played = update(window, dataclasses.replace(one, actor=best), chance, nothing, scalar(0.0))[2]
    middle, spread = np.asarray(played.middle), np.asarray(played.spread)
    actor = rescaled(best, np.stack([middle - spread, middle + spread]))
    return dataclasses.replace(learner, actor=actor, averaged=actor)


def _levels(problem: Problem) -> Float[np.ndarray, "node item"]:
    return np.asarray(Newsvendor.for_problem(problem).base_stock_level)[..., 0]


def _shifted(actor: QuantityActor, shift: Float[np.ndarray, "node item"]) -> Mlp:
    """Return the network of a base stock whose levels are higher by some units."""
    network, encoder = actor.network, actor.encoder
    nodes, items = len(encoder.network.nodes), len(encoder.network.items)
    bias = np.array(network.biases[-1])
    for node, item in np.ndindex(nodes, items):
        position = encoder.position(node, item)
        per_unit = np.asarray(network.linear)[:, position] / float(encoder.scale[position])
        bias[:, 0] -= per_unit * shift[node, item]
    return dataclasses.replace(network, biases=(*network.biases[:-1], jnp.asarray(bias)))


def _spreads(problem: Problem, actor: QuantityActor, size: float) -> Mlp:
    """Return the sizes of moves: outputs by what demand over the lead time varies, shared by all that add to them."""
    deviation, network = protection_demand(problem).deviation, actor.network
    typical = units_of(actor.codec)[0]
    unit = np.ones(len(typical))
    for at, place in enumerate(supplied(problem, actor.codec)):
        if place is not None:
            unit[at] = max(deviation[place] / typical[at], 1.0)
    rows = jnp.asarray(np.tile(unit, actor.heads)[:, None], jnp.float32)

    def shared(leaf: Array, each: Array | float) -> Array:
        return jnp.broadcast_to(size * each / math.sqrt(leaf.shape[1]), leaf.shape)

    return Mlp(
        (*(shared(leaf, 1.0) for leaf in network.weights[:-1]), shared(network.weights[-1], rows)),
        (*(shared(leaf, 1.0) for leaf in network.biases[:-1]), shared(network.biases[-1], rows)),
        shared(network.linear, rows),
    )


def _moves(like: PyTree, pairs: int, key: Array, done: int) -> PyTree:
    """Draw the moves of an update, ``[pair, ...]``."""
    draw = generator(jax.random.fold_in(training_key(key, done), MOVES))
    return jax.tree.map(
        lambda leaf: jnp.asarray(draw.standard_normal((pairs, *leaf.shape), np.float32)), like
    )
