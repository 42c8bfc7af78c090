"""Operators as people write them, with what is true of each; a file for each kind."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from tests.provider.examples.amazon_jobs import AMAZON_JOBS
from tests.provider.examples.amazon_moves import AMAZON_MOVES
from tests.provider.examples.azure import AZURE
from tests.provider.examples.databases import DATABASES
from tests.provider.examples.google import GOOGLE
from tests.provider.examples.machines import MACHINES
from tests.provider.examples.services import SERVICES
from tests.provider.operators import extracted, shop

EXAMPLES = [
    *DATABASES,
    *MACHINES,
    *AMAZON_MOVES,
    *AMAZON_JOBS,
    *GOOGLE,
    *SERVICES,
    *AZURE,
]


@cache
def reported(number: int) -> tuple[Any, Path]:
    """What OpenLineage gets of an example, and the folder that it ran in; each runs once."""
    with shop() as folder:
        return extracted(EXAMPLES[number], folder, ours=True), folder
