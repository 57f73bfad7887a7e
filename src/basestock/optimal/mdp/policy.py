"""Given policies on an enumerated process: their exact cost, and how often they stand at the edge of the box."""

import jax
import jax.numpy as jnp
import numpy as np

from basestock.decision import Policy, Problem
from basestock.dynamics import PeriodOutcome
from basestock.optimal.mdp.enumeration import FiniteProcess, states_of
from basestock.optimal.mdp.iteration import AverageCostSolution, minimize_average_cost
from basestock.uncertainty import World


def choices_of(problem: Problem, process: FiniteProcess, policy: Policy) -> np.ndarray:
    """Return the decision of a policy in every state.

    Parameters
    ----------
    problem
        The problem that was enumerated.
    process
        Its states and decisions.
    policy
        A policy without memory.

    Returns
    -------
    numpy.ndarray
        ``[state]`` indices of decisions.

    Raises
    ------
    ValueError
        If an order is not among the decisions of the process.
    """
    state = states_of(problem, jnp.asarray(process.states, dtype=jnp.float32))
    count = len(process.states)
    memory = problem.information.init(problem.arrays, count)
    last = PeriodOutcome(opening=state.on_hand)
    key = jax.random.key(0)
    seen, _ = problem.information.observe(problem.arrays, state, World(), last, memory, key=key)
    order = np.moveaxis(np.asarray(policy(seen, None, key=key)[0].order), -1, 0)
    order = np.broadcast_to(order, (count, *process.decisions.shape[1:])).astype(np.float32)
    known = {row.tobytes(): index for index, row in enumerate(process.decisions)}
    found = np.array([known.get((row + 0.0).tobytes(), -1) for row in order])
    if (found < 0).any():
        raise ValueError(
            f"choices_of: the policy orders {order[found < 0][0].ravel().tolist()}, must be whole numbers up to "
            f"{process.decisions.max():g}. Enumerate with a larger max_order."
        )
    return found


def evaluate_choices(
    process: FiniteProcess, choices: np.ndarray, *, tolerance: float = 1e-8, max_iterations: int = 100_000
) -> AverageCostSolution:
    """Return the exact average cost of a policy, over the states that it reaches from the declared start.

    Parameters
    ----------
    process
        Enumerated process.
    choices
        ``[state]`` index of a decision.
    tolerance, max_iterations
        As for :func:`~basestock.optimal.mdp.minimize_average_cost`.

    Raises
    ------
    ValueError
        If the policy leaves the box of the process.
    """
    reached, successors = _reached(process, choices)
    cost = process.cost[reached, choices[reached]][:, None]
    allowed = np.ones_like(cost, dtype=bool)
    alone = FiniteProcess(
        process.states[reached],
        process.decisions[:1],
        allowed,
        cost,
        successors[:, None],
        process.probabilities,
        0,
    )
    return minimize_average_cost(alone, tolerance=tolerance, max_iterations=max_iterations)


def box_share(process: FiniteProcess, choices: np.ndarray) -> float:
    """Return the long-run share of periods in which a decision lies at the edge of the box; 0 if it is wide enough.

    Parameters
    ----------
    process
        Enumerated process.
    choices
        ``[state]`` index of a decision, for instance ``solution.best``.
    """
    reached, successors = _reached(process, choices)
    size = process.decisions.sum((1, 2))
    largest = np.where(process.allowed[reached], size, -np.inf).max(1)
    smallest = np.where(process.allowed[reached], size, np.inf).min(1)
    chosen = size[choices[reached]]
    edge = (chosen == largest) | ((chosen == smallest) & (smallest > 0))
    return float(_long_run(successors, process.probabilities)[edge].sum())


def _reached(process: FiniteProcess, choices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """List the states that are reached from the start, it first, and their successors ``[state, event]``."""
    order, number = [process.start], {process.start: 0}
    links: list[list[int]] = []
    while len(links) < len(order):
        state = order[len(links)]
        if not process.allowed[state, choices[state]]:
            raise ValueError(
                f"policy: decision {int(choices[state])} in state {process.states[state].tolist()} is not allowed, "
                "must be inside the box of the process. Widen max_order or max_position."
            )
        row = process.successors[state, choices[state]].tolist()
        for successor in row:
            if successor not in number:
                number[successor] = len(order)
                order.append(successor)
        links.append([number[successor] for successor in row])
    return np.array(order), np.array(links)


def _long_run(successors: np.ndarray, probabilities: np.ndarray, tolerance: float = 1e-12) -> np.ndarray:
    """Return the share of periods spent in each state, by half steps of the chain from the first state."""
    from scipy.sparse import csr_matrix

    count = len(successors)
    rows = np.repeat(np.arange(count), successors.shape[1])
    chain = csr_matrix(
        (np.tile(probabilities, count), (rows, successors.ravel())), shape=(count, count)
    ).T.tocsr()
    share = np.zeros(count)
    share[0] = 1.0
    while True:
        following = 0.5 * share + 0.5 * (chain @ share)
        if np.abs(following - share).sum() < tolerance:
            return following
        share = following
