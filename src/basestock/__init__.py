"""basestock: from an ERP export to provably good replenishment orders.

Importing this package loads nothing else: each name below is imported when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from basestock import data, evaluation, forecasting, network, operations, optimal, policies, problems
    from basestock.data.dataset import load
    from basestock.evaluation import evaluate
    from basestock.operations.backtest import backtest
    from basestock.operations.plan import plan

__version__ = "0.1.0"

__all__ = [
    "__version__",
    "backtest",
    "data",
    "evaluate",
    "evaluation",
    "forecasting",
    "load",
    "network",
    "operations",
    "optimal",
    "plan",
    "policies",
    "problems",
]

_FUNCTIONS = {
    "backtest": "basestock.operations.backtest",
    "evaluate": "basestock.evaluation",
    "load": "basestock.data.dataset",
    "plan": "basestock.operations.plan",
}


def __getattr__(name: str) -> object:
    if name in _FUNCTIONS:
        value: object = getattr(import_module(_FUNCTIONS[name]), name)
    elif name in __all__:
        value = import_module(f"{__name__}.{name}")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
