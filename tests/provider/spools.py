"""What a spool holds."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fairlead_sdk.spool import Spool


def spooled(folder: Path) -> list[dict[str, Any]]:
    spool = Spool(folder)
    spool.seal(datetime.now(UTC))
    records = [r for s in spool.segments() for r in s.read(0, 1000, 10**9)]
    return [json.loads(r.body or "") for r in records]
