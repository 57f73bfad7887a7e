"""What an exact solution is made of: rows, the transition on them, its split, components, and decisions looked up."""

import dataclasses
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.decision import Observation, Policy, Problem, game, simulate
from basestock.dynamics import Decision, Step, canonical
from basestock.evaluation import play
from basestock.network import Limit
from basestock.optimal.mdp import (
    NotMarkovError,
    NotWholeError,
    TooLargeError,
    analysis,
    evaluate_exactly,
    optimize,
)
from basestock.optimal.mdp.analysis import analyze
from basestock.optimal.mdp.components import Component
from basestock.optimal.mdp.first_box import first_box, wider
from basestock.optimal.mdp.kernel import Kernel, phases_of
from basestock.optimal.mdp.layout import Layout, names_of, whole_numbers
from basestock.optimal.mdp.lookup import loaded_optimal, saved_optimal
from basestock.optimal.mdp.pieces import list_problem
from basestock.optimal.mdp.samples import Samples
from basestock.optimal.mdp.structure import varying_entries
from basestock.policies import BaseStock, from_parameters
from basestock.policies.saved import read_policy
from basestock.problems import lost_sales
from basestock.problems.assembly import assembly_dqn_2025
from basestock.problems.dual_sourcing import dual_sourcing
from basestock.problems.perishable import perishable_two_class
from basestock.uncertainty import Discrete
from basestock.uncertainty.support import event_support
from tests.optimal.small import DEMAND, box_of, losing, waiting


def base_stock(level: float) -> BaseStock:
    return BaseStock(jnp.full((1, 1, 1), float(level)))


def _kernel(problem: Problem) -> Kernel:
    support = event_support(problem.uncertainty, problem.network)
    closing, opening = phases_of(problem, support)
    layout = Layout(canonical(problem.start(1)))
    return Kernel(problem, closing.joint(), opening.joint(), period=0, layout=layout)


def test_rows_are_states_and_states_are_rows() -> None:
    layout = Layout(canonical(losing(2).start(1)))
    names = names_of(layout.template)
    assert "on_hand[0, 0]" in names
    width = layout.width
    assert len(names) == width
    rows = np.random.default_rng(0).integers(0, 9, (5, width)).astype(np.float32)
    # What is under way in all is the sum of its parts and no entry of its own.
    rows[:, [at for at, name in enumerate(names) if name.startswith("in_transit")]] = 0
    states = layout.states(jnp.asarray(rows), jnp.asarray(0, dtype=jnp.int32))
    np.testing.assert_array_equal(np.asarray(layout.rows(states)), rows)
    due = rows[:, [at for at, name in enumerate(names) if name.startswith("due")]].sum(1)
    np.testing.assert_array_equal(np.asarray(states.in_transit)[0, 0], due)


def test_a_fraction_or_a_flood_is_no_row() -> None:
    assert whole_numbers(np.array([[1.0, 32_767.0]])).dtype == np.int16
    for wrong in (0.5, 32_768.0):
        with pytest.raises(NotWholeError, match="must be a whole number of at most 32,767"):
            whole_numbers(np.array([[wrong]]))


def _seen(_: None, step: Step) -> tuple[None, dict[str, jax.Array]]:
    outcome = step.outcome
    names = ("demand", "closing", "lost", "received")
    return None, {name: getattr(outcome, name)[0, 0] for name in names} | {"order": step.decision.order[0, 0]}


def test_the_kernel_moves_as_the_simulator_decision_by_decision() -> None:
    """SIM-809: the same demand and orders give the same stock and money in every period of a simulated path."""
    problem = losing(2)
    kernel = _kernel(problem)
    path = simulate(
        game(problem), base_stock(7), problem.start(1), key=jax.random.key(2), num_periods=40, fold=_seen, initial=None
    ).traced  # fmt: skip
    seen = {name: np.asarray(leaf)[:, 0] for name, leaf in path.items()}
    stock = kernel.names.index("on_hand[0, 0]")
    asked = kernel.closing.leaves["market"][:, 0, 0, 0].tolist()
    row = kernel.opened[0]
    assert len(row) == 1
    for period in range(39):
        event = np.array([asked.index(seen["demand"][period])])
        moves = kernel(row, np.array([[seen["order"][period]]], dtype=np.int16), event)
        row = moves.rows
        assert row[0, stock] == seen["closing"][period] + seen["received"][period + 1]
        assert moves.money[0] == pytest.approx(seen["closing"][period] + 9 * seen["lost"][period])
        assert kernel.positions(row)[0, 0] == row.sum()
    assert seen["lost"].sum() > 0 and seen["order"].max() > 0


