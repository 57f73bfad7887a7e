"""Residual learning: what a tuned classic orders, and what a network adds to it or takes away."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from basestock.decision import Observation, Policy, Problem
from basestock.envs import ActionCodec
from basestock.learning.actors import QuantityActor
from basestock.learning.selection import PERIODS
from basestock.learning.settings import SettingError
from basestock.learning.slots import jumping, units_of
from basestock.learning.teachers import quantities_of
from basestock.policies import find, fit
from basestock.policies.formulas import leaf
from basestock.policies.saved import SavedPolicy

CLASSICS = ("base_stock", "echelon_base_stock", "capped_base_stock")
"""Policies of which the cheapest is built on, where quantities do not jump."""

PREFIX = "base_"
"""Parameters of the known policy are saved under their names after this."""

LOTS = ("order_up_to", "base_stock")
"""The same where costs jump with an order."""


class Base(eqx.Module):
    """A known policy to build on.

    Parameters
    ----------
    policy
        The policy, which has no memory.
    coordinates
        Its parameters as :class:`basestock.policies.Fit` names them; none of policies that are computed.
    name
        Registered name.
    """

    policy: Policy
    coordinates: dict[str, Array]
    name: str = eqx.field(static=True)

    @classmethod
    def of(cls, problem: Problem, name: str, coordinates: Mapping[str, np.ndarray]) -> "Base":
        """Return a registered policy at some parameters."""
        entry, values = find(name), {key: leaf(np.asarray(value)) for key, value in coordinates.items()}
        policy = entry.compute(problem) if entry.compute is not None else entry.make(problem, values)
        return cls(policy, values, name)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the parameters by name, as they are saved."""
        return {f"{PREFIX}{name}": np.asarray(value)[..., 0] for name, value in self.coordinates.items()}


def tuned_base(problem: Problem, codec: ActionCodec, name: str | None, seconds: float) -> Base:
    """Return a tuned policy to build on.

    Parameters
    ----------
    problem, codec
        The problem, and what is decided.
    name
        Registered name; the cheapest of a few if not given.
    seconds
        Time of each search.

    Raises
    ------
    SettingError
        If the policy decides by what it remembers.
    """
    single = len(problem.network.nodes) == 1
    some = LOTS if jumping(problem, codec).any() else CLASSICS
    names = [name] if name else [each for each in some if not (single and each.startswith("echelon"))]
    found = [fit(problem, each, periods=min(problem.horizon, PERIODS), max_seconds=seconds) for each in names]
    best = min(found, key=lambda each: problem.sign * (each.cost.mean or 0.0))
    base = Base.of(problem, best.name, best.coordinates)
    if base.policy.remembers:
        raise SettingError(
            f"base {best.name!r}: remembers what it did, must decide on what is seen. Choose another."
        )
    return base


class ResidualActor(QuantityActor):
    """Outputs are added to what a known policy orders, in units of an average period.

    Parameters
    ----------
    base
        The known policy.
    follows
        ``[slot]`` 1 where nothing is ordered unless the known policy orders: costs jump there.
    reach
        Most that is added or taken away, in units of an average period; without bound if not given.

    Notes
    -----
    Johannink et al. 2019, doi:10.1109/ICRA.2019.8794127; Silver et al. 2018, doi:10.48550/arXiv.1812.06298. Begins as
    the known policy.
    """

    base: Base = dataclasses.field(kw_only=True)
    follows: Float[Array, " slot"] = dataclasses.field(kw_only=True)
    reach: float | None = eqx.field(static=True, default=None, kw_only=True)
    form = "residual"

    @classmethod
    def of_saved(
        cls, problem: Problem, encoder: Any, network: Any, codec: ActionCodec, saved: SavedPolicy
    ) -> "ResidualActor":
        """Return the actor of a file."""
        told = {
            name.removeprefix(PREFIX): each for name, each in saved.arrays.items() if name.startswith(PREFIX)
        }
        base = Base.of(problem, saved.facts["base"], told)
        return cls.beside(problem, encoder, network, codec, base, saved.facts.get("reach"))

    @classmethod
    def beside(
        cls,
        problem: Problem,
        encoder: Any,
        network: Any,
        codec: ActionCodec,
        base: Base,
        reach: float | None = None,
    ) -> "ResidualActor":
        """Return the actor of a network beside a known policy."""
        typical, limit, priced = map(jnp.asarray, units_of(codec))
        follows = jnp.asarray(jumping(problem, codec), dtype=jnp.float32)
        return cls(encoder, network, codec, typical, limit, priced, base=base, follows=follows, reach=reach)

    def decided(self, observation: Observation) -> Float[Array, "slot replication"]:
        """Return the quantities that are decided on what is seen, units."""
        decision, _ = self.base.policy(observation, None, key=jax.random.key(0))
        units, outputs = quantities_of(self.codec, decision), self.outputs(observation)
        if self.reach is not None:
            outputs = self.reach * jnp.tanh(outputs / self.reach)
        changed = jnp.maximum(units + self.typical[:, None] * outputs, 0.0)
        follows = (self.follows[:, None] > 0) & (units <= 0)
        low, high = self.codec.low[:, None], self.codec.high[:, None]
        share = jnp.clip((units - low) / jnp.maximum(high - low, 1e-6), 0.01, 0.99)
        # Of a price it is the share of its range that changes.
        shares = outputs + jnp.log(share) - jnp.log1p(-share)
        return self.allowed(jnp.where(follows, 0.0, changed), shares)
