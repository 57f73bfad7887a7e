"""Rates are compared with the typical ranges of the five kinds of cost, in their own units (C-10)."""

import pytest

from basestock.economics import Conventions, atypical_rates, make_tariff
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork

NETWORK = SupplyNetwork(
    items=(Item("drug"), Item("drip")), nodes=(Node("warehouse"), Node("hospital")), suppliers=(Supplier("maker"),),
    lanes=(Lane("maker", "warehouse"), Lane("warehouse", "hospital")),
)  # fmt: skip
KNOWN = Conventions(
    unit_cost={"drug": 100.0, "drip": 10.0}, price={"drug": 150.0, "drip": 12.0},
    kilometers={"warehouse -> hospital": 40.0},
)  # fmt: skip


@pytest.mark.requirement("C-10")
@pytest.mark.parametrize(
    ("rate", "typical", "outside", "said"),
    [
        # 2 % of 100 a month is 0.0657 a day; 0.5 a day is 15.22 % a month.
        ("holding", 0.0657, 0.5, "0.1522 of the unit cost per month, typically 0.005 to 0.05"),
        ("lost_sale", 250.0, 50.0, "1 times the margin per unit, typically 2 to 10"),
        ("waste", 25.0, 100.0, "1 of the unit cost, typically 0.2 to 0.3"),
    ],
)
def test_a_rate_by_item_is_compared_in_its_unit(rate: str, typical: float, outside: float, said: str) -> None:
    at = ("hospital", "drug")
    assert atypical_rates(NETWORK, make_tariff(NETWORK, **{rate: {at: typical}}), KNOWN) == ()
    (warning,) = atypical_rates(NETWORK, make_tariff(NETWORK, **{rate: {at: outside}}), KNOWN)
    assert warning == f"{rate} at ('hospital', 'drug') is {said}."


@pytest.mark.requirement("C-10")
@pytest.mark.parametrize(
    ("rate", "typical", "outside", "said"),
    [
        ("fixed_order", 200.0, 20.0, "20 Rs per order, typically 100 to 400"),
        ("unit_order", 0.5, 3.0, "3 Rs per unit ordered, typically 0.25 to 1"),
        ("transport", 120.0, 400.0, "10 Rs per km, typically 2 to 5"),
    ],
)
def test_a_rate_by_lane_is_compared_in_rupees(rate: str, typical: float, outside: float, said: str) -> None:
    at = ("warehouse -> hospital", "drip")
    assert atypical_rates(NETWORK, make_tariff(NETWORK, **{rate: {at: typical}}), KNOWN) == ()
    (warning,) = atypical_rates(NETWORK, make_tariff(NETWORK, **{rate: {at: outside}}), KNOWN)
    assert warning == f"{rate} at ('warehouse -> hospital', 'drip') is {said}."


def test_periods_and_currencies_are_converted() -> None:
    weekly = Conventions(days_per_period=7.0, unit_cost={"drug": 1.0})
    tariff = make_tariff(NETWORK, holding={("hospital", "drug"): 0.01})
    assert atypical_rates(NETWORK, tariff, weekly) == ()
    assert len(atypical_rates(NETWORK, tariff, Conventions(unit_cost={"drug": 0.1}))) == 1
    euros = Conventions(money_per_rupee=0.01)
    tariff = make_tariff(NETWORK, joint_order={"maker -> warehouse": 2.0})
    assert atypical_rates(NETWORK, tariff, euros) == ()


def test_cost_and_price_are_read_from_the_tariff_and_what_is_unknown_is_said() -> None:
    tariff = make_tariff(
        NETWORK, lost_sale={("hospital", "drug"): 9.0, ("hospital", "drip"): 9.0},
        purchase={("maker -> warehouse", "drug"): 2.0}, price={("hospital", "drug"): 5.0},
    )  # fmt: skip
    assert atypical_rates(NETWORK, tariff) == (
        "lost_sale at ('hospital', 'drip') cannot be compared: the unit cost of 'drip' is unknown. Give unit_cost.",
    )
    assert atypical_rates(NETWORK, make_tariff(NETWORK, transport=1.0)) == ()


def test_conventions_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match=r"days_per_period is 0\.0, must be a finite number > 0") as found:
        Conventions(days_per_period=0.0, kilometers={"x": -1.0})
    assert "kilometers of 'x' is -1.0" in str(found.value)
