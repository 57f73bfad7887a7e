"""SAC, TD3 and DDPG: densities, and what they reach on tiny problems."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.evaluation.certificates import certify_problem, value_of
from basestock.learning import ddpg, sac, td3
from basestock.problems import backorder, lost_sales, make_problem

TINY = {
    "lost sales": lambda: lost_sales(lead_time=1, lost_sale_cost=4.0, mean=3.0),
    "backorder": lambda: backorder(lead_time=1, fixed_order_cost=0.0, mean=3.0),
    "perishable": lambda: make_problem("perishable_single_class", {"mean": "3"}),
}


def test_density_of_squashed_actions_integrates_to_one():
    noise = np.linspace(-7.0, 7.0, 20001, dtype=np.float32)[None]
    outputs = jnp.asarray(np.array([[0.3], [-0.5]], np.float32)) + jnp.zeros(noise.shape)
    shares, logarithms = sac._drawn(outputs, jnp.asarray(noise))
    whole = np.trapezoid(np.exp(np.asarray(logarithms, np.float64)), np.asarray(shares[0], np.float64))
    assert whole == pytest.approx(1.0, abs=1e-3)


@pytest.mark.slow
@pytest.mark.requirement("C-15")
@pytest.mark.parametrize("name", TINY)
@pytest.mark.parametrize(
    ("learner", "config"),
    [
        (sac, sac.SACConfig(updates=150)),
        (td3, td3.TD3Config(updates=100)),
        (ddpg, ddpg.DDPGConfig(updates=100)),
    ],
    ids=["sac", "td3", "ddpg"],
)
def test_reaches_the_optimum(name, learner, config):
    problem = TINY[name]()
    found = learner.train(problem, config, key=jax.random.key(0))
    assert found.updates == config.updates
    assert {"losses/qf_loss", "losses/actor_loss"} <= set(found.curve[1].values)
    assert problem.sign * found.curve[-1].values["cost"] < problem.sign * found.curve[0].values["cost"]
    best = certify_problem(problem, max_bytes=2**30, max_seconds=60).value
    value = value_of(problem, found.policy, replications=200, seed=1)
    assert value.half_width == 0.0
    assert problem.sign * (value.mean - best) / abs(best) < 0.05


@pytest.mark.slow
def test_the_same_key_gives_the_same_run():
    config = sac.SACConfig(updates=3, steps=4)
    problem = TINY["lost sales"]()
    first, second = (sac.train(problem, config, key=jax.random.key(4)) for _ in range(2))
    for one, other in zip(jax.tree.leaves(first.policy), jax.tree.leaves(second.policy), strict=True):
        np.testing.assert_array_equal(one, other)
