"""Values of states and scores of choices as they are learned together, update by update."""

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from basestock.decision import Problem
from basestock.learning.actors import Actor, ChoiceActor
from basestock.learning.checkpoints import arrays_of, refilled
from basestock.learning.choice_lessons import ChoiceLessons
from basestock.learning.choice_scores import Scorer, fitted, shapes
from basestock.learning.deadline import linear
from basestock.learning.expectation import Expectation
from basestock.learning.lookahead import WIDTH, LookaheadActor, Pair
from basestock.learning.networks import Mlp, generator
from basestock.learning.sampled_process import Listed, Solution, digest, solved
from basestock.learning.saved import kept_actor
from basestock.learning.selection import PATHS, PERIODS
from basestock.learning.settings import Count, Natural, Positive, Settings, Share, Widths
from basestock.learning.state_looks import Looks, looked, process_of, values_of
from basestock.learning.state_values import Fit, fitted_values
from basestock.learning.streams import training_key
from basestock.learning.visits import Behavior, Visits

ASIDE = 0.25
"""What a state that nobody met counts in fits, relative to the others."""

DEAREST = 5.0
"""Costs of a period beyond which one bad choice is as bad as another to scores."""

FEWEST = 64
"""States of an update at least."""

FIT = 1_000_000
"""Numbers of the keys of fitting begin here, beyond those of events."""

FURTHER = 1.25
"""How far beyond the largest choice so far random choices go."""

LEAST = 1e-3
"""Spread of values, in costs of a period, that counts as none."""

LOOKED = 2_000_000
"""Combinations of state, choice and outcome for which there is time when looking ahead is compared."""

RISEN, FALLEN = 2.0, 0.8
"""Values are solved and fitted again where the network errs more than this times what it did at best, as long as its
error falls to this share of itself."""

SETTLED = 8
"""Times that values of states are solved and fitted before choices are compared, at most."""

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
    first_share: Share = 0.05
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
class Begun:
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


class ValueLearning:
    """Values and scores as they are learned."""

    def __init__(self, begun: Begun, visits: Visits, config: FittedValueConfig, key: Array) -> None:
        self.begun, self.visits, self.config, self.key = begun, visits, config, key
        codec, width = begun.rule.codec, begun.rule.encoder.width
        value_key, score_key, draw_key = jax.random.split(jax.random.fold_in(key, 1), 3)
        self._draw = generator(draw_key)
        self.fit = Fit.begun(Mlp.create((width, *config.hidden, 1), value_key, last=0.0))
        functions = shapes(codec, begun.cap, WAVES)
        network = Mlp.create((width, *config.scores, functions.shape[1]), score_key, last=0.0)
        self.scorer = Scorer(begun.rule.network, jnp.asarray(functions), network)
        self._unit, self._doubt, self._least, self.done, self.trusted = 0.0, 0.0, math.inf, 0, False
        self._beyond: dict[int, np.ndarray] = {}
        slots, self._cycle = len(codec.slots), begun.expectation.cycle
        states = begun.expectation.listed(config.cases, slots, config.candidates)
        self.states = max(min(config.states, states), FEWEST, 2 * self._cycle)
        self.lessons = ChoiceLessons(codec, self.states * slots)

    def kept(self) -> dict[str, Any]:
        """Return what a checkpoint holds."""
        begun = self.begun
        return {
            "first": kept_actor(begun.first, begun.problem),
            "rule": kept_actor(begun.rule, begun.problem),
            "cap": begun.cap,
            "scale": begun.scale,
            "visits": self.visits.kept(),
            "fit": arrays_of(self.fit, "fit"),
            "scorer": self.scorer.network.arrays(),
            "lessons": self.lessons.kept(),
            "beyond": self._beyond,
            "draw": self._draw.bit_generator.state,
            "unit": self._unit,
            "doubt": self._doubt,
            "least": self._least,
            "done": self.done,
            "trusted": self.trusted,
        }

    def go_on(self, kept: Mapping[str, Any]) -> None:
        """Go on with what :meth:`kept` says; it begins with the same policies."""
        self.visits.go_on(kept["visits"])
        self.fit = refilled(self.fit, kept["fit"], "fit")
        self.scorer = dataclasses.replace(self.scorer, network=Mlp.of_arrays(kept["scorer"]))
        self.lessons.go_on(kept["lessons"])
        self._beyond, self._draw.bit_generator.state = kept["beyond"], kept["draw"]
        self._unit, self._doubt, self._least, self.done = (
            kept[name] for name in ("unit", "doubt", "least", "done")
        )
        self.trusted = kept["trusted"]

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
        behavior = self._behavior
        self.visits.play(behavior)
        looks, process, weights = self._listed(behavior)
        candidates = np.concatenate([each.candidates for each in looks.values()])
        falls = linear(share, 1.0, self.config.final_rate)
        inputs, weight, solution, told = self._followed(looks, process, weights, falls)
        before = math.inf
        for _ in range(SETTLED):
            # The choices are others than those that values were learned of.
            if self._doubt < RISEN * self._least or self._doubt > FALLEN * before:
                break
            before = self._doubt
            inputs, weight, solution, told = self._followed(looks, process, weights, falls)
        self._least = min(self._least, self._doubt)
        totals = np.concatenate(list(solution.totals.values())).reshape(candidates.shape)
        told |= self._learn_choices(inputs, candidates, totals, weight, falls)
        chosen = np.take_along_axis(candidates, totals.argmin(-1)[..., None], -1)[..., 0]
        # Stock that nobody wants would have to be sold first.
        reach = np.ceil(FURTHER * chosen.max(0)) + 3
        self.visits.reach = np.minimum(reach, self.begun.rule.codec.sizes).astype(int)
        self.done += 1
        return told

    @property
    def _behavior(self) -> Behavior:
        """Who plays for states."""
        return Behavior(self.begun.first, self.actor, jnp.asarray(self.trusted))

    def settle(self, late: Callable[[], bool]) -> None:
        """Learn what the first policy's states are worth: comparisons of choices mean nothing before.

        Parameters
        ----------
        late
            Tells whether the time for this is used up.
        """
        behavior = self._behavior
        self.visits.play(behavior)
        # States that nobody met are not known at first.
        self._listed(behavior)
        listed = self._listed(behavior)
        self._unit = 0.0
        for _ in range(SETTLED):
            self._followed(*listed, 1.0)
            if late():
                break
        self._least = self._doubt

    def _followed(
        self,
        looks: dict[int, Looks],
        process: dict[int, Listed],
        weights: dict[int, np.ndarray],
        falls: float,
    ) -> tuple[np.ndarray, np.ndarray, Solution, dict[str, float]]:
        """Solve the process on its states and fit the values; return what is read, and how much it counts."""
        solution = self._solved(process, looks)
        inputs = np.concatenate([each.inputs for each in looks.values()])
        values = np.concatenate(list(solution.values.values()))
        # Far from where play usually is, values are large and need not be exact.
        weight = np.concatenate(list(weights.values()))
        weight = weight / (1.0 + np.abs(values - np.median(values)) / self.begun.scale) ** 2
        weight /= weight.mean()
        if self._unit == 0.0:
            spread = np.average((values - np.average(values, weights=weight)) ** 2, weights=weight)
            self._unit = max(math.sqrt(spread), LEAST * self.begun.scale)
        return inputs, weight, solution, self._learn_values(inputs, values, weight, falls)

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
