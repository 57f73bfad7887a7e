"""Deep Q-learning: the value of every choice in every state, learned from transitions that are played again."""

import dataclasses
import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int, PyTree

from basestock.decision import Problem
from basestock.dynamics import Moving
from basestock.envs import ActionCodec, action_codec
from basestock.learning.actors import ChoiceActor
from basestock.learning.deadline import Deadline
from basestock.learning.networks import Mlp
from basestock.learning.replay import Replay
from basestock.learning.results import STOPPED_BY_TIME, STOPPED_BY_UPDATES, TrainResult
from basestock.learning.runs import Run, Tell
from basestock.learning.states import beginnings
from basestock.learning.streams import training_key
from basestock.learning.transitions import (
    EXPLODED,
    STOPPED_BY_NUMBERS,
    STOPPED_BY_SIZE,
    Explorer,
    Grounds,
    begun_paths,
    compiled,
    played,
)
from basestock.uncertainty import root_words


@dataclasses.dataclass(frozen=True)
class DqnConfig:
    """Settings of deep Q-learning.

    Parameters
    ----------
    seconds
        Wall time of the run, compiling included.
    updates
        Number of updates, for runs that are the same on every machine; by the clock if not given.
    hidden
        Widths of the hidden layers.
    joint
        Joint actions up to which each has a value of its own; beyond, every slot has values of its own choices.
    levels
        Choices of a slot; single units up to 50, 21 levels beyond, if not given.
    summed
        Whether the value of a joint action is the sum of the values of its slots, else each slot estimates all of it.
    double
        Whether the learned network chooses the action that the target network values.
    dueling
        Whether the value of a state is learned beside the advantages of choices.
    power
        Exponent of priorities; 0 samples uniformly.
    correction
        Exponent of the importance weights at first; it grows to 1 over the run.
    steps
        Periods whose rewards are summed before the value of the next state is read.
    discount
        Worth of a period later where costs are averaged; discounted problems have their own.
    paths
        Paths played side by side.
    periods
        Periods of an update on each path, of problems without end.
    gradient_steps
        Steps down the gradient in an update.
    draws
        Transitions of a gradient step.
    capacity
        Transitions that are remembered.
    clipped
        Error, in baseline costs of a period, beyond which the loss grows linearly; small ones favor the median outcome
        over the mean, and with it too little stock where shortage is rare and dear.
    target_every, target_share
        Gradient steps between two moves of the target network, and how far it moves; 1 and 1.0 do without one.
    learning_rate, final_rate
        Step of Adam at first, and its share at the end (cosine in between).
    epsilon, final_epsilon, decay
        Share of random choices at first and in the end, and the share of the run over which it falls.
    restarts
        Share of the paths that begin anew in an update: in the declared start or a state of random play.
    most_cells
        Places times paths times periods of an update at most.
    """

    seconds: float = 60.0
    updates: int | None = None
    hidden: tuple[int, ...] = (64, 64)
    joint: int = 256
    levels: int | None = None
    summed: bool = True
    double: bool = True
    dueling: bool = True
    power: float = 0.0
    correction: float = 0.4
    steps: int = 1
    discount: float = 0.99
    paths: int = 64
    periods: int = 16
    gradient_steps: int = 16
    draws: int = 256
    capacity: int = 100_000
    clipped: float = 10.0
    target_every: int = 1
    target_share: float = 0.01
    learning_rate: float = 2e-3
    final_rate: float = 0.02
    epsilon: float = 1.0
    final_epsilon: float = 0.05
    decay: float = 0.3
    restarts: float = 0.1
    most_cells: int = 4_000_000


