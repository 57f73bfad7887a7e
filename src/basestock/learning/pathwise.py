"""Pathwise policy gradient: downhill along the derivative of simulated costs through the transition itself."""

import dataclasses
import math
from typing import Annotated, Any, Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, PyTree

from basestock.decision import Observation, Policy, Problem, advance
from basestock.dynamics import Decision, Moving
from basestock.envs import ActionCodec, action_codec
from basestock.learning.actors import QuantityActor
from basestock.learning.attention import Attention
from basestock.learning.checkpoints import Checkpoint
from basestock.learning.deadline import Deadline, cosine
from basestock.learning.encoding import Clock, Encoder
from basestock.learning.experience import Chance, Scene, scalar, scene_of
from basestock.learning.floors import Floor, just_served, price_of, service_scene
from basestock.learning.gates import Gated, GatedActor, Trial, Tries, gated_cost, taken_as_given
from basestock.learning.networks import Mlp
from basestock.learning.objectives import Loss, Objective, ObjectiveSettings, aim_of
from basestock.learning.residual import ResidualActor, tuned_base
from basestock.learning.results import TrainResult
from basestock.learning.runs import FINE, Run, Tell, tell_nobody
from basestock.learning.saved import NETWORKS
from basestock.learning.selection import ServedCost, scale_of
from basestock.learning.settings import (
    Count,
    Decay,
    Natural,
    NonNegative,
    Positive,
    PositiveShare,
    Rule,
    Share,
    Widths,
)
from basestock.learning.slots import jumping, supplied
from basestock.learning.states import Beginnings, beginnings
from basestock.learning.streams import training_key
from basestock.learning.structures import STRUCTURES
from basestock.learning.teachers import TEACHERS
from basestock.learning.tokens import TokenEncoder
from basestock.learning.updates import adam, compiling, cut, is_fine, kept, stepped, toward
from basestock.learning.warm_start import Known, warm_start
from basestock.policies import REGISTRY
from basestock.policies.protection import lead_periods

SHARES = (0.25, 0.5, 0.75, 1.25, 1.0)
"""Shares of newsvendor levels that a run may begin at: the cheapest is taken."""

LARGEST_GRADIENT = 10.0
"""Norm to which gradients are cut."""

SAMPLES = 4
"""Paths of an update times slots that share a network, in the paths of a network of one slot, at most."""

GATES = 0x6A7E
"""Folded into the key of an update for what is random of gates."""

Structure = Literal["quantity", "base_stock", "capped_base_stock", "order_up_to", "residual"]
"""What outputs of a network mean: see :mod:`basestock.learning.structures` and :mod:`basestock.learning.residual`."""

Classic = Annotated[
    str, Rule("the name of a policy that basestock policies lists", lambda value: value in REGISTRY)
]


FORMS: dict[str, type[QuantityActor]] = {**STRUCTURES, ResidualActor.form: ResidualActor}
"""What outputs of a network mean, by the name of the setting."""

NetworkKind = Literal["flat", "shared", "attention"]
"""Networks: see :mod:`basestock.learning.tokens`."""


@dataclasses.dataclass(frozen=True)
class PathwiseConfig(ObjectiveSettings):
    """Settings of the pathwise policy gradient.

    Parameters
    ----------
    structure
        What outputs are: quantities, levels of a rule that can be read, or what is added to a tuned policy.
    base, base_share
        Tuned policy that is added to, the cheapest of a few if not given; and the share of the time of each search.
    reach
        Most that is added to it or taken away, in units of an average period; without bound if not given.
    network
        What reads what: ``flat``, one network that reads everything and is bound to its problem; ``shared``, one that
        reads the place of each slot by itself; ``attention``, one whose slots see each other, for few of them.
    begin_with
        Policy that is imitated first, by name, or folder of a run that is gone on from; a base stock if not given.
    hidden
        Widths of the hidden layers.
    paths
        Paths of an update; fewer where many slots share a network, which learns from each of them.
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
    entropy
        What the entropy of a gate is worth at first, in what a period costs; falls to nothing.
    sharpest
        What logits of gates are divided by in the end; 1 at first.
    averaged
        Share of the run after which parameters are averaged.
    most_cells
        Places times paths times periods of an update at most.
    """

    structure: Structure = "quantity"
    base: Classic | None = None
    base_share: Share = 0.1
    reach: Positive | None = None
    network: NetworkKind = "flat"
    begin_with: Known | None = None
    hidden: Widths = (32, 32)
    paths: Count = 256
    decided: Count = 24
    followed: Natural = 12
    learning_rate: Positive = 2e-2
    final_rate: Share = 0.02
    momentum: Decay = 0.9
    damping: Decay = 0.99
    restarts: Share = 0.1
    entropy: NonNegative = 0.02
    sharpest: PositiveShare = 0.2
    averaged: Share = 0.6
    most_cells: Count = 4_000_000

    def window(self, problem: Problem) -> int:
        """Return the periods that an update follows."""
        return periods_of(problem, self)[1]


