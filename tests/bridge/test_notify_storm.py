"""A worker that is killed while it notifies, and receivers that are away: nothing lost or doubled."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.notify_storm import measure
from tests.support.receivers import NAMES


@pytest.mark.system  # it starts a worker four times
def test_every_channel_gets_one_message_of_each_incident_whatever_is_killed(tmp_path: Path) -> None:
    """The bench `notify`, shortened: five channels, in trouble and out of it."""
    lines = measure(
        f"sqlite:///{tmp_path / 'fairlead.db'}", tmp_path, faults=4, datasets=3, kills=2
    )
    assert [(line["part"], line["channel"]) for line in lines] == [
        (part, name) for part in ("killed", "away", "calm") for name in NAMES
    ]
    for line in lines:
        assert (line["messages"], line["lost"], line["doubled"]) == (4, 0, 0), line
