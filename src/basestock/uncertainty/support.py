"""The finite support of a period's event: independent blocks of outcomes with their probabilities."""

import dataclasses
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from basestock.network import SupplyNetwork
from basestock.uncertainty.axes import Axes
from basestock.uncertainty.block import Block, Part
from basestock.uncertainty.chances import lasts, outages, routing, special_deliveries, substitutions
from basestock.uncertainty.kit import Kit
from basestock.uncertainty.laws import DemandLaw, DiscreteLaw, Seasonal
from basestock.uncertainty.lead_times import compile_lead_times, hazard
from basestock.uncertainty.sources import Uncertainty
from basestock.uncertainty.tables import cycle_length


class SupportError(ValueError):
    """Something random has no finite support."""


@dataclasses.dataclass(frozen=True, eq=False)
class Outcomes:
    """A list of joint outcomes.

    Parameters
    ----------
    leaves
        Leaf of an event to ``[outcome, ...]``, without the replication axis.
    probabilities
        ``[outcome]``.
    """

    leaves: Mapping[str, np.ndarray]
    probabilities: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class Support:
    """What can happen in a period.

    Parameters
    ----------
    sure
        Leaves as they are where nothing is random, without the replication axis.
    blocks
        Independent parts that are added to them.
    """

    sure: Mapping[str, np.ndarray]
    blocks: tuple[Block, ...]

    @property
    def num_outcomes(self) -> int:
        """Number of joint outcomes."""
        return math.prod(len(block.probabilities) for block in self.blocks)

    def of(self, leaves: Iterable[str]) -> "Support":
        """Return the part of the support that concerns some leaves."""
        kept = set(leaves)
        return Support(
            {name: leaf for name, leaf in self.sure.items() if name in kept},
            tuple(block for block in self.blocks if block.leaf in kept),
        )

    def fixed(self, blocks: Collection[int]) -> "Support":
        """Return the support in which some blocks, given by position, have their first outcome."""
        sure = {name: leaf.copy() for name, leaf in self.sure.items()}
        for at in blocks:
            block = self.blocks[at]
            sure[block.leaf][block.place] += block.values[0]
        return Support(sure, tuple(block for at, block in enumerate(self.blocks) if at not in blocks))

    def joint(self) -> Outcomes:
        """Return all joint outcomes."""
        sizes = [len(block.probabilities) for block in self.blocks]
        return self.outcomes(np.indices(sizes).reshape(len(sizes), self.num_outcomes))

    def drawn(self, rng: np.random.Generator, count: int, *, evenly: bool = False) -> Outcomes:
        """Return random joint outcomes, by their probabilities or all outcomes of a block alike."""
        picked = [
            rng.choice(len(block.values), count, p=None if evenly else block.probabilities)
            for block in self.blocks
        ]
        found = self.outcomes(np.array(picked, dtype=np.int64).reshape(len(picked), count))
        return Outcomes(found.leaves, np.full(count, 1.0 / count))

    def outcomes(self, index: np.ndarray) -> Outcomes:
        """Return the joint outcomes whose parts are ``[block, outcome]`` numbers of outcomes of the blocks."""
        count = index.shape[1]
        leaves = {name: np.repeat(leaf[None], count, 0) for name, leaf in self.sure.items()}
        probabilities = np.ones(count)
        for block, number in zip(self.blocks, index, strict=True):
            leaves[block.leaf][(slice(None), *block.place)] += block.values[number].astype(
                leaves[block.leaf].dtype
            )
            probabilities *= block.probabilities[number]
        return Outcomes(leaves, probabilities)


