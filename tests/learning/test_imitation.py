"""Imitation: teachers by name, what they teach, and how near the network comes."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.decision import Problem
from basestock.dynamics import Decision
from basestock.envs import action_codec
from basestock.evaluation.certificates import certify_problem, value_of
from basestock.learning import SettingError, learn
from basestock.learning.actors import QuantityActor
from basestock.learning.gates import GatedActor
from basestock.learning.imitation import ImitationConfig, Taught, _Lessons, imitation_loss
from basestock.learning.networks import Mlp
from basestock.learning.registry import ALGORITHMS
from basestock.learning.teachers import quantities_of, teacher_of
from basestock.policies import BaseStock
from tests.learning.conftest import plain_encoder, seen, unserved

KEY = jax.random.key(0)


def level(units: float) -> BaseStock:
    return BaseStock(jnp.full((1, 1, 1), units))


def test_a_teacher_is_a_known_policy() -> None:
    configured = ALGORITHMS["imitation"].configured
    assert configured({"teacher": "capped_base_stock"}).teacher == "capped_base_stock"
    with pytest.raises(SettingError, match="teacher is 'nobody', must be the name of a policy"):
        configured({"teacher": "nobody"})


def test_quantities_are_those_of_the_slots(problem: Problem) -> None:
    codec = action_codec(problem, "continuous")
    wanted = jnp.asarray([[3.0, 0.0, 7.0]])
    np.testing.assert_array_equal(quantities_of(codec, codec.decide(wanted)), wanted)
    order = codec.decide(wanted).order
    priced = dataclasses.replace(
        codec, slots=(dataclasses.replace(codec.slots[0], name="price", typical=2.5),)
    )
    np.testing.assert_array_equal(quantities_of(priced, Decision(order)), jnp.full((1, 3), 2.5))


def test_who_decides_is_drawn_and_the_teacher_is_remembered(problem: Problem, actor: QuantityActor) -> None:
    observation, teacher = seen(problem), level(40.0)
    explorer = Taught(actor.encoder, actor.codec, teacher, actor, jnp.asarray(0.5))
    memory = explorer.blank(jnp.asarray([[0.2, 0.7, 0.4]]), None)
    decision, (_, _, inputs, wanted) = explorer(observation, memory, key=KEY)
    theirs = teacher(observation, None, key=KEY)[0].order[0, 0]
    mine = actor(observation, None, key=KEY)[0].order[0, 0]
    assert float(theirs[0]) != float(mine[0])
    np.testing.assert_array_equal(decision.order[0, 0], [theirs[0], mine[1], theirs[2]])
    np.testing.assert_array_equal(wanted[0], theirs)
    np.testing.assert_array_equal(inputs, actor.encoder(observation))


def test_a_shut_gate_is_told_apart_from_a_quantity(problem: Problem) -> None:
    encoder, codec = plain_encoder(problem), action_codec(problem, "continuous")
    actor = GatedActor.of(encoder, Mlp.create((encoder.width, 4, 2), KEY, last=0.0), codec)
    inputs = jnp.zeros((encoder.width, 1))

    def loss(quantity: float, logit: float, wanted: float) -> float:
        network = actor.network.biased(np.array([quantity, logit]))
        return float(imitation_loss(network, actor, inputs, jnp.full((1, 1), wanted)))

    # Shut: only the gate matters. Open: both do.
    assert loss(0.0, -3.0, 0.0) == loss(2.0, -3.0, 0.0) < loss(0.0, 3.0, 0.0)
    typical = float(actor.typical[0])
    assert loss(0.0, 3.0, typical) < min(loss(2.0, 3.0, typical), loss(0.0, -3.0, typical))


def test_the_oldest_lessons_are_forgotten() -> None:
    lessons = _Lessons.blank(2, 1, 6)
    for first in (0.0, 4.0):
        inputs = jnp.broadcast_to(first + jnp.arange(3.0)[:, None, None], (3, 2, 2))
        lessons.add(unserved(inputs, inputs[:2, :1], jnp.zeros((2, 2)), jnp.ones(2)))
    assert lessons.size == 6 and lessons.seen == 8
    # Two periods of two paths each: 0 0 1 1, then 4 4 5 5 in a circle of six.
    np.testing.assert_array_equal(lessons.inputs[0], [5, 5, 1, 1, 4, 4])
    np.testing.assert_array_equal(lessons.wanted[0], lessons.inputs[1])


def test_an_optimum_that_takes_too_long_is_refused(problem: Problem) -> None:
    with pytest.raises(SettingError, match="Choose another teacher"):
        teacher_of(problem, "optimal", 1e-9)


@pytest.mark.slow
def test_a_teacher_that_remembers_is_refused_in_time(problem: Problem) -> None:
    with pytest.raises(SettingError, match=r"forecast_base_stock.*Choose another"):
        teacher_of(problem, "forecast_base_stock", 1e-9)


def test_time_for_the_optimum_is_a_share() -> None:
    with pytest.raises(SettingError, match="teacher_share is 2"):
        ALGORITHMS["imitation"].configured({"teacher_share": 2})
    assert ImitationConfig().teacher_share == 0.5


@pytest.mark.slow
@pytest.mark.parametrize("teacher", ["optimal", "capped_base_stock"])
def test_it_comes_near_the_optimum(problem: Problem, teacher: str) -> None:
    best = certify_problem(problem, max_bytes=2**30, max_seconds=60.0).value
    settings = {"teacher": teacher, "updates": 30, "seconds": 120}
    found = learn(problem, "imitation", key=KEY, settings=settings)
    cost = value_of(problem, found.policy, replications=50, seed=1).mean
    assert best is not None and -1e-6 <= cost / best - 1 < (0.01 if teacher == "optimal" else 0.05)
