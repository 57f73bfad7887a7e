"""Checkpoints: everything that a run changes, so that one that was interrupted goes on as if it had not been."""

import dataclasses
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PyTree

from basestock.decision import Problem
from basestock.learning.settings import Settings
from basestock.policies.saved import DAMAGES, SavedPolicy, SavedPolicyError, read_policy

CHECKPOINT = "checkpoint.zip"
"""Name of the file in the folder of a run."""

SHARE = 0.02
"""Share of the time that writing may take."""

APART = 5.0
"""Seconds between two checkpoints at least."""

BUDGET = ("seconds", "updates")
"""Settings that a run that goes on may have more of."""

WHAT = (
    *("kind", "criterion", "sense", "horizon", "warm_up", "discount", "period_days", "parameters"),
    *("network", "uncertainty", "tariff", "sequence", "information", "action_map", "initial_state", "terms"),
)
"""What of a problem makes it another one to learn."""

Tree = TypeVar("Tree")


class ResumeError(ValueError):
    """A run cannot go on: its checkpoint is damaged, or is of another run."""


def identity(problem: Problem, algorithm: str, config: Settings, key: Array) -> dict[str, Any]:
    """Return what makes a run this one, as JSON has it: problem, learner, settings but for the budget, and key."""
    settings = {name: value for name, value in dataclasses.asdict(config).items() if name not in BUDGET}
    told = {
        "problem": problem.name,
        "data of the problem": digest_of([getattr(problem, name) for name in WHAT]),
        "learner": algorithm,
        "key": np.asarray(jax.random.key_data(key)).tolist(),
        "schedule": "by the clock" if config.updates is None else "by updates",
        **settings,
    }
    return json.loads(json.dumps(told))


def require_same(where: Path, known: Mapping[str, Any], mine: Mapping[str, Any]) -> None:
    """Refuse to go on with a run of something else.

    Parameters
    ----------
    where
        Its file, for the message.
    known, mine
        What :func:`identity` says of it and of the run that is asked for.

    Raises
    ------
    ResumeError
        Naming everything that differs.
    """
    names = [name for name in {**mine, **known} if known.get(name) != mine.get(name)]
    if names:
        then, now = (", ".join(_shown(name, each.get(name)) for name in names) for each in (known, mine))
        raise ResumeError(
            f"{where}: a run with {then}, must be the run that is asked for, with {now}. Choose another folder, or "
            "what it was begun with."
        )


def _shown(name: str, value: Any) -> str:
    return f"{name} {f'{value[:8]}...' if name.startswith('data') and value else value}"


def is_more(config: Settings, budget: Mapping[str, Any]) -> bool:
    """Tell whether settings give a run more time, or more updates, than it had."""
    if config.updates is not None:
        return config.updates > (budget["updates"] or 0)
    return config.seconds > budget["seconds"]


def digest_of(value: Any) -> str:
    """Return a hash of everything that nested data hold; of functions only their names.

    Examples
    --------
    >>> digest_of({"a": np.ones(2)}) == digest_of({"a": np.ones(2)}) != digest_of({"a": np.ones(3)})
    True
    """
    digest = hashlib.sha256()
    _feed(digest.update, value)
    return digest.hexdigest()


def _feed(take: Callable[[bytes], None], value: Any) -> None:
    take(f"<{type(value).__name__}>".encode())
    if isinstance(value, jax.Array | np.ndarray):
        take(f"{value.shape}{value.dtype}".encode() + np.asarray(value).tobytes())
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            take(field.name.encode())
            _feed(take, getattr(value, field.name))
    elif isinstance(value, Mapping):
        for name, each in value.items():
            _feed(take, name)
            _feed(take, each)
    elif isinstance(value, list | tuple):
        for each in value:
            _feed(take, each)
    elif callable(value):
        take(getattr(value, "__qualname__", "").encode())
    elif type(value).__repr__ is not object.__repr__:
        take(repr(value).encode())


def arrays_of(tree: PyTree, prefix: str) -> dict[str, np.ndarray]:
    """Return the arrays of a structure by where they stand in it."""
    leaves = jax.tree_util.tree_flatten_with_path(tree)[0]
    return {_name(prefix, path): np.asarray(leaf) for path, leaf in leaves if _is_array(leaf)}


