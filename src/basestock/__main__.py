"""The command line, for ``python -m basestock``."""

from basestock.cli import main

if __name__ == "__main__":
    main()
