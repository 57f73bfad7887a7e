"""Rings in directed graphs: strong components, a ring to show, longest-path levels."""

from collections.abc import Iterable, Mapping, Sequence

Graph = Mapping[str, Sequence[str]]
"""Vertex to its successors; every vertex is a key."""


def graph_of(vertices: Iterable[str], edges: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the graph of (from, to) edges; edges with an end that is no vertex are left out.

    Examples
    --------
    >>> graph_of("ab", [("a", "b"), ("a", "z")])
    {'a': ['b'], 'b': []}
    """
    graph: dict[str, list[str]] = {vertex: [] for vertex in vertices}
    for start, end in dict.fromkeys(edges):
        if start in graph and end in graph:
            graph[start].append(end)
    return graph


def strong_components(graph: Graph) -> list[tuple[str, ...]]:
    """Return the strong components, each after the components it leads to.

    Examples
    --------
    >>> strong_components({"a": ["b"], "b": ["c"], "c": ["b"]})
    [('b', 'c'), ('a',)]

    Notes
    -----
    Path-based search of Gabow (2000), without recursion, linear in vertices and edges.
    """
    number: dict[str, int] = {}
    waiting: list[str] = []
    bounds: list[int] = []
    found: list[tuple[str, ...]] = []
    closed = len(graph)
    for root in graph:
        work = [] if root in number else [(root, iter(graph[root]))]
        while work:
            vertex, successors = work[-1]
            if vertex not in number:
                number[vertex] = len(waiting)
                bounds.append(len(waiting))
                waiting.append(vertex)
            fresh = next((after for after in successors if not _seen(after, number, bounds)), None)
            if fresh is not None:
                work.append((fresh, iter(graph[fresh])))
                continue
            work.pop()
            if bounds[-1] == number[vertex]:
                start = bounds.pop()
                found.append(tuple(waiting[start:]))
                number.update(dict.fromkeys(waiting[start:], closed))
                del waiting[start:]
    return found


def _seen(vertex: str, number: Mapping[str, int], bounds: list[int]) -> bool:
    """Tell whether a vertex was visited; one on the path merges everything after it into its component."""
    if vertex not in number:
        return False
    while bounds and bounds[-1] > number[vertex]:
        bounds.pop()
    return True


def ring_in(component: Sequence[str], graph: Graph) -> tuple[str, ...]:
    """Return a shortest ring through the first vertex of a strong component, which stands at both ends.

    Examples
    --------
    >>> ring_in(("b", "c"), {"b": ["c"], "c": ["b"]})
    ('b', 'c', 'b')
    """
    start, inside = component[0], frozenset(component)
    came_from: dict[str, str] = {}
    queue = [start]
    for vertex in queue:
        for successor in graph[vertex]:
            if successor == start:
                return _path(start, vertex, came_from)
            if successor in inside and successor not in came_from:
                came_from[successor] = vertex
                queue.append(successor)
    raise ValueError(
        f"ring_in: {start!r} is on no ring, must be on one. Pass a component of two or more vertices."
    )


def _path(start: str, last: str, came_from: Mapping[str, str]) -> tuple[str, ...]:
    backwards = [start, last]
    while backwards[-1] != start:
        backwards.append(came_from[backwards[-1]])
    return tuple(reversed(backwards))


def levels(graph: Graph) -> dict[str, int]:
    """Return the length of the longest path into each vertex; the vertices of a ring share a level.

    Examples
    --------
    >>> levels({"DC": ["shop"], "factory": ["DC", "shop"], "shop": []})
    {'factory': 0, 'DC': 1, 'shop': 2}
    """
    level: dict[str, int] = {}
    for component in reversed(strong_components(graph)):
        inside = frozenset(component)
        here = max(level.get(vertex, 0) for vertex in component)
        level.update(dict.fromkeys(component, here))
        for vertex in component:
            for successor in graph[vertex]:
                if successor not in inside:
                    level[successor] = max(level.get(successor, 0), here + 1)
    return {vertex: level[vertex] for vertex in sorted(graph, key=level.__getitem__)}
