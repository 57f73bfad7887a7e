"""What actor-critic learners that replay transitions share: critics that follow slowly, updates, and the run."""

import abc
import dataclasses
import math
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.typing import DTypeLike
from jaxtyping import Array, Float, PyTree

from basestock.decision import Problem
from basestock.dynamics import Moving
from basestock.envs import ActionCodec, action_codec
from basestock.envs.actions import ActionKind
from basestock.learning.actors import Actor, ShareActor
from basestock.learning.checkpoints import Checkpoint
from basestock.learning.deadline import Deadline, linear
from basestock.learning.encoding import Encoder
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
from basestock.learning.exploration import Explorer, first_outputs
from basestock.learning.networks import generator
from basestock.learning.recurrence import History, Network, network_of
from basestock.learning.replay import Replay
from basestock.learning.results import TrainResult
from basestock.learning.runs import FINE, Run, Tell
from basestock.learning.settings import (
    Count,
    NetworkSettings,
    Positive,
    PositiveShare,
    Reading,
    Share,
    Widths,
)
from basestock.learning.streams import training_key
from basestock.learning.updates import (
    AVERAGING,
    FAR,
    POLICY_CHANGE,
    adam,
    compiling,
    cut,
    is_fine,
    kept,
    no_probes,
    probes,
    recentered,
    stepped,
    toward,
)

TOLD = "actor_loss", "qf_loss", "qf1_values"
"""What an update tells, by the names that CleanRL uses."""


@dataclasses.dataclass(frozen=True)
class OffPolicyConfig(NetworkSettings):
    """Settings that SAC, TD3 and DDPG share, besides those of all that play many paths.

    Parameters
    ----------
    hidden
        Widths of the hidden layers, of the policy and of every critic.
    steps, batch
        Gradient steps of an update, and transitions of a step.
    capacity
        Transitions that are remembered, at least those of an update: with 1 nothing older is replayed.
    learning_rate, final_rate
        Step of Adam at first, and its share at the end (linear in between).
    following
        Share of the way that targets go in a step to what they follow.
    largest_gradient
        Norm to which the gradients of the policy and of the critics are cut.
    """

    paths: Count = 32
    periods: Count = 15
    network: Reading = "flat"
    hidden: Widths = (32, 32)
    steps: Count = 64
    batch: Count = 256
    capacity: Count = 100_000
    learning_rate: Positive = 2e-3
    final_rate: Share = 0.05
    following: PositiveShare = 0.01
    largest_gradient: Positive = 1.0


class Learned(eqx.Module):
    """What is learned.

    Parameters
    ----------
    network
        Of the policy.
    critics
        From inputs and shares to the worth of what follows.
    targets
        Networks that follow others slowly.
    temperature
        Logarithm of the worth of entropy.
    """

    network: Network
    critics: tuple[Network, ...]
    targets: tuple[Network, ...]
    temperature: Float[Array, ""]


