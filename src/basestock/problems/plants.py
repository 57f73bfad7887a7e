"""Plants: coupled and two-level assembly, star and mesh topologies, a queue of production."""

from collections.abc import Sequence

from basestock.decision import KnownValue, Problem
from basestock.dynamics import ORDER_RECEIVE_ASSEMBLE
from basestock.economics import make_tariff
from basestock.network import Item, Lane, LeadTime, Node, Process, Resource, Supplier, SupplyNetwork
from basestock.problems.assembly import SOURCE
from basestock.problems.parameters import parameters
from basestock.uncertainty import Discrete, Poisson, Uncertainty

OURS = "instance of this project; the source names the topology and gives no numbers"


def _law(probabilities: Sequence[float]) -> Discrete:
    return Discrete(
        tuple(float(k) for k in range(1, len(probabilities) + 1)), tuple(map(float, probabilities))
    )


def _lead_time(probabilities: Sequence[float]) -> LeadTime:
    return {periods: share for periods, share in enumerate(probabilities, start=1) if share > 0}


def _inbound(item: str, node: str, lead_time: LeadTime) -> Lane:
    return Lane(
        "supplier", node, items=(item,), name=f"supplier -> {item} at {node}", lead_time=lead_time,
        lead_time_known="on_arrival",
    )  # fmt: skip


@parameters(component_yield=(0, 1))
def assembly_coupled(
    *,
    consumption: tuple[int, ...] = (3, 2, 1),
    demand: tuple[float, ...] = (0.2, 0.5, 0.3),
    lead_times: tuple[tuple[float, ...], ...] = ((0.3, 0.5, 0.2), (0.3, 0.4, 0.3), (0.1, 0.6, 0.3)),
    holding_cost: float = 0.5,
    shortage_cost: float = 372.0,
    order_cost: float = 1.0,
    component_yield: float = 1.0,
    horizon: int = 50,
) -> Problem:
    """Build the assembly system with its coupling: a product is made only when every component is there.

    Parameters
    ----------
    consumption, demand, lead_times, horizon
        As of :func:`basestock.problems.assembly.assembly_dqn_2025`.
    holding_cost, order_cost
        Money per component on hand and period [h], and per component ordered [beta].
    shortage_cost
        Money per product waiting and period; the default is 62 for each of its 6 components.
    component_yield
        Share of assembled products that turn out good; the components of the others are lost.

    Notes
    -----
    Per component, stock on hand minus ``c_i`` times the products that wait follows the path of the net stock of the
    separable system under the same orders; with one component the two are one.
    """
    arguments = dict(locals())
    components = [f"component {number}" for number in range(1, len(consumption) + 1)]
    bill = dict(zip(components, map(float, consumption), strict=True))
    law = "binomial" if component_yield < 1 else "fixed"
    network = SupplyNetwork(
        items=tuple(map(Item, (*components, "product"))),
        nodes=(Node("plant"),),
        suppliers=(Supplier("supplier"),),
        lanes=tuple(
            _inbound(name, "plant", _lead_time(law)) for name, law in zip(components, lead_times, strict=True)
        ),
        processes=(
            Process("assembly", "plant", bill, {"product": 1.0}, yield_=component_yield, yield_law=law),
        ),
        unmet="backorder",
    )
    tariff = make_tariff(
        network, holding=holding_cost, backorder={("plant", "product"): shortage_cost}, unit_order=order_cost
    )
    return Problem(
        name="assembly_coupled",
        network=network,
        uncertainty=Uncertainty({("plant", "product"): _law(demand)}),
        tariff=tariff,
        sequence=ORDER_RECEIVE_ASSEMBLE,
        criterion="finite_horizon_total_cost",
        horizon=horizon,
        parameters=arguments,
        source=SOURCE,
    )


