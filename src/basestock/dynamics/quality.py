"""Acceptance sampling: plans as arrays, and lots that pass or do not."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from basestock.dynamics.binomial import binomial_quantile
from basestock.network import Inspection, SupplyNetwork
from basestock.uncertainty import Axes
from basestock.uncertainty.places import concerned, padded


class Plans(eqx.Module):
    """Sampling plans of lanes or of processes; size 0 means that lots are not inspected.

    Parameters
    ----------
    size, accept
        Units of the first sample, and defective units up to which the lot passes at once.
    second_size, second_accept
        The same for both samples together; size 0 for single sampling.
    """

    size: Array
    accept: Array
    second_size: Array
    second_accept: Array


class Quality(eqx.Module):
    """Sampling plans of a network.

    Parameters
    ----------
    inspected
        Lanes with a plan; padding lies beyond the last lane.
    lanes
        Their plans, ``[inspected, 1, 1]``.
    processes
        ``[process, 1]``; ``None`` where there are no processes.
    double
        Whether some plan has a second sample.
    """

    inspected: Int[Array, " inspected"]
    lanes: Plans
    processes: Plans | None
    double: bool = eqx.field(static=True)


class Verdict(eqx.Module):
    """What sampling found in lots, in the shape of the lots.

    Parameters
    ----------
    rejected
        Units of lots that did not pass.
    sampled
        Units drawn.
    defective
        Defective units in lots that passed.
    """

    rejected: Array
    sampled: Array
    defective: Array


def compile_quality(network: SupplyNetwork, axes: Axes) -> Quality | None:
    """Compile the inspections; ``None`` for a network without any."""
    if not network.inspections:
        return None
    by_target = {inspection.target: inspection for inspection in network.inspections}
    own = [row for row, name in enumerate(axes.lanes) if name in by_target]
    lanes = concerned(own, axes.num_lanes, axes.num_lanes * axes.num_items)
    inspected = padded(lanes, axes.num_lanes)
    return Quality(
        jnp.asarray(inspected),
        _plans(
            by_target, tuple(name for row in lanes for name in axes.lanes[row : row + 1]), len(inspected), 3
        ),
        _plans(by_target, axes.processes, axes.num_processes, 2) if axes.processes else None,
        any(inspection.second_sample_size is not None for inspection in network.inspections),
    )


def _plans(by_target: dict[str, Inspection], names: tuple[str, ...], size: int, rank: int) -> Plans:
    table = np.zeros((4, size), dtype=np.float32)
    for position, name in enumerate(names):
        plan = by_target.get(name)
        if plan is not None:
            second = plan.second_acceptance_number or 0
            table[:, position] = (
                plan.sample_size,
                plan.acceptance_number,
                plan.second_sample_size or 0,
                second,
            )
    return Plans(*(jnp.asarray(row.reshape(size, *(1,) * (rank - 1))) for row in table))


def sample_lots(
    plans: Plans, double: bool, lot: Array, fraction: Array, levels: Float[Array, "draw *lot"]
) -> Verdict:
    """Inspect lots.

    Parameters
    ----------
    plans, double
        The plans, and whether any has a second sample.
    lot
        Units of each lot, 0 where there is none.
    fraction
        Share of defective units that the lots are made with.
    levels
        Quantiles of the defective units in the first sample, in the second, and in the rest.

    Notes
    -----
    Units are defective independently, so that samples and rest are binomial given the fraction. A first sample with at
    most ``accept`` defective units passes the lot; with a second sample, up to ``second_accept`` in the first leave the
    matter open, and as many in both together pass it. Defective units found in a lot that passes stay in it.
    """
    size = jnp.minimum(plans.size, lot)
    first = binomial_quantile(levels[0], size, fraction)
    passed, second, second_size = first <= plans.accept, jnp.zeros_like(first), jnp.zeros_like(lot)
    if double:
        is_open = ~passed & (plans.second_size > 0) & (first <= plans.second_accept)
        second_size = jnp.where(is_open, jnp.minimum(plans.second_size, lot - size), 0.0)
        second = binomial_quantile(levels[1], second_size, fraction)
        passed = passed | (is_open & (first + second <= plans.second_accept))
    passed = passed | (plans.size <= 0)
    rest = binomial_quantile(levels[2], lot - size - second_size, fraction)
    zero = jnp.zeros_like(lot)
    return Verdict(
        rejected=jnp.where(passed, zero, lot),
        sampled=size + second_size,
        defective=jnp.where(passed, first + second + rest, zero),
    )
