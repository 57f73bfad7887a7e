"""The purchase of mean demand, and gaps in percent of what is left."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from basestock.decision import Problem
from basestock.economics import make_tariff
from basestock.evaluation.certificates import policy_gaps
from basestock.evaluation.controllable import purchase_of_demand
from basestock.policies import BaseStock
from basestock.problems import make_problem


def priced(problem: Problem, **rates: float) -> Problem:
    """Return the problem with rates added to its tariff."""
    given = make_tariff(problem.network, **rates)
    told = {name: getattr(given, name) for name in rates}
    return dataclasses.replace(problem, tariff=dataclasses.replace(problem.tariff, **told))


@pytest.mark.slow
def test_published_problems_that_pay_by_unit() -> None:
    dual = make_problem("dual_sourcing", {"expedited_cost": "105"})
    demand = sum(law.mean for law in dual.uncertainty.demand.values())
    # The slow supplier is the cheaper one.
    assert purchase_of_demand(dual) == pytest.approx(100.0 * demand)
    perishable = make_problem("perishable_single_class")
    demand = sum(law.mean for law in perishable.uncertainty.demand.values())
    weights = perishable.discount ** np.arange(perishable.horizon)
    assert purchase_of_demand(perishable) == pytest.approx(3.0 * demand * weights.sum(), rel=1e-6)
    assert purchase_of_demand(make_problem("lost_sales")) == 0.0
    # What is charged for an empty shelf does not grow with quantities.
    assert purchase_of_demand(make_problem("assembly_dqn_2025")) == 0.0


def test_the_cheapest_way_through_a_network() -> None:
    problem = make_problem("general_network", {"retailers": "2"})
    demand = sum(law.mean for law in problem.uncertainty.demand.values())
    assert purchase_of_demand(problem) == 0.0
    # A unit pays on both lanes that it takes.
    both = purchase_of_demand(priced(problem, unit_order=1.5))
    assert both == pytest.approx(3.0 * demand * problem.horizon, rel=1e-6)


@pytest.mark.parametrize(("price", "paid"), [(2.0, 2.0), (30.0, 4.0)])
def test_no_more_than_not_to_serve(price: float, paid: float) -> None:
    problem = priced(make_problem("lost_sales", {"lost_sale_cost": "4", "mean": "5"}), purchase=price)
    assert purchase_of_demand(problem) == pytest.approx(paid * 5.0, rel=1e-6)


def test_gaps_of_both_kinds() -> None:
    problem = priced(make_problem("lost_sales", {"lost_sale_cost": "14", "mean": "5"}), purchase=2.0)
    policy = BaseStock(jnp.full((1, 1, 1), 30.0))
    (found,) = policy_gaps(problem, [], 15.0, given={"mine": policy}, replications=20)
    assert found.gap_percent == pytest.approx(100.0 * (found.cost / 15.0 - 1.0))
    assert found.controllable_gap_percent == pytest.approx(100.0 * (found.cost - 15.0) / (15.0 - 10.0))
    # A value below the purchase of demand is none that a policy could reach: nothing is stated.
    (found,) = policy_gaps(problem, [], 9.0, given={"mine": policy}, replications=20)
    assert found.controllable_gap_percent is None
