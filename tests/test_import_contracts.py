"""The import contracts in pyproject.toml forbid what they say, shown on a package that breaks one of them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = [
    *["network", "uncertainty", "dynamics", "economics", "decision"],
    *["policies", "optimal", "forecasting", "problems", "envs", "evaluation", "learning"],
    *["data", "data.connectors", "operations", "service", "cli"],
]


def _write_package(root: Path, extra: dict[str, str]) -> None:
    """A package named basestock with every layer empty, and the given modules in it."""
    for name in ["", *PACKAGES]:
        directory = root.joinpath("basestock", *name.split(".")) if name else root / "basestock"
        directory.mkdir(parents=True)
        (directory / "__init__.py").touch()
    for module, source in extra.items():
        *parents, name = module.split(".")
        directory = root.joinpath("basestock", *parents)
        if not directory.exists():
            directory.mkdir()
            (directory / "__init__.py").touch()
        (directory / f"{name}.py").write_text(source)


def _broken_contracts(tmp_path: Path, extra: dict[str, str]) -> list[str]:
    _write_package(tmp_path, extra)
    result = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--config", ROOT / "pyproject.toml"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Contracts:" in result.stdout, result.stdout + result.stderr
    return re.findall(r"^(.+?) BROKEN", result.stdout, flags=re.MULTILINE)


def test_a_package_that_keeps_every_contract_passes(tmp_path: Path) -> None:
    extra = {
        "optimal.programs.lot_sizing": "import highspy",
        "service.app": "import fastapi",
        "data.connectors.kafka": "import confluent_kafka",
        "operations.store.tables": "import sqlalchemy",
        "operations.plan": "import jax, polars, basestock.optimal.programs.lot_sizing",
        "cli.plan": "import typer\ndef run():\n    import basestock.operations.plan",
    }
    assert _broken_contracts(tmp_path, extra) == []


LAYERS = "A package imports only packages below it"
WEB = "A web framework only in service"
SOLVER = "A solver only in optimal.programs"
DRIVERS = "Stream and foreign database drivers only in data.connectors"
STORE = "The project's own store only in operations.store"
RING = "No data-frame library in the model ring"
TERMINAL = "A command-line library only in cli"
FRAMES = "Frames of other libraries cross by narwhals"
JAX = "No JAX in network and data.connectors, not even through another module"
JAX_CLI = "No JAX in cli"


@pytest.mark.parametrize(
    ("extra", "broken"),
    [
        (
            {
                "network.item": "import basestock.uncertainty",
                "operations.web": "import fastapi",
                "optimal.bounds": "import highspy",
                "operations.stream": "import aiomqtt",
                "operations.orders": "import sqlalchemy",
                "decision.problem": "import narwhals",
                "operations.progress": "import rich",
                "data.frames": "import pandas",
                "data.connectors.csv": "import jax",
                "cli.plan": "import equinox",
            },
            [LAYERS, WEB, SOLVER, DRIVERS, STORE, RING, TERMINAL, FRAMES, JAX, JAX_CLI],
        ),
        # Late imports and imports through another module count too.
        (
            {
                "data.load": "def late():\n    import basestock.operations",
                "data.calibration": "import jax",
                "data.connectors.sql": "import sqlalchemy, basestock.data.calibration",
                "uncertainty.history": "def late():\n    import polars",
            },
            [LAYERS, STORE, RING, JAX],
        ),
        ({"helpers": ""}, [LAYERS]),
    ],
    ids=["one of each", "late and indirect", "a package without a place"],
)
def test_broken_contracts_are_named(tmp_path: Path, extra: dict[str, str], broken: list[str]) -> None:
    assert _broken_contracts(tmp_path, extra) == broken
