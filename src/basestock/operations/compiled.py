"""Compiled programs are kept between runs."""

import os
from pathlib import Path


def programs_folder() -> Path:
    """Return where compiled programs are kept: the user's cache folder, or what ``BASESTOCK_CACHE`` says."""
    root = (
        os.environ.get("BASESTOCK_CACHE") or os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    )
    return Path(root) / "basestock" / "programs"


def keep_compiled() -> None:
    """Keep compiled programs in :func:`programs_folder`; nowhere if it cannot be written."""
    import jax

    folder = programs_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)
