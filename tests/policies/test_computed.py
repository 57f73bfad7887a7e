"""Policies whose parameters are computed, against closed forms (SIM-709, SIM-711, SIM-804, SIM-808)."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from basestock.decision import Problem
from basestock.dynamics import empty_state
from basestock.economics import make_tariff
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.policies import Eoq, Marginal, Newsvendor, marginal_for, money_at_stake, protection_demand
from basestock.policies.marginal import LEAD_TIME_SHARE
from basestock.uncertainty import (
    Autoregressive,
    DemandLaw,
    Deterministic,
    Discrete,
    Gamma,
    Geometric,
    Normal,
    Poisson,
    Uncertainty,
)
from tests.policies.observations import chain, leaf, observe, orders, positions


def _problem(
    law: DemandLaw, unmet: str = "backorder", rates: dict[str, float] | None = None, **lane
) -> Problem:
    network = SupplyNetwork(
        items=(Item("i", whole_units=False),), nodes=(Node("n"),), suppliers=(Supplier("s"),),
        lanes=(Lane("s", "n", **{"lead_time": 0} | lane),), unmet=unmet,
    )  # fmt: skip
    rates = rates or {"holding": 2.0, "backorder": 18.0}
    return Problem("one", network, Uncertainty({("n", "i"): law}), make_tariff(network, **rates))


def _level(problem: Problem) -> float:
    return float(Newsvendor.for_problem(problem).base_stock_level.sum())


def test_the_newsvendor_of_normal_demand() -> None:
    """h 2, p 18, N(120, 10): S = 132.8155 (stockpyl)."""
    assert _level(_problem(Normal(120.0, 10.0))) == pytest.approx(132.8155, abs=1e-4)
    assert _level(_problem(Normal(120.0, 10.0), lead_time=3)) == pytest.approx(480 + 20 * 1.2815516, abs=1e-3)


@pytest.mark.parametrize("ratio", [0.05, 0.5, 0.8, 0.9, 0.975, 0.999, 0.99999])
@pytest.mark.parametrize("lead_time", [0, 4])
def test_the_newsvendor_of_poisson_demand_is_exact_at_any_ratio(ratio: float, lead_time: int) -> None:
    rates = {"holding": 1 - ratio, "backorder": ratio}
    level = _level(_problem(Poisson(5.0), rates=rates, lead_time=lead_time))
    assert level == stats.poisson(5 * (lead_time + 1)).ppf(ratio)


def test_the_newsvendor_of_gamma_and_discrete_demand() -> None:
    assert _level(_problem(Gamma(10.0, 6.0))) == pytest.approx(
        stats.gamma(100 / 36, scale=3.6).ppf(0.9), rel=1e-6
    )
    assert _level(_problem(Geometric(5.0))) == stats.geom(1 / 6, loc=-1).ppf(0.9)
    assert _level(_problem(Deterministic(4.0), lead_time=2)) == 12.0
    assert _level(_problem(Discrete((0.0, 2.5), (0.5, 0.5)))) > 2.0, "fractions enter by mean and variance"


def test_levels_depend_on_the_critical_ratio_alone_and_rise_with_it() -> None:
    """SIM-709."""
    levels = [
        _level(_problem(Poisson(5.0), rates={"holding": 1.0, "backorder": b})) for b in (1, 2, 4, 9, 99, 999)
    ]
    assert levels == sorted(levels)
    assert _level(_problem(Poisson(5.0), rates={"holding": 3.0, "backorder": 27.0})) == levels[3]


def test_larger_demand_and_longer_waits_raise_levels() -> None:
    """SIM-711."""
    by_rate = [_level(_problem(Poisson(rate))) for rate in (1.0, 2.0, 5.0, 20.0)]
    by_lead = [_level(_problem(Poisson(5.0), lead_time=lead)) for lead in range(4)]
    assert by_rate == sorted(by_rate)
    assert by_lead == sorted(by_lead)


def test_stock_that_costs_nothing_has_a_finite_level() -> None:
    assert np.isfinite(_level(_problem(Poisson(5.0), rates={"holding": 0.0, "backorder": 1.0})))
    assert np.isfinite(_level(_problem(Normal(5.0, 1.0), rates={"holding": 0.0, "backorder": 1.0})))


def test_a_random_lead_time_mixes_the_laws_of_its_lengths() -> None:
    demand = protection_demand(_problem(Poisson(5.0), lead_time={1: 0.5, 3: 0.5}))
    assert float(demand.periods.sum()) == 3.0
    assert float(demand.mean.sum()) == pytest.approx(15.0)
    assert float(demand.deviation.sum()) ** 2 == pytest.approx(15 + 25 * 1.0)
    mixed = 0.5 * stats.poisson(10).cdf(np.arange(60)) + 0.5 * stats.poisson(20).cdf(np.arange(60))
    level = np.full((1, 1), 0.9)
    assert float(demand.quantile(level).sum()) == np.searchsorted(mixed, 0.9)


def test_memory_widens_the_demand_that_an_order_must_cover() -> None:
    plain = protection_demand(_problem(Normal(100.0, 5.0), lead_time=3))
    memory = protection_demand(_problem(Autoregressive(Normal(100.0, 5.0), 0.5), lead_time=3))
    assert memory.deviation.sum() == pytest.approx(2 * plain.deviation.sum())


@pytest.mark.parametrize("law", [Poisson(5.0), Poisson(900.0), Gamma(10.0, 6.0)], ids=str)
def test_a_tabulated_law_keeps_its_moments(law: DemandLaw) -> None:
    demand = protection_demand(_problem(law))
    mean = (demand.values * demand.masses).sum()
    assert demand.masses.sum() == pytest.approx(1.0)
    assert mean == pytest.approx(law.mean, rel=2e-3)
    assert ((demand.values - mean) ** 2 * demand.masses).sum() == pytest.approx(law.variance, rel=0.02)


def test_a_center_covers_the_demand_of_all_it_supplies_at_their_cost() -> None:
    network = chain()
    tariff = make_tariff(network, holding=1.0, backorder={("shop", "i"): 9.0})
    problem = Problem("chain", network, Uncertainty({("shop", "i"): Poisson(5.0)}), tariff)
    demand = protection_demand(problem)
    assert demand.mean[:, 0].tolist() == [20.0, 15.0]
    underage, overage = money_at_stake(problem)
    assert (underage[:, 0].tolist(), overage[:, 0].tolist()) == ([9.0, 9.0], [1.0, 1.0])


def test_a_lost_unit_costs_its_margin_too() -> None:
    rates = {"holding": 1.0, "lost_sale": 2.0, "price": 9.0, "purchase": 6.0}
    underage, _ = money_at_stake(_problem(Poisson(5.0), unmet="lost", rates=rates))
    assert underage.sum() == 5.0


@pytest.mark.parametrize(
    ("fixed", "rate", "holding", "lot"), [(100.0, 10.0, 1.0, 45), (64.0, 2.0, 4.0, 8), (0.0, 7.0, 1.0, 7)]
)
def test_the_economic_order_quantity(fixed: float, rate: float, holding: float, lot: float) -> None:
    """Q = sqrt(2 K lambda / h) (Harris 1913), never less than the demand of a period."""
    rates = {"holding": holding, "backorder": 50.0, "fixed_order": fixed}
    policy = Eoq.for_problem(_problem(Deterministic(rate), rates=rates))
    assert float(policy.order_quantity.sum()) == lot


def test_the_economic_order_quantity_does_not_depend_on_the_calendar() -> None:
    rates = {"holding": 1.0, "backorder": 50.0, "fixed_order": 100.0}
    lots = [
        float(Eoq.for_problem(_problem(Poisson(10.0), rates=rates, review_period=days)).order_quantity.sum())
        for days in (1, 4)
    ]
    assert lots == [45.0, 45.0]


def test_eoq_reorders_where_the_risk_of_a_cycle_is_paid_for() -> None:
    rates = {"holding": 1.0, "backorder": 9.0, "fixed_order": 20.0}
    policy = Eoq.for_problem(_problem(Poisson(10.0), rates=rates, lead_time=2))
    assert float(policy.reorder_point.sum()) == stats.poisson(30).ppf(1 - 1 * 20 / (9 * 10))


@pytest.mark.slow
@pytest.mark.parametrize("ratio", [0.3, 0.5, 0.8, 0.9, 0.975, 0.999])
@pytest.mark.parametrize("lead_time", [0, 2])
def test_pack_by_pack_in_single_units_is_the_newsvendor(ratio: float, lead_time: int) -> None:
    problem = _problem(Poisson(5.0), rates={"holding": 1 - ratio, "backorder": ratio}, lead_time=lead_time)
    seen = positions(*np.arange(0.0, 40.0))
    newsvendor = orders(Newsvendor.for_problem(problem), seen)
    assert orders(marginal_for(problem), seen) == pytest.approx(newsvendor, abs=1e-4)


def _marginal(before, during, pack=0.0, minimum=0.0, *, underage=2.0, overage=1.0, waits=1.0) -> Marginal:
    scenarios = [jnp.asarray(values, jnp.float32).reshape(-1, 1, 1, 1) for values in (before, during)]
    weight = jnp.full_like(scenarios[0], 1 / len(before))
    rates = (leaf(waits), leaf(underage), leaf(overage), leaf(pack), leaf(minimum))
    return Marginal(*scenarios, *rates, weight)


@pytest.mark.slow
def test_packs_are_added_while_they_pay() -> None:
    """Demand 0, 10 or 20 with equal chance, b = 2 h: a pack is worth b P(needed) - h P(not)."""
    demand = [0.0, 10.0, 20.0]
    policy = _marginal([0.0] * 3, demand, pack=4)
    # A unit above the position y earns 2 P(D > y) - P(D <= y): 2/3 * 2 - 1/3 = 1 below 10, 1/3 * 2 - 2/3 = 0 below 20.
    assert orders(policy, positions(0, 1, 8, 9, 10)) == [12, 12, 4, 4, 0]
    first = _marginal([0.0] * 3, demand, pack=4, minimum=9)
    assert orders(first, positions(0, 1, 8, 30)) == [12, 12, 12, 0], (
        "the first block is the smallest legal order"
    )


@pytest.mark.slow
def test_demand_that_is_lost_before_the_arrival_needs_no_order() -> None:
    """10 units wanted before the arrival and 5 after: with 4 in stock, 6 are lost, or wait for the order."""
    assert orders(_marginal([10.0], [5.0], pack=1, waits=1), positions(4, 12)) == [11, 3]
    assert orders(_marginal([10.0], [5.0], pack=1, waits=0), positions(4, 12)) == [5, 3]


@pytest.mark.slow
def test_an_order_just_placed_serves_no_demand_before_the_next_one() -> None:
    """SIM-301 for a whole policy: with its order booked, it orders nothing more."""
    problem = _problem(Poisson(5.0), rates={"holding": 1.0, "lost_sale": 9.0}, lead_time=2, unmet="lost")
    policy, state = marginal_for(problem), empty_state(problem.arrays, 1)
    (placed,) = orders(policy, observe(problem, state))
    booked = dataclasses.replace(state, due=state.due.at[2].set(placed), in_transit=state.in_transit + placed)
    assert placed > 0
    assert orders(policy, observe(problem, booked)) == pytest.approx([0.0], abs=1e-4)


@pytest.mark.parametrize(("ratio", "quantity"), [(0.2, 1.5), (0.5, 2.5), (0.9, 7.25)])
def test_without_packs_the_order_is_the_critical_quantile_itself(ratio: float, quantity: float) -> None:
    demand = [1.5, 2.5, 2.5, 7.25]
    policy = _marginal([0.0] * 4, demand, underage=ratio, overage=1 - ratio)
    assert orders(policy, positions(0.0)) == pytest.approx([quantity], rel=1e-5)


def test_lost_sales_are_seen_by_the_marginal_policy_of_a_problem() -> None:
    """An empty shelf with lead time 4: nothing can be served before the arrival, so only one period is covered."""
    rates = {"holding": 1.0, "lost_sale": 9.0}
    lost = _problem(Poisson(5.0), rates=rates, lead_time=4, unmet="lost")
    overage = 1 + LEAD_TIME_SHARE * 4
    assert orders(marginal_for(lost), positions(0)) == pytest.approx(
        [stats.poisson(5).ppf(9 / (9 + overage))], abs=1e-4
    )


def test_no_pack_pays_when_shortage_is_free() -> None:
    problem = _problem(Poisson(5.0), rates={"holding": 1.0, "backorder": 0.0})
    assert orders(marginal_for(problem), positions(0, 5)) == [0, 0]


def test_computed_policies_have_the_shape_of_the_network() -> None:
    problem = dataclasses.replace(_problem(Poisson(5.0)), horizon=10)
    for policy in (Newsvendor.for_problem(problem), Eoq.for_problem(problem)):
        for name in policy.__dataclass_fields__:
            assert getattr(policy, name).shape == (1, 1, 1)
