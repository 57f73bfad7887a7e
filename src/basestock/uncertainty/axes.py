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
    processes, resources
        Names in array order.
    num_processes, num_resources
        Padded lengths; 0 where the network has none.
    limits, num_limits
        The same of limits and contracts.
    """

    nodes: tuple[str, ...]
    items: tuple[str, ...]
    lanes: tuple[str, ...]
    num_nodes: int
    num_items: int
    num_lanes: int
    processes: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    num_processes: int = 0
    num_resources: int = 0
    limits: tuple[str, ...] = ()
    num_limits: int = 0

    @classmethod
    def of(cls, network: SupplyNetwork) -> "Axes":
        """Return the axes of an authored network, padded to shape buckets."""
        nodes = tuple(node.name for node in network.nodes)
        items = tuple(item.name for item in network.items)
        lanes = tuple(lane.name for lane in network.lanes)
        processes = tuple(process.name for process in network.processes)
        resources = tuple(resource.name for resource in network.resources)
        limits = tuple(limit.label for limit in network.limits)
        return cls(
            nodes,
            items,
            lanes,
            bucket(max(len(nodes), 1)),
            bucket(max(len(items), 1)),
            bucket(max(len(lanes), 1)),
            processes,
            resources,
            bucket(len(processes)) if processes else 0,
            bucket(len(resources)) if resources else 0,
            limits,
            bucket(len(limits)) if limits else 0,
        )

    def words(self, axis: str) -> np.ndarray:
        """Return ``uint32[position, 2]``, the stable hashes of the names on an axis; padding is 0."""
        names, size = self.along(axis)
        words = np.zeros((size, 2), dtype=np.uint32)
        words[: len(names)] = stable_words(names)
        return words

    def along(self, axis: str) -> tuple[tuple[str, ...], int]:
        """Return names and padded length of an axis, such as ``"node"``, ``"lane"`` or ``"limit"``."""
        return {
            "node": (self.nodes, self.num_nodes),
            "item": (self.items, self.num_items),
            "lane": (self.lanes, self.num_lanes),
            "route": (self.lanes, self.num_lanes),
            "process": (self.processes, self.num_processes),
            "resource": (self.resources, self.num_resources),
            "limit": (self.limits, self.num_limits),
        }[axis]
