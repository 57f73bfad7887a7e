"""Fitted value iteration: a network of what states are worth, with expectations over all outcomes of a period."""

import dataclasses
import math
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from basestock.decision import Problem
from basestock.learning import pathwise
from basestock.learning.actors import Actor, ChoiceActor
from basestock.learning.checkpoints import Checkpoint
from basestock.learning.choice_lessons import ChoiceLessons
from basestock.learning.choice_scores import Scorer, fitted, shapes
from basestock.learning.deadline import Deadline, linear
from basestock.learning.expectation import Expectation
from basestock.learning.judge import Judge
from basestock.learning.lookahead import WIDTH, LookaheadActor, Pair
from basestock.learning.networks import Mlp, generator
from basestock.learning.order_rule import base_stock_choices, single_units
from basestock.learning.pathwise import PathwiseConfig
from basestock.learning.results import TrainResult
from basestock.learning.runs import Run, Tell, tell_nobody
from basestock.learning.sampled_process import Listed, Solution, digest, solved
from basestock.learning.selection import PATHS, PERIODS, scale_of
from basestock.learning.settings import Count, Natural, Positive, Settings, Share, Widths
from basestock.learning.state_looks import Looks, looked, process_of, values_of
from basestock.learning.state_values import Fit, fitted_values, rescaled
from basestock.learning.states import beginnings
from basestock.learning.streams import training_key
from basestock.learning.tuned_rule import first_rule
from basestock.learning.visits import Behavior, Visits

APART = 0.1
"""Share of the run between two comparisons of policies at least."""

ASIDE = 0.25
"""What a state that nobody met counts in fits, relative to the others."""

CERTAIN = 2e-4
"""Costs of a period that scores lose, below which looking ahead is left out."""

DEAREST = 5.0
"""Costs of a period beyond which one bad choice is as bad as another to scores."""

FEWEST = 64
"""States of an update at least."""

FIT = 1_000_000
"""Numbers of the keys of fitting begin here, beyond those of events."""

FURTHER = 1.25
"""How far beyond the largest choice so far random choices go."""

JUDGING = 0.12
"""Share of the time that comparisons of policies may take."""

LATE = 0.5
"""Share of the run after which looking ahead is prepared."""

LATEST = 0.75
"""Share of the run after which nobody waits for the first policies."""

LEAST = 1e-3
"""Spread of values, in costs of a period, that counts as none."""

LOOKED = 2_000_000
"""Combinations of state, choice and outcome for which there is time when looking ahead is compared."""

MOST_READ = 4096
"""States whose quantities are scaled to unit size."""

WORSE = 0.02
"""Share by which a policy may cost more than the best and still be played for states."""

WAVES = 4
"""Cosines of the quantity that scores are made of, beside its powers."""


@dataclasses.dataclass(frozen=True)
class FittedValueConfig(Settings):
    """Settings of fitted value iteration.

    Parameters
    ----------
    first_share
        Share of the time for each of the first policies: a tuned rule, and one that learns by pathwise gradients, from
        when that is compiled.
    look_share
        Share of the time that is left for looking ahead.
    first_updates
        Updates of pathwise gradients where the clock does not count.
    hidden
        Widths of the hidden layers of the network of values.
    scores
        Widths of the hidden layers of the network that scores choices.
    states
        States of an update at most.
    cases
        Combinations of state, choice and outcome of an update at most.
    candidates
        Choices of a slot that are compared in a state.
    beyond
        Share of the states that nobody met, but that choices in others lead to.
    paths, periods
        Paths that are played for states, and periods of each in an update, of problems without end; about as many
        decisions of those that end.
    explored
        Share of decisions that are something else, on the path where that is most.
    restarts
        Share of the paths that begin anew in a period.
    steps, lessons
        Gradient steps of an update for values, and for scores.
    batch
        States of a step.
    learning_rate, scoring_rate, final_rate
        First step of Adam in an update, for values and for scores, and its share in the last update.
    """

    seconds: Positive = 90.0
    first_share: Share = 0.15
    look_share: Share = 0.1
    first_updates: Count = 100
    hidden: Widths = (64, 64)
    scores: Widths = (64, 64)
    states: Count = 8192
    cases: Count = 3_000_000
    candidates: Count = 12
    beyond: Share = 0.5
    paths: Count = 256
    periods: Count = 48
    explored: Share = 0.15
    restarts: Share = 0.03
    steps: Count = 800
    lessons: Natural = 400
    batch: Count = 512
    learning_rate: Positive = 3e-2
    scoring_rate: Positive = 1e-2
    final_rate: Share = 0.1