def refilled(tree: Tree, arrays: Mapping[str, np.ndarray], prefix: str) -> Tree:
    """Return a structure with other arrays of the same shapes in it.

    Parameters
    ----------
    tree
        The structure.
    arrays
        What :func:`arrays_of` returned of a structure like it.
    prefix
        What their names begin with.

    Raises
    ------
    ValueError
        If an array is missing, or has another shape or type.
    """

    def leaf(path: Any, old: Any) -> Any:
        if not _is_array(old):
            return old
        name = _name(prefix, path)
        new = arrays.get(name)
        if new is None or (new.shape, new.dtype) != (old.shape, old.dtype):
            found = "missing" if new is None else f"{new.dtype}{list(new.shape)}"
            raise ValueError(f"{name} is {found}, must be {old.dtype}{list(old.shape)}")
        return jnp.asarray(new) if isinstance(old, jax.Array) else new.copy()

    return jax.tree_util.tree_map_with_path(leaf, tree)


def packed(value: Any, arrays: dict[str, np.ndarray], name: str = "state") -> Any:
    """Return nested data as JSON has it, where arrays are named.

    Parameters
    ----------
    value
        Mappings, sequences, arrays, numbers, words and nothing, of any sizes.
    arrays
        Where the arrays are put, by name.
    name
        What their names begin with.

    Examples
    --------
    >>> beside = {}
    >>> unpacked(packed({3: [np.arange(2), 0.5]}, beside), beside)
    {3: [array([0, 1]), 0.5]}
    """
    if _is_array(value):
        arrays[name] = np.asarray(value)
        return {"array": name}
    if isinstance(value, Mapping):
        return {"entries": [[key, packed(each, arrays, f"{name}.{key}")] for key, each in value.items()]}
    if isinstance(value, list | tuple):
        return [packed(each, arrays, f"{name}.{at}") for at, each in enumerate(value)]
    return value


def unpacked(told: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    """Return what :func:`packed` was given, sequences as lists.

    Raises
    ------
    KeyError
        If an array is missing.
    """
    if isinstance(told, list):
        return [unpacked(each, arrays) for each in told]
    if isinstance(told, Mapping):
        if "array" in told:
            return arrays[told["array"]]
        return {key: unpacked(each, arrays) for key, each in told["entries"]}
    return told


def _is_array(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array | np.ndarray)


def _name(prefix: str, path: Any) -> str:
    return f"{prefix}{jax.tree_util.keystr(path)}"


def _hash(facts: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


@dataclasses.dataclass(frozen=True, eq=False)
class Held:
    """What a checkpoint holds.

    Parameters
    ----------
    facts
        Counters, curve and clock as JSON.
    arrays
        Everything else, by name.
    """

    facts: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray]


class Checkpoint:
    """Where a run keeps what it needs to go on.

    Parameters
    ----------
    path
        The file; nothing is kept if not given.
    resumes
        Whether what is there is gone on with.
    """

    def __init__(self, path: Path | None = None, *, resumes: bool = False) -> None:
        self.path, self.resumes = path, resumes
        self.seconds, self._last = 0.0, time.perf_counter()

    def is_due(self) -> bool:
        """Tell whether it is time to write, so that writing takes a small share of it."""
        if self.path is None:
            return False
        return time.perf_counter() - self._last >= max(APART, self.seconds / SHARE)

    def write(self, made: Mapping[str, Any], facts: Mapping[str, Any], arrays: Mapping[str, Any]) -> None:
        """Write all of it, or leave what was there.

        Parameters
        ----------
        made
            What :func:`identity` says of the run.
        facts
            Counters, curve and clock.
        arrays
            Everything else.
        """
        if self.path is None:
            return
        began = time.perf_counter()
        whole = {"made": dict(made), **facts}
        SavedPolicy(
            "checkpoint", made["problem"], {"run": whole, "sha256": _hash(whole)}, dict(arrays)
        ).write(self.path, packed=False)
        self._last = time.perf_counter()
        self.seconds = self._last - began

    def read(self, made: Mapping[str, Any]) -> Held | None:
        """Return what is there to go on with, nothing if the run begins.

        Parameters
        ----------
        made
            What :func:`identity` says of the run.

        Raises
        ------
        ResumeError
            If the file is damaged, or of another run.
        """
        if self.path is None or not self.resumes or not self.path.exists():
            return None
        try:
            saved = read_policy(self.path)
            facts = saved.facts["run"]
            if saved.facts["sha256"] != _hash(facts):
                raise SavedPolicyError(f"{self.path}: its counters and curve differ from their hash")
            require_same(self.path, facts["made"], made)
        except ResumeError:
            raise
        except (SavedPolicyError, *DAMAGES) as error:
            raise self.damaged(error) from error
        return Held(facts, saved.arrays)

    def damaged(self, error: Exception) -> ResumeError:
        """Return the refusal of a file that does not hold what it should."""
        return ResumeError(
            f"{self.path}: nothing of it is used ({error}); must be a checkpoint as it was written. Restore the file, "
            "or remove it to begin the run anew."
        )
