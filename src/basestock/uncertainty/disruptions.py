"""A library of disruptions, each injected by date, place and severity, or struck by chance."""

import dataclasses
from collections.abc import Sequence

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, UInt32

from basestock.network import Lane, SupplyNetwork
from basestock.uncertainty.axes import Axes
from basestock.uncertainty.event import Event, World
from basestock.uncertainty.keys import entity_uniforms, period_key, stable_words
from basestock.uncertainty.laws import LawError
from basestock.uncertainty.outages import never_interrupted
from basestock.uncertainty.part import EventPart
from basestock.uncertainty.rules import Rule, broken, names, non_negative, periods, share


@dataclasses.dataclass(frozen=True)
class Disruption:
    """Something that goes wrong for a while.

    Parameters
    ----------
    kind
        Name in reports; also the name of its dice.
    lanes, nodes, suppliers
        Where: lanes by name, or all lanes from a supplier, or all lanes into a node; ``nodes`` also name whose demand
        changes.
    start
        First period; ``None`` for one that strikes by chance.
    duration
        Periods that it lasts.
    probability
        Of striking in a period, where it strikes by chance.
    closed_share
        Share of the supply that is gone; 1 closes the lanes.
    extra_lead_time
        Periods added to the lead time of what is shipped meanwhile.
    demand_factor
        Factor on the demand at the nodes.
    outbound
        Whether lanes out of the nodes are meant, not those into them.
    """

    kind: str
    lanes: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    suppliers: tuple[str, ...] = ()
    start: int | None = None
    duration: int = 1
    probability: float = 0.0
    closed_share: float = 0.0
    extra_lead_time: int = 0
    demand_factor: float = 1.0
    outbound: bool = False

    def __post_init__(self) -> None:
        rules = {
            "kind": Rule(self.kind, isinstance(self.kind, str) and bool(self.kind), "a name"),
            "lanes": names(self.lanes),
            "nodes": names(self.nodes),
            "suppliers": names(self.suppliers),
            "start": Rule(
                self.start, self.start is None or periods(self.start).fine, "a period >= 0, or None"
            ),
            "duration": periods(self.duration, 1),
            "probability": share(self.probability),
            "closed_share": share(self.closed_share),
            "extra_lead_time": periods(self.extra_lead_time),
            "demand_factor": non_negative(self.demand_factor),
            "outbound": Rule(self.outbound, isinstance(self.outbound, bool), "True or False"),
        }
        wrong = broken(rules)
        if (self.start is None) == (self.probability == 0):
            wrong.append("start and probability: one of them must be given, not both.")
        if not (self.lanes or self.nodes or self.suppliers):
            wrong.append("nodes is empty, must name a place, or lanes or suppliers must.")
        if wrong:
            raise LawError(f"Disruption {self.kind!r}: {' '.join(wrong)} Correct the disruption.")

    @property
    def label(self) -> str:
        """Its kind and where it strikes: a name that other disruptions beside it do not change."""
        return f"{self.kind}: {', '.join((*self.lanes, *self.nodes, *self.suppliers))}"

    def strikes(self, lane: Lane) -> bool:
        """Tell whether a lane is hit in its supply or its lead time."""
        if not (self.closed_share or self.extra_lead_time):
            return False
        end = lane.source if self.outbound else lane.destination
        return lane.name in self.lanes or lane.source in self.suppliers or end in self.nodes


def supplier_delay(supplier: str, *, extra_lead_time: int, start: int | None = None, duration: int = 1,
                   probability: float = 0.0) -> Disruption:  # fmt: skip
    """Return a delay of everything that a supplier ships, periods."""
    return Disruption("supplier delay", suppliers=(supplier,), extra_lead_time=extra_lead_time, start=start,
                      duration=duration, probability=probability)  # fmt: skip


def partial_outage(supplier: str, *, severity: float, start: int | None = None, duration: int = 1,
                   probability: float = 0.0) -> Disruption:  # fmt: skip
    """Return an outage of a share of a supplier's capacity, or of what it ships where it has none."""
    return Disruption("partial outage", suppliers=(supplier,), closed_share=severity, start=start,
                      duration=duration, probability=probability)  # fmt: skip


def demand_surge(*nodes: str, factor: float, start: int | None = None, duration: int = 1,
                 probability: float = 0.0) -> Disruption:  # fmt: skip
    """Return a surge of the demand at some nodes by a factor."""
    return Disruption("demand surge", nodes=nodes, demand_factor=factor, start=start, duration=duration,
                      probability=probability)  # fmt: skip