@pytest.mark.slow
def test_a_pipeline_is_carried_and_stock_is_mixed_with_chance() -> None:
    problem = losing(3)
    (process,) = list_problem(problem, box_of(problem, max_order=4, max_position=9)).processes
    structure, names = process.structure, process.kernels[0].names
    assert [names[at].split("[")[0] for at in structure.mixed] == ["on_hand"]
    carried = [names[at].split("[")[0] for at in structure.carried]
    assert carried == ["due", "due"]
    assert sorted(kind for kind, _ in structure.source) == ["control", "entry"]
    assert (len(structure.inner), structure.inner_controls, structure.outer_money) == (1, (), False)
    # Pipelines of two orders that fit the box, each with every stock that fits beside them.
    pairs = [(first, other) for first in range(5) for other in range(5) if first + other <= 9]
    assert len(process.carried) == len(pairs)
    assert process.num_states == sum(10 - sum(pair) for pair in pairs)
    for phase in process.phases:
        np.testing.assert_allclose(phase.chances.sum(1), 1.0, atol=1e-12)


def test_a_fixed_cost_is_money_of_the_control_alone() -> None:
    problem = lost_sales(lead_time=3, fixed_order_cost=5.0)
    problem = dataclasses.replace(problem, uncertainty=losing(3).uncertainty)
    (process,) = list_problem(problem, box_of(problem, max_order=4, max_position=9)).processes
    assert process.structure.outer_money
    cost = process.phases[0].outer_cost
    assert cost is not None
    np.testing.assert_allclose(cost, np.broadcast_to(5.0 * (process.decisions.sum(1) > 0), cost.shape))


def test_what_arrives_before_the_next_demand_counts_as_stock() -> None:
    """With lead time 1 nothing but the net stock matters: 6 units in stock, or 4 and 2 under way, are one state."""
    problem = losing(1)
    (process,) = list_problem(problem, box_of(problem, max_order=4, max_position=9)).processes
    assert (process.num_states, process.carried.shape[1]) == (10, 0)


def _pair(limits: tuple[Limit, ...] = (), horizon: int = 3) -> Problem:
    problem = assembly_dqn_2025(
        consumption=(1, 2), demand=(0.5, 0.5), lead_times=((1.0,), (0.5, 0.5)), horizon=horizon
    )
    return dataclasses.replace(problem, network=dataclasses.replace(problem.network, limits=limits))


@pytest.mark.slow
@pytest.mark.requirement("E-09")
def test_components_are_solved_apart_and_a_shared_limit_ties_them() -> None:
    free = optimize(_pair())
    assert len(free.solved) == 2
    # Both components are asked for together, and still their costs add up.
    assert evaluate_exactly(_pair(), free.policy(_pair())).value == pytest.approx(free.value, abs=1e-5)
    tied = _pair((Limit("network", "units", 4.0),))
    box = box_of(tied, max_order=4, max_position=12, min_position=-14)
    assert [len(analyze(each, box).parts) for each in (_pair(), tied)] == [2, 1]


def test_a_wider_box_reaches_further_but_for_rules() -> None:
    box = first_box(waiting(1))
    wide = wider(box)
    assert (wide.max_order > box.max_order).all() and (wide.max_position > box.max_position).all()
    assert (wide.min_position < box.min_position).all()
    ruled = wider(dataclasses.replace(box, rule_order=box.max_order.astype(float)))
    np.testing.assert_array_equal(ruled.max_order, box.max_order)


