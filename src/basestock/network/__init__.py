"""The authored supply network: items, nodes, lanes and processes, with names and units, checked when made."""

from basestock.network.builders import assembly, distribution, serial, single_item
from basestock.network.errors import Defect, NetworkError
from basestock.network.frozen import FrozenMapping
from basestock.network.io import from_toml, load, save, to_toml
from basestock.network.schema import SCHEMA, Attribute, describe
from basestock.network.supply_network import SupplyNetwork
from basestock.network.types import (
    Inspection,
    Item,
    Lane,
    LeadTime,
    Limit,
    Node,
    Process,
    Quantity,
    Resource,
    Supplier,
    Unmet,
)

__all__ = [
    "SCHEMA",
    "Attribute",
    "Defect",
    "FrozenMapping",
    "Inspection",
    "Item",
    "Lane",
    "LeadTime",
    "Limit",
    "NetworkError",
    "Node",
    "Process",
    "Quantity",
    "Resource",
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
