"""Learned policies on disk: the same actions again, and nothing that was tampered with."""

import zipfile
from pathlib import Path

import jax
import numpy as np
import pytest

from basestock.decision import Problem
from basestock.learning import loaded_actor, saved_actor, saved_policies
from basestock.learning.actors import QuantityActor
from basestock.learning.checkpoints import CHECKPOINT
from basestock.learning.registry import ALGORITHMS
from basestock.policies.saved import SavedPolicy, SavedPolicyError, read_policy
from basestock.problems import lost_sales
from tests.learning.conftest import seen

PAGE = Path(__file__).resolve().parents[2] / "docs" / "learning.md"


@pytest.mark.requirement("A-18")
def test_a_policy_from_disk_decides_the_same(problem: Problem, actor: QuantityActor, tmp_path: Path) -> None:
    saved_actor(actor, problem, {"algorithm": "pathwise"}).write(tmp_path / "seed-0" / "mine.zip")
    (again,) = saved_policies(tmp_path, problem).values()
    observation = seen(problem)
    first, _ = actor(observation, None, key=jax.random.key(0))
    second, _ = again(observation, None, key=jax.random.key(0))
    np.testing.assert_array_equal(first.order, second.order)
    # A checkpoint beside it is no policy.
    SavedPolicy("checkpoint", problem.name, {}, {}).write(tmp_path / "seed-0" / CHECKPOINT)
    assert list(saved_policies(tmp_path, problem)) == ["seed-0/mine"]


def test_a_changed_number_is_found(problem: Problem, actor: QuantityActor, tmp_path: Path) -> None:
    path = tmp_path / "mine.zip"
    saved_actor(actor, problem, {}).write(path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["network_weight_0.npy"] = parts["network_weight_0.npy"][:-1] + b"\x01"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with pytest.raises(SavedPolicyError, match="network_weight_0"):
        read_policy(path)


def test_a_policy_of_another_network_is_refused(problem: Problem, actor: QuantityActor) -> None:
    saved = saved_actor(actor, problem, {})
    longer = lost_sales(lead_time=5, lost_sale_cost=4.0)
    with pytest.raises(SavedPolicyError, match="must read the 10"):
        loaded_actor(saved, longer)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_every_learner_has_settings_and_a_line_in_the_documents(name: str) -> None:
    algorithm = ALGORITHMS[name]
    config = algorithm.configured({"seconds": 3, "updates": 4})
    assert (config.seconds, config.updates) == (3.0, 4)
    assert f"[`{name}`](generated/learners/{name}.md)" in PAGE.read_text(encoding="utf-8")