class _Window(eqx.Module):
    """Everything that an update reads and does not change; only some first periods are decided."""

    scene: Scene
    service: Scene | None
    objective: Objective = eqx.field(static=True)
    decided: int = eqx.field(static=True)
    adam: tuple[float, float] = eqx.field(static=True)
    trial: Trial | None


class _Pace(NamedTuple):
    """How far an update goes: its step, what that is of the first one, the share of the run, whether it is averaged."""

    rate: Array
    falling: Array
    share: Array
    averages: Array


class _Learner(eqx.Module):
    """What an update changes, and about what a period costs, which is known when a run has looked at its beginning."""

    actor: QuantityActor
    means: PyTree
    moving: Moving
    averaged: QuantityActor
    weight: Array
    scale: Array
    floor: Floor | None
    usual: Bool[Array, " path"] | None

    def priced(self, window: _Window) -> Loss:
        """Return what makes a loss of sums of paths."""
        multiplier = None if self.floor is None else self.floor.multiplier
        return Loss(window.objective, window.scene.periods, self.scale, multiplier, self.usual)


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
        network = taken_as_given(self.actor.network, learns)
        decision, _ = dataclasses.replace(self.actor, network=network)(observation, None, key=key)
        return decision, memory + 1


def _cost(
    network: Mlp | Attention,
    actor: QuantityActor,
    window: _Window,
    priced: Loss,
    moving: Moving,
    root: Array,
    tries: Tries | None,
) -> tuple[Array, Moving]:
    """Return the mean loss of the decided periods and of those that follow, per decided period and scaled."""
    if tries is not None and window.trial is not None:
        mine: Any = dataclasses.replace(actor, network=network)
        return gated_cost(mine, window.scene, moving, root, tries, window.trial, priced)
    policy, scene = _Followed(dataclasses.replace(actor, network=network), window.decided), window.scene
    count, fold = moving.state.on_hand.shape[-1], ServedCost(scene.fold)
    path = advance(
        scene.game,
        policy,
        dataclasses.replace(moving, memory=(moving.memory[0], jnp.zeros((), dtype=jnp.int32))),
        root=root,
        replications=jnp.arange(count),
        num_periods=scene.periods,
        fold=fold,
        initial=fold.initial(count),
    )
    end = dataclasses.replace(path.end, memory=(path.end.memory[0], None))
    return priced(path.folded).mean() / window.decided, jax.lax.stop_gradient(end)


@eqx.filter_jit
def _update(
    window: _Window, learner: _Learner, chance: Chance, tries: Tries | None, pace: _Pace
) -> tuple[_Learner, dict[str, Array]]:
    """Play, go downhill, and tell the norm of the gradient, the price of the floor, and whether all is fine."""
    actor, priced = learner.actor, learner.priced(window)
    slope = jax.value_and_grad(_cost, has_aux=True)
    (cost, end), gradient = slope(actor.network, actor, window, priced, learner.moving, chance.root, tries)
    size = optax.tree.norm(gradient)
    move, means = _optimizer(window).update(cut(gradient, LARGEST_GRADIENT), learner.means)
    after = stepped(actor.network, move, pace.rate)
    fine = jnp.isfinite(size) & jnp.isfinite(cost) & is_fine(after)
    network, means = kept(fine, (after, means), (actor.network, learner.means))
    weight = learner.weight + pace.averages
    averaged = toward(learner.averaged.network, network, pace.averages / jnp.maximum(weight, 1.0))
    new, floor = dataclasses.replace(actor, network=network), learner.floor
    if floor is not None and window.service is not None:
        floor = floor.measured(window.service, new, chance.root, pace.share, pace.falling)
    return _Learner(
        new,
        means,
        # Paths that something infinite happened on would spoil all later updates.
        kept(fine, window.scene.going_on(end, chance), window.scene.first),
        dataclasses.replace(learner.averaged, network=averaged),
        weight,
        learner.scale,
        floor,
        None if learner.usual is None else fine & ~chance.which,
    ), {FINE: fine, "losses/gradient_norm": size, **price_of(floor)}


