"""Policies that need an optimum or a program, by the names that they go by on the command line and in reports."""

from basestock.decision import Policy, Problem
from basestock.policies import REGISTRY, Entry

HORIZON = 14
"""Periods that a rolling horizon and the aggregate plan of a hierarchy look ahead, where the problem is that long."""


def optimal(problem: Problem) -> Policy:
    """Return the exact optimum; :func:`basestock.optimal.mdp.optimize` tells its errors."""
    from basestock.optimal.mdp import optimize

    return optimize(problem).policy(problem)


def rolling_horizon(problem: Problem) -> Policy:
    """Return the policy that plans anew in every period, for the demand that is expected."""
    from basestock.optimal.programs.rolling_horizon import rolling_horizon_policy

    return rolling_horizon_policy(problem, horizon=min(HORIZON, problem.horizon))


def hierarchy(problem: Problem) -> Policy:
    """Return base stock within an aggregate plan of the network, every site of which may be used.

    Notes
    -----
    What opening a site costs is no part of a problem; :func:`basestock.optimal.programs.hierarchy.plan_hierarchy`
    takes sites with their costs, and any other policy for the orders of each day.
    """
    from basestock.optimal.programs.hierarchy import Site, plan_hierarchy

    sources = sorted({lane.source for lane in problem.network.lanes})
    sites = [Site(name, 0.0) for name in sources]
    return plan_hierarchy(problem, sites, num_periods=min(HORIZON, problem.horizon)).policy


def rollout(problem: Problem) -> Policy:
    """Return the policy that simulates quantities around those of a tuned base stock before it decides."""
    from basestock.optimal.rollouts import tuned_rollout

    return tuned_rollout(problem)


PLAYERS: dict[str, Entry] = REGISTRY | {
    entry.name: entry
    for entry in (
        Entry("optimal", "the exact optimum, by dynamic programming", compute=optimal),
        Entry("rolling_horizon", "a program solved anew in every period", compute=rolling_horizon),
        Entry("rollout", "simulates quantities around those of a tuned base stock ahead", compute=rollout),
        Entry("hierarchy", "base stock within an aggregate plan of the network", compute=hierarchy),
    )
}
"""Every registered policy, those that are best by computation among them."""