class ActorCriticMethod(eqx.Module):
    """What one learner does with a transition.

    Parameters
    ----------
    twins
        Number of critics, the lowest of which is believed.
    delay
        Steps of the critics for a step of the policy.
    """

    twins: int = eqx.field(static=True)
    delay: int = eqx.field(static=True)
    name: ClassVar[str]
    form: ClassVar[type[Actor]] = ShareActor
    kind: ClassVar[DTypeLike] = np.float32

    def branches(self, codec: ActionCodec) -> int:
        """Return the numbers that an action is remembered by."""
        return len(codec.slots)

    def critic(self, reads: Encoder | History, codec: ActionCodec, hidden: Widths, key: Array) -> Network:
        """Return a critic that knows nothing."""
        return network_of(reads, (*hidden, 1), key, beside=len(codec.slots), last=0.1)

    def said(
        self, critics: tuple[Network, ...], inputs: Array, drawn: Array
    ) -> Float[Array, "critic decision"]:
        """Return what each critic says of actions."""
        return worth(critics, inputs, drawn)

    def action(self, drawn: Array) -> Array:
        """Return the action of the codec."""
        return drawn

    def moved(self, before: Array, after: Array, slots: int) -> Float[Array, ""]:
        """Return how far a policy moved, of its outputs before and after."""
        first, second = (jnp.tanh(each[:slots]) for each in (before, after))
        # Shares lie in [-1, 1]: half of their distance is that of quantities, as a share of their range.
        return 0.5 * jnp.abs(second - first).mean()

    def aimed(self, codec: ActionCodec, share: float) -> float:
        """Return the entropy that is aimed at after a share of the run, nats."""
        return 0.0

    @abc.abstractmethod
    def first_outputs(self, codec: ActionCodec) -> np.ndarray:
        """Return ``[output]`` of the policy network before it has learned anything."""

    @abc.abstractmethod
    def followed(self, network: Network, critics: tuple[Network, ...]) -> tuple[Network, ...]:
        """Return what the targets follow."""

    @abc.abstractmethod
    def explored(
        self, outputs: Float[Array, "output replication"], noise: Float[Array, "slot replication"]
    ) -> Array:
        """Return what to try, of outputs of the policy and of noise: standard normal for shares, else uniform."""

    @abc.abstractmethod
    def ahead(self, learned: Learned, inputs: Array, noise: Array) -> Float[Array, " decision"]:
        """Return what the next period and all later ones are worth."""

    @abc.abstractmethod
    def loss(
        self, changed: tuple[Network, Array], learned: Learned, inputs: Array, noise: Array, entropy: Array
    ) -> tuple[Float[Array, ""], Float[Array, ""]]:
        """Return the loss of the policy network and of the temperature, and that of the policy network alone."""

    def told(self, learned: Learned, inputs: Array, noise: Array) -> dict[str, Array]:
        """Return what else an update tells, of states and standard normal noise for each."""
        return {}


def worth(critics: tuple[Network, ...], inputs: Array, shares: Array) -> Float[Array, "critic decision"]:
    """Return what each critic says of some shares."""
    read = jnp.concatenate([inputs, shares])
    return jnp.concatenate([critic(read) for critic in critics])


class MethodExplorer(Explorer):
    """Tries what a method tries, and remembers it.

    Parameters
    ----------
    network
        Of the policy.
    method
        The learner.
    """

    network: Network
    method: ActorCriticMethod

    def explored(
        self, inputs: Float[Array, "input replication"], noise: Float[Array, "slot replication"]
    ) -> tuple[Array, Array]:
        """Try something."""
        drawn = self.method.explored(self.network(inputs), noise)
        return self.method.action(drawn), drawn


class _Plan(eqx.Module):
    """Everything that an update reads and does not change."""

    scene: Scene
    explorer: MethodExplorer
    steps: int = eqx.field(static=True)
    batch: int = eqx.field(static=True)
    following: float = eqx.field(static=True)
    largest_gradient: float = eqx.field(static=True)


class _Learner(eqx.Module):
    """What an update changes."""

    learned: Learned
    policy_moments: PyTree
    critic_moments: PyTree
    replay: Replay
    moving: Moving
    averaged: Network
    mean_reward: Array
    done: Array
    probes: Float[Array, "input state"]


_Carry = tuple[Learned, PyTree, PyTree]


def _step(
    plan: _Plan, carry: _Carry, batch: Transitions, noise: Array, turn: Array, told: tuple[Array, Array]
) -> tuple[_Carry, Array]:
    """Make one step of the critics, and one of the policy where it is its turn."""
    learned, policy_moments, critic_moments = carry
    rate, entropy = told
    method, optimizer = plan.explorer.method, adam()
    ahead = method.ahead(learned, batch.following, noise[0])
    aim = jax.lax.stop_gradient(batch.rewards + batch.worth * ahead)

    def critics_loss(critics: tuple[Network, ...]) -> tuple[Array, Array]:
        said = method.said(critics, batch.inputs, batch.drawn)
        return optax.huber_loss(said, aim[None], delta=FAR).mean(1).sum(), said[0].mean()

    (critic_loss, said), slope = jax.value_and_grad(critics_loss, has_aux=True)(learned.critics)
    move, critic_moments = optimizer.update(cut(slope, plan.largest_gradient), critic_moments)
    critics = stepped(learned.critics, move, rate)
    learned = dataclasses.replace(learned, critics=critics)
    policy = learned.network, learned.temperature

    def go() -> tuple[tuple[Network, Array], PyTree, Array]:
        slope, loss = jax.grad(method.loss, has_aux=True)(policy, learned, batch.inputs, noise[1], entropy)
        by, moments = optimizer.update(cut(slope, plan.largest_gradient), policy_moments)
        return stepped(policy, by, rate), moments, loss

    if method.delay == 1:
        policy, policy_moments, loss = go()
    else:
        policy, policy_moments, loss = jax.lax.cond(turn, go, lambda: (policy, policy_moments, jnp.zeros(())))
    targets = toward(learned.targets, method.followed(policy[0], critics), plan.following)
    learned = Learned(policy[0], critics, targets, policy[1])
    return (learned, policy_moments, critic_moments), jnp.stack([loss * method.delay, critic_loss, said])


