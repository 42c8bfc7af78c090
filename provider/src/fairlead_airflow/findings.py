"""Findings of `doctor`, and their summary."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """How a finding bears on lineage; the value is what stands in front of its line."""

    OK = "ok"
    FACT = ""
    WARN = "warn"
    FAIL = "FAIL"


@dataclass(frozen=True)
class Finding:
    """A line for a person."""

    text: str
    level: Level = Level.FACT


def ok(text: str) -> Finding:
    """Something was tried and works."""
    return Finding(text, Level.OK)


def fact(text: str) -> Finding:
    """Something that is neither good nor bad."""
    return Finding(text)


def warn(text: str) -> Finding:
    """Lineage arrives all the same, but something is missing or unclear."""
    return Finding(text, Level.WARN)


def fail(text: str) -> Finding:
    """Lineage does not arrive."""
    return Finding(text, Level.FAIL)


def summary(findings: Iterable[Finding], success: str) -> Finding:
    """The first fault, since the checks go from cause to effect; `success` where there is none."""
    warnings = 0
    for finding in findings:
        if finding.level is Level.FAIL:
            return finding
        warnings += finding.level is Level.WARN
    if not warnings:
        return ok(success)
    return ok(f"{success}; {warnings} warning{'s' * (warnings > 1)}, see below")
