"""Checked pieces of a mapping file: VALUEs, tests, steps. Everything wrong is collected, nothing raised."""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Mapping as Dict
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, get_args

from basestock.data.cell_dates import format_problem
from basestock.data.issues import IssueLog
from basestock.data.mapping import Condition, Form, Join, Unpivot, Value
from basestock.data.names import nearest

FORMS: tuple[str, ...] = get_args(Form)
_MODIFIERS = ("null_if", "map", "date", "scale", "offset", "assumed")
_COMPARISONS = ("gt", "ge", "lt", "le")
_REDUCERS = ("sum", "min", "max", "first", "last")
_FIELD = re.compile(r"\{([^{}]*)\}")


def template_columns(text: str) -> list[str]:
    """Return the columns named in a template.

    Examples
    --------
    >>> template_columns("PO-{OrderNo}/{Line}")
    ['OrderNo', 'Line']
    """
    return _FIELD.findall(text)


def plain_text(value: object) -> str:
    """Return a TOML scalar as canonical text.

    Examples
    --------
    >>> plain_text(True), plain_text(Decimal("0.50")), plain_text(date(2026, 3, 2))
    ('true', '0.50', '2026-03-02')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    return format(value, "f") if isinstance(value, Decimal) else str(value)


@dataclass
class Checker:
    """Collects what is wrong with a mapping file; each method returns something usable all the same.

    Parameters
    ----------
    log : IssueLog
        Gets one SCH-009 per problem.
    file : str
        Name of the mapping file.
    """

    log: IssueLog
    file: str
    problems: int = 0

    def wrong(self, where: str, rule: str, value: object = "") -> None:
        """Record one problem."""
        self.problems += 1
        self.log.add(
            "SCH-009", file=self.file, column=where, value=plain_text(value), rule=f"a mapping must {rule}"
        )

    def known(self, value: str, choices: Iterable[str], where: str, what: str) -> bool:
        """Return True if a name is known; else record the nearest."""
        names = list(choices)
        if value in names:
            return True
        self.wrong(where, f"name {what}; `{value}` is none{nearest(value, names)}", value)
        return False

    def keys(self, table: Dict[str, Any], allowed: Iterable[str], where: str) -> None:
        """Record every key that is not allowed."""
        names = list(allowed)
        for key in table:
            if key not in names:
                hint = nearest(key, names)
                self.wrong(f"{where}.{key}".lstrip("."), f"use known keys; `{key}` is none{hint}", key)

    def table(self, value: object, where: str) -> dict[str, Any]:
        """Return a TOML table."""
        if isinstance(value, dict):
            return {str(key): each for key, each in value.items()}
        if value is not None:
            self.wrong(where, "have a table here", value)
        return {}

    def text(self, value: object, where: str, *, empty: bool = False) -> str:
        """Return a string."""
        if isinstance(value, str) and (value or empty):
            return value
        if value is not None:
            self.wrong(where, "have a text here", value)
        return ""

    def texts(self, value: object, where: str) -> tuple[str, ...]:
        """Return a list of strings or numbers as strings; one alone is a list of one."""
        items = value if isinstance(value, list) else [] if value is None else [value]
        good = [item for item in items if isinstance(item, str | int | Decimal | date)]
        if len(good) < len(items):
            self.wrong(where, "have a list of texts here", value)
        return tuple(plain_text(item) for item in good)

    def flag(self, value: object, where: str) -> bool:
        """Return a truth value."""
        if value is not None and not isinstance(value, bool):
            self.wrong(where, "have true or false here", value)
        return value is True

    def decimal(self, value: object, where: str) -> Decimal | None:
        """Return an exact number."""
        if isinstance(value, Decimal) and value.is_finite():
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return Decimal(value)
        if value is not None:
            self.wrong(where, "have a number here", value)
        return None

    def whole(self, value: object, where: str) -> int | None:
        """Return a whole number."""
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if value is not None:
            self.wrong(where, "have a whole number here", value)
        return None

    def choice(self, value: object, choices: tuple[str, ...], where: str) -> str | None:
        """Return one of some words."""
        if value is None:
            return None
        if isinstance(value, str) and self.known(value, choices, where, "one of " + ", ".join(choices)):
            return value
        if not isinstance(value, str):
            self.wrong(where, "name one of " + ", ".join(choices), value)
        return None

    def day(self, value: object, where: str) -> date | None:
        """Return an ISO day."""
        if isinstance(value, datetime):
            return value.date()
        if isinstance(value, date):
            return value
        try:
            return None if value is None else date.fromisoformat(str(value))
        except ValueError:
            self.wrong(where, "have an ISO day here, as 2026-03-02", value)
            return None

    def formats(self, value: object, where: str) -> tuple[str, ...]:
        """Return date formats."""
        found = self.texts(value, where)
        for each in found:
            if problem := format_problem(each):
                self.wrong(where, f"use the date parts %d %m %Y %y %b %H %M; {problem}", each)
        return tuple(each for each in found if not format_problem(each))

    def value(self, given: object, where: str) -> Value:
        """Return a VALUE: a column, or a table with exactly one form and modifiers."""
        if isinstance(given, str):
            return Value("from", self.text(given, where))
        if not isinstance(given, dict):
            self.wrong(where, "have a column or a table with one form here", given)
            return Value("const")
        table = self.table(given, where)
        self.keys(table, (*FORMS, *_MODIFIERS, "of"), where)
        forms = [form for form in FORMS if form in table]
        if len(forms) != 1:
            found = " and ".join(forms) or "none"
            self.wrong(where, f"give each field exactly one of {', '.join(FORMS)}; here is {found}", found)
            return Value("const")
        return self._with_modifiers(self._form(forms[0], table, where), table, where)

    def _form(self, form: str, table: dict[str, Any], where: str) -> Value:
        given, place = table[form], f"{where}.{form}"
        if "of" in table and form != "bits_clear":
            self.wrong(f"{where}.of", "use `of` with bits_clear only", table["of"])
        if form == "const":
            return self._constant(given, place)
        if form == "text":
            return self._template(given, place)
        if form == "bits_clear":
            return self._bits(given, table.get("of"), where)
        if form == "from":
            return Value("from", self.text(given, place))
        if form == "sum" and isinstance(given, str):
            return Value("sum", given)
        return self._several(form, given, place)

    def _constant(self, given: object, where: str) -> Value:
        if isinstance(given, list | dict):
            self.wrong(where, "have one text, number, day or truth value as constant", given)
            return Value("const")
        return Value("const", plain_text(given))

    def _template(self, given: object, where: str) -> Value:
        text = self.text(given, where)
        names = template_columns(text)
        if text and (not names or "" in names or set("{}") & set(_FIELD.sub("", text))):
            self.wrong(where, "have a template with columns in braces, as `PO-{OrderNo}`", text)
        return Value("text", text)

    def _bits(self, given: object, of: object, where: str) -> Value:
        width = self.whole(of, f"{where}.of") or 0
        if not 1 <= width <= 63:
            self.wrong(f"{where}.of", "say how many bits count, 1 to 63, as `of = 24`", width)
        return Value("bits_clear", self.text(given, f"{where}.bits_clear"), of=max(width, 1))

    def _several(self, form: str, given: object, where: str) -> Value:
        if not isinstance(given, list) or not given:
            self.wrong(where, f"have a list of VALUEs for `{form}`", given)
            return Value("const")
        parts = tuple(self.value(each, f"{where}[{index + 1}]") for index, each in enumerate(given))
        return Value("first" if form == "first" else "sum" if form == "sum" else "product", parts=parts)

    def _with_modifiers(self, value: Value, table: dict[str, Any], where: str) -> Value:
        return Value(
            value.form, value.text, value.parts, value.of,
            null_if=self.texts(table.get("null_if"), f"{where}.null_if"),
            codes=self.text(table.get("map"), f"{where}.map"),
            date=self.formats(table.get("date"), f"{where}.date"),
            scale=self.decimal(table.get("scale"), f"{where}.scale"),
            offset=self.decimal(table.get("offset"), f"{where}.offset"),
            assumed=self.flag(table.get("assumed"), f"{where}.assumed"),
        )  # fmt: skip

    def condition(self, given: object, where: str) -> Condition:
        """Return a TEST of `where`."""
        if not isinstance(given, dict):
            return Condition(any_of=self.texts(given, where))
        table = self.table(given, where)
        self.keys(table, ("not", "empty", *_COMPARISONS), where)
        if not table:
            self.wrong(where, "have a test here", "")
        bounds = [(key, self.decimal(table[key], f"{where}.{key}")) for key in _COMPARISONS if key in table]
        return Condition(
            none_of=self.texts(table["not"], f"{where}.not") if "not" in table else None,
            empty=self.flag(table["empty"], f"{where}.empty") if "empty" in table else None,
            bounds=tuple((key, bound) for key, bound in bounds if bound is not None),
        )

    def unpivot(self, given: object, where: str) -> Unpivot | None:
        """Return the step that turns wide periods into rows."""
        if given is None:
            return None
        table = self.table(given, where)
        self.keys(table, ("columns", "name", "value", "labels"), where)
        for key in ("columns", "name", "value"):
            if not isinstance(table.get(key), str) or not table[key]:
                self.wrong(f"{where}.{key}", f"name `{key}` of unpivot", table.get(key, ""))
        labels = self.table(table.get("labels"), f"{where}.labels")
        self.keys(labels, ("first", "step"), f"{where}.labels")
        if labels and set(labels) != {"first", "step"}:
            self.wrong(f"{where}.labels", "give both `first` and `step`", "")
        names = [str(table.get(key, "")) for key in ("columns", "name", "value")]
        if names[1] == names[2]:
            self.wrong(where, "give name and value different columns", names[1])
        step = self.choice(labels.get("step"), ("day", "week", "month"), f"{where}.labels.step")
        first = self.day(labels.get("first"), f"{where}.labels.first")
        return Unpivot(
            *names, first=first, step="month" if step == "month" else "week" if step == "week" else "day"
        )

    def joins(self, given: object, where: str) -> tuple[Join, ...]:
        """Return the joined files; their names must differ."""
        if given is not None and not isinstance(given, list):
            self.wrong(where, "have a list of joins here", given)
            return ()
        found: list[Join] = []
        for index, each in enumerate(given or []):
            join = self._join(each, f"{where}[{index + 1}]")
            if join.name in [other.name for other in found]:
                self.wrong(
                    f"{where}[{index + 1}]", f"give each join a name of its own; `{join.name}` is there twice"
                )
            found.append(join)
        return tuple(found)

    def _join(self, given: object, where: str) -> Join:
        table = self.table(given, where)
        self.keys(table, ("file", "on", "as"), where)
        file = self.text(table.get("file"), f"{where}.file")
        on = self.table(table.get("on"), f"{where}.on")
        pairs = {left: self.text(right, f"{where}.on.{left}") for left, right in on.items()}
        if not file or not pairs:
            self.wrong(where, "give each join a `file` and `on = {left = right}`")
        name = self.text(table.get("as"), f"{where}.as") or join_name(file)
        return Join(file, pairs, name)

    def reduce(self, given: object, where: str) -> dict[str, str]:
        """Return how columns of folded rows come together."""
        table = self.table(given, where)
        found: dict[str, str] = {}
        for column, how in table.items():
            word = self.text(how, f"{where}.{column}")
            weighted = word.startswith("mean:") and len(word) > len("mean:")
            if word and not weighted and word not in _REDUCERS:
                rule = f"fold with one of {', '.join(_REDUCERS)} or mean:COLUMN; `{word}` is none"
                self.wrong(f"{where}.{column}", rule + nearest(word, _REDUCERS), word)
            elif word:
                found[column] = word
        return found


def join_name(file: str) -> str:
    """Return the stem of a file, or the sheet, by which a join is called.

    Examples
    --------
    >>> join_name("in/Orders.csv.gz"), join_name("Book.xlsx#Groups")
    ('Orders', 'Groups')
    """
    if "#" in file:
        return file.split("#", 1)[1]
    base = file.rsplit("/", 1)[-1].removesuffix(".gz")
    return re.sub(r"\.(csv|txt|tsv|parquet)$", "", base, flags=re.IGNORECASE)
