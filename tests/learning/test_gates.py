"""Gates: where they are, what their derivative is, and what they are worth."""

import dataclasses
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.decision import Problem, begin, game
from basestock.dynamics import Moving
from basestock.envs import action_codec
from basestock.evaluation.certificates import certify_problem, value_of
from basestock.learning import learn, levels_of, saved_actor, saved_policies
from basestock.learning.experience import scene_of
from basestock.learning.gates import OPEN, GatedActor, Trial, gated_cost
from basestock.learning.networks import Mlp
from basestock.learning.objectives import EXPECTED_COST, Loss
from basestock.learning.pathwise import in_fractions
from basestock.learning.slots import jumping, lots
from basestock.learning.states import Beginnings
from basestock.learning.structures import OrderUpToActor
from basestock.problems.instances import Instance
from tests.learning.conftest import plain_encoder, seen

KEY = jax.random.key(0)


def with_fixed_cost(fixed: float = 5.0, lead_time: int = 1) -> Problem:
    record = {
        "parameters": {
            "demand": {"type": "poisson", "mean": 5.0},
            "lead_time": lead_time,
            "holding_cost": 1.0,
            "lost_sale_cost": 4.0,
            "fixed_order_cost": fixed,
            "review_period": 1,
        }
    }
    return Instance("lost_sales_fixed_cost/mine", "lost_sales_fixed_cost", record).problem()


@pytest.fixture(scope="module")
def fixed() -> Problem:
    return with_fixed_cost()


def begun(problem: Problem) -> GatedActor:
    encoder, codec = plain_encoder(problem), action_codec(problem, "continuous")
    network = Mlp.create((encoder.width, 4, 2 * len(codec.slots)), KEY, last=0.0)
    return GatedActor.create(problem, encoder, codec, network)


def test_a_cost_of_an_order_jumps_and_one_of_a_unit_does_not(problem: Problem, fixed: Problem) -> None:
    assert jumping(fixed, action_codec(fixed, "continuous")).tolist() == [True]
    assert jumping(problem, action_codec(problem, "continuous")).tolist() == [False]


@pytest.mark.parametrize("rule", [{"order_multiple": 6}, {"order_minimum": 12}])
def test_a_rule_of_orders_jumps(problem: Problem, rule: dict[str, int]) -> None:
    lanes = tuple(dataclasses.replace(lane, **rule) for lane in problem.network.lanes)
    ruled = dataclasses.replace(problem, network=dataclasses.replace(problem.network, lanes=lanes))
    codec = action_codec(ruled, "continuous")
    assert jumping(ruled, codec).all()
    assert lots(ruled, codec)[0] >= rule.get("order_minimum", 1)


def test_a_gate_begins_as_a_reorder_point_a_lot_below_the_level(fixed: Problem) -> None:
    actor, observation = begun(fixed), seen(fixed, 30)
    lot = lots(fixed, actor.codec)[0]
    # Economic lot: the root of 2 K lambda / h = 2 * 5 * 5 / 1.
    assert lot == 7.0
    position = np.arange(30.0, dtype=np.float32)
    there = jnp.broadcast_to(jnp.asarray(position), observation.inventory_position.shape)
    ordered = np.asarray(actor.decided(dataclasses.replace(observation, inventory_position=there)))[0]
    reorder_point = position[ordered > 0].max()
    assert (ordered[: int(reorder_point) + 1] > 0).all()
    # A smooth base stock orders somewhat more than what is short of its level.
    assert lot - 2.0 <= position[0] + ordered[0] - reorder_point <= lot + 5.0


def test_a_gate_that_is_not_there_is_open_and_stays_so(problem: Problem) -> None:
    actor = begun(problem)
    logits, _ = actor.opened(seen(problem))
    np.testing.assert_array_equal(logits, OPEN)
    assert jax.grad(lambda logit: jax.nn.sigmoid(logit))(jnp.asarray(OPEN, dtype=jnp.float32)) < 1e-12


