"""Drivers of a market as arrays, and the demand that follows them."""

import dataclasses
from collections.abc import Collection, Mapping

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import ndtri
from jaxtyping import Array, Float, Int, UInt32

from basestock.uncertainty.axes import Axes
from basestock.uncertainty.counts import count_quantile
from basestock.uncertainty.event import World
from basestock.uncertainty.keys import entity_uniforms, period_key, stable_words
from basestock.uncertainty.laws import DemandLaw, DiscreteLaw, NegativeBinomial, Poisson
from basestock.uncertainty.market import AutoregressiveLevel, HiddenDemand, MarketDrivers
from basestock.uncertainty.places import Places, places_of
from basestock.uncertainty.sources import EventPart, MarketLaws, MarketSource, compile_market

Root = UInt32[Array, "2"]
_ONE = stable_words(["market"])


class Levels(eqx.Module):
    """Autoregressive levels on an axis; a base of 0 where there is none."""

    base: Float[Array, "owner item 1"]
    coefficient: Float[Array, "owner item 1"]
    deviation: Float[Array, "owner item 1"]
    words: UInt32[Array, "owner 2"]
    item_words: UInt32[Array, "item 2"]

    def start(self, num_replications: int) -> Float[Array, "owner item replication"]:
        """Return the bases."""
        return jnp.broadcast_to(self.base, (*self.base.shape[:2], num_replications))

    def after(
        self, last: Array, purpose: str, root: Root, period: Int[Array, ""], replications: Array
    ) -> Float[Array, "owner item replication"]:
        """Return the levels of a period given those of the last."""
        uniform = entity_uniforms(
            period_key(root, purpose, period), self.words, self.item_words, replications
        )
        shock = self.base * self.deviation * ndtri(uniform)
        return jnp.maximum(self.base + self.coefficient * (last - self.base) + shock, 0.1 * self.base)


class Campaigns(eqx.Module):
    """Promotions along a leading axis."""

    first: Float[Array, " promotion"]
    length: Float[Array, " promotion"]
    every: Float[Array, " promotion"]
    uplift: Float[Array, " promotion"]
    dip: Float[Array, " promotion"]
    dip_length: Float[Array, " promotion"]
    places: Float[Array, "promotion node item 1"]

    def factor(self, period: Int[Array, ""]) -> Float[Array, "node item 1"]:
        """Return what demand is multiplied by."""
        since = jnp.asarray(period, jnp.float32) - self.first
        phase = jnp.where(since >= 0, since % self.every, -1.0)
        lasting = (phase >= 0) & (phase < self.length)
        after = (phase >= self.length) & (phase < self.length + self.dip_length)
        each = jnp.where(lasting, self.uplift, jnp.where(after, -self.dip, 0.0))
        return jnp.prod(1.0 + each[:, None, None, None] * self.places, axis=0)


class Surges(eqx.Module):
    """Regional surges along a leading axis."""

    words: UInt32[Array, "surge 2"]
    nodes: Float[Array, "surge node"]
    probability: Float[Array, "surge 1"]
    factor: Float[Array, "surge 1"]
    length: Float[Array, "surge 1"]

    def after(
        self, left: Array, root: Root, period: Int[Array, ""], replications: Array
    ) -> tuple[Array, Float[Array, "node 1 replication"]]:
        """Return the periods left after this one, and what demand is multiplied by."""
        uniform = _by_owner("surge", self.words, root, period, replications)
        left = jnp.where(left > 0, left, jnp.where(uniform < self.probability, self.length, 0.0))
        each = jnp.where(left > 0, self.factor, 1.0)
        here = 1.0 + self.nodes[:, :, None] * (each - 1.0)[:, None, :]
        return jnp.maximum(left - 1.0, 0.0), jnp.prod(here, axis=0)[:, None, :]


