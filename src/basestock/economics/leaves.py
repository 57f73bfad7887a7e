"""Absent leaves met where they are needed."""

from typing import TypeVar

Leaf = TypeVar("Leaf")


class AbsentLeafError(ValueError):
    """A rate or quantity that is needed is absent."""


def given(leaf: Leaf | None) -> Leaf:
    """Return a leaf that the caller knows to be present.

    Raises
    ------
    AbsentLeafError
        If it is absent.
    """
    if leaf is None:
        raise AbsentLeafError(
            "economics: a rate or quantity is absent, must be given. Use ledger_for(tariff) to pick terms."
        )
    return leaf
