"""Families from text, with published values."""

import pytest

from basestock.policies import fit
from basestock.problems import FAMILIES, backorder, lost_sales, make_problem


def test_settings_come_as_text() -> None:
    problem = make_problem("lost_sales", {"lead_time": "3", "lost_sale_cost": "9", "demand": "geometric"})
    assert problem.parameters["lead_time"] == 3
    assert problem.known.value == 16.14


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("lost_sale", {}, "Did you mean 'lost_sales'"),
        ("lost_sales", {"leadtime": "2"}, "Did you mean 'lead_time'"),
        (
            "lost_sales",
            {"lead_time": "two"},
            r"'lead_time' of lost_sales is 'two', must be a int \(periods\)",
        ),
        ("lost_sales", {"demand": "gauss"}, "demand is 'gauss'"),
    ],
)
def test_wrong_settings_are_named(name: str, settings: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_problem(name, settings)


@pytest.mark.slow
def test_every_family_describes_itself() -> None:
    for family in FAMILIES.values():
        described = family.describe()
        assert all(parameter["unit"] for parameter in described["parameters"])
        assert described["source"]


def test_published_values_scale_with_the_cost_unit_and_only_match_their_cell() -> None:
    assert lost_sales(lead_time=1, holding_cost=2.0, lost_sale_cost=18.0).known.value == pytest.approx(
        2 * 5.44
    )
    assert lost_sales(lead_time=1, mean=4.0).known is None


@pytest.mark.slow
def test_tuned_reorder_points_reach_the_published_optimum() -> None:
    """(s, S) is optimal here: Zheng and Federgruen 1991, mean 10: 35.022."""
    tuned = fit(backorder(mean=10.0, horizon=2000), "order_up_to", seed=2)
    assert tuned.cost.mean - tuned.cost.half_width <= 35.022 * 1.003
    assert tuned.cost.mean + 3 * tuned.cost.half_width >= 35.022


@pytest.mark.slow
def test_without_fixed_cost_base_stock_is_optimal_in_closed_form() -> None:
    problem = backorder(lead_time=1, fixed_order_cost=0.0, mean=5.0)
    assert problem.known.certificate == "exact"
    tuned = fit(problem, "base_stock", seed=0)
    assert tuned.cost.mean == pytest.approx(problem.known.value, rel=0.01)
