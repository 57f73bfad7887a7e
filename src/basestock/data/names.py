"""The nearest known name, for messages about unknown ones."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint that names the nearest known name, or nothing.

    Parameters
    ----------
    name : str
        What was written.
    known : iterable of str
        What could have been meant.

    Examples
    --------
    >>> nearest("lead_time", ["lead_time_days", "unit_cost"])
    '; did you mean `lead_time_days`?'
    """
    candidates = sorted(known)
    folded = {candidate.casefold(): candidate for candidate in reversed(candidates)}
    found = get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.5)
    return f"; did you mean `{folded[found[0]]}`?" if found else ""
