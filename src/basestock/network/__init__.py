"""The authored supply network: items, nodes, lanes and processes, with names and units, checked when made."""

from basestock.network.builders import assembly, distribution, serial, single_item
from basestock.network.errors import Defect, NetworkError
from basestock.network.frozen import FrozenMapping
from basestock.network.io import from_toml, load, save, to_toml
from basestock.network.life import DemandClass
from basestock.network.market import Goodwill, PriceResponse, ReturnFlow, Substitution
from basestock.network.production import Inspection, Process, Resource
from basestock.network.schema import SCHEMA, Attribute, describe
from basestock.network.supply_network import SupplyNetwork
from basestock.network.types import Item, Lane, LeadTime, Limit, Node, Quantity, Supplier, Unmet

__all__ = [
    "SCHEMA",
    "Attribute",
    "Defect",
    "DemandClass",
    "FrozenMapping",
    "Goodwill",
    "Inspection",
    "Item",
    "Lane",
    "LeadTime",
    "Limit",
    "NetworkError",
    "Node",
    "PriceResponse",
    "Process",
    "Quantity",
    "Resource",
    "ReturnFlow",
    "Substitution",
    "Supplier",
    "SupplyNetwork",
    "Unmet",
    "assembly",
    "describe",
    "distribution",
    "from_toml",
    "load",
    "save",
    "serial",
    "single_item",
    "to_toml",
]
