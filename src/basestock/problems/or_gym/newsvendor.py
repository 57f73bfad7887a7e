"""The multi-period newsvendor with a delivery delay: leftovers vanish, or are carried into the next period."""

import dataclasses
from typing import Literal

import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.decision import Problem
from basestock.dynamics import Sequence, Step
from basestock.dynamics.stages import receive, serve, ship
from basestock.economics import Tariff, Term, make_tariff
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.problems.or_gym.chain import Mode
from basestock.problems.or_gym.stages import OrderIntoSpace, discard
from basestock.problems.parameters import parameters
from basestock.uncertainty import Poisson, Uncertainty

SOURCE = "arXiv:2008.06319, Newsvendor of or-gym 0.5.0"


@dataclasses.dataclass(frozen=True)
class OrderTimesLeftover:
    """The purchase term of the original: an order is paid once for every unit left over in its period (defect V1).

    Parameters
    ----------
    unit_cost
        Money per unit, discounted to the period of arrival.
    """

    unit_cost: float

    def __call__(self, tariff: Tariff, step: Step) -> Float[Array, "node item replication"]:
        """Charge c gamma^L times units ordered times units left over."""
        ordered, leftover = step.outcome.ordered, step.outcome.expired
        if ordered is None or leftover is None:
            raise ValueError(
                "newsvendor: what expired is absent, must be counted. Keep the problem's own sequence."
            )
        arriving = jnp.zeros_like(leftover).at[0, 0].set(ordered[0, 0])
        return self.unit_cost * arriving * leftover


@parameters()
def newsvendor(
    *,
    mode: Mode = "sound",
    variant: Literal["perishing", "carry"] = "perishing",
    lead_time: int = 5,
    max_inventory: float = 4000.0,
    max_order: float = 2000.0,
    periods: int = 40,
    price: float = 50.0,
    unit_cost: float = 25.0,
    holding_cost: float = 2.5,
    shortage_cost: float = 5.0,
    mean: float = 100.0,
    discount: float = 1.0,
) -> Problem:
    """Build the newsvendor with a delivery delay (Balaji et al. 2019, arXiv:1911.10641; Hubbs et al. 2020).

    Parameters
    ----------
    mode
        ``faithful`` charges an order once for every unit left over, and takes orders of any size; ``sound`` charges
        each unit ordered, and cuts an order to ``max_order``.
    variant
        ``perishing``: leftovers vanish, as in or-gym. ``carry``: they stay, as in the environment that it takes over.
    lead_time
        Periods until an order is on hand [L].
    max_inventory, max_order
        Most units on hand and under way together, and of one order.
    periods
        Length of an episode.
    price, unit_cost
        Money per unit sold and ordered.
    holding_cost, shortage_cost
        Money per unit left over [h], and per unit of demand lost [k].
    mean
        Mean of the Poisson demand of a period, units [mu].
    discount
        Factor per period in the price of an order, which arrives L periods later [gamma].

    Returns
    -------
    Problem
        Profit of an episode. The original draws prices and the mean anew for each episode; here they are parameters.

    Raises
    ------
    ValueError
        If leftovers are carried in the faithful mode, which has no such variant.
    """
    given: dict[str, object] = dict(locals())
    if mode == "faithful" and variant == "carry":
        raise ValueError(
            "newsvendor: variant is 'carry', must be 'perishing' in the faithful mode. Choose sound."
        )
    network = SupplyNetwork(
        items=(Item("item", whole_units=False),),
        nodes=(Node("store"),),
        suppliers=(Supplier("supplier"),),
        lanes=(Lane("supplier", "store", lead_time=lead_time),),
        unmet="lost",
    )
    paid = unit_cost * discount**lead_time
    perishing = variant == "perishing"
    largest = None if mode == "faithful" else max_order
    ordering = (OrderIntoSpace(max_inventory, largest), ship, receive, serve)
    rates = {
        "waste" if perishing else "holding": holding_cost,
        "lost_sale": shortage_cost,
        "price": price,
        "unit_order": None if mode == "faithful" else paid,
    }
    defect = Term("purchase", OrderTimesLeftover(paid), "price", "node")
    return Problem(
        name="or_gym/newsvendor",
        network=network,
        uncertainty=Uncertainty({("store", "item"): Poisson(mean)}),
        tariff=make_tariff(network, **rates),
        terms=(defect,) if mode == "faithful" else (),
        sequence=Sequence(before=(receive,), after=(*ordering, discard) if perishing else ordering),
        criterion="finite_horizon_total_cost",
        sense="max",
        horizon=periods,
        parameters=given,
        source=SOURCE,
    )
