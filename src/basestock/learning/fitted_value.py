"""Fitted value iteration: a network of what states are worth, with expectations over all outcomes of a period."""

import dataclasses
from collections.abc import Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from basestock.decision import Problem
from basestock.learning import pathwise
from basestock.learning.actors import Actor, ChoiceActor
from basestock.learning.checkpoints import Checkpoint
from basestock.learning.deadline import Deadline
from basestock.learning.expectation import Expectation
from basestock.learning.judge import Judge
from basestock.learning.networks import generator
from basestock.learning.order_rule import base_stock_choices, single_units
from basestock.learning.pathwise import PathwiseConfig
from basestock.learning.results import TrainResult
from basestock.learning.runs import Run, Tell, tell_nobody
from basestock.learning.saved import actor_kept
from basestock.learning.selection import scale_of
from basestock.learning.state_looks import looked
from basestock.learning.state_values import rescaled
from basestock.learning.states import beginnings
from basestock.learning.tuned_rule import first_rule
from basestock.learning.value_learning import Begun, FittedValueConfig, ValueLearning
from basestock.learning.visits import Behavior, Visits

APART = 0.1
"""Share of the run between two comparisons of policies at least."""

CERTAIN = 2e-4
"""Costs of a period that scores lose, below which looking ahead is left out."""

JUDGING = 0.12
"""Share of the time that comparisons of policies may take."""

LATE = 0.5
"""Share of the run after which looking ahead is prepared."""

LATEST = 0.75
"""Share of the run after which nobody waits for the first policies."""

MOST_READ = 4096
"""States whose quantities are scaled to unit size."""

SETTLED_BY = 0.7
"""Share of the run after which choices are compared, however well states are known."""

SPARE = 1.5
"""What is left for looking ahead, in times that it took before."""

