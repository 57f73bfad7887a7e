"""Customers who ask for several items at once: one draw of a kit is demand for everything in it."""

from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, UInt32

from basestock.network import SupplyNetwork
from basestock.uncertainty.axes import Axes, bucket
from basestock.uncertainty.event import World
from basestock.uncertainty.keys import entity_uniforms, period_key, stable_words
from basestock.uncertainty.kit import Kit
from basestock.uncertainty.sources import MarketSource, Root
from basestock.uncertainty.tables import CumulativeTable, NormalTable, QuantileTable, compile_laws


class MarketWithKits(MarketSource):
    """Adds what kits ask for to another market.

    Parameters
    ----------
    base
        Demand for single items.
    kit_words, all_items
        Stable hashes of the names of the kits.
    nodes
        Node of each kit.
    contents
        Units of each item in each kit.
    cumulative, normal, quantile
        Laws of the kits.
    """

    base: MarketSource
    kit_words: UInt32[Array, "kit 2"]
    all_items: UInt32[Array, "1 2"]
    place: Float[Array, "node kit"]
    contents: Float[Array, "kit item"]
    cumulative: CumulativeTable | None
    normal: NormalTable | None
    quantile: QuantileTable | None

    @property
    def num_periods(self) -> int | None:
        """Number of periods that the other market knows."""
        return self.base.num_periods

    def initial_world(self, num_replications: int) -> World:
        """Return what the other market remembers."""
        return self.base.initial_world(num_replications)

    def draw(
        self, world: World, root: Root, period: Int[Array, ""], replications: Int[Array, " replication"]
    ) -> tuple[Float[Array, "node item replication"], World]:
        """Return the demand for single items and for what the kits hold."""
        market, world = self.base.draw(world, root, period, replications)
        uniform = entity_uniforms(
            period_key(root, "kit", period), self.kit_words, self.all_items, replications
        )
        tables = [table for table in (self.cumulative, self.normal, self.quantile) if table is not None]
        kits = jnp.asarray(sum(table.draw(jnp.asarray(0), uniform) for table in tables))[:, 0]
        # Sums of whole numbers in single precision: exact, whatever the order.
        asked = self.place[:, :, None, None] * self.contents[None, :, :, None] * kits[None, :, None, :]
        return market + asked.sum(1), world


def with_kits(
    base: MarketSource, kits: Mapping[str, Kit], network: SupplyNetwork, axes: Axes
) -> MarketSource:
    """Return the market with what the kits ask for; the market itself where there are none."""
    if not kits:
        return base
    names = sorted(kits)
    size = bucket(len(names))
    place = np.zeros((axes.num_nodes, size), dtype=np.float32)
    contents = np.zeros((size, axes.num_items), dtype=np.float32)
    words = np.zeros((size, 2), dtype=np.uint32)
    words[: len(names)] = stable_words(names)
    for position, name in enumerate(names):
        place[network.node_index[kits[name].node], position] = 1.0
        for item, units in kits[name].contents.items():
            contents[position, network.item_index[item]] = units
    laws = {(0, position, 0): kits[name].law for position, name in enumerate(names)}
    return MarketWithKits(
        *(base, jnp.asarray(words), jnp.asarray(stable_words([""]))),
        *(jnp.asarray(place), jnp.asarray(contents)),
        *compile_laws(laws, (1, size, 1)),
    )
