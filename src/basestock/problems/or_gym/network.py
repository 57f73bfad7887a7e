"""NetworkManagement: factories, distributors and retailers in a directed graph, with backlog or with lost sales."""

from collections.abc import Sequence

from basestock.decision import Problem
from basestock.problems.or_gym.chain import Link, Market, Mode, Rules, Stocked, Unmet, chain_problem
from basestock.problems.parameters import parameters
from basestock.problems.single_item import demand_law

SOURCE = "doi:10.3390/pr9010102, NetworkManagement of or-gym 0.5.0"

NODES = (
    Stocked("1", 100.0, 0.030),
    Stocked("2", 110.0, 0.020),
    Stocked("3", 80.0, 0.015),
    Stocked("4", 400.0, 0.012, 90.0, 0.010),
    Stocked("5", 350.0, 0.013, 90.0, 0.015),
    Stocked("6", 380.0, 0.011, 80.0, 0.012),
)
LINKS = (
    Link("2", "1", 5, 1.500, 0.010),
    Link("3", "1", 3, 1.600, 0.015),
    Link("4", "2", 8, 1.000, 0.008),
    Link("4", "3", 10, 0.800, 0.006),
    Link("5", "2", 9, 0.700, 0.005),
    Link("6", "2", 11, 0.750, 0.007),
    Link("6", "3", 12, 0.800, 0.004),
    Link("7", "4", 0, 0.150, 0.000),
    Link("7", "5", 1, 0.050, 0.005),
    Link("8", "5", 2, 0.070, 0.002),
    Link("8", "6", 0, 0.200, 0.000),
)


@parameters()
def network_management(
    *,
    mode: Mode = "sound",
    unmet: Unmet = "backorder",
    periods: int = 30,
    retail_price: float = 2.0,
    shortage_cost: float = 0.1,
    discount: float = 1.0,
    demand: str = "poisson",
    mean: float = 20.0,
) -> Problem:
    """Build a network of a retailer, two distributors and three factories (Perez et al. 2021, doi:10.3390/pr9010102).

    Parameters
    ----------
    mode
        ``faithful`` rounds orders and promises every buyer all of a node's stock and capacity, so that stock may
        become negative; ``sound`` takes fractions and serves the links one after the other.
    unmet
        ``backorder`` is version 0, ``lost`` version 1; orders between nodes that cannot be shipped are lost in both.
    periods
        Length of an episode.
    retail_price, shortage_cost
        Money per unit sold, and per unit unmet at the end of a period [b].
    discount
        Factor per period [alpha].
    demand, mean
        Law of the demand of a period, units.

    Returns
    -------
    Problem
        Discounted profit of an episode.

    Examples
    --------
    >>> len(network_management().network.lanes)
    11
    """
    given: dict[str, object] = dict(locals())
    market = Market("1", retail_price, shortage_cost, demand_law(demand, mean))
    return graph_problem(
        "or_gym/network_management",
        NODES,
        LINKS,
        [market],
        mode=mode,
        unmet=unmet,
        periods=periods,
        discount=discount,
        parameters=given,
        source=SOURCE,
    )


def graph_problem(
    name: str,
    nodes: Sequence[Stocked],
    links: Sequence[Link],
    markets: Sequence[Market],
    *,
    mode: Mode,
    unmet: Unmet,
    periods: int,
    discount: float,
    parameters: dict[str, object],
    source: str,
) -> Problem:
    """Build the problem of any graph in one of the modes; see :func:`network_management`."""
    faithful = mode == "faithful"
    rules = Rules(unmet, "lost", "half_to_even" if faithful else "none", promised_twice=faithful)
    return chain_problem(
        name,
        nodes,
        links,
        markets,
        rules,
        periods=periods,
        discount=discount,
        parameters=parameters,
        source=source,
    )
