"""The protocol of everything that decides, in the simulator, the backtest and in production."""

import abc
from typing import Any

import equinox as eqx
from jaxtyping import Array

from basestock.decision.observation import Observation
from basestock.dynamics import Decision


class Policy(eqx.Module):
    """Maps what is seen to what is ordered; parameters are leaves, so that they can be searched and differentiated."""

    def init(self, observation: Observation) -> Any:
        """Return the memory before the first decision; ``None`` for policies without memory."""
        return None

    @property
    def remembers(self) -> bool:
        """Whether it decides by what it saw or did before."""
        return type(self).init is not Policy.init

    @abc.abstractmethod
    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Decide.

        Parameters
        ----------
        observation
            What is seen, every array with a trailing replication axis.
        memory
            Memory of the policy.
        key
            Key for policies that randomize; never that of the events.

        Returns
        -------
        tuple
            Decision, and memory after it.
        """
