"""Rules of what suppliers, lanes and contracts ask for: vehicles, price breaks, limits with floors."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from basestock.network.errors import Defect, shown

if TYPE_CHECKING:
    from basestock.network.checks import Report
    from basestock.network.supply_network import SupplyNetwork
    from basestock.network.types import Lane, Limit


def check_supply_terms(lane: "Lane", report: "Report") -> None:
    """Refuse terms of a lane that contradict each other.

    Parameters
    ----------
    lane
        A lane whose attributes each keep their rule.
    report
        What is wrong is added here.
    """
    if lane.full_vehicles and lane.vehicle_capacity is None:
        report.add("vehicle_capacity", "None", "must be given where full_vehicles is true")
    if lane.full_vehicles:
        for name in ("order_minimum", "order_multiple", "order_maximum"):
            if getattr(lane, name) is not None:
                rule = "must be absent where full_vehicles is true: an order is a number of vehicles"
                report.add(name, shown(getattr(lane, name)), rule)
    if lane.max_extra_lead_time and lane.interruption == "never":
        rule = "must be 0 on a lane that is never interrupted"
        report.add("max_extra_lead_time", shown(lane.max_extra_lead_time), rule, "Declare its interruption.")
    if lane.max_extra_lead_time and lane.lead_time_known == "on_arrival":
        rule = "must be 0 where the lead time is revealed on arrival"
        remedy = "Close the lane with interruption='wait' instead, or use lead_time_known='on_order'."
        report.add("max_extra_lead_time", shown(lane.max_extra_lead_time), rule, remedy)


def check_limit(limit: "Limit", report: "Report") -> None:
    """Refuse a floor above its cap, and what a count of orders cannot be.

    Parameters
    ----------
    limit
        A limit whose attributes each keep their rule.
    report
        What is wrong is added here.
    """
    if limit.floor > limit.cap:
        report.add("floor", shown(limit.floor), f"must be at most the cap, which is {limit.cap:.16g}")
    if limit.metric != "orders":
        return
    # A count jumps from 0 to 1 with the first unit: nothing can be charged by the piece for what lies beyond it.
    if limit.floor > 0:
        rule = "must be 0 where the number of orders is limited"
        report.add("floor", shown(limit.floor), rule, "Agree on units, volume, weight or spend instead.")
    if not limit.hard:
        rule = "must be true where the number of orders is limited"
        report.add("hard", shown(limit.hard), rule, "Keep it hard, or price orders with fixed_order.")
    if limit.rule == "scale_proportionally":
        rule = "must be 'cut_in_order_of_priority' where the number of orders is limited"
        report.add("rule", shown(limit.rule), rule, "An order is placed or not; leave the rule out.")


def term_defects(network: "SupplyNetwork") -> Iterator[Defect]:
    """Return what contradicts itself between lanes and the items they carry.

    Parameters
    ----------
    network
        A network whose names are right.
    """
    volume = {item.name: item.volume for item in network.items}
    nodes = {node.name for node in network.nodes}
    for lane in network.lanes:
        carried = volume if lane.items is None else lane.items
        for name in ("capacity", "vehicle_capacity"):
            cap = getattr(lane, name)
            if cap is not None and not any(volume[item] > 0 for item in carried):
                rule = "must be absent where no item that the lane carries has a volume"
                yield Defect("Lane", lane.name, name, shown(cap), rule, "Give the items a volume.")
        if lane.full_vehicles:
            yield from _uneven(lane, {volume[item] for item in carried})
        if lane.special_share and lane.source not in nodes:
            rule = "must be 0 on a lane that starts at an outside supplier"
            value = shown(lane.special_share)
            yield Defect("Lane", lane.name, "special_share", value, rule, "Let a node hold the stock.")


def _uneven(lane: "Lane", volumes: set[float]) -> Iterator[Defect]:
    capacity = lane.vehicle_capacity or 0.0
    if len(volumes) > 1 or any(v <= 0 or abs(capacity / v - round(capacity / v)) > 1e-9 for v in volumes):
        rule = "must hold a whole number of units of equal volume where vehicles are full"
        yield Defect(
            "Lane", lane.name, "vehicle_capacity", shown(capacity), rule, "Correct it or the volumes."
        )
