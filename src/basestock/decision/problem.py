"""A question: a network, its dice and prices, what may be seen, and what counts as good."""

import dataclasses
import math
import numbers
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Literal

from basestock.decision.action_map import ActionMap, NodeOrders
from basestock.decision.information import Information
from basestock.decision.needed_stages import completed, missing_stages
from basestock.dynamics import (
    RECEIVE_ORDER_SELL,
    InitialState,
    NetworkArrays,
    Sequence,
    State,
    Terms,
    compile_network,
)
from basestock.economics import Ledger, Tariff, Term, ledger_for
from basestock.network import SupplyNetwork
from basestock.uncertainty import EventSource, Uncertainty

Kind = Literal["periodic", "per_event", "closed_form"]
Criterion = Literal[
    "average_cost_per_period",
    "average_profit_per_period",
    "average_cost_per_time_unit",
    "discounted_cost",
    "discounted_return",
    "expected_single_period_cost",
    "finite_horizon_total_cost",
    "safety_stock_cost_rate",
]
Certificate = Literal["exact", "lower_bound", "best_known", "none"]


@dataclasses.dataclass(frozen=True)
class KnownValue:
    """A value known for a problem.

    Parameters
    ----------
    value
        In the record's own sign and sense, money.
    kind
        ``optimal`` or ``best_known``.
    precision
        Half of the last printed digit, or a statistical half-width.
    source
        DOI or citation, and the place in it.
    """

    value: float
    kind: Literal["optimal", "best_known"]
    precision: float
    source: str

    @property
    def certificate(self) -> Certificate:
        """What a gap to this value proves."""
        return "exact" if self.kind == "optimal" else "best_known"


@dataclasses.dataclass(frozen=True)
class Solution:
    """The exact optimum of a problem.

    Parameters
    ----------
    value
        Optimal value of the problem's criterion, money.
    decision
        What is decided, by name, in units or periods.
    method
        How it was computed.
    """

    value: float
    decision: Mapping[str, Any]
    method: str


def _whole(value: object, low: int) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool) and int(value) >= low


@dataclasses.dataclass(frozen=True, eq=False)
class Problem:
    """Everything needed to simulate, solve, learn and judge.

    Parameters
    ----------
    name
        Name of the family.
    network, uncertainty, tariff
        What exists, what is random, what it costs.
    sequence
        Order of events in a period; a standard one gains the stage that repairs orders where something limits them.
    information, action_map
        What is seen, and how actions become quantities.
    kind
        ``periodic``, ``per_event`` or ``closed_form``.
    criterion, sense
        What is optimized, in which direction.
    horizon
        Periods of one replication, warm-up not counted.
    warm_up
        Periods simulated before counting starts.
    discount
        Factor per period [gamma].
    initial_state
        Declared start.
    terms
        Ledger terms of this problem alone, beside those that the tariff prices.
    solve
        Computes the exact optimum where the problem has a closed form or a recursion of its own.
    period_days
        Length of a period in days, for annual figures.
    parameters
        The arguments of the problem function.
    source
        DOI or citation.
    known
        Known value, if any.
    """

    name: str
    network: SupplyNetwork
    uncertainty: Uncertainty
    tariff: Tariff
    sequence: Sequence = RECEIVE_ORDER_SELL
    information: Information = dataclasses.field(default_factory=Information)
    action_map: ActionMap = dataclasses.field(default_factory=NodeOrders)
    kind: Kind = "periodic"
    criterion: Criterion = "average_cost_per_period"
    sense: Literal["min", "max"] = "min"
    horizon: int = 1000
    warm_up: int = 0
    discount: float = 1.0
    initial_state: InitialState = dataclasses.field(default_factory=InitialState)
    terms: tuple[Term, ...] = ()
    solve: Callable[[], Solution] | None = None
    period_days: float = 1.0
    parameters: Mapping[str, object] = dataclasses.field(default_factory=dict)
    source: str = ""
    known: KnownValue | None = None

    def __post_init__(self) -> None:
        checks = {
            "horizon": (self.horizon, _whole(self.horizon, 1), "a whole number of periods >= 1"),
            "warm_up": (self.warm_up, _whole(self.warm_up, 0), "a whole number of periods >= 0"),
            "discount": (self.discount, 0 <= self.discount <= 1, "in [0, 1]"),
            "period_days": (self.period_days, 0 < self.period_days < math.inf, "a number of days > 0"),
        }
        wrong = [
            f"{name} is {value!r}, must be {rule}."
            for name, (value, fine, rule) in checks.items()
            if not fine
        ]
        object.__setattr__(self, "sequence", completed(self.network, self.uncertainty, self.sequence))
        wrong += missing_stages(self.network, self.uncertainty, self.sequence)
        if wrong:
            raise ValueError(f"Problem {self.name!r}: {' '.join(wrong)} Correct the problem.")

    @property
    def sign(self) -> int:
        """+1 where the total is a cost to be small, -1 where it is a profit to be large."""
        return 1 if self.sense == "min" else -1

    @property
    def averages(self) -> bool:
        """Whether the total is one of an average period."""
        return self.criterion.startswith("average_")

    @property
    def discounts(self) -> bool:
        """Whether the total is discounted."""
        return self.criterion.startswith("discounted_")

    @cached_property
    def arrays(self) -> NetworkArrays:
        """The compiled network."""
        return compile_network(self.network, self._terms)

    @property
    def _terms(self) -> Terms:
        """What the prices add to the rules of the network."""
        rates = (self.tariff.purchase, self.tariff.unit_order)
        known = [rate for rate in rates if rate is not None]
        return Terms(sum(known[1:], known[0]) if known else None, self.tariff.order_change is not None)

    @cached_property
    def events(self) -> EventSource:
        """The compiled dice."""
        return self.uncertainty.compile(self.network)

    @cached_property
    def ledger(self) -> Ledger:
        """The terms that the tariff prices."""
        return Ledger((*ledger_for(self.tariff).terms, *self.terms))

    def start(self, num_replications: int = 1) -> State:
        """Return the declared starting state."""
        return self.initial_state.compile(self.network, self.arrays, num_replications)
