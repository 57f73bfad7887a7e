"""System E: its table, its codec, what is seen, and its exact values."""

import dataclasses
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.decision import JointIndex, Observation, Policy, Problem, game, simulate
from basestock.dynamics import Decision, PeriodOutcome, Step
from basestock.economics import Sums, Totals, TotalsFold, make_tariff, sums_of
from basestock.evaluation import kpi_estimates, play
from basestock.optimal.mdp import evaluate_exactly, optimize
from basestock.policies import BaseStock, CappedBaseStock
from basestock.problems import make_problem
from basestock.problems.assembly import assembly_dqn_2025
from basestock.problems.instances import Instance, read_instances
from basestock.problems.plants import assembly_coupled
from basestock.uncertainty import World

INSTANCES = Path(__file__).resolve().parents[2].parent / "shared" / "benchmarks" / "instances.json"
needs_instances = pytest.mark.skipif(
    not INSTANCES.exists(), reason="the shared benchmark instances are not beside the repository"
)
COMPONENT_3: dict[str, Any] = {"consumption": (1,), "lead_times": ((0.1, 0.6, 0.3),)}


@pytest.mark.requirement("E-01")
def test_the_property_sheet_is_the_table() -> None:
    problem = assembly_dqn_2025()
    kit = problem.uncertainty.kits["product"]
    assert dict(kit.contents) == {"component 1": 3, "component 2": 2, "component 3": 1}
    values, masses = kit.law.support()  # type: ignore[union-attr]
    assert dict(zip(values.tolist(), masses.round(6).tolist(), strict=True)) == {1: 0.2, 2: 0.5, 3: 0.3}
    laws = [dict(lane.lead_time_law(lane.items[0])) for lane in problem.network.lanes]  # type: ignore[index]
    assert laws == [{1: 0.3, 2: 0.5, 3: 0.2}, {1: 0.3, 2: 0.4, 3: 0.3}, {1: 0.1, 2: 0.6, 3: 0.3}]
    rates = {
        name: float(np.max(getattr(problem.tariff, name)))
        for name in ("holding", "backorder", "zero_stock", "unit_order")
    }
    assert rates == {"holding": 0.5, "backorder": 62, "zero_stock": 50, "unit_order": 1}
    assert (problem.horizon, problem.known.value) == (50, 3790.331)  # type: ignore[union-attr]


@pytest.mark.requirement("E-05")
def test_both_action_ranges_and_the_printed_action() -> None:
    full, short = (assembly_dqn_2025(action_range=name).action_map for name in ("full", "short"))
    assert isinstance(full, JointIndex) and isinstance(short, JointIndex)
    assert (full.num_actions, full.sizes, short.num_actions) == (5320, (28, 19, 10), 4374)
    assert short.decode(jnp.asarray([1769]))[:, 0].tolist() == [10, 16, 5]
    assert all(
        short.encode(tuple(map(int, short.decode(jnp.asarray([k]))[:, 0]))) == k for k in range(0, 4374, 97)
    )
    with pytest.raises(ValueError, match="must be whole numbers from 0"):
        short.encode((27, 0, 0))


def _keep(_: None, step: Step) -> tuple[None, dict[str, jax.Array]]:
    outcome = step.outcome
    waiting = outcome.backorders
    return None, {
        "net": (outcome.closing - waiting)[0], "closing": outcome.closing[0], "waiting": waiting[0],
        "demand": outcome.demand[0], "received": outcome.received.sum(0), "ordered": outcome.ordered.sum(0),
    }  # fmt: skip


def _play(
    problem: Problem, levels: list[float], events: Any = None, count: int = 64
) -> dict[str, np.ndarray]:
    policy = BaseStock(jnp.asarray(levels, dtype=jnp.float32)[None, :, None])
    path = simulate(
        game(problem, events), policy, problem.start(count), key=jax.random.key(3), num_periods=problem.horizon,
        fold=_keep, initial=None,
    )  # fmt: skip
    return {name: np.asarray(leaf) for name, leaf in path.traced.items()}


class Watched(eqx.Module):
    """Sums of a path, and what is kept of each period."""

    totals: TotalsFold

    def __call__(self, sums: Totals, step: Step) -> tuple[Totals, dict[str, jax.Array]]:
        return self.totals(sums, step)[0], _keep(None, step)[1]


