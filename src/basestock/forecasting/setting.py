"""The static sizes of one compiled forecasting program, and the buckets they are padded to."""

import dataclasses

NUM_ATOMS = 256
"""Equally likely values in the table of one law; a multiple of it divides the 32-bit circle of the dice."""


@dataclasses.dataclass(frozen=True)
class Setting:
    """What is fixed when a program is compiled.

    Parameters
    ----------
    season_length
        Buckets in one season; 1 means no season.
    num_steps
        Buckets to forecast, padded.
    """

    season_length: int
    num_steps: int


def padded(size: int, smallest: int = 8) -> int:
    """Round a size up to a power of two times 1 or 1.5, so that a slightly larger export reuses the program.

    Parameters
    ----------
    size
        Number of series, periods or steps.
    smallest
        The smallest bucket, a power of two.

    Returns
    -------
    int
        The bucket, at least ``size`` and less than 1.5 times it (or ``smallest``).

    Examples
    --------
    >>> [padded(size) for size in (1, 8, 9, 13, 104, 1095, 10_000)]
    [8, 8, 12, 16, 128, 1536, 12288]
    """
    bucket = smallest
    while bucket < size:
        if 3 * bucket // 2 >= size:
            return 3 * bucket // 2
        bucket *= 2
    return bucket
