"""Rewards of a risk of totals: what each period adds to it, so that learners of rewards minimize it."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from basestock.learning.objectives import Objective

ROWS = 3
"""Numbers that a critic reads besides: where the total is heading, the share of the path left, whether it counts."""


class Progress(NamedTuple):
    """Rewards of a risk, and what their critic must know.

    Parameters
    ----------
    rewards
        ``[period, path]`` what each period takes off the risk.
    seen
        ``[read, row, path]`` what a critic reads besides, in one period more.
    """

    rewards: Float[Array, "period path"]
    seen: Float[Array, "read row path"]


def progress(
    objective: Objective,
    rewards: Float[Array, "period path"],
    discount: float | Array,
    usual: Bool[Array, " path"] | None,
) -> Progress:
    """Return the rewards whose sum over a path is minus what it adds to a risk of totals, but for a constant.

    Parameters
    ----------
    objective
        What is minimized.
    rewards
        Scaled rewards of whole paths, or of the windows whose totals are judged.
    discount
        What a later period is worth in a total.
    usual
        Paths whose totals have the law that is judged; others keep rewards of their own. All if not given.

    Notes
    -----
    A risk of totals is the mean of a function of the total [:meth:`Objective.risky`], known when the path has ended
    (for the tail Tamar, Glassner and Mannor 2015, doi:10.1609/aaai.v29i1.9561, proposition 1). Its expectation given
    what has been paid, with what is still to come as normal as the other paths show it, is a potential; its differences
    are rewards that add up to the function itself, and say after every period what it did to the risk (Ng, Harada and
    Russell 1999, "Policy invariance under reward transformations"). What has been paid is part of the state of such a
    problem (Bäuerle and Ott 2011, doi:10.1007/s00186-011-0367-0): the critic is told, the policy is not, for it
    decides on what a problem shows.
    """
    periods, paths = rewards.shape
    worth = (jnp.asarray(discount) ** jnp.arange(periods))[:, None]
    costs = -worth * rewards
    nothing = jnp.zeros((1, paths))
    paid = jnp.concatenate([nothing, jnp.cumsum(costs, 0)])
    left = paid[-1] - paid
    law = objective.law(paid[-1], usual)
    among, count = law.among, law.among.sum()
    # What is to come and how far it spreads are those of the paths themselves, period by period.
    mean = jnp.where(among, left, 0.0).sum(1, keepdims=True) / count
    spread = jnp.sqrt(jnp.where(among, (left - mean) ** 2, 0.0).sum(1, keepdims=True) / count)
    expected = objective.risky(paid + mean, law, spread)
    # Others count as they are, less what is usual in that period, as the differences of a potential are.
    usually = (mean[1:] - mean[:-1]) / worth
    found = jnp.where(among, -(expected[1:] - expected[:-1]) / worth, rewards - usually)
    heading = jnp.where(among, (paid + mean - law.center) / law.deviation, 0.0)
    share = 1.0 - jnp.arange(periods + 1)[:, None] / periods
    seen = jnp.stack([heading, share * among, jnp.broadcast_to(among, heading.shape)], 1)
    # What follows the last period is a path, or a window, that begins.
    begins = jnp.array([0.0, 1.0, 1.0])[:, None] * jnp.ones((1, paths))
    return Progress(found, seen.at[-1].set(begins))
