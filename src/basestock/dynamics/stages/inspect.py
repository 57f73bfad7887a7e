"""Arriving lots are sampled, and defective units that passed are found when they are used."""

import dataclasses

import jax
import jax.numpy as jnp
from jaxtyping import Array

from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.binomial import binomial_quantile
from basestock.dynamics.caps import divided
from basestock.dynamics.lanes import into_nodes, out_of_nodes, require
from basestock.dynamics.quality import sample_lots
from basestock.dynamics.state import Decision, PeriodOutcome, State
from basestock.uncertainty import Event
from basestock.uncertainty.places import read_rows, write_rows


def inspect_arrivals(
    network: NetworkArrays, state: State, event: Event, received: Array, flows: PeriodOutcome
) -> tuple[State, Array, PeriodOutcome]:
    """Return the state, the units of lots that passed, and the quantities with what was rejected.

    What arrives on a lane of an item in a period is one lot.
    """
    quality = network.quality
    if quality is None or event.defect_fraction is None or state.defective is None:
        return state, received, flows
    lanes, fraction, levels = quality.inspected, event.defect_fraction, require(event.defects, "defects")
    lots, shares, quantiles = (read_rows(leaf, lanes) for leaf in (received, fraction, levels))
    verdict = sample_lots(quality.lanes, quality.double, lots, shares, quantiles)
    nothing = jnp.zeros_like(received)
    elsewhere = write_rows(fraction, lanes, jnp.zeros_like(shares))
    # Lots nobody looks at bring their defects with them; mostly there are none, and nothing is to be counted.
    unseen = jax.lax.cond(
        (elsewhere > 0).any(), lambda: binomial_quantile(levels[2], received, elsewhere), lambda: nothing
    )
    new = {
        "rejected": write_rows(nothing, lanes, verdict.rejected),
        "sampled": write_rows(nothing, lanes, verdict.sampled),
        "defects_accepted": write_rows(unseen, lanes, verdict.defective),
    }
    rejected, accepted = new["rejected"], new["defects_accepted"]
    if flows.rejected is not None:
        new = {name: getattr(flows, name) + quantity for name, quantity in new.items()}
    state = dataclasses.replace(state, defective=state.defective + into_nodes(network, accepted))
    return state, received - rejected, dataclasses.replace(flows, **new)


def find_defects(
    network: NetworkArrays, state: State, decision: Decision, event: Event, flows: PeriodOutcome
) -> tuple[State, PeriodOutcome]:
    """Let defective units surface with the units that left: at a customer, in a process or at the next place.

    Stock is taken to be well mixed: of the defective units, the share of the stock that left goes with it. Nobody
    notices those that are thrown away.
    """
    if state.defective is None:
        return state, flows
    used = _sum(state.on_hand, flows.sales, flows.backorders_filled, flows.consumed)
    if flows.shipped is not None:
        used = used + out_of_nodes(network, flows.shipped)
    gone = used + _sum(state.on_hand, flows.expired, flows.overflow, flows.recalled)
    before = gone + state.on_hand
    each = divided(state.defective, before)
    # Units that come and go within a period may be counted late: no more are defective than there are.
    left = jnp.minimum(state.defective - each * gone, state.on_hand)
    state = dataclasses.replace(state, defective=jnp.maximum(left, 0.0))
    return state, dataclasses.replace(flows, defects_found=each * used)


def _sum(like: Array, *flows: Array | None) -> Array:
    return sum((flow for flow in flows if flow is not None), jnp.zeros_like(like))
