"""Relations that hold between whole paths, and limits with closed forms (``invariants.md`` sections 5 to 9)."""

import dataclasses
from functools import lru_cache
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

from basestock.decision import Observation, Policy, Problem, game, simulate
from basestock.dynamics import Decision, Step
from basestock.economics import make_tariff
from basestock.network import Item, Lane, Node, PriceResponse, Supplier, SupplyNetwork
from basestock.policies import BaseStock, ConstantOrder, OrderUpTo
from basestock.uncertainty import (
    AutoregressiveLevel,
    DemandRegimes,
    Deterministic,
    Discrete,
    Disruption,
    MarketDrivers,
    NegativeBinomial,
    Poisson,
    Promotion,
    Recorded,
    SupplyLaws,
    Surge,
    Uncertainty,
    Wave,
    record,
    root_words,
)

KEY = jax.random.key(11)
PATHS, PERIODS = 500, 60


def _single(lead_time: Any = 3, unmet: str = "lost", law=None, **lane) -> Problem:
    network = SupplyNetwork(
        items=(Item("i"),), nodes=(Node("n"),), suppliers=(Supplier("s"),),
        lanes=(Lane("s", "n", lead_time=lead_time, **lane),), unmet=unmet,
    )  # fmt: skip
    tariff = make_tariff(network, holding=1.0, lost_sale=4.0, fixed_order=32.0)
    return Problem("one", network, Uncertainty({("n", "i"): law or Poisson(5.0)}), tariff)


def _keep(_: None, step: Step) -> tuple[None, dict[str, Array]]:
    outcome = step.outcome
    return None, {
        "demand": outcome.demand,
        "sales": outcome.sales,
        "filled": jnp.zeros_like(outcome.sales)
        if outcome.backorders_filled is None
        else outcome.backorders_filled,
        "lost": outcome.lost,
        "closing": outcome.closing,
        "backorders": jnp.zeros_like(outcome.sales) if outcome.backorders is None else outcome.backorders,
        "order": outcome.ordered,
        "in_transit": outcome.in_transit,
        "shipped": outcome.shipped,
    }


def _play(
    problem: Problem, policy: Policy, events=None, state=None, count: int = PATHS, periods: int = PERIODS
):
    path = simulate(
        game(problem, events), policy, problem.start(count) if state is None else state, key=KEY,
        num_periods=periods, fold=_keep, initial=None,
    )  # fmt: skip
    return {name: np.asarray(leaf)[:, 0, 0].astype(float) for name, leaf in path.traced.items()}


def _at_level(level: float, unmet: str = "lost", events=None) -> dict[str, np.ndarray]:
    problem = _single(unmet=unmet)
    start = problem.start(PATHS)
    start = dataclasses.replace(start, on_hand=start.on_hand + level)
    return _play(problem, BaseStock(jnp.full((1, 1, 1), level)), events, start)


@lru_cache
def _recorded() -> Recorded:
    return Recorded(record(_single().events, root_words(KEY), PERIODS, jnp.arange(PATHS)))


def _with_market(market: Array) -> Recorded:
    return eqx.tree_at(lambda recorded: recorded.events.market, _recorded(), market)


@pytest.mark.slow
@pytest.mark.parametrize("unmet", ["lost", "backorder"])
def test_a_higher_level_never_lowers_stock_nor_raises_shortage(unmet: str) -> None:
    """SIM-706: one item, one place, fixed lead time, start at the level; on every path, in every period."""
    low, high = _at_level(20.0, unmet), _at_level(21.0, unmet)
    assert (high["closing"] >= low["closing"]).all()
    assert (high["backorders"] <= low["backorders"]).all()
    assert (high["lost"].cumsum(0) <= low["lost"].cumsum(0)).all()


@pytest.mark.slow
def test_one_more_unit_of_demand_never_lowers_what_is_lost() -> None:
    """SIM-707."""
    events = _recorded()
    more = _with_market(events.events.market.at[17].add(1.0))
    one, other = _at_level(20.0, events=events), _at_level(20.0, events=more)
    assert (other["lost"].sum(0) >= one["lost"].sum(0)).all()
    assert (other["lost"].sum(0) > one["lost"].sum(0)).any()


