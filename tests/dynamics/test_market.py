"""Customers in motion: prices, substitutes, returns and memory, by hand."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.dynamics import (
    RECEIVE_ORDER_SELL,
    SELL_BEFORE_RECEIVING,
    Decision,
    InitialState,
    NetworkArrays,
    PeriodOutcome,
    Sequence,
    State,
    Step,
    compile_network,
    residuals,
    transition,
)
from basestock.dynamics.demand import bent_market, price_factor
from basestock.network import (
    Goodwill,
    Item,
    Lane,
    Node,
    PriceResponse,
    ReturnFlow,
    Substitution,
    Supplier,
    SupplyNetwork,
)
from basestock.uncertainty import Event, World
from tests.compiler import QUICK


def shop(
    items: tuple[str, ...] = ("a", "b"), unmet: object = "lost", whole: bool = True, **parts: object
) -> SupplyNetwork:
    return SupplyNetwork(
        items=tuple(Item(name, whole_units=whole) for name in items),
        nodes=(Node("s"),),
        suppliers=(Supplier("x"),),
        lanes=(Lane("x", "s"),),
        unmet=unmet,  # type: ignore[arg-type]
        **parts,  # type: ignore[arg-type]
    )


def start(network: SupplyNetwork, stock: dict[str, float]) -> tuple[NetworkArrays, State]:
    arrays = compile_network(network)
    return arrays, InitialState(on_hand={("s", k): v for k, v in stock.items()}).compile(network, arrays)


def market(*units: float, **leaves: jax.Array) -> Event:
    return Event(market=jnp.asarray(units, jnp.float32).reshape(1, 1, -1, 1), **leaves)


def go(
    arrays: NetworkArrays,
    state: State,
    event: Event,
    price: tuple[float, ...] | None = None,
    sequence: Sequence = RECEIVE_ORDER_SELL,
) -> tuple[State, PeriodOutcome]:
    decided = None if price is None else jnp.asarray(price, jnp.float32).reshape(1, -1, 1)
    decision = Decision(jnp.zeros((arrays.num_lanes, arrays.num_items, 1)), price=decided)
    after, outcome, worst = played(arrays, sequence, state, decision, event)
    assert float(worst.max()) == 0.0
    return after, outcome


@eqx.filter_jit(compiler_options=QUICK)
def played(
    arrays: NetworkArrays, sequence: Sequence, state: State, decision: Decision, event: Event
) -> tuple[State, PeriodOutcome, jax.Array]:
    after, outcome = transition(arrays, sequence, state, decision, event)
    return after, outcome, residuals(arrays, Step(World(), state, state, decision, event, outcome, after))


def response(**changes: object) -> PriceResponse:
    return PriceResponse(**{"node": "s", "item": "a", "reference_price": 10.0, "elasticity": -2.0, **changes})  # type: ignore[arg-type]


@pytest.mark.requirement("A-11")
@pytest.mark.parametrize("law", ["linear", "log_linear", "logit"])
def test_the_elasticity_at_the_reference_price_is_the_authored_one(law: str) -> None:
    arrays = compile_network(shop(("a",), responses=(response(law=law),)))
    factor = lambda price: price_factor(arrays.market.answers, jnp.full((1, 1, 1), price), None)[0, 0, 0]  # noqa: E731
    assert float(factor(10.0)) == pytest.approx(1.0, abs=1e-6)
    assert float(jax.grad(factor)(10.0)) * 10.0 == pytest.approx(-2.0, rel=1e-4)
    assert float(factor(12.0)) < 1 < float(factor(8.0))


@pytest.mark.slow
@pytest.mark.requirement("A-11")
def test_elasticities_are_recovered_by_regression_over_prices_and_competitors() -> None:
    network = shop(("a",), responses=(response(elasticity=-1.8, competitor_elasticity=-0.5),))
    arrays, state = start(network, {"a": 1e6})
    draw = np.random.default_rng(0)
    own, other, level = draw.uniform(7, 14, 400), draw.uniform(7, 14, 400), draw.uniform(0, 1, 400)
    series = lambda values: jnp.asarray(values, jnp.float32).reshape(1, 1, -1)  # noqa: E731
    event = Event(
        market=series(np.full(400, 400.0))[None],
        competitor_price=series(other),
        market_quantile=series(level),
        market_mean=series(np.full(400, 400.0)),
    )
    decision = Decision(jnp.zeros((1, 1, 400)), price=series(own))
    wide = jax.tree.map(
        lambda leaf: jnp.broadcast_to(leaf, (*leaf.shape[:-1], 400)) if leaf.ndim else leaf, state
    )
    demand = np.asarray(jax.jit(bent_market)(arrays, wide, decision, event))[0, 0, 0]
    columns = np.stack([np.ones(400), np.log(own), np.log(own / other)], axis=1)
    found = np.linalg.lstsq(columns, np.log(demand), rcond=None)[0]
    assert found[1:] == pytest.approx([-1.8, -0.5], abs=0.06)


def test_prices_stay_within_bounds_and_nan_leaves_the_last_one() -> None:
    arrays, state = start(shop(("a",), responses=(response(lowest_price=8.0),)), {"a": 100.0})
    state, outcome = go(arrays, state, market(10.0), (1.0,))
    assert float(outcome.price[0, 0, 0]) == 8.0
    state, outcome = go(arrays, state, market(10.0), (float("nan"),))
    assert float(outcome.price[0, 0, 0]) == 8.0
    assert float(go(arrays, state, market(10.0))[1].price[0, 0, 0]) == 10.0


def test_a_lower_price_never_asks_for_less_on_the_same_events() -> None:
    arrays, state = start(shop(("a",), responses=(response(),)), {"a": 1000.0})
    event = market(20.0, market_quantile=jnp.full((1, 1, 1), 0.3), market_mean=jnp.full((1, 1, 1), 20.0))
    bent = jax.jit(bent_market)
    at = lambda price: Decision(jnp.zeros((1, 1, 1)), price=jnp.full((1, 1, 1), price))  # noqa: E731
    asked = [float(bent(arrays, state, at(price), event).sum()) for price in (14.0, 10.0, 7.0)]
    assert asked == sorted(asked)
    assert all(units.is_integer() for units in asked)


def test_sim_214_substitutes_serve_once_and_in_order_of_names() -> None:
    pairs = (Substitution("s", "b", "c", 1.0), Substitution("s", "a", "c", 0.5))
    arrays, state = start(shop(("a", "b", "c"), substitutions=pairs), {"a": 0.0, "b": 2.0, "c": 6.0})
    after, outcome = go(arrays, state, market(6.0, 5.0, 1.0))
    # c has 5 left: half of a's 6 customers come first, then b's 3 get the last 2.
    assert outcome.switched_away[0, :3, 0].tolist() == [3, 2, 0]
    assert outcome.switched_to[0, :3, 0].tolist() == [0, 0, 5]
    assert outcome.sales[0, :3, 0].tolist() == [0, 2, 6]
    assert outcome.lost[0, :3, 0].tolist() == [3, 1, 0]
    assert after.on_hand[0, :3, 0].tolist() == [0, 0, 0]


def test_substitution_takes_customers_out_of_the_backlog() -> None:
    arrays, state = start(
        shop(unmet="backorder", substitutions=(Substitution("s", "a", "b", 0.5),)), {"b": 9.0}
    )
    after, outcome = go(arrays, state, market(4.0, 0.0))
    assert after.backorders[0, :, 0].tolist() == [2, 0]
    assert outcome.newly_backordered[0, :, 0].tolist() == [2, 0]


@pytest.mark.requirement("A-14")
def test_sim_213_returns_come_back_after_their_delay_and_partly_into_stock() -> None:
    network = shop(("a",), whole=False, returns=(ReturnFlow("s", "a", 0.5, delay=2, restock_share=0.25),))
    arrays, state = start(network, {"a": 100.0})
    came, stock = [], []
    for units in (16.0, 0.0, 0.0, 0.0):
        state, outcome = go(arrays, state, market(units))
        came.append(float(outcome.came_back.sum()))
        stock.append(float(outcome.closing.sum()))
    assert came == [0, 0, 8, 0]
    assert stock == [84, 84, 86, 86]


@pytest.mark.slow
def test_whole_units_come_back_whole_and_selling_first_keeps_the_delay() -> None:
    network = shop(("a",), returns=(ReturnFlow("s", "a", 0.5, delay=1),))
    arrays, state = start(network, {"a": 100.0})
    level = jnp.full((1, 1), 0.45)
    came = []
    for units in (9.0, 0.0):
        state, outcome = go(arrays, state, market(units, returns=level), sequence=SELL_BEFORE_RECEIVING)
        came.append(float(outcome.came_back.sum()))
    assert came == [0, 4]


@pytest.mark.requirement("A-14")
def test_satisfaction_answers_to_a_stockout_with_delay_and_recovers() -> None:
    goodwill = Goodwill("s", "a", memory=0.5, demand_effect=0.5)
    arrays, state = start(shop(("a",), whole=False, goodwill=(goodwill,)), {"a": 10.0})
    satisfaction, demand = [], []
    for stocked in (0.0, 99.0, 99.0):
        state = dataclasses.replace(state, on_hand=jnp.full((1, 1, 1), stocked))
        state, outcome = go(arrays, state, market(8.0))
        satisfaction.append(float(state.satisfaction[0, 0, 0]))
        demand.append(float(outcome.demand.sum()))
    assert satisfaction == [0.5, 0.75, 0.875]
    assert demand == [8, 6, 7]


@pytest.mark.requirement("A-14")
def test_price_jumps_and_returns_lower_satisfaction() -> None:
    goodwill = Goodwill("s", "a", memory=0.0, price_effect=1.0, return_effect=1.0, demand_effect=0.0)
    network = shop(
        ("a",),
        whole=False,
        responses=(response(elasticity=0.0),),
        goodwill=(goodwill,),
        returns=(ReturnFlow("s", "a", 0.25),),
    )
    arrays, state = start(network, {"a": 100.0})
    state, _ = go(arrays, state, market(8.0), (12.0,))
    assert float(state.satisfaction[0, 0, 0]) == pytest.approx(0.8)
    state, _ = go(arrays, state, market(8.0), (12.0,))
    assert float(state.satisfaction[0, 0, 0]) == pytest.approx(0.75)


def test_a_network_without_customers_behavior_has_no_leaves_of_it() -> None:
    arrays, state = start(shop(), {})
    assert arrays.market is None
    assert state.previous_price is None and state.satisfaction is None and state.returns_due is None
    _, outcome = go(arrays, state, market(1.0, 1.0))
    assert outcome.price is None and outcome.switched_to is None and outcome.came_back is None


def test_gradients_through_price_are_finite_and_right() -> None:
    network = shop(("a",), whole=False, responses=(response(law="linear"),))
    arrays, state = start(network, {"a": 100.0})

    def revenue(price: jax.Array) -> jax.Array:
        decision = Decision(jnp.zeros((1, 1, 1)), price=price.reshape(1, 1, 1))
        outcome = transition(arrays, RECEIVE_ORDER_SELL, state, decision, market(20.0))[1]
        return (outcome.sales * outcome.price).sum()

    # 20 (1 - 2 (p / 10 - 1)) p = 60 p - 4 p^2 is steepest at 7.5.
    assert float(jax.grad(revenue)(jnp.asarray(7.5))) == pytest.approx(0.0, abs=1e-3)
    assert float(jax.grad(revenue)(jnp.asarray(10.0))) == pytest.approx(-20.0, rel=1e-4)
