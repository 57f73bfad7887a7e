"""Who may have which units, and what is wrong about remaining life between the parts of a network."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, final

from basestock.network.checks import SelfChecked, conform
from basestock.network.errors import Defect, shown
from basestock.network.types import Lane

if TYPE_CHECKING:
    from basestock.network.supply_network import SupplyNetwork


@final
@dataclass(frozen=True, slots=True)
class DemandClass(SelfChecked):
    """Customers who are served together; classes are served one after the other, in the order of the network.

    Parameters
    ----------
    name
        Identifies the class.
    issuing
        Which units they take: the oldest or the newest; ``None`` for what each item says.

    Raises
    ------
    NetworkError
        If an attribute breaks its rule.

    Examples
    --------
    >>> DemandClass("emergency", issuing="lifo").issuing
    'lifo'
    """

    name: str
    issuing: Literal["fifo", "lifo"] | None = None

    def __post_init__(self) -> None:
        conform(self, self.name).close()


def life_defects(network: "SupplyNetwork") -> Iterator[Defect]:
    """Return what is wrong about remaining life on lanes."""
    lives = {item.name: item.shelf_life for item in network.items}
    nodes = frozenset(node.name for node in network.nodes)
    for lane in network.lanes:
        if lane.life_on_receipt is None:
            continue
        if lane.source in nodes:
            rule = "must be absent on a lane between nodes, where units keep their age"
            remedy = "Drop it, or let a supplier be the source."
            yield Defect("Lane", lane.name, "life_on_receipt", _shown(lane.life_on_receipt), rule, remedy)
        else:
            yield from _wrong_lives(lane, lane.life_on_receipt, lives)


def _shown(life: float | Mapping[str, float]) -> str:
    return shown(dict(life) if isinstance(life, Mapping) else life)


def _wrong_lives(
    lane: Lane, life: float | Mapping[str, float], lives: Mapping[str, int | None]
) -> Iterator[Defect]:
    single = not isinstance(life, Mapping)
    carried = [name for name in (lives if lane.items is None else lane.items) if lives.get(name) is not None]
    listed = dict.fromkeys(carried, life) if single else life
    if single and not carried:
        rule = "must be absent where no item on the lane has a shelf_life"
        yield Defect("Lane", lane.name, "life_on_receipt", _shown(life), rule, "Drop it.")
    for item, periods in listed.items():
        longest = lives.get(item)
        rule = (
            f"must be a whole number of periods <= the shelf_life of {item!r}, which is {longest}"
            if longest is not None
            else "must be for an item with a shelf_life"
        )
        if longest is None or periods > longest or not float(periods).is_integer():
            field = "life_on_receipt" if single else f"life_on_receipt[{item!r}]"
            yield Defect("Lane", lane.name, field, shown(periods), rule, "Correct the lane or the item.")
            if single:
                return