def test_demand_beyond_all_stock_is_one_outcome() -> None:
    """Values 5 and 20 empty a store of at most 4 units alike: their mean stands for both, the optimum is the same."""
    law = Discrete((0.0, 1.0, 5.0, 20.0), (0.3, 0.4, 0.2, 0.1))
    problem = losing(1, law=law)
    box = box_of(problem, max_order=4, max_position=4)
    (process,) = list_problem(problem, box).processes
    values = np.unique(process.kernels[0].closing.leaves["market"][:, 0, 0, 0])
    np.testing.assert_allclose(values, [0.0, 1.0, 10.0])
    low = optimize(problem, box=box, tolerance=1e-9)
    assert evaluate_exactly(problem, low.policy(problem)).value == pytest.approx(low.value, abs=1e-6)


@lru_cache
def _examples() -> dict[str, Problem]:
    return {
        "lost sales": losing(2),
        "dual sourcing": dual_sourcing(),
        "first in, first out": perishable_two_class(fifo_share=1.0),
        "last in, first out": perishable_two_class(fifo_share=0.0, std=4.0, max_inventory_position=15),
        "assembly on a horizon": _pair(horizon=6),
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["lost sales", "dual sourcing", "first in, first out", "last in, first out", "assembly on a horizon"],
)
def test_decisions_looked_up_cost_the_optimum_played_and_evaluated(name: str, tmp_path: Any) -> None:
    """Fails by chance once in 100,000 runs: 4.5 standard errors of the simulated mean."""
    problem = _examples()[name]
    found = optimize(problem, tolerance=1e-8)
    policy = found.policy(problem)
    exact = evaluate_exactly(problem, policy)
    assert exact.value == pytest.approx(found.value, rel=2e-6, abs=1e-6)
    path = tmp_path / "best"
    saved_optimal(policy, problem, {"value": found.value}).write(path)
    loaded = loaded_optimal(read_policy(path), problem)
    totals = play(problem, loaded, replications=64, seed=5).totals
    error = 4.5 * totals.std(ddof=1) / np.sqrt(len(totals)) + 1e-6 * abs(found.value)
    assert abs(totals.mean() - found.value) < error
    assert problem.sign * totals.mean() > problem.sign * found.value - error


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("base_stock", {"base_stock_level": 6}),
        ("capped_base_stock", {"base_stock_level": 8, "cap": 3}),
        ("order_up_to", {"reorder_point": 2, "order_up_to_level": 7}),
        ("fixed_quantity", {"reorder_point": 3, "order_quantity": 4}),
        ("periodic_order_up_to", {"review_period": 3, "order_up_to_level": 9}),
    ],
)
def test_an_exact_value_lies_in_the_interval_of_a_simulation(name: str, parameters: dict[str, float]) -> None:
    """(R, S) is a chain of three phases. Fails by chance once in 100,000 runs a policy."""
    problem = losing(2)
    policy = from_parameters(problem, name, parameters)
    exact = evaluate_exactly(problem, policy)
    totals = play(
        dataclasses.replace(problem, warm_up=60, horizon=600), policy, replications=64, seed=4
    ).totals
    assert abs(totals.mean() - exact.value) < 4.5 * totals.std(ddof=1) / 8
    assert exact.num_classes == 1


class Remembering(Policy):
    """Orders what it ordered before."""

    def init(self, observation: Observation) -> Any:
        return jnp.zeros(observation.in_transit.shape)

    def __call__(self, observation: Observation, memory: Any, *, key: jax.Array) -> tuple[Decision, Any]:
        return Decision(order=memory), memory


class Chasing(Policy):
    """Orders the last demand again."""

    def __call__(self, observation: Observation, memory: Any, *, key: jax.Array) -> tuple[Decision, Any]:
        assert observation.last_demand is not None
        return Decision(order=jnp.zeros(observation.in_transit.shape) + observation.last_demand), memory