def _optimizer(window: _Window) -> Any:
    return adam(*window.adam, least=1e-8)


def train(
    problem: Problem,
    config: PathwiseConfig,
    *,
    key: Array,
    tell: Tell = tell_nobody,
    checkpoint: Checkpoint | None = None,
    learning_seconds: float = math.inf,
) -> TrainResult:
    """Learn quantities of a problem by gradients through its transition.

    Parameters and result are those of every learner: :class:`basestock.learning.registry.Train`. Besides it takes
    ``learning_seconds``: time from when its programs are compiled, where that ends before the time of the run.

    Raises
    ------
    SettingError
        If ``begin_with`` has no policy to begin with, or the problem no fill rate to keep.

    Notes
    -----
    Jumps of the cost (fixed costs, batches) have no gradient along paths: see :mod:`basestock.learning.gates`.
    Quantities are continuous while learning and rounded when deciding. Costs of decisions are followed beyond the
    longest lead time by a policy that is taken as given (Glasserman and Tayur 1995, doi:10.1287/mnsc.41.2.263;
    Madeka et al. 2022, doi:10.48550/arXiv.2210.03137).
    """
    deadline = Deadline(config.seconds, config.updates, learning_seconds)
    own, begin_key = jax.random.split(jax.random.fold_in(key, 0))
    codec, smooth = action_codec(problem, "continuous"), in_fractions(problem)
    begun = beginnings(smooth, codec, begin_key)
    jumps = config.structure == "quantity" and jumping(problem, codec).any()
    form = GatedActor if jumps else FORMS[config.structure]
    gates = _gates(problem, codec, form)
    objective = Objective.of(problem, config)
    run = Run(problem, "pathwise", config, key, deadline, tell, checkpoint, objective)
    begin = _beginnings(problem, config, form, begun.encoder, codec, key=key, own=own, resumes=run.resumes)
    window = _window(problem, smooth, config, begun, codec, objective, gates)
    learner = _begun(window, begin[-1])
    chance, tries = window.scene.chance(training_key(key, 0)), _tries(window, config, key, 0, 0.0)
    program = compiling(_update, window, learner, chance, tries, _Pace(*[scalar(0.0)] * 4))

    def step(
        update: Any, learner: _Learner, done: int, share: float
    ) -> tuple[_Learner, dict[str, Array | float]]:
        falling = cosine(share, 1.0, config.final_rate)
        rate = config.learning_rate * falling
        pace = _Pace(*(scalar(each) for each in (rate, falling, share, share >= config.averaged)))
        chance = window.scene.chance(training_key(key, done))
        learner, told = update(window, learner, chance, _tries(window, config, key, done, share), pace)
        return learner, {**told, "charts/learning_rate": rate}

    if not run.resumes:
        for each in begin:
            run.look(0, each)
        best: Any = run.best or begin[-1]
        scale = scalar(scale_of(problem, min(abs(each.values["cost"]) for each in run.curve)))
        learner = dataclasses.replace(learner, actor=best.learning(), averaged=best.learning(), scale=scale)
    learner = run.updated(
        *(learner, program, step, lambda learner: learner.actor),
        steps=window.decided * window.scene.paths,
    )
    last = learner.actor if objective.fill_rate is None else just_served(run, learner.actor)
    return run.finished(run.done, run.ending, {"last": last, "averaged": learner.averaged})


def _beginnings(
    problem: Problem,
    config: PathwiseConfig,
    form: type[QuantityActor],
    encoder: Encoder,
    codec: ActionCodec,
    *,
    key: Array,
    own: Array,
    resumes: bool,
) -> list[QuantityActor]:
    """Return the actors of which the cheapest is begun with; of a run that goes on only the form of one."""
    reads, first = _read(problem, config, form, encoder, codec, own)
    if resumes and config.begin_with in TEACHERS:
        # What was imitated is in the checkpoint, with the encoder of a problem in whole units.
        whole = dataclasses.replace(encoder, network=problem.network)
        return [form.create(problem, whole, codec, first).learning()]
    if config.begin_with is not None:
        known = warm_start(
            *(problem, config.begin_with, form, config.hidden, config.network),
            key=key,
            seconds=config.seconds,
            by_clock=config.updates is None,
        )
        return [known.learning()]
    if form is ResidualActor:
        seconds = config.base_share * config.seconds if config.updates is None else math.inf
        base = tuned_base(problem, codec, config.base, seconds)
        return [ResidualActor.beside(problem, reads, first, codec, base, config.reach).learning()]
    return [form.create(problem, reads, codec, first, share).learning() for share in SHARES]