def test_what_happens_later_changes_no_earlier_decision() -> None:
    """SIM-901: the future is drawn anew and tripled, the past stays."""
    events, cut = _recorded(), 30
    changed = events.events.market.at[cut:].set(3.0 * events.events.market[cut:][::-1] + 1.0)
    other = _with_market(changed)
    one, two = (_at_level(20.0, events=e)["order"] for e in (events, other))
    np.testing.assert_array_equal(one[: cut + 1], two[: cut + 1])
    assert not np.array_equal(one[cut + 1 :], two[cut + 1 :])


@pytest.mark.slow
def test_every_policy_meets_the_same_events() -> None:
    """SIM-502, also one that orders nothing."""
    problem = _single(lead_time={1: 0.5, 4: 0.5}, lead_time_known="on_arrival")
    nothing, much = (
        _play(problem, ConstantOrder(jnp.full((1, 1, 1), quantity)), count=8)["demand"]
        for quantity in (0.0, 50.0)
    )
    np.testing.assert_array_equal(nothing, much)


def test_without_demand_nothing_happens_after_the_first_fill() -> None:
    """SIM-801."""
    found = _play(_single(law=Deterministic(0.0)), BaseStock(jnp.full((1, 1, 1), 9.0)), count=1, periods=12)
    assert found["order"].sum(1).tolist() == [9.0] + [0.0] * 11
    assert found["closing"][3:].tolist() == [[9.0]] * 9
    assert not any(found[name].any() for name in ("sales", "lost", "backorders"))


def test_without_orders_stock_is_sold_and_the_rest_is_lost() -> None:
    """SIM-802."""
    problem = _single()
    start = problem.start(PATHS)
    start = dataclasses.replace(start, on_hand=start.on_hand + 100.0)
    found = _play(problem, ConstantOrder(jnp.zeros((1, 1, 1))), state=start)
    demand = found["demand"].sum(0)
    np.testing.assert_array_equal(found["sales"].sum(0), np.minimum(100.0, demand))
    np.testing.assert_array_equal(found["lost"].sum(0), np.maximum(demand - 100.0, 0.0))


def test_with_ample_stock_nothing_is_short() -> None:
    """SIM-803."""
    problem = _single()
    start = problem.start(PATHS)
    start = dataclasses.replace(start, on_hand=start.on_hand + 1e4)
    found = _play(problem, ConstantOrder(jnp.zeros((1, 1, 1))), state=start)
    assert found["lost"].sum() == 0
    np.testing.assert_array_equal(found["sales"], found["demand"])


@pytest.mark.slow
def test_the_pipeline_holds_throughput_times_lead_time() -> None:
    """SIM-807, exactly for a fixed lead time: what is under way is what was shipped in the last 3 periods."""
    found = _play(_single(), BaseStock(jnp.full((1, 1, 1), 24.0)))
    shipped = found["shipped"]
    np.testing.assert_array_equal(
        found["in_transit"][10:], sum(shipped[10 - k : PERIODS - k] for k in range(3))
    )


@pytest.mark.slow
def test_the_pipeline_of_random_lead_times_has_their_mean() -> None:
    """SIM-807: mean lead time 2.5; within 4.5 standard errors over 500 paths."""
    problem = _single(lead_time={1: 0.5, 4: 0.5}, lead_time_known="on_arrival", unmet="backorder")
    found = _play(problem, BaseStock(jnp.full((1, 1, 1), 24.0)))
    under_way = found["in_transit"][20:].mean(0)
    assert abs(under_way.mean() - 5 * 2.5) < 4.5 * under_way.std() / np.sqrt(PATHS) + 1e-9


def test_backorder_levels_follow_demand_over_the_lead_time() -> None:
    """SIM-808: net stock after serving is S less the demand of the last L + 1 periods, on every path."""
    found = _at_level(20.0, "backorder")
    net = found["closing"] - found["backorders"]
    recent = sum(found["demand"][10 - k : PERIODS - k] for k in range(4))
    np.testing.assert_array_equal(net[10:], 20.0 - recent)


