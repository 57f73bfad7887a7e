"""What actor-critic learners that replay transitions share: critics that follow slowly, updates, and the run."""

import abc
import dataclasses
from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, PyTree

from basestock.decision import Problem
from basestock.dynamics import Moving
from basestock.envs import ActionCodec
from basestock.learning.actors import ShareActor
from basestock.learning.deadline import Deadline
from basestock.learning.experience import (
    AVERAGING,
    FAR,
    STOPPED_BY_DIVERGENCE,
    Chance,
    Experience,
    Explorer,
    Scene,
    Stage,
    adam,
    cut,
    first_outputs,
    gathered,
    is_fine,
    kept,
    recentered,
    staged,
    with_first_outputs,
)
from basestock.learning.networks import Mlp, generator
from basestock.learning.replay import Replay
from basestock.learning.results import STOPPED_BY_TIME, STOPPED_BY_UPDATES, TrainResult
from basestock.learning.runs import Run, Tell
from basestock.learning.streams import training_key


@dataclasses.dataclass(frozen=True)
class OffPolicyConfig:
    """Settings that SAC, TD3 and DDPG share.

    Parameters
    ----------
    seconds
        Wall time of the run, compiling included.
    updates
        Number of updates, for runs that are the same on every machine; by the clock if not given.
    hidden
        Widths of the hidden layers, of the policy and of every critic.
    paths, periods
        Paths that are played in an update, and periods of each. Problems that end are played whole, by as many paths as
        make about as many decisions.
    steps, batch
        Gradient steps of an update, and transitions of a step.
    capacity
        Transitions that are remembered.
    learning_rate, final_rate
        Step of Adam at first, and its share at the end (linear in between).
    discount
        What a reward of the next period is worth where the problem itself does not say.
    following
        Share of the way that targets go in a step to what they follow.
    largest_gradient
        Norm to which the gradients of the policy and of the critics are cut.
    restarts
        Share of the paths that begin anew in an update: in the declared start or a state of random play.
    """

    seconds: float = 60.0
    updates: int | None = None
    hidden: tuple[int, ...] = (32, 32)
    paths: int = 32
    periods: int = 15
    steps: int = 64
    batch: int = 256
    capacity: int = 100_000
    learning_rate: float = 2e-3
    final_rate: float = 0.05
    discount: float = 0.99
    following: float = 0.01
    largest_gradient: float = 1.0
    restarts: float = 0.3


class Transitions(NamedTuple):
    """What is remembered, a column a decision.

    Parameters
    ----------
    inputs, next_inputs
        ``[input, decision]`` what networks read before it and a period later.
    shares
        ``[slot, decision]`` shares of the ranges of quantities, in [-1, 1].
    rewards
        ``[decision]`` scaled rewards.
    more
        ``[decision]`` 0 where the horizon ended, else 1.
    """

    inputs: Array
    next_inputs: Array
    shares: Array
    rewards: Array
    more: Array


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


def transitions_of(found: Experience) -> Transitions:
    """Return what some experience is remembered as."""
    periods, paths = found.rewards.shape
    inputs, more = found.inputs, np.ones((periods, paths), np.float32)
    if len(inputs) == periods:
        # What is read after the end is never used.
        inputs = jnp.concatenate([inputs, inputs[-1:]])
        more[-1] = 0.0

    def flat(each: Array) -> Array:
        return each.transpose(1, 0, 2).reshape(each.shape[1], -1)

    return Transitions(
        *(flat(inputs[:-1]), flat(inputs[1:]), flat(found.drawn)),
        *(found.rewards.reshape(-1), jnp.asarray(more.reshape(-1))),
    )


_Carry = tuple[Learned, PyTree, PyTree]


def _step(
    plan: _Plan, carry: _Carry, batch: Transitions, noise: Array, turn: Array, told: tuple[Array, Array]
) -> tuple[_Carry, Array]:
    """Make one step of the critics, and one of the policy where it is its turn."""
    learned, policy_moments, critic_moments = carry
    rate, entropy = told
    method, optimizer = plan.explorer.method, adam()
    ahead = method.ahead(learned, batch.next_inputs, noise[0])
    aim = jax.lax.stop_gradient(batch.rewards + plan.scene.discount * batch.more * ahead)

    def critics_loss(critics: tuple[Mlp, ...]) -> tuple[Array, Array]:
        said = worth(critics, batch.inputs, batch.shares)
        return optax.huber_loss(said, aim[None], delta=FAR).mean(1).sum(), said[0].mean()

    (critic_loss, said), slope = jax.value_and_grad(critics_loss, has_aux=True)(learned.critics)
    move, critic_moments = optimizer.update(cut(slope, plan.largest_gradient), critic_moments)
    critics = jax.tree.map(lambda old, by: old - rate * by, learned.critics, move)
    learned = dataclasses.replace(learned, critics=critics)
    policy = learned.network, learned.temperature

    def go() -> tuple[tuple[Mlp, Array], PyTree, Array]:
        slope, loss = jax.grad(method.loss, has_aux=True)(policy, learned, batch.inputs, noise[1], entropy)
        by, moments = optimizer.update(cut(slope, plan.largest_gradient), policy_moments)
        return jax.tree.map(lambda old, by: old - rate * by, policy, by), moments, loss

    if method.delay == 1:
        policy, policy_moments, loss = go()
    else:
        policy, policy_moments, loss = jax.lax.cond(turn, go, lambda: (policy, policy_moments, jnp.zeros(())))
    targets = jax.tree.map(
        lambda old, new: old + plan.following * (new - old),
        learned.targets,
        method.followed(policy[0], critics),
    )
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
) -> tuple[_Learner, Array]:
    """Play, remember, learn; tell losses of policy and critics, what they say, temperature, and whether all is fine."""
    explorer = dataclasses.replace(plan.explorer, network=learner.learned.network)
    found, moving = gathered(plan.scene, explorer, learner.moving, chance)
    replay = learner.replay.added(transitions_of(found))
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
    fine = is_fine(after[0]) & jnp.isfinite(losses).all() & jnp.isfinite(mean)
    averaged = jax.tree.map(
        lambda old, new: old + AVERAGING * (new - old), learner.averaged, after[0].network
    )
    changed = _Learner(*after, replay, moving, averaged, mean, learner.done + 1)
    new = kept(fine, changed, dataclasses.replace(learner, replay=replay, moving=moving))
    shown = jnp.stack([jnp.exp(new.learned.temperature), fine.astype(losses.dtype)])
    return new, jnp.concatenate([losses, shown])


