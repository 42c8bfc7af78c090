"""
The file that says what personal data is, and where it may be.

    tags = ["pii", "personal", "classification=restricted"]

    [[suggest]]
    columns = ["*email*", "phone"]
    tag = "pii"

    [policy]
    unmasked = true
    systems = ["dataset:postgres://crm*", "dataset:snowflake://*"]
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import msgspec

from fairlead_bridge.errors import BadSettings
from fairlead_bridge.insight.personal import Policy, Rules, Suggestion


class _Suggestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    columns: tuple[str, ...]
    tag: str = "pii"


class _Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    unmasked: bool = True
    systems: tuple[str, ...] = ()


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    tags: tuple[str, ...] | None = None
    suggest: tuple[_Suggestion, ...] | None = None
    policy: _Policy | None = None


def load(path: Path) -> Rules:
    """The rules of the file. Raises BadSettings with the file, the line and what to write instead."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(f"{path}: it cannot be read: {error}") from error
    try:
        return _rules(msgspec.convert(tomllib.loads(text), _File))
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"line (\d+)", str(error))
        raise BadSettings(f"{path}:{at[1] if at else 1}: it is not TOML: {error}") from error
    except msgspec.ValidationError as error:
        raise BadSettings(f"{path}:{_line(text, str(error))}: {_instead(error)}") from error


def _rules(file: _File) -> Rules:
    usual = Rules()
    tags = usual.tags if file.tags is None else tuple(each.lower() for each in file.tags)
    suggestions = usual.suggestions
    if file.suggest is not None:
        suggestions = tuple(
            Suggestion(tuple(name.lower() for name in each.columns), each.tag)
            for each in file.suggest
        )
    policy = file.policy
    return Rules(
        tags,
        suggestions,
        Policy(policy.unmasked, policy.systems) if policy is not None else None,
    )


def _line(text: str, problem: str) -> int:
    """Where the key stands that the problem names last; 1 where it names none."""
    names = re.findall(r"`(\w+)`", problem.partition(" - at ")[0])
    names = [*re.findall(r"[.$](\w+)", problem.partition(" - at ")[2])[-1:], *names[-1:]]
    lines = text.splitlines()
    for name in reversed(names):
        pattern = re.compile(rf"\s*(\[+\s*)?{re.escape(name)}\s*(=|\])")
        for number, line in enumerate(lines, 1):
            if pattern.match(line):
                return number
    return 1


def _instead(error: msgspec.ValidationError) -> str:
    return (
        f'{error}; write tags = ["pii"], [[suggest]] with columns = ["*email*"] and tag = "pii", '
        'or [policy] with unmasked = true and systems = ["dataset:postgres://crm*"]'
    )