def event_support(uncertainty: Uncertainty, network: SupplyNetwork, period: int = 0) -> Support:
    """Return everything that can happen in a period, as independent blocks.

    Parameters
    ----------
    uncertainty
        Discrete demand with or without seasons, of any number of classes and in kits, random lead times of both kinds,
        deliveries that are lost or come late, outages without memory, routing by chance, and customers who take a
        special delivery or another item by chance.
    network
        The authored network.
    period
        Number of the period; laws with seasons depend on it.

    Raises
    ------
    SupportError
        Naming everything that has no finite support, or a memory of its own.
    """
    _refuse_others(uncertainty, network)
    axes = Axes.of(network)
    classes = [None, *(each.name for each in network.demand_classes[1:])]
    market = np.zeros((len(classes), axes.num_nodes, axes.num_items), dtype=np.float32)
    sure = {"market": market}
    blocks = [*_demand(uncertainty, network, classes, period), *_kits(uncertainty.kits, network)]
    routes = {} if uncertainty.supply is None else uncertainty.supply.routing

    def customers(node: str, item: str) -> int:
        laws = uncertainty.laws_at(node, item)
        return round(sum(float(_values_of(law, (node, item), period)[0].max()) for law in laws))

    parts = (
        *(find(uncertainty, network, axes) for find in (_lead_times, _deliveries, outages)),
        *(find(network, axes, customers) for find in (special_deliveries, substitutions)),
        routing(routes, network, axes),
    )
    for certain, found in parts:
        sure |= certain
        blocks += found
    return Support(sure, tuple(blocks))


def support_cycle(uncertainty: Uncertainty) -> int:
    """Return the number of periods after which the laws of demand repeat."""
    laws = [*uncertainty.demand.values(), *uncertainty.class_demand.values()]
    return cycle_length([len(law.laws) if isinstance(law, Seasonal) else 1 for law in laws])


def _refuse_others(uncertainty: Uncertainty, network: SupplyNetwork) -> None:
    found = [
        f"{name}: {reason}" for name, (present, reason) in _unlisted(uncertainty, network).items() if present
    ]
    if found:
        raise SupportError(
            f"event_support: not everything random can be listed outcome by outcome. {'; '.join(found)}. Must be "
            "demand by discrete laws, lead times, deliveries, outages without memory, routing, special deliveries and "
            "substitution. Leave the rest out, simulate, or ask for a bound."
        )


def _unlisted(uncertainty: Uncertainty, network: SupplyNetwork) -> dict[str, tuple[bool, str]]:
    """Return what has no finite list of outcomes here, whether it is there, and why it has none."""
    supply = uncertainty.supply
    down = {} if supply is None else supply.outages
    remembered, depends = (
        "the outside remembers it from period to period",
        "its law depends on what is decided",
    )
    return {
        "demand driven from outside": (uncertainty.drivers is not None, remembered),
        "answers of demand to prices": (bool(network.responses), depends),
        "goodwill": (bool(network.goodwill), depends),
        "goods that customers bring back": (bool(network.returns), depends),
        "shares of defective units": (bool(network.inspections), depends),
        "outages that last": (
            any(map(lasts, down.values())),
            "a period that is down tells of the next, disruption_probability + recovery_probability must be 1",
        ),
        "outages that add to lead times": (
            any(law.extra_lead_time > 0 for law in down.values()),
            "extra_lead_time must be 0",
        ),
        "disruptions": (supply is not None and bool(supply.disruptions), remembered),
        "lead times of single units": (
            supply is not None and supply.units is not None,
            "time is continuous there",
        ),
        "yields": (any(process.yield_law != "fixed" for process in network.processes), depends),
        "breakdowns": (
            any(resource.breakdown > 0 for resource in network.resources),
            "hours are lost before the decision",
        ),
    }


def _values_of(law: DemandLaw, place: object, period: int) -> tuple[np.ndarray, np.ndarray]:
    if isinstance(law, Seasonal) and not law.repeats and period >= len(law.laws):
        raise SupportError(
            f"Demand of {place}: its laws end after {len(law.laws)} periods and do not start again, must be known in "
            f"period {period} too. Choose a shorter horizon, or give laws that repeat."
        )
    if isinstance(law, Seasonal):
        law = law.laws[period % len(law.laws)]
    if not isinstance(law, DiscreteLaw):
        raise SupportError(
            f"Demand of {place}: {type(law).__name__} has no finite support, must be a discrete law without memory for "
            "exact expectations. Choose one, or simulate."
        )
    return law.support()