@pytest.fixture(scope="module")
def watched() -> tuple[dict[str, np.ndarray], Sums]:
    """The printed instance under base stock (32, 23, 12), with a fixed cost of 7 per order beside the four terms."""
    problem = assembly_dqn_2025()
    fixed = make_tariff(problem.network, fixed_order=7.0).fixed_order
    problem = dataclasses.replace(problem, tariff=dataclasses.replace(problem.tariff, fixed_order=fixed))
    fold = Watched(TotalsFold(problem.arrays, problem.tariff, jnp.asarray(1.0), problem.ledger, 1))
    levels = np.zeros((problem.arrays.num_nodes, problem.arrays.num_items, 1), dtype=np.float32)
    levels[0, :3, 0] = (32, 23, 12)
    path = simulate(
        game(problem), BaseStock(jnp.asarray(levels)), problem.start(REPLICATIONS), key=jax.random.key(3),
        num_periods=50, fold=fold, initial=fold.totals.initial(REPLICATIONS),
    )  # fmt: skip
    traced = {name: np.asarray(leaf)[:, :3] for name, leaf in path.traced.items()}
    return traced, sums_of(path.folded, problem.arrays, problem.tariff, problem.ledger, 1.0)


REPLICATIONS = 1000


@pytest.mark.slow
@pytest.mark.requirement("E-02")
def test_components_share_the_demand_and_are_short_each_for_itself(watched) -> None:
    found = watched[0]
    np.testing.assert_array_equal(found["demand"][:, 0], 3 * found["demand"][:, 2])
    np.testing.assert_array_equal(found["demand"][:, 1], 2 * found["demand"][:, 2])
    np.testing.assert_array_equal(found["net"], found["received"].cumsum(0) - found["demand"].cumsum(0))
    assert (found["received"][0] == 0).all()


@pytest.mark.slow
@pytest.mark.requirement("E-03")
def test_cost_is_what_the_net_stock_and_the_orders_say(watched) -> None:
    found, sums = watched
    net, ordered = found["net"], found["ordered"]
    expected = {
        "holding": 0.5 * np.maximum(net, 0),
        "backorder": 62 * np.maximum(-net, 0),
        "zero_stock": 50 * (net == 0),
        "unit_order": ordered,
        "fixed_order": 7 * (ordered > 0),
    }
    assert set(sums.money) == set(expected)
    for name, money in expected.items():
        np.testing.assert_allclose(sums.money[name], money.sum((0, 1)), rtol=1e-6)
    # The benchmark file has the exact cost of these levels without the fixed cost.
    total = sum(money for name, money in sums.money.items() if name != "fixed_order")
    assert abs(total.mean() - 3872.1) < 4.5 * total.std() / np.sqrt(REPLICATIONS)


@pytest.mark.slow
@pytest.mark.requirement("E-10")
def test_service_availability_fill_and_stockouts_as_defined(watched) -> None:
    found, sums = watched
    net, kpis = found["net"], kpi_estimates(sums)
    assert kpis["joint_availability"].mean == pytest.approx((net.min(1) >= 0).mean())
    assert kpis["component_availability"].mean == pytest.approx((net >= 0).mean())
    by_component = sums.totals["available_periods"][0, :3].mean(-1) / 50
    np.testing.assert_allclose(by_component, (net >= 0).mean((0, 2)))
    stockouts = 50 - sums.totals["joint_periods"]
    np.testing.assert_array_equal(stockouts, (net.min(1) < 0).sum(0))
    np.testing.assert_array_equal(sums.totals["shortage_periods"][0, :3], (net < 0).sum(0))
    waiting, demand = found["waiting"], found["demand"]
    new = np.minimum(waiting, demand)
    assert kpis["fill_rate"].mean == pytest.approx(1 - new.sum() / demand.sum())
    # From empty stock nothing can arrive in the first period: no policy reaches more than 95.01 % of the periods.
    assert 0.92 < kpis["joint_availability"].mean < 0.9501


class TwoOrders(Policy):
    """One unit of each component in the first period, two in the second: binary digits that tell them apart."""

    def __call__(self, observation: Observation, memory: Any, *, key: jax.Array) -> tuple[Decision, Any]:
        units = jnp.where(observation.period < 2, observation.period + 1.0, 0.0)
        return Decision(
            order=units * observation.network.lane_active * jnp.ones(observation.in_transit.shape)
        ), memory


