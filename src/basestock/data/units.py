"""Units of measure: one spelling, dimensions, and factors found along a path of conversions."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_ALIASES = {
    "EA": ("EACH", "PCE", "PC", "PCS", "PIECE", "PIECES", "ST", "STK", "UNIT", "UNITS", "H87", "C62", "NOS"),
    "KG": ("KGM", "KILO", "KILOGRAM", "KILOGRAMS", "KGS"),
    "G": ("GRM", "GR", "GRAM", "GRAMS"),
    "L": ("LTR", "LITER", "LITRE", "LITERS", "LITRES"),
    "M": ("MTR", "METER", "METRE", "METERS", "METRES"),
    "DZ": ("DZN", "DOZ", "DOZEN"),
    "CS": ("CASE", "CASES"),
    "BOX": ("BX", "BOXES"),
    "PAL": ("PLT", "PALLET", "PALLETS"),
    "PAK": ("PK", "PACK", "PACKS"),
    "CTN": ("CT", "CARTON", "CARTONS"),
    "LB": ("LBR", "LBS", "POUND", "POUNDS"),
    "OZ": ("ONZ", "OUNCE", "OUNCES"),
}
_FOLDED = {alias: unit for unit, aliases in _ALIASES.items() for alias in aliases}

_DIMENSIONS = {
    "mass": ("KG", "G", "MG", "T", "LB", "OZ"),
    "volume": ("L", "ML", "CL", "HL", "GAL", "M3", "CM3", "FT3"),
    "length": ("M", "CM", "MM", "KM", "IN", "FT", "YD"),
    "count": ("EA",),
}
_DIMENSION_OF = {unit: name for name, units in _DIMENSIONS.items() for unit in units}

LOOP_TOLERANCE = 1e-9
"""Relative deviation of the product around a loop that is still 1."""


def folded(unit: str) -> str:
    """Return the one spelling of a unit.

    Examples
    --------
    >>> folded("pcs"), folded("PCE"), folded("CS")
    ('EA', 'EA', 'CS')
    """
    upper = unit.strip().upper()
    return _FOLDED.get(upper, upper)


def dimension(unit: str) -> str:
    """Return mass, volume, length or count; empty for packs and unknown units.

    Examples
    --------
    >>> dimension("kg"), dimension("CS")
    ('mass', '')
    """
    return _DIMENSION_OF.get(folded(unit), "")


def changes_dimension(from_unit: str, to_unit: str) -> bool:
    """Return True when both units measure, but not the same thing."""
    first, second = dimension(from_unit), dimension(to_unit)
    return bool(first and second and first != second)


Edge = tuple[str, str, float]
"""One from_unit = factor to_unit."""


@dataclass
class Conversions:
    """Factors between units, for all items and for single ones.

    Parameters
    ----------
    general : dict
        Unit to unit to factor (units of the second per unit of the first), for all items.
    own : dict
        The same by item; these win over the general ones.

    Examples
    --------
    >>> table = Conversions.of([("", "PAL", "CS", 40.0), ("A", "CS", "EA", 12.0)])
    >>> table.factor("A", "PAL", "EA"), table.factor("B", "PAL", "EA")
    (480.0, None)
    """

    general: dict[str, dict[str, float]] = field(default_factory=dict)
    own: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Iterable[tuple[str, str, str, float]]) -> Conversions:
        """Build from rows of item (empty = all), from_unit, to_unit, factor."""
        table = cls()
        for item, from_unit, to_unit, factor in rows:
            graph = table.own.setdefault(item, {}) if item else table.general
            add_edge(graph, folded(from_unit), folded(to_unit), factor)
        return table

    def neighbors(self, item: str, unit: str) -> Mapping[str, float]:
        """Return the units reached in one step; factors of the item win."""
        return {**self.general.get(unit, {}), **self.own.get(item, {}).get(unit, {})}

    def factor(self, item: str, from_unit: str, to_unit: str) -> float | None:
        """Return how many to_unit one from_unit is, by the shortest path, or None.

        Parameters
        ----------
        item : str
            Item whose own factors count.
        from_unit, to_unit : str
            Any spelling.
        """
        start, goal = folded(from_unit), folded(to_unit)
        reached = {start: 1.0}
        queue = deque([start])
        while queue and goal not in reached:
            unit = queue.popleft()
            for other, factor in sorted(self.neighbors(item, unit).items()):
                if other not in reached:
                    reached[other] = reached[unit] * factor
                    queue.append(other)
        return reached.get(goal)


def add_edge(graph: dict[str, dict[str, float]], from_unit: str, to_unit: str, factor: float) -> None:
    """Enter a factor in both directions; the direction that was given is exact."""
    graph.setdefault(from_unit, {})[to_unit] = factor
    graph.setdefault(to_unit, {}).setdefault(from_unit, 1.0 / factor)


def broken_loop(edges: Iterable[Edge]) -> tuple[Edge, float] | None:
    """Return the first edge that contradicts the others, and the factor they imply, or None.

    Parameters
    ----------
    edges : iterable of (from_unit, to_unit, factor)
        Conversions of one item, or of all.

    Notes
    -----
    A spanning forest gives every unit a value; every further edge closes a loop whose product must be 1
    within `LOOP_TOLERANCE`.

    Examples
    --------
    >>> broken_loop([("CS", "EA", 12.0), ("PAL", "CS", 40.0), ("PAL", "EA", 500.0)])
    (('PAL', 'EA', 500.0), 480.0)
    """
    listed = [(folded(first), folded(second), factor) for first, second, factor in edges]
    tree = Conversions()
    for first, second, factor in listed:
        implied = tree.factor("", first, second)
        if implied is None:
            add_edge(tree.general, first, second, factor)
        elif abs(implied / factor - 1.0) > LOOP_TOLERANCE:
            return (first, second, factor), implied
    return None
