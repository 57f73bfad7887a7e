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


@pytest.mark.parametrize("law", [{2: 1.0}, {1: 0.5, 2: 0.5}, {1: 0.1, 2: 0.0, 3: 0.9}, {5: 0.25, 6: 0.75}])
def test_the_hazard_of_the_longest_age_is_certain(law: dict[int, float]) -> None:
    """SIM-107: nothing is older than the longest lead time."""
    rates = hazard(law)
    assert len(rates) == max(law)
    assert rates[-1] == 1.0
    assert ((rates >= 0) & (rates <= 1)).all()


def test_fixed_lead_times_need_no_dice() -> None:
    network = SupplyNetwork(
        items=(Item("i"),), nodes=(Node("n"),), suppliers=(Supplier("s"),), lanes=(Lane("s", "n", lead_time=3),)
    )  # fmt: skip
    assert Uncertainty({}).compile(network).lead_times is None


def test_each_item_of_a_lane_may_have_its_own_law() -> None:
    network = SupplyNetwork(
        items=(Item("i"), Item("j")), nodes=(Node("n"),), suppliers=(Supplier("s"),),
        lanes=(Lane("s", "n", lead_time=LAW, item_lead_time={"j": 2}, lead_time_known="on_order"),),
    )  # fmt: skip
    drawn = record(
        Uncertainty({}).compile(network), root_words(jax.random.key(1)), 1, jnp.arange(1000)
    ).lead_time
    assert set(np.unique(drawn[0, 0, 0])) == set(LAW)
    assert set(np.unique(drawn[0, 0, 1])) == {2}


def test_padding_of_ages_changes_no_arrival() -> None:
    """A longer law beside it lengthens the table of ages; the draws of each age stay (SIM-606)."""
    lanes = [Lane("s", "n", name="short", lead_time={1: 0.5, 2: 0.5}, lead_time_known="on_arrival")]
    events = []
    for extra in (
        (),
        (Lane("t", "n", name="long", lead_time={1: 0.5, 9: 0.5}, lead_time_known="on_arrival"),),
    ):
        network = SupplyNetwork(
            items=(Item("i"),),
            nodes=(Node("n"),),
            suppliers=(Supplier("s"), Supplier("t")),
            lanes=(*lanes, *extra),
        )
        source = Uncertainty({}).compile(network)
        events.append(np.asarray(record(source, root_words(jax.random.key(3)), 2, jnp.arange(50)).arrives))
    np.testing.assert_array_equal(events[0][:, :2, 0], events[1][:, :2, 0])
