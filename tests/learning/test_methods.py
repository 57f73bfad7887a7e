"""One battery over all methods: what is found is a policy, what it recommends keeps to the limits, seeds decide."""

import json

import jax
import numpy as np
import pytest

from basestock.decision import Problem
from basestock.envs import action_codec
from basestock.evaluation import play
from basestock.learning.methods import methods
from basestock.problems import lost_sales

FEW = {"updates": 1}
"""Settings of learners that find something at once."""


@pytest.fixture(scope="module")
def problem() -> Problem:
    return lost_sales(lead_time=1, mean=5.0, lost_sale_cost=4.0, horizon=20, warm_up=0)


def test_there_are_methods_of_every_kind() -> None:
    found = methods()
    assert {each.category for each in found.values()} == {"rule", "program", "learned", "hybrid"}
    assert all(each.name == name and each.meaning for name, each in found.items())
    with pytest.raises(ValueError, match=r"'eoq': has no settings, must be given none; it got updates\."):
        found["eoq"].fit(lost_sales(), settings=FEW)


@pytest.mark.slow
@pytest.mark.requirement("D-01")
@pytest.mark.parametrize("name", list(methods()))
def test_battery(name: str, problem: Problem) -> None:
    method = methods()[name]
    settings = {} if method.category in ("rule", "program") else FEW
    seconds = 5.0 if method.category == "rule" else float("inf")
    try:
        found = method.fit(problem, seed=1, seconds=seconds, settings=settings)
    except ValueError as error:
        # What does not apply here says why.
        assert len(str(error)) > 30
        return
    assert found.category == method.category
    json.dumps(found.parameters)
    forecast = found.forecast(3)
    assert forecast.shape == (3, 1, 1) and forecast == pytest.approx(5.0, rel=1e-3)
    most = action_codec(problem, "continuous").high[0]
    ordered = found.recommend()
    assert all(0 < units <= most for units in ordered.values())
    assert set(ordered) <= {(lane.name, "item") for lane in problem.network.lanes}
    totals = play(problem, found.policy, replications=4, seed=2).totals
    assert np.isfinite(totals).all()
    if method.category != "program":
        again = method.fit(problem, seed=1, seconds=seconds, settings=settings)
        assert again.recommend() == ordered
        one, other = (jax.tree.leaves(each.policy) for each in (found, again))
        assert all(np.array_equal(left, right) for left, right in zip(one, other, strict=True))
