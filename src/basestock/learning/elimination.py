"""Which of several candidates is cheapest, by simulation that spends most on those that are hard to tell apart."""

import dataclasses
from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float, Int

Play = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""``([question, alive] candidates, [replication] numbers of events) -> [question, alive, replication]`` costs."""


@dataclasses.dataclass(frozen=True, eq=False)
class Comparison:
    """What one stage says of the candidates that had been left before it.

    Parameters
    ----------
    candidates
        ``[question, alive]`` candidates.
    costs
        ``[question, alive]`` their mean cost in this stage alone, all on the same events, money; infinite where there
        is no such candidate.
    replications
        Replications of each.
    """

    candidates: Int[np.ndarray, "question alive"]
    costs: Float[np.ndarray, "question alive"]
    replications: int


@dataclasses.dataclass(frozen=True)
class Halving:
    """How candidates are eliminated: half of them after every stage, those left simulated twice as often.

    Parameters
    ----------
    candidates
        Number of candidates at first, a power of two.
    replications
        Replications of each candidate in the first stage.
    stages
        Number of stages; one candidate is left after as many as halves of the candidates there are.

    Notes
    -----
    Sequential halving (Karnin, Koren and Somekh 2013, Proceedings of Machine Learning Research 28(3):1238-1246); every
    stage has equally many paths, so that one program plays them all. Candidates are eliminated by all of their
    replications, but a stage reports only its own: those of earlier stages flatter whoever was left.
    """

    candidates: int
    replications: int
    stages: int

    @property
    def paths(self) -> int:
        """Paths of a question in a stage."""
        return self.candidates * self.replications

    @property
    def most(self) -> int:
        """Replications of the candidate that is left in the end."""
        return self.replications * (2**self.stages - 1)

    def run(
        self, play: Play, there: Bool[np.ndarray, "question candidate"]
    ) -> tuple[list[Comparison], Int[np.ndarray, " question"]]:
        """Simulate candidates.

        Parameters
        ----------
        play
            Simulates.
        there
            Whether there is such a candidate.

        Returns
        -------
        tuple
            The stages, and the cheapest candidate of each question.
        """
        rows = np.arange(len(there))[:, None]
        total, done = np.zeros(there.shape), 0
        alive = np.broadcast_to(np.arange(self.candidates), there.shape)
        stages: list[Comparison] = []
        for stage in range(self.stages):
            replications = self.replications << stage
            costs = np.asarray(play(alive, done + np.arange(replications)), dtype=np.float64).mean(-1)
            costs = np.where(there[rows, alive], costs, np.inf)
            stages.append(Comparison(alive, costs, replications))
            total[rows, alive] += replications * costs
            done += replications
            order = total[rows, alive].argsort(1, kind="stable")
            alive = np.take_along_axis(alive, order[:, : max(alive.shape[1] // 2, 1)], 1)
        return stages, alive[:, 0]
