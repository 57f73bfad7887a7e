"""How a transition splits: entries that are handed on unchanged, and those that mix with chance."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from basestock.optimal.mdp.kernel import Merge, merged
from basestock.optimal.mdp.samples import Samples
from basestock.optimal.mdp.tables import distinct_rows

MONEY = 1e-5
"""Relative error within which amounts of money in single precision count as equal."""


@dataclasses.dataclass(frozen=True)
class Structure:
    """Roles of the entries of a row and of the controls.

    Parameters
    ----------
    mixed
        Entries whose next value depends on chance or on several others.
    carried
        Entries whose next value is that of another carried entry or of a control.
    source
        For each carried entry: ``("entry", position among carried)`` or ``("control", control)``.
    inner
        Positions among ``carried`` of entries that also influence mixed ones.
    controls, inner_controls
        All controls, and those that influence mixed entries.
    outer_money
        Whether entries and controls outside the inner ones cost money of their own.
    """

    mixed: tuple[int, ...]
    carried: tuple[int, ...]
    source: tuple[tuple[str, int], ...]
    inner: tuple[int, ...]
    controls: tuple[int, ...]
    inner_controls: tuple[int, ...]
    outer_money: bool


def structure_of(samples: Samples, entries: Sequence[int], controls: Sequence[int]) -> Structure:
    """Read the structure of a transition from random walks.

    Parameters
    ----------
    samples
        Walks of one component: everything else as at the start.
    entries, controls
        Entries and controls of the component.
    """
    varying = [entry for entry in varying_entries(samples) if entry in entries]
    sources = _copies(samples, varying, controls)
    while lost := [entry for entry, (kind, at) in sources.items() if kind == "entry" and at not in sources]:
        sources = {entry: source for entry, source in sources.items() if entry not in lost}
    carried = tuple(sources)
    mixed = tuple(entry for entry in varying if entry not in sources)
    source = tuple((kind, carried.index(at) if kind == "entry" else at) for kind, at in sources.values())
    inner = tuple(
        at for at, entry in enumerate(carried) if _any_differs(samples, mixed, changed_entry(samples, entry))
    )
    inner_controls = tuple(
        control for control in controls if _any_differs(samples, mixed, changed_control(samples, control))
    )
    plain = Structure(mixed, carried, source, inner, tuple(controls), inner_controls, outer_money=False)
    outer = _outer_money(samples, plain, varying)
    if outer is None:
        return dataclasses.replace(
            plain, inner=tuple(range(len(carried))), inner_controls=tuple(controls), outer_money=False
        )
    return dataclasses.replace(plain, outer_money=outer)


def merges_of(samples: Samples) -> tuple[Merge, ...]:
    """Return the entries under way that might as well be in stock: nothing that follows tells them apart.

    Notes
    -----
    So are orders that surely arrive before the next demand. Tried on random walks: next rows and money stay the same.
    """
    kernel = samples.kernel
    every = samples, scrambled(samples)
    found: tuple[Merge, ...] = ()
    names, shares = kernel.names, kernel.shares
    for entry in varying_entries(samples):
        if not names[entry].startswith(("due", "outstanding")):
            continue
        (place,) = np.flatnonzero(shares[entry])[:1].tolist() or [-1]
        at_place = [each for each in range(len(names)) if abs(shares[each, place]) == 1]
        stock = [each for each in at_place if names[each].startswith("on_hand")]
        waits = [each for each in at_place if names[each].startswith("backorders")]
        if place < 0 or len(stock) != 1 or len(waits) > 1:
            continue
        merge = Merge(entry, stock[0], waits[0] if waits else None)
        if all(_tells_nothing(each, merge) for each in every):
            found += (merge,)
    return found


def _tells_nothing(samples: Samples, merge: Merge) -> bool:
    """Tell whether all is the same once an entry is merged."""
    moves = samples.moved(merged(samples.rows, (merge,)), samples.controls)
    return all(
        np.array_equal(getattr(moves, name), getattr(samples.moves, name))
        for name in ("rows", "money", "opening_money")
    )


def varying_entries(samples: Samples) -> list[int]:
    """Return the entries that take more than one value."""
    every = np.concatenate([samples.rows, samples.moves.rows])
    return np.flatnonzero((every != every[0]).any(0)).tolist()


def changed_entry(samples: Samples, entry: int) -> np.ndarray:
    """Return the next rows where one entry alone has a value of another sample."""
    rows = samples.rows.copy()
    rows[:, entry] = _others(rows[:, entry])
    return samples.moved(rows, samples.controls).rows


def changed_control(samples: Samples, control: int) -> np.ndarray:
    """Return the next rows where one control alone has a value of another sample."""
    controls = samples.controls.copy()
    controls[:, control] = _others(controls[:, control])
    return samples.moved(samples.rows, controls).rows


def _others(values: np.ndarray, seed: int = 1) -> np.ndarray:
    """Draw as many of the values that were met, rare ones as often as frequent ones."""
    return np.random.default_rng(seed).choice(np.unique(values), len(values))


def scrambled(samples: Samples) -> Samples:
    """Return samples in which every entry and control has a value that it had in some sample."""
    rows, controls = (
        np.stack([_others(values, seed) for seed, values in enumerate(given.T)], axis=1)
        if given.shape[1]
        else given
        for given in (samples.rows, samples.controls)
    )
    return dataclasses.replace(samples, rows=rows, controls=controls, moves=samples.moved(rows, controls))


def _any_differs(samples: Samples, entries: tuple[int, ...], rows: np.ndarray) -> bool:
    return not np.array_equal(rows[:, list(entries)], samples.moves.rows[:, list(entries)])


def _copies(samples: Samples, varying: list[int], controls: Sequence[int]) -> dict[int, tuple[str, int]]:
    """Return where the next value of an entry is always that of another entry, or of a control."""
    rows, after = samples.rows, samples.moves.rows
    found: dict[int, tuple[str, int]] = {}
    for entry in varying:
        for other in varying:
            if np.array_equal(after[:, entry], rows[:, other]):
                found[entry] = ("entry", other)
        for control in controls:
            if np.array_equal(after[:, entry], samples.controls[:, control]):
                found[entry] = ("control", control)
    return found


def _outer_money(samples: Samples, structure: Structure, varying: list[int]) -> bool | None:
    """Tell whether what is not inner costs money; ``None`` if that is not added to the money of the inner part."""
    entries = [each for at, each in enumerate(structure.carried) if at not in structure.inner]
    controls = [each for each in structure.controls if each not in structure.inner_controls]
    others = [each for each in varying if each not in entries]
    inner = samples.of(others, list(structure.inner_controls))
    outer, nothing = samples.of(entries, controls), samples.of([], [])
    own: list[np.ndarray] = []
    for name in ("money", "opening_money"):
        whole, part, alone, base = (getattr(each.moves, name) for each in (samples, inner, outer, nothing))
        error = MONEY * (1.0 + np.abs(whole).max())
        share = alone - base
        # What the outer part costs must not depend on chance either.
        spread = share - share[_first_alike(np.concatenate([outer.rows, outer.controls], axis=1))]
        if np.abs(whole - part - share).max() > error or np.abs(spread).max() > error:
            return None
        own.append(np.abs(share) > error)
    return bool(np.concatenate(own).any())


def _first_alike(rows: np.ndarray) -> np.ndarray:
    """Return for each row the first that equals it."""
    first, inverse = distinct_rows(rows[:, np.ptp(rows, axis=0) > 0])
    return first[inverse]
