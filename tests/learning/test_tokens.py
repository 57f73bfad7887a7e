"""Networks that all slots share: what they read has no units, where they begin, and that they serve other problems."""

import dataclasses
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from basestock.decision import Problem
from basestock.economics import make_tariff
from basestock.envs import action_codec
from basestock.evaluation.certificates import certify_problem, value_of
from basestock.learning import learn, loaded_actor, saved_actor, saved_policies
from basestock.learning.actors import QuantityActor
from basestock.learning.attention import Attention
from basestock.learning.gates import GatedActor
from basestock.learning.networks import Mlp
from basestock.learning.projection import StockMoments
from basestock.learning.saved import kind_of
from basestock.learning.settings import SettingError
from basestock.learning.structures import BaseStockActor
from basestock.learning.tokens import TokenEncoder
from basestock.learning.warm_start import warm_start
from basestock.policies import Newsvendor
from basestock.problems import lost_sales, make_problem
from basestock.problems.item_catalog import drawn_items, item_catalog
from tests.learning.conftest import seen

KEY = jax.random.key(0)


def actor_of(problem: Problem, form: Any = QuantityActor, kind: Any = Mlp, last: float = 0.0) -> Any:
    codec = action_codec(problem, "continuous")
    encoder = TokenEncoder.for_problem(problem, codec)
    network = kind.create((encoder.width, 4, form.heads), KEY, last=last)
    return form.create(problem, encoder, codec, network)


@pytest.fixture(scope="module")
def catalog() -> Problem:
    return item_catalog(num_items=2, longest_lead_time=2, shortest_lead_time=2)


@pytest.mark.slow
def test_a_slot_of_a_catalog_reads_what_its_item_alone_reads(catalog: Problem) -> None:
    together = actor_of(catalog).encoder(seen(catalog))
    for at, item in enumerate(drawn_items(2, 0, lead_times=(2, 2))):
        alone = item.problem()
        np.testing.assert_allclose(
            together[:, at], actor_of(alone).encoder(seen(alone))[:, 0], rtol=1e-4, atol=1e-5
        )


def test_no_unit_of_money_is_read(problem: Problem) -> None:
    dear = dataclasses.replace(problem, tariff=make_tariff(problem.network, holding=50.0, lost_sale=200.0))
    cheap = dataclasses.replace(problem, tariff=make_tariff(problem.network, holding=1.0, lost_sale=4.0))
    one, other = (actor_of(each).encoder(seen(each)) for each in (dear, cheap))
    np.testing.assert_allclose(one, other, rtol=1e-5)


@pytest.mark.parametrize("kind", [Mlp, Attention])
def test_it_begins_as_a_base_stock_at_every_place(catalog: Problem, kind: type) -> None:
    actor, observation = actor_of(catalog, kind=kind), seen(catalog)
    level = np.asarray(Newsvendor.for_problem(catalog).base_stock_level)[0, :2, 0]
    short = level - np.asarray(observation.inventory_position)[0, :2, 0]
    order = np.asarray(actor.decided(observation))[:, 0]
    np.testing.assert_allclose(order, np.round(short), atol=1.0)


def test_levels_are_told_nothing_of_stock(catalog: Problem) -> None:
    actor, observation = actor_of(catalog, BaseStockActor, last=1.0), seen(catalog)
    fuller = dataclasses.replace(
        observation,
        on_hand=observation.on_hand + 5.0,
        inventory_level=observation.inventory_level + 5.0,
        inventory_position=observation.inventory_position + 5.0,
    )
    np.testing.assert_array_equal(actor.levels(observation), actor.levels(fuller))
    level = np.asarray(Newsvendor.for_problem(catalog).base_stock_level)[0, :2, 0]
    begun = actor_of(catalog, BaseStockActor).levels(observation)
    np.testing.assert_allclose(begun[0, :, 0], level, rtol=1e-4)


def test_gates_begin_shut_at_the_level_and_open_below_it() -> None:
    fixed = lost_sales(lead_time=1, lost_sale_cost=4.0, fixed_order_cost=5.0)
    actor, observation = actor_of(fixed, GatedActor), seen(fixed)
    full = dataclasses.replace(observation, inventory_position=observation.inventory_position + 40.0)
    assert (actor.opened(observation)[0] > 0).all() and (actor.opened(full)[0] < 0).all()
    free = lost_sales(lead_time=1, lost_sale_cost=4.0)
    assert (actor_of(free, GatedActor).opened(seen(free))[0] > 20).all()


@pytest.mark.slow
def test_attention_knows_no_order_of_slots() -> None:
    network = Attention.create((3, 4, 1), KEY, last=1.0)
    inputs = jnp.asarray(np.random.default_rng(0).normal(size=(3, 4, 2)), dtype=jnp.float32)
    turned = network(inputs[:, ::-1])[:, ::-1]
    np.testing.assert_allclose(network(inputs), turned, rtol=1e-4, atol=1e-5)
    alone = network(inputs[:, :1])
    assert not np.allclose(alone, network(inputs)[:, :1], atol=1e-3)
    again = Attention.of_arrays(network.arrays("mine_"), "mine_")
    np.testing.assert_array_equal(network(inputs), again(inputs))


