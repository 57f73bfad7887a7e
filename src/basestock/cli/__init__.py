"""The command line."""


def main() -> None:
    """Run ``basestock``."""
    from basestock.cli.app import app

    app()
