"""Small neural networks whose arrays have replications last, like everything else here."""

import dataclasses
import itertools
from collections.abc import Callable, Mapping, Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


def generator(key: Array) -> np.random.Generator:
    """Return NumPy's generator that a key stands for."""
    return np.random.default_rng(np.asarray(jax.random.key_data(key)))


class Mlp(eqx.Module):
    """A multilayer perceptron beside a linear layer from its inputs to its outputs.

    Parameters
    ----------
    weights
        ``[output, input]`` of each layer.
    biases
        ``[output, 1]`` of each layer.
    linear
        ``[output, input]`` of the layer beside them.
    """

    weights: tuple[Float[Array, "_out _in"], ...]
    biases: tuple[Float[Array, "_out 1"], ...]
    linear: Float[Array, "output input"]

    @classmethod
    def create(cls, sizes: Sequence[int], key: Array, *, last: float = 1.0) -> "Mlp":
        """Return a network with random weights.

        Parameters
        ----------
        sizes
            Widths of the input, of every hidden layer, and of the output.
        key
            Key of the weights.
        last
            Scale of the last layer: small numbers make a network that begins as its biases say.

        Notes
        -----
        Weights have variance 2 / inputs (He et al. 2015, doi:10.1109/ICCV.2015.123).
        """
        # Drawn by NumPy: compiling a program for every shape takes seconds.
        draw = generator(key)
        ends = list(itertools.pairwise(sizes))
        weights = [draw.normal(size=(out, into)) * np.sqrt(2.0 / into) for into, out in ends]
        weights[-1] = weights[-1] * last
        return cls(
            tuple(jnp.asarray(weight, dtype=jnp.float32) for weight in weights),
            tuple(jnp.asarray(np.zeros((out, 1), np.float32)) for _, out in ends),
            jnp.asarray(np.zeros((sizes[-1], sizes[0]), np.float32)),
        )

    def __call__(self, inputs: Float[Array, "input *column"]) -> Float[Array, "output *column"]:
        """Return the outputs, for every column by itself."""
        hidden = columns = inputs.reshape(inputs.shape[0], -1)
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            hidden = jax.nn.silu(weight @ hidden + bias)
        outputs = self.weights[-1] @ hidden + self.linear @ columns + self.biases[-1]
        return outputs.reshape(-1, *inputs.shape[1:])

    def biased(self, outputs: np.ndarray) -> "Mlp":
        """Return the network with given biases of its outputs."""
        bias = jnp.asarray(outputs[:, None], dtype=jnp.float32)
        return dataclasses.replace(self, biases=(*self.biases[:-1], bias))

    def leading(self, linear: np.ndarray, outputs: np.ndarray) -> "Mlp":
        """Return the network with given weights ``[output, input]`` of the layer beside, and biases of its outputs."""
        return dataclasses.replace(self.biased(outputs), linear=jnp.asarray(linear, dtype=jnp.float32))

    def mapped(self, function: Callable[[Array], Array]) -> "Mlp":
        """Return the network whose outputs are a linear function of the outputs, ``[output, column]``."""
        return dataclasses.replace(
            self,
            weights=(*self.weights[:-1], function(self.weights[-1])),
            biases=(*self.biases[:-1], function(self.biases[-1])),
            linear=function(self.linear),
        )

    @property
    def sizes(self) -> tuple[int, ...]:
        """Widths of the input, of every hidden layer, and of the output."""
        return (self.weights[0].shape[1], *(weight.shape[0] for weight in self.weights))

    def arrays(self, prefix: str = "") -> dict[str, np.ndarray]:
        """Return the numbers by name, as they are saved."""
        pairs = zip(self.weights, self.biases, strict=True)
        found = {f"{prefix}linear": np.asarray(self.linear)}
        for at, (weight, bias) in enumerate(pairs):
            found |= {f"{prefix}weight_{at}": np.asarray(weight), f"{prefix}bias_{at}": np.asarray(bias)}
        return found

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, np.ndarray], prefix: str = "") -> "Mlp":
        """Return the network that numbers by name are of."""
        count = sum(name.startswith(f"{prefix}weight_") for name in arrays)
        return cls(
            tuple(jnp.asarray(arrays[f"{prefix}weight_{at}"]) for at in range(count)),
            tuple(jnp.asarray(arrays[f"{prefix}bias_{at}"]) for at in range(count)),
            jnp.asarray(arrays[f"{prefix}linear"]),
        )
