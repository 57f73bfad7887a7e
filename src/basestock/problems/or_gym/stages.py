"""Stages that replace those of :mod:`basestock.dynamics` in these problems: other rounding, other sharing."""

import dataclasses
from typing import TYPE_CHECKING, Literal

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from basestock.decision.needed_stages import stands_for
from basestock.dynamics import Decision, NetworkArrays, PeriodOutcome, State, into_nodes, out_of_nodes
from basestock.dynamics.lanes import require
from basestock.dynamics.stages import serve
from basestock.dynamics.stages.ship import send
from basestock.dynamics.stock import take
from basestock.optimal.programs.refusal import UnsupportedError
from basestock.optimal.programs.stages.deliver import leaving
from basestock.optimal.programs.stages.deliver import send as plan_to_send
from basestock.uncertainty import Event

if TYPE_CHECKING:
    from basestock.optimal.programs.walk import Walk

LaneItem = Float[Array, "lane item replication"]
Rounding = Literal["none", "toward_zero", "half_to_even"]


@stands_for("repair_orders")
@dataclasses.dataclass(frozen=True)
class BookOrders:
    """Orders enter the books of their source, rounded as the original does.

    Parameters
    ----------
    rounding
        What happens to fractions.
    """

    rounding: Rounding = "none"

    def __call__(
        self, network: NetworkArrays, state: State, decision: Decision, event: Event, flows: PeriodOutcome
    ) -> tuple[State, PeriodOutcome]:
        """Book what is ordered; negative and undefined orders count as none."""
        ordered = jnp.where((decision.order > 0) & jnp.isfinite(decision.order), decision.order, 0.0)
        ordered = ordered * network.lane_active
        if self.rounding != "none":
            ordered = jnp.trunc(ordered) if self.rounding == "toward_zero" else jnp.round(ordered)
        unfilled = require(state.unfilled, "unfilled") + ordered
        return dataclasses.replace(state, unfilled=unfilled), dataclasses.replace(flows, ordered=ordered)

    def constraints(self, walk: "Walk") -> None:
        """Let what is ordered enter the books.

        Raises
        ------
        UnsupportedError
            If orders are rounded.
        """
        if self.rounding != "none":
            raise UnsupportedError(f"orders rounded {self.rounding!r}", "a program orders what is shipped")
        walk.add("ordered", walk.chosen.order)
        walk.add("entered", walk.chosen.order)


@dataclasses.dataclass(frozen=True)
class ShipInTurn:
    """Sources ship lane by lane in the order of the lanes, what they have, can make and are allowed to send.

    Parameters
    ----------
    sources
        Position of the node that each lane starts at; ``None`` for an outside supplier without limits of its own.
    lane_capacity
        Most units that a lane ships in a period; ``None`` for no limit.
    node_capacity
        Most units that a node ships in a period over all its lanes; ``None`` for no limit.
    node_yield
        Units shipped per unit of stock used at each node.
    promised_twice
        Whether every lane of a node is promised all of its stock and capacity, so that stock may become negative:
        the defect N1 of the original.
    """

    sources: tuple[int | None, ...]
    lane_capacity: tuple[float | None, ...]
    node_capacity: tuple[float | None, ...]
    node_yield: tuple[float, ...]
    promised_twice: bool = False

    def __call__(
        self, network: NetworkArrays, state: State, decision: Decision, event: Event, flows: PeriodOutcome
    ) -> tuple[State, PeriodOutcome]:
        """Ship; what is not shipped waits, or is lost where the lane says so."""
        requests = require(state.unfilled, "unfilled")
        shipped, used = self._shares(requests, state.on_hand)
        rest = requests - shipped
        lost = rest * network.unfilled_lost
        state = dataclasses.replace(take(network, state, out_of_nodes(network, used)), unfilled=rest - lost)
        flows = dataclasses.replace(flows, shipped=shipped, unfilled=rest - lost, unfilled_lost=lost)
        return send(network, state, event, shipped), flows

    def _shares(
        self, requests: LaneItem, on_hand: Float[Array, "node item replication"]
    ) -> tuple[LaneItem, LaneItem]:
        """Return units shipped on each lane, and units of stock that this takes from its source."""
        stock = [on_hand[node] for node in range(len(self.node_yield))]
        room: list[Array | float | None] = list(self.node_capacity)
        shipped, used = [], []
        for lane, source in enumerate(self.sources):
            units = requests[lane]
            most = self.lane_capacity[lane]
            units = units if most is None else jnp.minimum(units, most)
            taken = jnp.zeros_like(units)
            if source is not None:
                units = jnp.minimum(units, stock[source] * self.node_yield[source])
                limit = room[source]
                units = units if limit is None else jnp.minimum(units, limit)
                taken = units / self.node_yield[source]
                if not self.promised_twice:
                    stock[source] = stock[source] - taken
                    room[source] = None if limit is None else limit - units
            shipped.append(units)
            used.append(taken)
        padding = [jnp.zeros_like(requests[0])] * (requests.shape[0] - len(shipped))
        return jnp.stack(shipped + padding), jnp.stack(used + padding)

    def constraints(self, walk: "Walk") -> None:
        """Ship what is ordered within stock, yields and capacities: a plan may favor any lane by what it orders.

        Raises
        ------
        UnsupportedError
            If stock is promised more than once.
        """
        if self.promised_twice:
            raise UnsupportedError("stock that is promised twice", "it may become negative")
        frame, shipped = walk.frame, leaving(walk)
        yields = np.array([1.0 if at is None else self.node_yield[at] for at in self.sources])
        walk.take(frame.out_of_nodes(shipped * (1.0 / yields[:, None])), group="stock_at_source")
        most = np.array([np.inf if each is None else each for each in self.node_capacity])[:, None]
        limited = np.isfinite(most) & np.ones((frame.num_nodes, frame.num_items), dtype=bool)
        sent = frame.out_of_nodes(shipped)
        walk.constrain("capacity", sent, "<=", np.where(limited, most, 0.0), frame.node_label, where=limited)
        plan_to_send(walk, shipped)


