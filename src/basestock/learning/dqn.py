"""Deep Q-learning: the value of every choice in every state, learned from transitions that are played again."""

import dataclasses
import math
from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int, PyTree

from basestock.decision import Problem
from basestock.dynamics import Moving
from basestock.envs import ActionCodec, action_codec
from basestock.learning.actors import Actor, ChoiceActor
from basestock.learning.checkpoints import Checkpoint
from basestock.learning.choices import places_of
from basestock.learning.deadline import Deadline, cosine, geometric, linear
from basestock.learning.encoding import Encoder
from basestock.learning.expectation import Expectation
from basestock.learning.experience import (
    Chance,
    Scene,
    Stage,
    Transitions,
    gathered,
    scalar,
    staged,
    transitions_of,
)
from basestock.learning.exploration import ChoiceExplorer, random_choices
from basestock.learning.local_search import LocalSearchActor
from basestock.learning.radial import Radial
from basestock.learning.recurrence import History, Network, network_of
from basestock.learning.replay import Replay
from basestock.learning.results import TrainResult
from basestock.learning.runs import FINE, Run, Tell, tell_nobody
from basestock.learning.selection import FAVORED, costs_of, favored
from basestock.learning.settings import (
    Count,
    NetworkSettings,
    Positive,
    PositiveShare,
    SettingError,
    Several,
    Share,
    Widths,
)
from basestock.learning.streams import training_key
from basestock.learning.updates import adam, compiling, cut, is_fine, kept, stepped, toward

LARGEST_GRADIENT = 10.0
"""Norm to which gradients are cut."""

SEARCHED = 0.3
"""Share of the time of a run that is left for judging a local search."""

SEARCH_PATHS = 64
"""Paths on which a local search is judged."""

ValueNetwork = Network | Radial


@dataclasses.dataclass(frozen=True)
class DqnConfig(NetworkSettings):
    """Settings of deep Q-learning, besides those of all that play many paths.

    Parameters
    ----------
    network
        ``flat``: layers of sums; ``radial``: Gaussian units with centers and widths that are learned.
    hidden
        Widths of the hidden layers; a radial network has one, of as many units as these together.
    joint
        Joint actions up to which each has a value of its own; beyond, every slot has values of its own choices.
    levels
        Choices of a slot; single units up to 50, 21 levels beyond, if not given.
    summed
        Whether the value of a joint action is the sum of the values of its slots, else each slot estimates all of it.
    search
        Whether a policy that looks a period ahead from the best choices and those beside them is a candidate in the
        end, where it saves more than chance does. Every slot then has values of its own, and the outcomes of a period
        must be listed.
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
    epsilon, final_epsilon, decay, falling
        Share of random choices at first and in the end, the share of the run over which it falls, and whether it falls
        ``linear`` or ``geometric``, by the same factor in every update. Random choices lead far away, so half as many
        paths begin anew at least.
    discount_to_end
        What a reward of the next period is worth, times what the problem says, where the problem has an end.
    reward_unit
        Money that a reward of -1 stands for; rewards are savings on a base stock in what that costs if not given.

    Raises
    ------
    SettingError
        If a value breaks the rule of its field, or a share of 0 is to be reached by a factor.
    """

    paths: Count = 64
    restarts: Share = 0.1
    network: Literal["flat", "recurrent", "radial"] = "flat"
    hidden: Widths = (64, 64)
    joint: Count = 256
    levels: Several | None = None
    summed: bool = True
    search: bool = False
    double: bool = True
    dueling: bool = True
    power: Share = 0.0
    correction: Share = 0.4
    steps: Count = 1
    gradient_steps: Count = 16
    draws: Count = 256
    capacity: Count = 100_000
    clipped: Positive = 10.0
    target_every: Count = 1
    target_share: PositiveShare = 0.01
    learning_rate: Positive = 2e-3
    final_rate: Share = 0.02
    epsilon: Share = 1.0
    final_epsilon: Share = 0.05
    decay: Share = 0.3
    falling: Literal["linear", "geometric"] = "linear"
    discount_to_end: PositiveShare = 1.0
    reward_unit: Positive | None = None

    def __post_init__(self) -> None:
        """Check every value, and what of them fits together."""
        super().__post_init__()
        if self.falling == "geometric" and not min(self.epsilon, self.final_epsilon) > 0:
            raise SettingError(
                f"dqn: epsilon is {self.epsilon} and final_epsilon {self.final_epsilon}, must be above 0 where "
                "falling is 'geometric'. Correct them."
            )


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
        table, there = places_of(codec)
        branch = np.repeat(np.arange(len(table)), there.sum(1)).astype(np.int32)
        real = there.astype(np.float32)
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

    def folded(self, network: ValueNetwork) -> ValueNetwork:
        """Return the network whose outputs are the values themselves."""
        return network.mapped(self.values)

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

    scene: Scene
    ends: Array
    branches: Branches
    actor: ChoiceActor
    config: DqnConfig = eqx.field(static=True)


