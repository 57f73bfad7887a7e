"""The price of a floor of service: a multiplier that rises while too little is served, and falls else."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.decision import Problem, advance
from basestock.dynamics import Moving
from basestock.learning.actors import Actor
from basestock.learning.experience import Scene, scene_of
from basestock.learning.runs import Run
from basestock.learning.selection import ServedCost
from basestock.learning.states import Beginnings
from basestock.learning.updates import toward

PATHS = 128
"""Paths on which service is measured, at most."""

FIRST = -2.0
"""Logarithm of the first multiplier."""

FARTHEST = 12.0
"""Size of the logarithm of a multiplier at most."""

SPEED = 30.0
"""What the logarithm of the multiplier may move in a run whose every update sees too little served."""

STEP = 0.1
"""What it may move in an update."""

NEWEST = 0.1
"""Share of the newest units in the running sums."""


class Floor(eqx.Module):
    """Service of the policy as it decides, on paths of its own that never begin anew, and what it is worth.

    Parameters
    ----------
    aim
        Fill rate that is aimed at.
    moving
        The paths.
    demand, sales
        Running sums, units.
    pressure
        Logarithm of the multiplier.
    share
        Share of the run at the last measurement.

    Notes
    -----
    Learning plays in fractions, draws gates, and begins in states that the policy does not reach: what it serves there
    is not what it serves when it decides. The multiplier moves by its share (exponentiated gradient ascent), by what is
    not served over what need not be: it needs no scale, neither of money nor of the floor. The last measurement counts
    beside the sum of all, which damps (Stooke, Achiam and Abbeel 2020, doi:10.48550/arXiv.2007.03964).
    """

    aim: float = eqx.field(static=True)
    moving: Moving
    demand: Float[Array, ""]
    sales: Float[Array, ""]
    pressure: Float[Array, ""]
    share: Float[Array, ""]

    @classmethod
    def begun(cls, aim: float, scene: Scene) -> "Floor":
        """Return the floor before anything has been measured."""
        nothing = jnp.zeros(())
        return cls(aim, scene.first, nothing, nothing, nothing + FIRST, nothing)

    @property
    def excess(self) -> Float[Array, ""]:
        """What is not served over what need not be, less 1; within [-1, 1]."""
        unserved = 1.0 - self.sales / jnp.maximum(self.demand, 1e-9)
        found = jnp.clip(unserved / (1.0 - self.aim) - 1.0, -1.0, 1.0)
        return jnp.where(self.demand > 0, found, 0.0)

    @property
    def multiplier(self) -> Float[Array, ""]:
        """What the floor is worth, in what a period costs."""
        return jnp.exp(jnp.clip(self.pressure + self.excess, -FARTHEST, FARTHEST))

    def measured(self, scene: Scene, actor: Actor, root: Array, share: Array, falling: Array) -> "Floor":
        """Play on, and move the multiplier.

        Parameters
        ----------
        scene
            Where the paths are played, of :func:`service_scene`.
        actor
            Who decides.
        root
            Words of the root key of events.
        share
            Share of the run that is over.
        falling
            What steps of learning are, over the first of them.
        """
        count = scene.paths
        # The first periods do not count where the run has an end, as when it is judged.
        skipped = jnp.maximum(scene.skipped - self.moving.state.period, 0)
        fold = ServedCost(dataclasses.replace(scene.fold, skipped=skipped))
        path = advance(
            *(scene.game, actor.deciding(), self.moving),
            root=root,
            replications=jnp.arange(count),
            num_periods=scene.periods,
            fold=fold,
            initial=fold.initial(count),
        )
        kept = jnp.where(self.demand > 0, 1.0 - NEWEST, 0.0)
        demand, sales = path.folded.demand.mean(), path.folded.sales.mean()
        new = dataclasses.replace(
            self,
            moving=scene.going_on(path.end, None),
            demand=kept * self.demand + (1.0 - kept) * demand,
            sales=kept * self.sales + (1.0 - kept) * sales,
            share=share,
        )
        speed = speed_of(share - self.share, falling)
        pressure = jnp.clip(self.pressure + speed * new.excess, -FARTHEST, FARTHEST)
        return jax.lax.stop_gradient(dataclasses.replace(new, pressure=pressure))


def price_of(floor: Floor | None) -> dict[str, Array]:
    """Return the multiplier of a floor as an update tells it; nothing without one."""
    return {} if floor is None else {"losses/multiplier": floor.multiplier}


def service_scene(problem: Problem, begun: Beginnings, periods: int, paths: int, most_cells: int) -> Scene:
    """Return where service is measured: in whole units, and on paths that never begin anew.

    Parameters
    ----------
    problem, begun
        The problem, and where paths begin.
    periods, paths, most_cells
        As of :func:`basestock.learning.experience.scene_of`.
    """
    return scene_of(problem, begun, periods, min(paths, PATHS), restarts=0.0, most_cells=most_cells)


def just_served(run: Run, actor: Actor) -> Actor:
    """Return an actor between a policy and the best one so far that serves just enough on the events of selection.

    Parameters
    ----------
    run
        The run.
    actor
        The policy that the run ended with; comes back where it serves enough itself, or no time is left.

    Notes
    -----
    Whole quantities make service jump where a parameter moves a little. Parameters are halved between those that serve
    enough and those that do not.
    """
    good, poor = run.served, actor.deciding()
    if good is None or not run.has_time() or run.objective.serves(run.told(poor)):
        return poor
    for _ in range(run.objective.tries - 1):
        if not run.has_time():
            break
        middle = dataclasses.replace(poor, network=toward(poor.network, good.network, 0.5))
        if run.objective.serves(run.told(middle)):
            good = middle
        else:
            poor = middle
    return good


def speed_of(step: Array, falling: Array) -> Array:
    """Return what the logarithm of a multiplier may move in an update.

    Parameters
    ----------
    step
        Share of the run that the last update took; below 0 after a run got a larger budget.
    falling
        What steps of learning are, over the first of them.
    """
    return falling * jnp.clip(SPEED * step, 0.0, STEP)