def test_the_stock_on_arrival_is_near_its_mean() -> None:
    """One period of Poisson demand of mean 5 on a stock of 6: E[(6 - D)+], exactly, and by two moments."""
    problem = lost_sales(lead_time=1, lost_sale_cost=4.0, mean=5.0)
    moments = StockMoments.for_problem(problem)
    mean, deviation = moments.on_arrival(jnp.full((1, 1, 1), 6.0), jnp.zeros((3, 1, 1, 1)))
    left, masses = np.maximum(6.0 - np.arange(60), 0.0), stats.poisson.pmf(np.arange(60), 5.0)
    exact = (left * masses).sum()
    assert float(mean[0, 0, 0]) == pytest.approx(exact, rel=0.03)
    assert float(deviation[0, 0, 0]) == pytest.approx(np.sqrt((left**2 * masses).sum() - exact**2), rel=0.1)


def test_a_shared_policy_serves_another_problem_and_a_flat_one_does_not(
    catalog: Problem, problem: Problem, actor: QuantityActor, tmp_path: Path
) -> None:
    shared = actor_of(catalog, last=1.0)
    saved_actor(shared, catalog, {}).write(tmp_path / "mine.zip")
    again: Any = saved_policies(tmp_path, problem)["mine"]
    assert kind_of(again) == "shared"
    expected = actor_of(problem, last=1.0).decided(seen(problem))
    np.testing.assert_array_equal(again.decided(seen(problem)), expected)
    saved_actor(actor, problem, {}).write(tmp_path / "flat.zip")
    assert list(saved_policies(tmp_path, catalog)) == ["mine"]
    begun = warm_start(
        *(problem, str(tmp_path), QuantityActor, (4,), "shared"), key=KEY, seconds=1.0, by_clock=True
    )
    np.testing.assert_array_equal(begun.decided(seen(problem)), expected)


def test_what_is_read_must_be_what_was_learned_on(catalog: Problem) -> None:
    saved = saved_actor(actor_of(catalog), catalog, {})
    old = dataclasses.replace(saved, facts={**saved.facts, "inputs": saved.facts["inputs"][1:]})
    with pytest.raises(ValueError, match="it reads lot, gated_level"):
        loaded_actor(old, catalog)


def test_a_policy_is_imitated_by_a_flat_network_only(problem: Problem) -> None:
    with pytest.raises(SettingError, match="network is 'shared', must be 'flat'"):
        warm_start(
            *(problem, "base_stock", QuantityActor, (4,), "shared"), key=KEY, seconds=1.0, by_clock=True
        )


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["shared", "attention"])
def test_one_policy_for_a_catalog_comes_near_the_optimum_of_an_unseen_item(kind: str) -> None:
    catalog = item_catalog(num_items=12, longest_lead_time=2, demand="poisson", horizon=200, warm_up=50)
    settings = {"network": kind, "updates": 150, "paths": 64}
    found = learn(catalog, "pathwise", key=KEY, settings=settings)
    item = drawn_items(1, 99, lead_times=(2, 2), kinds=("poisson",))[0].problem()
    policy = loaded_actor(saved_actor(found.policy, catalog, {}), item)
    best = certify_problem(item, max_bytes=2**30, max_seconds=60.0).value
    cost = value_of(item, policy, replications=50, seed=1).mean
    assert best is not None and cost is not None and -1e-6 <= cost / best - 1 < 0.03


@pytest.mark.slow
@pytest.mark.requirement("E-28")
def test_what_was_learned_on_similar_items_saves_the_first_updates_of_a_new_one(tmp_path: Path) -> None:
    """Before its first update it costs less than a network that begins with nothing after some."""
    catalog = item_catalog(num_items=12, longest_lead_time=2, demand="poisson", horizon=200, warm_up=50)
    settings = {"network": "shared", "paths": 64}
    found = learn(catalog, "pathwise", key=KEY, settings={**settings, "updates": 150})
    saved_actor(found.policy, catalog, {}).write(tmp_path / "catalog.zip")
    item = drawn_items(1, 99, lead_times=(2, 2), kinds=("poisson",))[0].problem()
    new, warm = (
        learn(item, "pathwise", key=KEY, settings={**settings, "updates": 20, **more}).curve
        for more in ({}, {"begin_with": str(tmp_path)})
    )
    begun = warm[0].values["cost"]
    early = [point.values["cost"] for point in new if point.update <= 4]
    assert len(early) > 1 and begun < min(early)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pharmacy", "beer_game", "dual_sourcing"])
def test_every_kind_of_place_is_read_in_finite_numbers(name: str) -> None:
    settings = {"pharmacy": {"num_items": "4", "num_hospitals": "2", "num_warehouses": "1"}}
    problem = make_problem(name, settings.get(name, {}))
    actor = actor_of(problem)
    inputs = actor.encoder(seen(problem))
    assert np.isfinite(inputs).all() and inputs.shape[:2] == (actor.encoder.width, len(actor.codec.slots))
