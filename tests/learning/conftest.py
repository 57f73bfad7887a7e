"""Tiny problems whose optimum is known, and what is seen in them."""

import jax
import jax.numpy as jnp
import pytest

from basestock.decision import Observation, Problem
from basestock.dynamics import blank_outcome
from basestock.envs import action_codec
from basestock.learning.actors import QuantityActor
from basestock.learning.encoding import Clock, Encoder, features, fields_of
from basestock.learning.experience import Experience
from basestock.learning.networks import Mlp
from basestock.problems import lost_sales
from basestock.uncertainty import root_words


def seen(problem: Problem, count: int = 3) -> Observation:
    """What is seen at the declared start."""
    state = problem.start(count)
    world = problem.events.initial_world(count)
    outcome = blank_outcome(
        problem.arrays, problem.sequence, problem.events, state, world, root_words(jax.random.key(0))
    )
    memory = problem.information.init(problem.arrays, count)
    return problem.information.observe(problem.arrays, state, world, outcome, memory, key=jax.random.key(0))[
        0
    ]


def plain_encoder(problem: Problem) -> Encoder:
    """An encoder that leaves units as they are."""
    fields = fields_of(problem)
    width = features(seen(problem, 1), problem.network, fields).shape[0]
    return Encoder(jax.numpy.zeros(width), jax.numpy.ones(width), problem.network, Clock.of(problem), fields)


def unserved(inputs: jax.Array, drawn: jax.Array, rewards: jax.Array, more: jax.Array) -> Experience:
    """Experience of nobody who was served, whose paths all go on."""
    nobody = jnp.zeros_like(rewards)
    return Experience(inputs, drawn, rewards, more, nobody, nobody, jnp.zeros(rewards.shape[1], dtype=bool))


@pytest.fixture(scope="session")
def problem() -> Problem:
    return lost_sales(lead_time=2, lost_sale_cost=4.0, horizon=100, warm_up=20)


@pytest.fixture(scope="session")
def actor(problem: Problem) -> QuantityActor:
    encoder, codec = plain_encoder(problem), action_codec(problem, "continuous")
    network = Mlp.create((encoder.width, 4, len(codec.slots)), jax.random.key(0), last=0.0)
    return QuantityActor.create(problem, encoder, codec, network)
