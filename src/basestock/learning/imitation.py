"""Imitation: a network learns what a teacher would do in the states that the network itself reaches."""

import dataclasses
import math
from typing import Annotated, Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int, PyTree

from basestock.decision import Observation, Policy, Problem
from basestock.dynamics import Decision, Moving
from basestock.envs import action_codec
from basestock.learning.actors import QuantityActor
from basestock.learning.checkpoints import Checkpoint
from basestock.learning.deadline import Deadline, cosine
from basestock.learning.experience import Chance, Experience, Scene, gathered, scalar, scene_of
from basestock.learning.exploration import Explorer
from basestock.learning.gates import Gated, GatedActor
from basestock.learning.networks import Mlp, generator
from basestock.learning.results import TrainResult
from basestock.learning.runs import FINE, Run, Tell, tell_nobody
from basestock.learning.settings import Count, Positive, Rule, Settings, Share, Widths
from basestock.learning.slots import jumping
from basestock.learning.states import beginnings
from basestock.learning.streams import training_key
from basestock.learning.teachers import OPTIMAL, TEACHERS, quantities_of, teacher_of
from basestock.learning.updates import adam, cut, is_fine, kept, ready, stepped

LARGEST_GRADIENT = 10.0
"""Norm to which gradients are cut."""

NEAR = 1.0
"""Error of a quantity, in those of an average period, beyond which the loss grows no faster (Huber's)."""

Teacher = Annotated[
    str,
    Rule("the name of a policy that basestock policies lists, or optimal", lambda value: value in TEACHERS),
]


@dataclasses.dataclass(frozen=True)
class ImitationConfig(Settings):
    """Settings of imitation.

    Parameters
    ----------
    teacher
        Policy that is imitated: a registered name, tuned by simulation, or ``optimal`` where the problem is solved.
    teacher_share
        Share of the time that the search for the optimum, or for the parameters of the teacher, may take.
    hidden
        Widths of the hidden layers.
    paths, periods
        Paths and periods of play between two fits.
    capacity
        Decisions of the teacher that are remembered; the oldest ones are forgotten.
    steps, batch
        Gradient steps of a fit, and decisions of a step.
    learning_rate, final_rate
        Step of Adam at first, and its share at the end (cosine in between).
    restarts
        Share of the paths that begin anew between two fits.
    most_cells
        Places times paths times periods of play at most.
    """

    teacher: Teacher = "base_stock"
    teacher_share: Share = 0.5
    hidden: Widths = (32, 32)
    paths: Count = 256
    periods: Count = 16
    capacity: Count = 100_000
    steps: Count = 200
    batch: Count = 512
    learning_rate: Positive = 1e-2
    final_rate: Share = 0.02
    restarts: Share = 0.1
    most_cells: Count = 4_000_000