def _read(
    problem: Problem,
    config: PathwiseConfig,
    form: type[QuantityActor],
    encoder: Encoder,
    codec: ActionCodec,
    own: Array,
) -> tuple[Encoder | TokenEncoder, Mlp | Attention]:
    """Return what a network reads, and a new network; one that is added to a known policy begins with nothing."""
    last = 0.0 if form is ResidualActor else 0.1
    if config.network == "flat":
        outputs = form.heads * len(codec.slots)
        return encoder, Mlp.create((encoder.width, *config.hidden, outputs), own, last=last)
    tokens = TokenEncoder.for_problem(problem, codec)
    return tokens, NETWORKS[config.network].create((tokens.width, *config.hidden, form.heads), own, last=last)


def in_fractions(problem: Problem) -> Problem:
    """Return a problem whose items come in fractions: nothing is rounded, so that all costs have derivatives.

    A stage that jumps brings its form without jumps as a method ``smooth``.
    """
    items = tuple(dataclasses.replace(item, whole_units=False) for item in problem.network.items)
    network = dataclasses.replace(problem.network, items=items)
    stages = problem.sequence.after
    after = tuple(getattr(stage, "smooth", lambda stage=stage: stage)() for stage in stages)
    sequence = dataclasses.replace(problem.sequence, after=after)
    return dataclasses.replace(problem, network=network, sequence=sequence)


def _gates(problem: Problem, codec: ActionCodec, form: type[QuantityActor]) -> tuple[int, ...]:
    """Return the slots with gates: where quantities jump, or where a rule has a threshold."""
    if not issubclass(form, Gated):
        return ()
    if form is GatedActor:
        return tuple(np.flatnonzero(jumping(problem, codec)).tolist())
    return tuple(at for at, place in enumerate(supplied(problem, codec)) if place is not None)


def _tries(window: _Window, config: PathwiseConfig, key: Array, done: int, share: float) -> Tries | None:
    """Draw the gates of an update; nothing without gates."""
    if window.trial is None:
        return None
    return window.trial.draws(
        jax.random.fold_in(training_key(key, done), GATES),
        window.scene,
        entropy=cosine(share, config.entropy, 0.0),
        softness=cosine(share, 1.0, config.sharpest),
    )


def _begun(window: _Window, actor: QuantityActor) -> _Learner:
    """Return what the first update changes."""
    scene, aim, usual = window.scene, aim_of(window.objective), None
    floor = None if aim is None or window.service is None else Floor.begun(aim, window.service)
    if window.objective.risk != "none" and scene.clock.repeats:
        usual = jnp.zeros(scene.paths, dtype=bool)
    means = _optimizer(window).init(actor.network)
    return _Learner(actor, means, scene.first, actor, scalar(0.0), scalar(1.0), floor, usual)


def periods_of(problem: Problem, config: PathwiseConfig) -> tuple[int, int]:
    """Return the periods of an update whose decisions are learned from, and all that are played."""
    clock = Clock.of(problem)
    lead = math.ceil(float(lead_periods(problem).max()))
    if clock.in_parts:
        return config.decided, config.decided + lead + config.followed
    decided = clock.stretch(config.decided)
    return decided, clock.whole_cycles(decided + lead + config.followed) if clock.repeats else decided


def _window(
    problem: Problem,
    smooth: Problem,
    config: PathwiseConfig,
    begun: Beginnings,
    codec: ActionCodec,
    objective: Objective,
    gates: tuple[int, ...],
) -> _Window:
    """Return what updates read."""
    decided, periods = periods_of(problem, config)
    shared = 1 if config.network == "flat" else len(codec.slots)
    paths = min(config.paths, max(SAMPLES * config.paths // shared, 8))
    scene = scene_of(
        *(smooth, begun, periods, paths),
        restarts=config.restarts,
        most_cells=config.most_cells,
    )
    service = None
    if objective.fill_rate is not None:
        service = service_scene(problem, begun, decided, paths, config.most_cells)
    trial = Trial(gates, len(codec.slots), decided) if gates else None
    return _Window(scene, service, objective, decided, (config.momentum, config.damping), trial)
