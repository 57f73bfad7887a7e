"""Joint replenishment solved exactly: every state, truckload and demand of a truncated box, by the transition."""

import dataclasses
import itertools

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

from basestock.decision import Problem
from basestock.dynamics import Decision, Step, transition
from basestock.optimal.mdp import optimize
from basestock.problems.instances import Instance
from basestock.problems.joint_replenishment import joint_replenishment
from basestock.uncertainty import Event, World

LOW, HIGH, TRUCKS = -12, 24, 4
CHUNK = 1 << 16


@eqx.filter_jit
def _played(problem: Problem, level: Array, order: Array, demand: Array) -> tuple[Array, Array]:
    start = problem.start(level.shape[-1])
    begun = dataclasses.replace(start, on_hand=jnp.maximum(level, 0.0), backorders=jnp.maximum(-level, 0.0))
    event, decision = Event(market=demand[None]), Decision(order=order)
    ended, outcome = transition(problem.arrays, problem.sequence, begun, decision, event)
    step = Step(World(), begun, begun, decision, event, outcome, ended)
    return problem.ledger.by_term(problem.tariff, step).sum(0), ended.on_hand - ended.backorders


def _play(problem: Problem, level: np.ndarray, order: np.ndarray, demand: np.ndarray) -> tuple:
    """Return cost and the next inventory levels of rows ``[row, item]`` of two items at one place."""
    shape = np.asarray(problem.start(1).on_hand).shape[:2]
    costs: list[np.ndarray] = []
    after: list[np.ndarray] = []
    for begin in range(0, len(level), CHUNK):
        parts = [rows[begin : begin + CHUNK] for rows in (level, order, demand)]
        count = len(parts[0])
        table = [np.zeros((*shape, CHUNK), dtype=np.float32) for _ in parts]
        for filled, rows in zip(table, parts, strict=True):
            filled[0, : rows.shape[1], :count] = rows.T
        cost, then = _played(problem, *(jnp.asarray(filled) for filled in table))
        costs.append(np.asarray(cost, dtype=np.float64)[:count])
        after.append(np.asarray(then)[0, :2, :count].T)
    return np.concatenate(costs), np.concatenate(after).astype(int)


def _optimum(problem: Problem, demands: tuple[range, range]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the discounted optimal cost ``[level, level]``, the best order, and the loads to choose from."""
    axis = np.arange(LOW, HIGH + 1)
    states = np.array(list(itertools.product(axis, axis)))
    loads = np.array([(q, 6 * t - q) for t in range(TRUCKS + 1) for q in range(6 * t + 1)])
    events = np.array(list(itertools.product(*demands)))
    # The order comes at once, so that only the level after it meets the demand; both parts are played.
    ordering, _ = _play(problem, np.zeros_like(loads), loads, loads)
    row, event = (index.ravel() for index in np.indices((len(states), len(events))))
    cost, after = _play(problem, states[row], np.zeros((len(row), 2)), events[event])
    stays = cost.reshape(len(states), -1).mean(1)
    after = np.clip(after, LOW, HIGH) - LOW
    following = (after[:, 0] * len(axis) + after[:, 1]).reshape(len(states), -1)
    raised = states[:, None] + loads[None]
    fits = (raised <= HIGH).all(-1)
    target = np.clip(raised, LOW, HIGH) - LOW
    target = target[..., 0] * len(axis) + target[..., 1]
    value = np.full(len(states), 6500.0)
    for _ in range(3000):
        kept = stays + problem.discount * value[following].mean(1)
        every = np.where(fits, ordering[None] + kept[target], np.inf)
        new = every.min(1)
        # The value lies between these bounds (MacQueen), so that few sweeps are enough.
        least, most = (new - value).min(), (new - value).max()
        value = new
        if (most - least) * problem.discount / (1 - problem.discount) < 1e-3:
            break
    bound = problem.discount / (1 - problem.discount) * (least + most) / 2
    size = len(axis)
    return (value + bound).reshape(size, size), every.argmin(1).reshape(size, size), loads


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "value", "first", "second"),
    [
        ({}, 6596.091, (6, 6), (0, 6)),
        ({"item_order_cost": (40.0, 10.0)}, 7301.174, (17, 7), (0, 6)),
    ],
)
def test_full_trucks_have_their_optimum(arguments: dict, value: float, first: tuple, second: tuple) -> None:
    """Settings 1 and 5 of Vanvuchelen et al. 2020, recomputed: cost from empty stock, orders at (0, 0) and (5, 0)."""
    problem = joint_replenishment(**arguments)
    found, best, loads = _optimum(problem, (range(6), range(4)))
    assert found[-LOW, -LOW] == pytest.approx(value, abs=0.01)
    assert tuple(loads[best[-LOW, -LOW]]) == first
    assert tuple(loads[best[5 - LOW, -LOW]]) == second


def test_a_record_may_be_judged_by_its_average_period() -> None:
    numbers = {"item_order_cost": [5, 5], "holding_cost": [1, 1], "backorder_cost": [9, 9]}
    law = {"type": "discrete_uniform", "low": 0, "high": 2}
    shared = {"items": 2, "truck_size": 2, "truck_cost": 20.0, "demand": [law, law], "lead_time": 0}
    record = {"parameters": {**shared, **numbers}}
    judged = {**record, "criterion": {"type": "average_cost_per_period"}}
    found = Instance("joint_replenishment/a", "joint_replenishment", judged).problem()
    assert (found.criterion, found.discount, found.averages) == ("average_cost_per_period", 1.0, True)
    assert Instance("joint_replenishment/b", "joint_replenishment", record).problem().discount == 0.99


def test_largest_orders_are_whole_trucks() -> None:
    parameters = {
        "items": 1,
        "truck_size": 3,
        "truck_cost": 20.0,
        "item_order_cost": [5],
        "holding_cost": [1],
        "backorder_cost": [9],
        "demand": [{"type": "poisson", "mean": 1.5}],
        "lead_time": 0,
    }
    criterion = {
        "type": "discounted_cost",
        "sense": "min",
        "discount": 0.9,
        "horizon": "infinite",
        "start": [2],
    }
    record = {"parameters": parameters, "criterion": criterion}
    found = optimize(Instance("joint_replenishment/one", "joint_replenishment", record).problem())
    # By value iteration over dictionaries.
    assert found.value == pytest.approx(146.5441, abs=2e-4)
    assert (found.box.max_order % 3 == 0).all()
