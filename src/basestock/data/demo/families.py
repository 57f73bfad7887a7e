"""The assortment of the sample company, a technical wholesaler: product families and suppliers' names."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Family:
    """One product family.

    Parameters
    ----------
    prefix : str
        Start of its item identifiers.
    category : str
        Path of the product tree.
    noun : str
        Start of its descriptions.
    sizes : tuple of str
        Ends of its descriptions.
    median_cost : float
        Median unit cost, money per unit.
    markup : float
        Typical selling price relative to cost.
    season : float
        Amplitude of the yearly season relative to the mean.
    peak : int
        Day of the year of the peak.
    """

    prefix: str
    category: str
    noun: str
    sizes: tuple[str, ...]
    median_cost: float
    markup: float
    season: float
    peak: int


_LENGTHS = ("20 mm", "30 mm", "40 mm", "60 mm", "80 mm", "100 mm", "120 mm")
_SIZES = ("S", "M", "L", "XL")
_COLORS = ("white", "gray", "black", "red", "green", "blue", "brown")
_BORES = ("1/2 inch", "3/4 inch", "1 inch", "5/4 inch", "2 inch")

FAMILIES: tuple[Family, ...] = (
    Family("SCR", "Fasteners/Screws", "Wood screw, box of 200,", _LENGTHS, 4.2, 1.9, 0.15, 140),
    Family("ANC", "Fasteners/Anchors", "Wall anchor, box of 100,", _LENGTHS, 5.1, 1.9, 0.12, 140),
    Family("BRK", "Fasteners/Brackets", "Angle bracket", _LENGTHS, 1.6, 2.0, 0.10, 130),
    Family("CAB", "Electrical/Cable", "Cable ring 50 m", ("3x1.5", "3x2.5", "5x1.5"), 28.0, 1.5, 0.08, 290),
    Family("SWI", "Electrical/Switches", "Wall switch", _COLORS, 6.4, 1.8, 0.06, 300),
    Family("LMP", "Electrical/Lamps", "LED lamp", ("5 W", "7 W", "9 W", "12 W", "18 W"), 3.3, 1.8, 0.25, 340),
    Family("VAL", "Plumbing/Valves", "Ball valve", _BORES, 9.8, 1.6, 0.05, 30),
    Family("PIP", "Plumbing/Pipes", "Copper pipe", _BORES, 14.5, 1.4, 0.07, 100),
    Family("SEA", "Plumbing/Sealing", "Sealing kit", _BORES, 2.4, 2.1, 0.05, 20),
    Family("DRL", "Tools/Drills", "Drill bit set", ("wood", "steel", "stone", "mixed"), 16.0, 1.7, 0.15, 345),
    Family("HND", "Tools/Hand tools", "Pliers", ("16 cm", "18 cm", "20 cm", "25 cm"), 12.5, 1.7, 0.15, 345),
    Family("GLV", "Safety/Gloves", "Work gloves", _SIZES, 2.9, 1.8, 0.10, 120),
    Family("HLM", "Safety/Helmets", "Safety helmet", _COLORS, 11.0, 1.6, 0.05, 120),
    Family("HOS", "Garden/Irrigation", "Garden hose", ("10 m", "20 m", "30 m", "50 m"), 15.5, 1.7, 0.75, 170),
    Family("SOI", "Garden/Care", "Lawn fertilizer", ("2 kg", "5 kg", "10 kg", "20 kg"), 7.5, 1.6, 0.70, 120),
    Family("HEA", "Heating/Heaters", "Fan heater", ("1 kW", "1.5 kW", "2 kW", "3 kW"), 34.0, 1.5, 0.70, 360),
    Family("INS", "Heating/Insulation", "Pipe insulation 2 m", _BORES, 3.8, 1.7, 0.50, 310),
    Family("PNT", "Paint/Indoor", "Wall paint 10 l", _COLORS, 24.0, 1.6, 0.20, 110),
)  # fmt: skip
"""In order of output."""

SUPPLIER_NAMES: tuple[str, ...] = (
    "Alder Fasteners", "Birch Electric", "Cedar Valves", "Delta Tools", "Elm Safety", "Fjord Imports",
    "Granite Pipes", "Harbor Trading", "Iris Garden", "Juniper Heating", "Kestrel Paint", "Larch Metal",
    "Maple Cable", "Northwind Lighting", "Osprey Industrial", "Poplar Plastics", "Quarry Chemicals",
    "Rowan Workwear", "Sequoia Supply", "Tamarack Overseas",
)  # fmt: skip

LEAD_TIMES_DAYS: tuple[int, ...] = (
    5, 3, 14, 10, 7, 45, 12, 35, 8, 21, 4, 28, 16, 10, 6, 18, 24, 40, 14, 30,
)  # fmt: skip
"""Stated lead time of each supplier, days."""
