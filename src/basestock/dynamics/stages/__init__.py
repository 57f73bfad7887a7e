"""Stages of a period, each a pure function ``(network, state, decision, event, flows) -> (state, flows)``."""

from basestock.dynamics.stages.account_terms import account_terms
from basestock.dynamics.stages.break_down import break_down
from basestock.dynamics.stages.complete_processes import complete_processes
from basestock.dynamics.stages.expire import expire
from basestock.dynamics.stages.fill_backorders import fill_backorders
from basestock.dynamics.stages.inspect import find_defects
from basestock.dynamics.stages.place_orders import can_order, place_orders
from basestock.dynamics.stages.recall import recall
from basestock.dynamics.stages.receive import receive
from basestock.dynamics.stages.remember import remember
from basestock.dynamics.stages.repair_orders import REPAIRS, repair_orders
from basestock.dynamics.stages.return_goods import return_goods
from basestock.dynamics.stages.route_orders import route_orders
from basestock.dynamics.stages.serve import serve
from basestock.dynamics.stages.ship import ship
from basestock.dynamics.stages.special_delivery import special_delivery
from basestock.dynamics.stages.start_processes import assemble_to_order, start_processes
from basestock.dynamics.stages.store import store
from basestock.dynamics.stages.substitute import substitute

__all__ = [
    "REPAIRS",
    "account_terms",
    "assemble_to_order",
    "break_down",
    "can_order",
    "complete_processes",
    "expire",
    "fill_backorders",
    "find_defects",
    "place_orders",
    "recall",
    "receive",
    "remember",
    "repair_orders",
    "return_goods",
    "route_orders",
    "serve",
    "ship",
    "special_delivery",
    "start_processes",
    "store",
    "substitute",
]
