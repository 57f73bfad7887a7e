"""What takes longer of the assembly system: agents that are trained, and studies of optimal policies."""

import dataclasses
from pathlib import Path

import jax
import numpy as np
import pytest

from basestock.evaluation import paired, play
from basestock.evaluation.certificates import value_of
from basestock.learning import ALGORITHMS
from basestock.learning.actors import ChoiceActor
from basestock.learning.dqn import DqnConfig, _begun, _codec, _priced, train
from basestock.learning.experience import staged
from basestock.learning.local_search import LocalSearchActor
from basestock.learning.radial import Radial
from basestock.optimal.mdp import optimize
from basestock.problems import lost_sales
from basestock.problems.assembly import assembly_dqn_2025
from experiments import assembly_sensitivity, assembly_studies
from experiments.assembly_figures import STEP, curve
from experiments.assembly_sensitivity import COMPONENTS, elasticities, lead_time_study, policy_maps
from experiments.drawing import Sheets
from experiments.learners import settings_of
from experiments.registry import Options
from experiments.report import Table

FEW = Options(replications=64, seeds=2, budget_seconds=1.0)


def configured(name: str) -> DqnConfig:
    return ALGORITHMS["dqn"].configured(settings_of(name))


@pytest.mark.slow
@pytest.mark.requirement("E-06", "E-07")
def test_published_rewards_are_costs_and_heads_take_fewer_parameters() -> None:
    blind, key = assembly_dqn_2025(observation="stock"), jax.random.key(0)
    sizes = {}
    for name in ("assembly_dqn_published", "assembly_dqn"):
        config = configured(name)
        stage = staged(blind, _codec(blind, config), config, key)
        _, learner = _begun(stage, config, key)
        sizes[name] = sum(leaf.size for leaf in jax.tree.leaves(learner.network))
    assert sizes["assembly_dqn"] < 0.05 * sizes["assembly_dqn_published"]
    scene = _priced(stage, configured("assembly_dqn_published"), key)
    assert (float(scene.baseline), float(scene.scale)) == (0.0, 10_000.0)
    assert float(scene.discount) == pytest.approx(0.96)


@pytest.mark.slow
@pytest.mark.requirement("E-12")
def test_a_curve_shows_the_network_as_it_was() -> None:
    blind = assembly_dqn_2025(observation="stock", horizon=10)
    quick = {"updates": 20, "joint": 1, "hidden": [8], "learning_rate": STEP}
    found, result = curve(blind, 42, FEW, settings_of("assembly_dqn_published") | quick)
    assert list(found) == [10, 20] and result.updates == 20
    shown = [each.reward for each in found.values()]
    assert not np.array_equal(*shown) and found[20].orders.shape == (3,)


@pytest.mark.slow
@pytest.mark.requirement("E-15")
def test_the_ablation_of_ranges_tells_stockouts_orders_and_stability(monkeypatch: pytest.MonkeyPatch) -> None:
    ranges = {"too little": (2, 2, 1), "published": (27, 18, 9)}
    monkeypatch.setattr(assembly_studies, "RANGES", ranges)
    quick = {**settings_of("assembly_dqn"), "updates": 60}
    monkeypatch.setattr(assembly_studies, "settings_of", lambda name: quick)
    short, published = assembly_studies.ranges(FEW).rows
    # At most 2, 2 and 1 units against needs of 6.3, 4.2 and 2.1: always short, whatever is learned.
    assert float(short["stockouts"] or 0) > 24_000 > float(published["stockouts"] or 0)
    assert (
        float(short["units ordered in a period"] or 0)
        <= 5
        < float(published["units ordered in a period"] or 0)
    )
    assert short["+- over seeds"] is not None and float(short["curve, worst over last"] or 0) >= 1


