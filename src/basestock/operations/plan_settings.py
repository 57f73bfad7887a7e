"""What a plan may vary."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from typing import Any


def content_sha(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a JSON-like mapping."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


@dataclasses.dataclass(frozen=True)
class PlanSettings:
    """What a plan may vary.

    Parameters
    ----------
    policy
        Name of the deciding policy.
    reference
        Name of the reference rule.
    budget
        Money to spend at most; ``None`` for no limit.
    replications
        Demand paths per line.
    seed
        Root of all random numbers.
    preset
        Name of another system whose order quantities are taken; ``None``: our own.
    horizon_days
        Longest pricing of a line, days; 4 x (lead time + review) if ``None``.
    """

    policy: str = "marginal"
    reference: str = "current"
    budget: float | None = None
    replications: int = 128
    seed: int = 0
    preset: str | None = None
    horizon_days: float | None = None

    def sha(self) -> str:
        """Return the hash of the settings."""
        return content_sha(dataclasses.asdict(self))
