"""Random yield, period by period: what is lost on the way is drawn, listed, and part of the optimum."""

import numpy as np
import pytest

from basestock.evaluation import kpi_estimates, play
from basestock.optimal.mdp import optimize
from basestock.policies import from_parameters
from basestock.problems import make_problem
from basestock.problems.single_item import backorder, periodic_random_yield


@pytest.mark.slow
def test_without_losses_it_is_the_problem_with_backorders() -> None:
    problem = periodic_random_yield(lead_time=1, mean=3.0, loss_probability=0.0)
    known = backorder(lead_time=1, mean=3.0, fixed_order_cost=0.0).known
    assert known is not None
    assert optimize(problem).value == pytest.approx(known.value, abs=1e-6)


def test_the_optimum_of_all_or_nothing_is_that_of_a_geometric_wait() -> None:
    """With certain demand and lead time 0 one unit a period is short until the first delivery that comes."""
    lost, shortage, holding = 0.25, 9.0, 1.0
    problem = periodic_random_yield(
        lead_time=0,
        demand="deterministic",
        mean=1.0,
        loss_probability=lost,
        backorder_cost=shortage,
        holding_cost=holding,
    )

    def cost(level: int) -> float:
        """Average cost of ordering up to a level: stock after demand is level - 1 - n, n periods after a delivery."""
        waits = np.arange(400)
        stock = level - 1 - waits
        shares = (1 - lost) * lost**waits
        return float(shares @ (holding * np.maximum(stock, 0) + shortage * np.maximum(-stock, 0)))

    assert optimize(problem).value == pytest.approx(min(cost(level) for level in range(1, 6)), abs=1e-6)


@pytest.mark.slow
def test_a_lost_share_is_lost_in_whole_units() -> None:
    problem = make_problem(
        "periodic_random_yield",
        {
            "lost_share": "0.5",
            "loss_probability": "1",
            "lead_time": "0",
            "demand": "deterministic",
            "mean": "3",
        },
    )
    policy = from_parameters(problem, "base_stock", {"base_stock_level": 3.0})
    played = play(problem, policy, replications=2, seed=0)
    # 3 of 5 come when 2 wait: half of an order, rounded down, is lost.
    assert kpi_estimates(played.sums[0])["fill_rate"].mean == pytest.approx(1 / 3, abs=1e-6)
