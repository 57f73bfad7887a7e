"""Where the events of a simulation come from: laws, paths of forecasts, or the recorded past."""

import abc
import dataclasses
import functools
from collections.abc import Mapping

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float, Int, UInt32

from basestock.network import SupplyNetwork
from basestock.uncertainty.axes import Axes
from basestock.uncertainty.classes import class_defects, compile_classes
from basestock.uncertainty.event import Event, World
from basestock.uncertainty.keys import entity_uniforms, period_key
from basestock.uncertainty.kit import Kit, kit_defects
from basestock.uncertainty.laws import Autoregressive, ContinuousLaw, DemandLaw, DiscreteLaw, Seasonal
from basestock.uncertainty.lead_times import LeadTimeTables, compile_lead_times
from basestock.uncertainty.market import MarketDrivers
from basestock.uncertainty.part import EventPart
from basestock.uncertainty.supply import SupplyLaws, supply_parts
from basestock.uncertainty.tables import (
    CumulativeTable,
    Grid,
    NormalTable,
    QuantileTable,
    compile_laws,
    cycle_length,
)

Root = UInt32[Array, "2"]


def _at(leaf: Array, period: Int[Array, ""]) -> Array:
    """Return the entry of a period; beyond the end it would silently repeat the last one."""
    if not isinstance(period, Tracer):
        require_periods(leaf.shape[0], int(period), 1)
    return jax.lax.dynamic_index_in_dim(leaf, period, 0, keepdims=False)


def require_periods(available: int | None, first: int, num_periods: int) -> None:
    """Refuse to run past the end of what is known of the future or the past.

    Parameters
    ----------
    available
        Number of periods that a source knows; ``None`` where it knows a law.
    first, num_periods
        First period and number of periods that are asked for.

    Raises
    ------
    ValueError
        If the source ends before them.
    """
    if available is not None and not 0 <= first <= first + num_periods <= available:
        raise ValueError(
            f"Events: periods {first} to {first + num_periods - 1} are asked for, must be among the {available} "
            "given ones, 0 first. Play fewer periods, or give more."
        )


class MarketSource(eqx.Module):
    """What customers ask for in a period."""

    @property
    def num_periods(self) -> int | None:
        """Number of periods that the source knows; ``None`` where it knows a law."""
        return None

    @abc.abstractmethod
    def initial_world(self, num_replications: int) -> World:
        """Return what is remembered before the first period."""

    @abc.abstractmethod
    def draw(
        self, world: World, root: Root, period: Int[Array, ""], replications: Int[Array, " replication"]
    ) -> tuple[Float[Array, "node item replication"], World]:
        """Return the demand of a period in units, and what is remembered after it."""


class MarketLaws(MarketSource):
    """Independent laws per node and item, with seasons and memory."""

    node_words: UInt32[Array, "node 2"]
    item_words: UInt32[Array, "item 2"]
    num_seasons: Int[Array, ""]
    cumulative: CumulativeTable | None
    normal: NormalTable | None
    quantile: QuantileTable | None
    mean: Float[Array, "season node item 1"] | None
    coefficient: Float[Array, "node item 1"] | None
    ends: int | None = eqx.field(static=True, default=None)

    @property
    def num_periods(self) -> int | None:
        """Length of the shortest list of laws that does not start again; ``None`` without such lists."""
        return self.ends

    def initial_world(self, num_replications: int) -> World:
        """Return a world without deviation from the mean."""
        if self.coefficient is None:
            return World()
        return World(deviation=jnp.zeros((*self.coefficient.shape[:2], num_replications)))

    def draw(
        self, world: World, root: Root, period: Int[Array, ""], replications: Int[Array, " replication"]
    ) -> tuple[Float[Array, "node item replication"], World]:
        """Draw by inversion from one uniform number per node, item and replication."""
        season = period % self.num_seasons
        tables = [table for table in (self.cumulative, self.normal, self.quantile) if table is not None]
        if len(tables) == 1 and isinstance(tables[0], CumulativeTable) and tables[0].cumulative is None:
            uniform = jnp.full((len(self.node_words), len(self.item_words), len(replications)), 0.5)
        else:
            uniform = entity_uniforms(
                period_key(root, "demand", period), self.node_words, self.item_words, replications
            )
        market = jnp.asarray(sum(table.draw(season, uniform) for table in tables))
        if self.coefficient is None or self.mean is None or world.deviation is None:
            return market, world
        mean = self.mean[season]
        deviation = self.coefficient * world.deviation + market - mean
        remembers = self.coefficient != 0
        market = jnp.where(remembers, jnp.maximum(mean + deviation, 0.0), market)
        return market, eqx.tree_at(lambda w: w.deviation, world, jnp.where(remembers, deviation, 0.0))


