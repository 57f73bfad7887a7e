"""SAC, TD3 and DDPG: densities, and what they reach on tiny problems."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.envs import action_codec
from basestock.learning import sac
from basestock.learning.laws import Choices
from basestock.learning.networks import Mlp
from basestock.learning.off_policy import Learned
from basestock.problems import lost_sales, make_problem


def test_density_of_squashed_actions_integrates_to_one():
    noise = np.linspace(-7.0, 7.0, 20001, dtype=np.float32)[None]
    outputs = jnp.asarray(np.array([[0.3], [-0.5]], np.float32)) + jnp.zeros(noise.shape)
    shares, logarithms = sac._drawn(outputs, jnp.asarray(noise))
    whole = np.trapezoid(np.exp(np.asarray(logarithms, np.float64)), np.asarray(shares[0], np.float64))
    assert whole == pytest.approx(1.0, abs=1e-3)


def constant(outputs: list[float]) -> Mlp:
    """A network that says the same of everything."""
    return Mlp.create((1, 1, len(outputs)), jax.random.key(0), last=0.0).biased(np.array(outputs))


@pytest.mark.parametrize("kind", ["discrete", "multi_discrete"])
def test_choices_are_worth_the_logarithm_of_sums_of_exponentials_under_the_best_soft_policy(kind):
    codec = action_codec(make_problem("dual_sourcing"), kind, levels=2)
    values, alpha = np.array([0.4, -0.2, 0.1, 0.3]), 0.5
    slots = [values] if kind == "discrete" else [values[:2], values[2:]]
    method = sac.SoftChoices(2, 1, Choices.of(codec), (0.5, 0.05))
    critics = constant(list(values + 1.0)), constant(list(values))
    soft = constant(list(values / alpha))
    learned = Learned(soft, critics, critics, jnp.log(alpha))
    inputs, nothing = jnp.zeros((1, 3)), jnp.zeros((1, 3))
    worth = alpha * sum(np.log(np.exp(each / alpha).sum()) for each in slots)
    np.testing.assert_allclose(eqx.filter_jit(method.ahead)(learned, inputs, nothing), worth, rtol=1e-5)
    # It is the best policy: nothing leads from it, and the temperature rises by what entropy lacks.
    laws = [np.exp(each / alpha) / np.exp(each / alpha).sum() for each in slots]
    entropy = -sum((law * np.log(law)).sum() for law in laws)
    changed, aim = (soft, learned.temperature), jnp.asarray(entropy + 0.25)
    downhill = eqx.filter_jit(lambda *given: jax.grad(method.loss, has_aux=True)(*given))
    slope, _ = downhill(changed, learned, inputs, nothing, aim)
    np.testing.assert_allclose(slope[0].biases[-1], 0.0, atol=1e-6)
    assert float(slope[1]) == pytest.approx(-0.25, abs=1e-5)
    drawn = jnp.array([[3, 3, 0]]) if kind == "discrete" else jnp.array([[1, 1, 0], [1, 1, 0]])
    last, first = (0.3, 0.4) if kind == "discrete" else (-0.2 + 0.3, 0.4 + 0.1)
    np.testing.assert_allclose(method.said(critics, inputs, drawn)[1], [last, last, first], rtol=1e-5)
    assert method.aimed(codec, 0.0) == pytest.approx(0.5 * np.log(4))


@pytest.mark.slow
def test_the_same_key_gives_the_same_run():
    config = sac.SACConfig(updates=3, steps=4)
    problem = lost_sales(lead_time=1, lost_sale_cost=4.0, mean=3.0)
    first, second = (sac.train(problem, config, key=jax.random.key(4)) for _ in range(2))
    for one, other in zip(jax.tree.leaves(first.policy), jax.tree.leaves(second.policy), strict=True):
        np.testing.assert_array_equal(one, other)