class Branches(eqx.Module):
    """Which outputs are the values of the choices of each branch: of all joint actions, or of a slot.

    Parameters
    ----------
    table
        ``[branch, choice]`` output of each choice, padded by the last one of the branch.
    real
        ``[branch, choice]`` 1 where a choice is not padding.
    branch
        ``[output]`` branch of each output.
    dueling
        Whether a first output is the value of the state, and the others are advantages.
    summed
        Whether values of branches add up to that of the joint action, else their mean is taken.
    """

    table: Int[Array, "branch choice"]
    real: Float[Array, "branch choice"]
    branch: Int[Array, " output"]
    dueling: bool = eqx.field(static=True)
    summed: bool = eqx.field(static=True)

    @classmethod
    def of(cls, codec: ActionCodec, *, dueling: bool, summed: bool) -> "Branches":
        """Return the branches of a codec of discrete actions."""
        sizes = [math.prod(codec.sizes)] if codec.kind == "discrete" else list(codec.sizes)
        ends = np.cumsum([0, *sizes])
        columns = np.arange(max(sizes))
        lasts = np.array(sizes)[:, None] - 1
        table = (ends[:-1, None] + np.minimum(columns, lasts)).astype(np.int32)
        branch = np.repeat(np.arange(len(sizes)), sizes).astype(np.int32)
        real = (columns <= lasts).astype(np.float32)
        return cls(jnp.asarray(table), jnp.asarray(real), jnp.asarray(branch), dueling, summed)

    @property
    def width(self) -> int:
        """Number of outputs of the network that learns."""
        return self.branch.shape[0] + int(self.dueling)

    def values(self, outputs: Float[Array, "raw replication"]) -> Float[Array, "output replication"]:
        """Return the value of every choice; linear in the outputs (Wang et al. 2016, doi:10.48550/arXiv.1511.06581)."""
        if not self.dueling:
            return outputs
        value, advantage = outputs[:1], outputs[1:]
        mean = (advantage[self.table] * self.real[..., None]).sum(1) / self.real.sum(1)[:, None]
        share = 1.0 / len(self.table) if self.summed else 1.0
        return share * value + advantage - mean[self.branch]

    def folded(self, network: Mlp) -> Mlp:
        """Return the network whose outputs are the values themselves."""
        return dataclasses.replace(
            network,
            weights=(*network.weights[:-1], self.values(network.weights[-1])),
            biases=(*network.biases[:-1], self.values(network.biases[-1])),
            linear=self.values(network.linear),
        )

    def best(self, values: Array, judged: Array) -> Float[Array, "branch draw"]:
        """Return what one network's ``values`` say of the choices that are best by ``judged``."""
        chosen = judged[self.table].argmax(1)
        return jnp.take_along_axis(values[self.table], chosen[:, None], 1)[:, 0]

    def taken(self, values: Array, action: Int[Array, "branch draw"]) -> Float[Array, "branch draw"]:
        """Return the values of the choices of an action."""
        return jnp.take_along_axis(values, self.table[:, :1] + action, 0)

    def joint(self, values: Float[Array, "branch draw"]) -> Float[Array, " draw"]:
        """Return the value of a joint action."""
        return values.sum(0) if self.summed else values.mean(0)


class _Window(eqx.Module):
    """Everything that an update reads and does not change."""

    grounds: Grounds
    branches: Branches
    actor: ChoiceActor
    config: DqnConfig = eqx.field(static=True)


class _Learner(eqx.Module):
    """What an update changes."""

    network: Mlp
    target: Mlp
    means: PyTree
    replay: Replay
    moving: Moving
    descents: Array


class _Rates(eqx.Module):
    """Where the schedules stand."""

    epsilon: Array
    rate: Array
    correction: Array


def _loss(
    network: Mlp, window: _Window, target: Mlp, sample: dict[str, Array], weights: Array
) -> tuple[Array, Array]:
    """Return the weighted mean loss, and the size of the error of each transition."""
    branches, own = window.branches, window.config.double
    outputs = network(
        jnp.concatenate([sample["inputs"], sample["following"]], 1) if own else sample["inputs"]
    )
    values = branches.values(outputs)
    draws = weights.shape[0]
    after = branches.values(target(sample["following"]))
    judged = jax.lax.stop_gradient(values[:, draws:]) if own else after
    following = branches.joint(branches.best(after, judged))
    if window.grounds.clock.endless:
        # Only differences of values matter without end; a median does not mind the few states that are far off.
        following = following - jnp.median(following)
    aim = jax.lax.stop_gradient(sample["reward"][0] + sample["worth"][0] * following)
    taken = branches.taken(values[:, :draws], sample["action"])
    errors = aim[None] - (taken.sum(0, keepdims=True) if branches.summed else taken)
    losses = optax.huber_loss(errors, delta=window.config.clipped)
    return (weights * losses).mean(), jnp.abs(errors).mean(0)


