"""Orders of any policy within capacities and budgets (B-38)."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.decision import Problem, game, simulate
from basestock.dynamics import RECEIVE_ORDER_SELL, with_repairs
from basestock.economics import make_tariff
from basestock.evaluation import evaluate
from basestock.network import Item, Lane, Limit, Node, Supplier, SupplyNetwork
from basestock.optimal.programs.projected import Shared, projected
from basestock.policies import BaseStock
from basestock.uncertainty import Poisson, Uncertainty

pytestmark = pytest.mark.requirement("B-38")


def _shop() -> Problem:
    """Two items of 3 and 5 money a unit; 12 units of the mill and 40 money a period."""
    network = SupplyNetwork(
        items=(Item("red"), Item("blue")),
        nodes=(Node("shop"),),
        suppliers=(Supplier("mill", capacity=12.0),),
        lanes=(Lane("mill", "shop", lead_time=1),),
        limits=(Limit("shop", "units", 12), Limit("shop", "spend", 40)),
    )
    return Problem(
        "shop",
        network,
        Uncertainty({("shop", item): Poisson(4.0) for item in ("red", "blue")}),
        make_tariff(
            network,
            holding=1.0,
            lost_sale=9.0,
            purchase={("mill -> shop", "red"): 3.0, ("mill -> shop", "blue"): 5.0},
        ),
        sequence=with_repairs(RECEIVE_ORDER_SELL),
        horizon=20,
    )


GREEDY = BaseStock(jnp.full((1, 2, 1), 40.0))


@pytest.mark.parametrize(
    ("wanted", "caps", "expected"),
    [
        ([4.0, 4.0], [10.0, 40.0], [4.0, 4.0]),
        ([8.0, 8.0], [10.0, 100.0], [5.0, 5.0]),
        ([10.0, 10.0], [100.0, 40.0], [5.0, 5.0]),
        ([7.0, 0.0], [0.0, 40.0], [0.0, 0.0]),
    ],
)
def test_the_nearest_orders_cut_all_lines_alike(wanted, caps, expected) -> None:
    loads = np.array([[[1.0, 1.0]], [[3.0, 5.0]]])
    found = Shared(loads, np.array(caps), np.ones((1, 2))).nearest(np.array([wanted]))
    np.testing.assert_allclose(found, [expected])


@pytest.mark.slow
def test_orders_break_no_limit_and_their_cost_is_told() -> None:
    problem = _shop()

    def changed(total, step):
        return total, (step.outcome.repaired, step.outcome.ordered)

    repaired = {}
    for name, policy in (("greedy", GREEDY), ("projected", projected(problem, GREEDY))):
        path = simulate(
            *(game(problem), policy, problem.start(2)),
            key=jax.random.key(0),
            num_periods=20,
            fold=changed,
            initial=0.0,
        )
        changes, ordered = (np.asarray(part) for part in path.traced)
        repaired[name] = np.abs(changes).sum()
        assert (ordered.sum((1, 2)) <= 12).all()
    assert repaired["greedy"] > 0 == repaired["projected"]
    assert (ordered[:, 0, 0] * 3 + ordered[:, 0, 1] * 5 <= 40).all() and ordered.sum() > 100
    report = evaluate(problem, {"projected": projected(problem, GREEDY)}, replications=4, seed=1)
    assert report["projected"].total.mean > 0
