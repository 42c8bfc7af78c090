"""Files that only their owner can read, in folders that no other user has put there.

In the temporary folder, which is world-writable, another user may have been first: with
a folder of our name that he owns, or a link of that name that leads to a file of ours.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

_TEMPORARY = stat.S_IWOTH | stat.S_ISVTX


def open_file(path: Path, flags: int) -> int:
    """As `os.open`: a new file is its owner's only, and a link is not followed."""
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


def replace_text(path: Path, text: str) -> None:
    """Write the file anew, whole or not at all."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    with suppress(FileNotFoundError):  # of a process of that number that was killed
        temporary.unlink()
    fd = open_file(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(text)
        temporary.rename(path)
    except OSError:
        temporary.unlink()
        raise


def make_folder(folder: Path) -> None:
    """Make the folder, and those above it that are missing, for their owner only."""
    if not folder.exists():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True, mode=0o700)


def check_folder(folder: Path) -> None:
    """Raise PermissionError where another user has put the folder, or one above it, there."""
    for path in (folder.absolute(), folder.resolve()):
        for above, below in pairwise((*reversed(path.parents), path)):
            _check(above, below)


def _check(above: Path, below: Path) -> None:
    try:
        # Sticky, as /tmp: where it is not, everybody may exchange everything at any time, as on
        # volumes of containers, and who owns a folder says nothing.
        if above.stat().st_mode & _TEMPORARY != _TEMPORARY:
            return
        owner = below.lstat().st_uid
    except (FileNotFoundError, NotADirectoryError):
        return
    if owner not in (os.geteuid(), 0):
        raise PermissionError(
            f"{below} belongs to another user (uid {owner}), in a folder that everybody may write "
            "to. Set FAIRLEAD_SPOOL to a folder of your own"
        )