def _descended(
    window: _Window, learner: _Learner, key: Array, rates: _Rates
) -> tuple[_Learner, tuple[Array, Array]]:
    """Make one gradient step on transitions that are drawn anew."""
    config = window.config
    sample = learner.replay.sample(key, config.draws, rates.correction)
    slope = jax.value_and_grad(_loss, has_aux=True)
    (loss, errors), gradient = slope(
        learner.network, window, learner.target, sample.transitions, sample.weights
    )
    step, means = _adam().update(gradient, learner.means)
    network = jax.tree.map(lambda old, move: old - rates.rate * move, learner.network, step)
    descents = learner.descents + 1
    share = jnp.where(descents % config.target_every == 0, config.target_share, 0.0)
    target = jax.tree.map(lambda old, new: old + share * (new - old), learner.target, network)
    replay = learner.replay.revalued(sample.columns, errors)
    after = _Learner(network, target, means, replay, learner.moving, descents)
    return after, (loss, optax.tree.norm(gradient))


@eqx.filter_jit
def _update(
    window: _Window, learner: _Learner, key: Array, rates: _Rates
) -> tuple[_Learner, dict[str, Array]]:
    """Play some periods, remember them, and make some gradient steps."""
    events, begin_key, draw_key = jax.random.split(key, 3)
    actor = dataclasses.replace(window.actor, network=window.branches.folded(learner.network))
    grounds = window.grounds
    explorer = Explorer(actor, grounds.ends, rates.epsilon)
    moving = begun_paths(grounds, learner.moving, rates.epsilon, begin_key)
    end, found = played(grounds, explorer, moving, root_words(events), window.config.steps)
    transitions = jax.tree.map(lambda leaf: jnp.moveaxis(leaf, 0, -2).reshape(*leaf.shape[1:-1], -1), found)
    learner = dataclasses.replace(learner, moving=end, replay=learner.replay.added(transitions))
    keys = jax.random.split(draw_key, window.config.gradient_steps)
    learner, (losses, sizes) = jax.lax.scan(lambda at, own: _descended(window, at, own, rates), learner, keys)
    told = {"td_loss": losses.mean(), "gradient_norm": sizes.mean(), "reward": transitions["reward"].mean()}
    return learner, told


def _adam() -> optax.GradientTransformation:
    return optax.chain(optax.clip_by_global_norm(10.0), optax.scale_by_adam(0.9, 0.999))