def learned_off_policy(
    problem: Problem,
    config: OffPolicyConfig,
    method: ActorCriticMethod,
    *,
    key: Array,
    tell: Tell,
    entropies: tuple[float, float] = (0.0, 0.0),
) -> TrainResult:
    """Learn from transitions that are remembered.

    Parameters
    ----------
    problem
        Any simulated problem.
    config
        Settings.
    method
        What is done with a transition.
    key
        Key of the run: weights, training and selection events follow from it.
    tell
        Is told every point of the curve, with scalars named as CleanRL does.
    entropies
        Entropy that is aimed at, at first and at the end, nats a slot.
    """
    deadline = Deadline(config.seconds, config.updates)
    own, stage_key = jax.random.split(jax.random.fold_in(key, 0))
    stage = staged(
        *(problem, "continuous", stage_key),
        paths=config.paths,
        periods=config.periods,
        discount=config.discount,
        restarts=config.restarts,
    )
    learner = _begun(stage, config, method, own)
    explorer = MethodExplorer(stage.encoder, stage.codec, learner.learned.network, method)
    plan = _Plan(
        *(stage.scene, explorer),
        *(config.steps, config.batch, config.following, config.largest_gradient),
    )

    def actor(network: Mlp) -> ShareActor:
        return ShareActor(stage.encoder, network, stage.codec)

    run = Run(problem, method.name, config, key, deadline, tell)
    run.look(0, actor(learner.learned.network))
    slots, paths = len(stage.codec.slots), learner.moving.state.on_hand.shape[-1]
    done, stopped = 0, STOPPED_BY_TIME if config.updates is None else STOPPED_BY_UPDATES
    while (share := deadline.share(done, run.reserve)) < 1.0:
        rate = config.learning_rate * (config.final_rate + (1.0 - config.final_rate) * (1.0 - share))
        entropy = slots * (entropies[0] + (entropies[1] - entropies[0]) * share)
        now = training_key(key, done)
        chance = plan.scene.chance(now, slots, paths, gaussian=True)
        shape = config.steps, 2, slots, config.batch
        noise = generator(jax.random.fold_in(now, 1)).standard_normal(shape, np.float32)
        told = jnp.asarray(np.float32(rate)), jnp.asarray(np.float32(entropy))
        learner, shown = _update(plan, learner, chance, jnp.asarray(noise), now, told)
        values = np.asarray(shown, dtype=float)
        if values[-1] < 1.0:
            stopped = STOPPED_BY_DIVERGENCE
            break
        done += 1
        if run.is_due(share):
            steps = plan.scene.periods * paths * done
            run.look(done, actor(learner.learned.network), **_scalars(method, values, rate, steps))
    networks = {"last": learner.learned.network, "averaged": learner.averaged}
    return run.finished(done, stopped, {name: actor(each) for name, each in networks.items()})


def _scalars(method: ActorCriticMethod, told: np.ndarray, rate: float, steps: int) -> dict[str, float]:
    """Return what an update told, by the names that CleanRL uses."""
    names = ["actor_loss", "qf_loss", "qf1_values", *(["alpha"] if method.values_entropy else [])]
    losses = {f"losses/{name}": float(value) for name, value in zip(names, told, strict=False)}
    return {**losses, "charts/learning_rate": rate, "charts/global_step": float(steps)}


def _begun(stage: Stage, config: OffPolicyConfig, method: ActorCriticMethod, key: Array) -> _Learner:
    """Return networks that know nothing, an empty memory, and the first paths."""
    keys = jax.random.split(key, 1 + method.twins)
    slots, width = len(stage.codec.slots), stage.encoder.width
    outputs = method.first_outputs(stage.codec)
    network = with_first_outputs(
        Mlp.create((width, *config.hidden, len(outputs)), keys[0], last=0.01), outputs
    )
    critics = tuple(Mlp.create((width + slots, *config.hidden, 1), each, last=0.1) for each in keys[1:])
    temperature = jnp.asarray(np.float32(np.log(0.1)))
    learned = Learned(network, critics, method.followed(network, critics), temperature)
    count = stage.scene.periods * stage.moving.state.on_hand.shape[-1]
    shapes = (width, count), (width, count), (slots, count), (count,), (count,)
    example = Transitions(*(jnp.asarray(np.zeros(shape, np.float32)) for shape in shapes))
    nothing = jnp.asarray(np.float32(0.0))
    return _Learner(
        *(learned, adam().init((network, temperature)), adam().init(critics)),
        *(Replay.create(example, config.capacity), stage.moving, network, nothing, nothing),
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
