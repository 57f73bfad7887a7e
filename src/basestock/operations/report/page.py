"""The page itself: one file with style, script and data inside, and a policy that lets nothing else in."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from markupsafe import escape as escaped

from basestock.operations.report import numbers
from basestock.operations.report.cards import NUM_CARDS, order_cards
from basestock.operations.report.exceptions import exception_list
from basestock.operations.report.glossary import GLOSSARY, plain
from basestock.operations.report.health import ROW_COUNTS, data_health
from basestock.operations.report.orders import NUM_ROWS_DRAWN, order_list, ranked
from basestock.operations.report.today import today
from basestock.operations.report.view import ReportView

PACKAGE = "basestock.operations.report"
# Control characters have no glyph; their pictures show that something is there.
_CONTROL_PICTURES = {code: 0x2400 + code for code in range(32) if code not in (9, 10, 13)} | {127: 0x2421}
_QUOTED = re.compile(r"`([^`]+)`")
_JSON_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def render_report(view: ReportView) -> str:
    """Render the report of one plan as a single HTML file.

    Parameters
    ----------
    view
        The frames of the run, from `view_from_frames`.

    Returns
    -------
    str
        A complete HTML document that opens offline: style, script, charts and data are inside, and its
        content security policy admits only these, by hash. The same view gives the same bytes.
    """
    orders = ranked(view)
    listed = order_list(orders, view.meta)
    exceptions, health = exception_list(view, orders), data_health(view)
    return render_page(
        "report.html.j2",
        {
            "meta": view.meta,
            "today": today(view, orders, listed, exceptions, health),
            "orders": listed,
            "cards": order_cards(orders, view),
            "exceptions": exceptions,
            "health": health,
            "row_counts": ROW_COUNTS,
            "num_drawn": NUM_ROWS_DRAWN,
            "num_cards": NUM_CARDS,
        },
    )


def render_page(template: str, context: Mapping[str, Any]) -> str:
    """Render a template of this package inside the page frame."""
    style, script = _asset("report.css"), _asset("format.js") + _asset("report.js")
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src '{content_hash(script)}'",
            f"style-src '{content_hash(style)}'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    frame = {"style": Markup(style), "script": Markup(script), "policy": policy}  # noqa: S704
    return _environment().get_template(template).render({**context, **frame})


def content_hash(text: str) -> str:
    """The source expression of an inline script or style in a content security policy.

    >>> content_hash("")
    'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='
    """
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def json_for_script(value: Any) -> Markup:
    r"""JSON that cannot end the script element it stands in.

    >>> print(json_for_script("</script>"))
    "\u003c/script\u003e"
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character, escape in _JSON_ESCAPES.items():
        text = text.replace(character, escape)
    return Markup(text)  # noqa: S704


def with_code(text: str) -> Markup:
    """Text as HTML in which what stands between backticks is set as code.

    >>> print(with_code("Run `basestock check` if a < b."))
    Run <code>basestock check</code> if a &lt; b.
    """
    return Markup(_QUOTED.sub(r"<code>\1</code>", str(escaped(_printable(text)))))  # noqa: S704


def _asset(name: str) -> str:
    return files(PACKAGE).joinpath("static", name).read_text(encoding="utf-8")


def _printable(value: Any) -> Any:
    if isinstance(value, str) and not isinstance(value, Markup):
        return value.translate(_CONTROL_PICTURES)
    return value


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(PACKAGE),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        finalize=_printable,
    )
    filters: dict[str, Any] = {
        "json": json_for_script,
        "with_code": with_code,
        "fixed": numbers.fixed,
        "money": numbers.money,
        "large_money": numbers.large_money,
        "ratio": numbers.ratio,
        "day": numbers.day,
        "count": numbers.count,
        "plain": plain,
        "currency_name": numbers.currency_name,
    }
    names: dict[str, Any] = {
        "glossary": GLOSSARY,
        "minor_digits": numbers.minor_digits,
        "UNKNOWN": numbers.UNKNOWN,
    }
    environment.filters.update(filters)
    environment.globals.update(names)
    return environment
