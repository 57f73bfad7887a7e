"""Recurrence over what was seen: a window of the last observations, and a network with gates that goes through it."""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from basestock.decision import Observation
from basestock.learning.encoding import Clock, Encoder
from basestock.learning.networks import Mlp, generator
from basestock.learning.settings import NetworkSettings

Window = Float[Array, "step row replication"]


RECURRENT = "recurrent"
"""Name of the network that goes through a history."""


class History(eqx.Module):
    """What is read now and was read before, the newest observation last.

    Parameters
    ----------
    encoder
        What is read of one observation.
    length
        Observations that are read, the one of now among them.

    Notes
    -----
    The window is the memory of whoever decides, in the simulator, in experience that is replayed and in a policy from
    disk alike. Beside each observation stands 1; 0 stands for those before the first one.
    """

    encoder: Encoder
    length: int = eqx.field(static=True)

    def opened(self, count: int) -> Window:
        """Return the memory of so many replications before their first observation."""
        return jnp.zeros((self.length, self.encoder.width + 1, count))

    def read(
        self, observation: Observation, memory: Window
    ) -> tuple[Float[Array, "input replication"], Window]:
        """Return the inputs of a network, and the memory after the observation."""
        now = self.encoder(observation)
        newest = jnp.concatenate([now, jnp.ones_like(now[:1])])
        memory = jnp.concatenate([memory[1:], newest[None]])
        return memory.reshape(self.width, -1), memory

    @property
    def width(self) -> int:
        """Number of inputs."""
        return self.length * (self.encoder.width + 1)

    @property
    def clock(self) -> Clock:
        """How time matters."""
        return self.encoder.clock

    @property
    def fields(self) -> tuple[str, ...]:
        """Fields of an observation that are read."""
        return self.encoder.fields

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the numbers by name, as they are saved."""
        return self.encoder.arrays()


class Recurrent(eqx.Module):
    """A gated recurrent unit that goes through a window, and a head that reads where it ends beside what is seen now.

    Parameters
    ----------
    entering, carried
        ``[three_state, row]`` and ``[three_state, state]`` weights of an observation and of the state before it: of the
        reset gate, the update gate and the candidate.
    biases
        ``[three_state, 1]`` of the same.
    candidate
        ``[state, 1]`` bias of what the reset gate shuts off.
    head
        Reads the newest observation, whatever else is read beside the window, and the last state.

    Notes
    -----
    Cho et al. 2014, doi:10.48550/arXiv.1406.1078, with the reset gate after the product with the state, as common
    libraries have it: r, u = sigmoid(W x + V s + b), c = tanh(W x + b + r (V s + d)), s' = u s + (1 - u) c. Before the
    first observation the state stays 0.
    """

    entering: Float[Array, "three_state row"]
    carried: Float[Array, "three_state state"]
    biases: Float[Array, "three_state 1"]
    candidate: Float[Array, "state 1"]
    head: Mlp

    @classmethod
    def create(
        cls, rows: int, sizes: Sequence[int], root: Array, *, beside: int = 0, last: float = 1.0
    ) -> "Recurrent":
        """Return a network with random weights.

        Parameters
        ----------
        rows
            Numbers of an observation.
        sizes
            Widths of the hidden layers of the head, the first of which is that of the state too, and of the output.
        root
            Key of the weights.
        beside
            Numbers that are read beside the window.
        last
            Scale of the last layer.
        """
        own, head = jax.random.split(root)
        draw, state = generator(own), sizes[0]
        most = 1.0 / math.sqrt(state)

        def drawn(*shape: int) -> Array:
            return jnp.asarray(draw.uniform(-most, most, shape), dtype=jnp.float32)

        return cls(
            *(drawn(3 * state, rows), drawn(3 * state, state), drawn(3 * state, 1), drawn(state, 1)),
            Mlp.create((rows + beside + state, *sizes), head, last=last),
        )

    def __call__(self, inputs: Float[Array, "input *column"]) -> Float[Array, "output *column"]:
        """Return the outputs, for every column by itself."""
        columns, (state, rows) = inputs.reshape(inputs.shape[0], -1), self._sizes
        beside = self.head.sizes[0] - rows - state
        length = (columns.shape[0] - beside) // (rows + 1)
        window = columns[: columns.shape[0] - beside].reshape(length, rows + 1, -1)
        end = self.states(window)[-1]
        read = jnp.concatenate([window[-1, :-1], columns[columns.shape[0] - beside :], end])
        return self.head(read).reshape(-1, *inputs.shape[1:])

    def states(self, window: Float[Array, "step row column"]) -> Float[Array, "step state column"]:
        """Return the state after each observation of a window, whose last row says which are there."""
        state = self.candidate.shape[0]
        entering = jnp.einsum("gr,src->sgc", self.entering, window[:, :-1]) + self.biases

        def step(before: Array, each: tuple[Array, Array]) -> tuple[Array, Array]:
            entered, there = each
            gates, carried = entered.reshape(3, state, -1), (self.carried @ before).reshape(3, state, -1)
            reset, update = jax.nn.sigmoid(gates[:2] + carried[:2])
            new = jnp.tanh(gates[2] + reset * (carried[2] + self.candidate))
            after = jnp.where(there > 0, new + update * (before - new), before)
            return after, after

        return jax.lax.scan(step, jnp.zeros((state, window.shape[-1])), (entering, window[:, -1]))[1]

    @property
    def _sizes(self) -> tuple[int, int]:
        """Width of the state, and numbers of an observation."""
        return self.candidate.shape[0], self.entering.shape[1]

    def biased(self, outputs: np.ndarray) -> "Recurrent":
        """Return the network with given biases of its outputs."""
        return dataclasses.replace(self, head=self.head.biased(outputs))

    def mapped(self, function: Callable[[Array], Array]) -> "Recurrent":
        """Return the network whose outputs are a linear function of the outputs, ``[output, column]``."""
        return dataclasses.replace(self, head=self.head.mapped(function))

    def arrays(self, prefix: str = "") -> dict[str, np.ndarray]:
        """Return the numbers by name, as they are saved."""
        own = {f"{prefix}{name}": np.asarray(getattr(self, name)) for name in PARTS}
        return {**own, **self.head.arrays(f"{prefix}head_")}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, np.ndarray], prefix: str = "") -> "Recurrent":
        """Return the network that numbers by name are of."""
        own = {name: jnp.asarray(arrays[f"{prefix}{name}"]) for name in PARTS}
        return cls(**own, head=Mlp.of_arrays(arrays, f"{prefix}head_"))


PARTS = ("entering", "carried", "biases", "candidate")
"""Arrays of a recurrent unit."""

Network = Mlp | Recurrent
"""A network that reads what an encoder or a history says."""


def reads_of(encoder: Encoder, settings: NetworkSettings) -> Encoder | History:
    """Return what a network reads: what is seen now, or a history of it."""
    return History(encoder, settings.history) if settings.network == RECURRENT else encoder


def network_of(
    reads: Encoder | History, sizes: Sequence[int], key: Array, *, beside: int = 0, last: float = 1.0
) -> Network:
    """Return a network for what it reads, with random weights.

    Parameters
    ----------
    reads
        What it reads.
    sizes
        Widths of its hidden layers, and of the output.
    key
        Key of the weights.
    beside
        Numbers that are read beside it.
    last
        Scale of the last layer.
    """
    if isinstance(reads, History):
        return Recurrent.create(reads.encoder.width, sizes, key, beside=beside, last=last)
    return Mlp.create((reads.width + beside, *sizes), key, last=last)
