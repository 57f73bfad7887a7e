"""Tabular Q-learning: the value of every choice in every state of a small problem, one number each."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Annotated, Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from basestock.decision import Game, Problem
from basestock.dynamics import Moving, open_period
from basestock.envs import action_codec
from basestock.learning.actors import ChoiceActor
from basestock.learning.checkpoints import Checkpoint
from basestock.learning.deadline import Deadline, linear
from basestock.learning.encoding import LONGEST_CYCLE, Encoder
from basestock.learning.experience import (
    Chance,
    Scene,
    Stage,
    Transitions,
    gathered,
    scalar,
    staged,
    transitions_of,
)
from basestock.learning.exploration import ChoiceExplorer, random_choices
from basestock.learning.results import TrainResult
from basestock.learning.runs import FINE, Run, Tell, tell_nobody
from basestock.learning.settings import Count, PlaySettings, PositiveShare, Rule, Several, Share, is_number
from basestock.learning.streams import training_key
from basestock.learning.updates import compiling, is_fine, kept
from basestock.uncertainty import root_words

NEARLY = 1e-2
"""Distance from a whole number, units, that rounding of inputs may leave."""


Falling = Annotated[float, Rule("a number in (0.5, 1]", lambda value: is_number(value) and 0.5 < value <= 1)]


class TooManyStatesError(ValueError):
    """The states of a problem do not fit a table."""


@dataclasses.dataclass(frozen=True)
class TabularConfig(PlaySettings):
    """Settings of tabular Q-learning, besides those of all that play many paths.

    Parameters
    ----------
    levels
        Choices of a slot; single units up to 50, 21 levels beyond, if not given.
    power
        A value is moved by its number of visits to the power of minus this: above 1/2, at most 1.
    epsilon, final_epsilon, decay
        Share of random choices at first and in the end, and the share of the run over which it falls. Random choices
        lead far away, so half as many paths begin anew at least.
    most_values
        Numbers of the table at most.
    """

    discount: PositiveShare = 0.95
    restarts: Share = 0.1
    levels: Several | None = None
    power: Falling = 0.7
    epsilon: Share = 1.0
    final_epsilon: Share = 0.3
    decay: Share = 0.5
    most_values: Count = 4_000_000


class Table(eqx.Module):
    """Values of choices by state, in the place of a network.

    Parameters
    ----------
    values
        ``[choice, state]`` value of every joint choice.
    read
        ``[entry]`` inputs that tell the state; all others follow from them.
    low, step
        ``[entry]`` smallest value of each, and the distance of neighbors; what lies beyond is taken as the end.
    counts
        ``[entry]`` number of values of each.
    cycle
        ``[1]`` periods of the calendar that the last two inputs tell the phase of; 1 where there is none.
    """

    values: Float[Array, "choice state"]
    read: Int[Array, " entry"]
    low: Float[Array, " entry"]
    step: Float[Array, " entry"]
    counts: Int[Array, " entry"]
    cycle: Int[Array, "1"]

    def states(self, inputs: Float[Array, "input replication"]) -> Int[Array, " replication"]:
        """Return the number of the state that inputs tell."""
        found = jnp.round((inputs[self.read] - self.low[:, None]) / self.step[:, None]).astype(jnp.int32)
        digits = jnp.clip(found, 0, self.counts[:, None] - 1)
        behind = jnp.cumprod(self.counts[::-1])[::-1] // self.counts
        state = (behind[:, None] * digits).sum(0)
        turn = jnp.arctan2(inputs[-2], inputs[-1]) / (2 * math.pi) if len(inputs) > 1 else jnp.zeros(1)
        phase = jnp.round(turn * self.cycle).astype(jnp.int32) % self.cycle
        return state * self.cycle + phase

    def __call__(self, inputs: Float[Array, "input replication"]) -> Float[Array, "choice replication"]:
        """Return the values of all choices."""
        return self.values[:, self.states(inputs)]

    def arrays(self, prefix: str = "") -> dict[str, np.ndarray]:
        """Return the numbers by name, as they are saved."""
        return {f"{prefix}{field.name}": np.asarray(getattr(self, field.name)) for field in _fields()}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, np.ndarray], prefix: str = "") -> "Table":
        """Return the table that numbers by name are of."""
        return cls(**{field.name: jnp.asarray(arrays[f"{prefix}{field.name}"]) for field in _fields()})


class TableActor(ChoiceActor):
    """The best choices are looked up in a table, which stands where a network does."""

    network: Table  # pyright: ignore[reportIncompatibleVariableOverride, reportGeneralTypeIssues]
    form = "table"
    reads = Table


def _fields() -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(Table)  # pyright: ignore[reportArgumentType]


class _Learner(eqx.Module):
    """What an update changes."""

    table: Table
    visits: Array
    moving: Moving


class _Window(eqx.Module):
    """Everything that an update reads and does not change."""

    scene: Scene
    ends: Array
    actor: TableActor
    power: float = eqx.field(static=True)


def _learned(
    window: _Window, carry: tuple[Table, Array], row: Transitions
) -> tuple[tuple[Table, Array], Array]:
    """Move the values of what was chosen on every path in a period toward what came of it."""
    table, visits = carry
    at = row.drawn[0], table.states(row.inputs)
    following = table(row.following).max(0)
    if window.scene.clock.endless:
        # Only differences of values matter without end; a median does not mind the few states that are far off.
        following = following - jnp.median(following)
    errors = row.rewards + row.worth * following - table.values[at]
    counted = visits.at[at].add(1.0)
    # Paths in the same state move its value by their mean error, not by the sum of their errors.
    rate = jnp.minimum(counted[at] ** -window.power, 1.0 / (counted[at] - visits[at]))
    values = table.values.at[at].add(rate * errors)
    return (dataclasses.replace(table, values=values), counted), (errors**2).mean()


@eqx.filter_jit
def _update(
    window: _Window, learner: _Learner, chance: Chance, epsilon: Array
) -> tuple[_Learner, dict[str, Array]]:
    """Play some periods, and move the values of what was chosen."""
    explorer = _explorer(window, learner.table, epsilon)
    found, moving = gathered(window.scene, explorer, learner.moving, chance)
    (table, visits), errors = jax.lax.scan(
        lambda carry, row: _learned(window, carry, row),
        (learner.table, learner.visits),
        transitions_of(found, window.scene.discount),
    )
    fine = is_fine((table.values, errors))
    new = kept(fine, _Learner(table, visits, moving), dataclasses.replace(learner, moving=moving))
    return new, {FINE: fine, "losses/td_loss": errors.mean(), "charts/reward": found.rewards.mean()}


def _explorer(window: _Window, table: Table, epsilon: Array) -> ChoiceExplorer:
    """Return who tries choices."""
    return ChoiceExplorer(window.actor.encoder, window.actor.codec, table, window.ends, epsilon)


def _with_table(actor: TableActor, table: Table) -> TableActor:
    return dataclasses.replace(actor, network=table)


def train(
    problem: Problem,
    config: TabularConfig,
    *,
    key: Array,
    tell: Tell = tell_nobody,
    checkpoint: Checkpoint | None = None,
) -> TrainResult:
    """Learn the value of every choice in every state, where these are few and of whole units.

    Parameters and result are those of every learner: :class:`basestock.learning.registry.Train`.

    Raises
    ------
    TooManyStatesError
        If the table would be too large, or the states are not whole numbers.

    Notes
    -----
    Q-learning (Watkins and Dayan 1992, doi:10.1007/BF00992698) with steps that fall with the visits of a value
    (Even-Dar and Mansour 2003, https://www.jmlr.org/papers/v5/evendar03a.html). Without end, values are relative:
    their median over the paths is taken off (Abounadi et al. 2001, doi:10.1137/S0363012999361974). States that random
    play did not reach count as the nearest ones that it did.
    """
    deadline = Deadline(config.seconds, config.updates)
    stage_key = jax.random.fold_in(key, 0)
    codec = action_codec(problem, "multi_discrete", levels=config.levels)
    stage = staged(problem, dataclasses.replace(codec, kind="discrete"), config, stage_key)
    window, learner = _begun(stage, config, stage_key)
    explorer = _explorer(window, learner.table, scalar(0.0))

    def random(number: int, share: float) -> tuple[Chance, Array]:
        epsilon = linear(share, config.epsilon, config.final_epsilon, config.decay)
        now = training_key(key, number)
        return window.scene.chance(now, explorer, restarts=epsilon / 2.0), scalar(epsilon)

    def step(update: Any, learner: _Learner, done: int, share: float) -> tuple[_Learner, dict[str, Array]]:
        chance, epsilon = random(done, share)
        learner, told = update(window, learner, chance, epsilon)
        return learner, {**told, "charts/epsilon": epsilon}

    run = Run(problem, "tabular", config, key, deadline, tell, checkpoint)
    program = compiling(_update, window, learner, *random(0, 0.0))
    window = dataclasses.replace(window, scene=stage.priced(stage_key))
    learner = run.updated(
        *(learner, program, step, lambda learner: _with_table(window.actor, learner.table)),
        steps=window.scene.periods * window.scene.paths,
    )
    return run.finished(run.done, run.ending, {"last": _with_table(window.actor, learner.table)})


def _begun(stage: Stage, config: TabularConfig, key: Array) -> tuple[_Window, _Learner]:
    """Return what updates read, and what they change."""
    scene = stage.scene
    seen = np.asarray(_inputs(scene.game, stage.encoder, scene.pool, root_words(key)))
    table = _table(stage, seen, config.most_values)
    visits = jnp.asarray(np.zeros(table.values.shape, np.float32))
    actor, ends = TableActor(stage.encoder, table, stage.codec), jnp.asarray(random_choices(stage.codec))
    return _Window(scene, ends, actor, config.power), _Learner(table, visits, scene.first)


@eqx.filter_jit
def _inputs(game: Game, encoder: Encoder, pool: Moving, root: Array) -> Float[Array, "input path"]:
    """Return what is read of states before their next decision."""
    replications = jnp.arange(pool.state.on_hand.shape[-1])
    event, _ = game.events.sample(pool.world, root, pool.state.period, replications)
    opened, _ = open_period(game.network, game.sequence, pool.state, event)
    observation, _ = game.information.observe(
        game.network, opened, pool.world, pool.outcome, pool.memory[0], key=jax.random.wrap_key_data(root)
    )
    return encoder(observation)


def _table(stage: Stage, inputs: np.ndarray, most: int) -> Table:
    """Return a table of zeros over the states between the ends of what was seen."""
    name, clock, codec = stage.problem.name, stage.encoder.clock, stage.codec
    center, scale = np.asarray(stage.encoder.center), np.asarray(stage.encoder.scale)
    width = len(center)
    seen = inputs[:width] * scale[:, None] + center[:, None]
    if np.abs(seen - np.round(seen)).max() > NEARLY:
        raise TooManyStatesError(
            f"problem {name!r}: its states are not whole numbers, must be for a table. Use dqn."
        )
    seen = np.round(seen)
    read = _telling(seen)
    low, high = seen[read].min(1), seen[read].max(1)
    counts = (high - low + 1).astype(np.int64)
    low, steps = (low - center[read]) / scale[read], 1.0 / scale[read]
    if not clock.endless:
        read, low = np.append(read, width), np.append(low, 0.0)
        steps, counts = np.append(steps, 1.0 / clock.periods), np.append(counts, clock.periods + 1)
    cycle = clock.cycle if 1 < clock.cycle <= LONGEST_CYCLE else 1
    size = math.prod([*map(int, counts), cycle]), math.prod(codec.sizes)
    if math.prod(size) > most:
        raise TooManyStatesError(
            f"problem {name!r}: {size[0]:,} states times {size[1]:,} choices, must be at most {most:,} values. Use dqn."
        )
    return Table(
        jnp.asarray(np.zeros((size[1], size[0]), np.float32)),
        jnp.asarray(read.astype(np.int32)),
        jnp.asarray(low.astype(np.float32)),
        jnp.asarray(steps.astype(np.float32)),
        jnp.asarray(counts.astype(np.int32)),
        jnp.asarray(np.array([cycle], np.int32)),
    )


def _telling(seen: np.ndarray) -> np.ndarray:
    """Return which rows tell all: those that are no sum of multiples of the rows before and a constant."""
    known, read = [np.ones(seen.shape[1])], []
    for at, row in enumerate(seen.astype(np.float64)):
        basis = np.stack(known)
        rest = row - basis.T @ np.linalg.lstsq(basis.T, row, rcond=None)[0]
        if np.abs(rest).max() > 1e-3:
            known.append(row)
            read.append(at)
    return np.array(read, dtype=np.int64)