class Hidden(eqx.Module):
    """Compiled :class:`HiddenDemand`.

    Parameters
    ----------
    low, high
        ``[parameter]`` ends of the ranges, in the order of the fields; logarithms of factors.
    node_words, item_words
        Stable hashes of the places.
    """

    low: Float[Array, "parameter 1 1 1"]
    high: Float[Array, "parameter 1 1 1"]
    node_words: UInt32[Array, "node 2"]
    item_words: UInt32[Array, "item 2"]

    def start(self, num_replications: int) -> Float[Array, "parameter node item replication"]:
        """Return that nothing has been drawn."""
        return jnp.zeros((self.low.shape[0], len(self.node_words), len(self.item_words), num_replications))

    def step(
        self, drawn: Array, root: Root, period: Int[Array, ""], replications: Array
    ) -> tuple[Array, Float[Array, "node item replication"]]:
        """Return the quantiles of each path, drawn if they have not been, and what demand is multiplied by."""
        key = period_key(root, "hidden_demand", period)
        fresh = entity_uniforms(key, self.node_words, self.item_words, replications, ages=self.low.shape[0])
        drawn = jnp.where(drawn > 0, drawn, fresh)
        level, trend, amplitude, length, phase, shock, since = self.low + (self.high - self.low) * drawn
        time = jnp.asarray(period, jnp.float32)
        season = 1.0 + amplitude * jnp.sin(2 * jnp.pi * (((time + phase) % length) / length))
        shocked = jnp.where(time >= since, jnp.exp(shock), 1.0)
        return drawn, jnp.exp(level) * jnp.maximum(1.0 + trend * time, 0.0) * season * shocked


class Drivers(eqx.Module):
    """Compiled :class:`MarketDrivers`; absent parts are ``None``."""

    trend: Float[Array, ""]
    waves: Float[Array, "wave 3"]
    campaigns: Campaigns | None
    regime_factors: Float[Array, " regime"] | None
    regime_cumulative: Float[Array, "regime regime"] | None
    first_regime: Int[Array, ""]
    economy: Levels | None
    competitor_price: Levels | None
    supply_price: Levels | None
    surges: Surges | None
    hidden: Hidden | None

    def start(self, num_replications: int) -> dict[str, Array]:
        """Return the leaves of the world before the first period."""
        leaves: dict[str, Array] = {}
        if self.regime_factors is not None:
            leaves["demand_regime"] = jnp.full(num_replications, self.first_regime, dtype=jnp.int32)
        if self.economy is not None:
            leaves["economy"] = self.economy.start(num_replications)[0, 0]
        if self.competitor_price is not None:
            leaves["competitor_price"] = self.competitor_price.start(num_replications)
        if self.supply_price is not None:
            leaves["supply_price"] = self.supply_price.start(num_replications)
        if self.surges is not None:
            leaves["surge_left"] = jnp.zeros((self.surges.probability.shape[0], num_replications))
        if self.hidden is not None:
            leaves["hidden_demand"] = self.hidden.start(num_replications)
        return leaves

    def step(
        self, world: World, root: Root, period: Int[Array, ""], replications: Int[Array, " replication"]
    ) -> tuple[Array, dict[str, Array]]:
        """Return what demand is multiplied by, ``[node, item, replication]`` up to broadcasting, and the world."""
        leaves: dict[str, Array] = {}
        factor = self._calendar(period) * jnp.ones((1, 1, len(replications)))
        if self.regime_factors is not None and self.regime_cumulative is not None:
            uniform = _by_owner("demand_regime", _ONE, root, period, replications)[0]
            cumulative = self.regime_cumulative[_given(world.demand_regime)]
            regime = jnp.sum(uniform[:, None] > cumulative[:, :-1], axis=1).astype(jnp.int32)
            leaves["demand_regime"], factor = regime, factor * self.regime_factors[regime]
        if self.economy is not None:
            last = _given(world.economy)[None, None]
            level = self.economy.after(last, "economy", root, period, replications)
            leaves["economy"], factor = level[0, 0], factor * level
        if self.surges is not None:
            left, surge = self.surges.after(_given(world.surge_left), root, period, replications)
            leaves["surge_left"], factor = left, factor * surge
        if self.hidden is not None:
            drawn, runs = self.hidden.step(_given(world.hidden_demand), root, period, replications)
            leaves["hidden_demand"], factor = drawn, factor * runs
        for name, levels in (
            ("competitor_price", self.competitor_price),
            ("supply_price", self.supply_price),
        ):
            if levels is not None:
                last = _given(getattr(world, name))
                leaves[name] = levels.after(last, name, root, period, replications)
        return factor, leaves

    def _calendar(self, period: Int[Array, ""]) -> Float[Array, "node item 1"]:
        time = jnp.asarray(period, jnp.float32)
        length, amplitude, phase = self.waves[:, 0], self.waves[:, 1], self.waves[:, 2]
        # The cycle is cut off first: a sine of a large argument is rough in single precision.
        angle = 2 * jnp.pi * (((time + phase) % length) / length)
        season = jnp.prod(1.0 + amplitude * jnp.sin(angle))
        factor = jnp.maximum(1.0 + self.trend * time, 0.0) * season
        return factor * (jnp.ones((1, 1, 1)) if self.campaigns is None else self.campaigns.factor(period))


