"""Which dbt commands a shell script runs, and where. Pure: a text in, facts out.

Only enough of the shell is understood for what people write in a task: `cd`, `export`, variables in front
of a command, options. What is beyond that costs lineage and nothing else.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

WRITING = frozenset({"run", "build", "seed", "snapshot", "retry"})
"""The commands that write tables."""

DATA = WRITING | {"test"}
"""The commands that read or write data. Their results say what; those of others (`compile`, `docs`,
`show`, `clone`, `run-operation`) list models that were not run."""

_DBT = frozenset({"dbt", "dbt.cli.main"})  # the latter after `python -m`
_WRAPPER = "dbt-ol"
"""OpenLineage's wrapper sends events of its own for each model: nothing is to be added to them."""

_SEPARATORS = ";&|()\n"
_QUOTED_OR_COMMENT = re.compile(r"""('[^']*'|"(?:\\.|[^"\\])*")|(?<!\S)#[^\n]*""")
_ASSIGNMENT = re.compile(r"(\w+)=(.*)", re.DOTALL)
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_SHORT = {"-t": "target"}
_SPEAKERS = frozenset({"echo", "printf", "which", "type", "pip", "pip3", "man"})
"""Commands in which the word `dbt` runs nothing."""
_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh"})
_KEYWORDS = frozenset(
    {"if", "then", "elif", "else", "do", "while", "until", "fi", "done", "!", "{", "}"}
)
_GIVING_UP = frozenset({"exit", "return", "false"})

_WITH_VALUE = {"-t", "-r"} | {
    f"--{name}"
    for name in (
        *("profile", "profiles-dir", "project-dir", "target", "target-path", "threads", "vars"),
        *("log-format", "log-format-file", "log-level", "log-level-file", "log-path"),
        *("log-file-max-bytes", "printer-width", "record-timing-info", "warn-error-options"),
        *("state", "defer-state", "event-time-start", "event-time-end", "invocation-id"),
    )
}
"""Options of dbt that take the next word and may stand in front of the command."""


@dataclass(frozen=True)
class Call:
    """One dbt command: `run`, its options by name, the folder it ran in (None: not known).

    `is_checked`: what follows it in the script runs only if it succeeded.
    """

    verb: str
    options: Mapping[str, str]
    folder: Path | None
    environ: Mapping[str, str]
    is_checked: bool = False

    def value_of(self, option: str) -> str | None:
        """An option, or the variable that stands for it (`--target-path`, DBT_TARGET_PATH)."""
        variable = f"DBT_{option.upper().replace('-', '_')}"
        return self.options.get(option) or self.environ.get(variable)

    @property
    def project(self) -> Path | None:
        """The folder of dbt_project.yml."""
        return _below(self.folder, self.value_of("project-dir") or ".")


def calls(script: str, folder: Path | None, environ: Mapping[str, str]) -> list[Call]:
    """The dbt commands of a script that starts in that folder, with those variables."""
    found = []
    known = dict(environ)
    stops_on_failure = False
    commands = list(_commands(script))
    for (words, separator), (following, _) in zip(
        commands, [*commands[1:], ([], "")], strict=False
    ):
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
        elif words[0] == "set":
            stops_on_failure |= any(re.fullmatch(r"-\w*e\w*|errexit", word) for word in words[1:])
        elif (inner := _inner_script(words)) is not None:
            found += calls(inner, folder, local)
        elif call := _call(words, folder, local):
            is_checked = (
                separator == "&&"
                or (separator == "||" and following[:1] != [] and following[0] in _GIVING_UP)
                or (stops_on_failure and separator not in ("||", "|", "&"))
            )
            found.append(replace(call, is_checked=is_checked))
    return found


def _commands(script: str) -> Iterator[tuple[list[str], str]]:
    """The script's simple commands, word by word, each with the separator behind it."""
    text = _QUOTED_OR_COMMENT.sub(r"\1", script.replace("\\\n", " "))
    lexer = shlex.shlex(text, posix=True, punctuation_chars=_SEPARATORS)
    lexer.whitespace = " \t\r"
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    try:
        for token in lexer:
            if set(token) <= set(_SEPARATORS) and token:
                while words and words[0] in _KEYWORDS:
                    del words[0]
                if words:
                    yield words, token.strip() or "\n"
                words = []
            else:
                words.append(token)
    except ValueError:  # a quote that is not closed: a document inside the script, most likely
        return
    yield words, ""


def _inner_script(words: list[str]) -> str | None:
    """The script of `bash -c "..."`."""
    if words[0].rpartition("/")[2] not in _SHELLS:
        return None
    for option, script in pairwise(words[1:]):
        if re.fullmatch(r"-\w*c", option):
            return script
    return None


def _call(words: list[str], folder: Path | None, environ: Mapping[str, str]) -> Call | None:
    names = [word.rpartition("/")[2] for word in words]
    if names[0] in _SPEAKERS or _WRAPPER in names:
        return None
    start = next((i for i, name in enumerate(names) if name in _DBT), None)
    if start is None:
        return None
    # What stands in front may set variables: `env DBT_TARGET=prod dbt run`.
    front = {m[1]: m[2] for word in words[:start] if (m := _ASSIGNMENT.fullmatch(word))}
    arguments = words[start + 1 :]
    verb = _verb(arguments)
    return Call(verb, _options(arguments), folder, {**environ, **front}) if verb else None


def _verb(arguments: list[str]) -> str | None:
    """The first word that is neither an option nor the value of one."""
    words = iter(arguments)
    for word in words:
        if not word.startswith("-"):
            return word if re.fullmatch(r"[a-z][a-z-]*", word) else None
        if word in _WITH_VALUE:
            next(words, None)
    return None


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
