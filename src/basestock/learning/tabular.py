"""Tabular Q-learning: the value of every choice in every state of a small problem, one number each."""

import dataclasses
import math
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from basestock.decision import Game, Problem
from basestock.dynamics import Moving, open_period
from basestock.envs import ActionCodec, action_codec
from basestock.learning.actors import ChoiceActor
from basestock.learning.deadline import Deadline
from basestock.learning.encoding import LONGEST_CYCLE, Encoder
from basestock.learning.results import STOPPED_BY_TIME, STOPPED_BY_UPDATES, TrainResult
from basestock.learning.runs import Run, Tell
from basestock.learning.states import beginnings
from basestock.learning.streams import training_key
from basestock.learning.transitions import (
    EXPLODED,
    STOPPED_BY_NUMBERS,
    STOPPED_BY_SIZE,
    Explorer,
    Grounds,
    begun_paths,
    compiled,
    played,
)
from basestock.uncertainty import root_words


class TooManyStatesError(ValueError):
    """The states of a problem do not fit a table."""


@dataclasses.dataclass(frozen=True)
class TabularConfig:
    """Settings of tabular Q-learning.

    Parameters
    ----------
    seconds
        Wall time of the run, compiling included.
    updates
        Number of updates, for runs that are the same on every machine; by the clock if not given.
    levels
        Choices of a slot; single units up to 50, 21 levels beyond, if not given.
    discount
        Worth of a period later where costs are averaged; discounted problems have their own.
    power
        A value is moved by its number of visits to the power of minus this: above 1/2, at most 1.
    paths
        Paths played side by side.
    periods
        Periods of an update on each path, of problems without end.
    epsilon, final_epsilon, decay
        Share of random choices at first and in the end, and the share of the run over which it falls.
    restarts
        Share of the paths that begin anew in an update: in the declared start or a state of random play.
    most_values
        Numbers of the table at most.
    most_cells
        Places times paths times periods of an update at most.
    """

    seconds: float = 60.0
    updates: int | None = None
    levels: int | None = None
    discount: float = 0.95
    power: float = 0.7
    paths: int = 256
    periods: int = 16
    epsilon: float = 1.0
    final_epsilon: float = 0.3
    decay: float = 0.5
    restarts: float = 0.1
    most_values: int = 4_000_000
    most_cells: int = 4_000_000


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

    grounds: Grounds
    actor: TableActor
    power: float = eqx.field(static=True)


def _learned(
    window: _Window, carry: tuple[Table, Array], row: dict[str, Array]
) -> tuple[tuple[Table, Array], Array]:
    """Move the values of what was chosen on every path in a period toward what came of it."""
    table, visits = carry
    at = row["action"][0], table.states(row["inputs"])
    following = table(row["following"]).max(0)
    if window.grounds.clock.endless:
        # Only differences of values matter without end; a median does not mind the few states that are far off.
        following = following - jnp.median(following)
    errors = row["reward"][0] + row["worth"][0] * following - table.values[at]
    counted = visits.at[at].add(1.0)
    # Paths in the same state move its value by their mean error, not by the sum of their errors.
    rate = jnp.minimum(counted[at] ** -window.power, 1.0 / (counted[at] - visits[at]))
    values = table.values.at[at].add(rate * errors)
    return (dataclasses.replace(table, values=values), counted), (errors**2).mean()


@eqx.filter_jit
def _update(
    window: _Window, learner: _Learner, key: Array, epsilon: Array
) -> tuple[_Learner, dict[str, Array]]:
    """Play some periods, and move the values of what was chosen."""
    events, begin_key = jax.random.split(key)
    grounds = window.grounds
    explorer = Explorer(_with_table(window.actor, learner.table), grounds.ends, epsilon)
    moving = begun_paths(grounds, learner.moving, epsilon, begin_key)
    end, rows = played(grounds, explorer, moving, root_words(events))
    (table, visits), errors = jax.lax.scan(
        lambda carry, row: _learned(window, carry, row), (learner.table, learner.visits), rows
    )
    return _Learner(table, visits, end), {"td_loss": errors.mean(), "reward": rows["reward"].mean()}


def _with_table(actor: TableActor, table: Table) -> TableActor:
    return dataclasses.replace(actor, network=table)


