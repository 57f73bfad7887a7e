"""What moves a market from outside: trend, seasons, promotions, regimes, the economy, prices of others, surges."""

import dataclasses
import math
from collections.abc import Iterable, Mapping

from basestock.network import SupplyNetwork
from basestock.uncertainty.rules import (
    Rule,
    all_of,
    are_numbers,
    by_name,
    is_number,
    names,
    non_negative,
    one_of,
    periods,
    positive,
    require,
    share,
)


class DriverError(ValueError):
    """A driver of the market cannot be."""


def _require(what: str, **rules: Rule) -> None:
    require(DriverError, what, "driver", **rules)


@dataclasses.dataclass(frozen=True)
class Wave:
    """A season: demand is multiplied by 1 + amplitude sin(2 pi (t + phase) / length).

    Parameters
    ----------
    length
        Periods of one cycle; need not be whole.
    amplitude
        Share of the mean, in [0, 1].
    phase
        Periods that the wave is ahead.
    """

    length: float
    amplitude: float
    phase: float = 0.0

    def __post_init__(self) -> None:
        _require(
            "Wave",
            length=positive(self.length),
            amplitude=share(self.amplitude),
            phase=Rule(self.phase, is_number(self.phase), "a finite number of periods"),
        )


@dataclasses.dataclass(frozen=True)
class Promotion:
    """A campaign in the calendar: more is bought while it lasts, less just after it.

    Parameters
    ----------
    first, length
        First period, and number of periods.
    uplift
        Share of the demand that is added while it lasts.
    dip, dip_length
        Share of the demand that is missing afterwards, and for how many periods.
    every
        Periods from one start to the next; ``None`` for once.
    places
        (node, item) it is for; ``None`` for all.
    """

    first: int
    length: int
    uplift: float
    dip: float = 0.0
    dip_length: int = 0
    every: int | None = None
    places: tuple[tuple[str, str], ...] | None = None

    def __post_init__(self) -> None:
        pairs = isinstance(self.places, tuple | list) and all(names(each).fine for each in self.places)
        rules = {
            "first": periods(self.first),
            "length": periods(self.length, 1),
            "uplift": non_negative(self.uplift),
            "dip": share(self.dip),
            "dip_length": periods(self.dip_length),
            "places": Rule(self.places, self.places is None or pairs, "(node, item) pairs, or None"),
        }
        lengths_known = rules["length"].fine and rules["dip_length"].fine
        if self.every is not None and lengths_known:
            shortest = self.length + self.dip_length
            fine = periods(self.every, shortest).fine
            rule = f"a whole number of periods >= {shortest}, the length of promotion and dip"
            rules["every"] = Rule(self.every, fine, rule)
        _require("Promotion", **rules)


@dataclasses.dataclass(frozen=True)
class DemandRegimes:
    """A market that jumps between regimes as a Markov chain does.

    Parameters
    ----------
    factors
        What demand is multiplied by in each regime.
    transitions
        ``transitions[i][j]`` is the probability of regime j in the period after regime i.
    first
        Regime before the first period.
    """

    factors: tuple[float, ...]
    transitions: tuple[tuple[float, ...], ...]
    first: int = 0

    def __post_init__(self) -> None:
        fine = are_numbers(self.factors, 0.0) and len(self.factors) > 0
        _require("DemandRegimes", factors=Rule(self.factors, fine, "numbers >= 0, one at least"))
        size = len(self.factors)
        rows = isinstance(self.transitions, tuple | list) and len(self.transitions) == size
        square = rows and all(are_numbers(row, 0.0, 1.0) and len(row) == size for row in self.transitions)
        at = periods(self.first).fine and self.first < size
        _require(
            "DemandRegimes",
            first=Rule(self.first, at, f"a regime from 0 to {size - 1}"),
            transitions=Rule(self.transitions, square, f"{size} rows of {size} probabilities"),
        )
        wrong = [row for row in self.transitions if abs(sum(row) - 1) >= 1e-6]
        _require(
            "DemandRegimes", **{"a row of transitions": Rule(wrong, not wrong, "probabilities that sum to 1")}
        )


@dataclasses.dataclass(frozen=True)
class AutoregressiveLevel:
    """A level that swings around a base: x_t = base + coefficient (x_(t-1) - base) + base deviation z_t.

    Parameters
    ----------
    base
        Mean, where it starts.
    coefficient
        Share of the distance from the base that is left after a period, in [0, 1).
    deviation
        Standard deviation of one shock, as a share of the base; the level's own is
        base deviation / sqrt(1 - coefficient^2). It is held above a tenth of the base.
    """

    base: float
    coefficient: float = 0.0
    deviation: float = 0.0

    def __post_init__(self) -> None:
        below_one = lambda value: Rule(value, is_number(value, 0.0) and value < 1, "in [0, 1)")  # noqa: E731
        _require(
            "AutoregressiveLevel",
            base=positive(self.base),
            coefficient=below_one(self.coefficient),
            deviation=below_one(self.deviation),
        )


@dataclasses.dataclass(frozen=True)
class Surge:
    """Sudden demand in a region: all its nodes together, for some periods.

    Parameters
    ----------
    nodes
        Names of the nodes of the region.
    probability
        Of a start, in a period without surge.
    factor
        What demand is multiplied by.
    length
        Periods that it lasts.
    """

    nodes: tuple[str, ...]
    probability: float
    factor: float
    length: int

    def __post_init__(self) -> None:
        named = names(self.nodes).fine and len(self.nodes) > 0
        _require(
            "Surge",
            nodes=Rule(self.nodes, named, "names of nodes, one at least"),
            probability=share(self.probability),
            factor=non_negative(self.factor),
            length=periods(self.length, 1),
        )