class MarketPaths(MarketSource):
    """Given paths of demand: a forecast's sample paths or the past; replication r follows path r mod paths."""

    paths: Float[Array, "period node item path"]

    @property
    def num_periods(self) -> int:
        """Number of periods of each path."""
        return self.paths.shape[0]

    def initial_world(self, num_replications: int) -> World:
        """Return an empty world."""
        return World()

    def draw(
        self, world: World, root: Root, period: Int[Array, ""], replications: Int[Array, " replication"]
    ) -> tuple[Float[Array, "node item replication"], World]:
        """Return the demand of the period on each replication's path."""
        market = _at(self.paths, period)
        if self.paths.shape[-1] == 1:
            return jnp.broadcast_to(market, (*market.shape[:2], len(replications))), world
        return jnp.take(market, replications % self.paths.shape[-1], axis=-1), world


class EventSource(eqx.Module):
    """Draws the event of each period; the same root key gives the same events whatever anybody decides.

    Parameters
    ----------
    market
        What customers ask for.
    lane_words, item_words
        Stable hashes of the names of lanes and items.
    lead_times
        Random lead times; ``None`` where all are fixed.
    parts
        Dice of the optional features that the network uses, each with its own leaves.
    further_classes
        What the customers of each class after the first ask for.
    """

    market: MarketSource
    lane_words: UInt32[Array, "lane 2"]
    item_words: UInt32[Array, "item 2"]
    lead_times: LeadTimeTables | None
    parts: tuple[EventPart, ...] = ()
    further_classes: tuple[MarketLaws, ...] = ()

    @property
    def num_periods(self) -> int | None:
        """Number of periods that the market is known for; ``None`` for laws."""
        known = [each.num_periods for each in (self.market, *self.further_classes)]
        return min((number for number in known if number is not None), default=None)

    def initial_world(self, num_replications: int) -> World:
        """Return the world before the first period."""
        world = self.market.initial_world(num_replications)
        for part in self.parts:
            world = dataclasses.replace(world, **part.initial_world(num_replications))
        return world

    def sample(
        self, world: World, root: Root, period: Int[Array, ""], replications: Int[Array, " replication"]
    ) -> tuple[Event, World]:
        """Return the event of a period and the world after it.

        Parameters
        ----------
        world
            World before the period.
        root
            Words of the root key.
        period
            Number of the period.
        replications
            Numbers of the replications; the same number means the same events.

        Returns
        -------
        tuple
            Event with a trailing replication axis, and the next world.
        """
        before = world
        market, world = self.market.draw(world, root, period, replications)
        arrives = lead_time = None
        if self.lead_times is not None:
            key = period_key(root, "lead_time", period)
            arrives, lead_time = self.lead_times.sample(key, self.lane_words, self.item_words, replications)
        others = [each.draw(before, root, period, replications)[0] for each in self.further_classes]
        event = Event(market=jnp.stack([market, *others]), arrives=arrives, lead_time=lead_time)
        for part in self.parts:
            leaves, remembered = part.sample(before, root, period, replications)
            event = dataclasses.replace(event, **leaves)
            world = dataclasses.replace(world, **remembered)
        for part in self.parts:
            event = part.overlay(event, world)
        return event, world


