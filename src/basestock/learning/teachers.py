"""Teachers: policies that are known, whose quantities a network learns from or goes on from."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.decision import Policy, Problem
from basestock.dynamics import Decision
from basestock.envs import ActionCodec
from basestock.learning.selection import PERIODS
from basestock.learning.settings import SettingError
from basestock.optimal.mdp import NotMarkovError, NotSeenError, NotWholeError, TooLargeError, optimize
from basestock.policies import REGISTRY, fit
from basestock.uncertainty.support import SupportError

OPTIMAL = "optimal"
"""Name of the optimum of problems that are solved exactly."""

MOST_BYTES = 1 << 30
"""Memory that the tables of an optimum may take."""

TEACHERS = (OPTIMAL, *sorted(REGISTRY))
"""Names of teachers."""


def teacher_of(problem: Problem, name: str, seconds: float) -> Policy:
    """Return a teacher.

    Parameters
    ----------
    problem
        The problem that it plays.
    name
        Registered name of a policy, which is tuned by simulation on events of its own, or ``optimal``.
    seconds
        Time that the search for the optimum or for the parameters may take.

    Raises
    ------
    SettingError
        If the optimum is asked for, and the problem is not solved in the time; or if the policy decides by what it
        remembers, since a lesson begins in the middle of a path.
    """
    if name == OPTIMAL:
        try:
            return optimize(problem, max_bytes=MOST_BYTES, max_seconds=seconds).policy(problem)
        except (TooLargeError, SupportError, NotWholeError, NotMarkovError, NotSeenError) as error:
            raise SettingError(
                f"teacher 'optimal' of {problem.name!r}: {error} Choose another teacher."
            ) from error
    policy = fit(problem, name, periods=min(problem.horizon, PERIODS), max_seconds=seconds).policy
    if policy.remembers:
        raise SettingError(
            f"teacher {name!r}: remembers what it saw, must decide on what is seen. Choose another."
        )
    return policy


def quantities_of(codec: ActionCodec, decision: Decision) -> Float[Array, "slot replication"]:
    """Return the quantity of every slot of a decision, units; what it leaves to the plant's own rule is typical.

    Parameters
    ----------
    codec
        The slots.
    decision
        A decision of the same network.
    """
    count = decision.order.shape[-1]
    rows: list[Array] = []
    for at, slot in enumerate(codec.slots):
        row, item = codec.rows[at], codec.items[at]
        if slot.name == "order":
            found = decision.order[row, item]
        elif slot.name == "start":
            found = None if decision.start is None else decision.start[row]
        else:
            found = None if decision.price is None else decision.price[row, item]
        rows.append(jnp.broadcast_to(jnp.asarray(slot.typical if found is None else found), (count,)))
    return jnp.stack(rows).astype(jnp.float32)
