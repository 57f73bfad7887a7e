"""Show the roles of docstrings, such as ``:func:`fit```, as plain code: the documents are Markdown."""

import re
from typing import Any

import griffe

ROLE = re.compile(r":(?:attr|class|data|exc|func|meth|mod):`~?([^`]+)`")


def without_roles(text: str) -> str:
    """Return a docstring in which a role is only its name.

    Examples
    --------
    >>> without_roles("See :func:`~basestock.policies.fit`.")
    'See `basestock.policies.fit`.'
    """
    return ROLE.sub(r"`\1`", text)


class PlainRoles(griffe.Extension):
    """Applies it to every documented object."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite the docstring of an object that has just been read."""
        if obj.docstring:
            obj.docstring.value = without_roles(obj.docstring.value)
