"""Ranking packs by return, and choosing those that a budget funds: against every possible choice."""

from itertools import accumulate, pairwise, product
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basestock.operations import block_search
from basestock.operations.selection import rank_blocks, select_within_budget

blocks = st.tuples(st.integers(0, 60), st.integers(-30, 60)).map(
    lambda pair: (float(pair[0]), float(pair[1]))
)
lines = st.lists(st.lists(blocks, max_size=4), max_size=5).map(
    lambda many: [(f"L{at}", line) for at, line in enumerate(many)]
)


def prefixes(line):
    costs = [0.0, *accumulate(cost for cost, _ in line)]
    return list(zip(costs, [0.0, *accumulate(gain for _, gain in line)], strict=True))


def best_of_all(many, budget: float) -> float:
    """Try every number of packs of every line."""
    choices = product(*(prefixes(line) for _, line in many))
    totals = (tuple(map(sum, zip((0.0, 0.0), *choice, strict=True))) for choice in choices)
    return max(gain for cost, gain in totals if cost <= budget)


def random_lines(num_lines: int, num_packs: int, seed: int):
    draw = np.random.default_rng(seed)
    many = []
    for at in range(num_lines):
        cost = round(float(draw.lognormal(3, 1)), 2)
        gains = np.sort(draw.exponential(size=num_packs))[::-1] * cost * 0.2 - 0.05 * cost
        minimum = int(draw.integers(1, num_packs))
        first = (round(cost * minimum, 2), float(gains[:minimum].sum()))
        many.append((f"L{at}", [first, *((cost, float(gain)) for gain in gains[minimum:])]))
    return many


# Choosing


def test_packs_with_the_highest_return_come_first():
    many = [("A", [(10.0, 9.0), (10.0, 2.0)]), ("B", [(10.0, 5.0), (10.0, 4.0)])]
    chosen = select_within_budget(many, 30.0)
    assert (chosen.chosen, chosen.spent, chosen.gain) == ({"A": 1, "B": 2}, 30.0, 18.0)
    assert (chosen.proven, chosen.gap, chosen.gap_percent) == (True, 0.0, 0.0)


def test_minimum_is_taken_whole_or_not():
    many = [("A", [(60.0, 30.0)]), ("B", [(50.0, 24.0), (50.0, 20.0)])]
    chosen = select_within_budget(many, 100.0)
    assert (chosen.chosen, chosen.gain, chosen.proven) == ({"A": 0, "B": 2}, 44.0, True)
    assert chosen.lp_bound == pytest.approx(30.0 + 0.48 * 40.0)
    assert chosen.gap_percent == pytest.approx(100 * 5.2 / 49.2)


def test_block_that_loses_is_taken_for_the_one_behind_it():
    assert select_within_budget([("A", [(10.0, -1.0), (10.0, 9.0)])], 20.0).chosen == {"A": 2}
    assert select_within_budget([("A", [(10.0, -1.0), (10.0, 9.0)])], 19.0).chosen == {"A": 0}


def test_packs_that_lose_are_left_even_when_money_is_not_short():
    chosen = select_within_budget([("A", [(10.0, 5.0), (10.0, -1.0)])], inf)
    assert (chosen.chosen, chosen.spent, chosen.proven) == ({"A": 1}, 10.0, True)


def test_free_packs_are_funded_by_no_money():
    chosen = select_within_budget([("A", [(0.0, 5.0), (3.0, 1.0)])], 0.0)
    assert (chosen.chosen, chosen.spent) == ({"A": 1}, 0.0)


def test_a_budget_pays_for_what_adds_up_to_it():
    chosen = select_within_budget([("A", [(0.1, 1.0)]), ("B", [(0.2, 1.0)])], 0.3)
    assert chosen.chosen == {"A": 1, "B": 1}


def test_dear_runs_are_counted_too():
    many = [("A", [(4e11, 5.0)]), ("B", [(5e11, 6.0)]), ("C", [(6e11, 6.5)])]
    assert select_within_budget(many, 1e12).chosen == {"A": 1, "B": 0, "C": 1}


def test_no_lines_choose_nothing():
    chosen = select_within_budget([], 10.0)
    assert (chosen.chosen, chosen.gain, chosen.gap_percent) == ({}, 0.0, 0.0)


def test_line_without_blocks_is_kept_at_nothing():
    assert select_within_budget([("A", []), ("B", [(1.0, 1.0)])], 1.0).chosen == {"A": 0, "B": 1}


@given(lines, st.integers(0, 300).map(float))
def test_small_choices_are_the_best_there_are(many, budget):
    chosen = select_within_budget(many, budget)
    assert chosen.proven
    assert chosen.gain == pytest.approx(best_of_all(many, budget), abs=1e-6)
    assert chosen.spent <= budget
    assert chosen.lp_bound >= chosen.gain


@given(lines, st.integers(0, 300).map(float), st.integers(0, 100).map(float))
def test_more_money_never_gains_less(many, budget, more):
    assert select_within_budget(many, budget).gain <= select_within_budget(many, budget + more).gain + 1e-9


