"""A plant that samples the lots it buys."""

from basestock.decision import Problem
from basestock.dynamics import RECEIVE_ORDER_SELL, with_repairs
from basestock.economics import make_tariff
from basestock.network import Inspection, Item, Lane, Node, Supplier, SupplyNetwork
from basestock.optimal.closed_form.acceptance_sampling import smallest_plan
from basestock.problems.parameters import parameters
from basestock.uncertainty import Discrete, Poisson, Uncertainty


@parameters(quality_level=(0, 1), tolerance=(0, 1), bad_lots=(0, 1), lot_size=(1, None))
def acceptance_sampling(
    *,
    quality_level: float = 0.01,
    tolerance: float = 0.05,
    producer_risk: float = 0.05,
    consumer_risk: float = 0.10,
    bad_lots: float = 0.2,
    lot_size: int = 500,
    sample_size: int = 0,
    acceptance_number: int = 0,
    holding_cost: float = 0.1,
    shortage_cost: float = 5.0,
    inspection_cost: float = 1.0,
    rejection_cost: float = 2.0,
    warranty_cost: float = 40.0,
    horizon: int = 1000,
) -> Problem:
    """Build a plant that buys lots of good or of bad quality and samples each.

    Parameters
    ----------
    quality_level, tolerance
        Share of defective units of a good lot [AQL] and of a bad one [LTPD].
    producer_risk, consumer_risk
        Risks that the plan keeps [alpha, beta], where none is given.
    bad_lots
        Share of lots of bad quality.
    lot_size
        Units of an order; demand has half this mean.
    sample_size, acceptance_number
        The plan [n, c]; a size of 0 for the smallest plan that keeps both risks.
    holding_cost, shortage_cost
        Money per unit and period on hand and waiting.
    inspection_cost, rejection_cost, warranty_cost
        Money per unit sampled, per unit of a rejected lot, and per defective unit found in use.
    horizon
        Periods.

    Returns
    -------
    Problem
        Average cost per period. The instance is this project's own: the source gives vocabulary and no numbers.
    """
    arguments = dict(locals())
    if sample_size == 0:
        plan = smallest_plan(quality_level, tolerance, producer_risk, consumer_risk)
        sample_size, acceptance_number = plan.sample_size, plan.acceptance_number
    lane = Lane("supplier", "plant", name="lots", lead_time=1, order_multiple=float(lot_size))
    network = SupplyNetwork(
        items=(Item("part"),),
        nodes=(Node("plant"),),
        suppliers=(Supplier("supplier"),),
        lanes=(lane,),
        inspections=(Inspection("lots", sample_size, acceptance_number),),
        unmet="backorder",
    )
    shares = Discrete((quality_level, tolerance), (1.0 - bad_lots, bad_lots))
    tariff = make_tariff(
        network,
        holding=holding_cost,
        backorder=shortage_cost,
        inspection=inspection_cost,
        rejection=rejection_cost,
        warranty=warranty_cost,
    )
    return Problem(
        name="acceptance_sampling",
        network=network,
        sequence=with_repairs(RECEIVE_ORDER_SELL),
        uncertainty=Uncertainty({("plant", "part"): Poisson(lot_size / 2)}, defects={"lots": shares}),
        tariff=tariff,
        horizon=horizon,
        parameters=arguments,
    )
