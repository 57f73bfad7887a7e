"""Policies from disk, whatever they are: learned ones, optimal ones, tuned ones."""

import dataclasses
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax.numpy as jnp

from basestock.decision import Policy, Problem
from basestock.envs import Slot, action_codec, codec_of
from basestock.learning.actors import FORMS, Actor
from basestock.learning.attention import Attention
from basestock.learning.checkpoints import CHECKPOINT
from basestock.learning.encoding import Clock, Encoder, num_features
from basestock.learning.ensemble import ENSEMBLE, Ensemble, members_of
from basestock.learning.gates import GatedActor
from basestock.learning.local_search import LocalSearchActor
from basestock.learning.lookahead import LookaheadActor
from basestock.learning.networks import Mlp
from basestock.learning.radial import Radial
from basestock.learning.recurrence import RECURRENT, History, Recurrent
from basestock.learning.residual import ResidualActor
from basestock.learning.structures import STRUCTURES
from basestock.learning.tabular import TableActor
from basestock.learning.tokens import TokenEncoder
from basestock.optimal.mdp.lookup import loaded_optimal
from basestock.policies import find
from basestock.policies.formulas import leaf
from basestock.policies.saved import SavedPolicy, SavedPolicyError, read_policy

KNOWN: dict[str, type[Actor]] = {
    each.form: each
    for each in (
        *FORMS.values(),
        *STRUCTURES.values(),
        GatedActor,
        ResidualActor,
        TableActor,
        LookaheadActor,
        LocalSearchActor,
    )
}
"""Policies by the form that their file names."""

NETWORKS: dict[str, Any] = {
    "flat": Mlp,
    "shared": Mlp,
    "attention": Attention,
    "radial": Radial,
    RECURRENT: Recurrent,
}
"""Networks by the name of the setting."""

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
    form: dict[str, Any] = {"form": actor.form, "network": kind_of(actor), "actions": actor.codec.kind}
    if isinstance(actor.encoder, TokenEncoder):
        form["inputs"] = list(actor.encoder.names)
    else:
        form["slots"] = [dataclasses.asdict(slot) for slot in actor.codec.slots]
        form["fields"] = list(actor.encoder.fields)
        form["clock"] = dataclasses.asdict(actor.encoder.clock)
        if isinstance(actor.encoder, History):
            form["history"] = actor.encoder.length
    arrays = {**actor.network.arrays("network_"), **actor.encoder.arrays()}
    if isinstance(actor, ResidualActor):
        form |= {"base": actor.base.name, "reach": actor.reach}
        arrays |= actor.base.arrays()
    return SavedPolicy(LEARNED, problem.name, {**facts, **form}, arrays)


def kept_actor(actor: Actor, problem: Problem) -> dict[str, Any]:
    """Return what a checkpoint holds of a policy."""
    saved = saved_actor(actor, problem, {})
    return {"facts": saved.facts, "arrays": saved.arrays}


def actor_kept(kept: Mapping[str, Any], problem: Problem) -> Actor:
    """Return the policy of which a checkpoint holds this."""
    return loaded_actor(SavedPolicy(LEARNED, problem.name, kept["facts"], kept["arrays"]), problem)


def kind_of(actor: Actor) -> str:
    """Return the kind of the network of a policy: one of :data:`NETWORKS`."""
    if isinstance(actor.encoder, History):
        return RECURRENT
    if isinstance(actor.encoder, TokenEncoder):
        return "attention" if isinstance(actor.network, Attention) else "shared"
    return "radial" if isinstance(actor.network, Radial) else "flat"


def loaded_actor(saved: SavedPolicy, problem: Problem) -> Actor:
    """Return the network of a file for a problem: any, if its slots share it, else one with the same places.

    Raises
    ------
    SavedPolicyError
        If the file lacks something, or was made for another network.
    """
    try:
        facts, arrays = saved.facts, saved.arrays
        if serves_all(saved):
            return _for_places_of(saved, problem)
        slots = [_slot(told) for told in facts["slots"]]
        encoder = Encoder(
            jnp.asarray(arrays["center"]),
            jnp.asarray(arrays["scale"]),
            problem.network,
            Clock(**facts["clock"]),
            tuple(facts["fields"]),
        )
        form = KNOWN[facts["form"]]
        kind = facts["network"]
        network = (form.reads if kind == "flat" else NETWORKS[kind]).of_arrays(arrays, "network_")
        told, read = num_features(problem, encoder.fields), encoder.center.shape[0]
        if told != read:
            raise ValueError(f"it reads {read} quantities, must read the {told} that {problem.name!r} tells")
        reads = History(encoder, facts["history"]) if kind == RECURRENT else encoder
        return form.of_saved(problem, reads, network, codec_of(problem, slots, facts["actions"]), saved)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise SavedPolicyError(
            f"policy for {saved.problem!r}: {error}. Load it for the problem that it was learned on."
        ) from error


def serves_all(saved: SavedPolicy) -> bool:
    """Tell whether a file holds a network that all slots share, so that it serves any problem."""
    return saved.name == LEARNED and saved.facts.get("network") in ("shared", "attention")


def _for_places_of(saved: SavedPolicy, problem: Problem) -> Actor:
    """Return the network of a file that all slots share, for the slots of a problem."""
    facts, form = saved.facts, KNOWN[saved.facts["form"]]
    codec = action_codec(problem, facts["actions"])
    encoder = TokenEncoder.for_problem(problem, codec)
    if list(encoder.names) != facts["inputs"]:
        raise ValueError(f"it reads {', '.join(facts['inputs'])}, must read {', '.join(encoder.names)}")
    network = NETWORKS[facts["network"]].of_arrays(saved.arrays, "network_")
    return form.of_saved(problem, encoder, network, codec, saved)


def _slot(told: Mapping[str, Any]) -> Slot:
    return dataclasses.replace(Slot(**told), choices=tuple(told["choices"]))


def policy_of(saved: SavedPolicy, problem: Problem) -> Policy:
    """Return the policy of a file for the problem that it was made for."""
    if saved.name == LEARNED:
        return loaded_actor(saved, problem)
    if saved.name == ENSEMBLE:
        return Ensemble.of(problem, [policy_of(each, problem) for each in members_of(saved)])
    if saved.name == "optimal":
        return loaded_optimal(saved, problem)
    entry = find(saved.name)
    if entry.compute is not None:
        return entry.compute(problem)
    return entry.make(problem, {name: leaf(value) for name, value in saved.arrays.items()})


def saved_policies(folder: Path, problem: Problem) -> dict[str, Policy]:
    """Return the policies of a folder and its subfolders that serve a problem, by path without ending.

    They were saved for it, or are networks that all slots share.

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
        mine = saved.problem == problem.name or serves_all(saved)
        if mine and saved.name != "closed_form":
            found[path.relative_to(folder).with_suffix("").as_posix()] = policy_of(saved, problem)
    return found
