"""Key figures on traces that are counted by hand, and their rules at the edges."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from basestock.economics import KPIS, Sums, bullwhip_kpis, unit_costs
from basestock.economics.totals import Moments
from basestock.evaluation import kpi_estimates
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from tests.economics.traces import shop, sums_from, written

DEMAND = [4, 0, 6, 3, 2, 5]
TRACE = {
    "demand": DEMAND,
    "sales": [4, 0, 3, 3, 2, 0],
    "lost": [0, 0, 3, 0, 0, 5],
    "closing": [6, 6, 0, 2, 0, 0],
    "received": [0, 5, 0, 5, 0, 0],
    "ordered": [5, 0, 5, 0, 0, 7],
    "in_transit": [5, 0, 5, 0, 0, 7],
    "expired": [0, 1, 0, 0, 2, 0],
}
RATES = {
    "holding": 0.5,
    "lost_sale": 5.0,
    "price": 9.0,
    "purchase": 6.0,
    "fixed_order": 2.0,
    "transport": 0.1,
    "waste": 1.0,
}
"""A unit sold earns 3; a unit lost costs 5, of which 3 is the margin and 2 goodwill."""


@pytest.fixture(scope="module")
def sums() -> Sums:
    return sums_from(shop(), RATES, **TRACE)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fill_rate", 12 / 20),
        ("fill_rate_value", 12 / 20),
        ("period_service_level", 3 / 5),
        ("ready_rate", 3 / 6),
        ("component_availability", 4 / 6),
        ("joint_availability", 4 / 6),
        ("gamma_service_level", 1.0),
        ("stockout_periods", 3),
        ("stockout_events", 2),
        ("shortage_periods", 2),
        ("cycle_service_level", 0 / 1),
        ("average_inventory", 14 / 6),
        ("average_inventory_value", 6 * 14 / 6),
        ("pipeline_inventory_value", 6 * 17 / 6),
        ("total_inventory_value", 6 * 31 / 6),
        ("turnover", (6 * 12 / (6 / 365)) / (6 * 14 / 6)),
        ("days_of_supply", 14 / 12),
        ("gmroi", (3 * 12 / (6 / 365)) / (6 * 14 / 6)),
        ("waste_ratio", 3 / (12 + 3)),
        ("waste_ratio_value", 6 * 3 / (6 * (12 + 3))),
        ("waste_cost", 3),
        ("order_lines", 3),
        ("orders_per_period", 3 / 6),
        ("lines_per_period", 3 / 6),
        ("revenue", 9 * 12),
        ("cogs", 6 * 12),
        ("gross_margin", 3 * 12),
        ("purchase_cost", 6 * 10),
        ("holding_cost", 0.5 * 14),
        ("order_cost", 2 * 3),
        ("transport_cost", 0.0),
        ("lost_margin", 3 * 8),
        ("goodwill_cost", 2 * 8),
        ("shortage_cost", 5 * 8),
        ("profit", 3 * 12 - 7 - 6 - 16 - 3),
        ("total_cost", 7 + 6 + 16 + 24 + 3),
        ("cost_per_unit_sold", 56 / 12),
    ],
)
def test_a_key_figure_by_hand(sums: Sums, name: str, value: float) -> None:
    found = kpi_estimates(sums)[name]
    assert found.mean == pytest.approx(value, rel=1e-6)
    assert (found.n, found.half_width) == (1, None), "one replication has no interval"


def test_every_key_figure_is_counted_by_hand_or_has_its_own_test(sums: Sums) -> None:
    marked = test_a_key_figure_by_hand.pytestmark[0].args[1]
    # Only where nodes talk: see test_information_terms.py.
    elsewhere = {"messages_per_day"}
    assert {kpi.name for kpi in KPIS} == {name for name, _ in marked} | elsewhere


def test_profit_and_total_cost_share_out_the_margin_of_all_demand(sums: Sums) -> None:
    found = kpi_estimates(sums)
    assert found["profit"].mean + found["total_cost"].mean == pytest.approx(3 * sum(DEMAND))


@pytest.mark.parametrize(
    ("received", "short", "cycles", "served"),
    [
        ([1, 0, 1, 0, 1, 0], [0, 0, 0, 0, 0, 0], 2, 2),
        ([1, 0, 1, 0, 1, 0], [0, 1, 0, 0, 0, 1], 2, 1),
        ([1, 0, 1, 0, 1, 0], [0, 0, 1, 0, 0, 0], 2, 1),
        ([0, 0, 1, 0, 0, 0], [1, 1, 0, 0, 1, 1], 0, 0),
        ([1, 1, 1, 0, 0, 0], [0, 0, 0, 0, 0, 0], 2, 2),
    ],
    ids=["served", "open last cycle left out", "short on arrival", "one receipt only", "one period each"],
)
def test_cycles_run_from_receipt_to_receipt(
    received: list[float], short: list[float], cycles: int, served: int
) -> None:
    sales = [1.0 - part for part in short]
    sums = sums_from(shop(), {"holding": 1.0}, demand=[1.0] * 6, sales=sales, received=received)
    found = kpi_estimates(sums)["cycle_service_level"]
    assert sums.units("cycles")[0] == cycles
    assert sums.units("served_cycles")[0] == served
    assert (found.mean, found.reason) == ((served / cycles, "") if cycles else (None, "no_cycle"))


def test_backorders_lower_gamma_and_are_sold_late() -> None:
    rates = {"holding": 1.0, "price": 9.0, "purchase": 6.0, "backorder": 2.0}
    sums = sums_from(
        shop(),
        rates,
        demand=[4, 0, 0],
        sales=[1, 0, 0],
        newly_backordered=[3, 0, 0],
        backorders=[3, 3, 0],
        backorders_filled=[0, 0, 3],
    )
    found = kpi_estimates(sums)
    assert found["fill_rate"].mean == pytest.approx(0.25), "demand served late does not count"
    assert found["gamma_service_level"].mean == pytest.approx(1 - 6 / 4), "may be negative"
    assert found["revenue"].mean == pytest.approx(36)
    assert found["shortage_cost"].mean == pytest.approx(12)
    assert found["profit"].mean == pytest.approx(36 - 24 - 12)
    assert found["profit"].mean + found["total_cost"].mean == pytest.approx(3 * 4)


def test_without_demand_every_ratio_is_null_with_its_reason() -> None:
    found = kpi_estimates(sums_from(shop(), RATES, closing=[5.0] * 6))
    reasons = {name: found[name].reason for name in found if found[name].mean is None}
    no_demand = dict.fromkeys(
        ("fill_rate", "fill_rate_value", "period_service_level", "gamma_service_level", "days_of_supply"),
        "no_demand",
    )
    other = {"cycle_service_level": "no_cycle"} | dict.fromkeys(
        ("cost_per_unit_sold", "waste_ratio", "waste_ratio_value"), "no_sales"
    )
    constant = dict.fromkeys(("bullwhip", "inventory_amplification"), "constant_demand")
    assert reasons == no_demand | other | constant
    assert found["turnover"].mean == 0.0
    assert found["ready_rate"].mean == 1.0, "periods without demand do count"


def test_without_stock_turnover_is_null_and_days_with_it() -> None:
    found = kpi_estimates(sums_from(shop(), RATES, demand=[2.0] * 6, sales=[2.0] * 6))
    for name in ("turnover", "days_of_supply", "gmroi"):
        assert (found[name].mean, found[name].reason) == (None, "no_stock")
    assert found["average_inventory"].mean == 0.0


def test_figures_that_no_rate_values_are_absent() -> None:
    found = kpi_estimates(sums_from(shop(), {"holding": 1.0}, demand=[2.0] * 6, sales=[2.0] * 6))
    absent = {"turnover", "average_inventory_value", "revenue", "profit", "gmroi", "fill_rate_value", "cogs"}
    assert not absent & set(found)
    assert found["fill_rate"].mean == 1.0


def test_units_of_different_items_are_never_added(sums: Sums) -> None:
    mixed = kpi_estimates(dataclasses.replace(sums, common_unit=False))
    for name in ("fill_rate", "gamma_service_level", "average_inventory", "cost_per_unit_sold", "bullwhip"):
        assert (mixed[name].mean, mixed[name].reason) == (None, "mixed_units")
    assert mixed["fill_rate_value"].mean == pytest.approx(0.6)
    assert mixed["stockout_periods"].mean == 3


def test_class_r_is_the_ratio_of_sums_over_replications_not_the_mean_of_ratios() -> None:
    demand, sales = np.array([10.0, 90.0]), np.array([10.0, 45.0])
    found = kpi_estimates(written(replications=2, demand=demand, sales=sales))["fill_rate"]
    assert found.mean == pytest.approx(55 / 100)
    residual = sales - 0.55 * demand
    expected = 12.7062047 * residual.std(ddof=1) / 50 / np.sqrt(2)
    assert found.half_width == pytest.approx(expected)


def test_class_l_is_a_mean_over_all_periods() -> None:
    assert kpi_estimates(written(periods=4, closing=12.0))["average_inventory"].mean == 3.0


def test_a_null_replication_does_not_make_the_ratio_null() -> None:
    found = kpi_estimates(written(replications=2, demand=np.array([0.0, 8.0]), sales=np.array([0.0, 6.0])))
    assert found["fill_rate"].mean == pytest.approx(0.75)


def test_places_that_stock_nothing_have_no_stockouts() -> None:
    sums = written(replications=2, stockout_periods=5.0)
    nowhere = dataclasses.replace(sums, places=np.zeros((1, 1, 1), dtype=bool))
    assert kpi_estimates(nowhere)["stockout_periods"].mean == 0.0


def test_unit_cost_is_carried_along_the_first_lanes() -> None:
    from basestock.dynamics import compile_network
    from basestock.economics import make_tariff

    network = SupplyNetwork(
        items=(Item("i"),), nodes=(Node("shop"), Node("dc")), suppliers=(Supplier("s"), Supplier("spot")),
        lanes=(
            Lane("dc", "shop", name="out"), Lane("s", "dc", name="in"), Lane("spot", "shop", name="rush", priority=2),
        ),
    )  # fmt: skip
    tariff = make_tariff(network, purchase={("in", "i"): 6.0, ("out", "i"): 0.5, ("rush", "i"): 11.0})
    assert unit_costs(compile_network(network), tariff).ravel().tolist() == [6.5, 6.0]
    assert unit_costs(compile_network(network), make_tariff(network, holding=1.0)) is None


def _bullwhip(orders: list[float], demand: list[float], name: str = "bullwhip", **more: list[float]):
    sums = sums_from(shop(), {"holding": 1.0}, demand=demand, sales=demand, ordered=orders, **more)
    return next(kpi for kpi in bullwhip_kpis(1) if kpi.name == name).parts(sums)


def test_bullwhip_is_the_variance_of_orders_over_that_of_demand() -> None:
    above, below = _bullwhip([0, 6, 0, 6, 0, 6], [2, 4, 2, 4, 2, 4])
    assert above / below == pytest.approx(9.0)
    stock, again = _bullwhip(
        [3.0] * 6, [2, 4, 2, 4, 2, 4], "inventory_amplification", closing=[5, 7, 5, 7, 5, 7]
    )
    assert stock / again == pytest.approx(1.0)


def test_bullwhip_of_unequal_means_is_also_relative() -> None:
    assert _bullwhip([2, 4, 2, 4, 2, 4], [2, 4, 2, 4, 2, 4], "bullwhip_cv") is None
    above, below = _bullwhip([4, 8, 4, 8, 4, 8], [2, 4, 2, 4, 2, 4], "bullwhip_cv")
    assert above / below == pytest.approx((4 / 6) / (1 / 3))
    assert _bullwhip([0.0] * 6, [2, 4, 2, 4, 2, 4], "bullwhip_cv") == "no_order"


def test_constant_demand_has_no_variance_whatever_its_size() -> None:
    for level in (0.1, 3.3, 1e5 + 0.3):
        assert _bullwhip([level] * 6, [level] * 6)[1].tolist() == [0.0]


def test_small_swings_of_large_quantities_keep_their_variance() -> None:
    """A sum of squares in single precision would lose all of it."""
    moments, rng = Moments.zeros((1, 1, 1)), np.random.default_rng(0)
    values = 1_000_000 + rng.integers(-3, 4, 200)
    for period, value in enumerate(values):
        moments = moments.add(jnp.full((1, 1, 1), float(value)), jnp.asarray(float(period)))
    mean = float(moments.total.sum()) / 200
    assert float(moments.first.sum()) + mean == pytest.approx(values.mean())
    assert float(moments.squares.sum()) / 200 - mean**2 == pytest.approx(values.var())
