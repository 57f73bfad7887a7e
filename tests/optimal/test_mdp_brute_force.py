"""Random tiny problems: the listed, split and merged process has the optimum of plain value iteration."""

import dataclasses
import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basestock.optimal.mdp import evaluate_exactly, optimize
from basestock.uncertainty import Discrete, Seasonal
from tests.optimal.small import box_of, losing, waiting

TOP, LOW, MOST = 8, -6, 5
"""Largest and lowest inventory position after ordering, and largest order, of both sides of every comparison."""

Law = list[tuple[int, float]]


def brute_force(laws: list[Law], *, lead_time: int, holding: float, short: float, lost: bool) -> float:
    """Return the least average cost of a period of a cycle of laws, by value iteration over dictionaries.

    A state is what is in stock (less what waits) and what is under way when the order is placed, next arrival first.
    The order is placed, demand is served, the rest is charged, what was ordered ``lead_time`` decisions ago arrives.
    """
    deepest = 0 if lost else LOW - max(asked for law in laws for asked, _ in law)

    def after(state: tuple[int, ...], order: int, asked: int) -> tuple[float, tuple[int, ...]]:
        net = state[0] + (order if lead_time == 0 else 0) - asked
        missing, left = max(-net, 0), max(net, 0)
        path = (*state[1:], order) if lead_time else ()
        stock = (left if lost else net) + (path[0] if path else 0)
        return holding * left + short * missing, (stock, *path[1:])

    def orders(state: tuple[int, ...]) -> list[int]:
        possible = [each for each in range(MOST + 1) if sum(state) + each <= TOP]
        if not lost:
            possible = [each for each in possible if sum(state) + each >= LOW] or [MOST]
        return possible or [0]

    pipeline = itertools.product(range(MOST + 1), repeat=max(lead_time - 1, 0))
    owed = deepest - MOST * max(lead_time - 1, 0)
    states = [(net, *path) for path in pipeline for net in range(owed, TOP + 1)]
    states = [state for state in states if deepest <= sum(state) <= TOP]
    start = (0,) * max(lead_time, 1)
    values = dict.fromkeys(states, 0.0)
    steps: list[dict[tuple[int, ...], list[list[tuple[float, float, tuple[int, ...]]]]]] = [
        {
            state: [
                [(chance, *after(state, order, asked)) for asked, chance in law] for order in orders(state)
            ]
            for state in states
        }
        for law in laws
    ]
    gain = 0.0
    for _ in range(4000):
        before = values
        for step in reversed(steps):
            values = {
                state: min(
                    sum(chance * (cost + values[then]) for chance, cost, then in each) for each in choices
                )
                for state, choices in step.items()
            }
        changes = [values[state] - before[state] for state in states]
        gain = values[start] - before[start]
        # Half steps also close where states come round periodically.
        values = {state: (value + before[state]) / 2 - values[start] for state, value in values.items()}
        if max(changes) - min(changes) < 1e-9:
            break
    return gain / len(laws)


def law_of(weights: list[float], spread: int) -> tuple[Discrete, Law]:
    masses = np.array(weights) / sum(weights)
    values = [0, 1, spread][: len(masses)]
    return Discrete(tuple(map(float, values)), tuple(masses.tolist())), list(
        zip(values, masses.tolist(), strict=True)
    )


def check(lost: bool, lead_time: int, weights: list[float], spread: int, rates: tuple[float, float]) -> None:
    law, listed = law_of(weights, spread)
    holding, short = rates
    problem = losing(lead_time, short, holding, law)
    if not lost:
        problem = waiting(lead_time, short, law=law)
        holding = 1.0
    low = -np.inf if lost else LOW
    box = box_of(problem, max_order=MOST, max_position=TOP, min_position=low)
    found = optimize(problem, box=box, tolerance=1e-9)
    expected = brute_force([listed], lead_time=lead_time, holding=holding, short=short, lost=lost)
    assert found.value == pytest.approx(expected, abs=1e-6)
    assert evaluate_exactly(problem, found.policy(problem)).value == pytest.approx(expected, abs=1e-6)


DRAWN: Callable[..., object] = given(
    weights=st.lists(st.floats(0.1, 1.0), min_size=2, max_size=3),
    spread=st.integers(2, 3),
    rates=st.tuples(st.sampled_from([0.5, 1.0, 2.0]), st.sampled_from([1.5, 4.0, 9.0])),
)


@pytest.mark.slow
@DRAWN
@settings(max_examples=6)
def test_lost_sales_of_lead_time_1(weights: list[float], spread: int, rates: tuple[float, float]) -> None:
    check(True, 1, weights, spread, rates)


@pytest.mark.slow
@DRAWN
@settings(max_examples=6)
def test_backorders_of_lead_time_1(weights: list[float], spread: int, rates: tuple[float, float]) -> None:
    check(False, 1, weights, spread, rates)


@pytest.mark.slow
@pytest.mark.parametrize("lead_time", [0, 1, 2])
@pytest.mark.parametrize("lost", [True, False])
@DRAWN
@settings(max_examples=15)
def test_other_lead_times(
    lost: bool, lead_time: int, weights: list[float], spread: int, rates: tuple[float, float]
) -> None:
    check(lost, lead_time, weights, spread, rates)


@pytest.mark.slow
@pytest.mark.parametrize("lead_time", [0, 1])
def test_a_season_has_the_average_cost_of_its_cycle(lead_time: int) -> None:
    (even, listed), (odd, other) = law_of([0.2, 0.3, 0.5], 3), law_of([0.7, 0.2, 0.1], 2)
    problem = losing(lead_time, law=Seasonal((even, odd)))
    box = box_of(problem, max_order=MOST, max_position=TOP)
    found = optimize(problem, box=box, tolerance=1e-9)
    expected = brute_force([listed, other], lead_time=lead_time, holding=1.0, short=9.0, lost=True)
    assert found.value == pytest.approx(expected, abs=1e-6)
    played = evaluate_exactly(problem, found.policy(problem))
    assert played.value == pytest.approx(expected, abs=1e-6)
    assert found.solved[0].best.shape[0] == 2
    swapped = dataclasses.replace(
        problem, uncertainty=losing(lead_time, law=Seasonal((odd, even))).uncertainty
    )
    assert optimize(swapped, box=box, tolerance=1e-9).value == pytest.approx(expected, abs=1e-6)