def test_deterministic_demand_with_a_fixed_cost_costs_the_cycle() -> None:
    """SIM-805: demand 4, lot 16, lead time 0: per cycle of 4 periods K = 32 and 12 + 8 + 4 + 0 held; EOQ is 16."""
    problem = _single(lead_time=0, law=Deterministic(4.0))
    found = _play(problem, OrderUpTo(jnp.zeros((1, 1, 1)), jnp.full((1, 1, 1), 16.0)), count=1, periods=40)
    assert found["closing"][:8, 0].tolist() == [12, 8, 4, 0] * 2
    assert ((found["order"] > 0).sum() * 32 + found["closing"].sum()) / 40 == (32 + 24) / 4
    assert np.sqrt(2 * 32 * 4 / 1) == 16


def test_time_has_no_meaning_for_a_stationary_problem() -> None:
    """SIM-712: started later with the same events, the same path."""
    problem = _single(lead_time=3)
    market = np.asarray(_recorded().events.market)[:20, ..., :4]
    later = np.concatenate([np.zeros_like(market[:7]), market])
    start = problem.start(4)
    policy = BaseStock(jnp.full((1, 1, 1), 20.0))
    one = _play(problem, policy, _with_market(jnp.asarray(market)), start, periods=20)
    shifted = dataclasses.replace(start, period=start.period + 7)
    two = _play(problem, policy, _with_market(jnp.asarray(later)), shifted, periods=20)
    for name, values in one.items():
        np.testing.assert_array_equal(values, two[name])


class Shares(Policy):
    """Orders by the name of the lane, whatever its position."""

    order: Array

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        return Decision(order=jnp.broadcast_to(self.order, observation.in_transit.shape)), memory


ITEMS, NODES = ("x", "y", "z"), ("dc", "a", "b")
LANES = {"in": ("s", "dc", 2), "to a": ("dc", "a", 1), "to b": ("dc", "b", 3), "a to b": ("a", "b", 1)}


def _network(items: tuple[str, ...], nodes: tuple[str, ...], lanes: tuple[str, ...]) -> SupplyNetwork:
    return SupplyNetwork(
        items=tuple(map(Item, items)), nodes=tuple(map(Node, nodes)), suppliers=(Supplier("s"),),
        lanes=tuple(Lane(*LANES[name][:2], name=name, lead_time=LANES[name][2]) for name in lanes),
        unmet="lost", unmet_at={("a", "x"): "backorder", ("b", "y"): "backorder"},
    )  # fmt: skip


def _by_name(
    items: tuple[str, ...], nodes: tuple[str, ...], lanes: tuple[str, ...]
) -> dict[tuple[str, str], np.ndarray]:
    network = _network(items, nodes, lanes)
    rate = {"x": 3.0, "y": 5.0, "z": 1.0}
    demand = {(node, item): Poisson(rate.get(item, 2.0)) for node in ("a", "b") for item in items}
    problem = Problem("net", network, Uncertainty(demand), make_tariff(network, holding=1.0))
    order = np.zeros((problem.arrays.num_lanes, problem.arrays.num_items, 1), dtype=np.float32)
    for k, lane in enumerate(lanes):
        order[k, : len(items), 0] = [
            {"in": 2.0, "to a": 1.0, "to b": 1.0, "a to b": 0.0}[lane] * rate.get(i, 2) for i in items
        ]
    start = problem.start(2)
    start = dataclasses.replace(start, on_hand=start.on_hand + 40.0)
    traced = simulate(
        game(problem), Shares(jnp.asarray(order)), start, key=KEY, num_periods=12, fold=_keep, initial=None
    ).traced
    closing, lost = np.asarray(traced["closing"]), np.asarray(traced["lost"])
    return {
        (node, item): np.stack([closing[:, n, i], lost[:, n, i]])
        for n, node in enumerate(nodes)
        for i, item in enumerate(items)
    }


