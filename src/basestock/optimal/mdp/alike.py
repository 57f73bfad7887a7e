"""Which parts of a problem are alike: tried on random walks, and on all that was listed."""

import dataclasses
import functools
import itertools
from collections.abc import Iterable, Sequence

import numpy as np

from basestock.optimal.mdp.box import Box
from basestock.optimal.mdp.components import Component
from basestock.optimal.mdp.edges import Edges
from basestock.optimal.mdp.exchanges import Exchange, Kind, Part, exchange_of, unknown_entries
from basestock.optimal.mdp.kernel import Kernel, Moves
from basestock.optimal.mdp.process import Process
from basestock.optimal.mdp.samples import Samples
from basestock.optimal.mdp.structure import MONEY, scrambled
from basestock.optimal.mdp.symmetry import Alike, Symmetry
from basestock.uncertainty.support import Block

TRIED = 4096
"""Combinations of state, decision and event on which an exchange is held against the transition."""

OUTCOMES, MOST_OUTCOMES = 16, 1 << 17
"""Events whose outcomes tell decisions apart, and combinations with states and decisions on which they are compared."""


@dataclasses.dataclass(frozen=True, eq=False)
class Trial:
    """Combinations of a period on which exchanges are tried.

    Parameters
    ----------
    kernel
        The transition.
    blocks
        What is random in it.
    decisions
        ``[decision, control]`` joint decisions.
    rows, controls, digits
        ``[combination, ...]`` states, decisions, and the outcome of each block.
    """

    kernel: Kernel
    blocks: tuple[Block, ...]
    decisions: np.ndarray
    rows: np.ndarray
    controls: np.ndarray
    digits: np.ndarray

    def holds(self, exchange: Exchange) -> bool:
        """Tell whether exchanged decisions in exchanged states lead to the exchanged states, at the same cost."""
        rows, controls = self.rows[:, exchange.entries], self.controls[:, exchange.controls]
        here = self._moves
        there = self.kernel(rows, controls, self._events(self._exchanged(exchange, self.digits)))
        positions = [self.kernel.positions(each) for each in (self.rows, rows)]
        return (
            np.array_equal(here.rows[:, exchange.entries], there.rows)
            and np.array_equal(here.placed[:, exchange.controls], there.placed)
            and np.array_equal(positions[0][:, exchange.places], positions[1])
            and _same_money(here.money, there.money)
            and _same_money(here.opening_money, there.opening_money)
        )

    @functools.cached_property
    def _moves(self) -> Moves:
        return self.kernel(self.rows, self.controls, self._events(self.digits))

    def keeps_outcomes(self, exchange: Exchange) -> bool:
        """Tell whether some decision in exchanged states leads wherever one leads here, exchanged, at the same cost.

        Notes
        -----
        So it is where a source that is short of whole units gives the odd one to whom comes first: who asks for what he
        gets, gets it wherever he stands.
        """
        choices, digits = self.decisions, self.digits[:OUTCOMES]
        count = min(64, MOST_OUTCOMES // (2 * len(choices) * len(digits)))
        if count < 4:
            return False
        rows = np.repeat(self.rows[:: max(1, len(self.rows) // count)][:count], len(choices) * len(digits), 0)
        controls = np.tile(np.repeat(choices, len(digits), 0), (count, 1))
        exchanged = self._exchanged(exchange, digits)
        shape = (count, len(choices), -1)
        found: list[tuple[np.ndarray, np.ndarray]] = []
        for states, events in ((rows, digits), (rows[:, exchange.entries], exchanged)):
            numbers = np.tile(self._events(events), count * len(choices))
            moves = self.kernel(states, controls, numbers)
            after = moves.rows if states is not rows else moves.rows[:, exchange.entries]
            money = moves.money + self.kernel.problem.discount * moves.opening_money
            found.append((after.reshape(shape), money.reshape(shape).mean(-1)))
        return all(
            _same_outcomes(*(each[state] for pair in found for each in pair)) for state in range(count)
        )

    def _exchanged(self, exchange: Exchange, digits: np.ndarray) -> np.ndarray:
        blocks = exchange.of_blocks(self.blocks)
        if blocks is None:
            raise ValueError("an exchange must keep the laws of demand")
        found = np.empty_like(digits)
        found[:, blocks] = digits
        return found

    def _events(self, digits: np.ndarray) -> np.ndarray:
        sizes = tuple(len(block.probabilities) for block in self.blocks)
        if not sizes:
            return np.zeros(len(digits), dtype=np.int64)
        return np.asarray(np.ravel_multi_index(tuple(digits.T), sizes))


def _same_money(first: np.ndarray, second: np.ndarray) -> bool:
    return bool(np.abs(first - second).max() <= MONEY * (1.0 + np.abs(first).max()))


def _same_outcomes(here: np.ndarray, money: np.ndarray, there: np.ndarray, other: np.ndarray) -> bool:
    """Tell whether two lists ``[decision, outcome]`` hold the same outcomes, the cheapest of each at the same cost."""
    _, number = np.unique(np.concatenate([here, there]), axis=0, return_inverse=True)
    number = number.reshape(2, -1)
    least = np.full((2, int(number.max()) + 1), np.inf)
    np.minimum.at(least[0], number[0], money)
    np.minimum.at(least[1], number[1], other)
    return bool(np.isfinite(least).all()) and _same_money(least[0], least[1])


def trial_of(
    kernel: Kernel,
    blocks: tuple[Block, ...],
    rows: np.ndarray,
    decisions: np.ndarray,
    rng: np.random.Generator,
) -> Trial:
    """Return states with random decisions and outcomes, each of these as likely as any other."""
    digits = [rng.integers(0, len(block.probabilities), len(rows)) for block in blocks]
    controls = decisions[rng.integers(0, len(decisions), len(rows))]
    return Trial(
        kernel, blocks, decisions, rows, controls, np.array(digits, dtype=np.int64).reshape(-1, len(rows)).T
    )


def symmetry_of(
    kernels: Sequence[Kernel],
    blocks: Sequence[tuple[Block, ...]],
    samples: Samples,
    component: Component,
    decisions: np.ndarray,
    box: Box,
) -> Symmetry | None:
    """Return the parts of a component that are alike, ``None`` if no two are.

    Parameters
    ----------
    kernels, blocks
        The transition of each kind of period, and what is random in it.
    samples
        Walks of the component: everything else as at the start.
    component
        Its entries and controls.
    decisions
        ``[decision, control]`` its joint decisions.
    box
        Where it is listed; parts differ where its bounds do.

    Notes
    -----
    Two items, or two nodes with their lanes, are alike if laws of demand, rates and bounds are exactly the same and
    the transition of exchanged states under exchanged decisions and demand is the exchanged one: tried on random walks
    and on states made of their values. All permutations of such parts then keep the value, and the optimal decisions
    can be chosen to follow them (Zinkevich and Balch 2001, "Symmetry in Markov decision processes").
    """
    problem = kernels[0].problem
    if problem.network.processes or any(block.leaf != "market" for each in blocks for block in each):
        return None
    if unknown_entries(kernels[0].layout.template)[list(component.entries)].any():
        return None
    finder = _Finder(kernels, blocks, samples, component, decisions, box)
    kinds: dict[Kind, int] = {"item": len(problem.network.items), "node": len(problem.network.nodes)}
    found = [finder.groups(kind, count) for kind, count in kinds.items()]
    # Orders of items and of nodes meet in the same entries: those that save most come first.
    found.sort(key=lambda groups: -Symmetry(groups).orders)
    kept: tuple[Alike, ...] = ()
    for group in itertools.chain(*found):
        taken = [(each.entries, each.controls) for each in kept]
        if not any(
            np.isin(group.entries, some).any() or np.isin(group.controls, same).any() for some, same in taken
        ):
            kept += (group,)
    return Symmetry(kept) if kept else None


class _Finder:
    """Tries which parts are alike."""

    def __init__(
        self,
        kernels: Sequence[Kernel],
        blocks: Sequence[tuple[Block, ...]],
        samples: Samples,
        component: Component,
        decisions: np.ndarray,
        box: Box,
    ) -> None:
        self.kernel, self.box = kernels[0], box
        self.entries, self.controls = (
            np.array(each, dtype=np.int64) for each in (component.entries, component.controls)
        )
        rng = np.random.default_rng(7)
        half = slice(0, None, 2)
        rows = np.concatenate([samples.rows[half], scrambled(samples).rows[half]])[:TRIED]
        pairs = zip(kernels, blocks, strict=True)
        self.trials = [trial_of(kernel, each, rows, decisions, rng) for kernel, each in pairs]

    def groups(self, kind: Kind, count: int) -> tuple[Alike, ...]:
        """Return the groups of items, or of nodes."""
        left, found = list(range(count)), list[Alike]()
        while left:
            first = left.pop(0)
            alike = list(self._alike(kind, first, left))
            if alike:
                left = [each for each in left if each not in {exchange.second for exchange, _ in alike}]
                found.append(self._group(kind, alike))
        return tuple(found)

    def _alike(
        self, kind: Kind, first: int, others: Iterable[int]
    ) -> Iterable[tuple[Exchange, tuple[Part, Part]]]:
        """Yield what can be exchanged with the first."""
        own: Part | None = None
        for other in others:
            whole = exchange_of(self.kernel, kind, first, other)
            exchange = whole and whole.within(self.entries, self.controls)
            if exchange is None or not self._fits(exchange):
                continue
            parts = exchange.parts(self.kernel)
            # Where a part is another one for each exchange, as lanes among more than two nodes are, there is no order.
            if parts is None or (own is not None and not own.equals(parts[0])):
                continue
            if all(trial.holds(exchange) or trial.keeps_outcomes(exchange) for trial in self.trials):
                own = parts[0]
                yield exchange, parts

    def _fits(self, exchange: Exchange) -> bool:
        """Tell whether laws, rates and bounds are the same."""
        box, kernel = self.box, self.kernel
        bounds = [box.max_position, box.min_position]
        bounds += [] if box.max_backorders is None else [box.max_backorders]
        units = np.eye(kernel.num_controls, dtype=np.int16)
        added = (
            (kernel.shares, self.entries, exchange.entries),
            (kernel.effects_of(units), self.controls, exchange.controls),
        )
        return (
            all(exchange.of_blocks(trial.blocks) is not None for trial in self.trials)
            and exchange.keeps_rates(kernel.problem.tariff)
            and np.array_equal(box.max_order[exchange.controls], box.max_order)
            and all(np.array_equal(bound[exchange.places], bound) for bound in bounds)
            and all(
                np.array_equal(share[order[own]][:, exchange.places], share[own])
                for share, own, order in added
            )
        )

    def _group(self, kind: Kind, alike: Sequence[tuple[Exchange, tuple[Part, Part]]]) -> Alike:
        network = self.kernel.problem.network
        own = network.items if kind == "item" else network.nodes
        exchanges = tuple(exchange for exchange, _ in alike)
        numbers = [exchanges[0].first, *(exchange.second for exchange in exchanges)]
        parts = [alike[0][1][0], *(pair[1] for _, pair in alike)]
        entries, controls, places = (
            np.stack([getattr(part, name) for part in parts]) for name in ("entries", "controls", "places")
        )
        return Alike(tuple(own[number].name for number in numbers), entries, controls, places, exchanges)


def symmetry_holds(process: Process, blocks: Sequence[tuple[Block, ...]], *, seed: int = 8) -> bool:
    """Hold the symmetry of a listed process against the transition on states and decisions from all over its box.

    Parameters
    ----------
    process
        A listed process with a symmetry.
    blocks
        What is random in each kind of period.
    seed
        Of the choice of combinations.
    """
    symmetry = process.symmetry
    if symmetry is None:
        return True
    rng = np.random.default_rng(seed)
    _, mixed = np.divmod(rng.choice(np.flatnonzero(process.valid), TRIED), process.valid.shape[1])
    rows = process.rows(np.zeros_like(mixed), mixed)
    none = np.zeros((len(rows), process.decisions.shape[1]), dtype=np.int16)
    anywhere, _ = symmetry.shuffled(rows, none, rng)
    for kernel, phase, each in zip(process.kernels, process.phases, blocks, strict=True):
        trial = trial_of(kernel, each, anywhere, process.decisions, rng)
        # Of what leads to the same, one decision is kept: it alone is given back to other states.
        kept = phase.local[:, mixed].T >= 0
        chosen = np.argmax(rng.random(kept.shape) * kept, axis=1)
        known = kept.any(1)
        states, controls = symmetry.shuffled(rows[known], process.decisions[chosen[known]], rng)
        own = dataclasses.replace(trial, rows=states, controls=controls, digits=trial.digits[known])
        for exchange in (exchange for group in symmetry.groups for exchange in group.exchanges):
            if not trial.holds(exchange) and not (trial.keeps_outcomes(exchange) and own.holds(exchange)):
                return False
    return True


def evened(symmetry: Symmetry, edges: Edges) -> Edges:
    """Return the shares of periods at each edge of the box where parts that are alike take turns at each role."""
    found = {name: getattr(edges, name).copy() for name in ("orders", "positions", "backorders")}
    for group in symmetry.groups:
        for name, share in found.items():
            at = group.controls if name == "orders" else group.places
            share[at] = share[at].mean(0)
    return Edges(**found)
