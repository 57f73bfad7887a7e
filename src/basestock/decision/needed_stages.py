"""Which stages the parts of a network and its dice need; a sequence without them would ignore what was written."""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from basestock.dynamics import (
    ORDER_RECEIVE_ASSEMBLE,
    ORDER_RECEIVE_SELL,
    RECEIVE_ORDER_SELL,
    SELL_BEFORE_RECEIVING,
    Sequence,
    with_repairs,
)
from basestock.network import Lane, SupplyNetwork
from basestock.uncertainty import Uncertainty

_MARK = "stands_for"

Uses = Callable[[SupplyNetwork, Uncertainty], str | None]


class Need(NamedTuple):
    """A part that means nothing without a stage.

    Parameters
    ----------
    part
        What is written, in words.
    stages
        Names of stages, one of which must be in the sequence.
    uses
        Names something of the problem that has the part; None where nothing has.
    """

    part: str
    stages: tuple[str, ...]
    uses: Uses


def _first(names: "list[str]") -> str | None:
    return names[0] if names else None


def _lanes(has: Callable[[Lane], object]) -> Uses:
    return lambda network, _: _first([lane.name for lane in network.lanes if has(lane)])


def _limited(lane: Lane) -> bool:
    box = (lane.order_minimum, lane.order_multiple, lane.order_maximum)
    return lane.full_vehicles or any(limit is not None for limit in box)


def _shared_limit(network: SupplyNetwork, _: Uncertainty) -> str | None:
    limits = [
        str(limit.scope) for limit in network.limits if limit.hard and limit.metric in ("spend", "orders")
    ]
    return _first([*limits, *(each.name for each in network.suppliers if each.minimum_value)])


def _contract(network: SupplyNetwork, _: Uncertainty) -> str | None:
    return _first([str(limit.scope) for limit in network.limits if limit.floor or not limit.hard])


def _named(part: str) -> Uses:
    def uses(network: SupplyNetwork, _: Uncertainty) -> str | None:
        found = getattr(network, part)
        return f"{found[0].item!r} at {found[0].node!r}" if found else None

    return uses


NEEDS = (
    Need(
        "shelf_life or decay_rate",
        ("expire",),
        lambda network, _: _first(
            [each.name for each in network.items if each.shelf_life or each.decay_rate]
        ),
    ),
    Need(
        "storage",
        ("store",),
        lambda network, _: _first([each.name for each in network.nodes if each.storage]),
    ),
    Need(
        "a process",
        ("start_processes", "assemble_to_order"),
        lambda network, _: _first([each.name for each in network.processes]),
    ),
    Need(
        "a process",
        ("complete_processes",),
        lambda network, _: _first([each.name for each in network.processes]),
    ),
    Need("a substitution", ("substitute",), _named("substitutions")),
    Need("a return flow", ("return_goods",), _named("returns")),
    Need("a return flow", ("remember",), _named("returns")),
    Need("a price response", ("remember",), _named("responses")),
    Need("goodwill", ("remember",), _named("goodwill")),
    Need("special_share", ("special_delivery",), _lanes(lambda lane: lane.special_share > 0)),
    Need("a limit of orders", ("repair_orders",), _lanes(_limited)),
    Need("a limit of orders", ("repair_orders",), _shared_limit),
    Need("a contract", ("account_terms",), _contract),
    Need("vehicle_capacity", ("account_terms",), _lanes(lambda lane: lane.vehicle_capacity)),
    Need("price_breaks", ("account_terms",), _lanes(lambda lane: lane.price_breaks)),
    Need(
        "routing",
        ("route_orders",),
        lambda _, dice: None if dice.supply is None else _first(sorted(dice.supply.routing)),
    ),
    Need("defects", ("find_defects",), lambda _, dice: _first(sorted(dice.defects))),
)
"""Part by part, which stage gives it its meaning."""


STANDARD = (RECEIVE_ORDER_SELL, SELL_BEFORE_RECEIVING, ORDER_RECEIVE_ASSEMBLE, ORDER_RECEIVE_SELL)

Work = TypeVar("Work")


def stands_for(*names: str) -> Callable[[Work], Work]:
    """Mark a stage of one's own, or a class of stages, as doing the work of stages of the library.

    Parameters
    ----------
    names
        Names of the stages that need not be in the sequence beside it.
    """

    def mark(stage: Work) -> Work:
        setattr(stage, _MARK, names)
        return stage

    return mark


def names_of(sequence: Sequence) -> frozenset[str]:
    """Return the names of all stages of a sequence, and of those that stages of one's own stand for.

    Examples
    --------
    >>> from basestock.dynamics import RECEIVE_ORDER_SELL
    >>> sorted(names_of(RECEIVE_ORDER_SELL) & {"expire", "repair_orders"})
    ['expire']
    """
    names: set[str] = set()
    for stage in (*sequence.before, *sequence.after):
        names.add(getattr(stage, "__name__", type(stage).__name__))
        names.update(getattr(stage, _MARK, ()))
    return frozenset(names)


def completed(network: SupplyNetwork, uncertainty: Uncertainty, sequence: Sequence) -> Sequence:
    """Return a standard sequence with the stage that repairs orders where something limits them.

    A sequence of one's own stays as it is.
    """
    standard = any(sequence is each for each in STANDARD)
    limited = any(need.uses(network, uncertainty) for need in NEEDS if need.stages == ("repair_orders",))
    return with_repairs(sequence) if standard and limited else sequence


def missing_stages(network: SupplyNetwork, uncertainty: Uncertainty, sequence: Sequence) -> list[str]:
    """Return a sentence for each part that no stage of a sequence looks at.

    Parameters
    ----------
    network, uncertainty
        What is written.
    sequence
        Order of events in a period.
    """
    there = names_of(sequence)
    found: list[str] = []
    for part, stages, uses in NEEDS:
        owner = None if there.intersection(stages) else uses(network, uncertainty)
        if owner is not None:
            found.append(f"{owner} has {part}, which needs the stage {' or '.join(stages)} in the sequence.")
    return list(dict.fromkeys(found))