@eqx.filter_jit
def _update(
    plan: _Plan,
    learner: _Learner,
    chance: Chance,
    noise: Float[Array, "step two slot draw"],
    key: Array,
    told: tuple[Array, Array],
) -> tuple[_Learner, dict[str, Array]]:
    """Play, remember, learn; tell losses of policy and critics, what they say, temperature, and whether all is fine."""
    explorer = dataclasses.replace(plan.explorer, network=learner.learned.network)
    found, moving = gathered(plan.scene, explorer, learner.moving, chance)
    replay = learner.replay.added(transitions_of(found, plan.scene.discount).flat())
    mean = recentered(learner.mean_reward, found.rewards, learner.done)
    # In the long run only differences from the mean matter: critics need not learn the sum of all means.
    off = mean if plan.scene.clock.endless else 0.0

    def step(carry: _Carry, each: tuple[Array, Array, Array]) -> tuple[_Carry, Array]:
        key, noise, number = each
        batch = replay.sample(key, plan.batch).transitions
        batch = batch._replace(rewards=batch.rewards - off)
        return _step(plan, carry, batch, noise, number % plan.explorer.method.delay == 0, told)

    begun = learner.learned, learner.policy_moments, learner.critic_moments
    each = jax.random.split(key, plan.steps), noise, jnp.arange(plan.steps)
    after, losses = jax.lax.scan(step, begun, each)
    losses = losses.mean(0)
    fine = is_fine((after[0], losses, mean))
    averaged = toward(learner.averaged, after[0].network, AVERAGING)
    # States of the first update stay, so that the change of the policy is measured on the same ones all along.
    seen = jnp.where(learner.done > 0, learner.probes, probes(found.inputs))
    changed = _Learner(*after, replay, moving, averaged, mean, learner.done + 1, seen)
    new = kept(fine, changed, dataclasses.replace(learner, replay=replay, moving=moving))
    shown = {f"losses/{name}": each for name, each in zip(TOLD, losses, strict=True)}
    some = min(plan.batch, seen.shape[1])
    shown |= plan.explorer.method.told(new.learned, seen[:, :some], noise[0, 0, :, :some])
    first, second = (each.network(seen) for each in (learner.learned, after[0]))
    change = plan.explorer.method.moved(first, second, plan.explorer.rows)
    shown["charts/reward"] = found.rewards.mean()
    return new, {FINE: fine, POLICY_CHANGE: change, **shown}


