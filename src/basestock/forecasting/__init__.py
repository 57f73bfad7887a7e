"""What will come: probabilistic forecasts of demand over the protection interval, chosen series by series."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from basestock.forecasting.arguments import ForecastArgumentError
    from basestock.forecasting.fitting import fit
    from basestock.forecasting.forecast import DemandForecast
    from basestock.forecasting.registry import FORECASTERS
    from basestock.forecasting.scoring import Scores
    from basestock.forecasting.tables import NUM_SCENARIOS

__all__ = ["FORECASTERS", "NUM_SCENARIOS", "DemandForecast", "ForecastArgumentError", "Scores", "fit"]

_MODULES = {
    "FORECASTERS": "registry",
    "DemandForecast": "forecast",
    "ForecastArgumentError": "arguments",
    "NUM_SCENARIOS": "tables",
    "Scores": "scoring",
    "fit": "fitting",
}


def __getattr__(name: str) -> Any:
    """Import on first use, so that naming the package does not load JAX."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
