"""Programs over HiGHS: what they answer, and how they refuse."""

import numpy as np
import pytest

from basestock.optimal.programs import InfeasibleError, ProgramError, ProgramModel, UnboundedError
from basestock.optimal.programs.linear import Linear


def _knapsack(*, whole: bool = True) -> tuple[ProgramModel, Linear]:
    model = ProgramModel("knapsack")
    taken = model.variables(
        "taken", (3,), high=1.0, whole=whole, label=lambda flat: ("map", "rope", "tent")[flat]
    )
    model.constrain("weight", (taken * np.array([2.0, 3.0, 4.0])).sum(), "<=", 6.0)
    model.minimize(taken * np.array([-3.0, -4.0, -6.0]))
    return model, taken


def test_a_small_program_is_solved_and_proven():
    model, taken = _knapsack()
    solved = model.solve()
    assert solved.status == "optimal"
    assert solved.objective == solved.bound == -9.0
    assert taken.at(solved.values).tolist() == [1.0, 0.0, 1.0]


def test_a_relaxation_has_duals_that_price_the_constraint():
    model, _ = _knapsack(whole=False)
    solved = model.solve()
    # One unit of weight more lets in another third of the rope: 4 / 3 of value.
    assert solved.duals["weight"] == pytest.approx([-4.0 / 3.0])
    assert solved.objective <= -9.0


def test_scipy_agrees():
    from scipy.optimize import LinearConstraint, milp

    found = milp([-3.0, -4.0, -6.0], constraints=LinearConstraint([[2, 3, 4]], -np.inf, 6), integrality=[1] * 3,
                 bounds=(0, 1))  # fmt: skip
    assert _knapsack()[0].solve().objective == pytest.approx(found.fun)


@pytest.mark.requirement("D-08")
def test_infeasible_programs_name_the_constraint_that_must_give_way():
    model, taken = _knapsack()
    model.constrain("must_take", taken, ">=", 1.0, label=lambda flat: ("map", "rope", "tent")[flat])
    with pytest.raises(InfeasibleError, match=r"'knapsack'.*weight by") as caught:
        model.solve()
    assert "weight" in caught.value.violations or "must_take" in caught.value.violations


def test_what_only_defines_a_quantity_is_blamed_last():
    model = ProgramModel("flow")
    inflow = model.variables("inflow", ())
    outflow = model.variables("outflow", ())
    model.constrain("balance", inflow - outflow, "==", 0.0, relaxable=False)
    model.constrain("capacity", inflow, "<=", 4.0)
    model.constrain("demand", outflow, ">=", 10.0)
    with pytest.raises(InfeasibleError) as caught:
        model.solve()
    assert "balance" not in caught.value.violations
    assert sum(caught.value.violations.values()) == pytest.approx(6.0)


def test_bounds_that_contradict_a_definition_are_explained():
    model = ProgramModel("bounds")
    number = model.variables("number", (), high=2.0)
    model.constrain("balance", number, "==", 5.0, relaxable=False)
    with pytest.raises(InfeasibleError, match=r"balance by 3"):
        model.solve()


def test_unbounded_programs_name_the_variable():
    model = ProgramModel("money machine")
    kept, made = (
        model.variables("kept", (), high=3.0),
        model.variables("made", (2,), label=lambda flat: f"day {flat}"),
    )
    model.minimize(kept)
    model.minimize(made * np.array([1.0, -1.0]))
    with pytest.raises(UnboundedError, match=r"'made\[day 1\]'"):
        model.solve()


@pytest.mark.parametrize(
    ("option", "value"), [("threads", 0), ("mip_rel_gap", -1.0), ("time_limit", 0.0), ("seed", -3)]
)
def test_options_out_of_range_are_refused(option, value):
    with pytest.raises(ProgramError, match=rf"{option} is {value}"):
        _knapsack()[0].solve(**{option: value})


def test_two_threads_and_another_seed_find_the_same():
    assert _knapsack()[0].solve(threads=2, seed=5).objective == _knapsack()[0].solve().objective


def test_a_warm_start_of_another_length_is_refused():
    with pytest.raises(ProgramError, match=r"2 values, must have 3"):
        _knapsack()[0].solve(warm_start=np.zeros(2))


@pytest.mark.parametrize("start", [[1.0, 0.0, 1.0], [np.nan, 1.0, np.nan], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
def test_any_warm_start_leads_to_the_same_optimum(start):
    assert _knapsack()[0].solve(warm_start=np.array(start)).objective == -9.0


def test_a_warm_start_is_the_answer_when_no_time_is_left():
    generator = np.random.default_rng(1)
    model = ProgramModel("large")
    taken = model.variables("taken", (300,), high=1.0, whole=True)
    for _ in range(40):
        model.constrain("weight", (taken * generator.uniform(1, 9, 300)).sum(), "<=", 300.0)
    model.minimize(taken * -generator.uniform(1, 9, 300))
    solved = model.solve(time_limit=1e-3, warm_start=np.zeros(300))
    assert solved.bound <= solved.objective <= 0.0


def test_a_program_without_variables_has_its_constant_as_value():
    model = ProgramModel("nothing")
    model.minimize(Linear.of(np.array(7.0)))
    assert model.solve().objective == 7.0


def test_slacks_say_how_far_constraints_are_from_binding():
    model, _ = _knapsack()
    assert model.slacks(np.array([1.0, 0.0, 0.0]))["weight"].tolist() == [4.0]
    assert model.slacks(np.array([1.0, 1.0, 1.0]))["weight"].tolist() == [-3.0]


def test_constraints_without_variables_are_dropped_where_they_hold_and_kept_where_not():
    model = ProgramModel("constants")
    model.constrain("holds", Linear.of(np.array([1.0, 2.0])), "<=", 2.0)
    assert model.num_constraints == 0
    model.constrain("fails", Linear.of(np.array([1.0, 3.0])), "<=", 2.0)
    assert model.num_constraints == 1
    with pytest.raises(InfeasibleError, match="fails by 1"):
        model.solve()


def test_an_lp_file_is_read_back_by_the_solver_with_the_same_optimum(tmp_path):
    import highspy

    model, _ = _knapsack()
    model.minimize(Linear.of(np.array(100.0)))
    model.write_lp(tmp_path / "new" / "knapsack.lp")
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.readModel(str(tmp_path / "new" / "knapsack.lp"))
    solver.run()
    assert solver.getInfo().objective_function_value == pytest.approx(91.0)
