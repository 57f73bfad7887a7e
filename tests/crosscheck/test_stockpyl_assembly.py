"""Assembly systems simulated by stockpyl and by basestock under the same demand and orders.

In stockpyl every place makes one product out of what its suppliers send, as soon as all parts of it are there.
"""

import dataclasses
import importlib.util
import warnings
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.decision import Problem
from basestock.dynamics import ORDER_RECEIVE_SELL, Decision, InitialState, State, Step, transition
from basestock.economics import make_tariff
from basestock.network import Item, Lane, Node, Process, Supplier, SupplyNetwork
from basestock.uncertainty import Event, Uncertainty, World

pytestmark = pytest.mark.skipif(importlib.util.find_spec("stockpyl") is None, reason="needs stockpyl")

BACKORDER, PERIODS = 41.0, 60


@dataclasses.dataclass(frozen=True)
class Place:
    """What a place makes, of what, and its numbers: units of a level also at the start, periods, money."""

    product: str
    bill: dict[str, int]
    level: float
    lead_time: int
    holding: float


THREE_COMPONENTS = (
    Place("leg", {}, 30, 2, 1.0),
    Place("seat", {}, 11, 1, 2.0),
    Place("back", {}, 9, 3, 3.0),
    Place("chair", {"leg": 3, "seat": 2, "back": 1}, 12, 1, 15.0),
)
TWO_LEVELS = (
    Place("part", {}, 17, 2, 1.0),
    Place("screw", {}, 22, 1, 0.5),
    Place("module", {"part": 2}, 9, 2, 4.0),
    Place("machine", {"module": 1, "screw": 4}, 6, 1, 12.0),
)
SYSTEMS = {"three components": THREE_COMPONENTS, "two levels": TWO_LEVELS}


def theirs(system: tuple[Place, ...], demand: list[int]) -> tuple[Any, float]:
    """Simulate with stockpyl: nodes and products are numbered alike."""
    from stockpyl.sim import simulation
    from stockpyl.supply_chain_network import network_from_edges
    from stockpyl.supply_chain_product import SupplyChainProduct

    number = {place.product: at for at, place in enumerate(system, start=1)}
    edges = [(number[part], number[place.product]) for place in system for part in place.bill]
    last = len(system)
    network = network_from_edges(
        edges=edges,
        node_order_in_lists=list(number.values()),
        local_holding_cost=[place.holding for place in system],
        stockout_cost=[0.0] * (last - 1) + [BACKORDER],
        shipment_lead_time=[place.lead_time for place in system],
        demand_type={last: "D"},
        demand_list={last: demand},
        policy_type="BS",
        base_stock_level=[place.level for place in system],
        initial_inventory_level=[place.level for place in system],
    )
    products = {place.product: SupplyChainProduct(index=10 * number[place.product]) for place in system}
    for place in system:
        for part, units in place.bill.items():
            products[place.product].set_bill_of_materials(products[part].index, units)
    for place in system:
        node = network.nodes_by_index[number[place.product]]
        node.add_product(products[place.product])
        if node.inventory_policy is not None:
            node.inventory_policy.product = products[place.product]
    return network, float(simulation(network, len(demand), rand_seed=1, progress_bar=False))


def ours(system: tuple[Place, ...]) -> Problem:
    """The same places; what is on its way and what waits for its fellows costs what the part costs its maker."""
    places = {place.product: place for place in system}
    lanes = [
        Lane(
            "world",
            place.product,
            (place.product,),
            name=f"world, {place.product}",
            lead_time=place.lead_time,
        )
        for place in system
        if not place.bill
    ]
    lanes += [
        Lane(part, place.product, (part,), name=f"{part}, {place.product}", lead_time=place.lead_time)
        for place in system
        for part in place.bill
    ]
    network = SupplyNetwork(
        items=tuple(Item(place.product, whole_units=False) for place in system),
        nodes=tuple(Node(place.product) for place in system),
        suppliers=(Supplier("world"),),
        lanes=tuple(lanes),
        processes=tuple(
            Process(f"make {place.product}", place.product, dict(place.bill), {place.product: 1})
            for place in system
            if place.bill
        ),
        unmet="backorder",
    )
    last = system[-1].product
    tariff = make_tariff(
        network,
        holding={
            (node, item): places[item].holding for node in places for item in (node, *places[node].bill)
        },
        pipeline_holding={
            (f"{part}, {node}", part): places[part].holding for node in places for part in places[node].bill
        },
        backorder={(last, last): BACKORDER},
    )
    return Problem(
        name="assembly",
        network=network,
        uncertainty=Uncertainty({}),
        tariff=tariff,
        sequence=ORDER_RECEIVE_SELL,
        initial_state=InitialState({(place.product, place.product): place.level for place in system}),
    )


