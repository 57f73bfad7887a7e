"""Where the originals are wrong, the sound mode differs, and nowhere else."""

from functools import partial

import numpy as np
import pytest

from basestock.decision import Problem
from basestock.problems import FAMILIES, make_problem
from basestock.problems.or_gym import inventory_management, network_management, newsvendor
from basestock.problems.or_gym.replay import Trajectory, replay


def line(mode: str, orders: list[list[float]], demand: float = 20.0, unmet: str = "backorder") -> Trajectory:
    market = np.zeros((len(orders), 3))
    market[:, 0] = demand
    return replay(lambda: inventory_management(mode=mode, unmet=unmet), np.array(orders), market)  # type: ignore[arg-type]


def test_a_first_period_of_the_serial_line_by_hand() -> None:
    path = line("faithful", [[25, 20, 15]])
    assert path.on_hand[1].tolist() == [80, 75, 180]
    assert path.in_transit[1].tolist() == [25, 20, 15]
    assert path.profit[0] == pytest.approx(2 * 20 - 0.5 * 15 - 0.15 * 80 - 0.10 * 75 - 0.05 * 180)


def test_fractions_are_cut_in_the_faithful_mode_only() -> None:
    assert line("faithful", [[2.7, 0, 0]]).shipped[0, 0] == 2
    assert line("sound", [[2.7, 0, 0]]).shipped[0, 0] == pytest.approx(2.7)


@pytest.mark.slow
def test_an_order_beyond_capacity_waits_and_is_penalized() -> None:
    path = line("faithful", [[150, 0, 0], [0, 0, 0]])
    assert path.unfilled[:, 0].tolist() == [50, 50]
    lost = line("faithful", [[150, 0, 0], [0, 0, 0]], unmet="lost")
    assert (lost.unfilled[0, 0], lost.unfilled_lost[0, 0]) == (0, 50)
    assert lost.profit[0] == path.profit[0]


def network(mode: str, orders: list[list[float]]) -> Trajectory:
    market = np.zeros((len(orders), 6))
    market[:, 0] = 20
    return replay(lambda: network_management(mode=mode), np.array(orders), market)  # type: ignore[arg-type]


@pytest.mark.slow
def test_stock_is_promised_twice_in_the_faithful_mode_only() -> None:
    both = [[0, 0, 90, 90, 0, 0, 0, 0, 0, 0, 0]]
    faithful, sound = network("faithful", both), network("sound", both)
    assert faithful.shipped[0, 2:4].tolist() == [90, 90]
    assert sound.shipped[0, 2:4].tolist() == [90, 0]
    starved = network("faithful", both * 3)
    assert starved.on_hand[:, 3].min() < 0
    assert network("sound", both * 6).on_hand.min() >= 0


@pytest.mark.slow
def test_both_modes_agree_where_nothing_is_short() -> None:
    few = [[5.0] * 11] * 8
    np.testing.assert_allclose(network("faithful", few).profit, network("sound", few).profit, atol=1e-9)


def stall(orders: list[float], demand: list[float], **settings: object) -> Trajectory:
    build = partial(
        newsvendor,
        lead_time=1,
        price=10,
        unit_cost=4,
        holding_cost=1,
        shortage_cost=2,
        **settings,  # type: ignore[arg-type]
    )
    return replay(build, np.array(orders)[:, None], np.array(demand)[:, None])


def test_the_newsvendor_pays_for_what_it_orders_only_in_the_sound_mode() -> None:
    sound = stall([10, 10, 0], [0, 4, 4], mode="sound")
    assert sound.profit.tolist() == [-40, 10 * 4 - 6 - 40, 10 * 4 - 6]
    faithful = stall([10, 10, 0], [0, 4, 4], mode="faithful")
    assert faithful.profit.tolist() == [0, 10 * 4 - 6 - 6 * 4 * 10, 10 * 4 - 6]


def test_leftovers_of_the_newsvendor_vanish_or_stay() -> None:
    assert stall([10, 0, 0], [0, 4, 6], mode="sound").sold[:, 0].tolist() == [0, 4, 0]
    assert stall([10, 0, 0], [0, 4, 6], mode="sound", variant="carry").sold[:, 0].tolist() == [0, 4, 6]


def test_orders_of_the_newsvendor_fit_into_its_space() -> None:
    path = stall([30, 30], [0, 0], mode="sound", max_inventory=40.0, max_order=25.0)
    assert path.shipped[:, 0].tolist() == [25, 15]


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="one number a stage"):
        inventory_management(lead_times=(1, 2))
    with pytest.raises(ValueError, match="must be 'perishing' in the faithful mode"):
        newsvendor(mode="faithful", variant="carry")
    with pytest.raises(ValueError, match="must be one of faithful, sound"):
        make_problem("or_gym/network_management_v0", {"mode": "exact"})


@pytest.mark.parametrize("name", [name for name in FAMILIES if name.startswith("or_gym/")])
@pytest.mark.parametrize("mode", ["faithful", "sound"])
def test_every_environment_is_registered_in_both_modes(name: str, mode: str) -> None:
    problem: Problem = make_problem(name, {"mode": mode})
    assert problem.sense == "max"
    assert problem.horizon in (30, 40)
