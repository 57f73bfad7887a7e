"""Warm starts: what a run goes on from, and what is refused."""

from pathlib import Path

import jax
import numpy as np
import pytest

from basestock.decision import Problem
from basestock.learning import SettingError, learn, saved_actor
from basestock.learning.actors import QuantityActor
from basestock.learning.gates import GatedActor
from basestock.learning.registry import ALGORITHMS
from basestock.learning.warm_start import warm_start

KEY = jax.random.key(0)


def test_a_run_goes_on_from_the_policy_of_a_folder(
    problem: Problem, actor: QuantityActor, tmp_path: Path
) -> None:
    saved_actor(actor, problem, {}).write(tmp_path / "mine.zip")
    known = str(tmp_path)
    found = warm_start(problem, known, QuantityActor, (4,), "flat", key=KEY, seconds=1.0, by_clock=False)
    for one, other in zip(jax.tree.leaves(found.network), jax.tree.leaves(actor.network), strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(SettingError, match="0 policies for 'lost_sales' whose outputs are 'gated'"):
        warm_start(problem, known, GatedActor, (4,), "flat", key=KEY, seconds=1.0, by_clock=False)
    saved_actor(actor, problem, {}).write(tmp_path / "other.zip")
    with pytest.raises(SettingError, match="2 policies for 'lost_sales' whose outputs are 'quantity'"):
        warm_start(problem, known, QuantityActor, (4,), "flat", key=KEY, seconds=1.0, by_clock=False)


def test_what_is_begun_with_is_a_name_or_a_folder(tmp_path: Path) -> None:
    configured = ALGORITHMS["pathwise"].configured
    assert configured({"begin_with": str(tmp_path)}).begin_with == str(tmp_path)
    assert configured({"begin_with": "base_stock"}).begin_with == "base_stock"
    with pytest.raises(SettingError, match="begin_with is 'nowhere', must be the name of a policy"):
        configured({"begin_with": "nowhere"})


@pytest.mark.slow
def test_pathwise_goes_on_from_what_it_imitated(problem: Problem) -> None:
    settings = {"begin_with": "capped_base_stock", "updates": 40, "paths": 64}
    found = learn(problem, "pathwise", key=KEY, settings=settings)
    cold = learn(
        problem, "pathwise", key=KEY, settings={**settings, "begin_with": "base_stock", "updates": 1}
    )
    first = found.curve[0].values["cost"]
    assert found.curve[-1].values["cost"] <= first < cold.curve[0].values["cost"]
