"""Orders, plants and freight lines: the proof that something must give way, and the cheapest way."""

import dataclasses
import itertools
from pathlib import Path

import numpy as np
import pytest

from basestock.optimal.programs.model import InfeasibleError, ProgramError
from basestock.optimal.programs.outbound import (
    CustomerOrder,
    Cut,
    FreightRate,
    OutboundProblem,
    Plant,
    is_proof,
    relax_orders,
    ship_orders,
    shipment_cost,
    violated_cut,
)
from basestock.problems.outbound import read_outbound

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "outbound_logistics"


def tiny(capacities: tuple[int, int, int] = (1, 2, 1)) -> OutboundProblem:
    """Return five orders and three plants; only the first two make bolts, the third serves one customer alone."""
    orders = tuple(
        CustomerOrder(f"o{k}", product, customer, service, "harbor", units, weight)
        for k, (product, customer, service, units, weight) in enumerate(
            [
                ("bolt", "ann", "DTD", 10, 2.0),
                ("bolt", "ann", "DTP", 20, 12.0),
                ("bolt", "bob", "DTD", 30, 9.0),
                ("bolt", "bob", "CRF", 40, 80.0),
                ("nut", "bob", "DTD", 5, 1.0),
            ]
        )
    )
    plants = (
        Plant("north", capacities[0], 1.0, frozenset({"bolt"}), ("quay",)),
        Plant("south", capacities[1], 2.0, frozenset({"bolt", "nut"}), ("pier", "quay")),
        Plant("east", capacities[2], 0.5, frozenset({"bolt", "nut"}), ("pier",), frozenset({"cyd"})),
    )
    bands = ((0.0, 4.99, 1.5), (5.0, 9.99, 1.0), (10.0, 99.99, 0.5))
    rates = tuple(
        FreightRate(carrier, port, "harbor", service, "AIR", 2, low, high, least, factor * rate)
        for carrier, port, factor, least in (("slow", "quay", 1.0, 4.0), ("fast", "pier", 3.0, 1.0))
        for service in ("DTD", "DTP")
        for low, high, rate in bands
    )
    return OutboundProblem(orders, plants, rates)


def tried(problem: OutboundProblem, drop: float | None = None, buy: float | None = None) -> float:
    """Return the least cost of all assignments."""
    order, plant = problem.pairs
    cost = {(int(o), int(p)): c for o, p, c in zip(order, plant, problem.pair_costs, strict=True)}
    best = np.inf
    for choice in itertools.product(range(-1, len(problem.plants)), repeat=len(problem.orders)):
        if any(p >= 0 and (o, p) not in cost for o, p in enumerate(choice)):
            continue
        over = sum(max(choice.count(p) - each.capacity, 0) for p, each in enumerate(problem.plants))
        dropped = choice.count(-1)
        if (dropped and drop is None) or (over and buy is None):
            continue
        spent = sum(cost[o, p] for o, p in enumerate(choice) if p >= 0)
        best = min(best, spent + dropped * (drop or 0) + over * (buy or 0))
    return float(best)


def test_a_shipment_costs_its_band_and_at_least_the_minimum() -> None:
    bands = tiny().lines["slow", "quay", "harbor", "DTD", "AIR", 2]
    weights = np.array([0.0, 2.0, 4.995, 5.0, 20.0, 99.99, 100.0])
    charges = [4.0, 4.0, 7.4925, 5.0, 10.0, 49.995, np.inf]
    np.testing.assert_allclose(shipment_cost(bands, weights), charges)


def test_too_many_orders_are_proven_by_counting() -> None:
    problem = tiny()
    cut = violated_cut(problem)
    assert cut is not None
    assert cut.orders == ("o0", "o1", "o2", "o3", "o4")
    assert cut.plants == ("north", "south")
    assert (cut.capacity, cut.shortage) == (3, 2)
    assert is_proof(cut, problem)