@pytest.mark.slow
@pytest.mark.requirement("E-02")
def test_any_numbers_of_components_with_their_laws_and_orders_that_cross() -> None:
    """SIM-508: four components, demand of 1 to 4, lead times of 1 to 5 periods, drawn apart for each order."""
    shares, laws = (
        (0.1, 0.2, 0.3, 0.4),
        np.array([[0.2] * 5, [0, 0, 0.5, 0, 0.5], [1, 0, 0, 0, 0], [0.9, 0, 0, 0, 0.1]]),
    )
    problem = assembly_dqn_2025(
        consumption=(1, 2, 3, 5), demand=shares, lead_times=tuple(map(tuple, laws.tolist())), horizon=7
    )
    count = 4000
    path = simulate(
        game(problem), TwoOrders(), problem.start(count), key=jax.random.key(8), num_periods=7, fold=_keep, initial=None
    )  # fmt: skip
    demand, received = (np.asarray(path.traced[name])[:, :4] for name in ("demand", "received"))
    np.testing.assert_array_equal(demand, demand[:, :1] * np.array([1, 2, 3, 5])[:, None])
    found = np.array([(demand[:, 0] == value).mean() for value in (1, 2, 3, 4)])
    assert np.abs(found - shares).max() < 4.5 * 0.5 / np.sqrt(7 * count)
    first, second = received % 2 == 1, received >= 2
    np.testing.assert_array_equal(first.sum(0), 1)
    np.testing.assert_array_equal(second.sum(0), 1)
    at = np.arange(1, 6)[:, None, None]
    early, late = first[1:6] * 1.0, second[2:7] * 1.0
    assert (early.sum(0) == 1).all() and (late.sum(0) == 1).all()
    joint = np.einsum("acr,bcr->cab", early, late) / count
    expected = laws[:, :, None] * laws[:, None, :]
    assert np.abs(joint - expected).max() < 4.5 * 0.5 / np.sqrt(count)
    crossed = ((early * at).sum(0) > (late * at).sum(0) + 1).mean(-1)
    assert (crossed[[0, 1, 3]] > 0.05).all() and crossed[2] == 0


@pytest.mark.requirement("E-04")
def test_the_published_observation_hides_what_is_on_order() -> None:
    seen: dict[str, Any] = {}
    for name in ("markov", "stock"):
        problem = assembly_dqn_2025(observation=name)
        state = problem.start(1)
        state = dataclasses.replace(
            state, outstanding=state.outstanding + 2.0, in_transit=state.in_transit + 6.0
        )
        last = PeriodOutcome(opening=state.on_hand)
        observe = problem.information.observe
        seen[name], _ = observe(problem.arrays, state, World(), last, None, key=jax.random.key(0))
    assert seen["markov"].outstanding is not None and float(seen["markov"].on_order.sum()) > 0
    assert seen["stock"].outstanding is None and float(seen["stock"].on_order.sum()) == 0
    assert float(seen["stock"].in_transit.sum()) == 0


@pytest.mark.slow
@pytest.mark.requirement("E-04", "E-10")
@pytest.mark.parametrize(
    ("observation", "levels", "largest", "cost", "service"),
    [
        ("markov", (32, 21, 12), (1e6, 1e6, 1e6), 3880, 0.929),
        # Who sees the stock alone orders the same units again and again: here at most max_i, as the agent may.
        ("stock", (26, 19, 10), (27, 18, 9), 4640, 0.930),
    ],
)
def test_order_up_to_rules_reach_their_cost_and_service(
    observation: str, levels: tuple[float, ...], largest: tuple[float, ...], cost: float, service: float
) -> None:
    """Known to the printed digit: cost to 10 units, service to 0.1 %."""
    problem = assembly_dqn_2025(observation=observation)
    table = np.zeros((2, problem.arrays.num_nodes, problem.arrays.num_items, 1), dtype=np.float32)
    table[:, 0, :3, 0] = levels, largest
    played = play(problem, CappedBaseStock(*jnp.asarray(table)), replications=4000, seed=1)
    error = 4.5 * played.totals.std() / np.sqrt(len(played.totals))
    assert abs(played.totals.mean() - cost) < error + 5
    assert kpi_estimates(played.sums[0])["joint_availability"].mean == pytest.approx(service, abs=0.002)


@pytest.mark.slow
@pytest.mark.requirement("E-09")
def test_the_third_component_has_the_exact_optimum() -> None:
    problem = assembly_dqn_2025(**COMPONENT_3)
    found = optimize(problem)
    assert found.value == pytest.approx(719.061, abs=0.001)
    assert (found.shown, found.boundary_share) == (True, 0.0)
    played = evaluate_exactly(problem, found.policy(problem))
    assert played.value == pytest.approx(found.value, abs=0.001)


