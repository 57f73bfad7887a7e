"""Safety-stock placement as a mixed-integer program: a second formulation, exact on networks of any shape."""

import dataclasses

import numpy as np

from basestock.optimal.closed_form.guaranteed_service import (
    Placement,
    ServiceNetwork,
    place_safety_stock,
)
from basestock.optimal.closed_form.guaranteed_service.candidates import Candidates, Times
from basestock.optimal.programs.linear import Linear
from basestock.optimal.programs.model import ProgramError, ProgramModel


def proven_placement(
    network: ServiceNetwork,
    *,
    gap_percent: float = 0.0,
    max_sweeps: int = 600,
    max_pairs: int = 200_000,
    time_limit: float | None = None,
) -> Placement:
    """Return the best placement of messages and, where a gap is left, of the program.

    Parameters
    ----------
    network
        The stages.
    gap_percent
        Gap between cost and bound at which the search ends, percent.
    max_sweeps
        Sweeps of messages before the program is tried.
    max_pairs
        Pairs of service times beyond which it is not.
    time_limit
        Seconds for the program; ``None`` for no limit.

    Returns
    -------
    Placement
        The cheaper placement, with the higher of both bounds.
    """
    first = place_safety_stock(network, gap_percent=gap_percent, max_sweeps=max_sweeps)
    if first.gap_percent <= gap_percent:
        return first
    try:
        gap = max(gap_percent / 100, 1e-9)
        second = safety_stock_program(network, time_limit=time_limit, mip_rel_gap=gap, max_pairs=max_pairs)
    except ProgramError:
        return first
    best = min(first, second, key=lambda each: each.cost)
    bound = max(first.lower_bound, second.lower_bound)
    return dataclasses.replace(best, lower_bound=min(bound, best.cost))


def safety_stock_program(
    network: ServiceNetwork,
    *,
    time_limit: float | None = None,
    mip_rel_gap: float = 1e-9,
    threads: int = 1,
    max_pairs: int = 200_000,
) -> Placement:
    """Return the placement of safety stock that HiGHS finds, with its bound.

    Parameters
    ----------
    network
        The stages.
    time_limit
        Seconds; ``None`` for no limit.
    mip_rel_gap
        Relative gap at which the search ends.
    threads
        Number of threads.
    max_pairs
        Pairs of an inbound and an outbound service time, over all stages, beyond which the program is refused.

    Returns
    -------
    Placement
        Money per period, service times in periods, stock in units.

    Raises
    ------
    ProgramError
        If the program would be too large, or time ran out before anything was found.

    Notes
    -----
    Stage j takes one pair (a, b) of an inbound and an outbound time; p_j[a, b] >= 0 sums to 1 and costs what the pair
    does, so no square root is approximated. Its margins q_j[a] and r_j[b] are binary. An arc (i, j) asks for
    sum of r_i[b'] over S_b' >= S_b  <=  sum of q_j[a] over SI_a >= S_b, for every S_b. The times are those of
    extreme points, among which the concave cost has its least value (Magnanti et al. 2006,
    Operations Research Letters 34, 228-238, approximate the cost by pieces instead).

    Examples
    --------
    >>> from basestock.optimal.closed_form.guaranteed_service import Stage
    >>> part = Stage("part", (), 2, 1.0, 2.0)
    >>> shop = Stage("shop", ("part",), 1, 3.0, 2.0, max_outbound=0, deviation=4.0)
    >>> round(safety_stock_program(ServiceNetwork((part, shop))).cost, 3)
    35.314
    """
    times = Times.of(network)
    cells = times.cells(2**62) if times.inbound is not None else None
    if cells is None or cells.size > max_pairs:
        count = "more" if cells is None else f"{cells.size}"
        raise ProgramError(
            f"safety_stock_program: the stages have {count} pairs of service times, must be at most {max_pairs}. "
            "Use place_safety_stock, or raise max_pairs."
        )
    model = ProgramModel("safety stock")
    outbound = [_stage(model, network, cells, stage) for stage in range(len(network.stages))]
    for buyer, suppliers in enumerate(network.suppliers):
        for supplier in suppliers:
            _arc(model, cells, outbound[supplier][1], outbound[buyer][0], supplier, buyer)
    solved = model.solve(time_limit=time_limit, mip_rel_gap=mip_rel_gap, threads=threads)
    chosen = np.array(
        [
            cells.outbound[stage][0][int(np.argmax(margin.at(solved.values)))]
            for stage, (_, margin) in enumerate(outbound)
        ]
    )
    return network.placement(
        network.kept(chosen), solved.bound, "mixed-integer program over pairs of service times"
    )


def _stage(
    model: ProgramModel, network: ServiceNetwork, cells: Candidates, stage: int
) -> tuple[Linear, Linear]:
    """Add the pairs of a stage, and return whether it takes each inbound and each outbound time."""
    name, cost = network.stages[stage].name, cells.costs(network, stage)
    allowed = np.isfinite(cost)
    pairs = model.variables(f"pair {name}", cost.shape, high=1.0, where=allowed)
    margins = tuple(
        model.variables(f"{kind} {name}", (size,), high=1.0, whole=True)
        for kind, size in zip(("inbound", "outbound"), cost.shape, strict=True)
    )
    model.constrain("one pair a stage", pairs.sum(), "==", 1.0)
    for axis, margin in ((1, margins[0]), (0, margins[1])):
        model.constrain("margins of pairs", pairs.sum(axis=axis) - margin, "==")
    model.minimize(pairs * np.where(allowed, cost, 0.0))
    return margins[0], margins[1]


def _arc(
    model: ProgramModel, cells: Candidates, promised: Linear, assumed: Linear, supplier: int, buyer: int
) -> None:
    """Forbid that a supplier promises a longer time than its buyer reckons with."""
    own, theirs = cells.outbound[supplier][0], cells.inbound[buyer][0]
    later = _sums(promised, (own[None, :] >= own[:, None])[1:])
    covering = _sums(assumed, (theirs[None, :] >= own[:, None])[1:])
    model.constrain("promise kept", later - covering, "<=")


def _sums(entries: Linear, members: np.ndarray) -> Linear:
    """Return for every row of a table of members the sum of the entries that belong to it."""
    rows, columns = np.nonzero(members)
    return entries[columns].placed(rows, (len(members),))
