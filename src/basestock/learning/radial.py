"""A network of radial basis functions: units that answer near a center of their own, and a linear output."""

import dataclasses
from collections.abc import Callable, Mapping

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from basestock.learning.networks import generator


class Radial(eqx.Module):
    """Gaussian units with centers and widths that are learned, and outputs that are linear in them.

    Parameters
    ----------
    centers
        ``[unit, input]`` where each unit answers most.
    log_widths
        ``[unit, 1]`` logarithm of the distance from the center at which an answer has fallen to 0.61.
    weights
        ``[output, unit]`` of the outputs.
    bias
        ``[output, 1]`` of the outputs.

    Notes
    -----
    Unit k answers exp(-|x - c_k|^2 / (2 w_k^2)) to what is read, which is on a scale of unit size
    (Broomhead and Lowe 1988, Complex Systems 2, 321-355).
    """

    centers: Float[Array, "unit input"]
    log_widths: Float[Array, "unit 1"]
    weights: Float[Array, "output unit"]
    bias: Float[Array, "output 1"]

    @classmethod
    def create(cls, inputs: int, units: int, outputs: int, key: Array, *, last: float = 1.0) -> "Radial":
        """Return a network with random centers and outputs.

        Parameters
        ----------
        inputs, units, outputs
            Numbers of each.
        key
            Key of centers and weights.
        last
            Scale of the weights of the outputs.
        """
        draw = generator(key)
        found = (
            draw.normal(size=(units, inputs)),
            # Between two standard normal points lies a mean square distance of twice the number of inputs.
            np.full((units, 1), 0.5 * np.log(inputs)),
            last * draw.normal(size=(outputs, units)) / np.sqrt(units),
            np.zeros((outputs, 1)),
        )
        return cls(*(jnp.asarray(each, dtype=jnp.float32) for each in found))

    def __call__(self, inputs: Float[Array, "input *column"]) -> Float[Array, "output *column"]:
        """Return the outputs, for every column by itself."""
        columns = inputs.reshape(inputs.shape[0], -1)
        square = (self.centers**2).sum(1)[:, None] - 2.0 * self.centers @ columns + (columns**2).sum(0)
        # What is rounded off must not make a square negative, which a narrow unit would answer without bound.
        units = jnp.exp(-0.5 * jnp.maximum(square, 0.0) * jnp.exp(-2.0 * self.log_widths))
        return (self.weights @ units + self.bias).reshape(-1, *inputs.shape[1:])

    def mapped(self, function: Callable[[Array], Array]) -> "Radial":
        """Return the network whose outputs are a linear function of the outputs, ``[output, column]``."""
        return dataclasses.replace(self, weights=function(self.weights), bias=function(self.bias))

    def arrays(self, prefix: str = "") -> dict[str, np.ndarray]:
        """Return the numbers by name, as they are saved."""
        fields = dataclasses.fields(self)
        return {f"{prefix}{field.name}": np.asarray(getattr(self, field.name)) for field in fields}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, np.ndarray], prefix: str = "") -> "Radial":
        """Return the network that numbers by name are of."""
        return cls(*(jnp.asarray(arrays[prefix + field.name]) for field in dataclasses.fields(cls)))
