"""What a spool drops when it is too full or too old, oldest first."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fairlead_sdk.spool import Limits, Spool

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


def test_when_the_spool_is_full_the_oldest_go_and_are_counted(tmp_path: Path) -> None:
    spool = Spool(tmp_path, Limits(max_bytes=20_000))
    for n in range(100):
        spool.append(json.dumps({"n": n, "pad": "x" * 950}), NOW)
    status = spool.status()
    spool.seal(NOW)
    records = [r for s in spool.segments() for r in s.read(0, 10**9, 10**12)]
    kept = [json.loads(r.body)["n"] for r in records if r.body is not None]
    assert kept == list(range(100 - len(kept), 100))
    assert 10 <= len(kept) <= 21
    assert status.dropped == 100 - len(kept)
    losses = [json.loads(x) for x in (tmp_path / "dropped.jsonl").read_text().splitlines()]
    assert {loss["reason"] for loss in losses} == {"the spool is full"}


@pytest.mark.parametrize(
    ("max_bytes", "segment"), [(4, 1), (800, 100), (2**26, 2**23), (2**40, 2**23)]
)
def test_what_is_dropped_at_once_is_an_eighth_of_the_spool_and_eight_mebibytes_at_most(
    max_bytes: int, segment: int
) -> None:
    assert Limits(max_bytes=max_bytes).segment_bytes == segment


def test_a_spool_that_is_full_to_the_byte_drops_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.append("{}", NOW)
    spool.seal(NOW)
    for less, waiting in ((0, 1), (1, 0)):
        Spool(tmp_path, Limits(max_bytes=spool.size() - less)).enforce(NOW)
        assert spool.status().waiting == waiting


def test_what_is_too_old_to_matter_is_dropped_and_counted(tmp_path: Path) -> None:
    spool = Spool(tmp_path, Limits(max_age=timedelta(days=1)))
    spool.append('{"n": 1}', NOW)
    spool.seal(NOW)
    spool.append('{"n": 2}', NOW)
    segment = spool.segments()[0].path
    os.utime(segment, (NOW.timestamp(), NOW.timestamp()))
    spool.enforce(NOW + timedelta(hours=23))
    assert spool.status().waiting == 2
    spool.enforce(NOW + timedelta(hours=25))
    assert (spool.status().waiting, spool.status().dropped) == (1, 1)


def test_rejected_events_do_not_fill_the_disk(tmp_path: Path) -> None:
    spool = Spool(tmp_path, Limits(max_bytes=40_000))
    spool.append("{}", NOW)
    for n in range(200):
        spool.reject(json.dumps({"n": n, "pad": "x" * 100}), "no", NOW + timedelta(seconds=n))
        spool.enforce(NOW)
    kept = [json.loads(row["event"])["n"] for row in spool.rejected()]
    assert kept == list(range(200 - len(kept), 200))
    assert 0 < len(kept) < 100
    assert spool.status().dropped == 200 - len(kept)
