"""Guaranteed service: where to hold safety stock among stages that promise service times to each other."""

from basestock.optimal.closed_form.guaranteed_service.network import (
    Placement,
    ServiceNetwork,
    ServiceNetworkError,
    Stage,
)
from basestock.optimal.closed_form.guaranteed_service.placing import (
    guaranteed_service,
    is_tree,
    place_safety_stock,
)

__all__ = [
    "Placement",
    "ServiceNetwork",
    "ServiceNetworkError",
    "Stage",
    "guaranteed_service",
    "is_tree",
    "place_safety_stock",
]
