"""Deep controlled learning: choices that simulation finds better, learned by a network, again and again."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from basestock.decision import Problem
from basestock.learning import pathwise
from basestock.learning.actors import ChoiceActor
from basestock.learning.checkpoints import Checkpoint
from basestock.learning.choice_scores import Lessons, Scorer, fitted, shapes
from basestock.learning.deadline import Deadline
from basestock.learning.elimination import Halving
from basestock.learning.judge import Judge
from basestock.learning.networks import Mlp, generator
from basestock.learning.order_rule import base_stock_choices, single_units
from basestock.learning.pathwise import PathwiseConfig, scale_of
from basestock.learning.questions import Asked, Questions
from basestock.learning.results import TrainResult
from basestock.learning.runs import Run, Tell, tell_nobody
from basestock.learning.settings import Count, Natural, Positive, Rule, Settings, Share, Widths
from basestock.learning.states import beginnings, entries_of
from basestock.learning.streams import training_key
from basestock.learning.tuned_rule import tuned_rule

MOST_POLICIES = 16
"""New policies that there is time for at least, with comparisons in fewer states where these take long."""

FIT = 1_000_000
"""Numbers of the keys of fitting begin here, beyond those of events."""


Doubled = Annotated[
    int,
    Rule(
        "a power of two, at least 2",
        lambda value: isinstance(value, int) and value >= 2 and value & (value - 1) == 0,
    ),
]


@dataclasses.dataclass(frozen=True)
class DeepControlledConfig(Settings):
    """Settings of deep controlled learning.

    Parameters
    ----------
    hidden
        Widths of the hidden layers.
    first
        First policy: ``order_up_to`` (levels, thresholds and caps tuned by simulation), ``pathwise`` (learned by
        pathwise gradients), or ``cheaper`` of both.
    first_share
        Share of the time for the first policy, and for that of pathwise gradients.
    first_updates
        Updates of pathwise gradients where the clock does not count.
    states
        States in which choices are compared, for every new policy.
    candidates
        Choices that are compared in a state, a power of two: the smallest, and those around what the policy does.
    replications
        Simulations of each candidate in the first stage.
    stages
        Stages of elimination: half of the candidates is left after each, and is simulated twice as often.
    horizon
        Periods through which a choice is followed; until it is no longer felt if not given.
    explored, restarts
        Shares of decisions off what the policy does, and of paths that begin anew between two states.
    remembered
        Policies whose comparisons are learned from together.
    steps, draws
        Gradient steps for every new policy, and comparisons of each step.
    learning_rate, final_rate
        Step of Adam when the first new policy is learned, and its share when the last one is; for every policy half a
        cosine leads from there to 0.
    waves
        Cosines of the quantity that scores are made of, beside its powers.
    columns
        Paths that are simulated beside each other.
    most_cells
        Entries of the states of all of these at most.
    """

    seconds: Positive = 120.0
    hidden: Widths = (64, 64)
    first: Literal["order_up_to", "pathwise", "cheaper"] = "order_up_to"
    first_share: Share = 0.2
    first_updates: Count = 200
    states: Count = 6144
    candidates: Doubled = 8
    replications: Count = 4
    stages: Count = 1
    horizon: Count | None = None
    explored: Share = 0.2
    restarts: Share = 0.2
    remembered: Count = 6
    steps: Count = 500
    draws: Count = 512
    learning_rate: Positive = 1e-2
    final_rate: Share = 0.1
    waves: Natural = 4
    columns: Count = 16384
    most_cells: Count = 600_000


class _Memory:
    """Comparisons of the last policies, as they are learned from.

    Parameters
    ----------
    starts
        ``[slot]`` first output of each slot.
    scale
        Money of a period.
    batches, policies
        Batches of questions of a policy at most, and policies that are remembered.
    """

    def __init__(self, starts: np.ndarray, scale: float, batches: int, policies: int) -> None:
        self.starts, self.scale, self.most, self.policies = starts, scale, batches * policies, policies
        self.batches: list[dict[str, np.ndarray]] = []
        self.counts: list[int] = []

    def begin(self) -> None:
        """Begin with a policy, and forget the oldest one: its choices were followed by other decisions."""
        self.counts.append(0)
        if len(self.counts) > self.policies:
            self.batches = self.batches[self.counts.pop(0) :]

    def add(self, asked: Asked) -> None:
        """Remember questions of the policy that was begun with last."""
        outputs = self.starts[asked.slot][:, None] + asked.choices
        width, parts = asked.choices.shape[1], list[dict[str, np.ndarray]]()
        for stage in asked.stages:
            alive = np.take_along_axis(outputs, stage.candidates, 1)
            excess = (stage.costs - stage.costs.min(1, keepdims=True)) / self.scale
            fill = ((0, 0), (0, width - alive.shape[1]))
            parts.append(
                {
                    "inputs": asked.inputs.T,
                    "candidates": np.pad(alive, fill, mode="edge"),
                    "excess": np.pad(excess, fill, constant_values=np.inf),
                    "slot": asked.slot,
                    "weight": np.full(len(alive), stage.replications / asked.stages[0].replications),
                }
            )
        self.batches.append({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})
        self.counts[-1] += 1

    def kept(self) -> dict[str, Any]:
        """Return what a checkpoint holds."""
        return {"counts": self.counts, "batches": self.batches}

    def go_on(self, kept: Mapping[str, Any]) -> None:
        """Go on with what :meth:`kept` says."""
        self.counts, self.batches = kept["counts"], kept["batches"]

    def lessons(self) -> Lessons:
        """Return all of them, filled up to a fixed number."""
        found = {name: np.concatenate([batch[name] for batch in self.batches]) for name in self.batches[0]}
        size = len(found["slot"])
        room = self.most * len(self.batches[0]["slot"]) - size

        def leaf(name: str, kind: Any) -> Array:
            filled = np.pad(found[name], ((0, room), *((0, 0),) * (found[name].ndim - 1)))
            return jnp.asarray(filled.T, dtype=kind)

        return Lessons(
            *(leaf("inputs", jnp.float32), leaf("candidates", jnp.int32), leaf("excess", jnp.float32)),
            *(leaf("slot", jnp.int32), leaf("weight", jnp.float32), jnp.asarray(size, dtype=jnp.int32)),
        )


def train(
    problem: Problem,
    config: DeepControlledConfig,
    *,
    key: Array,
    tell: Tell = tell_nobody,
    checkpoint: Checkpoint | None = None,
) -> TrainResult:
    """Learn choices by approximate policy iteration with simulations.

    Parameters and result are those of every learner: :class:`basestock.learning.registry.Train`. The policy is the last
    one that the events of selection favored over the one before it; the first one if they favored none.

    Notes
    -----
    Temizoz et al. 2025 (doi:10.1016/j.ejor.2025.01.026): in states along the paths of a policy, each of some choices
    is followed by the policy on common events, candidates are eliminated step by step, a network learns what was found,
    and the next policy is the network. Two things differ. A network that learns the label of the best candidate learns
    the noise of few simulations with it; this one minimizes the expected cost of its choices, which averages noise over
    states. And scores are a few smooth functions of the quantity, whose weights the network learns.
    """
    deadline = Deadline(config.seconds, config.updates)
    own, begin_key, draw_key = jax.random.split(jax.random.fold_in(key, 0), 3)
    codec = single_units(problem)
    begun = beginnings(problem, codec, begin_key)
    width = begun.encoder.width
    start = base_stock_choices(problem, begun.encoder, codec, own)
    questions = Questions(
        *(problem, codec, begun, Halving(config.candidates, config.replications, config.stages)),
        columns=min(config.columns, config.most_cells // entries_of(begun.pool)),
        explored=config.explored,
        restarted=config.restarts,
        key=key,
        draw=generator(draw_key),
    )
    run = Run(problem, "deep_controlled", config, key, deadline, tell, checkpoint)
    state = run.state()
    first = _begun(run, questions, start) if state is None else _resumed(run, questions, start, state)
    rule, cap, judge = first.rule, first.cap, first.judge
    functions = shapes(codec, cap, config.waves)
    network = Mlp.create((width, *config.hidden, functions.shape[1]), own, last=0.0)
    scorer = Scorer(rule.network, jnp.asarray(functions), network)
    batches = math.ceil(config.states / questions.count)
    if not questions.clock.repeats:
        questions.stride = max(questions.clock.periods // batches, 1)
    memory = _Memory(np.cumsum([0, *codec.sizes])[:-1], first.scale, batches, config.remembered)
    if state is not None:
        memory.go_on(state["memory"])
        scorer = dataclasses.replace(scorer, network=Mlp.of_arrays(state["scorer"]))

    def kept() -> dict[str, Any]:
        """Return what a checkpoint holds."""
        learned = {"scorer": scorer.network.arrays(), "memory": memory.kept()}
        return {**first.kept(), **learned, "questions": questions.kept()}

    done = run.done
    while not run.stopped and deadline.share(done, judge.reserve) < 1.0:
        if run.keeps():
            run.keep_state(done, kept())
        memory.begin()
        until = deadline.elapsed + config.seconds / MOST_POLICIES
        for _ in range(batches):
            memory.add(questions.ask(judge.best))
            if config.updates is None and deadline.elapsed > until:
                break
        share = deadline.share(done, judge.reserve)
        rate = config.learning_rate * (1.0 + share * (config.final_rate - 1.0))
        scorer, losses = fitted(
            *(scorer, memory.lessons(), codec, training_key(key, FIT + done)),
            *(jnp.asarray(rate), config.steps, config.draws),
        )
        done += 1
        new = ChoiceActor(begun.encoder, scorer.folded(), codec)
        judge.judge(done, new, loss=float(losses[-len(losses) // 10 :].mean()))
    return run.finished(done, run.ending, {"favored": judge.best}, state=kept())


@dataclasses.dataclass(frozen=True, eq=False)
class _First:
    """What new policies begin with.

    Parameters
    ----------
    rule, cap
        A tuned rule as scores of choices, and its caps, units.
    scale
        About what a period costs, money.
    judge
        Knows the first policy, and compares new ones with it.
    """

    rule: ChoiceActor
    cap: Float[np.ndarray, " slot"]
    scale: float
    judge: Judge

    def kept(self) -> dict[str, Any]:
        """Return what a checkpoint holds."""
        told = {"rule": self.rule.network.arrays(), "cap": self.cap, "scale": self.scale}
        return {**told, "judge": self.judge.kept()}


def _begun(run: Run, questions: Questions, start: ChoiceActor) -> _First:
    """Tune a rule, learn by pathwise gradients where that is asked for, and look how far choices are felt."""
    problem, config, deadline = run.problem, run.config, run.deadline
    until = None if config.updates is not None else config.first_share * config.seconds
    rule, cap = tuned_rule(questions, start, lambda: until is not None and deadline.elapsed > until)
    judge = Judge.begun(run, rule)
    if config.first != "order_up_to":
        seconds = config.first_share * config.seconds
        updates = None if config.updates is None else config.first_updates
        smooth = pathwise.train(problem, PathwiseConfig(seconds=seconds, updates=updates), key=run.key)
        judge.judge(0, smooth.policy, certain=0.0 if config.first == "cheaper" else -math.inf)
    questions.notice(judge.best)
    if config.horizon is not None:
        questions.blocks = math.ceil(config.horizon / questions.arena.periods)
    return _First(rule, cap, scale_of(problem, float(np.abs(judge.costs.mean()))), judge)


def _resumed(run: Run, questions: Questions, start: ChoiceActor, state: Mapping[str, Any]) -> _First:
    """Return what an interrupted run began with, and let its questions go on."""
    questions.go_on(state["questions"])
    rule = dataclasses.replace(start, network=Mlp.of_arrays(state["rule"]))
    return _First(rule, state["cap"], state["scale"], Judge.resumed(run, state["judge"]))
