"""Measuring in a process of its own, on one thread."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping

ONE_THREAD = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"


def alone(
    module: str, *arguments: str, environment: Mapping[str, str] | None = None
) -> dict[str, list[float]]:
    """Run ``python -m module`` on one thread and return the JSON object that it prints.

    Raises
    ------
    subprocess.CalledProcessError
        When it fails.
    """
    settings = {**os.environ, "XLA_FLAGS": ONE_THREAD, "JAX_PLATFORMS": "cpu", **(environment or {})}
    command = [sys.executable, "-m", module, *arguments]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=settings).stdout
    return json.loads(printed.splitlines()[-1])
