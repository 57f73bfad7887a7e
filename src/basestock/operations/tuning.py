"""Classical rules tuned on the forecast of the lines, so that no baseline is left untuned."""

import numpy as np

from basestock.data.twin import Twin
from basestock.decision import Policy, Problem, stands_for
from basestock.dynamics import (
    RECEIVE_ORDER_SELL,
    Decision,
    NetworkArrays,
    PeriodOutcome,
    Sequence,
    State,
)
from basestock.forecasting import DemandForecast
from basestock.operations.lines import NODE, line_names, line_network, line_start, line_tariff
from basestock.policies import fit
from basestock.uncertainty import Empirical, Event, Uncertainty


@stands_for("repair_orders")
def as_proposed(
    network: NetworkArrays, state: State, decision: Decision, event: Event, flows: PeriodOutcome
) -> tuple[State, PeriodOutcome]:
    """Play orders as they are proposed: packs and limits are applied once, with reasons, when lines are finalized."""
    return state, flows


AS_PROPOSED = Sequence(RECEIVE_ORDER_SELL.before, (as_proposed, *RECEIVE_ORDER_SELL.after))


def line_problem(twin: Twin, forecast: DemandForecast) -> Problem:
    """Return the lines as a problem: the law of the coming buckets, pooled over the protection interval, for ever.

    Parameters
    ----------
    twin, forecast
        Calibrated lines and the law of their demand.

    Returns
    -------
    Problem
        Average cost per period.
    """
    network = line_network(twin)
    levels = tuple(float(level) for level in forecast.levels)
    laws = {
        (NODE, name): Empirical(levels, tuple(np.maximum.accumulate(_pooled(twin, forecast, line)).tolist()))
        for line, name in enumerate(line_names(twin))
    }
    longest = int((twin.lead_periods + twin.review_periods).max())
    return Problem(
        name="lines",
        network=network,
        uncertainty=Uncertainty(laws),
        tariff=line_tariff(twin, network),
        sequence=AS_PROPOSED,
        horizon=max(4 * longest, 52),
        warm_up=2 * longest,
        initial_state=line_start(twin),
        period_days=twin.period_days,
    )


def _pooled(twin: Twin, forecast: DemandForecast, line: int) -> np.ndarray:
    periods = int(twin.lead_periods[line] + twin.review_periods[line])
    return np.maximum(forecast.quantiles[line, :periods].mean(axis=0), 0.0).astype(np.float64)


def tune_lines(name: str, twin: Twin, forecast: DemandForecast, *, seed: int = 0) -> Policy:
    """Return a registered policy with the best parameters of each line on the forecast."""
    return fit(line_problem(twin, forecast), name, seed=seed, replications=8).policy
