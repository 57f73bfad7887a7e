"""The command line."""

import io
import sys


def main() -> None:
    """Run ``basestock``."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8")
    if sys.argv[1:] in (["-h"], ["--help"]):
        # The overview needs no parser of arguments: it answers before one could be imported.
        from basestock.cli.overview import overview

        sys.stdout.write(overview())
        return
    from basestock.cli.app import app

    app()