def _given(leaf: Array | None) -> Array:
    if leaf is None:
        raise ValueError(
            "market: a leaf of the world is absent, must be that of initial_world. Start from it."
        )
    return leaf


def _by_owner(
    purpose: str, words: Array | np.ndarray, root: Root, period: Int[Array, ""], replications: Array
) -> Float[Array, "owner replication"]:
    key = period_key(root, purpose, period)
    return entity_uniforms(key, jnp.asarray(words), jnp.asarray(_ONE), replications)[:, 0]


class DrivenMarket(MarketSource):
    """Demand laws multiplied by drivers.

    Parameters
    ----------
    laws
        Laws of the places that are no counts.
    drivers
        What multiplies them.
    mean, dispersion
        Of Poisson and negative binomial places, units; ``mean`` is ``None`` without such places, ``dispersion``
        where all are Poisson.
    rounded
        1 at places of other discrete laws; ``None`` without such places.
    places
        Places of counts and of other discrete laws that something may bend.
    """

    laws: MarketLaws
    drivers: Drivers
    mean: Float[Array, "node item 1"] | None
    dispersion: Float[Array, "node item 1"] | None
    rounded: Float[Array, "node item 1"] | None
    places: Places

    @property
    def num_periods(self) -> int | None:
        """Number of periods that the laws are known for; ``None`` without an end."""
        return self.laws.num_periods

    def initial_world(self, num_replications: int) -> World:
        """Return the world of the laws and of the drivers."""
        return dataclasses.replace(
            self.laws.initial_world(num_replications), **self.drivers.start(num_replications)
        )

    def draw(
        self, world: World, root: Root, period: Int[Array, ""], replications: Int[Array, " replication"]
    ) -> tuple[Float[Array, "node item replication"], World]:
        """Return the demand at the reference price, and the world after it."""
        factor, leaves = self.drivers.step(world, root, period, replications)
        values, after = self.laws.draw(world, root, period, replications)
        values = values * factor
        at, level = self.places, self.levels(root, period, replications)
        here = at.read(values)
        if self.rounded is not None:
            here = jnp.where(at.read(self.rounded) > 0, jnp.floor(here + level), here)
        if self.mean is not None:
            mean = at.read(self.mean)
            dispersion = None if self.dispersion is None else at.read(self.dispersion)
            counts = count_quantile(level, mean * at.read(jnp.broadcast_to(factor, values.shape)), dispersion)
            here = jnp.where(mean > 0, counts, here)
        return at.write(values, here), dataclasses.replace(after, **leaves)

    def levels(
        self, root: Root, period: Int[Array, ""], replications: Int[Array, " replication"]
    ) -> Float[Array, "place replication"]:
        """Return the quantile of each count, or what decides on rounding up elsewhere.

        Notes
        -----
        Counts take the dice of plain demand, so that drivers that change nothing give the same bits (SIM-1104).
        """
        words = self.laws.node_words, self.laws.item_words
        dice = lambda purpose: self.places.uniforms(period_key(root, purpose, period), *words, replications)  # noqa: E731
        if self.rounded is None or self.mean is None:
            return dice("demand" if self.rounded is None else "market")
        return jnp.where(self.places.read(self.mean) > 0, dice("demand"), dice("market"))