@dataclasses.dataclass(frozen=True)
class OrderIntoSpace:
    """Orders are cut to the space that stock and units under way leave.

    Parameters
    ----------
    space
        Most units on hand and under way together.
    largest
        Most units of one order; ``None`` for no limit.
    """

    space: float
    largest: float | None

    def __call__(
        self, network: NetworkArrays, state: State, decision: Decision, event: Event, flows: PeriodOutcome
    ) -> tuple[State, PeriodOutcome]:
        """Book what fits."""
        asked = jnp.where((decision.order > 0) & jnp.isfinite(decision.order), decision.order, 0.0)
        asked = asked if self.largest is None else jnp.minimum(asked, self.largest)
        there = state.on_hand + into_nodes(network, state.in_transit)
        free = jnp.maximum(self.space - there.sum(0), 0.0)
        return state, dataclasses.replace(flows, ordered=jnp.minimum(asked, free) * network.lane_active)


@dataclasses.dataclass(frozen=True)
class ServeBesideDebts:
    """Customers are served where stock may be negative, which the defect N1 makes.

    Parameters
    ----------
    retailers
        Positions of the nodes with customers. As in the original, min(demand, stock) of a negative stock takes back
        units that were sold: the stock becomes 0 and what is missing counts as unmet. Other nodes keep their debts.
    """

    retailers: tuple[int, ...]

    def __call__(
        self, network: NetworkArrays, state: State, decision: Decision, event: Event, flows: PeriodOutcome
    ) -> tuple[State, PeriodOutcome]:
        """Serve customers, and take back what retailers lack."""
        debt = jnp.minimum(state.on_hand, 0.0)
        state, flows = serve(
            network, dataclasses.replace(state, on_hand=state.on_hand - debt), decision, event, flows
        )
        taken_back = (
            jnp.zeros_like(debt).at[jnp.asarray(self.retailers)].set(-debt[jnp.asarray(self.retailers)])
        )
        state = dataclasses.replace(state, on_hand=state.on_hand + debt + taken_back)
        flows = dataclasses.replace(flows, sales=require(flows.sales, "sales") - taken_back)
        if state.backorders is None:
            return state, dataclasses.replace(flows, lost=require(flows.lost, "lost") + taken_back)
        state = dataclasses.replace(state, backorders=state.backorders + taken_back)
        waiting = require(flows.newly_backordered, "newly_backordered") + taken_back
        return state, dataclasses.replace(flows, newly_backordered=waiting)


def discard(
    network: NetworkArrays, state: State, decision: Decision, event: Event, flows: PeriodOutcome
) -> tuple[State, PeriodOutcome]:
    """Throw away whatever is left at the end of the period."""
    return take(network, state, state.on_hand), dataclasses.replace(flows, expired=state.on_hand)