class _Learner(eqx.Module):
    """What an update changes."""

    network: ValueNetwork
    target: ValueNetwork
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
    network: ValueNetwork, window: _Window, target: ValueNetwork, sample: Transitions, weights: Array
) -> tuple[Array, Array]:
    """Return the weighted mean loss, and the size of the error of each transition."""
    branches, own = window.branches, window.config.double
    outputs = network(jnp.concatenate([sample.inputs, sample.following], 1) if own else sample.inputs)
    values = branches.values(outputs)
    draws = weights.shape[0]
    after = branches.values(target(sample.following))
    judged = jax.lax.stop_gradient(values[:, draws:]) if own else after
    following = branches.joint(branches.best(after, judged))
    if window.scene.clock.endless:
        # Only differences of values matter without end; a median does not mind the few states that are far off.
        following = following - jnp.median(following)
    aim = jax.lax.stop_gradient(sample.rewards + sample.worth * following)
    taken = branches.taken(values[:, :draws], sample.drawn)
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
    step, means = adam(least=1e-8).update(cut(gradient, LARGEST_GRADIENT), learner.means)
    network = stepped(learner.network, step, rates.rate)
    descents = learner.descents + 1
    share = jnp.where(descents % config.target_every == 0, config.target_share, 0.0)
    target = toward(learner.target, network, share)
    replay = learner.replay.revalued(sample.columns, errors)
    after = _Learner(network, target, means, replay, learner.moving, descents)
    return after, (loss, optax.tree.norm(gradient))


@eqx.filter_jit
def _update(
    window: _Window, learner: _Learner, chance: Chance, key: Array, rates: _Rates
) -> tuple[_Learner, dict[str, Array]]:
    """Play some periods, remember them, and make some gradient steps."""
    explorer = _explorer(window, window.branches.folded(learner.network), rates.epsilon)
    found, moving = gathered(window.scene, explorer, learner.moving, chance)
    transitions = transitions_of(found, window.scene.discount, window.config.steps).flat()
    learner = dataclasses.replace(learner, moving=moving, replay=learner.replay.added(transitions))
    keys = jax.random.split(key, window.config.gradient_steps)
    after, (losses, sizes) = jax.lax.scan(lambda at, own: _descended(window, at, own, rates), learner, keys)
    fine = is_fine((after.network, losses))
    replay = after.replay.reverted(learner.replay, fine)
    after, learner = (dataclasses.replace(each, replay=replay) for each in (after, learner))
    return kept(fine, after, learner), {
        FINE: fine,
        "losses/td_loss": losses.mean(),
        "losses/gradient_norm": sizes.mean(),
        "charts/reward": transitions.rewards.mean(),
    }


def _explorer(window: _Window, network: ValueNetwork, epsilon: Array) -> ChoiceExplorer:
    """Return who tries choices."""
    return ChoiceExplorer(window.actor.encoder, window.actor.codec, network, window.ends, epsilon)


def train(
    problem: Problem,
    config: DqnConfig,
    *,
    key: Array,
    tell: Tell = tell_nobody,
    checkpoint: Checkpoint | None = None,
) -> TrainResult:
    """Learn the values of choices by deep Q-learning.

    Parameters and result are those of every learner: :class:`basestock.learning.registry.Train`.

    Notes
    -----
    Mnih et al. 2015 (doi:10.1038/nature14236), with double estimates (van Hasselt et al. 2016,
    doi:10.48550/arXiv.1509.06461), dueling heads, prioritized replay, and values factorized by slot where joint
    actions are many (Tavakoli et al. 2018, doi:10.48550/arXiv.1711.08946). Rewards are savings on the newsvendor's
    base stock in units of its cost. Without end, values are relative: their median over a batch is taken off, as in
    relative value iteration (Abounadi et al. 2001, doi:10.1137/S0363012999361974).
    """
    deadline = Deadline(config.seconds * (1.0 - SEARCHED * config.search), config.updates)
    own, stage_key = jax.random.split(jax.random.fold_in(key, 0))
    stage = staged(problem, _codec(problem, config), config, stage_key)
    ahead = Expectation.of(problem, stage.codec) if config.search else None
    window, learner = _begun(stage, config, own)
    explorer = _explorer(window, learner.network, scalar(0.0))

    def random(number: int, share: float) -> tuple[Chance, Array, _Rates]:
        now, rates = training_key(key, number), _rates(config, share)
        return window.scene.chance(now, explorer, restarts=float(rates.epsilon) / 2.0), now, rates

    def step(
        update: Any, learner: _Learner, done: int, share: float
    ) -> tuple[_Learner, dict[str, Array | float]]:
        chance, now, rates = random(done, share)
        learner, told = update(window, learner, chance, now, rates)
        return learner, {**told, "charts/epsilon": rates.epsilon, "charts/learning_rate": rates.rate}

    run = Run(problem, "dqn", config, key, deadline, tell, checkpoint)
    program = compiling(_update, window, learner, *random(0, 0.0))
    window = dataclasses.replace(window, scene=_priced(stage, config, stage_key))
    learner = run.updated(
        *(learner, program, step, lambda learner: _actor(window, learner.network)),
        steps=window.scene.periods * window.scene.paths,
    )
    target = _actor(window, learner.target)
    last: dict[str, Actor] = {"last": _actor(window, learner.network), "target": target}
    if ahead is None:
        return run.finished(run.done, run.ending, last)
    deadline.seconds = config.seconds
    searching = _searching(window, learner.target, ahead)
    costs = costs_of(problem, target, key)
    # Looking ahead takes long: the difference to the greedy policy is known well from few common paths.
    few = min(SEARCH_PATHS, len(costs))
    saved = costs[:few] - costs_of(problem, searching, key, paths=few)
    if not favored(saved, FAVORED):
        return run.finished(run.done, run.ending, last, {"target": float(costs.mean())})
    played = {"target": float(costs.mean()), "local search": float(costs.mean() - saved.mean())}
    return run.finished(run.done, run.ending, {**last, "local search": searching}, played)


