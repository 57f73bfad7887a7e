"""The comparison with another library of learners: what it is told, and that it needs that library."""

import importlib.util

import numpy as np
import pytest

from basestock.problems import make_problem
from benchmarks import learners


def test_without_the_other_library_one_sentence_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert list(learners.measure()) == []
    assert "Install basestock[torch]" in capsys.readouterr().err


def test_what_is_left_is_told_only_where_episodes_end() -> None:
    seen = np.ones((2, 3), np.float32)
    assert learners.with_time(seen, 3, 4)[:, 3].tolist() == [0.25, 0.25]
    assert learners.with_time(seen, 3, 0) is seen
    endings = [learners.ending(make_problem(name)) for name in (learners.SERIAL, learners.SHELVES)]
    assert endings == [30, 0]


def test_every_case_is_of_a_learner_in_both_libraries() -> None:
    assert {case.algorithm for case in learners.CASES.values()} == set(learners.LEARNERS)


@pytest.mark.slow
def test_an_action_of_the_other_library_means_the_same_in_our_simulation() -> None:
    pytest.importorskip("stable_baselines3", reason="needs basestock[torch]")
    problem = make_problem(learners.SERIAL)
    codec = learners.action_codec(problem, "continuous")
    environment = learners.their_environment(problem, codec, None, seed=0)
    told = list[np.ndarray]()

    def predict(seen: np.ndarray) -> np.ndarray:
        told.append(seen)
        return np.full((len(seen), len(codec.slots)), -1.0, np.float32)

    policy = learners.TorchPolicy(codec, problem.network, predict, learners.ending(problem))
    case = learners.Case("ppo", learners.SERIAL, 1, replications=4)
    ours = learners.judged(case, problem, policy)
    first = environment.venv.reset()
    np.testing.assert_allclose(sorted(told, key=lambda seen: -seen[0, -1])[0], first[:4], rtol=1e-6)
    worth, total, ended = 1.0, 0.0, False
    while not ended:
        _, rewards, ends, _ = environment.venv.step(np.full((learners.ENVIRONMENTS, 3), -1.0, np.float32))
        total, worth, ended = total + worth * rewards.mean(), worth * problem.discount, bool(ends.all())
    # Other events: nothing is ordered, so that only demand differs.
    assert total == pytest.approx(ours, rel=0.1)
