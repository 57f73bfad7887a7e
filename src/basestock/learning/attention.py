"""Self-attention over the slots of an action, before the same head that serves each of them."""

import dataclasses
import math
from collections.abc import Mapping, Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from basestock.learning.networks import Mlp, generator

HEADS = 4
"""Heads of a block: the width of a block is a multiple of it."""

PARTS = ("query", "key", "value", "back")
"""Matrices of a block of attention."""


class Block(eqx.Module):
    """Multi-head self-attention beside the identity, and a layer of each token beside the identity.

    Parameters
    ----------
    query, key, value, back
        ``[width, width]`` what tokens ask for, offer, and pass on, and how it enters.
    layer
        The layer.
    """

    query: Float[Array, "width width"]
    key: Float[Array, "width width"]
    value: Float[Array, "width width"]
    back: Float[Array, "width width"]
    layer: Mlp

    def __call__(
        self, tokens: Float[Array, "width slot replication"]
    ) -> Float[Array, "width slot replication"]:
        """Return what tokens are after having looked at each other."""
        width, slots, count = tokens.shape
        even = _even(tokens)
        asked, offered, passed = (
            jnp.einsum("vw,wsr->vsr", each, even).reshape(HEADS, width // HEADS, slots, count)
            for each in (self.query, self.key, self.value)
        )
        alike = jnp.einsum("hwsr,hwtr->hstr", asked, offered) / math.sqrt(width // HEADS)
        seen = jnp.einsum("hstr,hwtr->hwsr", jax.nn.softmax(alike, axis=2), passed)
        tokens = tokens + jnp.einsum("vw,wsr->vsr", self.back, seen.reshape(tokens.shape))
        return tokens + self.layer(_even(tokens))


class Attention(eqx.Module):
    """A network that serves every slot and sees all of them.

    Parameters
    ----------
    enter
        ``[width, input]`` from inputs to tokens.
    blocks
        Blocks of self-attention.
    head
        Reads the inputs of a slot and its token; begins as its layer beside says.

    Notes
    -----
    Vaswani et al. 2017, doi:10.48550/arXiv.1706.03762, normalized before every part (Xiong et al. 2020,
    doi:10.48550/arXiv.2002.04745). Tokens have no positions: any order of slots gives the same quantities.
    """

    enter: Float[Array, "width input"]
    blocks: tuple[Block, ...]
    head: Mlp

    @classmethod
    def create(cls, sizes: Sequence[int], root: Array, *, blocks: int = 1, last: float = 1.0) -> "Attention":
        """Return a network with random weights.

        Parameters
        ----------
        sizes
            Number of inputs, width of tokens and of the hidden layers of the head, and number of outputs of a slot.
        root
            Key of the weights.
        blocks
            Number of blocks.
        last
            Scale of the last layer, and of what blocks add.
        """
        keys = jax.random.split(root, 2 * blocks + 2)
        inputs, width = sizes[0], HEADS * math.ceil(sizes[1] / HEADS)

        def drawn(at: int, rows: int, columns: int) -> np.ndarray:
            return generator(keys[at]).normal(size=(rows, columns)) / math.sqrt(columns)

        found = []
        for number in range(blocks):
            matrices = drawn(2 * number, 4 * width, width).astype(np.float32).reshape(4, width, width)
            matrices[-1] *= last
            layer = Mlp.create((width, width, width), keys[2 * number + 1], last=last)
            query, key, value, back = map(jnp.asarray, matrices)
            found.append(Block(query, key, value, back, layer))
        head = Mlp.create((inputs + width, *sizes[1:]), keys[-1], last=last)
        return cls(jnp.asarray(drawn(-2, width, inputs).astype(np.float32)), tuple(found), head)

    def __call__(
        self, inputs: Float[Array, "input slot replication"]
    ) -> Float[Array, "output slot replication"]:
        """Return the outputs."""
        tokens = jnp.einsum("wi,isr->wsr", self.enter, inputs)
        for block in self.blocks:
            tokens = block(tokens)
        return self.head(jnp.concatenate([inputs, _even(tokens)]))

    def leading(self, linear: np.ndarray, outputs: np.ndarray) -> "Attention":
        """Return the network with given weights ``[output, input]`` beside it, and biases of its outputs."""
        wide = np.pad(linear, ((0, 0), (0, self.enter.shape[0])))
        return dataclasses.replace(self, head=self.head.leading(wide, outputs))

    def arrays(self, prefix: str = "") -> dict[str, np.ndarray]:
        """Return the numbers by name, as they are saved."""
        found = {f"{prefix}enter": np.asarray(self.enter), **self.head.arrays(f"{prefix}head_")}
        for at, block in enumerate(self.blocks):
            found |= {f"{prefix}{name}_{at}": np.asarray(getattr(block, name)) for name in PARTS}
            found |= block.layer.arrays(f"{prefix}layer_{at}_")
        return found

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, np.ndarray], prefix: str = "") -> "Attention":
        """Return the network that numbers by name are of."""
        count = sum(name.startswith(f"{prefix}query_") for name in arrays)
        blocks = [
            Block(
                **{name: jnp.asarray(arrays[f"{prefix}{name}_{at}"]) for name in PARTS},
                layer=Mlp.of_arrays(arrays, f"{prefix}layer_{at}_"),
            )
            for at in range(count)
        ]
        head = Mlp.of_arrays(arrays, f"{prefix}head_")
        return cls(jnp.asarray(arrays[f"{prefix}enter"]), tuple(blocks), head)


def _even(tokens: Float[Array, "width slot replication"]) -> Float[Array, "width slot replication"]:
    """Return tokens of zero mean and unit variance."""
    apart = tokens - tokens.mean(0)
    return apart / jnp.sqrt((apart**2).mean(0) + 1e-5)