@dataclasses.dataclass(frozen=True, eq=False)
class _Begun:
    """What learning begins with.

    Parameters
    ----------
    problem, expectation
        What is learned.
    first
        The first policy.
    rule, cap
        A tuned rule as scores of choices, and its caps, units.
    scale
        About what a period costs, money.
    """

    problem: Problem
    expectation: Expectation
    first: Actor
    rule: ChoiceActor
    cap: Float[np.ndarray, " slot"]
    scale: float


class _Learning:
    """Values and scores as they are learned."""

    def __init__(self, begun: _Begun, visits: Visits, config: FittedValueConfig, key: Array) -> None:
        self.begun, self.visits, self.config, self.key = begun, visits, config, key
        codec, width = begun.rule.codec, begun.rule.encoder.width
        value_key, score_key, draw_key = jax.random.split(jax.random.fold_in(key, 1), 3)
        self._draw = generator(draw_key)
        self.fit = Fit.begun(Mlp.create((width, *config.hidden, 1), value_key, last=0.0))
        functions = shapes(codec, begun.cap, WAVES)
        network = Mlp.create((width, *config.scores, functions.shape[1]), score_key, last=0.0)
        self.scorer = Scorer(begun.rule.network, jnp.asarray(functions), network)
        self._unit, self._doubt, self.done, self.trusted = 0.0, 0.0, 0, False
        self._beyond: dict[int, np.ndarray] = {}
        slots, self._cycle = len(codec.slots), begun.expectation.cycle
        states = begun.expectation.listed(config.cases, slots, config.candidates)
        self.states = max(min(config.states, states), FEWEST, 2 * self._cycle)
        self.lessons = ChoiceLessons(codec, self.states * slots)

    @property
    def actor(self) -> ChoiceActor:
        """The policy that takes what scores best."""
        return dataclasses.replace(self.begun.rule, network=self.scorer.folded())

    def as_scores(self, rule: ChoiceActor) -> ChoiceActor:
        """Return a rule in the form of what is learned."""
        scorer = dataclasses.replace(self.scorer, first=rule.network)
        return dataclasses.replace(rule, network=scorer.folded())

    @property
    def paths(self) -> int:
        """On how many paths a policy that looks ahead is played."""
        problem, slots = self.begun.problem, len(self.begun.rule.codec.slots)
        periods = min(problem.warm_up + problem.horizon, PERIODS)
        each = periods * (1 if slots == 1 else 2 * slots) * (WIDTH + 1) * self.begun.expectation.num_outcomes
        return int(np.clip(LOOKED // each, 16, PATHS))

    def ahead(self) -> LookaheadActor:
        """Return the policy that looks ahead from what scores best."""
        actor, pair = self.actor, Pair(self.scorer.folded(), self.fit.money(self._unit))
        return LookaheadActor(actor.encoder, pair, actor.codec, self.begun.expectation)

    def update(self, share: float) -> dict[str, float]:
        """Play, solve the process on some states, and learn values and choices; return scalars of the curve.

        Parameters
        ----------
        share
            Share of the run that is over.
        """
        behavior = Behavior(self.begun.first, self.actor, jnp.asarray(self.trusted))
        self.visits.play(behavior)
        if self.done == 0:
            # States that nobody met are not known yet.
            self._listed(behavior)
        looks, process, weights = self._listed(behavior)
        solution = self._solved(process, looks)
        inputs = np.concatenate([each.inputs for each in looks.values()])
        candidates = np.concatenate([each.candidates for each in looks.values()])
        values = np.concatenate(list(solution.values.values()))
        totals = np.concatenate(list(solution.totals.values())).reshape(candidates.shape)
        weight = np.concatenate(list(weights.values()))
        # Far from where play usually is, values are large and need not be exact.
        weight /= (1.0 + np.abs(values - np.median(values)) / self.begun.scale) ** 2
        weight /= weight.mean()
        falls = linear(share, 1.0, self.config.final_rate)
        told = self._learn_values(inputs, values, weight, falls)
        told |= self._learn_choices(inputs, candidates, totals, weight, falls)
        chosen = np.take_along_axis(candidates, totals.argmin(-1)[..., None], -1)[..., 0]
        # Stock that nobody wants would have to be sold first.
        reach = np.ceil(FURTHER * chosen.max(0)) + 3
        self.visits.reach = np.minimum(reach, self.begun.rule.codec.sizes).astype(int)
        self.done += 1
        return told

    def rehearse(self) -> None:
        """Run the programs of an update on a few states: they are compiled then, and nothing is learned."""
        begun, config, codec = self.begun, self.config, self.begun.rule.codec
        rows = self.visits.begin[:2]
        rows = np.asarray(rows)
        width = begun.rule.encoder.width
        inputs, candidates = (
            np.zeros((len(rows), width), np.float32),
            np.zeros((len(rows), len(codec.slots), config.candidates), np.int32),
        )
        looks = {at: Looks(inputs, candidates[..., 0], candidates) for at in range(begun.expectation.cycle)}
        states = dict.fromkeys(looks, rows)
        process = process_of(begun.expectation, np.asarray(codec.choices), states, looks)
        self._unit = 1.0
        self._solved(process, looks)
        weight = np.ones(len(rows))
        self._learn_values(inputs, weight, weight, 0.0)
        self._learn_choices(inputs, candidates, np.zeros(candidates.shape), weight, 0.0)

    def _learn_values(
        self, inputs: np.ndarray, values: np.ndarray, weight: np.ndarray, falls: float
    ) -> dict[str, float]:
        """Fit the network of values; return its loss, in costs of a period."""
        config, scale = self.config, self.begun.scale
        if self.done == 0:
            spread = np.average((values - np.average(values, weights=weight)) ** 2, weights=weight)
            self._unit = max(math.sqrt(spread), LEAST * scale)
        self.fit, left = fitted_values(
            *(self.fit, inputs, values / self._unit, weight, self._draw),
            steps=config.steps,
            batch=config.batch,
            rate=config.learning_rate * falls,
            room=self.states,
        )
        self._doubt = left * self._unit
        return {"losses/value_loss": self._doubt / scale}

    def _learn_choices(
        self,
        inputs: np.ndarray,
        candidates: np.ndarray,
        totals: np.ndarray,
        weight: np.ndarray,
        falls: float,
    ) -> dict[str, float]:
        """Fit the scores of choices; return their loss, in costs of a period."""
        config = self.config
        excess = (totals - totals.min(-1, keepdims=True)) / self.begun.scale
        excess = np.where(np.isfinite(totals), np.minimum(excess, DEAREST), np.inf)
        self.lessons.add(inputs, candidates, excess, weight)
        self.scorer, losses = fitted(
            *(
                self.scorer,
                self.lessons.all(),
                self.begun.rule.codec,
                training_key(self.key, FIT + self.done),
            ),
            *(jnp.asarray(np.float32(config.scoring_rate * falls)), config.lessons, config.batch),
        )
        return {"losses/policy_loss": float(losses[-math.ceil(len(losses) / 10) :].mean())}

    def _listed(
        self, behavior: Behavior
    ) -> tuple[dict[int, Looks], dict[int, Listed], dict[int, np.ndarray]]:
        """Return what is seen in states, what follows choices in them, and how much each counts."""
        expectation, codec = self.begun.expectation, self.begun.rule.codec
        aside = max(int(self.config.beyond * self.states) // self._cycle, 1)
        states, counts = self.visits.some(self.states - aside * self._cycle, self._draw)
        met = {at: len(rows) for at, rows in states.items()}
        weights: dict[int, np.ndarray] = {}
        for at, rows in states.items():
            others = self._beyond.get(at, rows[:0])[:aside]
            others = others[~np.isin(digest(others), digest(rows))]
            states[at] = np.concatenate([rows, others])
            usual = np.sqrt(counts[at])
            weights[at] = np.concatenate([usual, np.full(len(others), ASIDE * usual.mean())])
        looks = {
            at: looked(expectation, behavior, at, rows, self.config.candidates) for at, rows in states.items()
        }
        process = process_of(expectation, np.asarray(codec.choices), states, looks)
        for at, part in process.items():
            following = (at + 1) % self._cycle
            self._beyond[following] = part.beyond(met[at], met[following], self._draw)
        return looks, process, weights

    def _solved(self, process: dict[int, Listed], looks: dict[int, Looks]) -> Solution:
        """Return values of listed states, those of others as the network says."""
        begun, network = self.begun, self.fit.money(self._unit)

        def values(at: int, rows: np.ndarray) -> np.ndarray:
            return values_of(begun.expectation, begun.rule.encoder, network, at, rows)

        return solved(
            process,
            # What the network may be wrong by counts against choices that lead where it alone tells.
            {at: values(at + 1, part.after) + self._doubt for at, part in process.items()},
            {at: values(at, part.rows) for at, part in process.items()},
            # At first the first policy is valued: what is best by values of nothing is bad.
            None if self.trusted else {at: each.number for at, each in looks.items()},
            averages=begun.problem.averages and begun.expectation.end == 0,
            scale=begun.scale,
        )


def train(
    problem: Problem,
    config: FittedValueConfig,
    *,
    key: Array,
    tell: Tell = tell_nobody,
    checkpoint: Checkpoint | None = None,
) -> TrainResult:
    """Learn what states are worth, and what to choose so that worth is best.

    Parameters and result are those of every learner: :class:`basestock.learning.registry.Train`.

    Raises
    ------
    NoExpectationError
        If what follows a decision cannot be computed from what is seen: something random has no finite support, or the
        future depends on what is not seen.

    Notes
    -----
    Approximate policy iteration (Bertsekas and Tsitsiklis 1996, "Neuro-Dynamic Programming", chapter 6). In every
    update paths of the policy, which now and then decide for something else, show states; what choices in these cost
    and lead to is listed, over all outcomes of a period by the transition itself. Values of the listed states follow
    from each other through all later periods, and only where choices lead elsewhere does the network say what that is
    worth: values of neighboring states differ by what follows them, not by errors of the network. The network is fitted
    to these values, and scores of choices to what choices cost beyond the best.
    Where a period has more than :data:`basestock.learning.expectation.MOST_OUTCOMES` outcomes, expectations are those
    of a fixed sample, the same for all states and choices, and the result says so.
    It begins with an order-up-to rule or a pathwise policy, whichever is cheaper. A policy by scores, and in the end
    the one that looks a period ahead from them, is kept only where events of selection favor it.
    """
    deadline = Deadline(config.seconds, config.updates)
    run = Run(problem, "fitted_value", config, key, deadline, tell, checkpoint)
    # What takes long is compiling, which leaves the other cores idle.
    beside = ThreadPoolExecutor(2)
    try:
        learning, judge = _begun(run, config, beside)
        _improve(learning, judge, beside)
    finally:
        beside.shutdown(wait=False, cancel_futures=True)
    played, expectation = {"favored": float(judge.costs.mean())}, learning.begun.expectation
    told = "" if expectation.exact else f"; expectations over {expectation.num_outcomes} drawn outcomes"
    return run.finished(learning.done, run.ending + told, {"favored": judge.best}, played)


def _begun(run: Run, config: FittedValueConfig, beside: Executor) -> tuple[_Learning, Judge]:
    """Return values and scores that know the better of two first policies, and who compares policies."""
    problem, key, deadline = run.problem, run.key, run.deadline
    begin_key, draw_key = jax.random.split(jax.random.fold_in(key, 0))
    codec = single_units(problem)
    expectation = Expectation.of(problem, codec)
    visits = Visits(
        *(problem, expectation, codec, key),
        paths=config.paths,
        periods=config.periods,
        explored=config.explored,
        restarts=config.restarts,
    )
    begun = beginnings(problem, codec, begin_key)
    start = base_stock_choices(problem, begun.encoder, codec, key)
    rehearsal = _Learning(
        _Begun(problem, expectation, start, start, np.asarray(codec.sizes, np.float64), 1.0),
        *(visits, config, key),
    )
    compiled = beside.submit(rehearsal.rehearse)
    smooth = beside.submit(_smooth_policy, problem, config, key)
    until = None if config.updates is not None else config.first_share * config.seconds

    def late() -> bool:
        """Tell whether the rule keeps others waiting."""
        return until is not None and compiled.done() and deadline.elapsed > until

    rule, cap = first_rule(problem, codec, begun, start, late, key, generator(draw_key))
    # As scores with a network that says nothing yet: what later policies are played by is compiled for it.
    judge = Judge(run, rehearsal.as_scores(rule))
    judge.judge(0, smooth.result(), certain=0.0)
    compiled.result()
    scale = scale_of(problem, float(np.abs(judge.costs.mean())))
    rule = _standardized(rule, Behavior(judge.best, rehearsal.actor, jnp.asarray(False)), visits)
    return _Learning(_Begun(problem, expectation, judge.best, rule, cap, scale), visits, config, key), judge


def _improve(learning: _Learning, judge: Judge, beside: Executor) -> None:
    """Learn as long as there is time, and look a period ahead in the end where that may save something."""
    config, deadline = learning.config, judge.run.deadline
    due, took, judged, ending, told = 0.0, 0.0, 0, 0.0, dict[str, float]()
    looking: Future[Any] | None = None
    while not judge.run.stopped and (share := deadline.share(learning.done, took + ending)) < 1.0:
        began = deadline.elapsed
        told = learning.update(share)
        took = max(deadline.elapsed - began, took / 2.0)
        if share >= due or not learning.trusted:
            judge.judge(judged := learning.done, learning.actor, **told)
            # What is much worse shows states that nobody wants to know.
            learning.trusted = judge.near(WORSE)
            due = share + max(APART, judge.seconds / (JUDGING * config.seconds))
        if looking is None and share >= LATE and told["losses/policy_loss"] > CERTAIN:
            # Compiled while others are learned.
            looking = beside.submit(judge.costs_of, learning.ahead(), learning.paths)
            ending = config.look_share * config.seconds
    if learning.done > judged:
        judge.judge(learning.done, learning.actor)
    left = deadline.left()
    prepared = looking is not None and (left is None or (looking.done() and left > ending / 2.0))
    if prepared and told["losses/policy_loss"] > CERTAIN:
        judge.compared(learning.ahead(), learning.paths)


def _smooth_policy(problem: Problem, config: FittedValueConfig, key: Array) -> Actor:
    """Return a policy that is learned by pathwise gradients."""
    updates = None if config.updates is None else config.first_updates
    first = PathwiseConfig(seconds=LATEST * config.seconds, updates=updates)
    return pathwise.train(
        problem, first, key=key, learning_seconds=config.first_share * config.seconds
    ).policy


def _standardized(rule: ChoiceActor, behavior: Behavior, visits: Visits) -> ChoiceActor:
    """Return a rule that reads quantities on the scale of the first policy's own play."""
    visits.play(behavior)
    states, _ = visits.some(MOST_READ, np.random.default_rng(0))
    looks = [looked(visits.expectation, behavior, at, rows, 2).inputs for at, rows in states.items()]
    return rescaled(rule, np.concatenate(looks))
