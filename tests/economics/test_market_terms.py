"""Terms of system A's and B's rewards, by hand: one scenario for each cause."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.dynamics import RECEIVE_ORDER_SELL, Decision, InitialState, Step, compile_network, transition
from basestock.economics import (
    HybridWeights,
    Tariff,
    hybrid_rewards,
    ledger_for,
    local_rewards,
    make_tariff,
    scarce_supply,
    shared_rewards,
    weight_of,
    with_context,
)
from basestock.network import Item, Lane, Node, PriceResponse, ReturnFlow, Supplier, SupplyNetwork
from basestock.uncertainty import Event, World

SHOP = SupplyNetwork(
    items=(Item("a", whole_units=False), Item("b", whole_units=False)),
    nodes=(Node("s"),),
    suppliers=(Supplier("x"),),
    lanes=(Lane("x", "s"),),
    responses=tuple(PriceResponse("s", name, price, 0.0) for name, price in (("a", 10.0), ("b", 20.0))),
    returns=(ReturnFlow("s", "a", 0.25, delay=1),),
)
ARRAYS = compile_network(SHOP)


play_one = eqx.filter_jit(transition)


def steps(
    *periods: tuple[tuple[float, float], tuple[float, float]], stock: tuple[float, float] = (30.0, 5.0)
) -> list[Step]:
    """Play (demand, price) of two items period by period, nothing ordered."""
    state = InitialState(on_hand={("s", "a"): stock[0], ("s", "b"): stock[1]}).compile(SHOP, ARRAYS)
    found: list[Step] = []
    for demand, price in periods:
        event = Event(market=jnp.asarray(demand, jnp.float32).reshape(1, 1, 2, 1))
        decision = Decision(jnp.zeros((1, 2, 1)), price=jnp.asarray(price, jnp.float32).reshape(1, 2, 1))
        after, outcome = play_one(ARRAYS, RECEIVE_ORDER_SELL, state, decision, event)
        found.append(Step(World(), state, state, decision, event, outcome, after))
        state = after
    return found


def money(tariff: Tariff, step: Step) -> dict[str, float]:
    ledger = ledger_for(tariff)
    return dict(zip(ledger.names, np.asarray(ledger.by_term(tariff, step))[:, 0].tolist(), strict=True))


@pytest.mark.requirement("A-03")
def test_revenue_is_price_times_what_stock_and_demand_allow() -> None:
    (step,) = steps(((12.0, 8.0), (11.0, 21.0)))
    assert money(make_tariff(SHOP, price_share=1.0), step) == {
        "sales_at_price": pytest.approx(12 * 11 + 5 * 21)
    }


@pytest.mark.requirement("A-04")
def test_goods_cost_the_same_when_made_and_when_sold_once_stock_is_back() -> None:
    made, sold = jnp.asarray([[[5.0], [0.0]]]), jnp.asarray([[[2.0], [0.0]]])
    tariff = make_tariff(SHOP, production=11.0, cost_of_sales=11.0)
    (step,) = steps(((0.0, 0.0), (10.0, 20.0)))
    cost = {"production": 0.0, "cost_of_sales": 0.0}
    # Five are made in one period, sold as two and three in the next: stock is back where it began.
    for produced, handed in ((made, 0 * sold), (0 * made, sold), (0 * made, 1.5 * sold)):
        outcome = dataclasses.replace(step.outcome, produced=produced, sales=handed)
        period = money(tariff, dataclasses.replace(step, outcome=outcome))
        cost = {name: cost[name] + period[name] for name in cost}
    assert cost == {"production": 55.0, "cost_of_sales": 55.0}


@pytest.mark.requirement("A-05")
def test_operating_cost_is_fixed_plus_variable_by_product() -> None:
    (step,) = steps(((12.0, 8.0), (10.0, 20.0)))
    tariff = make_tariff(SHOP, operating_fixed=300.0, operating_variable={("s", "a"): 2.0, ("s", "b"): 3.0})
    assert money(tariff, step) == {"operating_variable": 39.0, "operating_fixed": 300.0}


@pytest.mark.requirement("A-06")
def test_deviation_is_zero_at_the_ideal_with_the_gradient_of_a_square() -> None:
    tariff = make_tariff(SHOP, stock_deviation={("s", "a"): 0.5}, ideal_stock={("s", "a"): 18.0})
    (step,) = steps(((12.0, 0.0), (10.0, 20.0)))
    assert money(tariff, step)["stock_deviation"] == 0.0

    def deviation(stock: jax.Array) -> jax.Array:
        closing = step.outcome.closing.at[0, 0, 0].set(stock)
        changed = dataclasses.replace(step, outcome=dataclasses.replace(step.outcome, closing=closing))
        return ledger_for(tariff).by_term(tariff, changed).sum()

    assert float(jax.grad(deviation)(jnp.asarray(18.0))) == 0.0
    assert float(jax.grad(deviation)(jnp.asarray(20.0))) == pytest.approx(2 * 0.5 * 2)


@pytest.mark.requirement("A-07", "A-08", "A-30")
def test_unmet_demand_is_charged_as_money_people_and_occasions() -> None:
    (step,) = steps(((12.0, 8.0), (10.0, 20.0)))
    tariff = make_tariff(
        SHOP, unmet_demand=4.0, unserved_consumers=1.0, order_size=2.0, shortage_occurrence=7.0
    )
    assert money(tariff, step) == {
        "unmet_demand": 12.0,
        "unserved_consumers": 1.5,
        "shortage_occurrence": 7.0,
    }


@pytest.mark.requirement("A-08")
def test_price_change_is_squared_and_the_first_is_against_the_reference() -> None:
    first, second = steps(((1.0, 1.0), (12.0, 20.0)), ((1.0, 1.0), (12.0, 17.0)))
    tariff = make_tariff(SHOP, price_change=1.0)
    assert money(tariff, first)["price_change"] == pytest.approx(4.0)
    assert money(tariff, second)["price_change"] == pytest.approx(9.0)


@pytest.mark.requirement("A-08", "A-30")
def test_what_comes_back_costs_by_unit_and_as_a_rate() -> None:
    _, second = steps(((8.0, 0.0), (10.0, 20.0)), ((4.0, 0.0), (10.0, 20.0)))
    assert money(make_tariff(SHOP, brought_back=3.0, return_rate=50.0), second) == {
        "brought_back": 6.0,
        "return_rate": pytest.approx(25.0),
    }


@pytest.mark.requirement("A-09")
def test_the_ledger_is_the_sum_of_its_terms() -> None:
    (step,) = steps(((12.0, 8.0), (11.0, 21.0)))
    tariff = make_tariff(SHOP, price_share=1.0, operating_fixed=300.0, stock_deviation=0.1, unmet_demand=4.0)
    ledger = ledger_for(tariff)
    total = sum(sign * value for sign, value in zip(ledger.signs, money(tariff, step).values(), strict=True))
    rewards = local_rewards(ledger, ARRAYS, tariff, step)
    assert -float(rewards.sum()) == pytest.approx(total, rel=1e-6)


@pytest.mark.requirement("B-06")
def test_holding_by_value_turnover_and_service() -> None:
    (step,) = steps(((10.0, 10.0), (10.0, 20.0)))
    tariff = make_tariff(
        SHOP, unit_value={("s", "a"): 2.0, ("s", "b"): 4.0}, capital=0.5, turnover=1.0, service=1.0
    )
    found = money(tariff, step)
    assert found["capital"] == pytest.approx(0.5 * 2 * 20)
    assert found["turnover"] == pytest.approx((2 * 10 + 4 * 5) / ((60 + 40 + 20 + 0) / 2))
    assert found["service"] == pytest.approx(15 / 20)


def test_rates_of_the_whole_network_are_one_number() -> None:
    with pytest.raises(ValueError, match=r"operating_fixed is .*must be one finite number >= 0"):
        make_tariff(SHOP, operating_fixed={("s", "a"): 1.0})


CHAIN = SupplyNetwork(
    items=(Item("a"),),
    nodes=(Node("dc"), Node("s")),
    suppliers=(Supplier("x"),),
    lanes=(Lane("x", "dc"), Lane("dc", "s")),
)


def chain_step(ordered: float) -> tuple[Step, Tariff]:
    arrays = compile_network(CHAIN)
    state = InitialState(on_hand={("dc", "a"): 4.0, ("s", "a"): 10.0}).compile(CHAIN, arrays)
    order = jnp.asarray([0.0, ordered]).reshape(2, 1, 1)
    event = Event(market=jnp.asarray([0.0, 3.0]).reshape(1, 2, 1, 1))
    after, outcome = play_one(arrays, RECEIVE_ORDER_SELL, state, Decision(order), event)
    step = Step(World(), state, state, Decision(order), event, outcome, after)
    return step, make_tariff(CHAIN, holding=1.0, lost_sale=5.0)


@pytest.mark.slow
@pytest.mark.requirement("B-07")
def test_hybrid_rewards_without_weights_are_the_shared_reward() -> None:
    step, tariff = chain_step(9.0)
    arrays, ledger = compile_network(CHAIN), ledger_for(tariff)
    shared = shared_rewards(ledger, arrays, tariff, step)
    np.testing.assert_array_equal(hybrid_rewards(ledger, arrays, tariff, step, HybridWeights()), shared)
    # dc ships its 4 of 9: 5 wait; s is left with 7 against a mean of 3.5.
    more = hybrid_rewards(ledger, arrays, tariff, step, HybridWeights(upstream_delay=2.0, imbalance=1.0))
    assert (more - shared)[:, 0].tolist() == [-10.0, -3.5]


@pytest.mark.requirement("B-06")
def test_sim_905_local_rewards_add_up_to_the_shared_one() -> None:
    step, tariff = chain_step(9.0)
    arrays, ledger = compile_network(CHAIN), ledger_for(tariff)
    local = local_rewards(ledger, arrays, tariff, step)
    assert local[:, 0].tolist() == [0.0, -7.0]
    assert float(local.sum()) == float(shared_rewards(ledger, arrays, tariff, step)[0, 0])


@pytest.mark.requirement("B-08")
def test_weights_follow_the_context_of_the_period() -> None:
    scarce, plain = chain_step(9.0)
    stable, _ = chain_step(2.0)
    weights = {"holding": (2.0, 0.5), "lost_sale": (1.0, 3.0)}
    tariff = with_context(plain, weights, ("stable", "scarce"), scarce_supply)
    assert [float(weight_of(tariff, "holding", step)[0]) for step in (stable, scarce)] == [2.0, 0.5]
    assert money(tariff, scarce)["holding"] == 0.5 * money(plain, scarce)["holding"]
    assert money(tariff, stable)["holding"] == 2.0 * money(plain, stable)["holding"]
    with pytest.raises(ValueError, match="must be rates that the tariff gives"):
        with_context(plain, {"purchase": (1.0, 2.0)}, ("stable", "scarce"), scarce_supply)
