"""Plants in simulation: queues, topologies, sampling plans."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import poisson

from basestock.decision import Problem, game, simulate
from basestock.dynamics import AUDITED, InitialState, Path, Step, residuals
from basestock.evaluation.run import play
from basestock.optimal.closed_form.acceptance_sampling import SamplingPlan
from basestock.policies import BaseStock, ConstantOrder
from basestock.problems import make_problem
from basestock.problems.acceptance_sampling import acceptance_sampling
from basestock.problems.electronics import electronics_network
from basestock.problems.plants import assembly_two_level, production_queue


@pytest.mark.slow
@pytest.mark.requirement("E-23")
@pytest.mark.parametrize(("arrivals", "success"), [(0.5, 1.0), (0.2, 0.25), (0.3, 0.6)])
def test_orders_wait_as_queueing_theory_says(arrivals: float, success: float) -> None:
    problem = production_queue(arrivals=arrivals, success=success, horizon=600, warm_up=400)
    policy = BaseStock(jnp.zeros((1, 1, 1)))
    totals = play(problem, policy, replications=400, seed=4).totals
    error = 4.5 * totals.std() / np.sqrt(len(totals))
    assert abs(totals.mean() - problem.known.value) < error  # type: ignore[union-attr]


@pytest.mark.requirement("E-23")
def test_in_short_periods_the_queue_is_that_of_memoryless_service() -> None:
    values = [production_queue(arrivals=0.8 * step, success=step).known.value for step in (0.1, 0.01, 0.001)]  # type: ignore[union-attr]
    assert values[-1] == pytest.approx(0.8 / 0.2, rel=0.001)
    assert values == sorted(values)


def _keep(worst: jax.Array, step: Step) -> tuple[jax.Array, dict[str, jax.Array]]:
    outcome = step.outcome
    return worst, {"lot": outcome.received[0, 0], "rejected": outcome.rejected[0, 0],
                   "share": step.event.defect_fraction[0, 0], "passed": outcome.defects_accepted[0, 0],
                   "found": outcome.defects_found[0, 0]}  # fmt: skip


@pytest.mark.slow
@pytest.mark.requirement("A-36")
@pytest.mark.parametrize("plan", [SamplingPlan(132, 3), SamplingPlan(20, 0), SamplingPlan(60, 0, 60, 2)])
def test_risks_in_the_plant_are_those_of_the_operating_characteristic(plan: SamplingPlan) -> None:
    problem = acceptance_sampling(
        sample_size=plan.sample_size, acceptance_number=plan.acceptance_number, bad_lots=0.5
    )
    second = dataclasses.replace(
        problem.network.inspections[0], second_sample_size=plan.second_sample_size,
        second_acceptance_number=plan.second_acceptance_number,
    )  # fmt: skip
    problem = dataclasses.replace(
        problem, network=dataclasses.replace(problem.network, inspections=(second,))
    )
    path = simulate(
        game(problem), ConstantOrder(jnp.full((1, 1, 1), 500.0)), problem.start(100), key=jax.random.key(0),
        num_periods=101, fold=_keep, initial=jnp.zeros(()),
    )  # fmt: skip
    found = {name: np.asarray(leaf) for name, leaf in path.traced.items()}
    for share in (0.01, 0.05):
        lots = (found["lot"] > 0) & np.isclose(found["share"], share)
        expected = 1 - float(plan.acceptance(share))
        error = 4.5 * np.sqrt(expected * (1 - expected) / lots.sum()) + 1e-9
        assert abs((found["rejected"][lots] > 0).mean() - expected) < error
    assert found["found"].sum() <= found["passed"].sum()
    # A bad lot that passes brings at least three times the defective units of a good one, and they come back.
    passed = (found["lot"] > 0) & (found["rejected"] == 0)
    good, bad = (found["passed"][passed & np.isclose(found["share"], share)] for share in (0.01, 0.05))
    assert len(bad) < 5 or bad.mean() > 3 * good.mean()
    assert found["found"].sum() > 0.9 * found["passed"][:-10].sum()
    good_lots = (found["lot"] > 0) & np.isclose(found["share"], 0.01)
    assert found["rejected"][good_lots].sum() > 0
    terms = {"inspection", "rejection", "warranty"}
    assert terms <= set(problem.ledger.names)


@pytest.fixture(scope="module")
def two_levels() -> tuple[Problem, Path, InitialState]:
    """Base stock from its levels; parts and screws for the first periods are there."""
    problem = assembly_two_level(horizon=60)
    start = InitialState(dict(zip((("plant", item) for item in ITEMS), LEVELS, strict=True)))
    fold = _Audit(problem)
    path = simulate(
        game(problem), BaseStock(jnp.asarray(LEVELS)[None, :, None]),
        start.compile(problem.network, problem.arrays, 64), key=jax.random.key(1), num_periods=60, fold=fold,
        initial=(jnp.zeros(len(AUDITED)), *jnp.zeros((3, 64))),
    )  # fmt: skip
    return problem, path, start


ITEMS, LEVELS = ("part", "screw", "module", "product"), (40.0, 75.0, 9.0, 8.0)


@pytest.mark.slow
@pytest.mark.requirement("B-02", "E-19")
def test_two_levels_conserve_material(two_levels) -> None:
    """SIM-201, SIM-207 and SIM-211 with produced and consumed units: parts on hand, in modules, products and sold."""
    path = two_levels[1]
    worst, bought, sold, _ = path.folded
    assert dict(zip(AUDITED, np.asarray(worst).tolist(), strict=True)) == dict.fromkeys(AUDITED, 0.0)
    state = path.end.state
    stock, runs = np.asarray(state.on_hand)[0], np.asarray(state.work_in_process).sum(0)
    kept = stock[0] + 2 * (stock[2] + runs[0]) + 2 * (stock[3] + runs[1]) + np.asarray(state.in_transit)[0, 0]
    there = LEVELS[0] + 2 * LEVELS[2] + 2 * LEVELS[3]
    np.testing.assert_array_equal(there + np.asarray(bought), kept + 2 * np.asarray(sold))
    assert np.asarray(sold).min() > 0


def _least_cost(periods: int, units: int, holding: float, shortage: float) -> float:
    """Newsvendor cost of a part on the demand for products over all periods until it is sold in one."""
    demand = np.arange(120)
    mass = poisson.pmf(demand, 3.0 * periods)
    left = np.arange(400)[:, None] - units * demand
    return float((mass * (holding * np.maximum(left, 0) + shortage * np.maximum(-left, 0))).sum(1).min())


@pytest.mark.slow
@pytest.mark.requirement("E-19")
def test_the_optimum_of_two_levels_lies_between_its_bounds(two_levels) -> None:
    """Each part alone, with the others always there, costs no more than its share of the money.

    A product on hand costs 1: 0.4 for its two parts and 0.6 for its four screws, which cost no less before they are in
    it; backorders of 30 are shared 12 to 18. A part that is ordered serves demand five periods later, a screw four.
    """
    lower = _least_cost(6, 2, 0.2, 12 / 2) + _least_cost(5, 4, 0.15, 18 / 4)
    cost = np.asarray(two_levels[1].folded[3]) / 60
    assert lower < cost.mean() - 3 * cost.std() / 8
    assert cost.mean() < 2.5 * lower


class _Audit(eqx.Module):
    """Residuals, parts bought, products sold and money, added up."""

    problem: Problem

    def __call__(self, carry: tuple, step: Step) -> tuple[tuple, None]:
        worst, bought, sold, spent = carry
        worst = jnp.maximum(worst, residuals(self.problem.arrays, step))
        outcome = step.outcome
        handed = outcome.sales + outcome.backorders_filled
        money = self.problem.ledger.by_term(self.problem.tariff, step).sum(0)
        return (worst, bought + outcome.shipped[0, 0], sold + handed[0, 3], spent + money), None


@pytest.mark.slow
@pytest.mark.requirement("E-20")
@pytest.mark.parametrize("name", ["star", "mesh"])
def test_topologies_serve_their_shops_by_name(name: str) -> None:
    problem = make_problem(name, {"horizon": "60"})
    levels = np.zeros((problem.arrays.num_nodes, problem.arrays.num_items, 1), dtype=np.float32)
    for position, node in enumerate(problem.network.nodes):
        levels[position] = [[0.0], [35.0]] if node.name.startswith("shop") else [[110.0], [25.0]]
    sums = play(problem, BaseStock(jnp.asarray(levels)), replications=8, seed=2).sums[0]
    assert sums.totals["sales"].sum() > 0.9 * sums.totals["demand"].sum()


@pytest.mark.slow
def test_the_electronics_network_has_25_nodes_and_two_stages() -> None:
    problem = electronics_network()
    supply = problem.uncertainty.supply
    assert supply is not None
    struck = [(each.kind, each.duration, each.start) for each in supply.disruptions]
    assert struck.count(("supplier delay", 10, None)) == 10
    assert struck.count(("demand surge", 7, None)) == 5
    assert struck[-1] == ("outage", 30, 180)
    restocked = problem.network.lanes[0]
    assert (min(restocked.lead_time), max(restocked.lead_time), restocked.max_extra_lead_time) == (5, 15, 10)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"lead_times is \(6, 2\), must be two numbers of days"):
        electronics_network(lead_times=(6, 2))
    assert len(problem.network.nodes) == 25
    assert problem.arrays.production is not None and problem.arrays.production.levels == 2