@pytest.mark.slow
def test_the_order_of_items_nodes_and_lanes_is_irrelevant() -> None:
    """SIM-605."""
    one = _by_name(ITEMS, NODES, tuple(LANES))
    other = _by_name(ITEMS[::-1], ("b", "dc", "a"), tuple(reversed(LANES)))
    for place, values in one.items():
        np.testing.assert_array_equal(values, other[place])


@pytest.mark.slow
def test_items_that_share_nothing_move_as_if_alone() -> None:
    """SIM-713, SIM-606: more items, padded to another length, change none of the others."""
    one = _by_name(ITEMS, NODES, tuple(LANES))
    other = _by_name((*ITEMS, *(f"more {k}" for k in range(16))), NODES, tuple(LANES))
    for place, values in one.items():
        np.testing.assert_array_equal(values, other[place])


@pytest.mark.slow
def test_a_lane_nobody_orders_on_changes_nothing() -> None:
    """SIM-715."""
    one = _by_name(ITEMS, NODES, ("in", "to a", "to b"))
    other = _by_name(ITEMS, NODES, tuple(LANES))
    for place, values in one.items():
        np.testing.assert_array_equal(values, other[place])


PRICE, RATE = 10.0, 5.0


class AtPrice(BaseStock):
    """Base stock, and always the same price."""

    price: Array

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        decision, memory = super().__call__(observation, memory, key=key)
        price = jnp.broadcast_to(self.price, observation.on_hand.shape)
        return dataclasses.replace(decision, price=price), memory


def _shop(rate: float, responses: tuple[PriceResponse, ...] = ()) -> Problem:
    network = SupplyNetwork(
        items=(Item("i"),), nodes=(Node("n"),), suppliers=(Supplier("s"),), lanes=(Lane("s", "n", lead_time=2),),
        unmet="lost", responses=responses,
    )  # fmt: skip
    uncertainty = Uncertainty({("n", "i"): Poisson(rate)})
    return Problem("shop", network, uncertainty, make_tariff(network, holding=1.0))


@pytest.mark.slow
def test_a_constant_price_leaves_the_stock_problem_at_the_demand_of_that_price() -> None:
    """SIM-812: at a price 20 % above the reference, elasticity -1.5, Poisson(5) is Poisson(3.5), path by path."""
    level = jnp.full((1, 1, 1), 16.0)
    response = PriceResponse("n", "i", PRICE, -1.5, law="linear")
    priced, policy = _shop(RATE, (response,)), AtPrice(level, price=jnp.full((1, 1, 1), 1.2 * PRICE))
    joint = _play(priced, policy, count=20, periods=30)
    alone = _play(_shop(0.7 * RATE), BaseStock(level), count=20, periods=30)
    for name, values in joint.items():
        np.testing.assert_array_equal(values, alone[name], name)


@pytest.mark.slow
def test_a_scenario_that_changes_nothing_gives_the_same_bits() -> None:
    """SIM-1104, SIM-715: of Poisson, negative binomial and other laws, and beside a disruption of nothing."""
    network = SupplyNetwork(items=tuple(map(Item, "abc")), nodes=(Node("n"),))
    laws = {
        ("n", "a"): Poisson(5.0),
        ("n", "b"): NegativeBinomial(3.0, 7.0),
        ("n", "c"): Discrete((0.0, 2.5), (0.5, 0.5)),
    }
    drivers = MarketDrivers(
        waves=(Wave(7.0, 0.0),),
        promotions=(Promotion(3, 4, 0.0),),
        regimes=DemandRegimes((1.0, 1.0), ((0.5, 0.5), (0.5, 0.5))),
        economy=AutoregressiveLevel(1.0),
        surges=(Surge(("n",), 0.3, 1.0, 2),),
    )
    nothing = SupplyLaws(disruptions=(Disruption("strike", nodes=("n",), start=2, demand_factor=1.0),))
    plain, scenario = (
        record(dice.compile(network), root_words(KEY), 12, jnp.arange(20)).market
        for dice in (Uncertainty(laws), Uncertainty(laws, drivers=drivers, supply=nothing))
    )
    np.testing.assert_array_equal(plain, scenario)
