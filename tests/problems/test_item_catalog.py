"""A catalog of items that share nothing: what is drawn, and that it costs the sum of its items."""

import jax
import numpy as np
import pytest

from basestock.learning.selection import costs_of
from basestock.policies import Newsvendor, money_at_stake
from basestock.problems import make_problem
from basestock.problems.item_catalog import LAWS, drawn_items, item_catalog


def test_items_lie_in_their_ranges_and_have_all_laws_in_turn() -> None:
    items = drawn_items(48, 3, lead_times=(2, 5), ratios=(0.8, 0.9), means=(3.0, 4.0))
    assert {item.lead_time for item in items} == {2, 3, 4, 5}
    assert all(0.8 <= item.critical_ratio <= 0.9 and 2.99 <= item.law.mean <= 4.01 for item in items)
    assert [item.kind for item in items[:4]] == [*LAWS, LAWS[0]]
    assert drawn_items(2, 3) == drawn_items(3, 3)[:2] != drawn_items(2, 4)


def test_the_money_of_an_item_says_its_critical_ratio() -> None:
    problem = item_catalog(num_items=5, seed=1)
    underage, overage = money_at_stake(problem)
    wanted = [item.critical_ratio for item in drawn_items(5, 1)]
    np.testing.assert_allclose((underage / (underage + overage))[0, :5], wanted, rtol=1e-5)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lowest_mean": "4", "highest_mean": "3"}, r"mean from 4.0 to 3.0, must be a range"),
        ({"highest_ratio": "1"}, r"ratio from 0.5 to 1.0, must be a range from low to high, ratios between"),
        ({"demand": "normal"}, "must be one of mixed, poisson"),
    ],
)
def test_wrong_ranges_are_named(settings: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_problem("item_catalog", settings)


@pytest.mark.slow
def test_a_catalog_costs_the_sum_of_its_items() -> None:
    """Means over 40 000 periods each; 4.5 standard errors: a false alarm in 150 000 keys."""
    key = jax.random.key(0)
    whole = item_catalog(num_items=3, horizon=400)
    together = costs_of(whole, Newsvendor.for_problem(whole), key, paths=100)
    alone = [
        costs_of(one := item.problem(horizon=400), Newsvendor.for_problem(one), key, paths=100)
        for item in drawn_items(3, 0)
    ]
    total = sum(each.mean() for each in alone)
    error = np.sqrt((together.var() + sum(each.var() for each in alone)) / 100)
    assert abs(together.mean() - total) < 4.5 * error
