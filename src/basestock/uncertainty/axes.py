"""Names and padded sizes of the axes that events and arrays share."""

import dataclasses

import numpy as np

from basestock.network import SupplyNetwork
from basestock.uncertainty.keys import stable_words


def bucket(size: int) -> int:
    """Round a size up to at most an eighth of an octave, so that slightly larger networks share a program.

    Examples
    --------
    >>> [bucket(size) for size in (1, 11, 17, 300, 303, 400)]
    [1, 11, 18, 320, 320, 416]
    """
    step = 1 << max(size.bit_length() - 4, 0)
    return -(-size // step) * step


@dataclasses.dataclass(frozen=True)
class Axes:
    """Names along the node, item and lane axes, and the padded length of each.

    Parameters
    ----------
    nodes, items, lanes
        Names in array order; positions beyond the names are padding.
    num_nodes, num_items, num_lanes
        Padded lengths.
    """

    nodes: tuple[str, ...]
    items: tuple[str, ...]
    lanes: tuple[str, ...]
    num_nodes: int
    num_items: int
    num_lanes: int

    @classmethod
    def of(cls, network: SupplyNetwork) -> "Axes":
        """Return the axes of an authored network, padded to shape buckets."""
        nodes = tuple(node.name for node in network.nodes)
        items = tuple(item.name for item in network.items)
        lanes = tuple(lane.name for lane in network.lanes)
        return cls(nodes, items, lanes, *(bucket(max(len(names), 1)) for names in (nodes, items, lanes)))

    def words(self, axis: str) -> np.ndarray:
        """Return ``uint32[position, 2]``, the stable hashes of ``"node"``, ``"item"`` or ``"lane"``; padding is 0."""
        names, size = {
            "node": (self.nodes, self.num_nodes),
            "item": (self.items, self.num_items),
            "lane": (self.lanes, self.num_lanes),
        }[axis]
        words = np.zeros((size, 2), dtype=np.uint32)
        words[: len(names)] = stable_words(names)
        return words
