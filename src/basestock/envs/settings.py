"""Rules of the settings of environments, whichever interface they are made for."""

import math
import numbers
from collections.abc import Callable, Mapping
from typing import Any

KINDS = ("order", "start", "price")
"""What can be decided."""


def _is_whole(value: Any, low: int) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool) and int(value) >= low


def _is_positive(value: Any) -> bool:
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    return real and 0 < float(value) < math.inf


def _is_choice(*choices: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value in choices


def _names_kinds(value: Any) -> bool:
    return isinstance(value, list | tuple | set | frozenset) and len(value) > 0 and set(value) <= set(KINDS)


_RULES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "actions": (
        "'continuous', 'multi_discrete' or 'discrete'",
        _is_choice("continuous", "multi_discrete", "discrete"),
    ),
    "observations": ("'flat' or 'dict'", _is_choice("flat", "dict")),
    "reward": ("'shared' or 'local'", _is_choice("shared", "local")),
    "largest_order": ("a number of units > 0", _is_positive),
    "levels": ("a whole number >= 2", lambda value: _is_whole(value, 2)),
    "decides": (f"a list of any of {', '.join(KINDS)}", _names_kinds),
    "horizon": ("a whole number of periods >= 1", lambda value: _is_whole(value, 1)),
    "num_envs": ("a whole number >= 1", lambda value: _is_whole(value, 1)),
    "render_mode": ("'rgb_array' or 'human'", _is_choice("rgb_array", "human")),
}

_OPTIONAL = ("largest_order", "levels", "decides", "horizon", "render_mode")
"""Settings that may be None, for the usual."""


def wrong_settings(settings: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with settings, a sentence each.

    Examples
    --------
    >>> wrong_settings({"levels": 1, "horizon": 30})
    ['levels is 1, must be a whole number >= 2.']
    """
    return [
        f"{name} is {value!r}, must be {rule}."
        for name, value in settings.items()
        for rule, fine in [_RULES[name]]
        if not (fine(value) or (value is None and name in _OPTIONAL))
    ]


def require_settings(owner: str, settings: Mapping[str, Any]) -> None:
    """Refuse wrong settings, all at once.

    Parameters
    ----------
    owner
        Name of the problem.
    settings
        By name.

    Raises
    ------
    ValueError
        Naming every wrong setting, its value and its rule.
    """
    wrong = wrong_settings(settings)
    if wrong:
        raise ValueError(f"environment of {owner!r}: {' '.join(wrong)} Correct the arguments.")