class Recorded(eqx.Module):
    """Events that were drawn before, fed back (SIM-509); every leaf carries a leading period axis."""

    events: Event

    @property
    def num_periods(self) -> int:
        """Number of recorded periods."""
        return min(leaf.shape[0] for leaf in jax.tree.leaves(self.events))

    def initial_world(self, num_replications: int) -> World:
        """Return an empty world."""
        return World()

    def sample(
        self, world: World, root: Root, period: Int[Array, ""], replications: Int[Array, " replication"]
    ) -> tuple[Event, World]:
        """Return the recorded event of the period."""
        return jax.tree.map(lambda leaf: _at(leaf, period), self.events), world


AnySource = EventSource | Recorded


@dataclasses.dataclass(frozen=True, eq=False)
class Uncertainty:
    """The authored dice of a network: a demand law per node and item; lead-time laws come from its lanes.

    Parameters
    ----------
    demand
        Law by (node, item); places without a law have no customers. Of the first class where there are several.
    class_demand
        Law by (class, node, item) of the classes after the first.
    drivers
        What multiplies the demand of the first class from outside, and prices of others.
    supply
        Outages, lost and partial deliveries, disruptions, and lanes drawn by chance.
    kits
        Kits by name: several items asked for together.
    defects
        Share of defective units in a lot, or its law, by lane or process.

    Examples
    --------
    >>> from basestock.uncertainty import Poisson
    >>> Uncertainty({("store", "milk"): Poisson(5.0)}).demand["store", "milk"].mean
    5.0
    """

    demand: Mapping[tuple[str, str], DemandLaw]
    class_demand: Mapping[tuple[str, str, str], DemandLaw] = dataclasses.field(default_factory=dict)
    drivers: MarketDrivers | None = None
    supply: SupplyLaws | None = None
    kits: Mapping[str, Kit] = dataclasses.field(default_factory=dict)
    defects: Mapping[str, float | DiscreteLaw | ContinuousLaw] = dataclasses.field(default_factory=dict)

    def laws_at(self, node: str, item: str) -> tuple[DemandLaw, ...]:
        """Return the laws of all classes of customers at a place, none where there are no customers."""
        first = self.demand.get((node, item))
        kits = [kit.of_item(item) for kit in self.kits.values() if kit.node == node and item in kit.contents]
        return (*(() if first is None else (first,)), *self._further_at.get((node, item), ()), *kits)

    @functools.cached_property
    def _further_at(self) -> dict[tuple[str, str], list[DemandLaw]]:
        found: dict[tuple[str, str], list[DemandLaw]] = {}
        for (_, node, item), law in self.class_demand.items():
            found.setdefault((node, item), []).append(law)
        return found

    def check(self, network: SupplyNetwork) -> "Uncertainty":
        """Return self if every law stands at a node and an item of the network.

        Raises
        ------
        ValueError
            Naming every place that the network does not have.
        """
        from basestock.uncertainty.quality import defect_defects

        wrong = [
            f"demand at {place}, must be at (node, item) of the network."
            for place in self.demand
            if place[0] not in network.node_index or place[1] not in network.item_index
        ]
        wrong += [
            f"demand at {place} is {law!r}, must be a demand law."
            for place, law in (*self.demand.items(), *self.class_demand.items())
            if not isinstance(law, DemandLaw)
        ]
        wrong += class_defects(self.class_demand, network) + kit_defects(self.kits, network)
        wrong += defect_defects(self.defects, network)
        if wrong:
            raise ValueError(f"Uncertainty: {' '.join(wrong)} Correct the places or the laws.")
        return self

    def compile(self, network: SupplyNetwork) -> EventSource:
        """Compile to a source of events on the padded axes of the network."""
        from basestock.uncertainty.kits import with_kits
        from basestock.uncertainty.market_parts import market_of, market_parts
        from basestock.uncertainty.production import production_parts
        from basestock.uncertainty.quality import quality_parts

        self.check(network)
        axes = Axes.of(network)
        market = market_of(self.demand, self.drivers, network, axes)
        return EventSource(
            with_kits(market, self.kits, network, axes),
            jnp.asarray(axes.words("lane")),
            jnp.asarray(axes.words("item")),
            compile_lead_times(network, axes),
            (
                *production_parts(network, axes),
                *quality_parts(self.defects, network, axes),
                *market_parts(market, network, axes),
                *supply_parts(self.supply, network, axes),
            ),
            further_classes=compile_classes(self.class_demand, network, axes),
        )

    def demand_support(
        self, node: str, item: str, period: int, demand_class: str | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return values and probabilities of the demand at a place in a period, in double precision.

        Parameters
        ----------
        node, item, period
            Where and when.
        demand_class
            Which customers; the first class, or all, if not given.

        Raises
        ------
        ValueError
            If the law there has no finite support (continuous) or a memory.
        """
        first = demand_class is None
        law = self.demand.get((node, item)) if first else self.class_demand.get((demand_class, node, item))
        if law is None:
            return np.array([0.0]), np.array([1.0])
        if isinstance(law, Seasonal):
            law = law.laws[period % len(law.laws)]
        if not isinstance(law, DiscreteLaw):
            raise ValueError(
                f"Demand of {item!r} at {node!r}: {type(law).__name__} has no finite support, must be a discrete law "
                "without memory for exact expectations. Choose one, or simulate."
            )
        return law.support()


def compile_market(demand: Mapping[tuple[str, str], DemandLaw], axes: Axes) -> MarketLaws:
    """Compile demand laws to arrays on the given axes."""
    node_at = {name: position for position, name in enumerate(axes.nodes)}
    item_at = {name: position for position, name in enumerate(axes.items)}
    coefficient = np.zeros((axes.num_nodes, axes.num_items, 1), dtype=np.float32)
    cycles: dict[tuple[int, int], tuple[DemandLaw, ...]] = {}
    ends: int | None = None
    for (node, item), law in demand.items():
        place = node_at[node], item_at[item]
        if isinstance(law, Autoregressive):
            coefficient[place], law = law.coefficient, law.base
        cycles[place] = law.laws if isinstance(law, Seasonal) else (law,)
        if isinstance(law, Seasonal) and not law.repeats:
            ends = min(len(law.laws), ends or len(law.laws))
    num_seasons = cycle_length([len(cycle) for cycle in cycles.values()])
    laws: Grid = {}
    mean = np.zeros((num_seasons, axes.num_nodes, axes.num_items, 1), dtype=np.float32)
    for (node, item), cycle in cycles.items():
        for season in range(num_seasons):
            law = cycle[season % len(cycle)]
            mean[season, node, item] = law.mean
            if isinstance(law, DiscreteLaw | ContinuousLaw):
                laws[season, node, item] = law
    remembers = bool(coefficient.any())
    return MarketLaws(
        jnp.asarray(axes.words("node")),
        jnp.asarray(axes.words("item")),
        jnp.asarray(num_seasons),
        *compile_laws(laws, (num_seasons, axes.num_nodes, axes.num_items)),
        jnp.asarray(mean) if remembers else None,
        jnp.asarray(coefficient) if remembers else None,
        ends=ends,
    )


def record(
    source: AnySource,
    root: Root,
    num_periods: int,
    replications: Int[Array, " replication"],
    first_period: int = 0,
) -> Event:
    """Draw the events of a whole path at once, stacked along a leading period axis."""

    def step(world: World, period: Array) -> tuple[World, Event]:
        event, world = source.sample(world, root, period, replications)
        return world, event

    world = source.initial_world(len(replications))
    _, events = jax.lax.scan(step, world, first_period + jnp.arange(num_periods))
    return events