def customs_delay(*lanes: str, extra_lead_time: int, start: int | None = None, duration: int = 1,
                  probability: float = 0.0) -> Disruption:  # fmt: skip
    """Return a delay of some lanes at the border, periods."""
    return Disruption("customs delay", lanes=lanes, extra_lead_time=extra_lead_time, start=start,
                      duration=duration, probability=probability)  # fmt: skip


def port_closure(*lanes: str, severity: float = 1.0, start: int | None = None, duration: int = 1,
                 probability: float = 0.0) -> Disruption:  # fmt: skip
    """Return the closure, or the congestion of a share, of the port that some lanes go through."""
    return Disruption("port closure", lanes=lanes, closed_share=severity, start=start, duration=duration,
                      probability=probability)  # fmt: skip


def bad_weather(*nodes: str, severity: float = 1.0, demand_factor: float = 1.0, start: int | None = None,
                duration: int = 1, probability: float = 0.0) -> Disruption:  # fmt: skip
    """Return weather that keeps deliveries from some nodes, and customers at home or buying ahead."""
    return Disruption("weather", nodes=nodes, closed_share=severity, demand_factor=demand_factor, start=start,
                      duration=duration, probability=probability)  # fmt: skip


def equipment_failure(node: str, *, severity: float = 1.0, start: int | None = None, duration: int = 1,
                      probability: float = 0.0) -> Disruption:  # fmt: skip
    """Return a failure at a node that keeps a share of its shipments from leaving."""
    return Disruption("equipment failure", nodes=(node,), closed_share=severity, start=start, duration=duration,
                      probability=probability, outbound=True)  # fmt: skip


def holiday(*nodes: str, demand_factor: float = 0.0, start: int | None = None, duration: int = 1,
            probability: float = 0.0) -> Disruption:  # fmt: skip
    """Return closed days of some nodes: nothing is delivered to them, and demand changes by a factor."""
    return Disruption("holiday", nodes=nodes, closed_share=1.0, demand_factor=demand_factor, start=start,
                      duration=duration, probability=probability)  # fmt: skip


LIBRARY = {
    "supplier delay": supplier_delay,
    "partial outage": partial_outage,
    "demand surge": demand_surge,
    "customs delay": customs_delay,
    "port closure": port_closure,
    "weather": bad_weather,
    "equipment failure": equipment_failure,
    "holiday": holiday,
}
"""Function by kind of disruption."""


def interruptible(network: SupplyNetwork, disruptions: Sequence[Disruption]) -> SupplyNetwork:
    """Return the network with every lane that a disruption strikes declared to be interruptible.

    Parameters
    ----------
    network
        Any network; lanes that are interruptible already stay as they are.
    disruptions
        What may strike.

    Returns
    -------
    SupplyNetwork
        Units under way on a closed lane wait at its end, unless the lane says otherwise.
    """
    lanes: list[Lane] = []
    for lane in network.lanes:
        hit = [each for each in disruptions if each.strikes(lane)]
        extra = sum(each.extra_lead_time for each in hit)
        ways = {"interruption": "wait" if lane.interruption == "never" else lane.interruption}
        more = {"max_extra_lead_time": max(extra, lane.max_extra_lead_time)}
        lanes.append(dataclasses.replace(lane, **ways, **more) if hit else lane)
    return dataclasses.replace(network, lanes=tuple(lanes))


