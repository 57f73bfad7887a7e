"""What every test runs under: checked shapes, JAX on the processor, one compilation cache a session."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from jaxtyping import install_import_hook

import tools.checked  # noqa: F401 - the hook finds the checker as an attribute of the package

_IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ

os.environ["JAX_PLATFORMS"] = "cpu"
if not _IS_WORKER:
    # Workers and the commands that tests start inherit these, so that a program compiles once a session. However
    # small it is, to read it takes a fifth of the time of compiling it.
    os.environ["JAX_COMPILATION_CACHE_DIR"] = tempfile.mkdtemp(prefix="basestock-jax-")
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"
    # Most of the time of tests is compiling, a fifth of which goes into code that runs a little faster.
    flags = os.environ.get("XLA_FLAGS", ""), "--xla_cpu_use_fusion_emitters=false"
    os.environ["XLA_FLAGS"] = " ".join(flags).strip()
    # Tables of tests have a few rows: handing them from thread to thread takes longer than what is done with them.
    os.environ["POLARS_MAX_THREADS"] = "1"

# Packages that handle arrays; tables and commands have none, and their types are checked statically.
install_import_hook(
    [
        f"basestock.{package}"
        for package in (
            "decision",
            "dynamics",
            "economics",
            "evaluation",
            "forecasting",
            "learning",
            "network",
            "operations",
            "optimal",
            "policies",
            "problems",
            "uncertainty",
        )
    ],
    "tools.checked.checked",
)

# Nothing is timed, and every run draws the same examples.
settings.register_profile("basestock", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("basestock")

MORE_PAGES = 2**30 // os.sysconf("SC_PAGE_SIZE") * 2
"""Memory pages, 2 GiB, that a worker may take before compiled programs are let go."""

_pages_kept = 0


@pytest.fixture(scope="module", autouse=True)
def _few_programs() -> Iterator[None]:
    """Let compiled programs go when they have filled the memory: they add up over hundreds of modules."""
    yield
    global _pages_kept
    if _pages() > _pages_kept + MORE_PAGES:
        import jax

        jax.clear_caches()
        _pages_kept = _pages()


def _pages() -> int:
    """Return the pages of memory that this process holds, 0 where the system does not tell."""
    counts = Path("/proc/self/statm")
    return int(counts.read_text(encoding="ascii").split()[1]) if counts.exists() else 0


REQUIREMENT_ID = re.compile(r"[A-E]-\d\d")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Write the requirements that a test shows into its report, for `make requirements`."""
    for item in items:
        for marker in item.iter_markers("requirement"):
            for requirement in _requirement_ids(item, marker):
                item.user_properties.append(("requirement", requirement))


def _requirement_ids(item: pytest.Item, marker: pytest.Mark) -> tuple[str, ...]:
    bad = [arg for arg in marker.args if not (isinstance(arg, str) and REQUIREMENT_ID.fullmatch(arg))]
    if bad or not marker.args or marker.kwargs:
        raise pytest.UsageError(
            f"{item.nodeid}: requirement({bad or marker}) must name ids such as 'E-01': "
            f"a letter A to E, a hyphen, two digits."
        )
    return marker.args


def pytest_unconfigure() -> None:
    """Remove the session's compilation cache."""
    if not _IS_WORKER:
        shutil.rmtree(os.environ["JAX_COMPILATION_CACHE_DIR"], ignore_errors=True)
