"""Demand that processes pass on to components, by hand."""

import dataclasses

import numpy as np
import pytest

from basestock.decision import Problem
from basestock.economics import make_tariff
from basestock.network import Item, Lane, Node, Process, Supplier, SupplyNetwork
from basestock.policies import money_at_stake, protection_demand
from basestock.policies.dependent import stretched
from basestock.problems.plants import assembly_coupled, assembly_two_level
from basestock.uncertainty import Autoregressive, Deterministic, Discrete, Gamma, Normal, Uncertainty

LAW = Discrete((0.0, 1.0, 2.0), (0.25, 0.5, 0.25))


def _plant(*processes: Process, shop: bool = False) -> Problem:
    """Tubes are bought and frames made at the plant; frames are sold there, or at a shop that it supplies."""
    lanes = [Lane("mill", "plant", items=("tube",), lead_time=2, review_period=3)]
    if shop:
        lanes.append(Lane("plant", "shop", items=("frame",), lead_time=1))
    network = SupplyNetwork(
        items=tuple(map(Item, ("tube", "frame", "rest"))), nodes=(Node("plant"), Node("shop")),
        suppliers=(Supplier("mill"),), lanes=tuple(lanes), processes=processes, unmet="backorder",
    )  # fmt: skip
    place = ("shop" if shop else "plant", "frame")
    tariff = make_tariff(network, holding=1.0, backorder={place: 12.0})
    return Problem(name="plant", network=network, uncertainty=Uncertainty({place: LAW}), tariff=tariff)


WELD = Process("weld", "plant", {"tube": 3}, {"frame": 1}, duration=2)


@pytest.mark.parametrize("shop", [False, True])
def test_a_component_meets_the_law_of_its_product_stretched(shop: bool) -> None:
    found = protection_demand(_plant(WELD, shop=shop))
    assert (found.rate[0, 0], found.mean[0, 0], found.periods[0, 0]) == (3.0, 15.0, 5.0)
    assert found.deviation[0, 0] == pytest.approx(3 * np.sqrt(5 * 0.5))
    # Five periods of 0, 1 or 2 frames are ten throws of a coin, in threes of tubes.
    assert found.quantile(np.full(found.mean.shape, 0.5))[0, 0] == 15.0
    assert found.quantile(np.full(found.mean.shape, 1 - 2**-10.5))[0, 0] == 30.0
    assert (found.rate[0, 1], found.periods[0, 1]) == (1.0, 3.0), "made in two periods, decided in each"


def test_yield_and_scrap_take_more() -> None:
    weld = dataclasses.replace(WELD, yield_=0.8, scrap={"tube": 0.25})
    assert protection_demand(_plant(weld)).rate[0, 0] == pytest.approx(3 / 0.75 / 0.8)


def test_a_process_runs_for_the_product_that_asks_for_most() -> None:
    weld = dataclasses.replace(WELD, produces={"frame": 2, "rest": 1})
    assert protection_demand(_plant(weld)).rate[0].tolist() == [1.5, 1.0, 0.0] + [0.0] * (
        protection_demand(_plant(weld)).rate.shape[1] - 3
    )


def test_a_missing_component_costs_the_product_that_it_holds_up() -> None:
    underage, overage = money_at_stake(_plant(WELD, shop=True))
    assert (underage[0, 0], underage[0, 1], overage[0, 0]) == (4.0, 12.0, 3.0)


def test_requirements_go_down_every_level_of_the_bills() -> None:
    found = protection_demand(assembly_two_level(demand_mean=2.0, parts_per_module=5, screws_per_product=7))
    np.testing.assert_allclose(found.rate[0, :4], [10.0, 14.0, 2.0, 2.0])
    found = protection_demand(assembly_coupled(component_yield=0.5))
    np.testing.assert_allclose(found.rate[0, :3], 2 * 2.1 * np.array([3, 2, 1]), rtol=1e-6)


def test_other_laws_are_stretched_by_their_moments() -> None:
    assert stretched(Normal(4.0, 1.0), 2.5) == Normal(10.0, 2.5)
    assert stretched(Autoregressive(Normal(4.0, 1.0), 0.5), 2.0) == Gamma(8.0, 4.0)
    assert stretched(Gamma(4.0, 1.0), 2.0) == Gamma(8.0, 2.0)
    assert stretched(LAW, 1.0) is LAW
    assert stretched(Deterministic(3.0), 2.0).mean == 6.0