def play(problem: Problem, orders: np.ndarray, demand: list[int]) -> dict[str, np.ndarray]:
    """Play given orders ``[period, lane, item]``; every process starts as many runs as it has parts for."""
    arrays = problem.arrays
    given = np.zeros((len(demand), arrays.num_lanes, arrays.num_items, 1))
    given[:, : orders.shape[1], : orders.shape[2], 0] = orders
    market = np.zeros((len(demand), 1, arrays.num_nodes, arrays.num_items, 1))
    last = len(problem.network.nodes) - 1
    market[:, 0, last, last, 0] = demand
    runs = jnp.full((arrays.production.num_processes, 1), 1e9)

    def one(state: State, each: tuple[jax.Array, jax.Array]) -> tuple[State, dict[str, jax.Array]]:
        decision, event = Decision(order=each[0], start=runs), Event(market=each[1])
        after, outcome = transition(arrays, problem.sequence, state, decision, event)
        step = Step(World(), state, state, decision, event, outcome, after)
        cost = (jnp.asarray(problem.ledger.signs) @ problem.ledger.by_term(problem.tariff, step))[0]
        names = ("closing", "backorders", "shipped", "unfilled")
        return after, {"cost": cost, **{name: getattr(outcome, name)[..., 0] for name in names}}

    traced = jax.jit(lambda start: jax.lax.scan(one, start, (jnp.asarray(given), jnp.asarray(market)))[1])
    return {name: np.asarray(leaf) for name, leaf in traced(problem.start(1)).items()}


@pytest.mark.requirement("E-19")
@pytest.mark.parametrize("name", SYSTEMS)
def test_an_assembly_system_agrees_period_by_period(name: str) -> None:
    system = SYSTEMS[name]
    demand = np.random.default_rng(6).poisson(3, PERIODS).tolist()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network, cost = theirs(system, demand)
    index = {place.product: at for at, place in enumerate(system)}
    states = [[network.nodes_by_index[at].state_vars[t] for at in range(1, 5)] for t in range(PERIODS)]
    with jax.enable_x64(True):
        problem = ours(system)
        lanes = [lane.name.split(", ") for lane in problem.network.lanes]
        orders, sent = np.zeros((PERIODS, len(lanes), 4)), np.zeros((PERIODS, len(lanes), 4))
        raw = {(node, part): np.zeros(PERIODS) for node in index for part in system[index[node]].bill}
        for at, (source, node) in enumerate(lanes):
            for t, row in enumerate(states):
                item, seller = (node, None) if source == "world" else (source, 1 + index[source])
                (units,) = row[index[node]].order_quantity[seller].values()
                orders[t, at, index[item]] = units
                if seller is not None:
                    (sent[t, at, index[item]],) = row[seller - 1].outbound_shipment[1 + index[node]].values()
                    raw[node, item][t] = row[index[node]].raw_material_inventory[10 * seller]
        found = play(problem, orders, demand)
    levels = np.array([[next(iter(each.inventory_level.values())) for each in row] for row in states])
    own = np.arange(4)
    owed = np.zeros((PERIODS, 4))
    for at, (source, _) in enumerate(lanes):
        if source != "world":
            owed[:, index[source]] += found["unfilled"][:, at, index[source]]
    net = found["closing"][:, own, own] - found["backorders"][:, own, own] - owed
    np.testing.assert_allclose(net, levels, atol=1e-9)
    inside = [at for at, (source, _) in enumerate(lanes) if source != "world"]
    np.testing.assert_allclose(found["shipped"][:, inside], sent[:, inside], atol=1e-9)
    for (node, part), units in raw.items():
        np.testing.assert_allclose(found["closing"][:, index[node], index[part]], units, atol=1e-9)
    assert (levels.min(0) < 0).all(), "every place must have been short for the test to mean something"
    assert found["cost"].sum() == pytest.approx(cost, rel=1e-9)
