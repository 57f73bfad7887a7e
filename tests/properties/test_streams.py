"""Streams of random numbers, shared programs, indices and precision, on one network that makes and buys."""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import ndtr

from basestock.decision import Observation, Problem, game, simulate
from basestock.dynamics import Decision, NetworkArrays, Step, compile_network
from basestock.economics import Ledger, Tariff, make_tariff
from basestock.economics.totals import Compensated
from basestock.forecasting.dice import stratified_dice
from basestock.network import Item, Lane, Node, Process, Resource, Supplier, SupplyNetwork
from basestock.policies import BaseStock
from basestock.uncertainty import Poisson, Uncertainty
from tests.properties.networks import random_network

PATHS, PERIODS = 2000, 60


class Noisy(BaseStock):
    """Base stock with an exploration noise of a share of the level, from the policy's own key."""

    share: jax.Array

    def __call__(self, observation: Observation, memory: Any, *, key: jax.Array) -> tuple[Decision, Any]:
        TRACES.append(1)
        noise = jax.random.uniform(key, observation.on_hand.shape)
        moved = BaseStock(self.base_stock_level * (1 + self.share * (noise - 0.5)))
        return moved(observation, memory, key=key)


class Watch(eqx.Module):
    """What is kept of a period; money under several tariffs."""

    tariffs: tuple[Tariff, ...]
    ledger: Ledger = eqx.field(static=True)

    def __call__(self, carry: jax.Array, step: Step) -> tuple[jax.Array, dict[str, jax.Array]]:
        event = step.event
        return carry, {
            "demand": event.market[0, 0, 1], "lead_time": event.arrives[0, 0, 0], "yield": event.process_yield[0],
            "breakdown": event.resource_up[0], "ordered": step.outcome.ordered[0, 0],
            "money": jnp.stack([self.ledger.by_term(tariff, step).sum(1) for tariff in self.tariffs]),
        }  # fmt: skip


TRACES: list[int] = []
RATES = {"holding": 1.0, "backorder": 7.0, "idle": 0.25}
FACTORS = (0.0, 0.5, 1.0, 3.0)


def _problem() -> Problem:
    network = SupplyNetwork(
        items=(Item("tube"), Item("frame")), nodes=(Node("plant"),), suppliers=(Supplier("mill"),),
        lanes=(Lane("mill", "plant", ("tube",), lead_time={1: 0.5, 3: 0.5}, lead_time_known="on_arrival"),),
        processes=(
            Process("weld", "plant", {"tube": 2}, {"frame": 1}, uses={"robot": 1}, yield_=0.8, yield_law="binomial"),
        ),
        resources=(Resource("robot", hours=9, breakdown=0.3),), unmet="backorder",
    )  # fmt: skip
    return Problem(
        name="streams", network=network, uncertainty=Uncertainty({("plant", "frame"): Poisson(5.0)}),
        tariff=make_tariff(network, **RATES), horizon=PERIODS,
    )  # fmt: skip


def _rewired() -> Problem:
    """The same shapes: frames are bought and cut into tubes, which are sold."""
    first = _problem()
    weld = dataclasses.replace(
        first.network.processes[0], consumes={"frame": 1}, produces={"tube": 3}, yield_=0.5
    )
    lane = dataclasses.replace(first.network.lanes[0], items=("frame",), lead_time={2: 0.5, 3: 0.5})
    robot = dataclasses.replace(first.network.resources[0], hours=4.0, breakdown=0.1)
    network = dataclasses.replace(first.network, processes=(weld,), lanes=(lane,), resources=(robot,))
    return dataclasses.replace(
        first, network=network, uncertainty=Uncertainty({("plant", "tube"): Poisson(5.0)})
    )


def _play(problem: Problem, seed: int, share: float) -> dict[str, np.ndarray]:
    levels = np.zeros((problem.arrays.num_nodes, problem.arrays.num_items, 1), np.float32)
    levels[0, :2, 0] = (30.0, 12.0)
    tariffs = [RATES | {name: rate * factor} for name, rate in RATES.items() for factor in FACTORS]
    watch = Watch(tuple(make_tariff(problem.network, **rates) for rates in tariffs), problem.ledger)
    path = simulate(
        game(problem), Noisy(jnp.asarray(levels), jnp.asarray(share)), problem.start(PATHS),
        key=jax.random.key(seed), num_periods=PERIODS, fold=watch, initial=jnp.zeros(()),
    )  # fmt: skip
    return {name: np.asarray(leaf) for name, leaf in path.traced.items()}


@pytest.fixture(scope="module")
def streams() -> dict[Any, dict[str, np.ndarray]]:
    """Seeds 0, 1 and 2 under one policy, seed 0 with exploration noise, and a rewired network: one program."""
    TRACES.clear()
    found: dict[Any, dict[str, np.ndarray]] = {
        (seed, share): _play(_problem(), seed, share)
        for seed, share in ((0, 0.0), (1, 0.0), (2, 0.0), (0, 0.6))
    }
    found["rewired"] = _play(_rewired(), 0, 0.0)
    return found


