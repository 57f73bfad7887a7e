"""The stages of a period as constraints, one builder for each stage of :mod:`basestock.dynamics.stages`."""

from collections.abc import Callable, Mapping
from typing import Final

from basestock.dynamics import stages
from basestock.dynamics.transition import Stage
from basestock.optimal.programs.stages.account import account_terms
from basestock.optimal.programs.stages.deliver import receive, ship
from basestock.optimal.programs.stages.order import place_orders, repair_orders
from basestock.optimal.programs.stages.perish import expire
from basestock.optimal.programs.stages.produce import complete_processes, start_processes
from basestock.optimal.programs.stages.sell import fill_backorders, serve
from basestock.optimal.programs.stages.store import store
from basestock.optimal.programs.walk import Walk


def nothing(walk: Walk) -> None:
    """Stand for a stage whose features a program refuses, or that changes no quantity."""


BUILDERS: Final[Mapping[Stage, Callable[[Walk], None]]] = {
    stages.receive: receive,
    stages.ship: ship,
    stages.fill_backorders: fill_backorders,
    stages.serve: serve,
    stages.repair_orders: repair_orders,
    stages.place_orders: place_orders,
    stages.start_processes: start_processes,
    stages.complete_processes: complete_processes,
    stages.expire: expire,
    stages.store: store,
    stages.account_terms: account_terms,
    stages.break_down: nothing,
    stages.return_goods: nothing,
    stages.recall: nothing,
    stages.route_orders: nothing,
    stages.substitute: nothing,
    stages.special_delivery: nothing,
    stages.find_defects: nothing,
    stages.remember: nothing,
}
"""Stage to what it adds to a program. Those that add nothing belong to features that are refused, or to data."""


def builder_of(stage: Stage) -> Callable[[Walk], None] | None:
    """Return what a stage adds to a program, ``None`` where nobody has written it.

    A stage that replaces one of :mod:`basestock.dynamics.stages` brings its own as an attribute ``constraints``.
    """
    return BUILDERS.get(stage) or getattr(stage, "constraints", None)