@pytest.mark.slow
@pytest.mark.requirement("E-16")
def test_maps_and_elasticities_say_what_weights_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    component = COMPONENTS["component 3"]
    monkeypatch.setattr(assembly_sensitivity, "COMPONENTS", {"component 3": component})
    table = policy_maps("component 3", component)
    orders = {str(row["weights"]): np.array(list(row.values())[2:], float) for row in table.rows}
    assert len(orders) == 17 and all((np.diff(each) <= 0).all() for each in orders.values())
    assert (orders["shortage p x 10"] >= orders["as published"]).all()
    # Not at every stock: with a tenth of p, one unit more is the exact optimum at 6 in stock (9, else 8).
    usual, low, high, dear = (
        orders[name].sum()
        for name in ("as published", "shortage p x 0.1", "shortage p x 10", "holding h x 10")
    )
    assert low <= usual <= high and dear < usual
    # The optimum moves as the share of the term says: a concave function of each weight, of which it is the slope.
    (row,) = elasticities(dataclasses.replace(FEW, replications=4000)).rows
    optima = {str(each["weights"]): float(each["optimum"] or 0) for each in table.rows}
    base = optima["as published"]
    for told in assembly_sensitivity.WEIGHTS:
        share, error = float(row[told] or 0), 2 * float(row[f"{told} +-"] or 0)
        below, above = (optima[f"{told} x {factor}"] / base - 1 for factor in ("0.5", "2"))
        assert above - error <= share <= -below / 0.5 + error
    sheets = Sheets(tmp_path)
    assembly_sensitivity.draw_map(sheets, table)
    assert sheets.names == ["policy-map-component-3.png"]


@pytest.mark.slow
@pytest.mark.requirement("E-17")
def test_variance_of_a_lead_time_raises_stock_and_its_mean_the_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assembly_sensitivity, "COMPONENTS", {"component 3": COMPONENTS["component 3"]})
    table: Table = lead_time_study(dataclasses.replace(FEW, replications=2000))
    rows = {str(row["lead time"]): row for row in table.rows}

    def of(column: str, *names: str) -> np.ndarray:
        return np.array([rows[name][column] for name in names], float)

    more = "always 2", "1, 2, 3: 0.1, 0.8, 0.1", "1, 2, 3: alike", "1, 2, 3: 0.5, 0, 0.5"
    assert np.allclose(of("mean", *more), 2.0) and (np.diff(of("variance", *more)) > 0).all()
    # The exact optimum is not monotone in the variance: 640.8, 638.0, 648.6 and 617.8.
    assert (np.diff(of("average stock", *more)) > 0).all()
    longer = "always 1", "always 2", "always 3"
    assert not of("variance", *longer).any() and (np.diff(of("optimum", *longer)) > 0).all()


@pytest.mark.slow
@pytest.mark.requirement("E-07")
@pytest.mark.xfail(strict=True, reason="0.5 +- 0.6 cheaper, of about 850: the same")
def test_a_local_search_is_cheaper_than_the_greedy_choices_of_its_own_network() -> None:
    problem = assembly_dqn_2025(
        consumption=(2, 1), lead_times=((0.5, 0.5), (0.5, 0.5)), demand=(0.5, 0.5), horizon=10
    )
    config = DqnConfig(updates=100, hidden=(32,), search=True)
    found = train(problem, config, key=jax.random.key(0)).policy
    assert isinstance(found, LocalSearchActor)
    greedy = ChoiceActor(found.encoder, found.network, found.codec)
    totals = [play(problem, each, replications=4000, seed=6).totals for each in (found, greedy)]
    apart = paired(*totals)
    assert apart.mean is not None and apart.half_width is not None and apart.mean < -apart.half_width


@pytest.mark.slow
@pytest.mark.requirement("E-30")
def test_deep_q_learning_with_radial_units_is_within_five_percent_of_the_optimum() -> None:
    problem = lost_sales(lead_time=2, mean=3.0, lost_sale_cost=4.0)
    optimum = optimize(problem).value
    found = train(problem, DqnConfig(updates=400, network="radial"), key=jax.random.key(0))
    assert isinstance(found.policy.network, Radial)
    value = value_of(problem, found.policy, replications=200, seed=1).mean
    assert value is not None and value < 1.05 * optimum
