"""From data to the twin and back: today's stock, the recorded past, and units (``invariants.md`` section 11)."""

import dataclasses
from decimal import Decimal
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

from basestock.data.calibration.calibrate import calibrate
from basestock.data.dataset import Dataset
from basestock.data.twin import Twin
from basestock.decision import Observation, Policy, simulate
from basestock.dynamics import Decision, Step, empty_state
from basestock.operations.candidates import order_rule
from basestock.operations.finalize import finalize_quantity
from basestock.operations.order_rules import Context
from basestock.operations.replay import _game
from basestock.operations.snapshot import take_snapshot
from tests.data.clean_export import AS_OF, Export, small_tables
from tests.operations.twin_fixture import small_twin


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Two items, the first ordered in cases of 12 with an open order of 5 cases, and a third that nobody supplies."""
    tables = small_tables()
    tables["item_supplier"][0] |= {
        "order_uom": "CS",
        "order_minimum": 2,
        "order_multiple": 2,
        "unit_cost": 48,
    }
    tables["uom_conversion"] = [{"item_id": "A", "from_uom": "CS", "to_uom": "EA", "factor": 12}]
    tables["item"].append({**tables["item"][0], "item_id": "C", "description": "C"})
    tables["inventory"].append({"as_of": AS_OF, "item_id": "C", "on_hand": 33})
    tables["inventory"][0]["on_hand"] = 77
    order = {
        "po_id": "PO-1",
        "line_id": "1",
        "item_id": "A",
        "supplier_id": "S1",
        "uom": "CS",
        "status": "open",
    }
    dates = {"order_date": "2026-02-27", "due_date": "2026-03-06"}
    tables["purchase_order"] = [{**order, **dates, "qty_ordered": 5, "qty_received": 0}]
    return Export(tables).load(tmp_path_factory.mktemp("twin"))


def test_the_state_holds_the_stock_and_the_open_orders_of_the_tables(dataset: Dataset) -> None:
    """SIM-1101: by item; what is not planned is listed with its stock."""
    twin = calibrate(dataset)
    state = take_snapshot(twin).compiled.state
    assert state.due is not None
    held = dict(zip(twin.item_id, np.asarray(state.on_hand)[0, :, 0].tolist(), strict=False))
    coming = dict(zip(twin.item_id, np.asarray(state.due).sum((0, 1))[:, 0].tolist(), strict=False))
    left = dict(zip(twin.not_planned["item_id"], twin.not_planned["on_hand"], strict=True))
    assert held | left == {"A": 77.0, "B": 100.0, "C": 33.0}
    assert coming == {"A": 60.0, "B": 0.0}


def test_units_survive_the_trip_from_the_export_to_the_order(dataset: Dataset) -> None:
    """SIM-1103: cases become pieces in the twin, and an order in pieces becomes the same in cases."""
    twin = calibrate(dataset)
    line = twin.item_id.index("A")
    final = finalize_quantity(Decimal(50), order_rule(twin, line, "up"), Context())
    assert [(part.order_qty, part.qty) for part in final.lines] == [(Decimal(6), Decimal(72))]
    assert twin.order_uom[line] == "CS" and twin.on_order[line].sum() == 5 * 12


class Written(Policy):
    """Orders what is on record for the period."""

    orders: Array

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        return Decision(order=self.orders[observation.period]), memory


def _closing(_: None, step: Step) -> tuple[None, Array]:
    return None, step.next_state.on_hand


def _book(
    twin: Twin, orders: np.ndarray, demand: np.ndarray, opening: np.ndarray, counts: np.ndarray
) -> np.ndarray:
    """Keep the stock of each line by hand, ``[line, period]``: receipts, sales, then what a count found."""
    stock, closing = opening.copy(), np.zeros_like(demand)
    for period in range(demand.shape[1]):
        for line, lead_time in enumerate(twin.lead_periods):
            stock[line] += orders[line, period - lead_time] if period >= lead_time else 0.0
        stock = stock - np.minimum(stock, demand[:, period]) + counts[:, period]
        closing[:, period] = stock
    return closing


def test_the_recorded_orders_replayed_give_the_recorded_stock() -> None:
    """SIM-1102: what differs is what the counts adjusted, on every line, in every period."""
    twin, periods, draw = small_twin(num_lines=4, num_days=60), 60, np.random.default_rng(5)
    orders = np.zeros((4, periods))
    orders[:, ::7] = 6 * draw.integers(0, 9, (4, len(range(0, periods, 7))))
    counts = np.where(draw.random((4, periods)) < 0.03, draw.integers(-2, 3, (4, periods)), 0).astype(float)
    demand, opening = twin.history.astype(float), np.full(4, 1000.0)
    game, _ = _game(twin, demand)
    start = empty_state(game.network)
    start = dataclasses.replace(start, on_hand=start.on_hand.at[0, :4, 0].set(opening))
    written = np.zeros((periods, game.network.num_lanes, game.network.num_items, 1), dtype=np.float32)
    written[:, 0, :4, 0] = orders.T
    path = simulate(
        game, Written(jnp.asarray(written)), start, key=jax.random.key(0), num_periods=periods,
        fold=_closing, initial=None,
    )  # fmt: skip
    replayed = np.asarray(path.traced)[:, 0, :4, 0].T
    np.testing.assert_array_equal(replayed, _book(twin, orders, demand, opening, np.zeros_like(counts)))
    recorded = _book(twin, orders, demand, opening, counts)
    np.testing.assert_array_equal(recorded - replayed, counts.cumsum(1))
    assert counts.any()
