"""Dice of quality: how bad lots are made, and what samples of them hold."""

import dataclasses
from collections.abc import Collection, Mapping

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, UInt32

from basestock.network import SupplyNetwork
from basestock.uncertainty.axes import Axes
from basestock.uncertainty.event import World
from basestock.uncertainty.keys import entity_uniforms, period_key, stable_words
from basestock.uncertainty.laws import ContinuousLaw, Discrete, DiscreteLaw, LawError
from basestock.uncertainty.places import concerned, padded, write_rows
from basestock.uncertainty.rules import Rule, are_numbers, is_number, positive, require
from basestock.uncertainty.sources import EventPart
from basestock.uncertainty.tables import CumulativeTable, NormalTable, QuantileTable, compile_laws

DefectLaw = float | DiscreteLaw | ContinuousLaw
"""Share of defective units that lots are made with: always the same, or a law of it."""

NUM_DRAWS = 3
"""Quantiles for each lot: first sample, second sample, and the rest."""


@dataclasses.dataclass(frozen=True)
class Beta(ContinuousLaw):
    """A share with a beta law.

    Parameters
    ----------
    share
        Expected share, in (0, 1).
    size
        Sum of the two parameters of the law: the larger, the less the share varies.

    Examples
    --------
    >>> round(Beta(0.02, 98.0).variance, 8)
    0.00019798
    """

    share: float
    size: float

    def __post_init__(self) -> None:
        inside = is_number(self.share, 0.0, 1.0) and 0 < self.share < 1
        rules = {"share": Rule(self.share, inside, "in (0, 1)"), "size": positive(self.size)}
        require(LawError, "Beta", "parameters", **rules)

    @property
    def mean(self) -> float:
        """The expected share."""
        return self.share

    @property
    def variance(self) -> float:
        """Return m (1 - m) / (size + 1)."""
        return self.share * (1 - self.share) / (self.size + 1)

    def quantile(self, level: np.ndarray) -> np.ndarray:
        """Return quantiles, shares."""
        from scipy.special import betaincinv

        return np.asarray(betaincinv(self.share * self.size, (1 - self.share) * self.size, level))


def defect_defects(defects: Mapping[str, DefectLaw], network: SupplyNetwork) -> list[str]:
    """Return what is wrong with laws of defects: unknown targets, networks without inspections, shares above 1."""
    known = {*network.lane_index, *(process.name for process in network.processes)}
    found = [
        f"defects of {name!r}, must be of a lane or process of the network."
        for name in defects
        if name not in known
    ]
    if defects and not network.inspections:
        found.append("defects are given, must be where the network has an inspection.")
    for name, law in defects.items():
        if isinstance(law, ContinuousLaw):
            continue
        values = law.support()[0].tolist() if isinstance(law, DiscreteLaw) else [law]
        if not are_numbers(values, 0.0, 1.0):
            found.append(f"defects of {name!r} are {values}, must be shares from 0 to 1, or a law of them.")
    return found


class Fractions(EventPart):
    """Shares of defective units of lots, and quantiles of what samples hold.

    Parameters
    ----------
    owner, num_owners
        Lanes or processes that are inspected or have a law (padding lies beyond the last), and length of their axis.
    words, item_words
        Stable hashes of the names of these and of the items; for processes one empty item.
    cumulative, normal, quantile
        Laws of the shares by owner.
    of_processes
        Whether the owners are processes.
    """

    owner: Int[Array, " owner"]
    words: UInt32[Array, "owner 2"]
    item_words: UInt32[Array, "item 2"]
    cumulative: CumulativeTable | None
    normal: NormalTable | None
    quantile: QuantileTable | None
    num_owners: int = eqx.field(static=True)
    of_processes: bool = eqx.field(static=True)

    def sample(
        self,
        world: World,
        root: UInt32[Array, "2"],
        period: Int[Array, ""],
        replications: Int[Array, " replication"],
    ) -> tuple[dict[str, Array], dict[str, Array]]:
        """Return the share and the quantiles of each lot."""
        uniform = entity_uniforms(
            period_key(root, "defect_fraction", period), self.words, self.item_words, replications
        )
        tables = [table for table in (self.cumulative, self.normal, self.quantile) if table is not None]
        share = jnp.asarray(sum(table.draw(jnp.asarray(0), uniform) for table in tables))
        share = jnp.clip(share, 0.0, 1.0)
        key = period_key(root, "sampling", period)
        levels = entity_uniforms(key, self.words, self.item_words, replications, NUM_DRAWS)
        share, levels = self._among_all(share), self._among_all(levels)
        if self.of_processes:
            return {"process_defect_fraction": share[:, 0], "process_defects": levels[:, :, 0]}, {}
        return {"defect_fraction": share, "defects": levels}, {}

    def _among_all(self, values: Array) -> Array:
        """Return values of the owners at their places on the whole axis, 0 elsewhere."""
        everywhere = jnp.zeros((*values.shape[:-3], self.num_owners, *values.shape[-2:]))
        return write_rows(everywhere, self.owner, values)


def quality_parts(
    defects: Mapping[str, DefectLaw], network: SupplyNetwork, axes: Axes
) -> tuple[EventPart, ...]:
    """Return the dice of quality of a network with inspections."""
    if not network.inspections:
        return ()
    judged = {*defects, *(inspection.target for inspection in network.inspections)}
    parts = [_part(defects, judged, axes, "lane")]
    if network.processes:
        parts.append(_part(defects, judged, axes, "process"))
    return tuple(parts)


def _part(defects: Mapping[str, DefectLaw], judged: Collection[str], axes: Axes, axis: str) -> Fractions:
    everybody, size = axes.along(axis)
    own = [row for row, name in enumerate(everybody) if name in judged]
    rows = concerned(own, size, size * axes.num_items)
    names, owner = [everybody[row] for row in rows if row < len(everybody)], padded(rows, size)
    words = np.zeros((len(owner), 2), dtype=np.uint32)
    words[: len(rows)] = axes.words(axis)[rows]
    items, num_items = axes.words("item"), axes.num_items
    if axis == "process":
        items, num_items = stable_words([""]), 1
    laws: dict[tuple[int, int, int], DiscreteLaw | ContinuousLaw] = {}
    for position, name in enumerate(names):
        law = defects.get(name)
        if law is not None:
            law = Discrete((float(law),), (1.0,)) if isinstance(law, int | float) else law
            laws |= {(0, position, item): law for item in range(num_items)}
    tables = compile_laws(laws, (1, len(owner), num_items))
    return Fractions(
        jnp.asarray(owner), jnp.asarray(words), jnp.asarray(items), *tables, size, axis == "process"
    )
