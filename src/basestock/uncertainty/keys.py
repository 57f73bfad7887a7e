"""Random numbers that belong to an entity and a period, never to a position in an array.

Every draw is one block of the Threefry-2x32 counter generator. Its key is folded from the root key, the
purpose, the period and the stable name of the node or lane; its counter is the stable name of the item and
the number of the replication. Adding, removing or reordering items, nodes, lanes or replications therefore
changes no other draw (SIM-503 and SIM-504), and two policies simulated with one root key meet the same events
(SIM-502).
"""

import hashlib
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key, UInt32

PURPOSES: dict[str, int] = {
    "demand": 1,
    "lead_time": 2,
    "policy": 3,
    "observation": 4,
    "initial": 5,
    "process_yield": 20,
    "breakdown": 21,
    "defect_fraction": 22,
    "sampling": 23,
    "kit": 24,
    "competitor_price": 30,
    "supply_price": 31,
    "economy": 32,
    "demand_regime": 33,
    "surge": 34,
    "returned": 35,
    "market": 36,
    "substitution": 37,
    "hidden_demand": 38,
    "outage": 40,
    "loss_in_transit": 41,
    "partial_delivery": 42,
    "special_delivery": 43,
    "routing": 44,
    "disruption": 45,
    "unit_lead_time": 46,
    "time_to_demand": 47,
}

MAX_REPLICATIONS = 1 << 20
"""Replications that one root key can number; the upper 12 bits of the counter word extend the item's hash."""

_Words = tuple[Array, Array]


def stable_words(names: Sequence[str]) -> np.ndarray:
    """Hash names to two 32-bit words each.

    Parameters
    ----------
    names
        Stable identifiers of items, nodes or lanes.

    Returns
    -------
    numpy.ndarray
        ``uint32[name, 2]``; equal names give equal words on every machine and in every run.

    Examples
    --------
    >>> stable_words(["A", "B"]).shape
    (2, 2)
    """
    digests = [hashlib.blake2b(name.encode(), digest_size=8).digest() for name in names]
    return np.frombuffer(b"".join(digests), dtype="<u4").reshape(len(names), 2).copy()


def root_words(key: Key[Array, ""]) -> UInt32[Array, "2"]:
    """Return the two words of a JAX key of the Threefry kind."""
    return jax.random.key_data(key).astype(jnp.uint32)


_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))


def threefry(key: _Words, counter: _Words) -> _Words:
    """Return the Threefry-2x32 block of a counter, 20 rounds (Salmon et al. 2011, doi:10.1145/2063384.2063405).

    The library's own primitive keeps its rounds in a loop on CPUs, which cannot be fused with the inversion of the
    law that follows and was 8 times slower in whole rollouts; the bits are the same.
    """
    first, second = key
    schedule = (first, second, first ^ second ^ jnp.uint32(0x1BD11BDA))
    high, low = counter[0] + first, counter[1] + second
    for block in range(5):
        for rotation in _ROTATIONS[block % 2]:
            high = high + low
            low = ((low << rotation) | (low >> (32 - rotation))) ^ high
        high = high + schedule[(block + 1) % 3]
        low = low + schedule[(block + 2) % 3] + jnp.uint32(block + 1)
    return high, low


def period_key(root: UInt32[Array, "2"], purpose: str, period: Int[Array, ""]) -> _Words:
    """Fold the purpose and the period into the root key."""
    counter = (jnp.uint32(PURPOSES[purpose]), jnp.asarray(period).astype(jnp.uint32))
    return threefry((root[0], root[1]), counter)


def entity_uniforms(
    key: _Words,
    owners: UInt32[Array, "owner 2"],
    items: UInt32[Array, "item 2"],
    replications: Int[Array, " replication"],
    ages: int | None = None,
) -> Float[Array, "*owner_item_replication"]:
    """Draw one uniform number per owner (node or lane), item and replication.

    Parameters
    ----------
    key
        A period key of :func:`period_key`.
    owners, items
        Stable words of :func:`stable_words`.
    replications
        Numbers of the replications, below :data:`MAX_REPLICATIONS`.
    ages
        If given, draw independently for each age 1, ..., ``ages`` on a leading axis.

    Returns
    -------
    Array
        ``float32[owner, item, replication]``, or ``[age, owner, item, replication]``, strictly inside (0, 1).
    """
    first, second = key
    if ages is not None:
        first, second = threefry((first, second), (jnp.arange(1, ages + 1, dtype=jnp.uint32), jnp.uint32(0)))
        first, second = first[:, None], second[:, None]
    first, second = threefry((first, second), (owners[:, 0], owners[:, 1]))
    number = (items[:, 1:] << 20) | replications.astype(jnp.uint32)[None, :]
    bits, _ = threefry((first[..., None, None], second[..., None, None]), (items[:, :1], number))
    return uniform_from_bits(bits)


def uniform_from_bits(bits: UInt32[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Map 32 random bits to the middle of one of 2^23 equal cells of (0, 1)."""
    return ((bits >> 9).astype(jnp.float32) + 0.5) * jnp.float32(2.0**-23)