def _priced(stage: Stage, config: DqnConfig, key: Array) -> Scene:
    """Return the scene with the unit of its rewards, and what those of the next period are worth."""
    if config.reward_unit is None:
        scene = stage.priced(key)
    else:
        scene = dataclasses.replace(stage.scene, baseline=scalar(0.0), scale=scalar(config.reward_unit))
    factor = 1.0 if scene.clock.endless else config.discount_to_end
    return dataclasses.replace(scene, discount=factor * scene.discount)


def _searching(window: _Window, network: ValueNetwork, ahead: Expectation) -> LocalSearchActor:
    """Return the policy that looks ahead from the best choices and their neighbors; values are savings, money."""
    branches = window.branches
    unit = window.scene.scale / (1.0 if branches.summed else len(branches.table))
    values = branches.folded(network).mapped(lambda outputs: unit * outputs)
    return LocalSearchActor(window.actor.encoder, values, window.actor.codec, ahead)


def _actor(window: _Window, network: ValueNetwork) -> ChoiceActor:
    """Return the policy that takes the best choices of a network."""
    return dataclasses.replace(window.actor, network=_folded(window.branches, network))


@eqx.filter_jit
def _folded(branches: Branches, network: ValueNetwork) -> ValueNetwork:
    return branches.folded(network)


def _rates(config: DqnConfig, share: float) -> _Rates:
    """Return the schedules after a share of the run."""
    falls = linear if config.falling == "linear" else geometric
    epsilon = falls(share, config.epsilon, config.final_epsilon, config.decay)
    rate = config.learning_rate * cosine(share, 1.0, config.final_rate)
    return _Rates(scalar(epsilon), scalar(rate), scalar(linear(share, config.correction, 1.0)))


def _codec(problem: Problem, config: DqnConfig) -> ActionCodec:
    """Return joint choices where they are few, else choices of every slot."""
    codec = action_codec(problem, "multi_discrete", levels=config.levels)
    joint = math.prod(codec.sizes) <= config.joint and not config.search
    return dataclasses.replace(codec, kind="discrete") if joint else codec


def _network(reads: Encoder | History, config: DqnConfig, outputs: int, key: Array) -> ValueNetwork:
    """Return a network that has learned nothing."""
    if config.network == "radial":
        return Radial.create(reads.width, sum(config.hidden), outputs, key, last=0.1)
    return network_of(reads, (*config.hidden, outputs), key, last=0.1)


def _begun(stage: Stage, config: DqnConfig, own: Array) -> tuple[_Window, _Learner]:
    """Return what updates read, and what they change."""
    codec, width = stage.codec, stage.reads.width
    branches = Branches.of(codec, dueling=config.dueling, summed=config.summed)
    network = _network(stage.reads, config, branches.width, own)
    count = stage.scene.periods * stage.scene.paths
    example = Transitions.blank(width, len(branches.table), count, np.int32)
    replay = Replay.create(example, config.capacity, power=config.power)
    ends, nothing = jnp.asarray(random_choices(codec)), jnp.asarray(np.zeros((), np.int32))
    learner = _Learner(network, network, adam(least=1e-8).init(network), replay, stage.scene.first, nothing)
    actor = ChoiceActor(stage.reads, network, codec)
    # Programs are the same for every budget.
    unhurried = dataclasses.replace(config, seconds=DqnConfig.seconds, updates=None, patience=0.0)
    return _Window(stage.scene, ends, branches, actor, unhurried), learner
