"""Any policy's orders, brought into capacities and budgets by a linear program."""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from basestock.decision import Observation, Policy, Problem
from basestock.dynamics import Decision
from basestock.dynamics.caps import NO_CAP, Caps
from basestock.optimal.programs.model import ProgramModel

ROUNDING = 1e-6
"""Share of a step that a solver may be off."""


@dataclasses.dataclass(frozen=True, eq=False)
class Shared:
    """What the orders of a period share: capacities, budgets and other limits, on the padded axes.

    Parameters
    ----------
    loads
        ``[cap, lane, item]`` what one unit takes of each.
    caps
        ``[cap]`` largest sums, each in its own measure.
    step
        ``[lane, item]`` multiples of quantities, units; 0 where any fraction is fine.
    """

    loads: np.ndarray
    caps: np.ndarray
    step: np.ndarray

    def __call__(self, wanted: np.ndarray | Array) -> np.ndarray:
        """Return the nearest orders ``[lane, item, replication]`` that keep every cap."""
        proposed = np.asarray(wanted, dtype=np.float64)
        table = np.where(np.isfinite(proposed) & (proposed > 0), proposed, 0.0)
        return np.stack([self.nearest(each) for each in np.moveaxis(table, -1, 0)], -1).astype(np.float32)

    def nearest(self, wanted: np.ndarray) -> np.ndarray:
        """Return the orders nearest to ``[lane, item]`` wanted ones, cut to whole steps."""
        if (np.einsum("cli,li->c", self.loads, wanted) <= self.caps * (1 + ROUNDING)).all():
            return wanted
        model = ProgramModel("projection")
        order = model.variables("order", wanted.shape, high=wanted)
        worst = model.variables("worst", (), high=1.0)
        for number, (load, cap) in enumerate(zip(self.loads, self.caps, strict=True)):
            model.constrain(f"cap_{number}", (order * load).sum(), "<=", float(cap))
        asked = np.argwhere(wanted > 0)
        for lane, item in asked:
            model.constrain("worst", order[lane, item] + worst * wanted[lane, item], ">=", wanted[lane, item])
        model.minimize(worst * float(wanted.sum()) - order.sum())
        found = np.clip(order.at(model.solve().values), 0.0, wanted)
        size = np.where(self.step > 0, self.step, 1.0)
        return np.where(self.step > 0, np.floor(found / size + ROUNDING) * size, found)


class Projected(Policy):
    """Lets any policy propose, a trained network too, and orders what is nearest within capacities and budgets.

    Parameters
    ----------
    policy
        Who proposes.
    shared
        What the orders share.

    Notes
    -----
    For the proposal w it minimizes z sum(w) + sum(w - q) over 0 <= q <= w, with the largest relative cut z >= (w - q) /
    w and every cap sum(load q) <= cap: no line is cut much more than another for the sake of the total. Quantities are
    then cut to whole steps, which keeps the caps.
    """

    policy: Policy
    shared: Shared = eqx.field(static=True)

    def init(self, observation: Observation) -> Any:
        """Return the memory of who proposes."""
        return self.policy.init(observation)

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Ask, then project."""
        decision, memory = self.policy(observation, memory, key=key)
        wanted = jnp.broadcast_to(decision.order, observation.in_transit.shape) * observation.can_order
        shape = jax.ShapeDtypeStruct(wanted.shape, jnp.float32)
        order = jax.pure_callback(self.shared, shape, wanted, vmap_method="sequential")
        return dataclasses.replace(decision, order=order), memory


def projected(problem: Problem, policy: Policy) -> Projected:
    """Return a policy whose orders keep every limit that orders share in a problem.

    Parameters
    ----------
    problem
        Whose capacities, budgets and limits.
    policy
        Who proposes, for instance a policy that was learned.
    """
    arrays = problem.arrays
    shape = (arrays.num_lanes, arrays.num_items)
    loads, caps = np.zeros((0, *shape)), np.zeros(0)
    step = np.full(shape, float(arrays.features.whole_units))
    if arrays.ordering is not None:
        step = np.array(np.broadcast_to(np.asarray(arrays.ordering.step)[..., 0], shape), dtype=np.float64)
        for group in arrays.ordering.caps:
            tables, limits = _tables(group, shape)
            loads, caps = np.concatenate([loads, tables]), np.concatenate([caps, limits])
    real = caps < NO_CAP / 2
    return Projected(policy, Shared(loads[real], caps[real], step))


def _tables(group: Caps, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return ``[cap, lane, item]`` loads and ``[cap]`` limits of some caps."""
    units = jnp.eye(shape[0] * shape[1]).reshape(*shape, -1)
    taken = (group.lines.read(units) * group.load).sum(1)
    return np.asarray(taken, dtype=np.float64).reshape(-1, *shape), np.asarray(
        group.cap, dtype=np.float64
    ).ravel()