class DisruptionPart(EventPart):
    """Lays disruptions over the events of the other dice.

    Parameters
    ----------
    closed, extra, demand
        What each disruption does to lanes, lead times and demand; ``None`` where none does.
    start, duration, probability
        When; a start of -1 is one that strikes by chance.
    words
        Stable hash of each disruption.
    """

    start: Int[Array, "disruption 1"]
    duration: Int[Array, "disruption 1"]
    probability: Float[Array, "disruption 1"]
    words: UInt32[Array, "disruption 2"]
    closed: Float[Array, "disruption lane 1"] | None
    extra: Int[Array, "disruption lane 1"] | None
    demand: Float[Array, "disruption node 1 1"] | None
    by_chance: bool = eqx.field(static=True)

    def initial_world(self, num_replications: int) -> dict[str, Array]:
        """Return the leaves of the world at the start."""
        shape = (len(self.start), num_replications)
        return {
            "disrupted": jnp.zeros(shape, dtype=jnp.int32),
            "disrupted_for": jnp.zeros(shape, dtype=jnp.int32),
        }

    def sample(
        self,
        world: World,
        root: UInt32[Array, "2"],
        period: Int[Array, ""],
        replications: Int[Array, " replication"],
    ) -> tuple[dict[str, Array], dict[str, Array]]:
        """Draw the leaves of this part for one period."""
        shape = (len(self.start), len(replications))
        planned = (self.start >= 0) & (period >= self.start) & (period < self.start + self.duration)
        active, left = jnp.broadcast_to(planned, shape), jnp.zeros(shape, dtype=jnp.int32)
        if self.by_chance and world.disrupted_for is not None:
            nobody = jnp.zeros((1, 2), dtype=jnp.uint32)
            key = period_key(root, "disruption", period)
            uniform = entity_uniforms(key, self.words, nobody, replications)[:, 0]
            begins = (self.start < 0) & (world.disrupted_for == 0) & (uniform < self.probability)
            going = jnp.where(begins, self.duration, world.disrupted_for)
            active, left = active | (going > 0), jnp.maximum(going - 1, 0)
        return {}, {"disrupted": active.astype(jnp.int32), "disrupted_for": left}

    def overlay(self, event: Event, world: World) -> Event:
        """Close lanes, lengthen lead times and scale demand where a disruption is on."""
        if world.disrupted is None:
            return event
        on = world.disrupted[:, None]
        if self.closed is not None:
            opened = jnp.prod(1.0 - self.closed * on, axis=0)
            event = dataclasses.replace(
                event, lane_open=opened if event.lane_open is None else event.lane_open * opened
            )
        if self.extra is not None:
            extra = (self.extra * on).sum(0)
            extra = extra if event.extra_lead_time is None else event.extra_lead_time + extra
            event = dataclasses.replace(event, extra_lead_time=extra)
        if self.demand is not None and event.market is not None:
            factor = jnp.prod(1.0 + (self.demand - 1.0) * on[:, :, None], axis=0)
            market = event.market * factor
            # Customers who ask for whole units go on doing so.
            whole = event.market == jnp.floor(event.market)
            event = dataclasses.replace(event, market=jnp.where(whole, jnp.floor(market + 0.5), market))
        return event


def disruption_part(
    disruptions: Sequence[Disruption], network: SupplyNetwork, axes: Axes
) -> DisruptionPart | None:
    """Compile disruptions; ``None`` without any.

    Raises
    ------
    LawError
        Naming every place that does not exist, and every lane that cannot be interrupted in this way.
    """
    if not disruptions:
        return None
    wrong = [text for each in disruptions for text in _wrong(each, network)]
    if wrong:
        raise LawError(
            f"Disruptions: {' '.join(wrong)} Correct them, or use interruptible(network, disruptions)."
        )
    count = len(disruptions)
    closed = np.zeros((count, axes.num_lanes, 1), dtype=np.float32)
    extra = np.zeros((count, axes.num_lanes, 1), dtype=np.int32)
    demand = np.ones((count, axes.num_nodes, 1, 1), dtype=np.float32)
    for row, each in enumerate(disruptions):
        for column, lane in enumerate(network.lanes):
            if each.strikes(lane):
                closed[row, column], extra[row, column] = each.closed_share, each.extra_lead_time
        for node in each.nodes:
            demand[row, network.node_index[node]] = each.demand_factor
    column = lambda values, kind: jnp.asarray(np.array(values, dtype=kind)[:, None])  # noqa: E731
    return DisruptionPart(
        start=column([-1 if each.start is None else each.start for each in disruptions], np.int32),
        duration=column([each.duration for each in disruptions], np.int32),
        probability=column([each.probability for each in disruptions], np.float32),
        words=jnp.asarray(stable_words([each.label for each in disruptions])),
        closed=jnp.asarray(closed) if closed.any() else None,
        extra=jnp.asarray(extra) if extra.any() else None,
        demand=jnp.asarray(demand) if (demand != 1).any() else None,
        by_chance=any(each.start is None for each in disruptions),
    )


def _wrong(each: Disruption, network: SupplyNetwork) -> list[str]:
    known = {"lanes": network.lane_index, "nodes": network.node_index, "suppliers": network.supplier_index}
    found = [
        f"{each.kind} at {name!r}, must be one of the {what} of the network."
        for what, names in known.items()
        for name in getattr(each, what)
        if name not in names
    ]
    for row, lane in enumerate(network.lanes):
        if each.strikes(lane):
            found += never_interrupted(network, row, each.extra_lead_time)
    return found
