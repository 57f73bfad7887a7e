"""Making things: units, runs, and the hours of resources."""

from jaxtyping import Array, Float

from basestock.dynamics import Step
from basestock.economics.leaves import given
from basestock.economics.tariff import Tariff

PerProcess = Float[Array, "process replication"]
PerResource = Float[Array, "resource replication"]


def production(tariff: Tariff, step: Step) -> Float[Array, "node item replication"]:
    """Charge a rate per unit that processes make."""
    return given(tariff.production) * given(step.outcome.produced)


def production_run(tariff: Tariff, step: Step) -> PerProcess:
    """Charge a rate per run started."""
    return given(tariff.production_run) * given(step.outcome.started)


def scrapped_run(tariff: Tariff, step: Step) -> PerProcess:
    """Charge a rate per run that turns out bad."""
    return given(tariff.scrapped_run) * given(step.outcome.scrapped)


def changeover(tariff: Tariff, step: Step) -> PerResource:
    """Charge a rate per hour of changeover."""
    return given(tariff.changeover) * given(step.outcome.hours_changeover)


def idle(tariff: Tariff, step: Step) -> PerResource:
    """Charge a rate per regular hour in which a resource is up and unused."""
    return given(tariff.idle) * given(step.outcome.hours_idle)


def downtime(tariff: Tariff, step: Step) -> PerResource:
    """Charge a rate per regular hour lost to breakdown or maintenance."""
    return given(tariff.downtime) * given(step.outcome.hours_down)


def overtime(tariff: Tariff, step: Step) -> PerResource:
    """Charge a rate per hour beyond the regular ones: the price of expedited production."""
    return given(tariff.overtime) * given(step.outcome.hours_overtime)
