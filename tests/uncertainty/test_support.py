"""Finite supports: masses, moments and places of every block, and everything that has none by name."""

import numpy as np
import pytest

from basestock.network import DemandClass, Item, Lane, Node, Process, Supplier, SupplyNetwork
from basestock.uncertainty import (
    Deterministic,
    Discrete,
    Gamma,
    NegativeBinomial,
    Normal,
    Poisson,
    Seasonal,
    Uncertainty,
)
from basestock.uncertainty.kit import Kit
from basestock.uncertainty.outages import Delivery
from basestock.uncertainty.sources import SupplyLaws
from basestock.uncertainty.support import Block, Support, SupportError, event_support, support_cycle

COIN = Discrete((0.0, 2.0), (0.25, 0.75))


def network(*lanes: Lane, classes: tuple[DemandClass, ...] = (), **fields: object) -> SupplyNetwork:
    return SupplyNetwork(
        items=(Item("a"), Item("b")), nodes=(Node("store"),), suppliers=(Supplier("s"),),
        lanes=lanes or (Lane("s", "store", name="lane", lead_time=1),), demand_classes=classes, **fields,
    )  # fmt: skip


def block_at(support: Support, leaf: str, *place: int) -> Block:
    (found,) = (each for each in support.blocks if (each.leaf, each.place) == (leaf, place))
    return found


@pytest.mark.parametrize(
    "law",
    [COIN, Poisson(5.0), Poisson(0.0), NegativeBinomial(4.0, 9.0), Deterministic(3.0)],
    ids=lambda law: repr(law)[:24],
)
def test_blocks_sum_to_one_and_have_the_moments_of_their_laws(law: object) -> None:
    support = event_support(Uncertainty({("store", "b"): law}), network())  # type: ignore[dict-item]
    block = block_at(support, "market", 0, 0, 1)
    values, chances = block.values, block.probabilities
    assert chances.sum() == pytest.approx(1.0, abs=1e-12)
    assert (chances > 0).all()
    mean = float(values @ chances)
    assert mean == pytest.approx(law.mean, abs=1e-9)  # type: ignore[attr-defined]
    assert float(values**2 @ chances) - mean**2 == pytest.approx(law.variance, abs=1e-7)  # type: ignore[attr-defined]


def test_joint_outcomes_are_all_combinations_with_the_product_of_their_chances() -> None:
    support = event_support(Uncertainty({("store", "a"): COIN, ("store", "b"): COIN}), network())
    joint = support.joint()
    assert support.num_outcomes == len(joint.probabilities) == 4
    pairs = joint.leaves["market"][:, 0, 0, :2]
    found = {tuple(pair): chance for pair, chance in zip(pairs.tolist(), joint.probabilities, strict=True)}
    assert found == pytest.approx({(0, 0): 1 / 16, (0, 2): 3 / 16, (2, 0): 3 / 16, (2, 2): 9 / 16})


def test_fixed_blocks_keep_their_first_outcome() -> None:
    three = Discrete((1.0, 3.0), (0.5, 0.5))
    support = event_support(Uncertainty({("store", "a"): three, ("store", "b"): COIN}), network())
    part = support.fixed([0])
    assert part.num_outcomes == 2
    assert part.joint().leaves["market"][:, 0, 0, 0].tolist() == [1.0, 1.0]
    assert support.of([]).num_outcomes == 1
    # The support itself is as before.
    assert support.sure["market"].sum() == 0


def test_drawn_outcomes_follow_their_chances_or_are_even() -> None:
    support = event_support(Uncertainty({("store", "a"): COIN}), network())
    rng, count = np.random.default_rng(0), 20_000
    for evenly, share in ((False, 0.75), (True, 0.5)):
        drawn = support.drawn(rng, count, evenly=evenly)
        found = (drawn.leaves["market"][:, 0, 0, 0] == 2).mean()
        # Four and a half standard errors: fails by chance once in 100,000 runs.
        assert abs(found - share) < 4.5 * 0.5 / np.sqrt(count)
        assert drawn.probabilities.sum() == pytest.approx(1.0)


def test_a_kit_asks_for_its_contents_together() -> None:
    uncertainty = Uncertainty({}, kits={"k": Kit("store", COIN, {"a": 3, "b": 1})})
    joint = event_support(uncertainty, network()).joint()
    assert joint.leaves["market"][:, 0, 0, :2].tolist() == [[0, 0], [6, 2]]
    assert joint.probabilities.tolist() == [0.25, 0.75]


