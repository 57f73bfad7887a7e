"""Several tiers and regions: built from tables, drawn, and conserved under random actions (B-01, C-06)."""

import functools
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

from basestock.decision import Problem
from basestock.dynamics import AUDITED, Decision, Step, residuals
from basestock.economics import make_tariff
from basestock.envs.functional import Environment, make_environment
from basestock.envs.render import show
from basestock.network import Item, Lane, Node, Process, Supplier, SupplyNetwork, load, save
from basestock.problems.electronics import electronics_network
from basestock.uncertainty import Poisson, Uncertainty
from tests.compiler import QUICK


def audited(problem: Problem, periods: int = 25) -> tuple[dict[str, float], dict[str, float]]:
    """Act at random in the environment of a problem; return the largest violations, and the units of each flow."""
    environment = make_environment(problem)
    arrays, fixed = eqx.partition(environment, eqx.is_array)

    @functools.partial(jax.jit, compiler_options=QUICK)
    def play(arrays: Environment, key: Array) -> tuple[Array, dict[str, Array]]:
        environment = eqx.combine(arrays, fixed)
        network = environment.game.network
        nothing = Decision(jnp.zeros((network.num_lanes, network.num_items, 2)))

        def one(state: Any, key: Array) -> tuple[Any, tuple[Array, dict[str, Array]]]:
            action = jax.random.uniform(key, (environment.codec.rows.shape[0], 2), minval=-1.0, maxval=0.5)
            after = environment.step_batch(state, action).state
            flows = after.outcome
            step = Step(state.world, state.start, state.opened, nothing, state.event, flows, after.start)
            units = {
                name: getattr(flows, name) for name in ("shipped", "received", "sales", "produced", "demand")
            }
            return after, (residuals(network, step), {k: v.sum() for k, v in units.items() if v is not None})

        start, _ = environment.reset_batch(key, 2)
        return jax.lax.scan(one, start, jax.random.split(key, periods))[1]

    worst, units = play(arrays, jax.random.key(7))
    found = dict(zip(AUDITED, np.asarray(worst).max(0).tolist(), strict=True))
    return found, {name: float(flow.sum()) for name, flow in units.items()}


@pytest.mark.slow
@pytest.mark.requirement("B-01")
def test_five_regions_of_three_tiers_are_built_from_tables_drawn_and_conserved(tmp_path: Path) -> None:
    problem = electronics_network()
    save(problem.network, tmp_path)
    network = load(tmp_path)
    assert network == problem.network
    tiers = [node.tier for node in network.nodes]
    assert [tiers.count(tier) for tier in (2, 1, 0)] == [10, 5, 10]
    pytest.importorskip("matplotlib")
    picture = show(problem, problem.start(1), "rgb_array")
    assert picture is not None
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 5
    found, units = audited(problem)
    assert found == dict.fromkeys(AUDITED, 0.0)
    assert all(units[name] > 0 for name in ("shipped", "received", "produced", "demand"))


@pytest.mark.slow
@pytest.mark.requirement("C-06")
def test_goods_are_conserved_from_the_manufacturer_to_the_consumer() -> None:
    items = tuple(Item(name) for name in ("a", "b", "c"))
    network = SupplyNetwork(
        items=(Item("flour"), *items),
        nodes=(Node("manufacturer", tier=2), Node("distributor", tier=1), Node("north"), Node("south")),
        suppliers=(Supplier("mill"),),
        lanes=(
            Lane("mill", "manufacturer", items=("flour",), lead_time=2),
            Lane("manufacturer", "distributor", items=("a", "b", "c"), lead_time=2),
            Lane("distributor", "north", items=("a", "b", "c")),
            Lane("distributor", "south", items=("a", "b"), lead_time=3),
        ),
        processes=tuple(Process(item.name, "manufacturer", {"flour": 1}, {item.name: 2}) for item in items),
        unmet="backorder",
    )
    demand = {(node, item): Poisson(3.0) for node in ("north", "south") for item in "ab"}
    tariff = make_tariff(network, holding=1.0, backorder=5.0)
    found, units = audited(Problem("chain", network, Uncertainty(demand), tariff))
    assert found == dict.fromkeys(AUDITED, 0.0)
    assert all(amount > 0 for amount in units.values()), units