@parameters(parts_per_module=(1, None), modules_per_product=(1, None), screws_per_product=(1, None))
def assembly_two_level(
    *,
    parts_per_module: int = 2,
    modules_per_product: int = 1,
    screws_per_product: int = 4,
    demand_mean: float = 3.0,
    lead_time: int = 3,
    module_duration: int = 1,
    product_duration: int = 1,
    holding_cost: float = 1.0,
    shortage_cost: float = 30.0,
    horizon: int = 365,
) -> Problem:
    """Build a bill of material of two levels: parts make a module, a module and screws make the product.

    Parameters
    ----------
    parts_per_module, modules_per_product, screws_per_product
        Bill of material, units.
    demand_mean
        Products per period, Poisson.
    lead_time
        Periods of parts and screws.
    module_duration, product_duration
        Periods of a run.
    holding_cost
        Money per product and period; a part or screw costs a fifth, a module a half of it.
    shortage_cost
        Money per product waiting and period.
    horizon
        Periods.
    """
    arguments = dict(locals())
    items = ("part", "screw", "module", "product")
    network = SupplyNetwork(
        items=tuple(map(Item, items)),
        nodes=(Node("plant"),),
        suppliers=(Supplier("supplier"),),
        lanes=tuple(_inbound(item, "plant", lead_time) for item in ("part", "screw")),
        processes=(
            Process(
                "make module", "plant", {"part": parts_per_module}, {"module": 1}, duration=module_duration
            ),
            Process(
                *("make product", "plant"),
                consumes={"module": modules_per_product, "screw": screws_per_product},
                produces={"product": 1},
                duration=product_duration,
            ),
        ),
        unmet="backorder",
    )
    shares = dict(zip(items, (0.2, 0.2, 0.5, 1.0), strict=True))
    holding = {("plant", item): holding_cost * share for item, share in shares.items()}
    tariff = make_tariff(network, holding=holding, backorder={("plant", "product"): shortage_cost})
    return Problem(
        name="assembly_two_level",
        network=network,
        uncertainty=Uncertainty({("plant", "product"): Poisson(demand_mean)}),
        tariff=tariff,
        horizon=horizon,
        warm_up=50,
        parameters=arguments,
        source=OURS,
    )


@parameters(spokes=(1, None))
def star(
    *,
    spokes: int = 4,
    demand_mean: float = 5.0,
    hub_hours: float = 24.0,
    lead_time: int = 2,
    holding_cost: float = 1.0,
    shortage_cost: float = 20.0,
    horizon: int = 365,
) -> Problem:
    """Build a star: one plant, the bottleneck, supplies every shop.

    Parameters
    ----------
    spokes
        Number of shops.
    demand_mean
        Products per shop and period, Poisson.
    hub_hours
        Hours of the plant's machine in a period; one product takes one.
    lead_time
        Periods of material, and from the plant to the shops.
    holding_cost, shortage_cost
        Money per unit and period on hand and waiting.
    horizon
        Periods.
    """
    arguments = dict(locals())
    shops = [f"shop {number}" for number in range(1, spokes + 1)]
    lanes = [Lane("hub", shop, items=("product",), lead_time=lead_time) for shop in shops]
    return _made_and_sold("star", ("hub",), shops, lanes, hub_hours, arguments)


@parameters(plants=(1, None), shops=(1, None))
def mesh(
    *,
    plants: int = 2,
    shops: int = 3,
    demand_mean: float = 5.0,
    plant_hours: float = 12.0,
    lead_time: int = 2,
    holding_cost: float = 1.0,
    shortage_cost: float = 20.0,
    horizon: int = 365,
) -> Problem:
    """Build a mesh: every plant can supply every shop, so that paths are redundant.

    Parameters
    ----------
    plants, shops
        Numbers of plants and shops; shop k is first supplied by plant k mod plants.
    demand_mean
        Products per shop and period, Poisson.
    plant_hours
        Hours of a plant's machine in a period; one product takes one.
    lead_time
        Periods of material, and from the plants to the shops.
    holding_cost, shortage_cost
        Money per unit and period on hand and waiting.
    horizon
        Periods.
    """
    arguments = dict(locals())
    made_at = [f"plant {number}" for number in range(1, plants + 1)]
    sold_at = [f"shop {number}" for number in range(1, shops + 1)]
    lanes = [
        Lane(plant, shop, items=("product",), lead_time=lead_time, priority=1 + (number - at) % plants)
        for number, shop in enumerate(sold_at)
        for at, plant in enumerate(made_at)
    ]
    return _made_and_sold("mesh", made_at, sold_at, lanes, plant_hours, arguments)