class MarketLeaves(EventPart):
    """What a decision may bend: the quantiles and means of the market, and the prices of others."""

    market: DrivenMarket

    def sample(
        self, world: World, root: Root, period: Int[Array, ""], replications: Int[Array, " replication"]
    ) -> tuple[dict[str, Array], dict[str, Array]]:
        """Return ``market_quantile``, ``market_mean``, ``market_dispersion`` and the prices of the period."""
        factor, moved = self.market.drivers.step(world, root, period, replications)
        leaves = {name: moved[name] for name in ("competitor_price", "supply_price") if name in moved}
        laws = self.market.laws
        shape = (len(laws.node_words), len(laws.item_words), len(replications))
        level = self.market.levels(root, period, replications)
        leaves["market_quantile"] = self.market.places.write(jnp.full(shape, 0.5), level)
        if self.market.mean is not None:
            leaves["market_mean"] = jnp.broadcast_to(self.market.mean * factor, shape)
        if self.market.dispersion is not None:
            leaves["market_dispersion"] = jnp.broadcast_to(self.market.dispersion, shape)
        return leaves, {}


class ReturnQuantiles(EventPart):
    """One quantile for what comes back of the units sold at each place."""

    places: Places
    node_words: UInt32[Array, "node 2"]
    item_words: UInt32[Array, "item 2"]

    def sample(
        self, world: World, root: Root, period: Int[Array, ""], replications: Int[Array, " replication"]
    ) -> tuple[dict[str, Array], dict[str, Array]]:
        """Return ``returns``."""
        key = period_key(root, "returned", period)
        return {"returns": self.places.uniforms(key, self.node_words, self.item_words, replications)}, {}


class SubstitutionQuantiles(EventPart):
    """One quantile for how many customers of each place take another item."""

    node_words: UInt32[Array, "node 2"]
    item_words: UInt32[Array, "item 2"]

    def sample(
        self, world: World, root: Root, period: Int[Array, ""], replications: Int[Array, " replication"]
    ) -> tuple[dict[str, Array], dict[str, Array]]:
        """Return ``substitution``."""
        key = period_key(root, "substitution", period)
        return {"substitution": entity_uniforms(key, self.node_words, self.item_words, replications)}, {}


def compile_driven(
    demand: Mapping[tuple[str, str], DemandLaw],
    drivers: MarketDrivers,
    axes: Axes,
    bent: Collection[tuple[str, str]] | None = None,
) -> DrivenMarket:
    """Compile demand laws and what drives them.

    Parameters
    ----------
    demand
        Law by (node, item).
    drivers
        What multiplies them.
    axes
        Axes of the network.
    bent
        Places whose demand a decision may bend, where nothing else does; ``None`` where drivers move all of them.
    """
    moved = {place: law for place, law in demand.items() if bent is None or place in bent}
    counts = {place: law for place, law in moved.items() if isinstance(law, Poisson | NegativeBinomial)}
    others = {place: law for place, law in demand.items() if place not in counts}
    shape = (axes.num_nodes, axes.num_items, 1)
    at = lambda values: jnp.asarray(_table(values, axes.nodes, axes.items, shape))  # noqa: E731
    dispersion = {
        place: (law.variance - law.mean) / law.mean**2
        for place, law in counts.items()
        if isinstance(law, NegativeBinomial)
    }
    rounded = {place: 1.0 for place, law in moved.items() if place not in counts and _is_whole(law)}
    return DrivenMarket(
        compile_market(others, axes),
        compile_drivers(drivers, axes),
        at({place: law.mean for place, law in counts.items()}) if counts else None,
        at(dispersion) if dispersion else None,
        at(rounded) if rounded else None,
        places_of((*counts, *rounded), axes),
    )


def _is_whole(law: DemandLaw) -> bool:
    """Tell whether a law is one of whole units."""
    return isinstance(law, DiscreteLaw) and bool((law.support()[0] % 1 == 0).all())