def learned_off_policy(
    problem: Problem,
    config: OffPolicyConfig,
    method: ActorCriticMethod,
    *,
    key: Array,
    tell: Tell,
    checkpoint: Checkpoint | None,
    actions: ActionKind = "continuous",
) -> TrainResult:
    """Learn from transitions that are remembered.

    Parameters and result are those of every learner, :class:`basestock.learning.registry.Train`, besides ``method``,
    what is done with a transition, and ``actions``, the encoding of actions.
    """
    deadline = Deadline(config.seconds, config.updates)
    own, stage_key = jax.random.split(jax.random.fold_in(key, 0))
    stage = staged(problem, action_codec(problem, actions), config, stage_key)
    learner = _begun(stage, config, method, own)
    explorer = MethodExplorer(stage.reads, stage.codec, learner.learned.network, method)
    plan = _Plan(
        *(stage.scene, explorer),
        *(config.steps, config.batch, config.following, config.largest_gradient),
    )

    def actor(network: Network) -> Actor:
        return method.form.of(stage.reads, network, stage.codec)

    def random(number: int) -> tuple[Chance, Array, Array]:
        now = training_key(key, number)
        shape = config.steps, 2, explorer.rows, config.batch
        noise = generator(jax.random.fold_in(now, 1)).standard_normal(shape, np.float32)
        return plan.scene.chance(now, explorer), jnp.asarray(noise), now

    def step(
        update: Any, learner: _Learner, done: int, share: float
    ) -> tuple[_Learner, dict[str, Array | float]]:
        rate = config.learning_rate * linear(share, 1.0, config.final_rate)
        entropy = method.aimed(stage.codec, share)
        learner, told = update(plan, learner, *random(done), (scalar(rate), scalar(entropy)))
        return learner, {**told, "charts/learning_rate": rate}

    run = Run(problem, method.name, config, key, deadline, tell, checkpoint)
    program = compiling(_update, plan, learner, *random(0), (scalar(0.0), scalar(0.0)))
    plan = dataclasses.replace(plan, scene=stage.priced(stage_key))
    learner = run.updated(
        *(learner, program, step, lambda learner: actor(learner.learned.network)),
        steps=plan.scene.periods * plan.scene.paths,
    )
    networks = {"last": learner.learned.network, "averaged": learner.averaged}
    return run.finished(run.done, run.ending, {name: actor(each) for name, each in networks.items()})


def _begun(stage: Stage, config: OffPolicyConfig, method: ActorCriticMethod, key: Array) -> _Learner:
    """Return networks that know nothing, an empty memory, and the first paths."""
    keys = jax.random.split(key, 1 + method.twins)
    width, branches = stage.reads.width, method.branches(stage.codec)
    outputs = method.first_outputs(stage.codec)
    network = network_of(stage.reads, (*config.hidden, len(outputs)), keys[0], last=0.01).biased(outputs)
    critics = tuple(method.critic(stage.reads, stage.codec, config.hidden, each) for each in keys[1:])
    temperature = scalar(math.log(0.1))
    learned = Learned(network, critics, method.followed(network, critics), temperature)
    count = stage.scene.periods * stage.scene.paths
    example = Transitions.blank(width, branches, count, method.kind)
    return _Learner(
        *(learned, adam().init((network, temperature)), adam().init(critics)),
        *(Replay.create(example, config.capacity), stage.scene.first, network, scalar(0.0), scalar(0.0)),
        no_probes(stage.scene.periods, width, stage.scene.paths),
    )


class Deterministic(ActorCriticMethod):
    """A policy without a law of its own, that follows what the first critic says uphill.

    Parameters
    ----------
    exploring
        Standard deviation of noise on shares that are tried.
    smoothing, within
        Standard deviation and bounds of noise on shares that critics are asked about ahead.
    name
        Registered name of the learner.
    """

    exploring: float = eqx.field(static=True)
    smoothing: float = eqx.field(static=True)
    within: float = eqx.field(static=True)

    def first_outputs(self, codec: ActionCodec) -> np.ndarray:
        """Return shares of an average period."""
        return first_outputs(codec)

    def followed(self, network: Network, critics: tuple[Network, ...]) -> tuple[Network, ...]:
        """Return all networks."""
        return network, *critics

    def explored(
        self, outputs: Float[Array, "output replication"], noise: Float[Array, "slot replication"]
    ) -> Float[Array, "slot replication"]:
        """Return shares with noise."""
        return jnp.clip(jnp.tanh(outputs) + self.exploring * noise, -1.0, 1.0)

    def ahead(self, learned: Learned, inputs: Array, noise: Array) -> Float[Array, " decision"]:
        """Return what the lowest target says of smoothed shares."""
        network, *critics = learned.targets
        off = jnp.clip(self.smoothing * noise, -self.within, self.within)
        shares = jnp.clip(jnp.tanh(network(inputs)) + off, -1.0, 1.0)
        return worth(tuple(critics), inputs, shares).min(0)

    def loss(
        self, changed: tuple[Network, Array], learned: Learned, inputs: Array, noise: Array, entropy: Array
    ) -> tuple[Float[Array, ""], Float[Array, ""]]:
        """Return minus what the first critic says."""
        said = worth(learned.critics[:1], inputs, jnp.tanh(changed[0](inputs)))
        return -said.mean(), -said.mean()
