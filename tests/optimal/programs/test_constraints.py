"""A test for each constraint: the plan costs in the simulator what the program says, and the rule is kept."""

import jax
import numpy as np
import pytest

from basestock.optimal.programs import ProgramModel, network_program, replay
from tests.optimal.programs.networks import MORE, NETWORKS, planned

QUICK = (
    "stock_balance",
    "backorders_balance",
    "order_minimum",
    "capacity",
    "lane_open",
    "brackets",
    "ordering",
)
"""Networks that are played in every run; the others take longer together."""


def _names(names):
    return [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in names]


def _played(name):
    problem, events = planned(name)
    program = network_program(problem, events)
    result = program.solve()
    # Operation by operation: these networks share the small programs of each, where whole paths would not.
    with jax.disable_jit():
        return program, result, replay(result.plan, problem, events)


@pytest.mark.parametrize("name", _names([*NETWORKS, *MORE]))
def test_a_plan_costs_in_the_simulator_what_the_program_says(name):
    program, result, played = _played(name)
    assert played.total == pytest.approx(result.objective, rel=1e-5, abs=1e-4)
    if name in NETWORKS:
        assert name in program.model.groups
    if played.outcome.repaired is not None:
        assert np.abs(np.asarray(played.outcome.repaired)).sum() == 0.0
    planned_orders = result.plan.order
    ordered = np.asarray(played.outcome.ordered)[..., 0]
    np.testing.assert_allclose(
        ordered[:, : planned_orders.shape[1], : planned_orders.shape[2]], planned_orders, atol=1e-4
    )


BINDING = ("order_minimum", "order_maximum", "full_vehicles", "order_limit", "order_count", "minimum_value", "capacity",
           "lane_open", "contract_floor", "soft_limit", "storage", "hours", "order_change", "ordering")  # fmt: skip


@pytest.mark.parametrize("name", BINDING)
def test_without_its_constraint_the_program_promises_too_much(name, monkeypatch):
    problem, events = planned(name)
    kept = network_program(problem, events).solve().objective
    constrain = ProgramModel.constrain

    def all_but_one(self, group, *args, **options):
        if group != name:
            constrain(self, group, *args, **options)

    monkeypatch.setattr(ProgramModel, "constrain", all_but_one)
    assert network_program(problem, events).solve().objective < kept - 1e-6


@pytest.mark.parametrize("name", ["ordering", "order_minimum", "brackets", "shortage", "sales_greedily"])
def test_a_relaxation_is_a_lower_bound_with_duals(name):
    problem, events = planned(name)
    whole = network_program(problem, events).solve()
    relaxed = network_program(problem, events, relaxed=True).solve()
    assert relaxed.objective <= whole.objective + 1e-6
    assert relaxed.solved.duals
    assert relaxed.program.model.num_whole == 0
