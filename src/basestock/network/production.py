"""What makes things: processes, the resources that they share, and the inspection of lots."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, final

from basestock.network.checks import Report, SelfChecked, conform
from basestock.network.errors import shown
from basestock.network.schema import NONE
from basestock.network.types import LeadTime


@final
@dataclass(frozen=True, slots=True)
class Process(SelfChecked):
    """What turns items into other items at a node: production, assembly, repacking.

    Parameters
    ----------
    name
        Identifies the process.
    node
        Where it runs.
    consumes, produces
        Item to units that one run takes and makes.
    duration
        Periods from start to completion.
    uses
        Resource to hours that one run occupies.
    batch
        Runs start in multiples of this; ``None`` for any number.
    yield_
        Share of the output that is good.
    scrap
        Consumed item to the share of it that is scrapped: a run takes ``quantity / (1 - scrap)``.
    priority
        Processes with a lower number take components and hours first; equal numbers go by name.
    yield_law
        How the good share of a lot varies: not at all, unit by unit, or as a share of the whole lot.
    yield_deviation
        Standard deviation of the good share of a lot, for ``yield_law="beta"``.

    Raises
    ------
    NetworkError
        If an attribute breaks its rule.
    """

    name: str
    node: str
    consumes: Mapping[str, float] = NONE
    produces: Mapping[str, float] = NONE
    duration: int = 0
    uses: Mapping[str, float] = NONE
    batch: float | None = None
    yield_: float = 1.0
    scrap: Mapping[str, float] = NONE
    priority: int = 1
    yield_law: Literal["fixed", "binomial", "beta"] = "fixed"
    yield_deviation: float = 0.0

    def __post_init__(self) -> None:
        report = conform(self, self.name)
        if not report.defects:
            self._check_bill(report)
            self._check_yield(report)
        report.close()

    def _check_yield(self, report: Report) -> None:
        largest = math.sqrt(self.yield_ * (1.0 - self.yield_))
        if self.yield_law == "beta" and not 0.0 < self.yield_deviation < largest:
            rule = f"must be > 0 and < {largest:.6g} for a beta law of mean {self.yield_:g}"
            report.add(
                "yield_deviation", shown(self.yield_deviation), rule, "Correct it, or the yield or its law."
            )
        if self.yield_law != "beta" and self.yield_deviation > 0:
            rule = f"must be 0 for yield_law={self.yield_law!r}"
            report.add(
                "yield_deviation", shown(self.yield_deviation), rule, "Drop it, or set yield_law='beta'."
            )

    def _check_bill(self, report: Report) -> None:
        if not self.consumes and not self.produces:
            report.add(
                "produces",
                "{}",
                "must name an item, or consumes must",
                "Add what the process makes or takes.",
            )
        for item in self.consumes:
            if item in self.produces:
                rule = "must not be consumed by the process that makes it"
                report.add(f"produces[{item!r}]", shown(self.produces[item]), rule, "Net the two quantities.")
        for item, share in self.scrap.items():
            if item not in self.consumes:
                rule = "must be for an item in consumes"
                report.add(f"scrap[{item!r}]", shown(share), rule, "Scrap of what is made belongs in yield_.")


@final
@dataclass(frozen=True, slots=True)
class Resource(SelfChecked):
    """Machines, labor or tools that processes occupy.

    Parameters
    ----------
    name
        Identifies the resource.
    units
        Number of equal units.
    hours
        Hours of one unit in a period; ``None`` when unlimited.
    states
        States a unit can be in; the first is the state at the start.
    changeover
        (process before, process after) to hours between them.
    overtime
        Hours of one unit in a period beyond ``hours`` that a decision may call for.
    breakdown
        Probability that it breaks down in a period in which it is up.
    repair_time
        Periods that a breakdown lasts, or {periods: probability}.
    breakdown_share
        Share of the hours that a breakdown takes: 1 for a machine that stops, less for a crew that lacks people.
    maintenance_every, maintenance_length, maintenance_phase
        It is maintained in periods with ``(period - phase) % every < length``; ``None`` for never.

    Raises
    ------
    NetworkError
        If an attribute breaks its rule.
    """

    name: str
    units: int = 1
    hours: float | None = None
    states: tuple[str, ...] = ("up",)
    changeover: Mapping[tuple[str, str], float] = NONE
    overtime: float = 0.0
    breakdown: float = 0.0
    repair_time: LeadTime = 1
    breakdown_share: float = 1.0
    maintenance_every: int | None = None
    maintenance_length: int = 1
    maintenance_phase: int = 0

    def __post_init__(self) -> None:
        report = conform(self, self.name)
        every = self.maintenance_every
        if not report.defects and every is not None and self.maintenance_length >= every:
            rule = f"must be below maintenance_every, which is {every}"
            report.add("maintenance_length", shown(self.maintenance_length), rule)
        report.close()


@final
@dataclass(frozen=True, slots=True)
class Inspection(SelfChecked):
    """A sampling plan: a lot passes when a sample has few enough defective units.

    Parameters
    ----------
    target
        Name of the lane or process whose lots are inspected.
    sample_size
        Units drawn from a lot [n].
    acceptance_number
        Defective units up to which the lot passes [a].
    second_sample_size
        Units of a second sample, drawn when the first decides nothing; ``None`` for single sampling.
    second_acceptance_number
        Defective units of both samples together up to which the lot passes; with more in the first it is rejected.

    Raises
    ------
    NetworkError
        If an attribute breaks its rule.
    """

    target: str
    sample_size: int
    acceptance_number: int
    second_sample_size: int | None = None
    second_acceptance_number: int | None = None

    def __post_init__(self) -> None:
        report = conform(self, self.target)
        if not report.defects and self.acceptance_number >= self.sample_size:
            rule = f"must be below sample_size, which is {self.sample_size}"
            report.add("acceptance_number", shown(self.acceptance_number), rule)
        if not report.defects:
            self._check_second(report)
        report.close()

    def _check_second(self, report: Report) -> None:
        size, number = self.second_sample_size, self.second_acceptance_number
        if (size is None) != (number is None):
            field = "second_sample_size" if size is None else "second_acceptance_number"
            report.add(field, "None", "must be given with the other number of the second sample")
        if number is not None and number < self.acceptance_number:
            rule = f"must be >= acceptance_number, which is {self.acceptance_number}"
            report.add("second_acceptance_number", shown(number), rule)