@dataclasses.dataclass(frozen=True)
class HiddenDemand:
    """A market that nobody knows: each path draws how its demand runs, place by place, and keeps to it.

    Parameters
    ----------
    level
        Lowest and highest factor on all demand.
    trend
        Lowest and highest growth per period, as a share of the first period's demand.
    amplitude
        Lowest and highest amplitude of a season, as a share of the mean, in [0, 1].
    length, phase
        Lowest and highest length of its cycle, and how far it is ahead, periods.
    shock
        Lowest and highest factor from the period of a shock on.
    shock_period
        Earliest and latest period of the shock; one beyond the horizon never comes.

    Notes
    -----
    The factor of period t is level (1 + trend t)+ (1 + amplitude sin(2 pi (t + phase) / length)), times shock from
    shock_period on. Everything is drawn uniformly, level and shock on a logarithmic scale, independently of each other.
    """

    level: tuple[float, float] = (1.0, 1.0)
    trend: tuple[float, float] = (0.0, 0.0)
    amplitude: tuple[float, float] = (0.0, 0.0)
    length: tuple[float, float] = (30.0, 30.0)
    phase: tuple[float, float] = (0.0, 0.0)
    shock: tuple[float, float] = (1.0, 1.0)
    shock_period: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        tiny = 1e-6
        bounds = {
            "level": (tiny, math.inf), "trend": (-math.inf, math.inf), "amplitude": (0.0, 1.0),
            "length": (tiny, math.inf), "phase": (-math.inf, math.inf), "shock": (tiny, math.inf),
            "shock_period": (0.0, math.inf),
        }  # fmt: skip
        _require(
            "HiddenDemand", **{name: _range(getattr(self, name), *ends) for name, ends in bounds.items()}
        )


def _range(value: tuple[float, float], low: float, high: float) -> Rule:
    """Ask for a lowest and a highest number within bounds."""
    fine = are_numbers(value, low, high) and len(value) == 2 and value[0] <= value[1]
    return Rule(value, fine, f"two numbers from {low:g} to {high:g}, the lower one first")


@dataclasses.dataclass(frozen=True)
class MarketDrivers:
    """Everything from outside that multiplies the demand of every law, and the prices of others.

    Parameters
    ----------
    trend
        Growth per period, as a share of the first period's demand.
    waves
        Seasons, multiplied.
    promotions
        The calendar of campaigns.
    regimes
        Markov regimes of demand.
    economy
        A factor around its base that multiplies all demand.
    competitor_price
        Price of the competition by (node, item), money per unit.
    supply_price
        Price of outside supply by (lane, item), money per unit.
    surges
        Regional surges.
    hidden
        What each path draws at its start and nobody is told.

    Notes
    -----
    Poisson and negative binomial laws stay what they are, at the multiplied mean (the dispersion is kept); draws of
    other laws are multiplied, and rounded up with the probability of their fraction where the law is of whole units.
    """

    trend: float = 0.0
    waves: tuple[Wave, ...] = ()
    promotions: tuple[Promotion, ...] = ()
    regimes: DemandRegimes | None = None
    economy: AutoregressiveLevel | None = None
    competitor_price: Mapping[tuple[str, str], AutoregressiveLevel] = dataclasses.field(default_factory=dict)
    supply_price: Mapping[tuple[str, str], AutoregressiveLevel] = dataclasses.field(default_factory=dict)
    surges: tuple[Surge, ...] = ()
    hidden: HiddenDemand | None = None

    def __post_init__(self) -> None:
        _require(
            "MarketDrivers",
            trend=Rule(self.trend, is_number(self.trend), "a finite share per period"),
            waves=all_of(self.waves, Wave),
            promotions=all_of(self.promotions, Promotion),
            regimes=one_of(self.regimes, DemandRegimes),
            economy=one_of(self.economy, AutoregressiveLevel),
            competitor_price=by_name(self.competitor_price, AutoregressiveLevel),
            supply_price=by_name(self.supply_price, AutoregressiveLevel),
            surges=all_of(self.surges, Surge),
            hidden=one_of(self.hidden, HiddenDemand),
        )

    def check(self, network: SupplyNetwork) -> None:
        """Refuse drivers at places that the network does not have.

        Raises
        ------
        DriverError
            Naming every one of them.
        """
        items = set(network.item_index)
        wrong = [
            *_strange(
                "competitor_price", self.competitor_price, set(network.node_index), items, "(node, item)"
            ),
            *_strange("supply_price", self.supply_price, set(network.lane_index), items, "(lane, item)"),
        ]
        for promotion in self.promotions:
            places = promotion.places or ()
            wrong += _strange("promotion", places, set(network.node_index), items, "(node, item)")
        for surge in self.surges:
            wrong += [
                f"surge at {node!r}, must be at a node."
                for node in surge.nodes
                if node not in network.node_index
            ]
        if wrong:
            raise DriverError(f"MarketDrivers: {' '.join(wrong)} Correct the places.")


def _strange(
    what: str, places: Iterable[tuple[str, str]], owners: set[str], items: set[str], axis: str
) -> list[str]:
    return [
        f"{what} at {place!r}, must be at {axis} of the network."
        for place in places
        if place[0] not in owners or place[1] not in items
    ]
