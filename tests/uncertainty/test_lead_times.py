"""Random lead times."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.uncertainty import Uncertainty, record, root_words
from basestock.uncertainty.lead_times import hazard

LAW = {1: 0.2, 3: 0.5, 4: 0.3}


def _events(known: str):
    network = SupplyNetwork(
        items=(Item("i"),), nodes=(Node("n"),), suppliers=(Supplier("s"),),
        lanes=(Lane("s", "n", lead_time=LAW, lead_time_known=known),),
    )  # fmt: skip
    return record(Uncertainty({}).compile(network), root_words(jax.random.key(1)), 1, jnp.arange(100_000))


def test_hazard_gives_back_the_law() -> None:
    survival, masses = 1.0, {}
    for age, rate in enumerate(hazard(LAW), start=1):
        masses[age] = survival * rate
        survival *= 1 - rate
    assert {age: round(mass, 12) for age, mass in masses.items() if mass} == LAW


def test_lead_time_known_on_order_follows_its_law() -> None:
    drawn = np.asarray(_events("on_order").lead_time).reshape(-1)
    for periods, probability in LAW.items():
        assert (drawn == periods).mean() == pytest.approx(probability, abs=0.008)


def test_arrivals_follow_the_hazard() -> None:
    arrives = np.asarray(_events("on_arrival").arrives)[0, :, 0, 0]
    assert arrives.mean(axis=1) == pytest.approx(hazard(LAW), abs=0.008)
