"""What a program says when it has no answer, or no constraint for a feature."""


class UnsupportedError(ValueError):
    """A network, a price or a path has a feature that is no linear constraint.

    Parameters
    ----------
    feature
        What it is called, with the part that has it.
    reason
        Why it is not linear.
    """

    def __init__(self, feature: str, reason: str) -> None:
        """Say it in one sentence."""
        super().__init__(
            f"Program: {feature} has no constraint in a program, must be absent: {reason}. Drop it, or decide by "
            "simulation instead."
        )
        self.feature = feature


class ProgramError(ValueError):
    """A program has no answer."""


class InfeasibleError(ProgramError):
    """No values meet all constraints.

    Parameters
    ----------
    message
        What is violated, by how much, and what may be done.
    violations
        Group of constraints to the smallest total violation that makes the program feasible, in units of the group.
    """

    def __init__(self, message: str, violations: dict[str, float]) -> None:
        """Keep the message and the violations."""
        super().__init__(message)
        self.violations = violations


class UnboundedError(ProgramError):
    """The objective falls for ever."""
