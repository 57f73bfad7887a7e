"""Demand that each path draws: it keeps to what it drew, is seen as past demand only, and is written as ranges."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.learning.encoding import fields_of
from basestock.learning.randomization import hidden_demand, randomized, watching
from basestock.problems import lost_sales
from basestock.uncertainty import Deterministic, DriverError, HiddenDemand, Uncertainty, record, root_words

PERIODS, PATHS = 8, 200


def demand(hidden: HiddenDemand) -> np.ndarray:
    """Return ``[period, path]`` what is asked for where plain demand is 10 in every period."""
    problem = lost_sales()
    items = tuple(dataclasses.replace(item, whole_units=False) for item in problem.network.items)
    network = dataclasses.replace(problem.network, items=items)
    # A law of fractions is multiplied as it is.
    law = Uncertainty({("store", "item"): Deterministic(10.5)})
    made = randomized(dataclasses.replace(problem, network=network, uncertainty=law, known=None), hidden)
    events = record(made.events, root_words(jax.random.key(3)), PERIODS, jnp.arange(PATHS))
    return np.asarray(events.market)[:, 0, 0, 0] / 10.5


def test_a_path_keeps_to_its_level_and_paths_differ() -> None:
    found = demand(HiddenDemand(level=(0.5, 2.0)))
    np.testing.assert_allclose(found, np.broadcast_to(found[0], found.shape), rtol=1e-6)
    assert (found >= 0.5).all() and (found <= 2.0).all()
    # Uniform on a logarithmic scale: a mean of 0 with a deviation of 0.4; false alarm below 1e-4.
    assert abs(np.log(found[0]).mean()) < 4 * 0.4 / np.sqrt(PATHS)
    assert len(np.unique(found[0])) > PATHS // 2


def test_trend_season_and_shock_multiply_as_they_are_written() -> None:
    fixed = HiddenDemand(trend=(0.1, 0.1), amplitude=(0.5, 0.5), length=(8.0, 8.0), phase=(1.0, 1.0))
    time = np.arange(PERIODS)
    plain = (1 + 0.1 * time) * (1 + 0.5 * np.sin(2 * np.pi * (time + 1) / 8))
    np.testing.assert_allclose(demand(fixed)[:, 0], plain, rtol=1e-5)
    shocked = demand(dataclasses.replace(fixed, shock=(3.0, 3.0), shock_period=(5.0, 5.0)))
    np.testing.assert_allclose(shocked[:, 0] / plain, np.where(time >= 5, 3.0, 1.0), rtol=1e-5)


def test_past_demand_is_seen_and_what_was_drawn_is_not() -> None:
    problem = lost_sales()
    made = randomized(problem, HiddenDemand(level=(0.5, 2.0)), 4)
    assert "demand_history" in fields_of(made) and "demand_history" not in fields_of(problem)
    assert made.information.demand_window == watching(problem, 4).information.demand_window == 4
    assert watching(made, 2).information.demand_window == 4


@pytest.mark.parametrize(
    ("ranges", "told"),
    [
        ({"mean": "0.5:1.5"}, "range mean=0.5:1.5: must be NAME=LOW:HIGH of level, trend"),
        ({"level": "0.5"}, "range level=0.5: must be NAME=LOW:HIGH"),
        ({"level": "2:0.5"}, "two numbers from 1e-06 to inf, the lower one first"),
        ({"amplitude": "0:1.5"}, "two numbers from 0 to 1"),
    ],
)
def test_what_is_no_range_is_refused(ranges: dict[str, Any], told: str) -> None:
    with pytest.raises(DriverError, match=told):
        hidden_demand(ranges)
    assert hidden_demand({"level": "0.5:1.5", "shock": "1:4"}) == HiddenDemand(
        level=(0.5, 1.5), shock=(1.0, 4.0)
    )
