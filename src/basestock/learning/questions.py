"""Which choice is best here: states along the paths of a policy, and simulations of what it might choose in them."""

import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, UInt32

from basestock.decision import Problem, game
from basestock.dynamics import Moving
from basestock.envs import ActionCodec
from basestock.learning.action_values import Arena, Dice, Looks, count_of, gathered, looked, played, restarts
from basestock.learning.actors import Actor
from basestock.learning.checkpoints import arrays_of, refilled
from basestock.learning.elimination import Comparison, Halving
from basestock.learning.encoding import Clock
from basestock.learning.order_rule import NO_CAP, OrderRule, sharpness_of, typical_of
from basestock.learning.selection import period_cost
from basestock.learning.states import Beginnings
from basestock.learning.streams import training_key
from basestock.policies.protection import lead_periods
from basestock.uncertainty import root_words

BEYOND = 6
"""Periods of a block beyond twice the longest lead time."""

MOST_BLOCKS = 8
"""Blocks through which the difference that a choice makes is followed at most."""

FADED = 0.1
"""Share of the largest difference in a block below which a choice is forgotten."""

BETWEEN = 4
"""Periods between two questions on a path, of problems that repeat."""

FOREVER = 2**30
"""Period that is never reached."""


@dataclasses.dataclass(frozen=True, eq=False)
class Asked:
    """Questions and what simulation answers.

    Parameters
    ----------
    inputs
        ``[input, question]`` what is read.
    slot
        ``[question]`` the slot whose choice is asked for.
    choices
        ``[question, candidate]`` its choices that are compared.
    stages
        What they cost, stage by stage.
    """

    inputs: Float[np.ndarray, "input question"]
    slot: Int[np.ndarray, " question"]
    choices: Int[np.ndarray, "question candidate"]
    stages: list[Comparison]


