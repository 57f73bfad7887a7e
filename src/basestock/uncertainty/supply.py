"""Everything random about supply, besides lead times."""

import dataclasses
from collections.abc import Mapping

from basestock.network import SupplyNetwork
from basestock.uncertainty.axes import Axes
from basestock.uncertainty.disruptions import Disruption, disruption_part
from basestock.uncertainty.laws import LawError
from basestock.uncertainty.outages import (
    Delivery,
    Outage,
    delivery_part,
    outage_part,
    routing_part,
    special_part,
)
from basestock.uncertainty.part import EventPart
from basestock.uncertainty.rules import all_of, by_name, one_of, require
from basestock.uncertainty.unit_lead_times import UnitArrivals, unit_part


@dataclasses.dataclass(frozen=True, eq=False)
class SupplyLaws:
    """The dice of supply.

    Parameters
    ----------
    outages
        Law by supplier or lane that goes down and comes up.
    deliveries
        Law by lane of what is lost or comes late.
    disruptions
        What strikes on a date or by chance.
    routing
        Weight by lane: the orders of its destination go to one of those lanes, drawn each period.
    units
        Times between unit demands, and single units under way, where a step is the time to the next demand.
    """

    outages: Mapping[str, Outage] = dataclasses.field(default_factory=dict)
    deliveries: Mapping[str, Delivery] = dataclasses.field(default_factory=dict)
    disruptions: tuple[Disruption, ...] = ()
    routing: Mapping[str, float] = dataclasses.field(default_factory=dict)
    units: UnitArrivals | None = None

    def __post_init__(self) -> None:
        kinds = {"outages": Outage, "deliveries": Delivery, "routing": int | float}
        require(
            LawError,
            "SupplyLaws",
            "laws",
            **{name: by_name(getattr(self, name), kind) for name, kind in kinds.items()},
            disruptions=all_of(self.disruptions, Disruption),
            units=one_of(self.units, UnitArrivals),
        )


def supply_parts(laws: SupplyLaws | None, network: SupplyNetwork, axes: Axes) -> tuple[EventPart, ...]:
    """Return the dice that the laws and the network need, disruptions last so that they lie over the others."""
    given = SupplyLaws() if laws is None else laws
    parts = (
        outage_part(given.outages, network, axes),
        delivery_part(given.deliveries, network, axes),
        special_part(network, axes),
        routing_part(given.routing, network, axes),
        unit_part(given.units, network, axes),
        disruption_part(given.disruptions, network, axes),
    )
    return tuple(part for part in parts if part is not None)
