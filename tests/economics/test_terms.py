"""Every ledger term on a written period of two nodes and three lanes (SIM-401, SIM-402, SIM-407, SIM-409)."""

import dataclasses
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from basestock.decision import Problem
from basestock.dynamics import PeriodOutcome
from basestock.economics import TERMS, Tariff, ledger_for, make_tariff
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.uncertainty import Poisson, Uncertainty
from tests.economics.traces import place, step

NETWORK = SupplyNetwork(
    items=(Item("i"),), nodes=(Node("dc"), Node("shop")), suppliers=(Supplier("s"), Supplier("spot")),
    lanes=(Lane("s", "dc", name="in"), Lane("dc", "shop", name="out"), Lane("spot", "shop", name="rush", priority=2)),
    unmet="backorder", unmet_at={("dc", "i"): "lost"},
)  # fmt: skip
PROBLEM = Problem("two", NETWORK, Uncertainty({("shop", "i"): Poisson(1.0)}), Tariff())
OUTCOME = PeriodOutcome(
    opening=place(9, 1),
    demand=place(4, 6),
    sales=place(3, 2),
    backorders_filled=place(0, 5),
    newly_backordered=place(0, 4),
    lost=place(1, 0),
    backorders=place(0, 7),
    closing=place(8, 2),
    ordered=place(10, 0, 6),
    shipped=place(10, 3, 6),
    received=place(5, 3, 0),
    in_transit=place(12, 0, 6),
)
RATES = {
    "holding": {("dc", "i"): 0.5, ("shop", "i"): 2.0},
    "pipeline_holding": {("in", "i"): 0.25, ("rush", "i"): 1.0},
    "backorder": 3.0,
    "lost_sale": 4.0,
    "purchase": {("in", "i"): 6.0, ("rush", "i"): 9.0},
    "fixed_order": 20.0,
    "transport": {("out", "i"): 0.1, ("rush", "i"): 0.5},
    "price": {("dc", "i"): 7.0, ("shop", "i"): 10.0},
}
BY_HAND = {
    "holding": (0.5 * 8, 2.0 * 2),
    "pipeline_holding": (0.25 * 12, 1.0 * 6),
    "backorder": (0.0, 3.0 * 7),
    "lost_sale": (4.0 * 1, 0.0),
    "purchase": (6.0 * 5, 0.0),
    "fixed_order": (20.0, 20.0),
    "transport": (0.0, 0.1 * 3 + 0.5 * 6),
    "revenue": (7.0 * 3, 10.0 * (2 + 5)),
}
"""Money at the center and at the shop; a lane's money belongs to where it leads."""


def _by_place(tariff: Tariff) -> dict[str, np.ndarray]:
    ledger = ledger_for(tariff)
    table = np.asarray(ledger.by_place(PROBLEM.arrays, tariff, step(PROBLEM, OUTCOME)))
    return {name: table[row, :, 0, 0] for row, name in enumerate(ledger.names)}


@pytest.mark.parametrize("name", BY_HAND)
def test_a_term_by_hand(name: str) -> None:
    rate = next(term.rate for term in TERMS if term.name == name)
    found = _by_place(make_tariff(NETWORK, **{rate: RATES[rate]}))
    assert list(found) == [name]
    assert found[name] == pytest.approx(BY_HAND[name])


def levels(*values: float) -> jnp.ndarray:
    """One value for each limit or lane, one replication."""
    return jnp.asarray(values, dtype=jnp.float32).reshape(-1, 1)


ALONE = {
    "unshipped": (
        Tariff(unshipped=place(2, 3, 0)),
        {"unfilled": place(4, 1, 0), "unfilled_lost": place(0, 2, 0)},
        2 * 4 + 3 * (1 + 2),
    ),
    "unit_order": (Tariff(unit_order=place(0.5, 1, 2)), {}, 0.5 * 10 + 2 * 6),
    "waste": (Tariff(waste=place(1, 5)), {"expired": place(3, 2)}, 3 + 10),
    "inspection": (Tariff(inspection=place(0.5, 1, 1)), {"sampled": place(8, 0, 2)}, 4 + 2),
    "rejection": (Tariff(rejection=place(3, 1, 1)), {"rejected": place(5, 0, 1)}, 15 + 1),
    "warranty": (Tariff(warranty=place(40, 10)), {"defects_found": place(1, 2)}, 40 + 20),
    "zero_stock": (Tariff(zero_stock=place(50, 50)), {"closing": place(0, 0)}, 50),
    "joint_order": (Tariff(joint_order=levels(75, 10, 5)), {}, 75 + 5),
    "bracket_purchase": (
        Tariff(bracket_purchase=jnp.stack([place(6, 0, 9), place(5, 0, 8)])),
        {"by_bracket": jnp.stack([place(4, 0, 6), place(6, 0, 0)])},
        4 * 6 + 6 * 5 + 6 * 9,
    ),
    "vehicle": (Tariff(vehicle=levels(100, 20, 20)), {"vehicles": levels(2, 0, 1)}, 200 + 20),
    "expediting": (Tariff(expediting=place(0, 0, 1.5)), {}, 1.5 * 6),
    "special_delivery": (Tariff(special_delivery=place(0, 10, 0)), {"special": place(0, 3, 0)}, 30),
    "order_change": (Tariff(order_change=place(2, 1, 1)), {}, 2 * 10 + 6),
    "carbon": (Tariff(carbon=place(0.1, 0.2, 0.5)), {}, 1 + 0.6 + 3),
    "carbon_vehicle": (Tariff(carbon_vehicle=levels(8, 4, 4)), {"vehicles": levels(2, 0, 1)}, 16 + 4),
    "contract_shortfall": (
        Tariff(contract_shortfall=levels(3, 1)),
        {"contract_shortfall": levels(4, 2)},
        3 * 4 + 2,
    ),
    "limit_excess": (Tariff(limit_excess=levels(7)), {"limit_excess": levels(2)}, 14),
    "message": (Tariff(message=jnp.asarray([0.5])), {"messages": jnp.asarray([6.0])}, 3),
    "material_use": (
        Tariff(material_use=place(0.5, 1)),
        {"consumed": place(2, 4), "supply_price": place(6, 0, 10)},
        (0.5 * 2 + 4) * (6 + 10) / 2,
    ),
    "supply_purchase": (Tariff(supply_purchase=place(1, 1, 0.5)), {"supply_price": place(6, 0, 10)}, 6 * 5),
}
"""Rates and quantities of one term (the quantities above where none are given), and its money in all."""


