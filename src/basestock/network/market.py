"""How customers answer to prices, to empty shelves and to bad experience, and what they bring back."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, final

from basestock.network.checks import Report, SelfChecked, conform
from basestock.network.errors import Defect, Suggestions, shown

if TYPE_CHECKING:
    from basestock.network.supply_network import SupplyNetwork


def place_label(item: object, node: object) -> str:
    """Return what the behavior of customers at a place is called in messages.

    Examples
    --------
    >>> place_label("milk", "shop")
    'milk at shop'
    """
    return f"{item} at {node}"


@final
@dataclass(frozen=True, slots=True)
class PriceResponse(SelfChecked):
    """Customers who look at the price: the price is a decision, and the demand answers to it.

    Parameters
    ----------
    node, item
        Where they buy what.
    reference_price
        Price at which demand is what its law says [p0], currency per unit.
    elasticity
        Relative change of demand for a relative change of the price, at the reference price.
    law
        ``linear``, ``log_linear``, or ``logit``: customers choose among this offer, the competitor's and none.
    competitor_elasticity
        Relative change of demand for a relative change of price over the competitor's price (not for ``logit``).
    reference_share, competitor_share
        Shares of the customers who choose this offer, or the competitor's, at the reference price (``logit``).
    lowest_price, highest_price
        Bounds of the price, currency per unit; a price beyond them is moved to the bound.

    Raises
    ------
    NetworkError
        If an attribute breaks its rule.

    Notes
    -----
    With p the price, c the competitor's and e, k the two elasticities, the reference demand is multiplied by

    - linear: max(0, 1 + e (p / p0 - 1) + k (p - c) / p0)
    - log-linear: (p / p0)^e (p / c)^k
    - logit: s(p, c) / s(p0, p0), s = a / (a + b + 1 - a0 - b0) with a = a0 exp(-g (p - p0)),
      b = b0 exp(-g (c - p0)) and g = -e / (p0 (1 - a0)), so that the elasticity at p0 is e.

    Examples
    --------
    >>> PriceResponse("shop", "milk", reference_price=2.0, elasticity=-1.5).law
    'log_linear'
    """

    node: str
    item: str
    reference_price: float
    elasticity: float
    law: Literal["linear", "log_linear", "logit"] = "log_linear"
    competitor_elasticity: float = 0.0
    reference_share: float = 0.5
    competitor_share: float = 0.25
    lowest_price: float | None = None
    highest_price: float | None = None

    def __post_init__(self) -> None:
        report = conform(self, place_label(self.item, self.node))
        if not report.defects:
            self._check_bounds(report)
        report.close()

    def _check_bounds(self, report: Report) -> None:
        low, high, price = self.lowest_price, self.highest_price, self.reference_price
        if low is not None and low > price:
            report.add("lowest_price", shown(low), f"must be <= reference_price, which is {shown(price)}")
        if high is not None and high < price:
            report.add("highest_price", shown(high), f"must be >= reference_price, which is {shown(price)}")
        if self.law == "logit" and self.reference_share + self.competitor_share > 1:
            both = shown(self.reference_share + self.competitor_share)
            report.add("the sum of reference_share and competitor_share", both, "must be <= 1")
        if self.law == "logit" and self.competitor_elasticity:
            rule = "must be 0 for the logit law, where competitor_share says it"
            report.add("competitor_elasticity", shown(self.competitor_elasticity), rule)


@final
@dataclass(frozen=True, slots=True)
class Substitution(SelfChecked):
    """Customers who take another item when theirs has run out.

    Parameters
    ----------
    node
        Where.
    item, substitute
        What they wanted, and what they take instead.
    share
        Share of the customers without stock who would.
    law
        ``fixed``: the share itself, in whole units; ``binomial``: each customer by chance, for the only substitute of
        an item.

    Raises
    ------
    NetworkError
        If an attribute breaks its rule.
    """

    node: str
    item: str
    substitute: str
    share: float
    law: Literal["fixed", "binomial"] = "fixed"

    def __post_init__(self) -> None:
        report = conform(self, f"{place_label(self.item, self.node)} by {self.substitute}")
        if self.item == self.substitute:
            report.add("substitute", shown(self.substitute), "must differ from the item")
        report.close()


@final
@dataclass(frozen=True, slots=True)
class ReturnFlow(SelfChecked):
    """Customers who bring back what they bought.

    Parameters
    ----------
    node, item
        Where they bring what back.
    share
        Share of the units sold that come back.
    delay
        Periods from the sale to the return.
    restock_share
        Share of what comes back that is sold again; the rest is disposed of.
    overtime_share
        Share that comes back in addition of what is sold while every hour of the resources is overtime.

    Raises
    ------
    NetworkError
        If an attribute breaks its rule.
    """

    node: str
    item: str
    share: float
    delay: int = 1
    restock_share: float = 1.0
    overtime_share: float = 0.0

    def __post_init__(self) -> None:
        report = conform(self, place_label(self.item, self.node))
        if not report.defects and self.share + self.overtime_share > 1:
            both = shown(self.share + self.overtime_share)
            report.add("the sum of share and overtime_share", both, "must be <= 1")
        report.close()


@final
@dataclass(frozen=True, slots=True)
class Goodwill(SelfChecked):
    """Customers who remember: bad experience lowers satisfaction with delay, and satisfaction lowers demand.

    Parameters
    ----------
    node, item
        Where they buy what.
    memory
        Share of the satisfaction that is carried into the next period.
    stockout_effect
        Loss of satisfaction in the long run when all demand stays unmet.
    price_effect
        Loss when the price changes by the reference price in every period.
    return_effect
        Loss when every unit sold comes back.
    demand_effect
        Share of the demand that is lost when satisfaction is 0.

    Raises
    ------
    NetworkError
        If an attribute breaks its rule.

    Notes
    -----
    s' = memory s + (1 - memory) max(0, 1 - stockout_effect u - price_effect v - return_effect r) with u the share of
    the demand that is not met, v the relative change of the price, r units brought back over units sold; demand is
    multiplied by 1 - demand_effect (1 - s).
    """

    node: str
    item: str
    memory: float = 0.9
    stockout_effect: float = 1.0
    price_effect: float = 0.0
    return_effect: float = 0.0
    demand_effect: float = 0.5

    def __post_init__(self) -> None:
        conform(self, place_label(self.item, self.node)).close()


def market_defects(network: "SupplyNetwork") -> Iterator[Defect]:
    """Return what is wrong about customers: unknown names, two entries for one place, shares beyond 1."""
    nodes = frozenset(node.name for node in network.nodes)
    items = frozenset(item.name for item in network.items)
    suggestions = Suggestions()
    for kind, parts in (
        ("PriceResponse", network.responses),
        ("ReturnFlow", network.returns),
        ("Goodwill", network.goodwill),
    ):
        seen: set[tuple[str, str]] = set()
        for part in parts:
            owner = kind, place_label(part.item, part.node)
            yield from _unknown(owner, {"node": part.node}, nodes, "a node", suggestions)
            yield from _unknown(owner, {"item": part.item}, items, "an item", suggestions)
            if (part.node, part.item) in seen:
                yield Defect(
                    *owner, "(node, item)", shown((part.node, part.item)), "must occur once", "Drop one."
                )
            seen.add((part.node, part.item))
    yield from _substitution_defects(network, nodes, items, suggestions)


def _substitution_defects(
    network: "SupplyNetwork", nodes: frozenset[str], items: frozenset[str], suggestions: Suggestions
) -> Iterator[Defect]:
    shares: dict[tuple[str, str], float] = defaultdict(float)
    seen: set[tuple[str, str, str]] = set()
    drawn = {(part.node, part.item) for part in network.substitutions if part.law == "binomial"}
    for part in network.substitutions:
        owner = "Substitution", f"{place_label(part.item, part.node)} by {part.substitute}"
        yield from _unknown(owner, {"node": part.node}, nodes, "a node", suggestions)
        named = {"item": part.item, "substitute": part.substitute}
        yield from _unknown(owner, named, items, "an item", suggestions)
        if (part.node, part.item, part.substitute) in seen:
            yield Defect(*owner, "substitute", shown(part.substitute), "must occur once", "Drop one.")
        if (part.node, part.item) in drawn & shares.keys():
            rule = f"must be the only one of {shown(part.item)}, whose customers choose by chance"
            yield Defect(*owner, "substitute", shown(part.substitute), rule, "Drop one, or set law='fixed'.")
        seen.add((part.node, part.item, part.substitute))
        shares[part.node, part.item] += part.share
    for (node, item), share in shares.items():
        if share > 1 + 1e-9:
            owner = "Substitution", place_label(item, node)
            yield Defect(*owner, "the sum of share", f"{share:.12g}", "must be <= 1", "Lower the shares.")


def _unknown(
    owner: tuple[str, str], named: dict[str, str], known: frozenset[str], what: str, suggestions: Suggestions
) -> Iterator[Defect]:
    for field, name in named.items():
        if name not in known:
            remedy = f"{suggestions.nearest(name, known)}Correct the entry."
            yield Defect(*owner, field, shown(name), f"must be the name of {what}", remedy)
