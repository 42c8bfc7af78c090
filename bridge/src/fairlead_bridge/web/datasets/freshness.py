"""The history of a dataset's freshness, as the API answers it."""

from __future__ import annotations

from fairlead_bridge.insight.expectations import Expectation
from fairlead_bridge.queries import expectations
from fairlead_bridge.queries import freshness as f
from fairlead_bridge.queries.assets import Asset
from fairlead_bridge.queries.snapshot import Snapshot
from fairlead_bridge.web import render
from fairlead_bridge.web.datasets import answers as a

_DAY = 86_400 * 1_000_000
_SECOND = 1_000_000


def answer(snapshot: Snapshot, asset: Asset, days: float, limit: int) -> a.Freshness:
    since = snapshot.now - int(days * _DAY)
    found = f.writes(snapshot, asset, since, limit)
    expected = expectations.of(snapshot, [asset.id]).get(asset.id)
    shown = [
        a.Write(at=render.when(write.at), run=render.run(write.run), row_count=write.row_count)
        for write in found
    ]
    times = [write.at for write in found]
    if asset.written_at is not None and asset.written_at > max(times, default=0):
        times.append(asset.written_at)  # reported by the store itself
        shown.append(a.Write(at=render.when(asset.written_at), run=None, row_count=None))
    late = expected.breaches(times, snapshot.now) if expected is not None else []
    return a.Freshness(
        since=render.when(since),
        now=render.when(snapshot.now),
        writes=shown,
        rhythm=rhythm(expected, max(times, default=None)),
        breaches=[
            a.Breach(since=render.when(begin), until=render.when(end))
            for begin, end in late
            if end is None or end >= since
        ],
        truncated=len(found) == limit,
    )


def rhythm(expected: Expectation | None, written_at: int | None) -> a.Rhythm | None:
    """When an asset is usually written, and what is expected after a write at that time."""
    learned = expected.rhythm if expected is not None else None
    due = expected.due(written_at) if expected is not None else None
    if learned is None or expected is None or written_at is None or due is None:
        return None
    return a.Rhythm(
        usual=learned.usual / _SECOND,
        expected=(due - written_at) / _SECOND,
        expected_by=render.when(due),
        gaps=learned.writes - 1,
        text=learned.text,
    )