def compile_drivers(drivers: MarketDrivers, axes: Axes) -> Drivers:
    """Compile the drivers of a market on the axes of a network."""
    waves = [(wave.length, wave.amplitude, wave.phase) for wave in drivers.waves]
    regimes = drivers.regimes
    economy = {} if drivers.economy is None else {("market", "market"): drivers.economy}
    whole = Axes(("market",), ("market",), ("market",), 1, 1, 1)
    return Drivers(
        trend=jnp.asarray(drivers.trend, jnp.float32),
        waves=jnp.asarray(np.array(waves, dtype=np.float32).reshape(-1, 3)),
        campaigns=_campaigns(drivers, axes) if drivers.promotions else None,
        regime_factors=None if regimes is None else jnp.asarray(regimes.factors, jnp.float32),
        regime_cumulative=None
        if regimes is None
        else jnp.asarray(np.cumsum(regimes.transitions, axis=1), jnp.float32),
        first_regime=jnp.asarray(0 if regimes is None else regimes.first, jnp.int32),
        economy=_levels(economy, whole, "node"),
        competitor_price=_levels(drivers.competitor_price, axes, "node"),
        supply_price=_levels(drivers.supply_price, axes, "lane"),
        surges=_surges(drivers, axes) if drivers.surges else None,
        hidden=None if drivers.hidden is None else _hidden(drivers.hidden, axes),
    )


def _table(
    values: Mapping[tuple[str, str], float],
    owners: tuple[str, ...],
    items: tuple[str, ...],
    shape: tuple[int, ...],
) -> np.ndarray:
    owner_at = {name: position for position, name in enumerate(owners)}
    item_at = {name: position for position, name in enumerate(items)}
    table = np.zeros(shape, dtype=np.float32)
    for (owner, item), value in values.items():
        table[owner_at[owner], item_at[item]] = value
    return table


def _levels(levels: Mapping[tuple[str, str], AutoregressiveLevel], axes: Axes, axis: str) -> Levels | None:
    if not levels:
        return None
    owners, size = axes.along(axis)
    shape = (size, axes.num_items, 1)
    at = lambda name: jnp.asarray(  # noqa: E731
        _table({place: getattr(level, name) for place, level in levels.items()}, owners, axes.items, shape)
    )
    words, item_words = jnp.asarray(axes.words(axis)), jnp.asarray(axes.words("item"))
    return Levels(at("base"), at("coefficient"), at("deviation"), words, item_words)


def _campaigns(drivers: MarketDrivers, axes: Axes) -> Campaigns:
    promotions = drivers.promotions
    column = lambda values: jnp.asarray(np.array(values, dtype=np.float32))  # noqa: E731
    everywhere = [(node, item) for node in axes.nodes for item in axes.items]
    shape = (axes.num_nodes, axes.num_items, 1)
    places = [
        _table(
            dict.fromkeys(everywhere if p.places is None else p.places, 1.0), axes.nodes, axes.items, shape
        )
        for p in promotions
    ]
    return Campaigns(
        first=column([p.first for p in promotions]),
        length=column([p.length for p in promotions]),
        # Once: no period of a simulation lies a million periods after the start.
        every=column([1e6 if p.every is None else p.every for p in promotions]),
        uplift=column([p.uplift for p in promotions]),
        dip=column([p.dip for p in promotions]),
        dip_length=column([p.dip_length for p in promotions]),
        places=jnp.asarray(np.stack(places)),
    )


def _hidden(hidden: HiddenDemand, axes: Axes) -> Hidden:
    ranges = {field.name: np.array(getattr(hidden, field.name)) for field in dataclasses.fields(hidden)}
    ranges |= {name: np.log(ranges[name]) for name in ("level", "shock")}
    table = jnp.asarray(np.stack(list(ranges.values())), jnp.float32)[:, :, None, None, None]
    words = (jnp.asarray(axes.words(axis)) for axis in ("node", "item"))
    return Hidden(table[:, 0], table[:, 1], *words)


def _surges(drivers: MarketDrivers, axes: Axes) -> Surges:
    surges = drivers.surges
    column = lambda values: jnp.asarray(np.array(values, dtype=np.float32)[:, None])  # noqa: E731
    nodes = np.array([[name in surge.nodes for name in axes.nodes] for surge in surges], dtype=np.float32)
    padded = np.zeros((len(surges), axes.num_nodes), dtype=np.float32)
    padded[:, : len(axes.nodes)] = nodes
    return Surges(
        words=jnp.asarray(stable_words(["+".join(surge.nodes) for surge in surges])),
        nodes=jnp.asarray(padded),
        probability=column([surge.probability for surge in surges]),
        factor=column([surge.factor for surge in surges]),
        length=column([surge.length for surge in surges]),
    )
