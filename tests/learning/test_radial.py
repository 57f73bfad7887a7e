"""Networks of radial basis functions: what a unit answers, what is learned, and that it is saved like any other."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.decision import Problem
from basestock.envs import action_codec
from basestock.learning import saved_actor, saved_policies
from basestock.learning.actors import ChoiceActor
from basestock.learning.radial import Radial
from tests.learning.conftest import plain_encoder, seen


def drawn(inputs: int, units: int, outputs: int) -> Radial:
    draw = np.random.default_rng(0)
    shapes = (units, inputs), (units, 1), (outputs, units), (outputs, 1)
    return Radial(*(jnp.asarray(draw.normal(size=shape), dtype=jnp.float32) for shape in shapes))


def test_units_are_gaussian_and_outputs_linear_in_them() -> None:
    network = drawn(3, 5, 2)
    inputs = np.random.default_rng(1).normal(size=(3, 4, 2)).astype(np.float32)
    centers, widths = np.asarray(network.centers), np.exp(np.asarray(network.log_widths))[:, 0]
    square = ((inputs[None] - centers[:, :, None, None]) ** 2).sum(1)
    units = np.exp(-square / (2 * widths[:, None, None] ** 2))
    expected = np.einsum("ou,ucd->ocd", network.weights, units) + np.asarray(network.bias)[..., None]
    np.testing.assert_allclose(network(jnp.asarray(inputs)), expected, atol=1e-5)
    # Far from every center nothing but the bias is left.
    np.testing.assert_allclose(network(jnp.full((3, 1), 1e3)), network.bias)


@pytest.mark.requirement("E-30")
def test_centers_and_widths_are_learned_like_the_outputs() -> None:
    network, inputs = drawn(2, 3, 1), jnp.asarray([[0.3, -0.2], [0.1, 0.9]])
    slope = jax.grad(lambda each: (each(inputs) ** 2).sum())(network)
    assert all(float(jnp.abs(leaf).min()) > 0 for leaf in jax.tree.leaves(slope))
    doubled = network.mapped(lambda outputs: 2.0 * outputs)
    np.testing.assert_allclose(doubled(inputs), 2.0 * network(inputs), rtol=1e-6)


@pytest.mark.requirement("E-30")
def test_a_policy_with_radial_units_is_saved_and_loaded_like_any_other(
    problem: Problem, tmp_path: Path
) -> None:
    encoder, codec = plain_encoder(problem), action_codec(problem, "multi_discrete")
    network = Radial.create(encoder.width, 6, sum(codec.sizes), jax.random.key(0))
    actor = ChoiceActor(encoder, network, codec)
    saved_actor(actor, problem, {"algorithm": "dqn"}).write(tmp_path / "mine.zip")
    again = saved_policies(tmp_path, problem)["mine"]
    assert isinstance(again, ChoiceActor) and isinstance(again.network, Radial)
    observation = seen(problem)
    first, second = (each(observation, None, key=jax.random.key(0))[0] for each in (actor, again))
    np.testing.assert_array_equal(first.order, second.order)
