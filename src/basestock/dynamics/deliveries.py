"""What interruptions do to arrivals: closed lanes, units lost on the way, and deliveries that come in parts."""

import dataclasses

import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.caps import within
from basestock.dynamics.lanes import require
from basestock.dynamics.state import PeriodOutcome, State
from basestock.dynamics.units import whole_down
from basestock.uncertainty import Event

LaneItem = Float[Array, "lane item replication"]


def not_begun(flows: PeriodOutcome, name: str) -> bool:
    """Tell whether nothing was shipped or received yet in a period, special deliveries apart."""
    leaf = getattr(flows, name)
    return leaf is None or leaf is flows.special


def deliver(
    network: NetworkArrays, state: State, event: Event, arriving: LaneItem, flows: PeriodOutcome
) -> tuple[State, LaneItem, PeriodOutcome]:
    """Turn what comes to the end of a lane into what is received, lost and held there.

    Parameters
    ----------
    network, state, event
        The network, its state and the event of the period.
    arriving
        Units that come to the end of each lane now.
    flows
        Quantities of the period so far.

    Returns
    -------
    tuple
        The state, what is received, and the quantities with what was lost.

    Notes
    -----
    Of what arrives, ``lost_share`` is lost; of the rest ``late_share`` comes with the next period. On a closed lane
    whose interruption is ``wait``, everything is held until the lane is open again (SIM-106).
    """
    supply = network.supply
    if supply is None or state.held is None:
        return state, arriving, flows
    lost = jnp.zeros_like(arriving)
    if event.lost_share is not None:
        lost = whole_down(network, arriving * event.lost_share)
    come = arriving - lost
    late = jnp.zeros_like(arriving)
    if event.late_share is not None:
        late = whole_down(network, come * event.late_share)
    first = not_begun(flows, "received")
    ready = come - late + (state.held if first else 0.0)
    kept = late + (0.0 if first else state.held)
    if event.lane_open is not None:
        stop = (event.lane_open[:, None] <= 0) & (require(supply.waits, "waits") > 0)
        ready, kept = jnp.where(stop, 0.0, ready), jnp.where(stop, kept + ready, kept)
    state = dataclasses.replace(state, held=kept, in_transit=state.in_transit - lost)
    total = lost if flows.lost_in_transit is None else flows.lost_in_transit + lost
    return state, ready, dataclasses.replace(flows, lost_in_transit=total)


def shippable(network: NetworkArrays, event: Event, requests: LaneItem) -> LaneItem:
    """Return how much of the requests capacities and open lanes let pass, units (SIM-112).

    Notes
    -----
    ``lane_open`` between 0 and 1 is a partial outage: it scales the capacity of a supplier or lane that has one, else
    what is shipped.
    """
    supply = network.supply
    if supply is None:
        return requests
    opened = event.lane_open
    if opened is not None and supply.interrupted:
        share = opened[:, None]
        if supply.capped is not None:
            share = jnp.where(supply.capped > 0, (share > 0).astype(share.dtype), share)
        requests = jnp.where(share < 1, whole_down(network, requests * share), requests)
    for caps in supply.caps:
        requests = within(caps, requests, opened)
    return requests
