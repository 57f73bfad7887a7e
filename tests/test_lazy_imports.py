"""What must stay light to import is light: no JAX, and nothing of the package but what was asked for."""

import subprocess
import sys

import pytest

import basestock

HEAVY = ("jax", "jaxlib", "equinox", "optax", "scipy", "torch", "ray", "pandas")


def _loaded_by(statement: str) -> set[str]:
    """The top-level packages, and basestock's modules, that a fresh interpreter holds after a statement."""
    program = f"{statement}\nimport sys\nprint(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(result.stdout.split())


@pytest.mark.parametrize(
    "module",
    ["basestock", "basestock.network", "basestock.data.tables", "basestock.data.connectors", "basestock.cli"],
)
def test_importing_loads_no_heavy_library(module: str) -> None:
    assert _loaded_by(f"import {module}").isdisjoint(HEAVY)


def test_importing_basestock_loads_no_other_module_of_it() -> None:
    loaded = _loaded_by("import basestock")
    assert {name for name in loaded if name.startswith("basestock")} == {"basestock"}
    assert loaded.isdisjoint({"numpy", "polars", "pydantic", "typer", "rich"})


@pytest.mark.parametrize("name", basestock.__all__)
def test_every_name_that_is_promised_can_be_had(name: str) -> None:
    assert getattr(basestock, name) is not None
    assert name in dir(basestock)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'basestock' has no attribute 'lode'"):
        _ = basestock.lode
