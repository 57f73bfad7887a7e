"""The quantities a rule allows, in whole packs: every question about them is integer arithmetic."""

from dataclasses import dataclass
from decimal import Decimal
from math import gcd, lcm

from basestock.operations.order_rules import Context, OrderRule
from basestock.operations.quantities import Exact, decimal_denominator, decimal_of, exact_factor

# More order units than this in one pack of whole pieces means that the unit conversion is wrong.
MAX_UNITS_PER_WHOLE_PACK = 1000


@dataclass(frozen=True, slots=True)
class OrderGrid:
    """Legal totals are the multiples of a pack that can be cut into lines of `low` to `high` packs.

    Parameters
    ----------
    scale
        Ticks in one base unit. A tick divides every number of the rule, so that nothing is rounded; only a
        bound without a terminating decimal is moved, inward, to 12 decimals where no pack holds it.
    pack
        Ticks in one pack; 1 where any quantity may be ordered.
    minimum
        Least line, ticks, before it meets the pack.
    low, high
        Least and greatest line, packs; high None: no limit.
    factor
        Base units in one order unit, as a ratio.
    whole
        True where packs are real, False where a pack is only a tick.
    """

    scale: int
    pack: int
    minimum: int
    low: int
    high: int | None
    factor: tuple[int, int]
    whole: bool

    @property
    def feasible(self) -> bool:
        """Whether any line obeys minimum, multiple and maximum together (SRC-010)."""
        return self.high is None or self.low <= self.high

    def ticks(self, amount: Exact) -> int:
        """Return base units in ticks; exact for the numbers the grid was built from, else rounded down."""
        numerator, denominator = amount.as_integer_ratio()
        return numerator * self.scale // denominator

    def ticks_needed(self, need: Decimal) -> int:
        """Return a need in ticks; one that is a rounded number of packs counts as those packs.

        Packs without a terminating decimal leave as 12 decimals, and must be themselves when they come back.
        """
        ticks = self.ticks(need)
        packs = (2 * ticks + self.pack) // (2 * self.pack) * self.pack
        if packs == ticks or abs(packs - ticks) * 10**12 > self.scale:
            return ticks
        return packs if self.whole and self.base(packs) == need else ticks

    def packs_under(self, limit: Exact) -> int:
        """Return how many packs fit under a limit in base units, never negative."""
        return max(0, self.ticks(limit) // self.pack)

    def packs_reaching(self, threshold: Exact) -> int:
        """Return the fewest packs that reach a threshold in base units."""
        numerator, denominator = threshold.as_integer_ratio()
        return -(-numerator * self.scale // (denominator * self.pack))

    def base(self, ticks: int) -> Decimal:
        """Return ticks in base units."""
        return decimal_of(ticks, self.scale)

    def order(self, ticks: int) -> Decimal:
        """Return ticks in order units."""
        return decimal_of(ticks * self.factor[1], self.scale * self.factor[0])

    def num_lines(self, packs: int) -> int:
        """Return the fewest lines that hold so many packs."""
        return 1 if self.high is None else -(-packs // self.high)

    def at_most(self, packs: int) -> int:
        """Return the largest legal total up to `packs`, 0 if there is none."""
        if packs < self.low:
            return 0
        lines = self.num_lines(packs)
        if self.high is None or lines * self.low <= packs:
            return packs
        return (lines - 1) * self.high

    def at_least(self, packs: int) -> int:
        """Return the smallest legal total, above 0, from `packs` on."""
        return max(packs, self.num_lines(packs) * self.low)

    def split(self, packs: int) -> list[int]:
        """Cut a legal total into the fewest lines, as even as packs allow, larger first.

        Examples
        --------
        With lines of 9 to 16 packs, 27 packs are two lines:

        >>> OrderGrid(1, 12, 100, 9, 16, (1, 1), True).split(27)
        [14, 13]
        """
        lines = self.num_lines(packs)
        even, larger = divmod(packs, lines)
        return [even + 1] * larger + [even] * (lines - larger)


def build_grid(need: Decimal, rule: OrderRule, context: Context) -> OrderGrid:
    """Return the grid of a rule, fine enough for the need and the caps.

    Raises
    ------
    ValueError
        When no plausible number of order units is a whole number of base units.
    """
    factor = exact_factor(rule.factor)
    least, most = rule.line_limits
    step = rule.step
    minimum = _in_base(least, factor)
    maximum = None if most is None else _in_base(most, factor)
    pack = None if step is None else _in_base(step, factor)
    scale = lcm(1000, need.as_integer_ratio()[1])
    if pack is None:
        # Any quantity may be ordered, so the tick itself must express every bound.
        bounds = [minimum[1], 1 if maximum is None else maximum[1]]
        bounds += [cap.quantity.as_integer_ratio()[1] for cap in context.caps if cap.hard]
        scale = lcm(scale, *map(decimal_denominator, bounds))
        pack_ticks = 1
    else:
        scale = lcm(scale, minimum[1], pack[1])
        pack_ticks = _whole_pack(pack[0] * (scale // pack[1]), scale, rule)
    minimum_ticks = -(-minimum[0] * scale // minimum[1])
    return OrderGrid(
        scale=scale,
        pack=pack_ticks,
        minimum=minimum_ticks,
        low=max(1, -(-minimum_ticks // pack_ticks)),
        high=None if maximum is None else maximum[0] * scale // (maximum[1] * pack_ticks),
        factor=factor,
        whole=pack is not None,
    )


def _in_base(amount: Exact, factor: tuple[int, int]) -> tuple[int, int]:
    numerator, denominator = amount.as_integer_ratio()
    top, bottom = numerator * factor[0], denominator * factor[1]
    common = gcd(top, bottom)
    return top // common, bottom // common


def _whole_pack(pack: int, scale: int, rule: OrderRule) -> int:
    """Return the least number of packs, in ticks, that is a whole number of base units."""
    if not rule.integer_qty:
        return pack
    whole = lcm(pack, scale)
    if whole > pack * MAX_UNITS_PER_WHOLE_PACK:
        raise ValueError(
            f"one {rule.order_uom or 'order unit'} is {rule.factor} base units and the step is {rule.step}: "
            f"no multiple up to {MAX_UNITS_PER_WHOLE_PACK} steps is a whole number of pieces; "
            "correct the conversion or allow fractions (integer_qty)"
        )
    return whole