def train(
    problem: Problem, config: TabularConfig, *, key: Array, tell: Tell = lambda point: None
) -> TrainResult:
    """Learn the value of every choice in every state.

    Parameters
    ----------
    problem
        A problem with few states of whole units.
    config
        Settings.
    key
        Key of the run: training and selection events follow from it.
    tell
        Is told every point of the curve.

    Returns
    -------
    TrainResult
        The cheapest candidate on events of selection: the last table, or the best point of the curve.

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
    window, learner = _set_up(problem, config, jax.random.fold_in(key, 0))
    run = Run(problem, "tabular", config, key, deadline, tell)
    # Two programs are compiled beside each other.
    with ThreadPoolExecutor(1) as beside:
        compiling = beside.submit(
            *(compiled, _update, window, learner, training_key(key, 0)),
            jnp.asarray(np.float32(config.epsilon)),
        )
        grounds = window.grounds.priced(problem, key)
        run.look(0, _with_table(window.actor, learner.table))
        update = compiling.result()
    window = dataclasses.replace(window, grounds=grounds)
    done, stopped = 0, STOPPED_BY_TIME if config.updates is None else STOPPED_BY_UPDATES
    while (share := deadline.share(done, run.reserve)) < 1.0:
        falls = min(share / max(config.decay, 1e-9), 1.0)
        epsilon = config.epsilon + (config.final_epsilon - config.epsilon) * falls
        after, told = update(window, learner, training_key(key, done), jnp.asarray(np.float32(epsilon)))
        loss = float(told["td_loss"])
        if not loss < EXPLODED:
            stopped = STOPPED_BY_SIZE if math.isfinite(loss) else STOPPED_BY_NUMBERS
            break
        learner, done = after, done + 1
        if run.is_due(share):
            values = {name: float(each) for name, each in told.items()}
            run.look(done, _with_table(window.actor, learner.table), epsilon=epsilon, **values)
    return run.finished(done, stopped, {"last": _with_table(window.actor, learner.table)})


def _set_up(problem: Problem, config: TabularConfig, key: Array) -> tuple[_Window, _Learner]:
    """Return what updates read, and what they change."""
    codec = action_codec(problem, "multi_discrete", levels=config.levels)
    codec = dataclasses.replace(codec, kind="discrete")
    begun = beginnings(problem, codec, key)
    encoder = dataclasses.replace(
        begun.encoder,
        center=jnp.asarray(np.zeros(begun.encoder.center.shape, np.float32)),
        scale=jnp.asarray(np.ones(begun.encoder.scale.shape, np.float32)),
    )
    grounds = Grounds.of(
        *(problem, codec, begun),
        paths=config.paths,
        periods=config.periods,
        discount=config.discount,
        restarts=config.restarts,
        most_cells=config.most_cells,
    )
    seen = np.asarray(_inputs(grounds.game, encoder, grounds.pool, root_words(key)))
    table = _table(problem, encoder, codec, seen, config.most_values)
    visits = jnp.asarray(np.zeros(table.values.shape, np.float32))
    actor = TableActor(encoder, table, codec)
    return _Window(grounds, actor, config.power), _Learner(table, visits, grounds.first)


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


def _table(problem: Problem, encoder: Encoder, codec: ActionCodec, seen: np.ndarray, most: int) -> Table:
    """Return a table of zeros over the states between the ends of what was seen."""
    width, clock = encoder.center.shape[0], encoder.clock
    read = _telling(seen[:width])
    low, high = seen[read].min(1), seen[read].max(1)
    counts = (np.round(high - low) + 1).astype(np.int64)
    steps = np.ones(len(read))
    if not np.allclose(seen[read], np.round(seen[read])):
        raise TooManyStatesError(
            f"problem {problem.name!r}: its states are not whole numbers, must be for a table. Use dqn."
        )
    if not clock.endless:
        read, low = np.append(read, width), np.append(low, 0.0)
        steps, counts = np.append(steps, 1.0 / clock.periods), np.append(counts, clock.periods + 1)
    cycle = clock.cycle if 1 < clock.cycle <= LONGEST_CYCLE else 1
    size = math.prod([*map(int, counts), cycle]), math.prod(codec.sizes)
    if math.prod(size) > most:
        raise TooManyStatesError(
            f"problem {problem.name!r}: {size[0]:,} states times {size[1]:,} choices, must be at most {most:,} values. "
            "Use dqn."
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
