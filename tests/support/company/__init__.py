"""
A simulated company: three Airflows, the events they send over weeks, and the truth beside them.

    made = company(seed=1, dags=200, weeks=3)
    for at, event in made.events():  # microseconds, an OpenLineage event; in order of time
        ...
    made.faults, made.writes, made.runs  # the truth so far; whole when the events are through

The same arguments give the same events. Nothing is held but the truth, so a company may be large.
"""

from __future__ import annotations

from tests.support.company.model import Fault, Run, Write
from tests.support.company.simulate import Company, company

__all__ = ["Company", "Fault", "Run", "Write", "company"]
