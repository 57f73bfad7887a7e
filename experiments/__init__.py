"""Published experiments, run again: each prints its table beside the published numbers."""
