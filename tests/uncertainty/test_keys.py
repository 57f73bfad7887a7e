"""Random numbers belong to names and periods, never to positions (SIM-501 to 507, 512)."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.random import threefry2x32_p

from basestock.network import Item, Node, SupplyNetwork
from basestock.uncertainty import Poisson, Uncertainty, record, root_words, stable_words
from basestock.uncertainty.keys import entity_uniforms, period_key, threefry

ROOT = root_words(jax.random.key(0))


def _market(
    items: list[str], nodes: list[str], replications: np.ndarray, periods: int = 3
) -> dict[tuple[str, str], np.ndarray]:
    network = SupplyNetwork(items=tuple(map(Item, items)), nodes=tuple(map(Node, nodes)))
    demand = {(node, item): Poisson(50.0) for node in nodes for item in items}
    events = record(Uncertainty(demand).compile(network), ROOT, periods, jnp.asarray(replications))
    table = np.asarray(events.market)
    return {(node, item): table[:, 0, n, i] for n, node in enumerate(nodes) for i, item in enumerate(items)}


def test_the_generator_is_the_librarys() -> None:
    words = jnp.array([0, 1, 0xFFFFFFFF, 12345], dtype=jnp.uint32)
    ours = threefry((words, words + 7), (words * 3, words * 5))
    theirs = threefry2x32_p.bind(words, words + 7, words * 3, words * 5)
    np.testing.assert_array_equal(np.stack(ours), np.stack(theirs))


def test_golden_draws() -> None:
    """A change here after an upgrade is an announced event (SIM-512)."""
    key = period_key(ROOT, "demand", jnp.asarray(0))
    words = jnp.asarray(stable_words(["A", "B"]))
    drawn = np.asarray(entity_uniforms(key, words[:1], words, jnp.arange(2)))
    assert drawn.shape == (1, 2, 2)
    np.testing.assert_allclose(drawn.reshape(-1), GOLDEN, rtol=0, atol=1e-7)


def test_adding_items_nodes_and_replications_changes_no_other_draw() -> None:
    small = _market(["A", "B"], ["n"], np.arange(4))
    large = _market(["C", "B", "A"], ["m", "n"], np.arange(9), periods=5)
    for item in ("A", "B"):
        np.testing.assert_array_equal(large["n", item][:3, :4], small["n", item])


def test_replications_are_numbered_not_positioned() -> None:
    whole, part = _market(["A"], ["n"], np.arange(6)), _market(["A"], ["n"], np.array([5, 2]))
    np.testing.assert_array_equal(part["n", "A"], whole["n", "A"][:, [5, 2]])


def test_seeds_purposes_and_places_are_independent() -> None:
    """Correlations within 4.5 / sqrt(n): a false alarm about once in 150,000."""
    words = jnp.asarray(stable_words(["A", "B"]))
    draws = [
        np.asarray(
            entity_uniforms(
                period_key(root_words(jax.random.key(seed)), purpose, jnp.asarray(period)),
                words,
                words,
                jnp.arange(100_000),
            )
        )
        for seed, purpose, period in (
            (0, "demand", 0),
            (1, "demand", 0),
            (0, "lead_time", 0),
            (0, "demand", 1),
        )
    ]
    rows = np.concatenate([draw.reshape(-1, 100_000) for draw in draws])
    correlation = np.corrcoef(rows) - np.eye(len(rows))
    assert np.abs(correlation).max() < 4.5 / np.sqrt(100_000)
    assert 0 < rows.min() < rows.max() < 1


GOLDEN = [0.623455, 0.359373, 0.3783755, 0.4806045]
