"""Gymnasium's own checker and the promises of the environments: seeds, truncation, legends, mappings."""

import itertools
import warnings

import gymnasium
import jax.numpy as jnp
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import basestock as bs
import basestock.envs as envs
from basestock.envs.functional import make_environment
from basestock.envs.registration import build
from basestock.problems import FAMILIES

SMALL = {"horizon": 5}


QUICK = {("lost_sales", "continuous"), ("invmgmt/serial_trend_seasonal_lost", "multi_discrete")}
"""Families that are checked in every run; programs of the others add up."""


def _checked() -> list[object]:
    """Check every family with both kinds of actions."""
    return [
        pytest.param(*case, marks=[] if case in QUICK else [pytest.mark.slow])
        for case in itertools.product(sorted(FAMILIES), ("continuous", "multi_discrete"))
    ]


@pytest.mark.parametrize(("family", "actions"), _checked())
@pytest.mark.requirement("C-16")
def test_the_checker_finds_nothing(family, actions):
    env = gymnasium.make(envs.environment_id(family), actions=actions, **SMALL)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env.unwrapped, skip_render_check=True)
    env.close()


@pytest.mark.slow
def test_the_checker_finds_nothing_in_dict_observations_and_one_index():
    env = envs.make("basestock/LostSales-v0", actions="discrete", observations="dict", **SMALL)
    check_env(env.unwrapped, skip_render_check=True)
    assert env.action_space.n == 41
    assert set(env.observation_space.spaces) >= {"on_hand", "due", "last_demand"}


def test_an_episode_is_truncated_at_the_horizon_and_never_terminated():
    env = envs.make("basestock/LostSales-v0", **SMALL)
    env.reset(seed=1)
    ends = [env.step(env.action_space.sample())[2:4] for _ in range(5)]
    assert ends == [(False, False)] * 4 + [(False, True)]


def test_a_seed_fixes_the_episode():
    env = envs.make("basestock/LostSales-v0", **SMALL)

    def episode(seed):
        first, _ = env.reset(seed=seed)
        return [first] + [env.step(np.array([0.0], dtype=np.float32))[0] for _ in range(4)]

    assert np.array_equal(episode(3), episode(3))
    assert not np.array_equal(episode(3), episode(4))


def test_the_next_episode_has_other_events():
    env = envs.make("basestock/LostSales-v0", **SMALL)

    def demands():
        return [env.step(np.array([0.0], dtype=np.float32))[0] for _ in range(4)]

    env.reset(seed=3)
    first = demands()
    env.reset()
    assert not np.array_equal(first, demands())


@pytest.mark.slow
def test_rewards_are_minus_the_ledger():
    env = envs.make("basestock/Backorder-v0", lead_time=1, **SMALL)
    env.reset(seed=0)
    for _ in range(5):
        _, reward, _, _, info = env.step(np.array([0.3], dtype=np.float32))
        assert reward == pytest.approx(-sum(info["terms"].values()), rel=1e-6)


def test_the_mapping_of_actions_is_stated_and_true():
    env = envs.make("basestock/LostSales-v0", lead_time=0, lost_sale_cost=1, **SMALL).unwrapped
    meaning = env.action_legend[0]
    assert (meaning["name"], meaning["unit"], meaning["high"]) == ("order", "unit", 20.0)
    assert env.environment.codec.quantities(jnp.array([[-1.0]])).tolist() == [[0.0]]
    assert env.environment.codec.quantities(jnp.array([[0.5]])).tolist() == [[15.0]]


def test_an_action_out_of_the_space_is_refused():
    env = envs.make("basestock/LostSales-v0", **SMALL).unwrapped
    env.reset(seed=0)
    for action in (
        np.array([2.0], dtype=np.float32),
        np.zeros(2, dtype=np.float32),
        np.array([np.nan], dtype=np.float32),
    ):
        with pytest.raises(ValueError, match="outside the action space"):
            env.step(action)


