"""Grids around points: several first points, boxes that grow, and an end when there is no time left."""

import numpy as np
import pytest

from basestock.policies.boxes import Box
from basestock.policies.clusters import Clusters
from basestock.policies.grids import Bounds, Found, Ticks, search_grids
from basestock.policies.metaheuristics import search_population

SHAPE = (2, 1)
TWO_STAGES = Clusters(np.zeros(SHAPE, int), np.array([[0], [1]]), 2)
"""Two places whose cost is of one piece, searched one after the other."""


def bounds(low: float = 0.0, high: float = 60.0) -> Bounds:
    return Bounds.of({"level": Box(np.full(SHAPE, low), np.full(SHAPE, high), np.ones(SHAPE))})


def point(first: float, second: float) -> Ticks:
    return {"level": np.array([[first], [second]])}


def valleys(candidates: Ticks) -> np.ndarray:
    """Cost 10 at (5, 0), where the supplier keeps nothing; cost 0 at (40, 30): no step of one of both leads over."""
    first, second = candidates["level"][:, 0]
    low = 10 + abs(first - 5) + 4 * second
    high = 2 * abs(first - 40) + 2 * abs(second - 30)
    return np.minimum(low, high)[None].astype(float)


def test_what_is_found_is_the_best_of_what_every_first_point_leads_to() -> None:
    low = search_grids(valleys, bounds(), [point(6, 1)], TWO_STAGES, 2)
    both = search_grids(valleys, bounds(), [point(6, 1), point(60, 60)], TWO_STAGES, 2)
    assert low.cost[0] == 10 and low.best["level"].ravel().tolist() == [5, 0]
    assert both.cost[0] == 0 and both.best["level"].ravel().tolist() == [40, 30]
    assert both.complete and both.tried > low.tried


def test_clusters_take_the_better_point_each() -> None:
    two = Clusters(np.array([[0], [1]]), np.zeros(SHAPE, int), 1)
    here = Found(point(1, 2), np.array([5.0, 5.0]), 3)
    there = Found(point(7, 8), np.array([4.0, 6.0]), 4, complete=False)
    found = here.better(there, two)
    assert found.best["level"].ravel().tolist() == [7, 2]
    assert (found.cost.tolist(), found.tried, found.complete) == ([4.0, 5.0], 7, False)


def test_rounds_go_on_near_the_best_point_as_long_as_they_gain() -> None:
    def ravine(candidates: Ticks) -> np.ndarray:
        # Steep across, gentle along: steps of one place at a time are short.
        first, second = candidates["level"][:, 0]
        return (9.0 * (first - second) ** 2 + (first + second - 100.0) ** 2)[None]

    found = search_grids(ravine, bounds(), [point(0, 0)], TWO_STAGES, 1)
    # One round ends at (10, 18) with 5,760; at (48, 48) with 16 no whole step of one place gains.
    assert found.cost[0] <= 16


@pytest.mark.parametrize("search", ["grid", "swarm"])
def test_without_time_the_best_so_far_is_returned_and_it_is_said(search: str) -> None:
    asked: list[int] = []

    def ask(candidates: Ticks) -> np.ndarray:
        asked.append(candidates["level"].shape[-1])
        return valleys(candidates)

    def in_time() -> bool:
        return len(asked) < 2

    if search == "grid":
        found = search_grids(ask, bounds(), [point(30, 30)], TWO_STAGES, 2, in_time)
    else:
        found = search_population(search, ask, bounds(), point(30, 30), TWO_STAGES, 0, in_time)
    assert len(asked) == 2 and not found.complete
    assert found.cost[0] == valleys({key: value[..., None] for key, value in found.best.items()})[0, 0]
