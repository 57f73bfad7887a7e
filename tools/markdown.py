"""Markdown of generated pages."""

from collections.abc import Iterable, Iterator, Sequence


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    r"""Yield the lines of a Markdown table; pipes and line ends inside cells are escaped.

    Examples
    --------
    >>> print(*markdown_table(["law"], [["P(a|b)"]]), sep="\n")
    | law |
    | --- |
    | P(a\|b) |
    """
    for row in [header, ["---"] * len(header), *rows]:
        yield "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |"
