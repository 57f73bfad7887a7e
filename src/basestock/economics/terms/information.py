"""What it costs to tell each other, and not to know when a delivery comes."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.dynamics import Step
from basestock.economics.leaves import given
from basestock.economics.tariff import Tariff


def message(tariff: Tariff, step: Step) -> Float[Array, " replication"]:
    """Charge a rate per message between nodes; nothing where they do not talk."""
    sent = step.outcome.messages
    return given(tariff.message) * (jnp.zeros(step.outcome.opening.shape[-1]) if sent is None else sent)


def lead_time_deviation(tariff: Tariff, step: Step) -> Float[Array, "lane item replication"]:
    """Charge |L - E L| per unit, early or late: when it is shipped if L is known then, else when it arrives."""
    expected, event = given(tariff.expected_lead_time), step.event
    shipped = given(step.outcome.shipped)
    off = jnp.zeros_like(shipped)
    extra = 0.0 if event.extra_lead_time is None else event.extra_lead_time[:, None]
    if event.lead_time is not None:
        later = step.next_state.outstanding
        told = shipped if later is None else jnp.maximum(shipped - later[0], 0.0)
        off = off + told * jnp.abs(event.lead_time + extra - expected)
    elif event.extra_lead_time is not None:
        off = off + shipped * extra
    if step.start.outstanding is not None and event.arrives is not None:
        waited, left = step.start.outstanding, given(step.next_state.outstanding)
        # What has not arrived is a period older.
        arrived = waited - jnp.concatenate([left[1:], jnp.zeros_like(left[:1])])
        age = jnp.arange(1.0, len(waited) + 1)[:, None, None, None]
        off = off + (arrived * jnp.abs(age - expected)).sum(0)
    return given(tariff.lead_time_deviation) * off
