"""The command doctor: facts about this installation."""

from typing import Any

from basestock.cli.common import Common, command
from basestock.cli.output import Answer, give, table

_PACKAGES = ("jax", "jaxlib", "equinox", "numpy", "scipy", "polars", "highspy")


@command
def doctor(common: Common) -> None:
    """Print facts about this installation: versions, cores, where compiled programs are kept."""
    import polars as pl

    facts = _facts()
    rows = [[name, str(value)] for name, value in facts.items()]
    answer = Answer(
        {"schema": "basestock.doctor/1", **facts},
        lambda: table("", ["what", "value"], rows),
        lambda: pl.DataFrame(rows, schema={"what": pl.String, "value": pl.String}, orient="row"),
    )
    give(answer, common)


def _facts() -> dict[str, Any]:
    import os
    import platform

    import basestock
    from basestock.operations.compiled import programs_folder

    return {
        "basestock": basestock.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        **{name: _version(name) for name in _PACKAGES},
        "compiled_programs": str(programs_folder()),
        "network": "nothing is ever sent anywhere",
    }


def _version(name: str) -> str:
    import importlib.metadata

    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "missing"