def train(problem: Problem, config: DqnConfig, *, key: Array, tell: Tell = lambda point: None) -> TrainResult:
    """Learn the values of choices by deep Q-learning.

    Parameters
    ----------
    problem
        Any simulated problem.
    config
        Settings.
    key
        Key of the run: weights, training and selection events follow from it.
    tell
        Is told every point of the curve.

    Returns
    -------
    TrainResult
        The cheapest candidate on events of selection: the learned network, the target network, or the best point of the
        curve.

    Notes
    -----
    Mnih et al. 2015 (doi:10.1038/nature14236), with double estimates (van Hasselt et al. 2016,
    doi:10.48550/arXiv.1509.06461), dueling heads, prioritized replay, and values factorized by slot where joint
    actions are many (Tavakoli et al. 2018, doi:10.48550/arXiv.1711.08946). Rewards are savings on the newsvendor's
    base stock in units of its cost. Without end, values are relative: their median over a batch is taken off, as in
    relative value iteration (Abounadi et al. 2001, doi:10.1137/S0363012999361974).
    """
    deadline = Deadline(config.seconds, config.updates)
    own, begin_key = jax.random.split(jax.random.fold_in(key, 0))
    window, learner = _set_up(problem, config, own, begin_key)
    run = Run(problem, "dqn", config, key, deadline, tell)
    rates = _rates(config, 0.0)
    # Two programs are compiled beside each other.
    with ThreadPoolExecutor(1) as beside:
        compiling = beside.submit(compiled, _update, window, learner, training_key(key, 0), rates)
        grounds = window.grounds.priced(problem, key)
        run.look(0, _actor(window, learner.network))
        update = compiling.result()
    window = dataclasses.replace(window, grounds=grounds)
    done, stopped = 0, STOPPED_BY_TIME if config.updates is None else STOPPED_BY_UPDATES
    while (share := deadline.share(done, run.reserve)) < 1.0:
        after, told = update(window, learner, training_key(key, done), _rates(config, share))
        loss = float(told["td_loss"])
        if not loss < EXPLODED:
            stopped = STOPPED_BY_SIZE if math.isfinite(loss) else STOPPED_BY_NUMBERS
            break
        learner, done = after, done + 1
        if run.is_due(share):
            run.look(
                done, _actor(window, learner.network), **{name: float(each) for name, each in told.items()}
            )
    last = {"last": _actor(window, learner.network), "target": _actor(window, learner.target)}
    return run.finished(done, stopped, last)


def _actor(window: _Window, network: Mlp) -> ChoiceActor:
    """Return the policy that takes the best choices of a network."""
    return dataclasses.replace(window.actor, network=_folded(window.branches, network))


@eqx.filter_jit
def _folded(branches: Branches, network: Mlp) -> Mlp:
    return branches.folded(network)


def _rates(config: DqnConfig, share: float) -> _Rates:
    """Return the schedules after a share of the run."""
    epsilon = config.epsilon + (config.final_epsilon - config.epsilon) * min(
        share / max(config.decay, 1e-9), 1.0
    )
    falls = config.final_rate + (1 - config.final_rate) * 0.5 * (1 + math.cos(math.pi * share))
    correction = config.correction + (1.0 - config.correction) * share
    each = (epsilon, config.learning_rate * falls, correction)
    return _Rates(*(jnp.asarray(np.float32(number)) for number in each))


def _codec(problem: Problem, config: DqnConfig) -> ActionCodec:
    """Return joint choices where they are few, else choices of every slot."""
    codec = action_codec(problem, "multi_discrete", levels=config.levels)
    few = math.prod(codec.sizes) <= config.joint
    return dataclasses.replace(codec, kind="discrete") if few else codec


def _set_up(problem: Problem, config: DqnConfig, own: Array, begin_key: Array) -> tuple[_Window, _Learner]:
    """Return what updates read, and what they change."""
    codec = _codec(problem, config)
    begun = beginnings(problem, codec, begin_key)
    branches = Branches.of(codec, dueling=config.dueling, summed=config.summed)
    width = begun.encoder.width
    network = Mlp.create((width, *config.hidden, branches.width), own, last=0.1)
    grounds = Grounds.of(
        *(problem, codec, begun),
        paths=config.paths,
        periods=config.periods,
        discount=config.discount,
        restarts=config.restarts,
        most_cells=config.most_cells,
    )
    count = grounds.periods * grounds.paths
    rows = {"inputs": width, "reward": 1, "worth": 1, "following": width}
    example: dict[str, np.ndarray] = {name: np.zeros((row, count), np.float32) for name, row in rows.items()}
    example["action"] = np.zeros((len(branches.table), count), np.int32)
    replay = Replay.create(example, config.capacity, power=config.power)
    nothing, learned = jnp.asarray(np.zeros((), np.int32)), cast(Any, network)
    learner = _Learner(network, network, _adam().init(learned), replay, grounds.first, nothing)
    return _Window(grounds, branches, ChoiceActor(begun.encoder, network, codec), config), learner
