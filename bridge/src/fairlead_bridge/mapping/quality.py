"""What tests of data leave behind."""

from __future__ import annotations

from fairlead_bridge.facts import JobFacts
from fairlead_bridge.mapping.decode import RawDataset

#: Where dbt stores the rows that fail a test (`store_failures`), after the target's schema.
_AUDIT = "dbt_test__audit"


def is_audit(raw: RawDataset, job: JobFacts | None = None, *, written: bool = False) -> bool:
    """
    Whether this is a table of rows that failed a test of dbt: no dataset of anybody's lineage.

    It is known by its schema, or, where that is another one, because a test writes it.
    """
    schemas = (raw.name or "").lower().split(".")[:-1]
    if any(part.strip('"`[]').endswith(_AUDIT) for part in schemas):
        return True
    return written and job is not None and (job.integration, job.kind) == ("DBT", "test")
