"""Capacities, outages, partial deliveries, travelling orders, storage: conserved, and by hand on small cases."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

from basestock.decision import Problem, game, simulate
from basestock.dynamics import (
    AUDITED,
    RECEIVE_ORDER_SELL,
    Decision,
    InitialState,
    NetworkArrays,
    PeriodOutcome,
    State,
    Step,
    canonical,
    compile_network,
    residuals,
    with_repairs,
)
from basestock.dynamics.allocation import allocate
from basestock.economics import make_tariff
from basestock.network import Item, Lane, Limit, NetworkError, Node, ReturnFlow, Supplier, SupplyNetwork
from basestock.policies.levels import BaseStock
from basestock.uncertainty import (
    LIBRARY,
    Delivery,
    Deterministic,
    Event,
    LawError,
    Outage,
    Poisson,
    SupplyLaws,
    Uncertainty,
    interruptible,
    record,
    root_words,
)
from tests.compiler import advance

ONE = (Item("a", volume=1.0),)


def chain(*, rule: str = "proportional", **lane: object) -> SupplyNetwork:
    return SupplyNetwork(
        items=ONE,
        nodes=(Node("dc", allocation=rule), Node("s1"), Node("s2"), Node("s3")),
        suppliers=(Supplier("out"),),
        lanes=(
            Lane("out", "dc", **lane),
            *(Lane("dc", f"s{k}", priority=4 - k) for k in (1, 2, 3)),
        ),
        unmet="lost",
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rule", "shares"),
    [
        ("proportional", [4, 2, 1]),
        ("priority", [2, 3, 2]),
        ("largest_remainder", [3, 2, 2]),
        ("least_shortfall", [5, 2, 0]),
        ("first_come", [2, 3, 2]),
    ],
)
def test_a_short_source_shares_as_declared(rule: str, shares: list[int]):
    """SIM-215: requests of 6, 3 and 2 units meet 7."""
    arrays = compile_network(chain(rule=rule))
    requests = jnp.asarray([0.0, 6.0, 3.0, 2.0]).reshape(4, 1, 1)
    stock = jnp.asarray([7.0, 0.0, 0.0, 0.0]).reshape(4, 1, 1)
    found = np.asarray(allocate(arrays, requests, stock)).ravel()[1:]
    assert found.sum() == 7
    assert (found <= [6, 3, 2]).all()
    if rule not in ("proportional", "largest_remainder"):
        assert found.tolist() == shares


class Audit(eqx.Module):
    network: NetworkArrays

    def __call__(self, worst: Array, step: Step) -> tuple[Array, Array]:
        lost, special = step.outcome.lost_in_transit.sum(), step.outcome.special.sum()
        return jnp.maximum(worst, residuals(self.network, step)), jnp.stack([lost, special])


@pytest.mark.slow
@pytest.mark.requirement("C-08")
def test_everything_at_once_is_conserved():
    network = SupplyNetwork(
        items=(Item("a", volume=1.0), Item("b", volume=2.0, storage_class="chilled")),
        nodes=(Node("dc", storage={"ambient": 60.0, "chilled": 40.0}), Node("s1"), Node("s2")),
        suppliers=(Supplier("out", capacity=30.0),),
        lanes=(
            Lane("out", "dc", lead_time=2, order_multiple=4, interruption="wait", max_extra_lead_time=2),
            Lane("dc", "s1", order_delay=1, capacity=20.0, special_share=0.5),
            Lane(
                "dc",
                "s2",
                lead_time={1: 0.5, 2: 0.5},
                lead_time_known="on_arrival",
                interruption="keep_moving",
            ),
        ),
        limits=(Limit(("s1", "s2"), "units", cap=25.0, rule="scale_proportionally"),),
    )
    laws = SupplyLaws(
        outages={"out": Outage(0.1, 0.3, severity=0.5, extra_lead_time=2)},
        deliveries={"out -> dc": Delivery(0.1, 0.5, 0.2, 0.5)},
        disruptions=(LIBRARY["port closure"]("dc -> s2", probability=0.1, duration=2),),
    )
    demand = {(node, item): Poisson(3.0) for node in ("s1", "s2") for item in "ab"}
    tariff = make_tariff(network, holding=1.0, lost_sale=5.0)
    problem = Problem(
        "all", network, Uncertainty(demand, supply=laws), tariff, sequence=with_repairs(RECEIVE_ORDER_SELL)
    )
    policy = BaseStock(jnp.full((3, 2, 1), 20.0).at[0].set(60.0))
    run = simulate(
        game(problem),
        policy,
        problem.start(8),
        key=jax.random.key(0),
        num_periods=60,
        fold=Audit(problem.arrays),
        initial=jnp.zeros(len(AUDITED)),
    )
    assert dict(zip(AUDITED, np.asarray(run.folded).tolist(), strict=True)) == dict.fromkeys(AUDITED, 0.0)
    assert (np.asarray(run.traced).sum(0) > 0).all()


def play(
    network: SupplyNetwork, events: list[Event], order: float, start: InitialState | None = None
) -> list:
    arrays = compile_network(network)
    state = (start or InitialState()).compile(network, arrays)
    found = []
    for event in events:
        decision = Decision(order=jnp.full((arrays.num_lanes, 1, 1), order))
        state, outcome = advance(arrays, RECEIVE_ORDER_SELL, state, decision, event)
        found.append(outcome)
    return found


def event(**leaves: object) -> Event:
    return Event(market=jnp.zeros((1, 1, 1, 1)), **leaves)


def single(**lane: object) -> SupplyNetwork:
    return SupplyNetwork(ONE, (Node("dc"),), (Supplier("out"),), (Lane("out", "dc", **lane),), unmet="lost")


@pytest.mark.parametrize(("way", "received"), [("wait", [0, 0, 0, 10, 5]), ("keep_moving", [0, 5, 5, 0, 5])])
def test_a_closed_lane_does_as_declared(way: str, received: list[float]):
    """SIM-106 and 107: nothing is shipped while closed; what is under way waits at the end, or keeps moving."""
    opened = [1.0, 1.0, 0.0, 1.0, 1.0]
    if way == "wait":
        opened = [1.0, 0.0, 0.0, 1.0, 1.0]
    events = [event(lane_open=jnp.full((1, 1), share)) for share in opened]
    outcomes = play(single(interruption=way), events, 5.0)
    found = [float(outcome.received.sum()) for outcome in outcomes]
    assert sum(found) <= 25
    if way == "wait":
        assert found[:3] == [0, 0, 0]
        assert found[3] == 5
    else:
        assert found[1:3] == [5, 5]
        assert found[3] == 0


def test_orders_travel_to_their_source():
    outcomes = play(single(order_delay=2, lead_time=1), [event() for _ in range(5)], 5.0)
    assert [float(o.shipped.sum()) for o in outcomes] == [0, 0, 5, 5, 5]
    assert [float(o.received.sum()) for o in outcomes] == [0, 0, 0, 5, 5]


def test_parts_of_a_delivery_are_lost_or_late():
    late = event(lost_share=jnp.full((1, 1, 1), 0.2), late_share=jnp.full((1, 1, 1), 0.5))
    outcomes = play(single(interruption="keep_moving"), [event(), late, event()], 10.0)
    assert [float(o.received.sum()) for o in outcomes] == [0, 4, 14]
    assert float(outcomes[1].lost_in_transit.sum()) == 2


@pytest.mark.requirement("C-37")
def test_overflow_of_a_storage_class_is_a_flow_of_its_own():
    """SIM-110: chilled goods do not use the room of the others."""
    network = SupplyNetwork(
        items=(Item("a", volume=2.0, storage_class="chilled"),),
        nodes=(Node("dc", storage={"chilled": 7.0, "ambient": 1.0}),),
        suppliers=(Supplier("out"),),
        lanes=(Lane("out", "dc", lead_time=0),),
    )
    outcome = play(network, [event()], 5.0)[0]
    assert (float(outcome.closing.sum()), float(outcome.overflow.sum())) == (3.0, 2.0)


@pytest.mark.slow
def test_a_state_turned_to_period_0_has_the_same_future():
    """SIM-116: orders, shipments and returns under way keep their distance in time."""
    network = dataclasses.replace(
        chain(order_delay=2, lead_time=3), returns=(ReturnFlow("s1", "a", 0.5, delay=2, restock_share=1.0),)
    )
    arrays = compile_network(network)
    state = InitialState(on_hand={("dc", "a"): 40.0, ("s1", "a"): 20.0}).compile(network, arrays)
    demand = jnp.zeros((1, 4, 1, 1)).at[:, 1].set(6.0)
    happens = Event(market=demand, returns=jnp.full((1, 1), 0.5))

    def play_on(state: State, units: list[float]) -> list[PeriodOutcome]:
        found = []
        for amount in units:
            order = Decision(order=jnp.full((arrays.num_lanes, 1, 1), amount))
            state, outcome = advance(arrays, RECEIVE_ORDER_SELL, state, order, happens)
            found.append(outcome)
        states.append(state)
        return found

    states: list[State] = []
    play_on(state, [5.0, 3.0, 4.0, 2.0, 6.0])
    same = canonical(states[0])
    assert int(same.period) == 0
    for one, other in zip(play_on(states[0], [1.0] * 6), play_on(same, [1.0] * 6), strict=True):
        assert jax.tree.all(jax.tree.map(lambda a, b: bool((a == b).all()), one, other))
    assert float(states[0].returns_due.sum()) > 0


def test_unshipped_orders_can_be_withdrawn():
    network = single(order_delay=2)
    arrays = compile_network(network)
    state = InitialState(order_slips={("out -> dc", "a", 1): 4, ("out -> dc", "a", 2): 3}).compile(
        network, arrays
    )
    decision = Decision(order=jnp.zeros((1, 1, 1)), cancel=jnp.full((1, 1, 1), 5.0))
    after, outcome = advance(arrays, RECEIVE_ORDER_SELL, state, decision, event())
    assert float(outcome.cancelled.sum()) == 5
    assert np.asarray(after.order_slips).ravel().tolist() == [0, 2, 0]


@pytest.mark.requirement("B-05")
def test_reserved_stock_limits_what_is_shipped():
    network = chain()
    arrays = compile_network(network)
    state = InitialState(on_hand={("dc", "a"): 9.0}).compile(network, arrays)
    order = jnp.asarray([0.0, 5.0, 5.0, 5.0]).reshape(4, 1, 1)
    share = jnp.asarray([0.0, 2.0, jnp.nan, 5.0]).reshape(4, 1, 1)
    demand = Event(market=jnp.zeros((1, 4, 1, 1)))
    _, outcome = advance(arrays, RECEIVE_ORDER_SELL, state, Decision(order, allocation=share), demand)
    assert np.asarray(outcome.shipped).ravel().tolist() == [0, 2, 0, 5]


@pytest.mark.requirement("B-23")
@pytest.mark.parametrize("kind", sorted(LIBRARY))
def test_each_disruption_strikes_at_its_date_and_place(kind: str):
    where = {
        "supplier delay": "out",
        "partial outage": "out",
        "customs delay": "out -> dc",
        "port closure": "out -> dc",
    }
    strength = {
        "supplier delay": {"extra_lead_time": 3},
        "customs delay": {"extra_lead_time": 2},
        "partial outage": {"severity": 0.5},
        "demand surge": {"factor": 2.0},
    }
    struck = LIBRARY[kind](where.get(kind, "dc"), start=3, duration=2, **strength.get(kind, {}))
    network = interruptible(chain(), (struck,))
    uncertainty = Uncertainty({("dc", "a"): Deterministic(4.0)}, supply=SupplyLaws(disruptions=(struck,)))
    events = record(uncertainty.compile(network), root_words(jax.random.key(0)), 7, jnp.arange(1))
    plain = Uncertainty({("dc", "a"): Deterministic(4.0)}).compile(network)
    quiet = record(plain, root_words(jax.random.key(0)), 7, jnp.arange(1))
    changed = [False] * 7
    for name in ("lane_open", "extra_lead_time", "market"):
        leaf, usual = getattr(events, name), getattr(quiet, name)
        base = {"lane_open": 1.0, "extra_lead_time": 0}.get(name, usual)
        if leaf is not None:
            differs = np.asarray(leaf != base).reshape(7, -1).any(1)
            changed = [a or b for a, b in zip(changed, differs.tolist(), strict=True)]
    assert changed == [False, False, False, True, True, False, False]


def test_chance_strikes_as_often_as_declared():
    struck = LIBRARY["port closure"]("out -> dc", probability=0.25, duration=3)
    network = interruptible(chain(), (struck,))
    source = Uncertainty({}, supply=SupplyLaws(disruptions=(struck,))).compile(network)
    events = record(source, root_words(jax.random.key(1)), 400, jnp.arange(50))
    closed = 1 - np.asarray(events.lane_open)[50:, 0].mean()
    # An on-period of 3 follows an off-period of mean 1/p - 1 = 3; 20,000 draws, false alarm below 1e-4.
    assert closed == pytest.approx(3 / (3 + 3), abs=0.03)


@pytest.mark.requirement("C-08")
def test_outages_have_their_long_run():
    network = dataclasses.replace(chain(), lanes=(Lane("out", "dc", interruption="wait"),))
    law = Outage(0.1, 0.3)
    source = Uncertainty({}, supply=SupplyLaws(outages={"out": law})).compile(network)
    events = record(source, root_words(jax.random.key(2)), 400, jnp.arange(50))
    assert np.asarray(events.lane_open)[50:, 0].mean() == pytest.approx(law.availability, abs=0.03)


@pytest.mark.parametrize(
    ("laws", "message"),
    [
        (SupplyLaws(outages={"nobody": Outage(0.1, 0.1)}), "outage of 'nobody'"),
        (SupplyLaws(outages={"out": Outage(0.1, 0.1)}), "interruption 'never'"),
        (SupplyLaws(deliveries={"x": Delivery()}), "delivery on 'x'"),
        (SupplyLaws(routing={"dc -> s1": 0.5}), "sum to 0.5, must be 1"),
        (SupplyLaws(disruptions=(LIBRARY["weather"]("moon", start=0),)), "weather at 'moon'"),
    ],
)
def test_what_cannot_be_is_refused(laws: SupplyLaws, message: str):
    with pytest.raises(LawError, match=message):
        Uncertainty({}, supply=laws).compile(chain())


@pytest.mark.parametrize(
    ("lane", "message"),
    [
        ({"full_vehicles": True}, "vehicle_capacity is None, must be given where full_vehicles is true"),
        ({"max_extra_lead_time": 2}, "must be 0 on a lane that is never interrupted"),
        ({"price_breaks": (5.0, 3.0)}, "must list increasing numbers"),
        ({"special_share": 0.5}, "must be 0 on a lane that starts at an outside supplier"),
        ({"order_delay": -1}, "order_delay is -1, must be a whole number of periods >= 0"),
    ],
)
def test_terms_that_contradict_each_other_are_refused(lane: dict, message: str):
    with pytest.raises(NetworkError, match=message):
        chain(**lane)
