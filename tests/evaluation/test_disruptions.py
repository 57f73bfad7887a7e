"""Every dated disruption of a problem is judged against the same events without it: a shop by hand."""

import jax.numpy as jnp
import pytest

from basestock.cli.output import estimates_frame
from basestock.cli.problem import disruptions_text
from basestock.decision import Problem
from basestock.dynamics import InitialState
from basestock.economics import make_tariff
from basestock.evaluation import DisruptionEffect, Resilience, dated, disruption_effects, evaluate
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.policies.levels import BaseStock
from basestock.problems.electronics import electronics_network
from basestock.uncertainty import LIBRARY, Deterministic, SupplyLaws, Uncertainty, interruptible

STRUCK = (
    LIBRARY["partial outage"]("maker", severity=1.0, start=5, duration=3),
    LIBRARY["demand surge"]("shop", factor=1.5, start=12, duration=2),
    LIBRARY["demand surge"]("shop", factor=9.0, start=40, duration=2),
)


def shop() -> Problem:
    """Demand of 4 a day, a day of lead time: with a level of 8, 4 arrive and are sold every day."""
    network = SupplyNetwork(
        items=(Item("milk"),),
        nodes=(Node("shop"),),
        suppliers=(Supplier("maker"),),
        lanes=(Lane("maker", "shop", lead_time=1),),
        unmet="backorder",
    )
    network = interruptible(network, STRUCK)
    demand = {("shop", "milk"): Deterministic(4.0)}
    return Problem(
        name="shop",
        network=network,
        uncertainty=Uncertainty(demand, supply=SupplyLaws(disruptions=STRUCK)),
        tariff=make_tariff(network, holding=1.0, backorder=10.0),
        initial_state=InitialState(on_hand={("shop", "milk"): 8.0}),
        warm_up=2,
        horizon=25,
    )


POLICY = BaseStock(jnp.full((1, 1, 1), 8.0))


@pytest.fixture(scope="module")
def effects() -> tuple[DisruptionEffect, ...]:
    return disruption_effects(shop(), POLICY, replications=2, seed=0)


@pytest.mark.requirement("B-24")
def test_each_disruption_has_its_loss_response_recovery_and_cost(
    effects: tuple[DisruptionEffect, ...],
) -> None:
    outage, surge = effects
    # Nothing comes for three days, then what was under way, then what was ordered meanwhile: 4, 8, 12, 12 wait.
    # The last loss, in period 8, has left the fill rate of 7 periods in period 15.
    assert outage.resilience == Resilience(16 / 44, 16.0, None, 10, 0.0)
    assert (outage.start, outage.duration, outage.extra_cost.mean) == (5, 3, 360.0)
    # 6 asked for, 4 sold, 2 wait; 6 asked for, 2 of 4 are sold; 4 asked for, 2 of 6 are sold. Orders rise a day later.
    assert surge.resilience == Resilience(8 / 40, 8.0, 1, 9, 1 / 3)
    assert (surge.start, surge.extra_cost.mean, surge.extra_cost.half_width) == (12, 80.0, 0.0)


@pytest.mark.requirement("B-24")
def test_a_person_and_a_program_read_them(effects: tuple[DisruptionEffect, ...]) -> None:
    nothing = {"mean": 0.0, "half_width": 0.0, "n": 2}
    row = {"policy": "base_stock", "total": nothing, "terms": {}, "kpis": {}, "versus": {}}
    rows = [{**row, "disruptions": [effect.to_dict() for effect in effects]}]
    told = disruptions_text(rows).splitlines()
    assert "partial outage: maker" in told[-2] and "never" in told[-2] and "360" in told[-2]
    frame = estimates_frame(rows).filter(kind="disruption")
    assert frame["mean"].to_list() == pytest.approx([0, 16 / 44, 16, None, 10, 360, 1 / 3, 0.2, 8, 1, 9, 80])
    assert disruptions_text([row]) == ""


@pytest.mark.slow
@pytest.mark.requirement("B-24")
def test_the_report_of_every_evaluation_holds_them(effects: tuple[DisruptionEffect, ...]) -> None:
    (row,) = evaluate(shop(), {"base_stock": POLICY}, replications=2).to_dict()["policies"]
    assert row["disruptions"] == [effect.to_dict() for effect in effects]


@pytest.mark.requirement("B-24")
def test_what_strikes_after_the_end_or_by_chance_has_no_date() -> None:
    assert [each.start for each in dated(shop())] == [5, 12]
    assert [each.start for each in dated(shop(), periods=3)] == []
    assert [each.label for each in dated(electronics_network(regions=1))] == ["outage: chip supplier 1"]
    assert dated(electronics_network(regions=1, outage_days=0)) == ()
