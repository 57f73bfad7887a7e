"""Policies from disk, whatever they are: learned ones, optimal ones, tuned ones."""

import dataclasses
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax.numpy as jnp

from basestock.decision import Policy, Problem
from basestock.envs import Slot, codec_of
from basestock.learning.actors import FORMS, Actor
from basestock.learning.checkpoints import CHECKPOINT
from basestock.learning.encoding import Clock, Encoder, num_features
from basestock.learning.gates import GatedActor
from basestock.learning.lookahead import LookaheadActor
from basestock.learning.structures import STRUCTURES
from basestock.learning.tabular import TableActor
from basestock.optimal.mdp.lookup import loaded_optimal
from basestock.policies import find
from basestock.policies.formulas import leaf
from basestock.policies.saved import SavedPolicy, SavedPolicyError, read_policy

KNOWN: dict[str, type[Actor]] = {
    each.form: each
    for each in (*FORMS.values(), *STRUCTURES.values(), GatedActor, TableActor, LookaheadActor)
}
"""Policies by the form that their file names."""

LEARNED = "learned"
"""Name in the manifest of every policy that is a network."""


def saved_actor(actor: Actor, problem: Problem, facts: Mapping[str, Any]) -> SavedPolicy:
    """Return what is written of a network that decides.

    Parameters
    ----------
    actor
        The policy.
    problem
        The problem that it was learned on.
    facts
        What else is known of it: how it was learned, its cost.
    """
    form = {
        "form": actor.form,
        "actions": actor.codec.kind,
        "slots": [dataclasses.asdict(slot) for slot in actor.codec.slots],
        "fields": list(actor.encoder.fields),
        "clock": dataclasses.asdict(actor.encoder.clock),
    }
    arrays = {**actor.network.arrays("network_"), **actor.encoder.arrays()}
    return SavedPolicy(LEARNED, problem.name, {**facts, **form}, arrays)


def loaded_actor(saved: SavedPolicy, problem: Problem) -> Actor:
    """Return the network of a file for a problem with the same places.

    Raises
    ------
    SavedPolicyError
        If the file lacks something, or was made for another network.
    """
    try:
        facts, arrays = saved.facts, saved.arrays
        slots = [_slot(told) for told in facts["slots"]]
        encoder = Encoder(
            jnp.asarray(arrays["center"]),
            jnp.asarray(arrays["scale"]),
            problem.network,
            Clock(**facts["clock"]),
            tuple(facts["fields"]),
        )
        form = KNOWN[facts["form"]]
        network = form.reads.of_arrays(arrays, "network_")
        told, read = num_features(problem, encoder.fields), encoder.center.shape[0]
        if told != read:
            raise ValueError(f"it reads {read} quantities, must read the {told} that {problem.name!r} tells")
        return form.of_problem(problem, encoder, network, codec_of(problem, slots, facts["actions"]))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise SavedPolicyError(
            f"policy for {saved.problem!r}: {error}. Load it for the problem that it was learned on."
        ) from error


def _slot(told: Mapping[str, Any]) -> Slot:
    return dataclasses.replace(Slot(**told), choices=tuple(told["choices"]))


def policy_of(saved: SavedPolicy, problem: Problem) -> Policy:
    """Return the policy of a file for the problem that it was made for."""
    if saved.name == LEARNED:
        return loaded_actor(saved, problem)
    if saved.name == "optimal":
        return loaded_optimal(saved, problem)
    entry = find(saved.name)
    if entry.compute is not None:
        return entry.compute(problem)
    return entry.make(problem, {name: leaf(value) for name, value in saved.arrays.items()})


def saved_policies(folder: Path, problem: Problem) -> dict[str, Policy]:
    """Return the policies of a folder and its subfolders that were saved for a problem, by path without ending.

    Parameters
    ----------
    folder
        Folder of files that were saved with a policy.
    problem
        The problem.

    Raises
    ------
    SavedPolicyError
        If a file is damaged.
    """
    if not folder.is_dir():
        raise SavedPolicyError(f"{folder}: must be a folder of saved policies. Correct the path.")
    found: dict[str, Policy] = {}
    files = (each for each in folder.rglob("*") if each.is_file() and each.name != CHECKPOINT)
    for path in sorted(each for each in files if zipfile.is_zipfile(each)):
        saved = read_policy(path)
        if saved.problem == problem.name and saved.name != "closed_form":
            found[path.relative_to(folder).with_suffix("").as_posix()] = policy_of(saved, problem)
    return found
