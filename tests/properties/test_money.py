"""Laws of money along a path: value of stock, prices between nodes, terminal values, rewards (``invariants.md`` 4)."""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

from basestock.decision import Problem, game, simulate
from basestock.dynamics import Step
from basestock.economics import Tariff, TariffError, ledger_for, make_tariff
from basestock.envs.functional import Environment, make_environment
from basestock.evaluation.run import play
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.policies import BaseStock
from basestock.problems.families.finite_horizon import build
from basestock.uncertainty import Poisson, Uncertainty

NETWORK = SupplyNetwork(
    items=(Item("milk", shelf_life=3),), nodes=(Node("dairy", tier=1), Node("shop")), suppliers=(Supplier("farm"),),
    lanes=(Lane("farm", "dairy", lead_time=1), Lane("dairy", "shop", lead_time=1)),
)  # fmt: skip
COST, TRANSFER, PRICE = 4.0, 7.0, 9.0
RATES = {"purchase": {("farm -> dairy", "milk"): COST}, "cost_of_sales": COST, "waste": COST}
RATES |= {"transfer_price": TRANSFER, "holding": 1.0, "price": PRICE}
PERIODS, PATHS = 40, 3


@pytest.fixture(scope="module")
def environment() -> Environment:
    demand = Uncertainty({("shop", "milk"): Poisson(4.0)})
    problem = Problem("chain", NETWORK, demand, make_tariff(NETWORK, **RATES), horizon=PERIODS)
    return make_environment(problem)


@eqx.filter_jit
def walk(environment: Environment, key: Array) -> dict[str, Array]:
    """Act at random and keep the money and the quantities of every period, ``[period, ..., replication]``."""

    def one(state: Any, key: Array) -> tuple[Any, dict[str, Array]]:
        action = jax.random.uniform(key, (environment.codec.rows.shape[0], PATHS), minval=-1.0)
        result = environment.step_batch(state, action)
        flows = result.state.outcome
        kept = {"terms": result.terms, "reward": result.reward, "places": result.places}
        kept |= {"opening": flows.opening, "closing": flows.closing, "sales": flows.sales}
        kept |= {"expired": flows.expired, "received": flows.received, "in_transit": flows.in_transit}
        return result.state, kept

    start, _ = environment.reset_batch(key, PATHS)
    return jax.lax.scan(one, start, jax.random.split(key, PERIODS))[1]


def totals(found: dict[str, Array], environment: Environment) -> dict[str, np.ndarray]:
    """Return each term by name, ``[period, replication]``."""
    table = np.asarray(found["terms"], dtype=float)
    return {name: table[:, row] for row, name in enumerate(environment.ledger.names)}


@pytest.mark.slow
def test_the_value_of_stock_moves_by_what_is_bought_sold_and_wasted(environment: Environment) -> None:
    """SIM-216: at a constant unit cost, stock and transit between nodes."""
    found = walk(environment, jax.random.key(1))
    money = totals(found, environment)
    held = np.asarray(found["closing"]).sum((1, 2)) + np.asarray(found["in_transit"])[:, 1].sum(1)
    change = COST * np.diff(held, axis=0, prepend=np.zeros((1, PATHS)))
    np.testing.assert_allclose(change, money["purchase"] - money["cost_of_sales"] - money["waste"], atol=1e-3)
    assert all(money[name].sum() > 0 for name in ("purchase", "cost_of_sales", "waste"))


@pytest.mark.slow
def test_prices_between_nodes_cancel(environment: Environment) -> None:
    """SIM-406: what a node pays the other earns; the total does not depend on the price, the shares of nodes do."""
    found = walk(environment, jax.random.key(2))
    money = totals(found, environment)
    np.testing.assert_array_equal(money["internal_cost"], money["internal_revenue"])
    assert money["internal_cost"].sum() > 0
    free = eqx.tree_at(
        lambda each: each.tariff.transfer_price, environment, replace_fn=lambda rate: 0.0 * rate
    )
    without = walk(free, jax.random.key(2))
    np.testing.assert_allclose(found["reward"], without["reward"], atol=1e-3)
    moved = np.asarray(found["places"] - without["places"])
    np.testing.assert_allclose(moved[:, 0], money["internal_revenue"], atol=1e-3)
    np.testing.assert_allclose(moved[:, 1], -money["internal_cost"], atol=1e-3)


