"""Which source columns a feed of a mapping names, and which of them it cannot do without."""

from __future__ import annotations

from collections.abc import Iterator

from basestock.data.feed_rows import matching
from basestock.data.mapping import Feed, Value
from basestock.data.mapping_values import template_columns


def after_unpivot(feed: Feed, names: list[str]) -> list[str]:
    """Return the columns that later steps see."""
    if feed.unpivot is None:
        return list(names)
    gone = matching(names, feed.unpivot.columns)
    return [*(name for name in names if name not in gone), feed.unpivot.name, feed.unpivot.value]


def missing_patterns(feed: Feed, names: list[str]) -> list[str]:
    """Return the patterns of columns that no column fits."""
    patterns = [feed.unpivot.columns] if feed.unpivot else []
    later = after_unpivot(feed, names)
    sums = [
        each.text
        for value in feed.columns.values()
        for each in nested(value)
        if each.form == "sum" and not each.parts
    ]
    missing = [pattern for pattern in patterns if not matching(names, pattern)]
    return missing + [pattern for pattern in sums if not matching(later, pattern)]


def nested(value: Value) -> Iterator[Value]:
    """Give a VALUE and all VALUEs inside it."""
    yield value
    for part in value.parts:
        yield from nested(part)


def named_by(value: Value) -> list[str]:
    """Return the source columns a VALUE names."""
    found: list[str] = []
    for each in nested(value):
        if each.form in ("from", "bits_clear"):
            found.append(each.text)
        elif each.form == "text":
            found += template_columns(each.text)
    return found


def columns_of(feed: Feed) -> list[str]:
    """Return the source columns that tests, VALUEs and attributes name."""
    values = [column for value in feed.columns.values() for column in named_by(value)]
    return [*feed.where, *values, *feed.attributes]


def fillable(value: Value | None, names: list[str]) -> bool:
    """Return True if some column a VALUE needs is there, or it needs none."""
    if value is None:
        return False
    if value.form == "first":
        return any(fillable(part, names) for part in value.parts)
    return all(column in names for column in named_by(value))
