"""Transitions of paths whose choices are the best known ones or random: what learners of action values learn from."""

import dataclasses
import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from basestock.decision import Game, Observation, Policy, Problem, advance, game
from basestock.dynamics import Decision, Moving
from basestock.envs import ActionCodec
from basestock.learning.actors import ChoiceActor, best_choices
from basestock.learning.encoding import Clock
from basestock.learning.pathwise import LONGEST_RUN, columns, scale_of
from basestock.learning.selection import PeriodCost, costs_of, period_cost
from basestock.learning.states import Beginnings, renumbered, restarted
from basestock.policies import Newsvendor

STOPPED_BY_NUMBERS = "a value was not finite: the last good ones were kept"
STOPPED_BY_SIZE = "values exploded: the last ones before were kept"

EXPLODED = 1e6
"""Mean loss, in baseline costs of a period, beyond which values have exploded."""

WILD = 0.05
"""Share of exploration that may choose anything; the rest stays below twice the quantity of an average period."""


class Explorer(Policy):
    """Takes the best choices, or random ones with some chance, and remembers what it read and chose.

    Parameters
    ----------
    actor
        Knows the best choices.
    ends
        ``[slot, choice]`` cumulated chances of random choices.
    epsilon
        Chance of a random choice.
    """

    actor: ChoiceActor
    ends: Float[Array, "slot choice"]
    epsilon: Float[Array, ""]

    def init(self, observation: Observation) -> Any:
        """Return zeros in the shape of the memory."""
        return self.blank(observation.on_hand.shape[-1])

    def blank(self, count: int) -> tuple[Array, Array]:
        """Return zeros in the shape of what was read and chosen on a number of paths."""
        branches = 1 if self.actor.codec.kind == "discrete" else len(self.actor.codec.slots)
        return jnp.zeros((self.actor.encoder.width, count)), jnp.zeros((branches, count), dtype=jnp.int32)

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Decide."""
        codec, inputs = self.actor.codec, self.actor.encoder(observation)
        best = jnp.atleast_2d(best_choices(codec, self.actor.network(inputs))).astype(jnp.int32)
        which, whether = jax.random.split(key)
        draw = jax.random.uniform(which, (len(codec.slots), 1, best.shape[-1]))
        tried = (self.ends[..., None] <= draw).sum(1).astype(jnp.int32)
        if codec.kind == "discrete":
            worth = np.cumprod([1, *codec.sizes[:0:-1]])[::-1]
            tried = (jnp.asarray(worth.astype(np.int32))[:, None] * tried).sum(0, keepdims=True)
        action = jnp.where(jax.random.uniform(whether, best.shape) < self.epsilon, tried, best)
        return codec.decision(action[0] if codec.kind == "discrete" else action), (inputs, action)


def exploring(codec: ActionCodec) -> np.ndarray:
    """Return ``[slot, choice]`` cumulated chances of random choices: stock neither piles up nor runs out for ever."""
    ends = np.ones((len(codec.slots), max(codec.sizes)), np.float32)
    for row, slot in zip(ends, codec.slots, strict=True):
        choices = np.array(slot.choices)
        near = choices <= 2 * slot.typical if slot.name != "price" else np.ones(len(choices), bool)
        near[0] = True
        chances = WILD / len(choices) + (1 - WILD) * near / near.sum()
        row[: len(choices) - 1] = np.cumsum(chances)[:-1]
    return ends


class Grounds(eqx.Module):
    """Where and how paths are played: everything that does not change.

    Parameters
    ----------
    game, fold
        Compiled problem, and what prices a period.
    pool
        States in which paths may begin anew.
    first
        The first paths.
    ends
        ``[slot, choice]`` cumulated chances of random choices.
    cost, scale
        What a period costs under a baseline, and the size of that, money: rewards are savings in this unit.
    discount
        What a period later is worth.
    restarts
        Share of the paths that begin anew in an update.
    clock
        How time matters.
    periods
        Periods of an update.
    parts
        Updates of a whole run, where every path begins at the declared start.
    skipped
        First periods whose costs do not count.
    """

    game: Game
    fold: PeriodCost
    pool: Moving
    first: Moving
    ends: Float[Array, "slot choice"]
    cost: Array
    scale: Array
    discount: Array
    restarts: Array
    clock: Clock = eqx.field(static=True)
    periods: int = eqx.field(static=True)
    parts: int = eqx.field(static=True)
    skipped: int = eqx.field(static=True)

    @classmethod
    def of(
        cls,
        problem: Problem,
        codec: ActionCodec,
        begun: Beginnings,
        *,
        paths: int,
        periods: int,
        discount: float,
        restarts: float,
        most_cells: int,
    ) -> "Grounds":
        """Return the grounds of a problem; rewards have no unit yet.

        Parameters
        ----------
        problem, codec, begun
            The problem, what is decided, and where paths begin.
        paths, periods
            Paths side by side, and periods of an update on each where problems have no end.
        discount
            What a period later is worth where costs are averaged.
        restarts
            Share of the paths that begin anew in an update.
        most_cells
            Places times paths times periods at most.
        """
        clock = begun.encoder.clock
        parts = 1 if clock.repeats else math.ceil(clock.periods / LONGEST_RUN)
        length = clock.whole_cycles(max(periods, 2)) if clock.repeats else clock.periods // parts
        places = problem.arrays.num_nodes * problem.arrays.num_items
        count = min(paths, max(most_cells // (places * length), 8))
        size = begun.pool.state.on_hand.shape[-1]
        first = jax.tree.map(lambda leaf: columns(leaf, np.arange(count) % size, size), begun.pool)
        worth = problem.discount if problem.discounts else discount if clock.endless else 1.0
        unit = jnp.asarray(np.ones((), np.float32))
        return cls(
            *(game(problem), period_cost(problem), begun.pool, first, jnp.asarray(exploring(codec))),
            *(unit, unit, jnp.asarray(np.float32(worth)), jnp.asarray(np.float32(restarts))),
            *(clock, length, parts, 0 if clock.endless else problem.warm_up),
        )

    def priced(self, problem: Problem, key: Array) -> "Grounds":
        """Return the grounds whose rewards are savings on the newsvendor's base stock, in units of its cost."""
        cost = float(costs_of(problem, Newsvendor.for_problem(problem), key).mean())
        size = scale_of(problem, cost)
        each = math.copysign(size, cost)
        return dataclasses.replace(
            self, cost=jnp.asarray(np.float32(each)), scale=jnp.asarray(np.float32(size))
        )

    @property
    def paths(self) -> int:
        """Number of paths."""
        return self.first.state.on_hand.shape[-1]


