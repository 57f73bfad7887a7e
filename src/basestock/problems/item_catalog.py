"""A catalog of items that do not affect each other, drawn from ranges: what one policy for all of them learns from."""

import dataclasses
import math
from typing import Literal

import numpy as np

from basestock.decision import Problem
from basestock.economics import make_tariff
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.problems.parameters import parameters
from basestock.problems.single_item import single_item_problem
from basestock.uncertainty import DiscreteLaw, Intermittent, NegativeBinomial, Poisson, Uncertainty

LAWS = ("poisson", "negative_binomial", "intermittent")
"""Laws of demand, which items have in turn."""

DISPERSION = (1.5, 4.0)
"""Smallest and largest variance of negative binomial demand, in means."""

CHANCE = (0.3, 0.7)
"""Smallest and largest probability that intermittent demand is asked for in a period."""


@dataclasses.dataclass(frozen=True)
class CatalogItem:
    """One item of a catalog.

    Parameters
    ----------
    name
        Its name.
    kind
        Name of its law of demand, one of :data:`LAWS`.
    law
        The law of the demand of a period.
    lead_time
        Periods [L].
    critical_ratio
        p / (p + h).
    holding_cost, lost_sale_cost
        Money per unit and period on hand [h], and per unit lost [p].
    """

    name: str
    kind: str
    law: DiscreteLaw
    lead_time: int
    critical_ratio: float
    holding_cost: float
    lost_sale_cost: float

    def problem(self, *, horizon: int = 1000, warm_up: int = 100) -> Problem:
        """Return the problem of this item alone: lost sales, average cost per period.

        Parameters
        ----------
        horizon, warm_up
            Periods counted and skipped.
        """
        return single_item_problem(
            "catalog_item",
            "lost",
            self.law,
            {"holding": self.holding_cost, "lost_sale": self.lost_sale_cost},
            lead_time=self.lead_time,
            horizon=horizon,
            warm_up=warm_up,
            parameters={"name": self.name, "lead_time": self.lead_time, "demand": self.kind},
        )


@parameters(shortest_lead_time=(0, None), lowest_ratio=(0, 1), highest_ratio=(0, 1), lowest_mean=(0.01, None))
def item_catalog(
    *,
    num_items: int = 128,
    seed: int = 0,
    shortest_lead_time: int = 1,
    longest_lead_time: int = 8,
    lowest_ratio: float = 0.5,
    highest_ratio: float = 0.99,
    lowest_mean: float = 2.0,
    highest_mean: float = 10.0,
    demand: Literal["mixed", "poisson", "negative_binomial", "intermittent"] = "mixed",
    horizon: int = 1000,
    warm_up: int = 100,
) -> Problem:
    """Build a store of many items with lost sales that share nothing but the policy that is learned on them.

    Parameters
    ----------
    num_items, seed
        Number of items, and what they are drawn from.
    shortest_lead_time, longest_lead_time
        Lead times are whole and even between them, periods [L].
    lowest_ratio, highest_ratio
        Critical ratios p / (p + h); the odds p / h are drawn evenly on a logarithmic scale.
    lowest_mean, highest_mean
        Mean demand, units per period, drawn evenly on a logarithmic scale.
    demand
        Law of the demand of a period; ``mixed`` for all of them in turn.
    horizon, warm_up
        Periods counted and skipped in a simulation.

    Returns
    -------
    Problem
        Average cost per period of all items; the optimum is the sum of theirs. The holding cost of an item is one over
        the standard deviation of its demand over lead time and review, so that none of them outweighs the others.

    Examples
    --------
    >>> len(item_catalog(num_items=3).network.items)
    3
    """
    own = dict(locals())
    items = drawn_items(
        num_items,
        seed,
        lead_times=(shortest_lead_time, longest_lead_time),
        ratios=(lowest_ratio, highest_ratio),
        means=(lowest_mean, highest_mean),
        kinds=LAWS if demand == "mixed" else (demand,),
    )
    network = SupplyNetwork(
        items=tuple(Item(each.name) for each in items),
        nodes=(Node("store"),),
        suppliers=(Supplier("supplier"),),
        lanes=(Lane("supplier", "store", item_lead_time={each.name: each.lead_time for each in items}),),
        unmet="lost",
    )
    return Problem(
        name="item_catalog",
        network=network,
        uncertainty=Uncertainty({("store", each.name): each.law for each in items}),
        tariff=make_tariff(
            network,
            holding={("store", each.name): each.holding_cost for each in items},
            lost_sale={("store", each.name): each.lost_sale_cost for each in items},
        ),
        horizon=horizon,
        warm_up=warm_up,
        parameters=own,
    )


def drawn_items(
    num_items: int,
    seed: int,
    *,
    lead_times: tuple[int, int] = (1, 8),
    ratios: tuple[float, float] = (0.5, 0.99),
    means: tuple[float, float] = (2.0, 10.0),
    kinds: tuple[str, ...] = LAWS,
) -> list[CatalogItem]:
    """Draw the items of a catalog.

    Parameters
    ----------
    num_items, seed
        Number of items, and what they are drawn from.
    lead_times, ratios, means
        Smallest and largest lead time, periods; critical ratio; mean demand, units per period.
    kinds
        Names of laws, which items have in turn.

    Raises
    ------
    ValueError
        If a range is empty, or a critical ratio is 0 or 1.
    """
    ranges = {"lead time": lead_times, "ratio": ratios, "mean": means}
    wrong = [f"{name} from {low} to {high}" for name, (low, high) in ranges.items() if low > high]
    if wrong or not 0 < ratios[0] <= ratios[1] < 1:
        told = ", ".join(wrong) or f"ratio from {ratios[0]} to {ratios[1]}"
        raise ValueError(
            f"item_catalog: {told}, must be a range from low to high, ratios between 0 and 1. Correct the parameters."
        )
    dice = np.random.default_rng(seed)
    return [
        _drawn(dice, number, kinds[(number - 1) % len(kinds)], lead_times, ratios, means)
        for number in range(1, num_items + 1)
    ]


def _drawn(
    dice: np.random.Generator,
    number: int,
    kind: str,
    lead_times: tuple[int, int],
    ratios: tuple[float, float],
    means: tuple[float, float],
) -> CatalogItem:
    lead_time = int(dice.integers(lead_times[0], lead_times[1] + 1))
    low, high = (math.log(each) for each in means)
    mean = round(math.exp(dice.uniform(low, high)), 2)
    low, high = (math.log(ratio / (1 - ratio)) for ratio in ratios)
    odds = math.exp(dice.uniform(low, high))
    law = _law(kind, mean, float(dice.random()))
    holding = 1.0 / math.sqrt(law.variance * (lead_time + 1))
    return CatalogItem(f"item {number}", kind, law, lead_time, odds / (1 + odds), holding, odds * holding)


def _law(kind: str, mean: float, place: float) -> DiscreteLaw:
    """Return a law of demand; ``place`` says where in its range its spread lies, in [0, 1)."""
    if kind == "poisson":
        return Poisson(mean)
    low, high = DISPERSION if kind == "negative_binomial" else CHANCE
    within = round(low + (high - low) * place, 2)
    if kind == "negative_binomial":
        return NegativeBinomial(mean, within * mean)
    return Intermittent(within, Poisson(mean / within))