def test_the_reward_of_a_learner_is_minus_the_cost_of_the_ledger(environment: Environment) -> None:
    """SIM-412, at scale 1: by the terms, by the places, and by the quantities themselves."""
    found = walk(environment, jax.random.key(3))
    cost = np.einsum("k,tkr->tr", environment.ledger.signs, np.asarray(found["terms"], dtype=float))
    np.testing.assert_allclose(np.asarray(found["reward"]) + cost, 0.0, atol=1e-3)
    np.testing.assert_allclose(np.asarray(found["places"]).sum(1), found["reward"], atol=1e-3)
    units = {name: np.asarray(found[name]).sum((1, 2)) for name in ("closing", "sales", "expired")}
    bought = np.asarray(found["received"])[:, 0].sum(1)
    by_hand = COST * (bought + units["sales"] + units["expired"]) + units["closing"] - PRICE * units["sales"]
    np.testing.assert_allclose(np.asarray(found["reward"]), -by_hand, atol=1e-3)


def test_a_price_between_nodes_is_refused_on_a_lane_from_outside() -> None:
    with pytest.raises(
        TariffError, match="transfer_price at lane 'farm -> dairy', must be at a lane between nodes"
    ):
        make_tariff(NETWORK, transfer_price={("farm -> dairy", "milk"): 1.0})
    assert ledger_for(Tariff(transfer_price=jnp.ones((1, 1, 1)))).names == (
        "internal_cost",
        "internal_revenue",
    )


LAST = {"holding": 3.0, "stockout": 7.0}
HORIZON, DISCOUNT = 5, 0.9


@pytest.mark.slow
def test_the_terminal_value_is_declared_and_counted_once() -> None:
    """SIM-411: discounted cost of the periods + discount^T x (hT stock + pT backlog), each a term of its own."""
    record = {
        "periods": HORIZON, "discount": DISCOUNT, "demand": {"type": "poisson", "mean": 4.0},
        "holding_cost": 1.0, "stockout_cost": 5.0, "fixed_cost": 10.0, "purchase_cost": 2.0,
        "terminal_holding_cost": LAST["holding"], "terminal_stockout_cost": LAST["stockout"],
    }  # fmt: skip
    problem, policy = build(record, {}), BaseStock(jnp.full((1, 1, 1), 6.0))
    assert {"terminal_holding", "terminal_stockout"} <= set(problem.ledger.names)
    reported = play(problem, policy, replications=200, seed=4)

    def keep(_: None, step: Step) -> tuple[None, tuple[Array, ...]]:
        flows = step.outcome
        return None, (flows.closing[0, 0], flows.backorders[0, 0], flows.received[0, 0], flows.ordered[0, 0])

    path = simulate(
        game(problem),
        policy,
        problem.start(200),
        key=jax.random.key(4),
        num_periods=HORIZON,
        fold=keep,
        initial=None,
    )
    stock, backlog, received, ordered = (np.asarray(leaf, dtype=float) for leaf in path.traced)
    factor = DISCOUNT ** np.arange(HORIZON)[:, None]
    periods = (factor * (stock + 5.0 * backlog + 2.0 * received + 10.0 * (ordered > 0))).sum(0)
    left = DISCOUNT**HORIZON * (LAST["holding"] * stock[-1] + LAST["stockout"] * backlog[-1])
    np.testing.assert_allclose(reported.totals, periods + left, rtol=1e-5)
    plain = dataclasses.replace(problem, terms=())
    np.testing.assert_allclose(play(plain, policy, replications=200, seed=4).totals, periods, rtol=1e-5)
    assert problem.solve().value <= reported.totals.mean() + 3 * reported.totals.std() / np.sqrt(200)
