"""The schema table and the dataclasses say the same, and the table drives checks and documentation."""

import dataclasses

import pytest

from basestock.network import (
    SCHEMA,
    Attribute,
    DemandClass,
    Goodwill,
    Inspection,
    Item,
    Lane,
    Limit,
    Node,
    PriceResponse,
    Process,
    Resource,
    ReturnFlow,
    Substitution,
    Supplier,
    SupplyNetwork,
    describe,
)
from basestock.network.checks import CHECKS, rule_of
from basestock.network.schema import REQUIRED, bounds

TYPES = (Item, Node, Supplier, Lane, Process, Resource, Inspection, Limit, DemandClass)
TYPES += (PriceResponse, Substitution, ReturnFlow, Goodwill, SupplyNetwork)
ROWS = [(kind, attribute) for kind, attributes in SCHEMA.items() for attribute in attributes]
names = [f"{kind}.{attribute.name}" for kind, attribute in ROWS]


def test_every_type_is_in_the_table():
    assert list(SCHEMA) == [kind.__name__ for kind in TYPES]


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.__name__)
def test_table_and_dataclass_agree(kind: type):
    fields = [field for field in dataclasses.fields(kind) if field.init]
    attributes = SCHEMA[kind.__name__]
    assert [attribute.name for attribute in attributes] == [field.name for field in fields]
    for attribute, field in zip(attributes, fields, strict=True):
        expected = REQUIRED if field.default is dataclasses.MISSING else field.default
        assert attribute.default is expected or attribute.default == expected


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.__name__)
def test_every_attribute_is_in_the_docstring(kind: type):
    assert all(attribute.name in kind.__doc__ for attribute in SCHEMA[kind.__name__])


@pytest.mark.parametrize(("kind", "attribute"), ROWS, ids=names)
def test_every_row_is_complete(kind: str, attribute: Attribute):
    assert attribute.kind in CHECKS or attribute.kind in SCHEMA
    assert attribute.unit
    assert attribute.description
    numeric = attribute.kind not in ("name", "names", "flag", "choice") and attribute.kind not in SCHEMA
    assert (attribute.low is not None) == (numeric or attribute.kind == "name")
    assert bool(attribute.choices) == (attribute.kind == "choice")


@pytest.mark.parametrize(("kind", "attribute"), ROWS, ids=names)
def test_every_row_is_described(kind: str, attribute: Attribute):
    lines = describe(kind).splitlines()
    assert lines[0] == f"### {kind}"
    (line,) = [line for line in lines if line.startswith(f"| `{attribute.name}`")]
    assert attribute.description in line
    assert line.count("|") == 7


def test_describe_gives_all_types_by_default():
    assert describe() == "\n\n".join(describe(kind) for kind in SCHEMA)
    assert describe("Item", "Node") == describe("Item") + "\n\n" + describe("Node")


def test_a_described_row():
    assert (
        "| `lead_time` [L] | lead time | periods | 1 | >= 0 and <= 17520 | "
        "periods from shipping to receipt, or {periods: probability} |"
    ) in describe("Lane")


def test_bounds_read_as_text():
    assert (
        bounds(Attribute("x", "number", "-", 0, "", low=0.0, high=0.5, excludes_high=True))
        == ">= 0 and < 0.5"
    )
    assert bounds(Attribute("x", "choice", "-", "a", "", choices=("a", "b"))) == "'a', 'b'"
    assert bounds(Attribute("x", "flag", "-", True, "")) == ""


def test_a_rule_names_the_bound_that_is_broken():
    row = Attribute("x", "whole number", "periods", 1, "", low=1, high=9)
    assert rule_of(row, 0) == "must be a whole number of periods >= 1"
    assert rule_of(row, 10) == "must be a whole number of periods <= 9"
    assert rule_of(row, "ten") == "must be a whole number of periods >= 1"