EVENTS = ("demand", "lead_time", "yield", "breakdown")


def _largest_correlation(rows: list[np.ndarray]) -> float:
    return float(np.abs(np.corrcoef(np.stack([row.reshape(-1) for row in rows])) - np.eye(len(rows))).max())


@pytest.mark.slow
def test_demand_lead_time_yield_breakdown_and_noise_are_independent(streams) -> None:
    """SIM-506: with 120,000 draws each, also one period apart."""
    rows = [streams[0, 0.0][name] for name in EVENTS]
    noise = streams[0, 0.6]["ordered"][1:] - streams[0, 0.0]["ordered"][1:]
    limit = 4.5 / np.sqrt(PATHS * (PERIODS - 1))
    assert _largest_correlation(rows) < limit
    assert _largest_correlation([row[1:] for row in rows] + [row[:-1] for row in rows]) < limit
    assert noise.std() > 0


@pytest.mark.slow
def test_neighboring_seeds_are_independent(streams) -> None:
    """SIM-507."""
    rows = [streams[seed, 0.0][name] for seed in (0, 1, 2) for name in EVENTS]
    assert _largest_correlation(rows) < 4.5 / np.sqrt(PATHS * PERIODS)


def test_exploration_noise_moves_no_event(streams) -> None:
    """SIM-511."""
    for name in EVENTS:
        np.testing.assert_array_equal(streams[0, 0.0][name], streams[0, 0.6][name])
    assert (streams[0, 0.0]["ordered"] != streams[0, 0.6]["ordered"]).mean() > 0.2


def test_stratified_dice_keep_their_marginal_in_every_half() -> None:
    """SIM-513: each half of the paths has uniform atoms and occurrences and normal levels, in every step."""
    dice = stratified_dice(2048, 6, 4)
    atoms, occurrence, level = (np.asarray(leaf, dtype=np.float64) for leaf in jax.tree.leaves(dice))
    for draws in (*(atoms / 2.0**32), *occurrence, ndtr(level)):
        assert draws.shape == (2048,)
        np.testing.assert_allclose(np.sort(draws), (np.arange(2048) + 0.5) / 2048, atol=1e-6)
        for half in (draws[:1024], draws[1024:], draws[::2]):
            assert abs(half.mean() - 0.5) < 4.5 * np.sqrt(1 / 12 / 1024)
            assert abs(half.var() - 1 / 12) < 4.5 * np.sqrt(1 / 180 / 1024)


def test_every_index_of_a_compiled_network_is_in_range() -> None:
    """SIM-607: in an array library a wrong index makes no noise."""
    for seed in range(30):
        arrays = compile_network(random_network(np.random.default_rng(seed)))
        _check_indices(arrays)
    _check_indices(_problem().arrays)


def _check_indices(arrays: NetworkArrays) -> None:
    nodes = arrays.num_nodes
    for name in ("lane_source", "lane_destination"):
        table = np.asarray(getattr(arrays, name))
        assert table.min() >= 0 and table.max() <= nodes, name
    assert np.asarray(arrays.tier).min() >= 0
    if arrays.production is not None:
        node, order = np.asarray(arrays.production.node), np.asarray(arrays.production.order)
        assert node.min() >= 0 and node.max() <= nodes
        assert set(order.tolist()) == set(range(arrays.production.num_processes))
        assert int(np.asarray(arrays.production.duration).max()) < arrays.production.slots


def test_totals_in_single_precision_are_those_in_double() -> None:
    """SIM-608: 1,000 periods of fractional money, added up by the compensated sums."""
    money = np.random.default_rng(0).gamma(2.0, 1e4, size=(1000, 8)).astype(np.float32)

    def add(total: Compensated, value: jax.Array) -> tuple[Compensated, None]:
        return total.add(value), None

    total = jax.lax.scan(add, Compensated.zeros((8,)), jnp.asarray(money))[0]
    found = np.asarray(total.total, np.float64) - np.asarray(total.dropped, np.float64)
    np.testing.assert_allclose(found, money.astype(np.float64).sum(0), rtol=1e-7)


def test_a_rewired_network_with_other_numbers_shares_the_program(streams) -> None:
    """SIM-611: processes, laws and rates are data; a scan may trace its body twice."""
    assert len(TRACES) <= 2
    assert (streams["rewired"]["ordered"] != streams[0, 0.0]["ordered"]).any()


def test_the_cost_of_a_path_is_linear_and_rising_in_each_rate(streams) -> None:
    """SIM-702: cost = rate times quantity, term by term, the other terms unchanged."""
    names = _problem().ledger.names
    money = streams[0, 0.0]["money"].astype(np.float64).sum(0).reshape(len(RATES), len(FACTORS), len(names))
    for moved, by_factor in zip(RATES, money, strict=True):
        for at, name in enumerate(names):
            base = by_factor[FACTORS.index(1.0), at]
            assert base > 0
            expected = [base * factor if name == moved else base for factor in FACTORS]
            np.testing.assert_allclose(by_factor[:, at], expected, rtol=1e-6)
