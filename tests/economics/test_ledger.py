"""The ledger adds up, and every term is linear in its rate (SIM-401 to 409)."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.decision import game, simulate
from basestock.economics import (
    Compensated,
    TariffError,
    TotalsFold,
    cvar,
    ledger_for,
    make_tariff,
    semideviation,
    sums_of,
)
from basestock.evaluation import play
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.policies import BaseStock
from basestock.problems import lost_sales

RATES = {
    "holding": 1.0,
    "lost_sale": 4.0,
    "fixed_order": 2.0,
    "purchase": 3.0,
    "transport": 0.5,
    "price": 9.0,
}


def _network() -> SupplyNetwork:
    return lost_sales().network


def _money(**rates: float) -> dict[str, float]:
    problem = lost_sales()
    tariff = make_tariff(problem.network, **rates)
    ledger = ledger_for(tariff)
    fold = TotalsFold(problem.arrays, tariff, jnp.asarray(1.0), ledger, 1)
    path = simulate(
        game(problem), BaseStock(jnp.full((1, 1, 1), 16.0)), problem.start(4), key=jax.random.key(0), num_periods=60,
        fold=fold, initial=fold.initial(4),
    )  # fmt: skip
    sums = sums_of(path.folded, problem.arrays, tariff, ledger, 1.0)
    return {name: float(value.sum()) for name, value in sums.money.items()}


@pytest.mark.slow
def test_each_term_is_linear_in_its_own_rate_alone() -> None:
    base = _money(**RATES)
    for name, term in zip(
        RATES, ("holding", "lost_sale", "fixed_order", "purchase", "transport", "revenue"), strict=True
    ):
        changed = _money(**RATES | {name: 2 * RATES[name]})
        assert changed[term] == pytest.approx(2 * base[term])
        assert {k: v for k, v in changed.items() if k != term} == {k: v for k, v in base.items() if k != term}
        assert all(value >= 0 for value in changed.values())


@pytest.mark.slow
def test_an_absent_rate_leaves_its_term_out() -> None:
    assert set(_money(holding=1.0)) == {"holding"}


def test_every_wrong_rate_is_named_at_once() -> None:
    with pytest.raises(TariffError) as error:
        make_tariff(_network(), holding=-1.0, lost_sale={("x", "item"): 2.0}, hodling=3.0)
    message = str(error.value)
    assert "holding is -1.0, must be finite and >= 0" in message
    assert "lost_sale at ('x', 'item'), must be at a place of the network" in message
    assert "rate 'hodling' is unknown" in message
    make_tariff(_network(), holding={("store", "item"): 2.0})


def test_a_long_sum_of_money_keeps_its_cents() -> None:
    total = Compensated.zeros((1,))
    add = jax.jit(lambda s: jax.lax.fori_loop(0, 1_000_000, lambda _, t: t.add(jnp.full((1,), 0.1)), s))
    done = add(total)
    assert float(np.float64(done.total[0]) - np.float64(done.dropped[0])) == pytest.approx(
        100_000.0, rel=1e-7
    )


def test_tail_means_of_known_samples() -> None:
    uniform = (np.arange(100_000) + 0.5) / 100_000
    assert cvar(uniform) == pytest.approx(0.025, rel=1e-3)
    assert cvar(np.arange(30.0)) == pytest.approx((0 + 0.5 * 1) / 1.5)
    normal = np.random.default_rng(0).normal(size=400_000)
    assert cvar(normal) == pytest.approx(-2.0627, abs=0.02)
    assert semideviation(normal) == pytest.approx(1 / np.sqrt(2), abs=0.005)


def test_two_lanes_of_one_node_are_charged_to_it() -> None:
    network = SupplyNetwork(
        items=(Item("i"),), nodes=(Node("n"),), suppliers=(Supplier("a"), Supplier("b")),
        lanes=(Lane("a", "n"), Lane("b", "n", priority=2)),
    )  # fmt: skip
    tariff = make_tariff(network, purchase={("a -> n", "i"): 2.0, ("b -> n", "i"): 5.0})
    assert np.asarray(tariff.purchase).reshape(-1).tolist() == [2.0, 5.0]


def test_a_rate_for_what_cannot_occur_is_named() -> None:
    problem = lost_sales()
    priced = dataclasses.replace(problem, tariff=make_tariff(problem.network, backorder=1.0))
    with pytest.raises(ValueError, match="rate 'backorder' is given, must price what can occur"):
        play(priced, BaseStock(jnp.ones((1, 1, 1))), replications=1, seed=0, periods=1)
