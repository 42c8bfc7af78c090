"""YAML with the line of each value, and every scalar as it is written: `13:00` is no number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from fairlead_bridge.errors import WrongLines

#: Mappings and lists within others that are read; aliases may go round in circles.
_DEEPEST = 50


@dataclass(frozen=True, slots=True)
class Marked:
    """A value and its line, counted from 1; `value` is None where nothing is written."""

    value: dict[str, Marked] | list[Marked] | str | None
    line: int

    def get(self, key: str) -> Marked:
        """The value of a key; nothing, on this line, where it is not there."""
        found = self.value.get(key) if isinstance(self.value, dict) else None
        return found if found is not None else Marked(None, self.line)

    def text(self, key: str) -> str:
        """The text of a key, without blanks around it; empty where there is none."""
        found = self.get(key).value
        return found.strip() if isinstance(found, str) else ""

    def items(self, key: str) -> Iterator[Marked]:
        """The mappings in the list of this key; nothing where it is no list."""
        found = self.get(key).value
        yield from (
            (each for each in found if isinstance(each.value, dict))
            if isinstance(found, list)
            else ()
        )


def load(path: Path) -> Marked:
    """The file's only document. Raises WrongLines where it cannot be read or is no YAML."""
    try:
        return read(path.read_text("utf-8-sig"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise WrongLines(
            [f"{path}:1: it cannot be read: {' '.join(str(error).split())}"]
        ) from error


def read(text: str, name: str) -> Marked:
    """The only document of the text of a file. Raises WrongLines where it is no YAML."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = " ".join(filter(None, (error.context, error.problem)))
        line = mark.line + 1 if mark is not None else 1
        raise WrongLines([f"{name}:{line}: it is not YAML: {problem}"]) from error
    except yaml.YAMLError as error:
        problem = " ".join(str(error).split())
        raise WrongLines([f"{name}:1: it cannot be read: {problem}"]) from error
    return Marked(None, 1) if node is None else _marked(node, name, _DEEPEST)


def _marked(node: yaml.Node, name: str, depth: int) -> Marked:
    line = node.start_mark.line + 1
    if depth == 0:
        raise WrongLines([f"{name}:{line}: more than {_DEEPEST} values lie within each other"])
    if isinstance(node, yaml.MappingNode):
        pairs = {str(key.value): _marked(value, name, depth - 1) for key, value in node.value}
        return Marked(pairs, line)
    if isinstance(node, yaml.SequenceNode):
        return Marked([_marked(each, name, depth - 1) for each in node.value], line)
    is_null = node.tag == "tag:yaml.org,2002:null"
    return Marked(None if is_null else str(node.value), line)