class Questions:
    """Asks questions along paths that it moves.

    Parameters
    ----------
    problem, codec
        The problem, and the choices of every slot.
    begun
        Where paths may begin.
    halving
        How candidates are eliminated.
    columns
        Paths that are simulated beside each other, about.
    explored, restarted
        Shares of decisions off what the policy does, and of paths that begin anew between two questions.
    key, draw
        Key of the events, and the generator of everything else.
    """

    def __init__(
        self,
        problem: Problem,
        codec: ActionCodec,
        begun: Beginnings,
        halving: Halving,
        *,
        columns: int,
        explored: float,
        restarted: float,
        key: Array,
        draw: np.random.Generator,
    ) -> None:
        self.codec, self.pool, self.halving = codec, begun.pool, halving
        self.explored, self.restarted = explored, restarted
        self.key, self.draw, self.number = key, draw, 0
        self.count = max(columns // halving.paths, 1)
        self.clock = clock = Clock.of(problem)
        lead = 2 * math.ceil(float(lead_periods(problem).max())) + BEYOND
        self.discount = float(problem.discount) if problem.discounts else 1.0
        self.arena = Arena(
            *(game(problem), period_cost(problem), codec),
            first=jnp.asarray(0 if clock.endless else problem.warm_up, dtype=jnp.int32),
            end=jnp.asarray(FOREVER if clock.endless else clock.periods, dtype=jnp.int32),
            clock=clock,
            periods=clock.whole_cycles(lead) if clock.repeats else min(lead, clock.periods),
            foretold=False,
        )
        self.blocks = 1 if clock.endless else math.ceil(clock.periods / self.arena.periods)
        self.stride, self.at = 1, clock.periods
        self.moving = self._begun(self.count)

    @property
    def columns(self) -> int:
        """Paths that are simulated beside each other."""
        return self.count * self.halving.paths

    def _begun(self, count: int) -> Moving:
        """Return paths that begin anew."""
        return gathered(self.pool, jnp.asarray(self.draw.integers(0, count_of(self.pool), count)))

    def kept(self) -> dict[str, Any]:
        """Return what a checkpoint holds: where paths are, and what is drawn next."""
        return {
            "number": self.number,
            "at": self.at,
            "blocks": self.blocks,
            "foretold": self.arena.foretold,
            "draw": self.draw.bit_generator.state,
            "moving": arrays_of(self.moving, "moving"),
        }

    def go_on(self, kept: Mapping[str, Any]) -> None:
        """Go on with what :meth:`kept` says."""
        self.number, self.at, self.blocks = kept["number"], kept["at"], kept["blocks"]
        self.arena = dataclasses.replace(self.arena, foretold=kept["foretold"])
        self.draw.bit_generator.state = kept["draw"]
        self.moving = refilled(self.moving, kept["moving"], "moving")

    def _root(self) -> UInt32[Array, "2"]:
        self.number += 1
        return root_words(training_key(self.key, self.number))

    def notice(self, actor: Actor) -> None:
        """Find out whether what happens in a period is seen before its decision, and how far a choice is felt."""
        nothing = jnp.zeros((len(self.codec.slots), self.count), dtype=jnp.int32)
        first, other = (
            np.asarray(looked(self.arena, actor, self.moving, nothing, self._root())[1].inputs)
            for _ in range(2)
        )
        self.arena = dataclasses.replace(self.arena, foretold=not np.allclose(first, other))
        if self.clock.endless:
            self.blocks = self._felt(actor)

    def _felt(self, actor: Actor) -> int:
        """Return the number of blocks in which another choice makes a difference."""
        before, looks, root = self._next(actor)
        slot, choices, there = self._candidates(looks)
        question, numbers = np.divmod(np.arange(self.columns), self.halving.paths)
        candidate, numbers = np.divmod(numbers, self.halving.replications)
        # The smallest choice is far from the others: what it does is felt longest, and matters least.
        candidate = np.maximum(candidate, 1)
        moving, first = self._forced(before, looks, slot, choices, question, candidate)
        dice = self._dice(root, question, question * self.halving.most + numbers)
        shape = self.count, self.halving.candidates, self.halving.replications
        felt: list[float] = []
        for cost, _ in self._blocks(actor, None, moving, first, dice, MOST_BLOCKS):
            each = cost.reshape(shape)
            apart = np.abs(each - each[:, 1:2])[there]
            felt.append(float(apart.mean()))
        strong = np.flatnonzero(np.array(felt) >= FADED * max(felt))
        return int(strong.max()) + 1 if len(strong) else 1

    def _next(self, actor: Actor) -> tuple[Moving, Looks, UInt32[Array, "2"]]:
        """Move the paths to their next questions; return where they are, what is seen, and the events of the period."""
        slots, root = len(self.codec.slots), self._root()
        nothing = jnp.zeros((slots, self.count), dtype=jnp.int32)
        if self.clock.repeats:
            which = jnp.asarray(self.draw.random(self.count) < self.restarted)
            picked = jnp.asarray(self.draw.integers(0, count_of(self.pool), self.count))
            self.moving = restarts(self.moving, self.pool, which, picked, self.clock)
            # All phases of a calendar are visited.
            steps = BETWEEN + (math.gcd(BETWEEN, self.clock.cycle) > 1)
        else:
            self.at += self.stride
            if self.at >= self.clock.periods:
                self.moving, self.at = self._begun(self.count), int(self.draw.integers(0, self.stride))
                steps = self.at
            else:
                steps = self.stride - 1
        reach = self.halving.candidates // 2
        for _ in range(steps):
            off = self.draw.integers(-reach, reach + 1, nothing.shape)
            off = off * (self.draw.random(nothing.shape) < self.explored)
            self.moving, _ = looked(self.arena, actor, self.moving, jnp.asarray(off, dtype=jnp.int32), root)
        before = self.moving
        self.moving, looks = looked(self.arena, actor, before, nothing, root)
        return before, looks, root

    def _candidates(
        self, looks: Looks
    ) -> tuple[
        Int[np.ndarray, " question"],
        Int[np.ndarray, "question candidate"],
        Bool[np.ndarray, "question candidate"],
    ]:
        """Return a slot for every question, and its choices: the smallest, and those around what the policy likes."""
        slot = self.draw.integers(0, len(self.codec.slots), self.count)
        center = np.asarray(looks.center)[slot, np.arange(self.count)]
        sizes, width = np.array(self.codec.sizes)[slot], self.halving.candidates - 1
        low = np.clip(center - width // 2, 1, np.maximum(sizes - width, 1))
        choices = np.concatenate([np.zeros_like(low[:, None]), low[:, None] + np.arange(width)], 1)
        return slot, np.minimum(choices, sizes[:, None] - 1), choices < sizes[:, None]

    def _forced(
        self,
        before: Moving,
        looks: Looks,
        slot: np.ndarray,
        choices: np.ndarray,
        question: np.ndarray,
        candidate: np.ndarray,
    ) -> tuple[Moving, tuple[Array, Array]]:
        """Return the paths of questions and what is decided first: what the policy does but for one slot."""
        quantities = np.asarray(looks.quantities)[:, question].copy()
        mine = slot[question]
        table = np.asarray(self.codec.choices)
        quantities[mine, np.arange(len(question))] = table[mine, choices[question, candidate]]
        return gathered(before, jnp.asarray(question)), (jnp.asarray(quantities), jnp.asarray(False))

    def _dice(self, root: UInt32[Array, "2"], seen: np.ndarray, after: np.ndarray) -> Dice:
        return Dice((root, jnp.asarray(seen)), (self._root(), jnp.asarray(after)))

    def _blocks(
        self,
        actor: Actor,
        rule: OrderRule | None,
        moving: Moving,
        first: tuple[Array, Array],
        dice: Dice,
        blocks: int,
    ) -> Iterator[tuple[np.ndarray, Moving]]:
        """Return what each block of periods costs, discounted to the first one, and where it ends."""
        for block in range(blocks):
            cost, moving = played(self.arena, actor, rule, moving, first, dice)
            first = first[0], jnp.asarray(True)
            dice = Dice(dice.after, dice.after)
            yield np.asarray(cost) * self.discount ** (block * self.arena.periods), moving

    def ask(self, actor: Actor) -> Asked:
        """Move the paths, and simulate choices where they come to.

        Parameters
        ----------
        actor
            The policy that decides before and after the choices that are compared.
        """
        before, looks, root = self._next(actor)
        slot, choices, there = self._candidates(looks)
        after = self._root()
        # Nothing is simulated beyond the horizon.
        left = FOREVER if self.clock.endless else self.clock.periods - self.at
        blocks = min(self.blocks, math.ceil(left / self.arena.periods))

        def play(alive: np.ndarray, numbers: np.ndarray) -> np.ndarray:
            shape = self.count, alive.shape[1], len(numbers)
            question, candidate, number = (each.reshape(-1) for each in np.indices(shape))
            moving, first = self._forced(before, looks, slot, choices, question, alive[question, candidate])
            own = jnp.asarray(question * self.halving.most + numbers[number])
            dice = Dice((root, jnp.asarray(question)), (after, own))
            costs = (cost for cost, _ in self._blocks(actor, None, moving, first, dice, blocks))
            return np.sum(list(costs), axis=0).reshape(shape)

        stages, _ = self.halving.run(play, there)
        return Asked(np.asarray(looks.inputs), slot, choices, stages)

    def costs_of_rules(
        self, actor: Actor, values: Float[np.ndarray, "parameter slot candidate"], blocks: int
    ) -> Float[np.ndarray, " candidate"]:
        """Return what rules cost in the second half of some blocks, money.

        Parameters
        ----------
        actor
            Whose scores they are added to.
        values
            Shift, gap and cap of each rule, units.
        blocks
            Blocks in all.
        """
        count = values.shape[-1]
        each = self.columns // count
        rule = rule_of(self.codec, np.repeat(values, each, -1))
        begun = np.tile(self.draw.integers(0, count_of(self.pool), each), count)
        numbers = np.tile(np.arange(each), count)
        first = jnp.zeros((len(self.codec.slots), each * count)), jnp.asarray(True)
        dice = self._dice(self._root(), numbers, numbers)
        moving = gathered(self.pool, jnp.asarray(begun))
        costs = [cost for cost, _ in self._blocks(actor, rule, moving, first, dice, blocks)]
        late = costs[len(costs) // 2 :] if self.clock.endless else costs
        return np.sum(late, axis=0).reshape(count, each).mean(-1)


def rule_of(codec: ActionCodec, values: Float[np.ndarray, "parameter slot column"]) -> OrderRule:
    """Return the rule of shifts, gaps and caps, units."""
    return OrderRule(
        jnp.asarray(sharpness_of(codec)), *(jnp.asarray(each, dtype=jnp.float32) for each in values)
    )


LADDER = (-8.0, -4.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""Levels that are tried at first: above those of the newsvendor, in quantities of an average period."""

FORMS = ((0.0, NO_CAP), (0.0, 1.5), (0.5, NO_CAP), (2.0, NO_CAP), (2.0, 3.0))
"""Gaps and caps that are tried at first, in quantities of an average period."""

TRIED, KEPT = 64, 8
"""Rules of a generation, and those of it that others are bred from."""


def first_rules(codec: ActionCodec) -> Float[np.ndarray, "parameter slot candidate"]:
    """Return the rules that are tried at first, the same for every slot in its own units."""
    every = [(level, *form) for form in FORMS for level in LADDER][:TRIED]
    return typical_of(codec)[None, :, None] * np.array(every).T[:, None]


def next_rules(
    values: Float[np.ndarray, "parameter slot candidate"],
    costs: Float[np.ndarray, " candidate"],
    codec: ActionCodec,
    size: float,
    draw: np.random.Generator,
) -> Float[np.ndarray, "parameter slot candidate"]:
    """Return the best rules, and others near them.

    Parameters
    ----------
    values, costs
        Shift, gap and cap of each rule, units, and what it costs.
    codec
        The choices.
    size
        Spread of the changes, in quantities of an average period.
    draw
        Draws them.
    """
    best = costs.argsort(kind="stable")[:KEPT]
    others = draw.choice(best[: KEPT // 2], len(costs) - KEPT)
    found = values[..., np.concatenate([best, others])].copy()
    shape = found.shape
    changed = draw.random(shape) < 0.5
    changed[..., :KEPT] = False
    typical = typical_of(codec)[:, None]
    move = changed * size * draw.normal(size=shape)
    shift, gap, cap = found
    shift = shift + move[0] * np.maximum(typical, np.abs(shift) / 4.0)
    gap = np.maximum(gap + move[1] * typical, 0.0)
    free = cap > NO_CAP * typical / 2.0
    drawn = typical * (1.0 + 2.0 * draw.random(cap.shape))
    moved = np.where(free, drawn, np.maximum(cap + move[2] * typical, typical / 2.0))
    # A cap may go again.
    moved = np.where(~free & (draw.random(cap.shape) < 0.2), NO_CAP * typical, moved)
    return np.stack([shift, gap, np.where(changed[2], moved, cap)])
