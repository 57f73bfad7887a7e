"""Read TOML, and write the few TOML values that a network needs: the standard library only reads."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}


def parse_toml(text: str) -> dict[str, Any]:
    """Return a TOML document as plain values.

    Raises
    ------
    ValueError
        If the text is no TOML.
    """
    import tomllib  # Milliseconds that a network authored in Python does not need.

    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("values nested too deeply") from None


def toml_value(value: object) -> str:
    """Return a value as one line of TOML.

    Parameters
    ----------
    value
        A truth value, a number, text, a sequence, or a mapping with text keys.

    Raises
    ------
    TypeError
        If the value is anything else.

    Examples
    --------
    >>> toml_value({"lead time": 2, "share": 0.5, "items": ["bolt"]})
    '{ "lead time" = 2, share = 0.5, items = ["bolt"] }'
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return _inline_table(cast("Mapping[str, object]", value))
    if isinstance(value, Sequence):
        return f"[{', '.join(toml_value(entry) for entry in cast('Sequence[object]', value))}]"
    raise TypeError(f"toml_value: {value!r} is of type {type(value).__name__}, must be a plain value.")


def toml_document(scalars: Mapping[str, object], tables: Mapping[str, Sequence[Mapping[str, object]]]) -> str:
    """Return a TOML document: scalars, then arrays of tables, all in the given order.

    Examples
    --------
    >>> print(toml_document({"format": 1}, {"items": [{"name": "bolt"}]}), end="")
    format = 1
    <BLANKLINE>
    [[items]]
    name = "bolt"
    """
    blocks = [_assignments(scalars)]
    for name, rows in tables.items():
        blocks += [f"[[{_key(name)}]]\n{_assignments(row)}" for row in rows]
    return "\n".join(blocks)


def _assignments(values: Mapping[str, object]) -> str:
    return "".join(f"{_key(name)} = {toml_value(value)}\n" for name, value in values.items())


def _inline_table(values: Mapping[str, object]) -> str:
    inside = ", ".join(f"{_key(name)} = {toml_value(value)}" for name, value in values.items())
    return f"{{ {inside} }}" if inside else "{}"


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else _text(name)


def _text(value: str) -> str:
    return '"' + "".join(_sign(sign) for sign in value) + '"'


def _sign(sign: str) -> str:
    if sign in _ESCAPES:
        return _ESCAPES[sign]
    return f"\\u{ord(sign):04X}" if ord(sign) < 32 or ord(sign) == 127 else sign
