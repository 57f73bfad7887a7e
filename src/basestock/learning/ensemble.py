"""Several policies together: the mean of what they would do."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.decision import Observation, Policy, Problem
from basestock.dynamics import Decision
from basestock.envs import ActionCodec, action_codec
from basestock.learning.slots import jumping
from basestock.learning.teachers import quantities_of
from basestock.policies.saved import SavedPolicy

ENSEMBLE = "ensemble"
"""Name in the manifest of several policies together."""


class Ensemble(Policy):
    """Decides the mean of the quantities of its members, rounded where they are whole.

    Where costs jump with an order, nothing is ordered unless most members order, and then the mean of those that do.

    Parameters
    ----------
    members
        The policies; each keeps a memory of its own.
    codec
        The quantities that are decided.
    jumps
        ``[slot]`` 1 where costs jump with an order.
    """

    members: tuple[Policy, ...]
    codec: ActionCodec
    jumps: Float[Array, " slot"]

    @classmethod
    def of(cls, problem: Problem, members: Sequence[Policy]) -> "Ensemble":
        """Return policies for a problem together.

        Raises
        ------
        ValueError
            If there are none.
        """
        if not members:
            raise ValueError("Ensemble: there are 0 members, must be 1 at least. Name a policy.")
        codec = action_codec(problem, "continuous")
        return cls(tuple(members), codec, jnp.asarray(jumping(problem, codec), dtype=jnp.float32))

    def init(self, observation: Observation) -> tuple[Any, ...]:
        """Return the memories of all members."""
        return tuple(member.init(observation) for member in self.members)

    def __call__(
        self, observation: Observation, memory: tuple[Any, ...], *, key: Array
    ) -> tuple[Decision, tuple[Any, ...]]:
        """Ask all members, and take the mean."""
        found = [member(observation, own, key=key) for member, own in zip(self.members, memory, strict=True)]
        units = jnp.stack([quantities_of(self.codec, decision) for decision, _ in found])
        orders = (units > 0).astype(units.dtype)
        most = orders.mean(0) > 0.5
        of_those = jnp.where(most, units.sum(0) / jnp.maximum(orders.sum(0), 1.0), 0.0)
        mean = jnp.where(self.jumps[:, None] > 0, of_those, units.mean(0))
        return self.codec.decide(self.codec.rounded(mean)), tuple(own for _, own in found)


def saved_ensemble(members: Sequence[SavedPolicy], facts: Mapping[str, Any]) -> SavedPolicy:
    """Return what is written of saved policies together.

    Parameters
    ----------
    members
        The policies, all for one problem.
    facts
        What else is known of them together.

    Raises
    ------
    ValueError
        If there are none, or they are for different problems.
    """
    problems = sorted({each.problem for each in members})
    if len(problems) != 1:
        raise ValueError(
            f"Ensemble: members are for {', '.join(problems) or 'nothing'}, must be for one problem. Choose others."
        )
    told = [{"name": each.name, "facts": dict(each.facts)} for each in members]
    arrays = {
        f"member_{at}_{name}": array for at, each in enumerate(members) for name, array in each.arrays.items()
    }
    return SavedPolicy(ENSEMBLE, problems[0], {**facts, "members": told}, arrays)


def members_of(saved: SavedPolicy) -> list[SavedPolicy]:
    """Return the policies that a file holds together."""
    found: list[SavedPolicy] = []
    for at, told in enumerate(saved.facts["members"]):
        prefix = f"member_{at}_"
        arrays = {
            name.removeprefix(prefix): each for name, each in saved.arrays.items() if name.startswith(prefix)
        }
        found.append(SavedPolicy(told["name"], saved.problem, told["facts"], arrays))
    return found
