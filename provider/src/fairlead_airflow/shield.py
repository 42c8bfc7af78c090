"""The observer never breaks the observed: where an error of ours ends in a log line."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def shielded(
    log: logging.Logger, message: str, *arguments: object, level: int = logging.WARNING
) -> Iterator[None]:
    """Log an error of the block, with its traceback, instead of raising it into Airflow."""
    try:
        yield
    except Exception:  # Airflow, its tasks and its threads go on
        log.log(level, message, *arguments, exc_info=True)
