"""Parts of a problem that never meet: each is solved alone, and their costs add up."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from basestock.optimal.mdp.samples import Samples
from basestock.optimal.mdp.structure import MONEY, changed_control, changed_entry, varying_entries


@dataclasses.dataclass(frozen=True)
class Component:
    """Entries and controls that influence each other, and nothing else.

    Parameters
    ----------
    entries, controls
        Positions.
    """

    entries: tuple[int, ...]
    controls: tuple[int, ...]


def components_of(samples: Samples) -> list[Component]:
    """Return the components of a problem, one if their money does not add up.

    Notes
    -----
    Found on random walks, by giving one entry or control alone the value of another sample: what changes belongs
    together, and so does what repairs of orders tie.
    """
    varying, width = varying_entries(samples), samples.controls.shape[1]
    names = [("entry", entry) for entry in varying] + [("control", each) for each in range(width)]
    group = {name: at for at, name in enumerate(names)}

    def join(first: tuple[str, int], other: tuple[str, int]) -> None:
        old, new = group[other], group[first]
        for name, at in group.items():
            group[name] = new if at == old else at

    for kind, at in names:
        after = changed_entry(samples, at) if kind == "entry" else changed_control(samples, at)
        for entry in varying:
            if not np.array_equal(after[:, entry], samples.moves.rows[:, entry]):
                join((kind, at), ("entry", entry))
    found = [
        Component(
            tuple(at for (kind, at), other in group.items() if kind == "entry" and other == number),
            tuple(at for (kind, at), other in group.items() if kind == "control" and other == number),
        )
        for number in sorted(set(group.values()))
    ]
    whole = Component(tuple(varying), tuple(range(width)))
    return found if len(found) > 1 and adds_up(samples, found) else [whole]


def adds_up(samples: Samples, components: Sequence[Component]) -> bool:
    """Tell whether what components do alone is what all do together.

    Parameters
    ----------
    samples
        Combinations on which it is tried.
    components
        What is said to stand apart.
    """
    alone = [samples.of(list(each.entries), list(each.controls)) for each in components]
    nothing = samples.of([], [])
    for name in ("money", "opening_money"):
        whole, base = getattr(samples.moves, name), getattr(nothing.moves, name)
        parts = sum(getattr(each.moves, name) - base for each in alone)
        if np.abs(whole - base - parts).max() > MONEY * (1.0 + np.abs(whole).max()):
            return False
    rows = nothing.moves.rows + sum(each.moves.rows - nothing.moves.rows for each in alone)
    placed = sum(each.moves.placed for each in alone)
    return np.array_equal(rows, samples.moves.rows) and np.array_equal(placed, samples.moves.placed)