class Taught(Explorer):
    """Plays as the teacher or as the network, and remembers what the teacher would have done.

    Parameters
    ----------
    teacher
        The teacher, a policy without memory.
    actor
        The network.
    share
        Probability that a decision is the teacher's.
    """

    teacher: Policy
    actor: QuantityActor
    share: Float[Array, ""]

    @property
    def rows(self) -> int:
        """One row of noise: whether the teacher decides."""
        return 1

    @property
    def gaussian(self) -> bool:
        """Noise is uniform."""
        return False

    def explored(
        self, inputs: Float[Array, "input replication"], noise: Float[Array, "row replication"]
    ) -> tuple[Array, Array]:
        """Return decisions in the shape that they are remembered in."""
        nothing = jnp.zeros((len(self.codec.slots), inputs.shape[-1]))
        return nothing, nothing

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Decide, and remember what was read and what the teacher would have done."""
        theirs, _ = self.teacher(observation, self.teacher.init(observation), key=key)
        wanted = quantities_of(self.codec, theirs)
        noise, kept, *_ = memory
        decided = jnp.where(noise[0] < self.share, wanted, self.actor.decided(observation))
        inputs, kept = self.encoder.read(observation, kept)
        return self.codec.decide(decided), (noise, kept, inputs, wanted)


@eqx.filter_jit
def _played(scene: Scene, explorer: Taught, moving: Moving, chance: Chance) -> tuple[Experience, Moving]:
    return gathered(scene, explorer, moving, chance)


def imitation_loss(
    network: Mlp,
    actor: QuantityActor,
    inputs: Float[Array, "input decision"],
    wanted: Float[Array, "slot decision"],
) -> Float[Array, ""]:
    """Return how far a network is from what a teacher does.

    Parameters
    ----------
    network
        The network.
    actor
        What its outputs mean.
    inputs
        What it reads.
    wanted
        Quantities of the teacher, units.

    Returns
    -------
    Array
        Mean of Huber's loss of quantities, in those of an average period, and of the logistic loss of gates; where a
        gate should be shut its quantity does not matter.
    """
    outputs = network(inputs)
    if not isinstance(actor, Gated):
        found, counts, gates = actor.learning().quantities(outputs), jnp.ones_like(wanted), jnp.zeros(())
    else:
        quantity, logit = outputs.reshape(2, *wanted.shape)
        counts = (wanted > 0).astype(wanted.dtype)
        found, gates = (
            actor.learning().quantities(quantity),
            optax.sigmoid_binary_cross_entropy(logit, counts),
        )
    unit = actor.typical[:, None]
    return (counts * optax.huber_loss(found / unit, wanted / unit, delta=NEAR) + gates).mean()


@eqx.filter_jit
def _fitted(
    actor: QuantityActor,
    means: PyTree,
    lessons: tuple[Array, Array],
    picked: Int[Array, "step decision"],
    rate: Array,
) -> tuple[Mlp, PyTree, dict[str, Array]]:
    """Return the network and the means of its gradients after some steps, the mean loss, and whether all is fine."""
    optimizer = adam()

    def step(now: tuple[Mlp, PyTree], which: Array) -> tuple[tuple[Mlp, PyTree], Array]:
        network, means = now
        inputs, wanted = (each[:, which] for each in lessons)
        loss, slope = jax.value_and_grad(imitation_loss)(network, actor, inputs, wanted)
        move, means = optimizer.update(cut(slope, LARGEST_GRADIENT), means)
        return (stepped(network, move, rate), means), loss

    after, losses = jax.lax.scan(step, (actor.network, means), picked)
    fine = is_fine((after[0], losses))
    return *kept(fine, after, (actor.network, means)), {FINE: fine, "losses/loss": losses.mean()}


class _Lessons(eqx.Module):
    """What was read and what the teacher did there, the newest decisions of all that were seen."""

    inputs: np.ndarray
    wanted: np.ndarray
    seen: np.ndarray

    @classmethod
    def blank(cls, width: int, slots: int, capacity: int) -> "_Lessons":
        """Return room for lessons."""
        inputs, wanted = (np.zeros((rows, capacity), np.float32) for rows in (width, slots))
        return cls(inputs, wanted, np.zeros((), np.int64))

    def add(self, found: Experience) -> None:
        """Remember some play."""
        inputs = np.asarray(found.inputs)[: len(found.drawn)]
        columns = [np.moveaxis(np.asarray(each), 0, 1) for each in (inputs, found.drawn)]
        inputs, wanted = (each.reshape(each.shape[0], -1) for each in columns)
        capacity = self.inputs.shape[1]
        at = (self.seen + np.arange(inputs.shape[1])) % capacity
        self.inputs[:, at], self.wanted[:, at] = inputs, wanted
        self.seen[...] += inputs.shape[1]

    @property
    def size(self) -> int:
        """Decisions that are remembered."""
        return min(int(self.seen), self.inputs.shape[1])


class _Learner(eqx.Module):
    """What an update changes."""

    actor: QuantityActor
    means: PyTree
    moving: Moving
    lessons: _Lessons


def train(
    problem: Problem,
    config: ImitationConfig,
    *,
    key: Array,
    tell: Tell = tell_nobody,
    checkpoint: Checkpoint | None = None,
) -> TrainResult:
    """Learn the quantities of a teacher.

    Parameters and result are those of every learner: :class:`basestock.learning.registry.Train`.

    Raises
    ------
    SettingError
        If the teacher is the optimum, and the problem is not solved in the time.

    Notes
    -----
    Dataset aggregation (Ross et al. 2011, doi:10.48550/arXiv.1011.0686): the first paths are the teacher's, later ones
    the network's own; the teacher tells what it would do in the states of all of them, and the network learns from
    everything that was told.
    """
    deadline = Deadline(config.seconds, config.updates)
    own, begin_key, draw_key = jax.random.split(jax.random.fold_in(key, 0), 3)
    codec = action_codec(problem, "continuous")
    by_clock = config.updates is None or config.teacher == OPTIMAL
    teacher = teacher_of(
        problem, config.teacher, config.teacher_share * config.seconds if by_clock else math.inf
    )
    begun = beginnings(problem, codec, begin_key)
    form = GatedActor if jumping(problem, codec).any() else QuantityActor
    first = Mlp.create((begun.encoder.width, *config.hidden, form.heads * len(codec.slots)), own, last=0.1)
    actor = form.create(problem, begun.encoder, codec, first)
    periods = begun.encoder.clock.stretch(config.periods)
    scene = scene_of(
        *(problem, begun, periods, config.paths), restarts=config.restarts, most_cells=config.most_cells
    )
    capacity = max(config.capacity, periods * scene.paths)
    lessons = _Lessons.blank(begun.encoder.width, len(codec.slots), capacity)

    def step(update: Any, now: _Learner, done: int, share: float) -> tuple[_Learner, dict[str, Any]]:
        actor, lessons = now.actor, now.lessons
        explorer = Taught(begun.encoder, codec, teacher, actor, scalar(0.0 if done else 1.0))
        chance = scene.chance(training_key(key, done), explorer)
        found, moving = _played(scene, explorer, now.moving, chance)
        lessons.add(found)
        draw = generator(jax.random.fold_in(draw_key, done))
        picked = draw.integers(0, lessons.size, (config.steps, config.batch)).astype(np.int32)
        rate = config.learning_rate * cosine(share, 1.0, config.final_rate)
        shown = jnp.asarray(lessons.inputs), jnp.asarray(lessons.wanted)
        network, means, told = update(actor, now.means, shown, jnp.asarray(picked), scalar(rate))
        actor = dataclasses.replace(actor, network=network)
        return _Learner(actor, means, moving, lessons), {**told, "charts/learning_rate": rate}

    run = Run(problem, "imitation", config, key, deadline, tell, checkpoint)
    learner = run.updated(
        *(_Learner(actor, adam().init(first), scene.first, lessons), ready(_fitted), step),
        lambda learner: learner.actor,
        steps=periods * scene.paths,
    )
    return run.finished(run.done, run.ending, {"last": learner.actor})