def _made_and_sold(
    name: str,
    plants: Sequence[str],
    shops: Sequence[str],
    lanes: Sequence[Lane],
    hours: float,
    arguments: dict[str, object],
) -> Problem:
    """Plants that turn material into a product under a limit of hours, and shops that sell it."""
    lead_time, mean = int(str(arguments["lead_time"])), float(str(arguments["demand_mean"]))
    network = SupplyNetwork(
        items=(Item("material"), Item("product")),
        nodes=tuple(map(Node, (*plants, *shops))),
        suppliers=(Supplier("supplier"),),
        lanes=(*(_inbound("material", plant, lead_time) for plant in plants), *lanes),
        processes=tuple(
            Process(
                f"make at {plant}", plant, {"material": 1}, {"product": 1}, uses={f"machine of {plant}": 1}
            )
            for plant in plants
        ),
        resources=tuple(Resource(f"machine of {plant}", hours=hours) for plant in plants),
        unmet="backorder",
    )
    rate = float(str(arguments["shortage_cost"]))
    tariff = make_tariff(
        network,
        holding=float(str(arguments["holding_cost"])),
        backorder={(shop, "product"): rate for shop in shops},
    )
    return Problem(
        name=name,
        network=network,
        uncertainty=Uncertainty({(shop, "product"): Poisson(mean) for shop in shops}),
        tariff=tariff,
        horizon=int(str(arguments["horizon"])),
        warm_up=50,
        parameters=arguments,
        source=OURS,
    )


@parameters(arrivals=(0, 1), success=(0, 1))
def production_queue(
    *,
    arrivals: float = 0.1,
    success: float = 0.125,
    shortage_cost: float = 1.0,
    horizon: int = 5000,
    warm_up: int = 1000,
) -> Problem:
    """Build a machine that makes to order, one try a period: a queue with geometric service.

    Parameters
    ----------
    arrivals
        Orders per period, Poisson.
    success
        Probability that a try gives a good unit; 1 for a fixed service of one period.
    shortage_cost
        Money per order waiting and period.
    horizon, warm_up
        Periods counted and skipped.

    Returns
    -------
    Problem
        Its known value is the average number of orders that wait or are worked on after each period, times the cost.

    Notes
    -----
    With utilization below 1, E X = (2 a + a^2 - 2 a s) / (2 (s - a)), from the second moments of X' = X + A - B. For
    s = 1 it is a^2 / (2 (1 - a)), Pollaczek and Khinchine with fixed service (M/D/1); for short periods, a and s small,
    it goes to rho / (1 - rho), M/M/1.

    Examples
    --------
    >>> production_queue(arrivals=0.5, success=1.0).known.value
    0.25
    """
    arguments = dict(locals())
    if not 0 < arrivals < success <= 1:
        raise ValueError(
            f"production_queue: arrivals is {arrivals} and success {success}, must be 0 < arrivals < success <= 1. "
            "Correct them: the queue would grow without end."
        )
    waiting = (2 * arrivals + arrivals**2 - 2 * arrivals * success) / (2 * (success - arrivals))
    law = "binomial" if success < 1 else "fixed"
    network = SupplyNetwork(
        items=(Item("product"),),
        nodes=(Node("plant"),),
        processes=(
            Process(
                *("make", "plant"),
                produces={"product": 1},
                uses={"machine": 1},
                yield_=success,
                yield_law=law,
            ),
        ),
        resources=(Resource("machine", hours=1),),
        unmet="backorder",
    )
    return Problem(
        name="production_queue",
        network=network,
        uncertainty=Uncertainty({("plant", "product"): Poisson(arrivals)}),
        tariff=make_tariff(network, backorder=shortage_cost),
        sequence=ORDER_RECEIVE_ASSEMBLE,
        horizon=horizon,
        warm_up=warm_up,
        parameters=arguments,
        source="Pollaczek and Khinchine; second moments of the queue after each period",
        known=KnownValue(
            shortage_cost * waiting, "optimal", 1e-9, "second moments of the queue after each period"
        ),
    )
