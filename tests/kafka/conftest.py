"""The bridge's database for the tests with Kafka."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from fairlead_bridge.db.engine import open_database
from fairlead_bridge.db.migrate import migrate


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = open_database(f"sqlite:///{tmp_path / 'fairlead.db'}")
    migrate(engine)
    yield engine
    engine.dispose()
