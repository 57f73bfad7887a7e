"""Stages of a period, each a pure function ``(network, state, decision, event, flows) -> (state, flows)``."""

from basestock.dynamics.stages.fill_backorders import fill_backorders
from basestock.dynamics.stages.place_orders import can_order, place_orders
from basestock.dynamics.stages.receive import receive
from basestock.dynamics.stages.serve import serve
from basestock.dynamics.stages.ship import ship

__all__ = ["can_order", "fill_backorders", "place_orders", "receive", "serve", "ship"]
