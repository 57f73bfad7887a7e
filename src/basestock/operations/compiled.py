"""Compiled programs are kept between runs."""

import os
from pathlib import Path


def keep_compiled() -> None:
    """Keep compiled programs in the user's cache folder, or where ``BASESTOCK_CACHE`` says; nowhere if that fails."""
    import jax

    root = (
        os.environ.get("BASESTOCK_CACHE") or os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    )
    folder = Path(root) / "basestock" / "programs"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)
