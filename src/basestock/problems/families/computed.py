"""Problems that are computed, not simulated: what they share."""

from collections.abc import Callable, Mapping
from typing import Any

from basestock.decision import Criterion, Problem, Solution
from basestock.economics import make_tariff
from basestock.network.builders import single_item
from basestock.uncertainty import Deterministic, Uncertainty


def computed_problem(
    name: str, solve: Callable[[], Solution], criterion: Criterion, parameters: Mapping[str, Any]
) -> Problem:
    """Return a problem of kind ``closed_form``.

    Parameters
    ----------
    name
        Name of the family.
    solve
        Computes the optimum.
    criterion
        What the value is.
    parameters
        What the problem was built from.
    """
    network = single_item(lead_time=0)
    return Problem(
        name=name,
        network=network,
        uncertainty=Uncertainty({("stock", "item"): Deterministic(0.0)}),
        tariff=make_tariff(network),
        kind="closed_form",
        criterion=criterion,
        horizon=1,
        parameters=dict(parameters),
        solve=solve,
    )
