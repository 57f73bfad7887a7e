"""Whether the split of a listed process is that of the transition."""

import numpy as np

from basestock.optimal.mdp.process import Process, rows_of

TRIED = 4096
"""Combinations of state, decision and event on which a split is held against the transition."""


def split_holds(process: Process, kind: int, *, tried: int = TRIED, seed: int = 5) -> bool:
    """Hold the split of a process against the transition on states, decisions and events from all over its box.

    Parameters
    ----------
    process
        A listed process.
    kind
        Kind of period.
    tried
        Combinations.
    seed
        Of their choice.

    Notes
    -----
    The mixed part must be the same whatever is not inner; the carried part what was handed on; and money the sum of
    what both cost alone.
    """
    rng = np.random.default_rng(seed)
    kernel, structure = process.kernels[kind], process.structure
    every = np.flatnonzero(process.valid)
    carried, mixed = np.divmod(rng.choice(every, tried), process.valid.shape[1])
    decision = rng.integers(0, len(process.decisions), tried)
    least = 0.0 if process.least_excess is None else process.least_excess[carried, mixed]
    inner = process.inner(carried, decision)
    column = process.column[carried, process.handed[decision]]
    allowed = (
        (process.excess(carried, mixed, decision) <= least)
        & (process.phases[kind].local[inner, mixed] >= 0)
        & (column >= 0)
    )
    carried, mixed, decision, column = (each[allowed] for each in (carried, mixed, decision, column))
    if not len(carried):
        return True
    events = rng.integers(0, len(kernel.probabilities), len(carried))
    controls = process.decisions[decision]
    whole = kernel(process.rows(carried, mixed), controls, events)
    parts = [np.zeros_like(process.carried[carried]) for _ in range(2)]
    own = [np.zeros_like(controls) for _ in range(2)]
    at, within = list(structure.inner), list(structure.inner_controls)
    parts[0][:, at], own[0][:, within] = process.carried[carried][:, at], controls[:, within]
    parts[1][:], own[1][:] = process.carried[carried], controls
    parts[1][:, at], own[1][:, within] = 0, 0
    blank = np.zeros_like(process.mixed[mixed])
    alone = kernel(rows_of(kernel, structure, parts[0], process.mixed[mixed]), own[0], events)
    rest = kernel(rows_of(kernel, structure, parts[1], blank), own[1], events)
    nothing = kernel(
        rows_of(kernel, structure, np.zeros_like(parts[0]), blank), np.zeros_like(controls), events
    )
    fits = np.array_equal(whole.rows[:, list(structure.mixed)], alone.rows[:, list(structure.mixed)])
    fits &= np.array_equal(whole.rows[:, list(structure.carried)], process.carried[column])
    for name in ("money", "opening_money"):
        total, first, second, base = (getattr(each, name) for each in (whole, alone, rest, nothing))
        fits &= bool(np.abs(total - (first + second - base)).max() <= 1e-5 * (1 + np.abs(total).max()))
    return fits
