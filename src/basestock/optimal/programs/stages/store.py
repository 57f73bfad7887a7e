"""Room for stock."""

import numpy as np

from basestock.optimal.programs.walk import Walk


def store(walk: Walk) -> None:
    """Keep the stock of each storage class within its room: a plan never lets stock overflow (SIM-110)."""
    network = walk.frame.problem.network
    for row, node in enumerate(network.nodes):
        for storage_class, capacity in sorted(node.storage.items()):
            volume = np.array(
                [item.volume if item.storage_class == storage_class else 0.0 for item in network.items]
            )
            if not volume.any():
                continue
            name = lambda _, node=node, kind=storage_class: f"{node.name},{kind}"  # noqa: E731
            walk.constrain("storage", (walk.on_hand[row] * volume).sum(), "<=", capacity, name)
