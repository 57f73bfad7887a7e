"""The nearest known name, for messages about unknown ones."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches


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
    folded = {candidate.casefold(): candidate for candidate in sorted(known, reverse=True)}
    word = name.casefold()
    found = get_close_matches(word, list(folded), n=9, cutoff=0.5)

    def distance(candidate: str) -> tuple[float, bool, str]:
        ratio = SequenceMatcher(None, candidate, word).ratio()
        return -ratio, candidate[:2] != word[:2], candidate

    return f"; did you mean `{folded[min(found, key=distance)]}`?" if found else ""