def _alone(record: Instance, component: int) -> Problem:
    """The system of one component of a record."""
    parameters = dict(record.record["parameters"]) | {"components": 1}
    for name in ("consumption", "lead_time", "max_order", "initial_stock"):
        parameters[name] = [parameters[name][component]]
    return Instance(record.id, record.family, {**record.record, "parameters": parameters}).problem()


# Every whole record is solved by tests/published/test_instances.py.
RECORDS = ("seed004", "lead-time-2")


@pytest.mark.slow
@pytest.mark.requirement("E-09")
@needs_instances
@pytest.mark.parametrize("name", RECORDS)
def test_every_component_of_every_record_has_its_exact_optimum(name: str) -> None:
    """Solved together the system separates: the components are the same as solved alone."""
    (record,) = (each for each in read_instances(INSTANCES) if each.id == f"assembly_random_lead_time/{name}")
    known = record.record["verified"]
    whole = optimize(record.problem())
    assert whole.value == pytest.approx(known["value"], abs=0.001)
    assert len(whole.solved) == 3
    for component in (1, 2):
        alone = optimize(_alone(record, component))
        assert alone.value == pytest.approx(known["by_component"][component], abs=0.001)


@pytest.mark.slow
@pytest.mark.requirement("E-18")
def test_with_one_component_the_coupled_system_is_the_separable_one() -> None:
    """SIM-814: a path of assembly to order is the path of the component alone."""
    lead_times = ((0.1, 0.6, 0.3),)
    single = assembly_dqn_2025(consumption=(1,), lead_times=lead_times, horizon=30)
    coupled = assembly_coupled(consumption=(1,), lead_times=lead_times, horizon=30)
    kits = dict(single.uncertainty.kits)
    asked = dataclasses.replace(kits["product"], contents={"product": 1.0})
    same = dataclasses.replace(coupled.uncertainty, demand={}, kits={"product": asked})
    one, other = _play(single, [12]), _play(dataclasses.replace(coupled, uncertainty=same), [12, 0])
    np.testing.assert_array_equal(one["closing"][:, 0], other["closing"][:, 0])
    np.testing.assert_array_equal(one["waiting"][:, 0], other["waiting"][:, 1])


@pytest.mark.slow
@pytest.mark.requirement("E-18")
def test_net_of_what_waits_every_component_follows_the_separable_path() -> None:
    single = assembly_dqn_2025(horizon=30)
    coupled = assembly_coupled(horizon=30)
    asked = dataclasses.replace(single.uncertainty.kits["product"], contents={"product": 1.0})
    same = dataclasses.replace(coupled.uncertainty, demand={}, kits={"product": asked})
    one = _play(single, [32, 21, 12])
    other = _play(dataclasses.replace(coupled, uncertainty=same), [32, 21, 12, 0])
    use = np.array([3, 2, 1])[None, :, None]
    np.testing.assert_array_equal(one["net"], other["closing"][:, :3] - use * other["waiting"][:, 3:])
    assert ((other["waiting"][:, 3] > 0) <= (one["net"].min(1) < 0)).all()


def test_settings_as_text() -> None:
    problem = make_problem(
        "assembly_dqn_2025", {"consumption": "2,1", "lead_times": "0.5,0.5;1.0", "horizon": "9"}
    )
    assert [lane.lead_time for lane in problem.network.lanes] == [{1: 0.5, 2: 0.5}, 1]
    assert problem.known is None and problem.horizon == 9


@pytest.mark.slow
@needs_instances
def test_every_record_of_the_family_is_a_problem() -> None:
    records = [each for each in read_instances(INSTANCES) if each.family == "assembly_random_lead_time"]
    problems = [record.problem() for record in records]
    assert len(problems) == 6 and all(not record.wrong for record in records)
    by_name = {problem.name.split("/")[1]: problem for problem in problems}
    assert by_name["T20"].horizon == 20 and by_name["discount-0.96"].discount == 0.96
    assert by_name["lead-time-2"].network.lanes[0].lead_time == 2
    for record, problem in zip(records, problems, strict=True):
        assert problem.known is not None and problem.known.value == record.record["verified"]["value"]
    bad = dataclasses.replace(
        records[0],
        record={**records[0].record, "parameters": {**records[0].record["parameters"], "max_order": [27]}},
    )
    assert bad.wrong == ["parameter 'max_order' is [27], must have 3 entries. Correct the record."]
