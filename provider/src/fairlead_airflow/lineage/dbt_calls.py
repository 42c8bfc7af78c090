"""Which dbt commands a shell script runs, and where. Pure: a text in, facts out.

Only enough of the shell is understood for what people write in a task: `cd`, `export`, variables in front
of a command, options. What is beyond that costs lineage and nothing else.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

VERBS = frozenset({"run", "build", "seed", "snapshot", "test"})
"""The commands that read or write data, and leave a run_results.json."""

_DBT = frozenset({"dbt", "dbt.cli.main"})  # the latter after `python -m`
_WRAPPER = "dbt-ol"
"""OpenLineage's wrapper sends events of its own for each model: nothing is to be added to them."""

_SEPARATORS = ";&|()\n"
_QUOTED_OR_COMMENT = re.compile(r"""('[^']*'|"(?:\\.|[^"\\])*")|(?<!\S)#[^\n]*""")
_ASSIGNMENT = re.compile(r"(\w+)=(.*)", re.DOTALL)
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_SHORT = {"-t": "target"}


@dataclass(frozen=True)
class Call:
    """One dbt command: `run`, its options by name, the folder it ran in (None: not known)."""

    verb: str
    options: Mapping[str, str]
    folder: Path | None
    environ: Mapping[str, str]

    def told(self, option: str) -> str | None:
        """An option, or the variable that stands for it (`--target-path`, DBT_TARGET_PATH)."""
        variable = f"DBT_{option.upper().replace('-', '_')}"
        return self.options.get(option) or self.environ.get(variable)

    @property
    def project(self) -> Path | None:
        """The folder of dbt_project.yml."""
        return _below(self.folder, self.told("project-dir") or ".")


def calls(script: str, folder: Path | None, environ: Mapping[str, str]) -> list[Call]:
    """The dbt commands of a script that starts in that folder, with those variables."""
    found = []
    known = dict(environ)
    for words in _commands(script):
        local = dict(known)
        while words and (assigned := _ASSIGNMENT.fullmatch(words[0])):
            local[assigned[1]] = _filled(assigned[2], known)
            words = words[1:]
        if not words:
            known = local
            continue
        words = [_filled(word, local) for word in words]
        if words[0] == "export":
            known |= {m[1]: m[2] for word in words[1:] if (m := _ASSIGNMENT.fullmatch(word))}
        elif words[0] == "cd":
            folder = _below(folder, words[1] if len(words) > 1 else "~")
        elif call := _call(words, folder, local):
            found.append(call)
    return found


def _commands(script: str) -> Iterator[list[str]]:
    """The script's simple commands, word by word."""
    text = _QUOTED_OR_COMMENT.sub(r"\1", script.replace("\\\n", " "))
    lexer = shlex.shlex(text, posix=True, punctuation_chars=_SEPARATORS)
    lexer.whitespace = " \t\r"
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    try:
        for token in lexer:
            if set(token) <= set(_SEPARATORS) and token:
                yield words
                words = []
            else:
                words.append(token)
    except ValueError:  # a quote that is not closed: a document inside the script, most likely
        return
    yield words


def _call(words: list[str], folder: Path | None, environ: Mapping[str, str]) -> Call | None:
    names = [word.rpartition("/")[2] for word in words]
    if _WRAPPER in names:
        return None
    start = next((i for i, name in enumerate(names) if name in _DBT), None)
    if start is None:
        return None
    arguments = words[start + 1 :]
    verb = next((word for word in arguments if word in VERBS), None)
    return Call(verb, _options(arguments), folder, environ) if verb else None


def _options(arguments: list[str]) -> dict[str, str]:
    options = {}
    for word, following in zip(arguments, [*arguments[1:], ""], strict=True):
        name, equals, value = word.partition("=")
        name = _SHORT.get(name) or (name[2:] if name.startswith("--") else "")
        if name:
            options[name] = value if equals else following
    return options


def _filled(word: str, environ: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda match: environ.get(match[1] or match[2], ""), word)


def _below(folder: Path | None, path: str) -> Path | None:
    there = Path(path).expanduser()
    if there.is_absolute():
        return there
    return folder / there if folder is not None else None
