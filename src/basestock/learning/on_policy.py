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
from jaxtyping import Array, Bool, Float, PyTree

from basestock.decision import Problem
from basestock.dynamics import Moving
from basestock.envs import action_codec
from basestock.envs.actions import ActionKind
from basestock.learning.actors import Actor, ChoiceActor, ShareActor
from basestock.learning.checkpoints import Checkpoint
from basestock.learning.deadline import Deadline, linear
from basestock.learning.encoding import Clock
from basestock.learning.experience import Chance, Experience, Scene, Stage, gathered, scalar, staged
from basestock.learning.exploration import Explorer, first_outputs
from basestock.learning.floors import Floor, just_served, price_of, service_scene
from basestock.learning.laws import LOG_SPREADS, Law, law_of
from basestock.learning.networks import generator
from basestock.learning.objectives import Objective, ObjectiveSettings, aim_of, shortfall
from basestock.learning.progress import ROWS, progress
from basestock.learning.recurrence import Network, network_of
from basestock.learning.results import TrainResult
from basestock.learning.runs import FINE, Run, Tell
from basestock.learning.settings import (
    Count,
    NetworkSettings,
    NonNegative,
    Positive,
    PositiveShare,
    Reading,
    Share,
    Widths,
)
from basestock.learning.states import Beginnings
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
class OnPolicyConfig(NetworkSettings, ObjectiveSettings):
    """Settings that PPO and A2C share, besides those of all that play many paths and of objectives.

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
    network: Reading = "flat"
    hidden: Widths = (32, 32)
    learning_rate: Positive = 3e-3
    final_rate: Share = 0.02
    trace: Share = 0.95
    entropy: NonNegative = 0.003
    value: NonNegative = 0.5
    spread: Positive = 0.4
    largest_gradient: Positive = 0.5

    def window(self, problem: Problem) -> int:
        """Return the periods that an update plays."""
        return Clock.of(problem).stretch(self.periods)


class ActorCritic(eqx.Module):
    """What is learned.

    Parameters
    ----------
    network
        Of the policy.
    spread
        ``[slot, 1]`` logarithms of standard deviations of continuous actions.
    critic
        From inputs to the worth of what follows; where a risk is minimized, also from what has been paid so far.
    """

    network: Network
    spread: Float[Array, "slot 1"]
    critic: Network


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
        ``[input, decision]`` what the policy reads.
    known
        ``[known, decision]`` what the critic reads.
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
    known: Array
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
    service: Scene | None
    explorer: LawExplorer
    method: Method
    order: Array
    objective: Objective = eqx.field(static=True)
    total_discount: float = eqx.field(static=True)
    trace: float = eqx.field(static=True)
    value: float = eqx.field(static=True)
    largest_gradient: float = eqx.field(static=True)


class _Learner(eqx.Module):
    """What an update changes."""

    learned: ActorCritic
    moments: PyTree
    moving: Moving
    averaged: Network
    mean_reward: Array
    done: Array
    probes: Float[Array, "input state"]
    floor: Floor | None
    usual: Bool[Array, " path"] | None


class _Pace(NamedTuple):
    """How far an update goes: step, weight of entropy, what both are of the first ones, share of the run."""

    rate: Array
    entropy: Array
    falling: Array
    share: Array


def _actor(explorer: LawExplorer, network: Network) -> Actor:
    """Return a network as it decides."""
    form = ShareActor if explorer.gaussian else ChoiceActor
    return form.of(explorer.encoder, network, explorer.codec)


def _valued(plan: _Plan, learner: _Learner, found: Experience) -> tuple[Experience, Array]:
    """Return experience with the rewards of the objective, and what its critic reads, ``[read, known, path]``."""
    rewards, known, aim = found.rewards, found.inputs, aim_of(plan.objective)
    if plan.objective.risk != "none":
        rewards, seen = progress(plan.objective, rewards, plan.total_discount, learner.usual)
        known = jnp.concatenate([known, seen], 1)
    if learner.floor is not None and aim is not None:
        rewards = rewards - learner.floor.multiplier * shortfall(found.sales, found.demand, aim)
    return found._replace(rewards=rewards), known


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


def _batch_of(
    plan: _Plan, learned: ActorCritic, found: Experience, known: Array, mean: Array
) -> tuple[Batch, Array]:
    """Return the decisions of some experience, and the share of the variance of returns that the critic explains."""
    read, _, paths = found.inputs.shape
    flat, told = (
        each.transpose(1, 0, 2).reshape(each.shape[1], read * paths) for each in (found.inputs, known)
    )
    values = learned.critic(told)[0].reshape(read, paths)
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
    return Batch(inputs, told[:, : returns.size], drawn, logarithms, level, returns), explained


def _loss(learned: ActorCritic, plan: _Plan, batch: Batch, weight: Array) -> tuple[Array, Array]:
    """Return the whole loss; besides, those of policy and critic, entropy, and divergence."""
    law = plan.explorer.law
    outputs = learned.network(batch.inputs)
    logarithms = law.logarithm(outputs, learned.spread, batch.drawn)
    policy = plan.method.loss(logarithms, batch)
    critic = optax.huber_loss(learned.critic(batch.known)[0], batch.returns, delta=FAR).mean()
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


def _steps(plan: _Plan, learner: _Learner, batch: Batch, pace: _Pace) -> tuple[ActorCritic, PyTree, Array]:
    """Return parameters and moments after all epochs, and the losses of the last epoch that was made."""
    method, optimizer = plan.method, adam()
    slope = jax.grad(_loss, has_aux=True)

    def step(carry: tuple[ActorCritic, PyTree], picked: Array) -> tuple[tuple[ActorCritic, PyTree], Array]:
        learned, moments = carry
        part = batch if method.minibatches == 1 else Batch(*(each[..., picked] for each in batch))
        gradient, told = slope(learned, plan, part, pace.entropy)
        move, moments = optimizer.update(_cut(gradient, plan.largest_gradient), moments)
        learned = stepped(learned, move, pace.rate)
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
def _update(plan: _Plan, learner: _Learner, chance: Chance, pace: _Pace) -> tuple[_Learner, dict[str, Array]]:
    """Play, learn, and tell both losses, entropy, divergences, explained variance, and whether all is fine."""
    learned = learner.learned
    explorer = dataclasses.replace(plan.explorer, learned=learned)
    found, moving = gathered(plan.scene, explorer, learner.moving, chance)
    valued, known = _valued(plan, learner, found)
    mean = recentered(learner.mean_reward, valued.rewards, learner.done)
    batch, explained = _batch_of(plan, learned, valued, known, mean)
    after, moments, told = _steps(plan, learner, batch, pace)
    fine = is_fine((after, told, mean))
    averaged = toward(learner.averaged, after.network, AVERAGING)
    # States of the first update stay, so that the change of the policy is measured on the same ones all along.
    seen = jnp.where(learner.done > 0, learner.probes, probes(found.inputs))
    floor = learner.floor
    if floor is not None and plan.service is not None:
        decides = _actor(explorer, after.network)
        floor = floor.measured(plan.service, decides, chance.root, pace.share, pace.falling)
    usual = None if learner.usual is None else ~found.anew
    new = _Learner(after, moments, moving, averaged, mean, learner.done + 1, seen, floor, usual)
    old = dataclasses.replace(learner, moving=moving, usual=usual)
    losses = {f"losses/{name}": each for name, each in zip(TOLD, (*told, explained), strict=True)}
    laws = ((each.network(seen), each.spread) for each in (learned, after))
    change = plan.explorer.law.divergence(*laws).mean()
    shown = {FINE: fine, POLICY_CHANGE: change, "charts/reward": found.rewards.mean(), **losses}
    return kept(fine, new, old), shown | price_of(floor)


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
    objective = Objective.of(problem, config)
    stage = staged(problem, action_codec(problem, config.actions), config, stage_key)
    service = _service(stage, config)
    learner = _begun(stage, config, objective, service, own)
    explorer = LawExplorer(stage.reads, stage.codec, learner.learned, law_of(stage.codec))
    decisions = stage.scene.periods * stage.scene.paths
    plan = _Plan(
        *(stage.scene, service, explorer, method, _order(method, decisions, own), objective),
        problem.discount if problem.discounts else 1.0,
        *(config.trace, config.value, config.largest_gradient),
    )

    def step(
        update: Any, learner: _Learner, done: int, share: float
    ) -> tuple[_Learner, dict[str, Array | float]]:
        falling = linear(share, 1.0, config.final_rate)
        rate, weight = config.learning_rate * falling, config.entropy * falling
        chance = plan.scene.chance(training_key(key, done), explorer)
        pace = _Pace(*(scalar(each) for each in (rate, weight, falling, share)))
        learner, told = update(plan, learner, chance, pace)
        return learner, {**told, "charts/learning_rate": rate}

    run = Run(problem, method.name, config, key, deadline, tell, checkpoint, objective)
    chance = plan.scene.chance(training_key(key, 0), explorer)
    program = compiling(_update, plan, learner, chance, _Pace(*[scalar(0.0)] * 4))
    plan = dataclasses.replace(plan, scene=stage.priced(stage_key))
    learner = run.updated(
        *(learner, program, step, lambda learner: _actor(explorer, learner.learned.network)),
        steps=decisions,
        chooses=not explorer.gaussian,
    )
    last, averaged = (_actor(explorer, each) for each in (learner.learned.network, learner.averaged))
    last = last if objective.fill_rate is None else just_served(run, last)
    return run.finished(run.done, run.ending, {"last": last, "averaged": averaged})


def _service(stage: Stage, config: OnPolicyConfig) -> Scene | None:
    """Return where service is measured; nothing without a floor."""
    if config.fill_rate is None:
        return None
    begun, scene = Beginnings(stage.encoder, stage.scene.pool), stage.scene
    return service_scene(stage.problem, begun, scene.periods, scene.paths, config.most_cells)


def _order(method: Method, decisions: int, key: Array) -> Array:
    """Return ``[epoch, minibatch, decision]`` which decisions each step learns from.

    The same in every update, whose decisions are new: sorting at random on the device is dear to compile.
    """
    draw, minibatches = generator(key), min(method.minibatches, decisions)
    size = decisions // minibatches
    orders = [draw.permutation(decisions)[: size * minibatches] for _ in range(method.epochs)]
    return jnp.asarray(np.array(orders, np.int32).reshape(method.epochs, minibatches, size))


def _begun(
    stage: Stage, config: OnPolicyConfig, objective: Objective, service: Scene | None, key: Array
) -> _Learner:
    """Return networks that know nothing, and the first paths."""
    policy_key, critic_key = jax.random.split(key)
    outputs = first_outputs(stage.codec)
    risks, aim = objective.risk != "none", aim_of(objective)
    network = network_of(stage.reads, (*config.hidden, len(outputs)), policy_key, last=0.01).biased(outputs)
    critic = network_of(stage.reads, (*config.hidden, 1), critic_key, beside=ROWS * risks, last=0.1)
    spread = np.full((len(stage.codec.slots), 1), math.log(config.spread), np.float32)
    learned = ActorCritic(network, jnp.asarray(spread), critic)
    moments = adam().init(learned)
    nothing = scalar(0.0)
    seen = no_probes(stage.scene.periods, stage.reads.width, stage.scene.paths)
    floor = None if aim is None or service is None else Floor.begun(aim, service)
    usual = jnp.zeros(stage.scene.paths, dtype=bool) if risks and stage.scene.clock.repeats else None
    return _Learner(learned, moments, stage.scene.first, network, nothing, nothing, seen, floor, usual)
