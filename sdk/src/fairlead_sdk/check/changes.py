"""Files of a git repository before and after a change."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fairlead_sdk.errors import CannotCheck

_SECONDS = 60
_LARGEST = 5_000_000
"""Bytes of a file that is read."""


@dataclass(frozen=True)
class Changed:
    """A file's text before and after; None where it does not exist."""

    path: str
    before: str | None
    after: str | None


class Repository:
    """The work tree around the current folder, beside what it was at `base`."""

    def __init__(self, base: str, folder: Path | None = None) -> None:
        """Raises CannotCheck where the folder is in no repository, or `base` is not in its history."""
        start = folder or Path.cwd()
        self.root = Path(_git(start, "rev-parse", "--show-toplevel").strip())
        self._folder = start
        try:
            _git(start, "rev-parse", "--verify", "--end-of-options", f"{base}^{{commit}}")
        except CannotCheck as error:
            raise CannotCheck(
                f"{base!r} is no commit here: fetch it first (in a pull request: the whole history)"
            ) from error
        try:
            self._base = _git(start, "merge-base", base, "HEAD").strip()
        except CannotCheck as error:
            raise CannotCheck(
                f"{base!r} and HEAD have no common commit here: fetch the whole history"
            ) from error

    def changed(self, paths: Sequence[str] = ()) -> list[Changed]:
        """Files that differ, also those that git does not know yet; with `paths`, only these or below."""
        wanted = [str(Path(self._folder, path).resolve()) for path in paths]
        listed = _git(self.root, "diff", "--name-only", "--no-renames", "-z", self._base, "--")
        new = _git(self.root, "ls-files", "--others", "--exclude-standard", "-z")
        names = dict.fromkeys(name for name in (listed + new).split("\0") if name)
        return [
            Changed(name, self._at_base(name), self.text(name))
            for name in names
            if not wanted or any(_is_below(self.root / name, each) for each in wanted)
        ]

    def files(self) -> list[str]:
        """The files as they are now."""
        listed = _git(self.root, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
        return [name for name in listed.split("\0") if name and (self.root / name).is_file()]

    def mentioning(self, word: str) -> list[str]:
        """Files of today that hold a word."""
        try:
            found = _git(
                self.root, "grep", "-lzwiF", "--untracked", "-e", word, "--", "*.sql", "*.py"
            )
        except CannotCheck:  # no file does
            return []
        return [name for name in found.split("\0") if name]

    def text(self, name: str) -> str | None:
        path = self.root / name
        try:
            if path.stat().st_size > _LARGEST:
                return None
            return path.read_text("utf-8", errors="replace")
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None

    def _at_base(self, name: str) -> str | None:
        try:
            return _git(self.root, "cat-file", "blob", f"{self._base}:{name}")
        except CannotCheck:  # it did not exist
            return None


def _is_below(path: Path, folder: str) -> bool:
    whole = path.resolve()
    return str(whole) == folder or Path(folder) in whole.parents


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - the arguments are ours, and a revision behind a guard
            ["git", *arguments],  # noqa: S607 - whatever git the user has
            cwd=folder,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotCheck(f"git cannot be run: {error}") from error
    if done.returncode:
        raise CannotCheck(f"git {arguments[0]}: {done.stderr.decode('utf-8', 'replace').strip()}")
    return done.stdout.decode("utf-8", "replace")