def begun_paths(grounds: Grounds, moving: Moving, epsilon: Array, key: Array) -> Moving:
    """Return where the paths of an update begin: where the last one ended, or anew.

    Parameters
    ----------
    grounds
        Where they are played.
    moving
        Where they ended.
    epsilon
        Chance of a random choice: random choices lead far away, so paths that explore are short.
    key
        Key of the update.
    """
    count = moving.state.on_hand.shape[-1]
    if grounds.clock.repeats:
        begin_key, pick_key = jax.random.split(key)
        chance = jnp.maximum(grounds.restarts, epsilon / 2.0)
        which = jax.random.uniform(begin_key, (count,)) < chance
        picked = jax.random.randint(pick_key, (count,), 0, grounds.pool.state.on_hand.shape[-1])
        return restarted(renumbered(moving, grounds.clock), grounds.pool, which, picked)
    over = moving.state.period >= grounds.parts * grounds.periods
    return jax.tree.map(lambda first, now: jnp.where(over, first, now), grounds.first, moving)


def played(
    grounds: Grounds, explorer: Explorer, moving: Moving, root: Array, steps: int = 1
) -> tuple[Moving, dict[str, Array]]:
    """Play the periods of an update, and return the end and the transitions ``[period, ..., path]``.

    Parameters
    ----------
    grounds, explorer
        Where and by whom.
    moving
        Where the paths begin.
    root
        Words of the key of the events.
    steps
        Periods at most whose rewards are summed in a transition.
    """
    count = moving.state.on_hand.shape[-1]
    start = dataclasses.replace(moving, memory=(moving.memory[0], explorer.blank(count)))

    def period(at: Moving, _: None) -> tuple[Moving, Any]:
        path = advance(
            *(grounds.game, explorer, at),
            root=root,
            replications=jnp.arange(count),
            num_periods=1,
            fold=grounds.fold,
            initial=grounds.fold.initial(count),
        )
        counts = at.state.period >= grounds.skipped
        over = at.state.period + 1 >= grounds.clock.periods
        return path.end, (*path.end.memory[1], jnp.where(counts, path.traced[0], grounds.cost), over)

    end, (inputs, actions, money, over) = jax.lax.scan(period, start, None, length=grounds.periods)
    rewards = (grounds.cost - money) / grounds.scale
    ends = jnp.zeros_like(over) if grounds.clock.endless else over
    found = _chained(inputs, actions, rewards, ends, grounds.discount, steps)
    return dataclasses.replace(end, memory=(end.memory[0], None)), found


def _chained(
    inputs: Array, actions: Array, rewards: Array, over: Array, discount: Array, steps: int
) -> dict[str, Array]:
    """Return transitions ``[period, ..., path]`` over one or several periods.

    Parameters
    ----------
    inputs, actions, rewards
        ``[period, ..., path]`` what was read, chosen, and came of it.
    over
        ``[period]`` whether the period is the last one of all; a path that is only cut off goes on.
    discount
        What a period later is worth.
    steps
        Periods at most whose rewards are summed.

    Notes
    -----
    What follows the last period is not known: unless all ends there, the transition before stands for it once more.
    """
    last = len(rewards) - 1
    known = over | (jnp.arange(last + 1) < last)
    starts = jnp.arange(last + 1).at[last].add(jnp.where(over[last], 0, -1))
    total, worth, following = jnp.zeros_like(rewards), jnp.ones(last + 1), starts
    for step in range(steps):
        at = jnp.minimum(starts + step, last)
        goes_on = known[at] & (starts + step <= last)
        total += jnp.where(goes_on, worth, 0.0)[:, None] * rewards[at]
        worth = jnp.where(goes_on, worth * discount * (1.0 - over[at]), worth)
        following = jnp.where(goes_on, jnp.minimum(at + 1, last), following)
    return {
        "inputs": inputs[starts],
        "action": actions[starts],
        "reward": total[:, None],
        "worth": jnp.broadcast_to(worth[:, None, None], total[:, None].shape),
        "following": inputs[following],
    }


def compiled(program: Any, *arguments: Any) -> Any:
    """Return a program that was compiled for some arguments, without running it."""
    return program.lower(*arguments).compile()