@given(lines, st.integers(0, 300).map(float))
def test_report_is_of_what_was_chosen(many, budget):
    chosen = select_within_budget(many, budget)
    taken = [prefixes(line)[chosen.chosen[name]] for name, line in many]
    assert chosen.spent == pytest.approx(sum(cost for cost, _ in taken))
    assert chosen.gain == pytest.approx(sum(gain for _, gain in taken))


@given(lines, st.integers(0, 300).map(float), st.sampled_from([0.01, 100.0]))
def test_currency_changes_nothing(many, budget, rate):
    other = [(name, [(cost * rate, gain * rate) for cost, gain in line]) for name, line in many]
    gain = select_within_budget(many, budget).gain
    assert select_within_budget(other, budget * rate).gain == pytest.approx(gain * rate, abs=1e-6)


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5])
def test_many_lines_are_best_or_next_to_the_bound(share):
    many = random_lines(num_lines=500, num_packs=12, seed=7)
    budget = share * sum(cost for _, line in many for cost, _ in line)
    chosen = select_within_budget(many, budget)
    assert chosen.spent <= budget
    assert chosen.proven or chosen.gap_percent < 0.02


@pytest.mark.parametrize("seed", range(8))
def test_repair_agrees_with_a_table_over_every_budget(seed):
    """The textbook recursion over whole amounts of money, which shares nothing with the search."""
    draw = np.random.default_rng(seed)
    costs, gains = draw.integers(1, 40, (40, 5)), draw.normal(4.0, 6.0, (40, 5)).round(3)
    many = [
        (f"L{at}", list(zip(costs[at].astype(float).tolist(), gains[at].tolist(), strict=True)))
        for at in range(40)
    ]
    table = np.zeros(401)
    for _, line in many:
        spends = prefixes(line)
        table = np.array(
            [
                max(table[money - int(cost)] + gain for cost, gain in spends if cost <= money)
                for money in range(401)
            ]
        )
    for budget in (37, 150, 400):
        chosen = select_within_budget(many, float(budget))
        assert chosen.proven
        assert chosen.gain == pytest.approx(table[budget])


def test_same_lines_give_the_same_choice():
    many = random_lines(num_lines=200, num_packs=6, seed=1)
    assert select_within_budget(many, 3000.0) == select_within_budget(many, 3000.0)


def test_search_that_is_cut_short_says_so(monkeypatch):
    many = random_lines(num_lines=60, num_packs=6, seed=3)
    proven = select_within_budget(many, 2000.0)
    monkeypatch.setattr(block_search, "MAX_SEARCHED_LINES", 1)
    cut = select_within_budget(many, 2000.0)
    assert (proven.proven, cut.proven) == (True, False)
    assert cut.gain <= proven.gain <= cut.lp_bound
    monkeypatch.setattr(block_search, "MAX_SEARCHED_LINES", 100)
    monkeypatch.setattr(block_search, "MAX_STATES", 1)
    assert not select_within_budget(many, 2000.0).proven


@pytest.mark.parametrize("budget", [-1.0, nan])
def test_budget_that_is_none_is_refused(budget):
    with pytest.raises(ValueError, match="must be >= 0; leave it infinite"):
        select_within_budget([], budget)


@pytest.mark.parametrize("block", [(-1.0, 2.0), (nan, 2.0), (1.0, inf)])
def test_block_that_is_none_names_its_line(block):
    with pytest.raises(ValueError, match="line 'B' has a block of cost"):
        select_within_budget([("A", [(1.0, 1.0)]), ("B", [(1.0, 1.0), block])], 10.0)


def test_line_that_comes_twice_is_refused():
    with pytest.raises(ValueError, match="line 'A' comes more than once"):
        rank_blocks([("A", []), ("A", [])])


# Ranking


def test_ranking_is_by_return_and_cumulated():
    ranking = rank_blocks([("A", [(48.0, 24.0), (12.0, 3.0)]), ("B", [(10.0, 4.0), (10.0, -1.0)])])
    assert ranking.line.tolist() == [0, 1, 0]
    assert ranking.return_per_currency.tolist() == [0.5, 0.4, 0.25]
    assert ranking.cumulative_cost.tolist() == [48.0, 58.0, 70.0]
    assert ranking.cumulative_gain.tolist() == [24.0, 28.0, 31.0]


def test_packs_that_only_pay_together_are_one_block():
    ranking = rank_blocks([("A", [(10.0, 1.0), (10.0, 1.0), (5.0, 8.0)]), ("B", [(1.0, 0.3)])])
    assert list(zip(ranking.line.tolist(), ranking.first.tolist(), ranking.last.tolist(), strict=True)) == [
        (0, 1, 3),
        (1, 1, 1),
    ]
    assert ranking.cost.tolist() == [25.0, 1.0]


@given(lines)
def test_returns_fall_and_every_block_gains(many):
    ranking = rank_blocks(many)
    assert all(earlier >= later for earlier, later in pairwise(ranking.return_per_currency.tolist()))
    assert (ranking.gain > 0).all()


@given(lines)
def test_blocks_of_a_line_follow_each_other(many):
    ranking = rank_blocks(many)
    for line in range(len(many)):
        mine = ranking.line == line
        assert ranking.first[mine].tolist() == [1, *(ranking.last[mine] + 1).tolist()][: mine.sum()]
