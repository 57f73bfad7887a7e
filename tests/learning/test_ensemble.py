"""Several policies together: their mean, the vote where costs jump, and their file."""

import json
import zipfile
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.decision import Problem
from basestock.learning import saved_actor, saved_policies
from basestock.learning.actors import QuantityActor
from basestock.learning.ensemble import Ensemble, saved_ensemble
from basestock.policies import BaseStock
from basestock.policies.saved import SavedPolicy
from basestock.problems import backorder
from tests.learning.conftest import seen


def base_stock(level: float) -> BaseStock:
    return BaseStock(jnp.full((1, 1, 1), level))


def ordered(problem: Problem, ensemble: Ensemble) -> float:
    observation = seen(problem, 1)
    decision, memory = ensemble(observation, ensemble.init(observation), key=jax.random.key(0))
    assert len(memory) == len(ensemble.members)
    return float(decision.order[0, 0, 0])


def test_quantities_are_means_rounded_where_they_are_whole(problem: Problem) -> None:
    stock = float(problem.start(1).on_hand[0, 0, 0])
    ensemble = Ensemble.of(problem, [base_stock(stock + more) for more in (2.0, 3.0, 9.0)])
    assert ordered(problem, ensemble) == 5.0
    assert ordered(problem, Ensemble.of(problem, [base_stock(stock + 2.0), base_stock(stock + 9.0)])) == 6.0
    with pytest.raises(ValueError, match="there are 0 members"):
        Ensemble.of(problem, [])


def test_where_an_order_costs_most_members_must_order() -> None:
    problem = backorder()
    position = float(seen(problem, 1).inventory_position[0, 0, 0])
    levels = {more: base_stock(position + more) for more in (-5.0, 8.0, 12.0)}
    assert ordered(problem, Ensemble.of(problem, list(levels.values()))) == 10.0
    assert ordered(problem, Ensemble.of(problem, [levels[-5.0], levels[-5.0], levels[12.0]])) == 0.0


def test_its_file_holds_its_members_and_is_found_beside_others(
    problem: Problem, actor: QuantityActor, tmp_path: Path
) -> None:
    classic = SavedPolicy("base_stock", problem.name, {}, {"base_stock_level": np.full((1, 1), 14.0)})
    members = [saved_actor(actor, problem, {}), classic]
    path = tmp_path / "ensemble.zip"
    saved_ensemble(members, {"cost": 1.0}).write(path)
    (found,) = saved_policies(tmp_path, problem).values()
    assert isinstance(found, Ensemble)
    assert ordered(problem, found) == ordered(problem, Ensemble.of(problem, [actor, base_stock(14.0)]))
    with pytest.raises(ValueError, match="must be for one problem"):
        saved_ensemble([classic, SavedPolicy("base_stock", "another", {}, {})], {})
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    own = {f"member_{at}_{name}" for at, each in enumerate(members) for name in each.arrays}
    assert set(manifest["arrays"]) == own and manifest["facts"]["cost"] == 1.0