@pytest.mark.parametrize(
    "claim",
    [
        Cut(("o0", "o1"), ("north", "south"), 0),
        Cut(("o0", "o1", "o2", "o3"), ("north",), 1),
        Cut(("o0", "o0", "o1", "o2"), ("north", "south"), 3),
        Cut(("o9",), (), 0),
    ],
)
def test_a_false_proof_is_found_out(claim: Cut) -> None:
    assert not is_proof(claim, tiny())


def test_what_fits_has_no_cut() -> None:
    assert violated_cut(tiny((3, 3, 0))) is None
    assert ship_orders(tiny((3, 3, 0))).cost == pytest.approx(tried(tiny((3, 3, 0))))


def test_what_does_not_fit_is_refused_with_the_cut() -> None:
    with pytest.raises(InfeasibleError, match="5 orders can be shipped by the plants north, south only"):
        ship_orders(tiny())


@pytest.mark.parametrize(
    ("drop", "buy"), [(3.0, None), (500.0, None), (None, 7.0), (30.0, 20.0), (0.0, None)]
)
def test_penalized_plans_by_trying_all(drop: float | None, buy: float | None) -> None:
    problem = tiny()
    found = ship_orders(problem, drop_cost=drop, capacity_cost=buy)
    assert found.cost + found.penalty == pytest.approx(tried(problem, drop, buy))
    assert found.bound == pytest.approx(found.cost + found.penalty)


def test_as_few_orders_are_dropped_as_the_cut_says_and_then_the_dearest() -> None:
    problem = tiny()
    found = relax_orders(problem, "orders")
    assert len(found.dropped) == 2
    assert found.cost + 2 * 1e5 == pytest.approx(tried(problem, drop=1e5))


def test_as_little_capacity_is_raised_as_the_cut_says() -> None:
    problem = tiny()
    found = relax_orders(problem, "capacity")
    assert sum(found.extra_capacity.values()) == 2
    assert found.cost + 2 * 1e5 == pytest.approx(tried(problem, buy=1e5))


def test_an_order_that_no_plant_can_ship_is_named_whatever_is_bought() -> None:
    stray = CustomerOrder("stray", "gear", "ann", "DTD", "harbor", 1, 1.0)
    problem = dataclasses.replace(tiny(), orders=(*tiny().orders, stray))
    with pytest.raises(InfeasibleError, match="1 orders can be shipped by no plant at all"):
        ship_orders(problem, capacity_cost=1.0)
    with pytest.raises(InfeasibleError, match="Drop orders at a cost"):
        relax_orders(problem, "capacity")


def test_customers_who_fetch_pay_no_freight() -> None:
    found = ship_orders(tiny((9, 9, 9)))
    own = next(route for route in found.routes if route.order == "o3")
    assert (own.freight, own.line) == (0.0, None)


def test_numbers_out_of_range_are_told() -> None:
    with pytest.raises(ProgramError, match="drop_cost is -1"):
        ship_orders(tiny(), drop_cost=-1.0)
    with pytest.raises(ProgramError, match="named once each"):
        OutboundProblem(tiny().orders * 2, tiny().plants, tiny().rates)


def test_a_folder_without_a_table_is_told(tmp_path: Path) -> None:
    with pytest.raises(ProgramError, match=r"there is no orders\.csv"):
        read_outbound(tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.exists(), reason="needs shared/data beside the repository")
def test_the_real_day_cannot_be_shipped_and_is_solved_when_it_may_give_way() -> None:
    problem = read_outbound(SHARED)
    cut = violated_cut(problem)
    assert cut is not None
    assert is_proof(cut, problem)
    dropped, raised = relax_orders(problem, "orders"), relax_orders(problem, "capacity")
    assert len(dropped.dropped) == sum(raised.extra_capacity.values()) == cut.shortage
    for found in (dropped, raised):
        assert found.bound == pytest.approx(found.cost, rel=1e-8)