WORSE = 0.02
"""Share by which a policy may cost more than the best and still be played for states."""


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
    It begins with an order-up-to rule or a pathwise policy, whichever is cheaper; what states are worth under it is
    learned before any choices are compared, and again where better choices make the network err. Far from all states
    that were met, scores are held to what the rule would choose. A policy by scores, and in the end
    the one that looks a period ahead from them, is kept only where events of selection favor it.
    """
    deadline = Deadline(config.seconds, config.updates)
    run = Run(problem, "fitted_value", config, key, deadline, tell, checkpoint)
    # What takes long is compiling, which leaves the other cores idle.
    beside = ThreadPoolExecutor(2)
    state, progress = run.state(), _Progress()
    try:
        if state is None:
            learning, judge = _begun(run, config, beside)
        else:
            progress = _Progress(**state["progress"])
            learning, judge = _resumed(run, config, state)
        _improve(learning, judge, beside, progress)
    finally:
        beside.shutdown(wait=False, cancel_futures=True)
    played, expectation = {"favored": float(judge.costs.mean())}, learning.begun.expectation
    told = "" if expectation.exact else f"; expectations over {expectation.num_outcomes} drawn outcomes"
    state = _kept(learning, judge, progress)
    return run.finished(learning.done, run.ending + told, {"favored": judge.best}, played, state)


@dataclasses.dataclass
class _Progress:
    """How far a run is.

    Parameters
    ----------
    due
        Share of the run at which policies are compared again.
    judged
        Updates before the last comparison.
    told
        Scalars of the last update.
    looks
        Whether looking ahead is prepared.
    """

    due: float = 0.0
    judged: int = 0
    told: dict[str, float] = dataclasses.field(default_factory=dict)
    looks: bool = False


def _kept(learning: ValueLearning, judge: Judge, progress: _Progress) -> dict[str, Any]:
    """Return what a checkpoint holds."""
    return {"learning": learning.kept(), "judge": judge.kept(), "progress": dataclasses.asdict(progress)}


def _visits(run: Run, config: FittedValueConfig) -> Visits:
    """Return who plays for states."""
    problem, codec = run.problem, single_units(run.problem)
    return Visits(
        *(problem, Expectation.of(problem, codec), codec, run.key),
        paths=config.paths,
        periods=config.periods,
        explored=config.explored,
        restarts=config.restarts,
    )


def _resumed(run: Run, config: FittedValueConfig, state: Mapping[str, Any]) -> tuple[ValueLearning, Judge]:
    """Return values and scores of a run that goes on, and who compares policies."""
    visits, told, problem = _visits(run, config), state["learning"], run.problem
    first, rule = (actor_kept(told[name], problem) for name in ("first", "rule"))
    begun = Begun(problem, visits.expectation, first, cast("ChoiceActor", rule), told["cap"], told["scale"])
    learning = ValueLearning(begun, visits, config, run.key)
    learning.go_on(told)
    return learning, Judge.resumed(run, state["judge"])


def _begun(run: Run, config: FittedValueConfig, beside: Executor) -> tuple[ValueLearning, Judge]:
    """Return values and scores that know the better of two first policies, and who compares policies."""
    problem, key, deadline = run.problem, run.key, run.deadline
    begin_key, draw_key = jax.random.split(jax.random.fold_in(key, 0))
    visits = _visits(run, config)
    codec, expectation = visits.codec, visits.expectation
    begun = beginnings(problem, codec, begin_key)
    start = base_stock_choices(problem, begun.encoder, codec, key)
    rehearsal = ValueLearning(
        Begun(problem, expectation, start, start, np.asarray(codec.sizes, np.float64), 1.0),
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
    judge = Judge.begun(run, rehearsal.as_scores(rule))
    judge.judge(0, smooth.result(), certain=0.0)
    compiled.result()
    scale = scale_of(problem, float(np.abs(judge.costs.mean())))
    rule = _standardized(rule, Behavior(judge.best, rehearsal.actor, jnp.asarray(False)), visits)
    return ValueLearning(
        Begun(problem, expectation, judge.best, rule, cap, scale), visits, config, key
    ), judge


def _improve(learning: ValueLearning, judge: Judge, beside: Executor, now: _Progress) -> None:
    """Learn as long as there is time, and look a period ahead in the end where that may save something."""
    config, run, deadline = learning.config, judge.run, judge.run.deadline
    took, ending = 0.0, 0.0
    looking: Future[float] | None = None
    if learning.done == 0:
        learning.settle(lambda: deadline.share(0) > SETTLED_BY)
    # With a larger budget a smaller share is over.
    now.due = min(now.due, deadline.share(learning.done) + APART)
    while not run.stopped and (share := deadline.share(learning.done, took + ending)) < 1.0:
        if run.keeps():
            run.keep_state(learning.done, _kept(learning, judge, now))
        began = deadline.elapsed
        now.told = learning.update(share)
        took = max(deadline.elapsed - began, took / 2.0)
        if share >= now.due or not learning.trusted:
            now.judged = learning.done
            judge.judge(now.judged, learning.actor, **now.told)
            # What is much worse shows states that nobody wants to know.
            learning.trusted = judge.near(WORSE)
            # Where the clock does not count, a slow machine makes the same comparisons.
            slow = judge.seconds / (JUDGING * config.seconds) if config.updates is None else 0.0
            now.due = share + max(APART, slow)
        now.looks = now.looks or (share >= LATE and now.told["losses/policy_loss"] > CERTAIN)
        if looking is None and now.looks:
            # Compiled while others are learned.
            looking = beside.submit(_looked_ahead, judge, learning)
            ending = config.look_share * config.seconds
        elif looking is not None and looking.done():
            ending = min(ending, SPARE * looking.result())
    if learning.done > now.judged:
        now.judged = learning.done
        judge.judge(now.judged, learning.actor)
    left = deadline.left()
    prepared = now.looks and (
        left is None or (looking is not None and looking.done() and left > ending / 2.0)
    )
    if prepared and now.told["losses/policy_loss"] > CERTAIN:
        judge.compared(learning.ahead(), learning.paths)


def _looked_ahead(judge: Judge, learning: ValueLearning) -> float:
    """Play the policy that looks ahead, so that its program is compiled; return the seconds that it takes then."""
    actor = learning.ahead()
    judge.costs_of(actor, learning.paths)
    began = judge.run.deadline.elapsed
    judge.costs_of(actor, learning.paths)
    return judge.run.deadline.elapsed - began


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
