"""Potential-based shaping: money that says at once how far stock is from where it should be, and sums up to nothing."""

import dataclasses

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from basestock.decision import Problem
from basestock.decision.information import position_of
from basestock.dynamics import NetworkArrays, State, Step
from basestock.economics import Tariff, Term
from basestock.optimal.mdp.analysis import is_endless
from basestock.policies import Newsvendor, money_at_stake


@dataclasses.dataclass(frozen=True, eq=False)
class Potential:
    """What inventory positions away from newsvendor levels would cost in a period, money.

    Parameters
    ----------
    network
        The compiled network.
    level
        ``[node, item, 1]`` newsvendor levels, units; 0 where nothing is supplied.
    underage, overage
        ``[node, item, 1]`` money per unit below and above.
    end
        Period in which nothing has a potential any more; none for problems without end.
    """

    network: NetworkArrays
    level: Float[np.ndarray, "node item 1"]
    underage: Float[np.ndarray, "node item 1"]
    overage: Float[np.ndarray, "node item 1"]
    end: int | None

    @classmethod
    def of(cls, problem: Problem, weight: float) -> "Potential":
        """Return the potential of a problem, multiplied by a weight."""
        underage, overage = (weight * each[..., None] for each in money_at_stake(problem))
        level = np.asarray(Newsvendor.for_problem(problem).base_stock_level)
        end = None if is_endless(problem) else problem.warm_up + problem.horizon
        return cls(problem.arrays, level, underage, overage, end)

    def __call__(self, state: State) -> Float[Array, "node item replication"]:
        """Return the potential of a state."""
        short = self.level - position_of(self.network, state).inventory
        away = self.underage * jnp.maximum(short, 0.0) + self.overage * jnp.maximum(-short, 0.0)
        goes_on = True if self.end is None else state.period < self.end
        # Where nothing is supplied there is no level to be away from.
        return jnp.where(goes_on & (self.level > 0), away, 0.0)


@dataclasses.dataclass(frozen=True, eq=False)
class _After:
    potential: Potential
    discount: float

    def __call__(self, tariff: Tariff, step: Step) -> Array:
        """Return the potential that a period leads to."""
        return self.discount * self.potential(step.next_state)


@dataclasses.dataclass(frozen=True, eq=False)
class _Before:
    potential: Potential

    def __call__(self, tariff: Tariff, step: Step) -> Array:
        """Return the potential that a period begins with."""
        return self.potential(step.start)


def shaped(problem: Problem, weight: float = 1.0) -> Problem:
    """Return a problem whose periods also cost the potential that they lead to less the one that they begin with.

    Parameters
    ----------
    problem
        The problem.
    weight
        What the potential is multiplied by; 1 is what a period with such a position costs.

    Notes
    -----
    Ng, Harada and Russell 1999, "Policy invariance under reward transformations": with the discount of the problem the
    sum over a path is the same for every policy, minus the potential of the start, so that the best policy is the same.
    What a decision brings about is felt in its own period, not a lead time later.
    """
    potential, discount = Potential.of(problem, weight), problem.discount if problem.discounts else 1.0
    terms = (
        Term("potential_after", _After(potential, discount), "holding", "node"),
        Term("potential_before", _Before(potential), "holding", "node", sign=-1),
    )
    return dataclasses.replace(problem, terms=(*problem.terms, *terms), known=None, solve=None)
