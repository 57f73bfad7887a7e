"""What actor-critic learners on their own policy share: laws of actions, advantages, updates, and the run."""

import abc
import dataclasses
import math
from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, PyTree

from basestock.decision import Problem
from basestock.dynamics import Moving
from basestock.envs import action_codec
from basestock.envs.actions import ActionKind
from basestock.learning.actors import Actor, ChoiceActor, ShareActor
from basestock.learning.checkpoints import Checkpoint
from basestock.learning.deadline import Deadline, linear
from basestock.learning.experience import Chance, Experience, Scene, Stage, gathered, scalar, staged
from basestock.learning.exploration import Explorer, first_outputs
from basestock.learning.laws import LOG_SPREADS, Law, law_of
from basestock.learning.networks import Mlp, generator
from basestock.learning.results import TrainResult
from basestock.learning.runs import FINE, Run, Tell
from basestock.learning.settings import (
    Count,
    NonNegative,
    PlaySettings,
    Positive,
    PositiveShare,
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

MOST_ADVANTAGE = 5.0
"""Advantage, in mean advantages, beyond which it counts no more."""

TOLD = "policy_loss", "value_loss", "entropy", "approx_kl", "explained_variance"
"""What an update tells, by the names that CleanRL uses."""


@dataclasses.dataclass(frozen=True)
class OnPolicyConfig(PlaySettings):
    """Settings that PPO and A2C share, besides those of all that play many paths.

    Parameters
    ----------
    actions
        Encoding of actions: ``continuous``, ``multi_discrete`` or ``discrete``.
    hidden
        Widths of the hidden layers, of the policy and of the critic each.
    learning_rate, final_rate
        Step of Adam at first, and its share at the end (linear in between).
    trace
        Decay of generalized advantage estimation.
    entropy
        Weight of the entropy of the policy at first; falls as the step does.
    value
        Weight of the error of the critic.
    spread
        Standard deviation of continuous actions at first, before they are squashed.
    largest_gradient
        Norm to which the gradients of the policy and of the critic are cut.
    """

    periods: Count = 31
    # With 0.99 both of two runs with choices ran away on a backorder problem without end, with 0.97 none of six did:
    # what is still to come of a stock that grows for ever hides what the next decision is worth.
    discount: PositiveShare = 0.97
    actions: ActionKind = "continuous"
    hidden: Widths = (32, 32)
    learning_rate: Positive = 3e-3
    final_rate: Share = 0.02
    trace: Share = 0.95
    entropy: NonNegative = 0.003
    value: NonNegative = 0.5
    spread: Positive = 0.4
    largest_gradient: Positive = 0.5


class ActorCritic(eqx.Module):
    """What is learned.

    Parameters
    ----------
    network
        Of the policy.
    spread
        ``[slot, 1]`` logarithms of standard deviations of continuous actions.
    critic
        From inputs to the worth of what follows.
    """

    network: Mlp
    spread: Float[Array, "slot 1"]
    critic: Mlp


class LawExplorer(Explorer):
    """Draws actions from the law of a policy, and remembers them.

    Parameters
    ----------
    learned
        The policy.
    law
        What its outputs stand for.
    """

    learned: ActorCritic
    law: Law

    def explored(
        self, inputs: Float[Array, "input replication"], noise: Float[Array, "slot replication"]
    ) -> tuple[Array, Array]:
        """Draw an action."""
        drawn = self.law.draw(self.learned.network(inputs), self.learned.spread, noise)
        return self.law.action(drawn), drawn


class Batch(NamedTuple):
    """Decisions, a column each.

    Parameters
    ----------
    inputs
        ``[input, decision]`` what networks read.
    drawn
        ``[slot, decision]`` what was done.
    logarithms
        ``[decision]`` logarithm of the chance that it had.
    advantages
        ``[decision]`` how much better than expected it was, scaled to about unit size.
    returns
        ``[decision]`` what the critic should have said.
    """

    inputs: Array
    drawn: Array
    logarithms: Array
    advantages: Array
    returns: Array


class Method(eqx.Module):
    """What one learner does with a batch, and how often.

    Parameters
    ----------
    epochs
        Times that every decision is learned from.
    minibatches
        Steps of an epoch.
    most_change
        Approximate Kullback-Leibler divergence beyond which no further epoch is made.
    """

    epochs: int = eqx.field(static=True)
    minibatches: int = eqx.field(static=True)
    most_change: float = eqx.field(static=True)
    name: ClassVar[str]

    @abc.abstractmethod
    def loss(self, logarithms: Float[Array, " decision"], batch: Batch) -> Float[Array, ""]:
        """Return the loss of the policy, of the logarithms of what was done as they are now."""


class _Plan(eqx.Module):
    """Everything that an update reads and does not change."""

    scene: Scene
    explorer: LawExplorer
    method: Method
    order: Array
    trace: float = eqx.field(static=True)
    value: float = eqx.field(static=True)
    largest_gradient: float = eqx.field(static=True)


class _Learner(eqx.Module):
    """What an update changes."""

    learned: ActorCritic
    moments: PyTree
    moving: Moving
    averaged: Mlp
    mean_reward: Array
    done: Array
    probes: Float[Array, "input state"]


def advantages_of(
    rewards: Float[Array, "period path"],
    values: Float[Array, "read path"],
    discounts: Float[Array, " period"],
    trace: float,
) -> Float[Array, "period path"]:
    """Return generalized advantage estimates.

    Parameters
    ----------
    rewards
        Scaled rewards.
    values
        What the critic says, in the last row of what follows the last reward.
    discounts
        What the period that follows each is worth; 0 where the horizon ended.
    trace
        Decay of the estimate.

    Notes
    -----
    Schulman et al. 2016, doi:10.48550/arXiv.1506.02438.
    """
    surprises = rewards + discounts[:, None] * values[1:] - values[:-1]

    def back(after: Array, each: tuple[Array, Array]) -> tuple[Array, Array]:
        surprise, discount = each
        now = surprise + discount * trace * after
        return now, now

    return jax.lax.scan(back, jnp.zeros_like(values[0]), (surprises, discounts), reverse=True)[1]


def _batch_of(plan: _Plan, learned: ActorCritic, found: Experience, mean: Array) -> tuple[Batch, Array]:
    """Return the decisions of some experience, and the share of the variance of returns that the critic explains."""
    read, width, paths = found.inputs.shape
    flat = found.inputs.transpose(1, 0, 2).reshape(width, read * paths)
    values = learned.critic(flat)[0].reshape(read, paths)
    # In the long run only differences from the mean matter: a critic need not learn the sum of all means.
    rewards = found.rewards - (mean if plan.scene.clock.endless else 0.0)
    advantages = advantages_of(rewards, values, plan.scene.discount * found.more, plan.trace)
    returns = (advantages + values[:-1]).reshape(-1)
    explained = 1.0 - advantages.var() / jnp.maximum(returns.var(), 1e-8)
    drawn = found.drawn.transpose(1, 0, 2).reshape(found.drawn.shape[1], -1)
    inputs = flat[:, : returns.size]
    law = plan.explorer.law
    logarithms = law.logarithm(learned.network(inputs), learned.spread, drawn)
    level = advantages.reshape(-1)
    level = level - level.mean()
    # By the mean distance, and cut: a few paths far off would otherwise leave nothing of all others.
    level = jnp.clip(level / (jnp.abs(level).mean() + 1e-8), -MOST_ADVANTAGE, MOST_ADVANTAGE)
    return Batch(inputs, drawn, logarithms, level, returns), explained


def _loss(learned: ActorCritic, plan: _Plan, batch: Batch, weight: Array) -> tuple[Array, Array]:
    """Return the whole loss; besides, those of policy and critic, entropy, and divergence."""
    law = plan.explorer.law
    outputs = learned.network(batch.inputs)
    logarithms = law.logarithm(outputs, learned.spread, batch.drawn)
    policy = plan.method.loss(logarithms, batch)
    critic = optax.huber_loss(learned.critic(batch.inputs)[0], batch.returns, delta=FAR).mean()
    entropy = law.entropy(outputs, learned.spread).mean()
    # An estimate that is never negative (Schulman 2020, http://joschu.net/blog/kl-approx.html).
    apart = logarithms - batch.logarithms
    divergence = (jnp.exp(apart) - 1.0 - apart).mean()
    whole = policy + plan.value * critic - weight * entropy
    return whole, jnp.stack([policy, critic, entropy, divergence])


def _cut(gradient: ActorCritic, largest: float) -> ActorCritic:
    """Cut the gradients of policy and critic, each to a norm: a critic far off would leave the policy none."""
    network, spread = cut((gradient.network, gradient.spread), largest)
    return ActorCritic(network, spread, cut(gradient.critic, largest))


def _steps(
    plan: _Plan, learner: _Learner, batch: Batch, rate: Array, weight: Array
) -> tuple[ActorCritic, PyTree, Array]:
    """Return parameters and moments after all epochs, and the losses of the last epoch that was made."""
    method, optimizer = plan.method, adam()
    slope = jax.grad(_loss, has_aux=True)

    def step(carry: tuple[ActorCritic, PyTree], picked: Array) -> tuple[tuple[ActorCritic, PyTree], Array]:
        learned, moments = carry
        part = batch if method.minibatches == 1 else Batch(*(each[..., picked] for each in batch))
        gradient, told = slope(learned, plan, part, weight)
        move, moments = optimizer.update(_cut(gradient, plan.largest_gradient), moments)
        learned = stepped(learned, move, rate)
        spread = jnp.clip(learned.spread, *LOG_SPREADS)
        return (dataclasses.replace(learned, spread=spread), moments), told

    def epoch(carry: tuple[Any, Array], picked: Array) -> tuple[tuple[Any, Array], None]:
        now, told = carry

        def go() -> tuple[Any, Array]:
            after, losses = jax.lax.scan(step, now, picked)
            return after, losses.mean(0)

        return jax.lax.cond(told[3] > method.most_change, lambda: carry, go), None

    begun = (learner.learned, learner.moments), jnp.zeros(4)
    ((learned, moments), told), _ = jax.lax.scan(epoch, begun, plan.order)
    return learned, moments, told


@eqx.filter_jit
def _update(
    plan: _Plan, learner: _Learner, chance: Chance, rate: Array, weight: Array
) -> tuple[_Learner, dict[str, Array]]:
    """Play, learn, and tell both losses, entropy, divergences, explained variance, and whether all is fine."""
    learned = learner.learned
    explorer = dataclasses.replace(plan.explorer, learned=learned)
    found, moving = gathered(plan.scene, explorer, learner.moving, chance)
    mean = recentered(learner.mean_reward, found.rewards, learner.done)
    batch, explained = _batch_of(plan, learned, found, mean)
    after, moments, told = _steps(plan, learner, batch, rate, weight)
    fine = is_fine((after, told, mean))
    averaged = toward(learner.averaged, after.network, AVERAGING)
    # States of the first update stay, so that the change of the policy is measured on the same ones all along.
    seen = jnp.where(learner.done > 0, learner.probes, probes(found.inputs))
    new = _Learner(after, moments, moving, averaged, mean, learner.done + 1, seen)
    old = dataclasses.replace(learner, moving=moving)
    losses = {f"losses/{name}": each for name, each in zip(TOLD, (*told, explained), strict=True)}
    laws = ((each.network(seen), each.spread) for each in (learned, after))
    change = plan.explorer.law.divergence(*laws).mean()
    return kept(fine, new, old), {FINE: fine, POLICY_CHANGE: change, **losses}


def learned_on_policy(
    problem: Problem,
    config: OnPolicyConfig,
    method: Method,
    *,
    key: Array,
    tell: Tell,
    checkpoint: Checkpoint | None,
) -> TrainResult:
    """Learn from what the policy itself shows.

    Parameters and result are those of every learner, :class:`basestock.learning.registry.Train`, besides ``method``,
    what is done with a batch.
    """
    deadline = Deadline(config.seconds, config.updates)
    own, stage_key = jax.random.split(jax.random.fold_in(key, 0))
    stage = staged(problem, action_codec(problem, config.actions), config, stage_key)
    learner = _begun(stage, config, own)
    explorer = LawExplorer(stage.encoder, stage.codec, learner.learned, law_of(stage.codec))
    decisions = stage.scene.periods * stage.scene.paths
    plan = _Plan(
        *(stage.scene, explorer, method, _order(method, decisions, own)),
        *(config.trace, config.value, config.largest_gradient),
    )

    def actor(network: Mlp) -> Actor:
        form = ShareActor if explorer.gaussian else ChoiceActor
        return form.of(stage.encoder, network, stage.codec)

    def step(
        update: Any, learner: _Learner, done: int, share: float
    ) -> tuple[_Learner, dict[str, Array | float]]:
        falling = linear(share, 1.0, config.final_rate)
        rate, weight = config.learning_rate * falling, config.entropy * falling
        chance = plan.scene.chance(training_key(key, done), explorer)
        learner, told = update(plan, learner, chance, scalar(rate), scalar(weight))
        return learner, {**told, "charts/learning_rate": rate}

    run = Run(problem, method.name, config, key, deadline, tell, checkpoint)
    chance = plan.scene.chance(training_key(key, 0), explorer)
    program = compiling(_update, plan, learner, chance, scalar(0.0), scalar(0.0))
    plan = dataclasses.replace(plan, scene=stage.priced(stage_key))
    learner = run.updated(
        *(learner, program, step, lambda learner: actor(learner.learned.network)),
        steps=decisions,
        chooses=not explorer.gaussian,
    )
    networks = {"last": learner.learned.network, "averaged": learner.averaged}
    return run.finished(run.done, run.ending, {name: actor(each) for name, each in networks.items()})


def _order(method: Method, decisions: int, key: Array) -> Array:
    """Return ``[epoch, minibatch, decision]`` which decisions each step learns from.

    The same in every update, whose decisions are new: sorting at random on the device is dear to compile.
    """
    draw, minibatches = generator(key), min(method.minibatches, decisions)
    size = decisions // minibatches
    orders = [draw.permutation(decisions)[: size * minibatches] for _ in range(method.epochs)]
    return jnp.asarray(np.array(orders, np.int32).reshape(method.epochs, minibatches, size))


def _begun(stage: Stage, config: OnPolicyConfig, key: Array) -> _Learner:
    """Return networks that know nothing, and the first paths."""
    policy_key, critic_key = jax.random.split(key)
    outputs = first_outputs(stage.codec)
    sizes = stage.encoder.width, *config.hidden
    network = Mlp.create((*sizes, len(outputs)), policy_key, last=0.01).biased(outputs)
    spread = np.full((len(stage.codec.slots), 1), math.log(config.spread), np.float32)
    learned = ActorCritic(network, jnp.asarray(spread), Mlp.create((*sizes, 1), critic_key, last=0.1))
    moments = adam().init(learned)
    nothing = scalar(0.0)
    seen = no_probes(stage.scene.periods, stage.encoder.width, stage.scene.paths)
    return _Learner(learned, moments, stage.scene.first, network, nothing, nothing, seen)
