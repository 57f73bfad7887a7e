"""Assembly with random demand and random lead times of components (Mathematics 2025, 13(14), 2229)."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from basestock.decision import Information, JointIndex, KnownValue, Problem, StockOnly
from basestock.dynamics import ORDER_RECEIVE_SELL, InitialState
from basestock.economics import make_tariff
from basestock.network import Item, Lane, LeadTime, Node, Supplier, SupplyNetwork
from basestock.problems.parameters import parameters
from basestock.uncertainty import ContinuousLaw, Discrete, DiscreteLaw, Kit, Uncertainty

SOURCE = "doi:10.3390/math13142229"

Costs = float | Sequence[float]
"""One rate for all components, or one for each."""


@parameters()
def assembly_dqn_2025(
    *,
    consumption: tuple[int, ...] = (3, 2, 1),
    demand: tuple[float, ...] = (0.2, 0.5, 0.3),
    lead_times: tuple[tuple[float, ...], ...] = ((0.3, 0.5, 0.2), (0.3, 0.4, 0.3), (0.1, 0.6, 0.3)),
    holding_cost: float = 0.5,
    shortage_cost: float = 62.0,
    zero_stock_penalty: float = 50.0,
    order_cost: float = 1.0,
    initial_stock: tuple[int, ...] = (0,),
    observation: str = "markov",
    action_range: str = "full",
    horizon: int = 50,
) -> Problem:
    """Build the assembly system of Sid Ahmed Abdellahi et al. 2025 (doi:10.3390/math13142229).

    Parameters
    ----------
    consumption
        Units of each component in one product [c].
    demand
        Probabilities of a demand of 1, 2, ... products in a period.
    lead_times
        For each component, probabilities of 1, 2, ... periods; drawn for each order, so that orders cross.
    holding_cost, shortage_cost
        Money per unit and period of positive and of negative net stock [h, p].
    zero_stock_penalty
        Money per component and period that ends with a net stock of exactly 0 [alpha].
    order_cost
        Money per unit ordered [beta].
    initial_stock
        Units of each component at the start; one number for all.
    observation
        ``markov`` (net stock and outstanding orders by age) or ``stock`` (net stock only, as published).
    action_range
        ``full``: up to max_i = c_i max(D) max(L_i) units, 5,320 joint actions as in Table 8; ``short``: up to
        max_i - 1 units, 4,374 joint actions, in which index 1769 means (10, 16, 5) as in Table 6.
    horizon
        Periods of an episode.

    Returns
    -------
    Problem
        Total cost of an episode. The published reward is minus this, divided by 10,000.

    Notes
    -----
    Orders are decided on the stock that the last period left, then receipts of the period arrive, then demand takes
    c_i D of each component, whatever the others have; what is missing is backlogged per component.

    Examples
    --------
    >>> assembly_dqn_2025().action_map.num_actions
    5320
    """
    arguments = dict(locals())
    law = Discrete(tuple(float(k) for k in range(1, len(demand) + 1)), tuple(map(float, demand)))
    laws: list[LeadTime] = [
        {periods: share for periods, share in enumerate(law, start=1) if share > 0} for law in lead_times
    ]
    largest = [c * len(demand) * max(law) for c, law in zip(consumption, laws, strict=True)]  # type: ignore[arg-type]
    if action_range not in ("full", "short") or observation not in ("markov", "stock"):
        raise ValueError(
            f"assembly_dqn_2025: action_range is {action_range!r} and observation is {observation!r}, must be "
            "'full' or 'short', and 'markov' or 'stock'. Correct them."
        )
    stock = initial_stock * len(consumption) if len(initial_stock) == 1 else initial_stock
    return assembly_problem(
        "assembly_dqn_2025",
        consumption=consumption,
        law=law,
        lead_times=laws,
        max_order=[units - (action_range == "short") for units in largest],
        costs={
            "holding": holding_cost,
            "backorder": shortage_cost,
            "zero_stock": zero_stock_penalty,
            "unit_order": order_cost,
        },
        initial_stock=stock,
        observation="stock" if observation == "stock" else "markov",
        horizon=horizon,
        parameters=arguments,
        known=_known(arguments),
    )


def _known(arguments: Mapping[str, Any]) -> KnownValue | None:
    """Return the exact optimum of the printed instance."""
    import inspect

    signature = inspect.signature(assembly_dqn_2025).parameters
    free = {"observation", "action_range"}
    if any(arguments[name] != signature[name].default for name in signature if name not in free):
        return None
    text = "backward induction per component on net stock and outstanding orders: 1803.58 + 1267.69 + 719.06"
    return KnownValue(3790.331, "optimal", 0.005, text)


def assembly_problem(
    name: str,
    *,
    consumption: Sequence[float],
    law: DiscreteLaw | ContinuousLaw,
    lead_times: Sequence[LeadTime],
    max_order: Sequence[int],
    costs: Mapping[str, Costs],
    initial_stock: Sequence[float],
    horizon: int,
    observation: Literal["markov", "stock"] = "markov",
    discount: float = 1.0,
    parameters: Mapping[str, object] | None = None,
    known: KnownValue | None = None,
) -> Problem:
    """Build an assembly system whose components are short each for itself.

    Parameters
    ----------
    name
        Name of the problem.
    consumption
        Units of each component in one product.
    law
        Products asked for in a period.
    lead_times
        Periods, or {periods: probability} revealed on arrival, of each component.
    max_order
        Largest order of each component that a joint action may stand for, units.
    costs
        ``holding``, ``backorder``, ``zero_stock`` per unit (or occurrence) and period, ``unit_order`` per unit.
    initial_stock
        Net stock of each component, units; negative for backlog.
    horizon, discount
        Periods, and factor per period.
    observation
        What is seen.
    parameters, known
        As of :class:`basestock.decision.Problem`.
    """
    components = [f"component {number}" for number in range(1, len(consumption) + 1)]
    network = _component_network(components, lead_times)
    at = [("plant", component) for component in components]
    places = {"unit_order": [(f"supplier -> {component} at plant", component) for component in components]}
    rates = {
        cost: dict(zip(places.get(cost, at), _each(rate, len(components)), strict=True))
        for cost, rate in costs.items()
    }
    stock = dict(zip(at, map(float, initial_stock), strict=True))
    sizes = tuple(int(units) + 1 for units in max_order)
    return Problem(
        name=name,
        network=network,
        uncertainty=Uncertainty(
            {},
            kits={"product": Kit("plant", law, dict(zip(components, map(float, consumption), strict=True)))},
        ),
        tariff=make_tariff(network, **rates),
        sequence=ORDER_RECEIVE_SELL,
        information=Information() if observation == "markov" else StockOnly(),
        action_map=JointIndex(sizes, (0,) * len(components), tuple(range(len(components)))),
        criterion="finite_horizon_total_cost" if discount == 1.0 else "discounted_cost",
        horizon=horizon,
        discount=discount,
        initial_state=InitialState(
            on_hand={place: units for place, units in stock.items() if units > 0},
            backorders={place: -units for place, units in stock.items() if units < 0},
        ),
        parameters=dict(parameters or {}),
        source=SOURCE,
        known=known,
    )


def _component_network(components: Sequence[str], lead_times: Sequence[LeadTime]) -> SupplyNetwork:
    return SupplyNetwork(
        items=tuple(map(Item, components)),
        nodes=(Node("plant"),),
        suppliers=(Supplier("supplier"),),
        lanes=tuple(
            Lane(
                *("supplier", "plant"),
                items=(component,),
                name=f"supplier -> {component} at plant",
                lead_time=lead_time,
                lead_time_known="on_arrival",
            )
            for component, lead_time in zip(components, lead_times, strict=True)
        ),
        unmet="backorder",
    )


def _each(rate: Costs, count: int) -> list[float]:
    return [float(rate)] * count if isinstance(rate, int | float) else [float(value) for value in rate]