def test_policies_that_look_beyond_the_state_are_refused() -> None:
    with pytest.raises(
        NotMarkovError, match="the policy Remembering has a memory, must decide by the state alone"
    ):
        evaluate_exactly(losing(1), Remembering())
    with pytest.raises(NotMarkovError, match="the policy Chasing looks at the last demand, must decide by"):
        evaluate_exactly(losing(1), Chasing())


def test_a_policy_that_reaches_too_many_states_is_refused_with_the_numbers() -> None:
    with pytest.raises(
        TooLargeError,
        match=r"states, must be at most 3,000,000 states and 20 combinations of state and event",
    ):
        evaluate_exactly(losing(1), base_stock(6), max_links=20)
    with pytest.raises(TooLargeError, match="must be at most 2 states"):
        evaluate_exactly(losing(1), base_stock(6), max_states=2)


@pytest.mark.parametrize("criterion", ["finite_horizon_total_cost", "discounted_cost"])
def test_a_horizon_and_a_discount_by_hand(criterion: str) -> None:
    """Nothing is ordered, 3 units are there and one is asked for in every period: 2, 1, 0, then 9 a period lost."""
    problem = losing(1, law=Discrete((1.0,), (1.0,)))
    start = dataclasses.replace(problem.initial_state, on_hand={("store", "item"): 3.0})
    problem = dataclasses.replace(
        problem, initial_state=start, criterion=criterion, horizon=5, warm_up=0, discount=0.5
    )
    costs = [2.0, 1.0, 0.0, 9.0, 9.0]
    expected = sum(0.5**period * cost for period, cost in enumerate(costs))
    assert evaluate_exactly(problem, base_stock(0)).value == pytest.approx(expected)
    best = optimize(problem)
    assert best.value <= expected
    # The first order arrives before period 1: one unit is asked for in each of periods 3 and 4, and none is held.
    assert best.value == pytest.approx(2.0 + 0.5 * 1.0)
    assert evaluate_exactly(problem, best.policy(problem)).value == pytest.approx(best.value)


@pytest.mark.slow
def test_what_is_already_there_at_the_start_counts() -> None:
    """The listed states hold the declared start wherever it stands among them."""
    values = []
    for stock in (0.0, 2.0, 7.0):
        problem = losing(1)
        start = dataclasses.replace(problem.initial_state, on_hand={("store", "item"): stock})
        problem = dataclasses.replace(
            problem, initial_state=start, criterion="finite_horizon_total_cost", horizon=4, warm_up=0
        )
        best = optimize(problem, box=box_of(problem, max_order=6, max_position=12))
        assert evaluate_exactly(problem, best.policy(problem)).value == pytest.approx(best.value)
        values.append(best.value)
    assert len({round(value, 6) for value in values}) == 3
    assert values[1] < values[0]


def test_demand_is_the_law() -> None:
    kernel = _kernel(losing(1))
    assert kernel.probabilities.tolist() == pytest.approx(list(DEMAND.probabilities))


@pytest.mark.slow
def test_parts_that_meet_after_all_are_solved_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Walks that never see two items compete must not make an optimum of a problem that has no such parts."""
    problem = perishable_two_class(mean=2.0, std=1.5, max_inventory_position=8)
    known = optimize(problem).value

    def torn(samples: Samples) -> list[Component]:
        """Return each entry as a component of its own, as too few samples might."""
        entries = varying_entries(samples)
        controls = tuple(range(samples.controls.shape[1]))
        return [Component(tuple(entries[:1]), controls), *(Component((each,), ()) for each in entries[1:])]

    monkeypatch.setattr(analysis, "components_of", torn)
    found = optimize(problem)
    assert found.value == pytest.approx(known, rel=1e-6)
    assert len(found.solved) == 1


@pytest.mark.slow
def test_lots_that_are_rarely_met_count() -> None:
    """Temizöz et al. 2025, doi:10.48550/arXiv.2011.15122: 86.7311 (their log)."""
    problem = perishable_two_class(shelf_life=4, std=4.0, max_inventory_position=19)
    assert optimize(problem).value == pytest.approx(86.7311, abs=6e-5)
