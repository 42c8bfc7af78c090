"""What the way to a step comes to: the name of the step, or why nothing can be said."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unknown:
    """Why it is not known when something will be done, one sentence."""

    reason: str


Reached = str | Unknown