def _demand(
    uncertainty: Uncertainty, network: SupplyNetwork, classes: Sequence[str | None], period: int
) -> list[Block]:
    laws = {(None, *place): law for place, law in uncertainty.demand.items()} | dict(
        uncertainty.class_demand.items()
    )
    found: list[Block] = []
    for (each, node, item), law in sorted(laws.items(), key=lambda pair: str(pair[0])):
        place = (classes.index(each), network.node_index[node], network.item_index[item])
        found.append(Block("market", place, *_values_of(law, (node, item), period)))
    return found


def _kits(kits: Mapping[str, Kit], network: SupplyNetwork) -> list[Block]:
    found: list[Block] = []
    for name, kit in sorted(kits.items()):
        values, probabilities = _values_of(kit.law, name, 0)
        items = np.array([network.item_index[item] for item in kit.contents])
        units = np.array(list(kit.contents.values()))
        place = (0, network.node_index[kit.node], items)
        found.append(Block("market", place, values[:, None] * units, probabilities))
    return found


def _lead_times(uncertainty: Uncertainty, network: SupplyNetwork, axes: Axes) -> Part:
    """Return which ages arrive where arrival reveals the lead time, and lead times that are drawn on ordering."""
    sure: dict[str, np.ndarray] = {}
    blocks: list[Block] = []
    tables = compile_lead_times(network, axes)
    random = {
        (position, network.item_index[item]): (lane, lane.lead_time_law(item))
        for position, lane in enumerate(network.lanes)
        for item in (lane.items if lane.items is not None else axes.items)
        if len(lane.lead_time_law(item)) > 1
    }
    if tables is not None and tables.arrival_hazard is not None:
        sure["arrives"] = (np.asarray(tables.arrival_hazard[..., 0]) >= 1.0).astype(np.float32)
    if tables is not None and tables.shortest is not None:
        sure["lead_time"] = np.asarray(tables.shortest[..., 0])
    for place, (lane, law) in random.items():
        if lane.lead_time_known == "on_arrival":
            for age, chance in enumerate(hazard(law)):
                if 0 < chance < 1:
                    blocks.append(_either("arrives", (age, *place), 1.0, float(chance)))
        else:
            periods = np.array(sorted(law))
            masses = np.array([law[each] for each in periods.tolist()])
            blocks.append(Block("lead_time", place, periods - periods[0], masses))
    return sure, blocks


def _deliveries(uncertainty: Uncertainty, network: SupplyNetwork, axes: Axes) -> Part:
    """Return what is lost and what comes late on lanes whose deliveries are not all whole."""
    laws = {} if uncertainty.supply is None else uncertainty.supply.deliveries
    if not laws:
        return {}, []
    shape = (axes.num_lanes, axes.num_items)
    sure = {name: np.zeros(shape, dtype=np.float32) for name in ("lost_share", "late_share")}
    blocks: list[Block] = []
    for name, law in sorted(laws.items()):
        position = network.lane_index[name]
        for item in network.lanes[position].items or axes.items:
            place = (position, network.item_index[item])
            blocks.append(_either("lost_share", place, law.lost_share, law.loss_probability))
            blocks.append(_either("late_share", place, law.late_share, law.partial_probability))
    return sure, [block for block in blocks if len(block.probabilities) > 1 or block.values.any()]


def _either(leaf: str, place: tuple[Any, ...], value: float, chance: float) -> Block:
    """Return a block that adds a value with a probability, and nothing else."""
    outcomes = [(0.0, 1.0 - chance), (value, chance)]
    kept = [(each, mass) for each, mass in outcomes if mass > 0]
    return Block(leaf, place, np.array([each for each, _ in kept]), np.array([mass for _, mass in kept]))