def test_classes_of_customers_have_their_own_demand() -> None:
    classes = (DemandClass("first"), DemandClass("second"))
    uncertainty = Uncertainty(
        {("store", "a"): COIN}, class_demand={("second", "store", "a"): Deterministic(4.0)}
    )
    joint = event_support(uncertainty, network(classes=classes)).joint()
    assert joint.leaves["market"][:, :, 0, 0].tolist() == [[0, 4], [2, 4]]


def test_seasons_have_the_law_of_their_period() -> None:
    law = Seasonal((Deterministic(1.0), COIN))
    uncertainty = Uncertainty({("store", "a"): law, ("store", "b"): Seasonal((COIN, COIN, COIN))})
    assert support_cycle(uncertainty) == 6
    sizes = [event_support(uncertainty, network(), period).num_outcomes for period in (0, 1, 2, 7)]
    assert sizes == [2, 4, 2, 4]


def test_a_lead_time_revealed_on_arrival_is_a_hazard_by_age() -> None:
    law = {1: 0.25, 2: 0.5, 4: 0.25}
    lane = Lane("s", "store", ("a",), name="lane", lead_time=law, lead_time_known="on_arrival")
    support = event_support(Uncertainty({}), network(lane))
    chances = {each.place[0]: each.probabilities.tolist() for each in support.blocks}
    # By age: 1 of 4, then 2 of 3; age 3 never, age 4 for sure.
    assert [chances[age][-1] for age in sorted(chances)] == pytest.approx([0.25, 2 / 3])
    survived, total = 1.0, 0.0
    arrives = [*(chance for _, chance in sorted(chances.items())), [0.0, 1.0]]
    for stay, go in arrives:
        total += survived * go
        survived *= stay
    assert total == pytest.approx(1.0)
    sure = support.sure["arrives"]
    assert sure.max() == 1.0 and sure.min() == 0.0


def test_a_lead_time_known_on_ordering_is_drawn_whole() -> None:
    lane = Lane("s", "store", ("a",), name="lane", lead_time={1: 0.25, 3: 0.75}, lead_time_known="on_order")
    joint = event_support(Uncertainty({}), network(lane)).joint()
    assert joint.leaves["lead_time"][:, 0, 0].tolist() == [1, 3]
    assert joint.probabilities.tolist() == [0.25, 0.75]


def test_deliveries_are_lost_or_late_by_their_chances() -> None:
    lane = Lane("s", "store", ("a",), name="lane", lead_time=1)
    laws = SupplyLaws(deliveries={"lane": Delivery(0.1, 1.0, 0.2, 0.5)})
    joint = event_support(Uncertainty({}, supply=laws), network(lane)).joint()
    found = zip(
        joint.leaves["lost_share"][:, 0, 0].tolist(),
        joint.leaves["late_share"][:, 0, 0].tolist(),
        joint.probabilities.tolist(),
        strict=True,
    )
    assert {(lost, late): chance for lost, late, chance in found} == pytest.approx(
        {(0, 0): 0.72, (0, 0.5): 0.18, (1, 0): 0.08, (1, 0.5): 0.02}
    )


@pytest.mark.parametrize(
    ("law", "name"), [(Normal(5.0, 1.0), "Normal"), (Gamma(5.0, 1.0), "Gamma"),
                      (Seasonal((Normal(5.0, 1.0), COIN)), "Normal")],
)  # fmt: skip
def test_a_law_without_finite_support_is_named(law: object, name: str) -> None:
    with pytest.raises(SupportError, match=rf"Demand of \('store', 'a'\): {name} has no finite support"):
        event_support(Uncertainty({("store", "a"): law}), network())  # type: ignore[dict-item]


def test_everything_that_cannot_be_listed_is_named_at_once() -> None:
    process = Process("make", "store", {"a": 1}, {"b": 1}, yield_=0.9, yield_law="binomial")
    laws = SupplyLaws(routing={}, outages={})
    event_support(Uncertainty({}, supply=laws), network())
    with pytest.raises(
        SupportError,
        match=r"yields: its law depends on what is decided\. Must be demand by discrete laws, lead times",
    ):
        event_support(Uncertainty({}), network(processes=(process,)))
