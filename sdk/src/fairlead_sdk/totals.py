"""What became of a spool's events since it was made, counted in a file of fixed size.

It is overwritten in place, in space that it has had since the spool was made: a full disk, on which
nothing can be appended, is when counting matters most. The caller holds the spool's lock.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import asdict, astuple, dataclass, fields
from pathlib import Path

from fairlead_sdk.private import open_file
from fairlead_sdk.records import ABSENT

_WIDTH = 20


@dataclass(frozen=True)
class Totals:
    """Numbers of events, but for `failures`, which counts deliveries that had to be tried again."""

    delivered: int = 0
    rejected: int = 0
    """Events that the receiver refuses for good; stored separately."""
    damaged: int = 0
    """Torn by a kill or changed on the disk; stored separately as found."""
    dropped: int = 0
    """The spool was full, or they were too old."""
    refused: int = 0
    """The disk did not take them: full, or failing."""
    failures: int = 0

    def __add__(self, other: Totals) -> Totals:
        return Totals(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def since(self, earlier: Totals) -> Totals:
        """The difference; what is less than before was counted anew."""
        pairs = zip(astuple(self), astuple(earlier), strict=True)
        return Totals(*(a - b if a >= b else a for a, b in pairs))

    def by_name(self) -> dict[str, int]:
        return asdict(self)


class TotalsFile:
    """Two rows: the totals, and those that were reported as metrics."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def make(self) -> None:
        """Take the space, if that has not been done and there is any."""
        if not self._path.exists():
            with suppress(OSError):
                self._write(Totals(), Totals())

    def add(self, more: Totals) -> None:
        totals, reported = self._read()
        self._write(totals + more, reported)

    def totals(self) -> Totals:
        return self._read()[0]

    def take_unreported(self) -> Totals:
        """Return what was counted since the last call."""
        totals, reported = self._read()
        if totals != reported:
            self._write(totals, totals)
        return totals.since(reported)

    def _read(self) -> tuple[Totals, Totals]:
        """Zeros where there is no such file, or nothing in it that could be understood."""
        width = len(fields(Totals))
        try:
            numbers = [int(word) for word in self._path.read_bytes().split()]
        except (*ABSENT, ValueError):
            numbers = []
        if len(numbers) != 2 * width:
            return Totals(), Totals()
        return Totals(*numbers[:width]), Totals(*numbers[width:])

    def _write(self, totals: Totals, reported: Totals) -> None:
        rows = (
            b" ".join(b"%0*d" % (_WIDTH, number) for number in astuple(row))
            for row in (totals, reported)
        )
        fd = open_file(self._path, os.O_WRONLY | os.O_CREAT)
        try:
            os.pwrite(fd, b"\n".join(rows) + b"\n", 0)
        finally:
            os.close(fd)
