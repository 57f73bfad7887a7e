"""Strong components, rings and levels against plain reachability."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from basestock.network.rings import graph_of, levels, ring_in, strong_components

VERTICES = "abcdef"
edges = st.lists(st.tuples(st.sampled_from(VERTICES), st.sampled_from(VERTICES)), max_size=14)


def reachable(graph, start):
    found, queue = set(), [start]
    for vertex in queue:
        queue += [after for after in graph[vertex] if after not in found]
        found.update(graph[vertex])
    return found


@given(edges)
def test_components_are_the_vertices_that_reach_each_other(edges):
    graph = graph_of(VERTICES, edges)
    reach = {vertex: reachable(graph, vertex) | {vertex} for vertex in VERTICES}
    expected = {frozenset(b for b in VERTICES if b in reach[a] and a in reach[b]) for a in VERTICES}
    components = strong_components(graph)
    assert {frozenset(component) for component in components} == expected
    assert sorted(vertex for component in components for vertex in component) == sorted(VERTICES)


@given(edges)
def test_components_stand_after_those_they_lead_to(edges):
    graph = graph_of(VERTICES, edges)
    position = {v: place for place, component in enumerate(strong_components(graph)) for v in component}
    assert all(position[start] >= position[end] for start in graph for end in graph[start])


@given(edges)
def test_a_ring_is_made_of_edges_and_closed(edges):
    graph = graph_of(VERTICES, edges)
    for component in strong_components(graph):
        if len(component) > 1:
            ring = ring_in(component, graph)
            assert ring[0] == ring[-1] == component[0]
            assert len(set(ring)) == len(ring) - 1
            assert all(end in graph[start] for start, end in itertools.pairwise(ring))


@given(edges)
def test_a_level_is_one_more_than_the_highest_before(edges):
    graph = graph_of(VERTICES, edges)
    level = levels(graph)
    assert set(level) == set(VERTICES)
    assert list(level.values()) == sorted(level.values())
    for component in strong_components(graph):
        before = [
            level[start] + 1
            for start in graph
            if start not in component and set(graph[start]) & set(component)
        ]
        assert {level[vertex] for vertex in component} == {max(before, default=0)}


def test_a_long_chain_needs_no_recursion():
    chain = [str(number) for number in range(20_000)]
    graph = graph_of(chain, itertools.pairwise(chain))
    assert levels(graph)[chain[-1]] == 19_999


def test_a_long_ring_is_one_component():
    chain = [str(number) for number in range(20_000)]
    graph = graph_of(chain, [*itertools.pairwise(chain), (chain[-1], chain[0])])
    (component,) = strong_components(graph)
    assert len(ring_in(component, graph)) == 20_001
