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
from jaxtyping import Array, Float, PyTree

from basestock.decision import Problem
from basestock.dynamics import Moving
from basestock.envs import ActionCodec, action_codec
from basestock.learning.actors import ShareActor
from basestock.learning.checkpoints import Checkpoint
from basestock.learning.deadline import Deadline, linear
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
from basestock.learning.networks import Mlp, generator
from basestock.learning.replay import Replay
from basestock.learning.results import TrainResult
from basestock.learning.runs import FINE, Run, Tell
from basestock.learning.settings import Count, PlaySettings, Positive, PositiveShare, Share, Widths
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
class OffPolicyConfig(PlaySettings):
    """Settings that SAC, TD3 and DDPG share, besides those of all that play many paths.

    Parameters
    ----------
    hidden
        Widths of the hidden layers, of the policy and of every critic.
    steps, batch
        Gradient steps of an update, and transitions of a step.
    capacity
        Transitions that are remembered.
    learning_rate, final_rate
        Step of Adam at first, and its share at the end (linear in between).
    following
        Share of the way that targets go in a step to what they follow.
    largest_gradient
        Norm to which the gradients of the policy and of the critics are cut.
    """

    paths: Count = 32
    periods: Count = 15
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

    network: Mlp
    critics: tuple[Mlp, ...]
    targets: tuple[Mlp, ...]
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
    values_entropy: ClassVar[bool] = False

    @abc.abstractmethod
    def first_outputs(self, codec: ActionCodec) -> np.ndarray:
        """Return ``[output]`` of the policy network before it has learned anything."""

    @abc.abstractmethod
    def followed(self, network: Mlp, critics: tuple[Mlp, ...]) -> tuple[Mlp, ...]:
        """Return what the targets follow."""

    @abc.abstractmethod
    def explored(
        self, outputs: Float[Array, "output replication"], noise: Float[Array, "slot replication"]
    ) -> Float[Array, "slot replication"]:
        """Return shares to try, of outputs of the policy and standard normal noise."""

    @abc.abstractmethod
    def ahead(self, learned: Learned, inputs: Array, noise: Array) -> Float[Array, " decision"]:
        """Return what the next period and all later ones are worth."""

    @abc.abstractmethod
    def loss(
        self, changed: tuple[Mlp, Array], learned: Learned, inputs: Array, noise: Array, entropy: Array
    ) -> tuple[Float[Array, ""], Float[Array, ""]]:
        """Return the loss of the policy network and of the temperature, and that of the policy network alone."""


def worth(critics: tuple[Mlp, ...], inputs: Array, shares: Array) -> Float[Array, "critic decision"]:
    """Return what each critic says of some shares."""
    read = jnp.concatenate([inputs, shares])
    return jnp.concatenate([critic(read) for critic in critics])


class MethodExplorer(Explorer):
    """Tries what a method tries, and remembers the shares.

    Parameters
    ----------
    network
        Of the policy.
    method
        The learner.
    """

    network: Mlp
    method: ActorCriticMethod

    def explored(
        self, inputs: Float[Array, "input replication"], noise: Float[Array, "slot replication"]
    ) -> tuple[Array, Array]:
        """Try shares."""
        shares = self.method.explored(self.network(inputs), noise)
        return shares, shares


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
    averaged: Mlp
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

    def critics_loss(critics: tuple[Mlp, ...]) -> tuple[Array, Array]:
        said = worth(critics, batch.inputs, batch.drawn)
        return optax.huber_loss(said, aim[None], delta=FAR).mean(1).sum(), said[0].mean()

    (critic_loss, said), slope = jax.value_and_grad(critics_loss, has_aux=True)(learned.critics)
    move, critic_moments = optimizer.update(cut(slope, plan.largest_gradient), critic_moments)
    critics = stepped(learned.critics, move, rate)
    learned = dataclasses.replace(learned, critics=critics)
    policy = learned.network, learned.temperature

    def go() -> tuple[tuple[Mlp, Array], PyTree, Array]:
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
    if plan.explorer.method.values_entropy:
        shown["losses/alpha"] = jnp.exp(new.learned.temperature)
    slots = plan.explorer.rows
    first, second = (jnp.tanh(each.network(seen)[:slots]) for each in (learner.learned, after[0]))
    # Shares lie in [-1, 1]: half of their distance is that of quantities, as a share of their range.
    return new, {FINE: fine, POLICY_CHANGE: 0.5 * jnp.abs(second - first).mean(), **shown}


def learned_off_policy(
    problem: Problem,
    config: OffPolicyConfig,
    method: ActorCriticMethod,
    *,
    key: Array,
    tell: Tell,
    checkpoint: Checkpoint | None,
    entropies: tuple[float, float] = (0.0, 0.0),
) -> TrainResult:
    """Learn from transitions that are remembered.

    Parameters and result are those of every learner, :class:`basestock.learning.registry.Train`, besides ``method``,
    what is done with a transition, and ``entropies``, what entropy is aimed at at first and at the end, nats a slot.
    """
    deadline = Deadline(config.seconds, config.updates)
    own, stage_key = jax.random.split(jax.random.fold_in(key, 0))
    stage = staged(problem, action_codec(problem, "continuous"), config, stage_key)
    learner = _begun(stage, config, method, own)
    explorer = MethodExplorer(stage.encoder, stage.codec, learner.learned.network, method)
    plan = _Plan(
        *(stage.scene, explorer),
        *(config.steps, config.batch, config.following, config.largest_gradient),
    )

    def actor(network: Mlp) -> ShareActor:
        return ShareActor(stage.encoder, network, stage.codec)

    def random(number: int) -> tuple[Chance, Array, Array]:
        now = training_key(key, number)
        shape = config.steps, 2, explorer.rows, config.batch
        noise = generator(jax.random.fold_in(now, 1)).standard_normal(shape, np.float32)
        return plan.scene.chance(now, explorer), jnp.asarray(noise), now

    def step(
        update: Any, learner: _Learner, done: int, share: float
    ) -> tuple[_Learner, dict[str, Array | float]]:
        rate = config.learning_rate * linear(share, 1.0, config.final_rate)
        entropy = explorer.rows * linear(share, *entropies)
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
    slots, width = len(stage.codec.slots), stage.encoder.width
    outputs = method.first_outputs(stage.codec)
    network = Mlp.create((width, *config.hidden, len(outputs)), keys[0], last=0.01).biased(outputs)
    critics = tuple(Mlp.create((width + slots, *config.hidden, 1), each, last=0.1) for each in keys[1:])
    temperature = scalar(math.log(0.1))
    learned = Learned(network, critics, method.followed(network, critics), temperature)
    count = stage.scene.periods * stage.scene.paths
    example = Transitions.blank(width, slots, count)
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

    def followed(self, network: Mlp, critics: tuple[Mlp, ...]) -> tuple[Mlp, ...]:
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
        self, changed: tuple[Mlp, Array], learned: Learned, inputs: Array, noise: Array, entropy: Array
    ) -> tuple[Float[Array, ""], Float[Array, ""]]:
        """Return minus what the first critic says."""
        said = worth(learned.critics[:1], inputs, jnp.tanh(changed[0](inputs)))
        return -said.mean(), -said.mean()
