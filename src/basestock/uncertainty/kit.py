"""Kits: items that customers ask for together."""

import dataclasses
from collections.abc import Mapping

from basestock.network import SupplyNetwork
from basestock.uncertainty.laws import ContinuousLaw, Discrete, DiscreteLaw, LawError
from basestock.uncertainty.rules import positive


@dataclasses.dataclass(frozen=True)
class Kit:
    """Items that are asked for together, in fixed numbers.

    Parameters
    ----------
    node
        Where the customers are.
    law
        Kits asked for in a period.
    contents
        Item to units of it in one kit.

    Examples
    --------
    >>> from basestock.uncertainty import Deterministic
    >>> Kit("plant", Deterministic(2.0), {"frame": 1, "wheel": 2}).contents["wheel"]
    2
    """

    node: str
    law: DiscreteLaw | ContinuousLaw
    contents: Mapping[str, float]

    def of_item(self, item: str) -> Discrete:
        """Return the law of the demand for one item of the kit.

        Raises
        ------
        LawError
            If the law of the kits has no finite support.
        """
        if not isinstance(self.law, DiscreteLaw):
            raise LawError(
                f"Kit: {type(self.law).__name__} has no finite support. Choose a discrete law, or simulate."
            )
        values, masses = self.law.support()
        return Discrete(
            tuple((values * self.contents[item]).tolist()), tuple((masses / masses.sum()).tolist())
        )


def kit_defects(kits: Mapping[str, Kit], network: SupplyNetwork) -> list[str]:
    """Return what is wrong with kits: unknown places, contents that are no positive number of units."""
    found: list[str] = []
    for name, kit in kits.items():
        if kit.node not in network.node_index:
            found.append(f"kit {name!r} at {kit.node!r}, must be at a node of the network.")
        if not isinstance(kit.law, DiscreteLaw | ContinuousLaw):
            found.append(f"kit {name!r} has the law {kit.law!r}, must be a law without memory.")
        if not kit.contents:
            found.append(f"kit {name!r} is empty, must hold an item.")
        for item, units in kit.contents.items():
            if item not in network.item_index or not positive(units).fine:
                found.append(
                    f"kit {name!r} holds {units} of {item!r}, must be a number > 0 of an item of the network."
                )
    return found
