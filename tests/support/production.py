"""The configuration that docs/how-to/run-in-production.md shows, block by block."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "run-in-production.md"
_BLOCK = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```$', re.DOTALL | re.MULTILINE)
#: Every block by its title.
BLOCKS: dict[str, str] = dict(_BLOCK.findall(PAGE.read_text()))


def variables(title: str) -> dict[str, str]:
    """The variables of a block that systemd would read as an EnvironmentFile."""
    lines = [line for line in BLOCKS[title].splitlines() if line and not line.startswith("#")]
    return {name: value for name, _, value in (line.partition("=") for line in lines)}
