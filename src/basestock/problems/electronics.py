"""The electronics network of system B: five regions, three tiers, delays, surges and one long outage."""

import math

from basestock.decision import Problem
from basestock.economics import make_tariff
from basestock.network import Item, Lane, LeadTime, Node, Process, Supplier, SupplyNetwork
from basestock.problems.parameters import parameters
from basestock.uncertainty import (
    Disruption,
    NegativeBinomial,
    Seasonal,
    SupplyLaws,
    Uncertainty,
    interruptible,
)
from basestock.uncertainty.disruptions import demand_surge

OURS = "instance of this project; the source names the network and gives no numbers"
PARTS = ("chip", "case")
HOLDING_SHARES = {"chip": 0.25, "case": 0.25, "board": 0.5, "device": 1.0}


@parameters(regions=(1, None), season=(0, 1))
def electronics_network(
    *,
    regions: int = 5,
    demand_mean: float = 8.0,
    dispersion: float = 2.0,
    season: float = 0.3,
    supplier_lead_times: tuple[int, ...] = (5, 15),
    lead_times: tuple[int, ...] = (2, 6),
    holding_cost: float = 1.0,
    shortage_cost: float = 25.0,
    delay_probability: float = 1 / 60,
    delay_days: int = 10,
    extra_lead_time: int = 10,
    surge_probability: float = 1 / 120,
    surge_days: int = 7,
    surge_factor: float = 1.8,
    outage_start: int = 180,
    outage_days: int = 30,
    horizon: int = 360,
    warm_up: int = 60,
) -> Problem:
    """Build the electronics network of system B: per region two suppliers, one manufacturer, two distributors.

    Parameters
    ----------
    regions
        Number of regions; 5 make 25 nodes.
    demand_mean, dispersion, season
        Devices per distributor and day, variance over mean, and amplitude of the yearly season in months of 30 days.
    supplier_lead_times, lead_times
        Fewest and most days from outside to the suppliers, and between tiers; each number of days is as likely.
    holding_cost, shortage_cost
        Money per device and day on hand and waiting; parts cost a quarter, boards a half to hold.
    delay_probability, delay_days, extra_lead_time
        A supplier's own supply is delayed: probability per day, days that it lasts, days added to the lead time of what
        is shipped meanwhile; the default doubles the mean of 10. 0 for none.
    surge_probability, surge_days, surge_factor
        The demand of a region surges: probability per day, days, factor. 0 for none.
    outage_start, outage_days
        The chip supplier of region 1 ships nothing for so many days from this one on, counted from the start of the
        warm-up. 0 days for none.
    horizon, warm_up
        Days counted and skipped.

    Notes
    -----
    Two chips make a board, a board and a case make a device, a day for each stage. The source gives
    no instance: numbers are this project's own.
    """
    arguments = dict(locals())
    far, near = _days("supplier_lead_times", supplier_lead_times), _days("lead_times", lead_times)
    nodes: list[Node] = []
    lanes: list[Lane] = []
    processes: list[Process] = []
    for number in range(1, regions + 1):
        plant, shops = f"manufacturer {number}", _distributors(number)
        sources = {part: f"{part} supplier {number}" for part in PARTS}
        nodes += [*(Node(name, tier=2) for name in sources.values()), Node(plant, tier=1), *map(Node, shops)]
        for part, source in sources.items():
            lanes.append(_lane("world", source, part, far, _restocking(part, number)))
            lanes.append(_lane(source, plant, part, near))
        lanes += [_lane(plant, shop, "device", near) for shop in shops]
        processes += [
            Process(f"board {number}", plant, {"chip": 2}, {"board": 1}, duration=1),
            Process(f"device {number}", plant, {"board": 1, "case": 1}, {"device": 1}, duration=1),
        ]
    network = SupplyNetwork(
        items=tuple(map(Item, HOLDING_SHARES)),
        nodes=tuple(nodes),
        suppliers=(Supplier("world"),),
        lanes=tuple(lanes),
        processes=tuple(processes),
        unmet="backorder",
    )
    struck = (
        *_delays(regions, delay_probability, delay_days, extra_lead_time),
        *_surges(regions, surge_probability, surge_days, surge_factor),
        *_outage(outage_start, outage_days),
    )
    network = interruptible(network, struck)
    sold_at = [(shop, "device") for number in range(1, regions + 1) for shop in _distributors(number)]
    holding = {(n.name, item): holding_cost * share for n in nodes for item, share in HOLDING_SHARES.items()}
    year = _year(demand_mean, dispersion, season)
    return Problem(
        name="electronics_network",
        network=network,
        uncertainty=Uncertainty(dict.fromkeys(sold_at, year), supply=SupplyLaws(disruptions=struck)),
        tariff=make_tariff(network, holding=holding, backorder=dict.fromkeys(sold_at, shortage_cost)),
        horizon=horizon,
        warm_up=warm_up,
        parameters=arguments,
        source=OURS,
    )


def _days(name: str, ends: tuple[int, ...]) -> LeadTime:
    if len(ends) != 2 or not 1 <= ends[0] <= ends[1]:
        raise ValueError(
            f"electronics_network: {name} is {ends!r}, must be two numbers of days, 1 <= fewest <= most. Correct it."
        )
    return dict.fromkeys(range(ends[0], ends[1] + 1), 1 / (ends[1] - ends[0] + 1))


def _distributors(region: int) -> list[str]:
    return [f"distributor {region}{letter}" for letter in "ab"]


def _restocking(part: str, region: int) -> str:
    return f"world -> {part} at {part} supplier {region}"


def _lane(source: str, node: str, item: str, days: LeadTime, name: str = "") -> Lane:
    """Build a lane; suppliers confirm the day of a delivery when it is ordered, so that a delay can lengthen it."""
    known = "on_order" if name else "on_arrival"
    return Lane(source, node, items=(item,), name=name, lead_time=days, lead_time_known=known)


def _year(mean: float, dispersion: float, season: float) -> Seasonal:
    months = [mean * (1 + season * math.sin(2 * math.pi * month / 12)) for month in range(12)]
    laws = [NegativeBinomial(each, dispersion * each) for each in months]
    return Seasonal(tuple(law for law in laws for _ in range(30)))


def _delays(regions: int, probability: float, days: int, extra: int) -> list[Disruption]:
    if probability == 0 or days == 0 or extra == 0:
        return []
    lanes = [_restocking(part, number) for number in range(1, regions + 1) for part in PARTS]
    return [
        Disruption(
            "supplier delay", lanes=(lane,), extra_lead_time=extra, probability=probability, duration=days
        )
        for lane in lanes
    ]


def _surges(regions: int, probability: float, days: int, factor: float) -> list[Disruption]:
    if probability == 0 or days == 0:
        return []
    return [
        demand_surge(*_distributors(number), factor=factor, probability=probability, duration=days)
        for number in range(1, regions + 1)
    ]


def _outage(start: int, days: int) -> list[Disruption]:
    if days == 0:
        return []
    supplier = ("chip supplier 1",)
    return [Disruption("outage", nodes=supplier, closed_share=1.0, outbound=True, start=start, duration=days)]
