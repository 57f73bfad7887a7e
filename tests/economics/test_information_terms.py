"""Messages between nodes are counted and charged, and so is not knowing when a delivery comes."""

import dataclasses

import jax
import jax.numpy as jnp
import pytest

from basestock.decision import Communication, Messages, Problem, lane_neighbors
from basestock.dynamics import compile_network
from basestock.economics import make_tariff
from basestock.envs import make_environment
from basestock.evaluation import kpi_estimates, play
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.policies.levels import BaseStock
from basestock.uncertainty import Deterministic, Event, Uncertainty
from tests.economics.traces import PeriodOutcome, step

LAW = {1: 0.5, 3: 0.5}
"""Mean 2, always a period off."""
NETWORK = SupplyNetwork(
    items=(Item("a"),),
    nodes=(Node("told"), Node("waits"), Node("sure")),
    suppliers=(Supplier("out"),),
    lanes=(
        Lane("out", "told", lead_time=LAW),
        Lane("out", "waits", lead_time=LAW, lead_time_known="on_arrival"),
        Lane("told", "sure", lead_time=2),
    ),
    unmet="backorder",
)
TALK = Messages(communication=Communication(lane_neighbors(compile_network(NETWORK)), rounds=2))
RATES = {("out -> told", "a"): 3.0, ("out -> waits", "a"): 5.0}
PROBLEM = Problem(
    name="three",
    network=NETWORK,
    uncertainty=Uncertainty({(node, "a"): Deterministic(4.0) for node in ("told", "waits", "sure")}),
    tariff=make_tariff(NETWORK, message=0.25, lead_time_deviation=RATES),
    information=TALK,
    horizon=150,
    warm_up=10,
    period_days=2.0,
)


def column(*values: float) -> jnp.ndarray:
    return jnp.asarray(values, dtype=jnp.float32).reshape(-1, 1, 1)


@pytest.mark.requirement("A-30")
def test_a_delivery_off_its_mean_is_charged_when_its_lead_time_is_known() -> None:
    shipped = column(10, 7, 8)
    outcome = PeriodOutcome(opening=column(0, 0, 0), shipped=shipped)
    period = step(PROBLEM, outcome)
    ages = jnp.zeros((4, 3, 1, 1)).at[2, 1].set(6.0)
    shipped_now = jnp.zeros((4, 3, 1, 1)).at[0, 1].set(7.0)
    found = dataclasses.replace(
        period,
        start=dataclasses.replace(period.start, outstanding=ages),
        next_state=dataclasses.replace(period.next_state, outstanding=shipped_now),
        event=Event(
            lead_time=jnp.asarray([1, 0, 2]).reshape(3, 1, 1),
            arrives=jnp.ones((4, 3, 1, 1)),
            extra_lead_time=jnp.zeros((3, 1), dtype=jnp.int32).at[2].set(1),
        ),
    )
    money = PROBLEM.ledger.by_term(PROBLEM.tariff, found)
    # 10 are shipped for tomorrow, a day early; 6 arrive after three days, a day late. The third lane is not charged.
    assert float(money[PROBLEM.ledger.names.index("lead_time_deviation"), 0]) == 10 * 3 + 6 * 5
    everywhere = make_tariff(NETWORK, lead_time_deviation=1.0)
    problem = dataclasses.replace(PROBLEM, tariff=everywhere)
    assert float(problem.ledger.by_term(everywhere, found).sum()) == 10 + 6 + 8


@pytest.mark.slow
@pytest.mark.requirement("A-30")
def test_uncertain_lead_times_and_messages_cost_in_a_path() -> None:
    played = play(PROBLEM, BaseStock(jnp.full((3, 1, 1), 20.0)), replications=8, seed=3)
    sums = played.sums[0]
    terms = {name: money.mean() / sums.periods for name, money in sums.money.items()}
    # 8 units a period to "told", 4 to "waits", each a period off; two rounds of two messages.
    assert terms["lead_time_deviation"] == pytest.approx(8 * 3 + 4 * 5, rel=0.01)
    assert terms["message"] == pytest.approx(0.25 * 4)
    assert kpi_estimates(sums)["messages_per_day"].mean == pytest.approx(4 / 2)
    environment = make_environment(PROBLEM)
    start, _ = environment.reset_batch(jax.random.key(0), 2)
    after = environment.step_batch(start, jnp.zeros((len(environment.codec.slots), 2)))
    assert after.terms[environment.terms.index("message")].tolist() == [1.0, 1.0]
