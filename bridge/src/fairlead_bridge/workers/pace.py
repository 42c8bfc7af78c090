"""How many events one batch takes: few while the absorber is up to date, many while it is behind."""

from __future__ import annotations

#: The events that a batch has at least, unless so many would take longer than `LONGEST` seconds of
#: processor time: events with thousands of datasets take as much each, and on a busy machine all
#: writers would wait so long for the lock that they give up.
FEWEST, LONGEST = 20, 1.0


class Pace:
    """
    The size of the next batch, from how long the last ones took.

    A batch holds the database's only writer on SQLite, so intake waits for it. While the absorber
    is up to date, a batch takes about `within` seconds of processor time. Each batch has a fixed cost
    besides (10 ms and more), so that a burst absorbed in small batches would cost several times
    what a replay does: while batches are full, the time doubles, up to `behind` seconds.

    `most` is the largest batch. Without `within` every batch may be as large as that.
    """

    def __init__(self, most: int, within: float | None = None, behind: float = 0.25) -> None:
        self.limit = most
        self._most = most
        self._within = within
        self._behind = behind
        self._budget = within or behind

    def after(self, count: int, worked: float) -> None:
        """Take into account that `count` events took `worked` seconds of processor time."""
        if self._within is None:
            return
        if count < self.limit:
            self._budget = self._within
        else:  # more is waiting
            self._budget = min(self._budget * 2, max(self._behind, self._within))
        if worked > 0:  # a coarse clock may say that it took no time
            fitting = int(count * self._budget / worked)
            fewest = max(1, min(FEWEST, int(count * LONGEST / worked)))
            self.limit = max(fewest, min(self._most, fitting))