def test_a_gated_policy_from_disk_decides_the_same(fixed: Problem, tmp_path: Path) -> None:
    actor = begun(fixed)
    saved_actor(actor, fixed, {}).write(tmp_path / "mine.zip")
    (again,) = saved_policies(tmp_path, fixed).values()
    first, _ = actor(seen(fixed), None, key=KEY)
    second, _ = again(seen(fixed), None, key=KEY)
    np.testing.assert_array_equal(first.order, second.order)


def test_the_derivative_of_a_gate_is_the_difference_of_both_ways() -> None:
    # One gate is tried: the expected cost is p A + (1 - p) B, whatever the network.
    fixed = dataclasses.replace(
        with_fixed_cost(), horizon=2, criterion="finite_horizon_total_cost", warm_up=0
    )
    smooth, codec = in_fractions(fixed), action_codec(fixed, "continuous")
    encoder = plain_encoder(fixed)
    start = begin(game(smooth), begun(fixed), smooth.start(16), jnp.zeros(2, dtype=jnp.uint32))
    scene = scene_of(smooth, Beginnings(encoder, start), 2, 16, restarts=0.0, most_cells=10**6)
    actor = begun(fixed).learning()
    trial = Trial((0,), 1, 1)
    tries = trial.draws(KEY, scene, entropy=0.0, softness=1.0)
    priced = Loss(EXPECTED_COST, 2, scene.scale, None, None)

    def loss(bias: jax.Array) -> tuple[jax.Array, Moving]:
        last = actor.network.biases[-1].at[1, 0].add(bias)
        moved = dataclasses.replace(actor.network, biases=(*actor.network.biases[:-1], last))
        mine = dataclasses.replace(actor, network=moved)
        root = jnp.asarray([1, 2], dtype=jnp.uint32)
        return gated_cost(mine, scene, scene.first, root, tries, trial, priced)

    slope = eqx.filter_jit(jax.value_and_grad(loss, has_aux=True))
    ((low, _), _), ((_, end), middle), ((high, _), _) = (
        slope(jnp.asarray(each)) for each in (-0.01, 0.0, 0.01)
    )
    np.testing.assert_allclose(middle, (high - low) / 0.02, rtol=2e-2)
    assert abs(float(middle)) > 1e-3 and len(codec.slots) == 1
    # Paths go on from one of both plays.
    assert jax.tree.structure(end) == jax.tree.structure(scene.first)
    assert end.state.on_hand.shape == scene.first.state.on_hand.shape


def test_an_order_up_to_rule_orders_at_its_reorder_point_and_not_beyond(problem: Problem) -> None:
    encoder, codec = plain_encoder(problem), action_codec(problem, "continuous")
    network = Mlp.create((encoder.width, 4, 2), KEY, last=0.0)
    actor = OrderUpToActor.create(problem, encoder, codec, network)
    observation = seen(problem)
    upper, lower = actor.effective(np.asarray(actor.levels(observation)))[:, 0, 0]
    assert upper > lower
    for position, amount in ((lower, upper - lower), (lower - 2, upper - lower + 2), (lower + 1, 0.0)):
        there = jnp.full_like(observation.inventory_position, float(position))
        found = actor.decided(dataclasses.replace(observation, inventory_position=there))
        np.testing.assert_array_equal(found[0], amount)


@pytest.mark.slow
@pytest.mark.parametrize(("structure", "most"), [("quantity", 0.01), ("order_up_to", 0.02)])
def test_it_comes_near_the_optimum_with_a_fixed_cost(fixed: Problem, structure: str, most: float) -> None:
    best = certify_problem(fixed, max_bytes=2**30, max_seconds=60.0).value
    settings = {"updates": 400, "paths": 128, "structure": structure}
    found = learn(fixed, "pathwise", key=KEY, settings=settings)
    cost = value_of(fixed, found.policy, replications=50, seed=1).mean
    assert best is not None and -1e-6 <= cost / best - 1 < most
    assert len(levels_of(fixed, found.policy, key=KEY)) == (2 if structure == "order_up_to" else 0)