@pytest.mark.parametrize("name", ALONE)
def test_a_term_of_one_feature_by_hand(name: str) -> None:
    tariff, quantities, money = ALONE[name]
    period = step(PROBLEM, dataclasses.replace(OUTCOME, **quantities))
    period = dataclasses.replace(
        period, start=dataclasses.replace(period.start, previous_order=place(0, 0, 0))
    )
    found = next(term for term in TERMS if term.name == name).function(tariff, period)
    assert float(found.sum()) == pytest.approx(money)


def test_near_an_empty_shelf_its_price_is_interpolated_between_whole_units() -> None:
    tariff, term = Tariff(zero_stock=place(50, 0)), next(term for term in TERMS if term.name == "zero_stock")
    money = {}
    for net in (-2, -1, -0.5, 0, 0.25, 1, 3):
        stock = {"closing": place(max(net, 0), 0), "backorders": place(max(-net, 0), 0)}
        period = step(PROBLEM, dataclasses.replace(OUTCOME, **stock))
        money[net] = float(term.function(tariff, period).sum())
    assert money == {-2: 0, -1: 0, -0.5: 25, 0: 50, 0.25: 37.5, 1: 0, 3: 0}


def test_every_term_has_a_case_by_hand() -> None:
    """Those of plants, of prices and customers, and between nodes stand beside their scenarios."""
    beside = (
        "dynamics/test_plants.py",
        "economics/test_information_terms.py",
        "economics/test_market_terms.py",
        "properties/test_money.py",
    )
    texts = " ".join((Path(__file__).parents[1] / name).read_text("utf-8") for name in beside)
    missing = {term.name for term in TERMS} - set(BY_HAND) - set(ALONE)
    assert [name for name in sorted(missing) if f'"{name}"' not in texts and f"{name}=" not in texts] == []


def test_places_add_up_to_terms_and_terms_to_the_total() -> None:
    """SIM-401, SIM-409: only revenue has the sign -1."""
    tariff = make_tariff(NETWORK, **RATES)
    ledger = ledger_for(tariff)
    by_term = np.asarray(ledger.by_term(tariff, step(PROBLEM, OUTCOME)))[:, 0]
    assert dict(zip(ledger.names, by_term, strict=True)) == pytest.approx(
        {name: sum(places) for name, places in BY_HAND.items()}
    )
    costs = sum(sum(places) for name, places in BY_HAND.items() if name != "revenue")
    assert np.dot(ledger.signs, by_term) == pytest.approx(costs - sum(BY_HAND["revenue"]))
    assert dict(zip(ledger.names, ledger.signs, strict=True))["revenue"] == -1


def test_all_rates_times_a_factor_is_the_total_times_it() -> None:
    """SIM-403, SIM-404: another currency is another number, nothing else."""
    double = {
        name: 2 * rate if isinstance(rate, float) else {at: 2 * value for at, value in rate.items()}
        for name, rate in RATES.items()
    }
    one, two = _by_place(make_tariff(NETWORK, **RATES)), _by_place(make_tariff(NETWORK, **double))
    for name, money in one.items():
        np.testing.assert_array_equal(two[name], 2 * money)


def test_a_rate_of_zero_is_a_term_of_zero_and_an_absent_rate_no_term() -> None:
    assert _by_place(make_tariff(NETWORK, holding=0.0))["holding"].tolist() == [0, 0]
    assert _by_place(make_tariff(NETWORK, holding=None, transport=1.0)).keys() == {"transport"}


def test_a_unit_under_way_is_charged_by_one_owner() -> None:
    """SIM-405: what is held and under way is charged once, whoever holds it."""
    tariff = make_tariff(NETWORK, holding=1.0, pipeline_holding=1.0)
    charged = sum(money.sum() for money in _by_place(tariff).values())
    assert charged == float(jnp.sum(OUTCOME.closing) + jnp.sum(OUTCOME.in_transit))


def test_an_order_counts_once_whatever_its_size() -> None:
    """SIM-407."""
    tariff = make_tariff(NETWORK, fixed_order=20.0)
    small = PeriodOutcome(opening=place(0, 0), ordered=place(1, 1, 0))
    large = PeriodOutcome(opening=place(0, 0), ordered=place(999, 1, 0))
    ledger = ledger_for(tariff)
    found = [float(ledger.by_term(tariff, step(PROBLEM, o))[0, 0]) for o in (small, large)]
    assert found == [40.0, 40.0]