def test_shares_may_come_as_a_list_or_in_double_precision():
    env = envs.make("basestock/LostSales-v0", **SMALL).unwrapped
    ends = []
    for action in (np.array([0.5], dtype=np.float32), np.array([0.5]), [0.5]):
        env.reset(seed=0)
        ends.append(env.step(action)[0].tolist())
    assert ends[0] == ends[1] == ends[2]


def test_unknown_arguments_are_all_named():
    with pytest.raises(ValueError, match="'colour', 'size' unknown"):
        envs.make("basestock/LostSales-v0", colour=1, size=2)


def test_all_that_is_wrong_with_the_arguments_is_told_together():
    wrong = {
        "num_stores": 0, "demand_dist": "poison", "perish_rate": float("nan"), "lead_time": -1, "holding_cost": "a",
        "colour": 1, "actions": "any", "observations": 2, "largest_order": "b", "levels": 2.5, "decides": 5,
        "render_mode": "print", "horizon": 0,
    }  # fmt: skip
    with pytest.raises(ValueError, match=r"^basestock/InventoryManagement-v0: ") as caught:
        envs.make("basestock/InventoryManagement-v0", **wrong)
    text = str(caught.value)
    assert [name for name in wrong if f"{name} is " not in text] == ["colour"]
    assert "'colour' unknown" in text
    assert "did you mean 'poisson'?" in text


@pytest.mark.parametrize(
    "arguments",
    [
        {"num_stores": 1, "num_products": 1},
        {"demand_dist": "negative_binomial", "lead_time": 0, "perish_rate": 0},
        {"demand_dist": "normal", "perish_rate": 1},
    ],
)
@pytest.mark.requirement("C-16")
def test_the_example_of_stores_takes_other_values(arguments):
    problem, _ = build("inventory_management", {"num_stores": 2, "num_products": 3, **arguments})
    life = {(item.shelf_life, item.decay_rate) for item in problem.network.items}
    assert life == {{0: (None, None), 1: (1, None)}.get(arguments.get("perish_rate"), (None, 0.02))}
    laws = {problem.uncertainty.laws_at("store 1", "product 1")[0]}
    assert {law.mean for law in laws} == {10.0 if arguments.get("num_products") == 1 else 5.0}
    assert make_environment(problem).horizon == 365


@pytest.mark.slow
def test_a_picture_has_three_colors():
    env = envs.make("basestock/LostSales-v0", render_mode="rgb_array", **SMALL)
    env.reset(seed=0)
    picture = env.render()
    assert picture.dtype == np.uint8
    assert picture.ndim == 3
    assert picture.shape[2] == 3
    assert len(np.unique(picture)) > 10


def test_the_legend_names_every_number():
    env = envs.make("basestock/LostSales-v0", **SMALL).unwrapped
    assert len(env.observation_legend) == env.observation_space.shape[0]
    assert all(entry["unit"] for entry in env.observation_legend)


@pytest.mark.slow
def test_base_stock_through_the_environment_costs_what_evaluate_says():
    problem = bs.problems.lost_sales(lead_time=1, horizon=400)
    env = envs.make("basestock/LostSales-v0", lead_time=1, horizon=400).unwrapped
    names = [entry["name"] for entry in env.observation_legend]
    totals = []
    for seed in range(6):
        observation, _ = env.reset(seed=seed)
        total = 0.0
        for _ in range(400):
            position = sum(v for n, v in zip(names, observation, strict=True) if n in ("on_hand", "due"))
            quantity = np.array([max(0.0, 12.0 - position)])
            observation, reward, _, _, _ = env.step(env.environment.codec.encode(quantity))
            total -= reward
        totals.append(total / 400)
    policy = {"base": bs.policies.BaseStock(base_stock_level=jnp.full((1, 1, 1), 12.0))}
    report = bs.evaluate(problem, policy, replications=200)
    expected = report["base"].total
    assert np.mean(totals) == pytest.approx(
        expected.mean, abs=4 * np.std(totals) / np.sqrt(6) + expected.half_width
    )
