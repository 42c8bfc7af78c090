"""What the SDK's tests share."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fairlead_sdk.spool import Spool
from fairlead_sdk.testing import Receiver
from fairlead_sdk.tracking import _transport


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


@pytest.fixture
def sending(tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Events of the process go to the receiver."""
    folder = tmp_path / "spool"
    monkeypatch.setenv("FAIRLEAD_URL", receiver.url)
    monkeypatch.setenv("FAIRLEAD_SPOOL", str(folder))
    _transport.cache_clear()
    yield
    _transport.cache_clear()
    if folder.exists():
        (folder / "destination").write_text("none")
        while Spool(folder).is_delivering():
            time.sleep(0.02)
