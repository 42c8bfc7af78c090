"""
Checks of data: how they went, by the facet `dataQualityAssertions` of what was checked or the facet
`test` of the run that checked it; and the tables that they leave behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from fairlead_bridge import ids
from fairlead_bridge.documents import Json
from fairlead_bridge.facts import CHECKS, AssertionFacts, JobFacts, LatestValue
from fairlead_bridge.mapping import decode
from fairlead_bridge.mapping.decode import Facets, RawDataset

_FACET = "dataQualityAssertions"
#: Further fields of a check that are stored, and the length of each, in characters.
_STORED_FIELDS, _LONGEST = ("assertion", "type", "description", "expected", "actual"), 2000
_PASSED = {"pass": True, "passed": True, "success": True, "skip": None, "skipped": None}

_encode = msgspec.json.Encoder(order="sorted").encode

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


def of_dataset(dataset: int, raw: RawDataset, at: int, run: int | None) -> Iterator[AssertionFacts]:
    """The checks of a dataset, wherever a producer puts them."""
    for facets in (raw.facets, raw.outputFacets, raw.inputFacets):
        facet = decode.facet(facets, _FACET) if facets and _FACET in facets else None
        for check in decode.dicts(facet.get("assertions") if facet else None):
            if isinstance(check.get("success"), bool):
                yield _assertion(dataset, check, check["success"], at, run)


def of_run(
    facets: Facets | None, datasets: set[int], at: int, run: int | None
) -> Iterator[AssertionFacts]:
    """The checks of a run's facet `test`, where it is clear which dataset they are of."""
    if len(datasets) != 1 or not facets or "test" not in facets:
        return
    (dataset,) = datasets
    for check, success in tests(decode.facet(facets, "test")):
        if success is not None:
            yield _assertion(dataset, check, success, at, run)


def tests(facet: Json | None) -> Iterator[tuple[Json, bool | None]]:
    """Each test of the facet `test`, and whether it passed; None where it was not made."""
    for check in decode.dicts(facet.get("tests") if facet else None):
        yield check, _PASSED.get(str(check.get("status")).lower(), False)


def check_counts(made: Iterable[AssertionFacts]) -> dict[str, LatestValue]:
    """Properties for the run: how many of its checks of each dataset failed, and of how many."""
    unique = {(each.dataset_id, each.name, each.column): each for each in made}
    found: dict[str, LatestValue] = {}
    for each in unique.values():
        name = f"{CHECKS}{ids.public(each.dataset_id)}"
        failed, all_of_them = found[name].value if name in found else (0, 0)
        found[name] = LatestValue(each.at, [failed + (not each.success), all_of_them + 1])
    return found


def check_name(check: dict[str, object]) -> str:
    """
    What a check is called; dbt calls a test of its own "test.PROJECT.NAME" in one place.

    >>> check_name({"name": "test.shop.not_null_orders_id.ab12"}), check_name({"assertion": "unique"})
    ('not_null_orders_id', 'unique')
    """
    name = str(check.get("name") or check.get("assertion") or check.get("type") or "test")
    parts = name.split(".")
    return parts[2] if parts[0] == "test" and len(parts) > 2 else name


def _assertion(
    dataset: int, check: Json, success: bool, at: int, run: int | None
) -> AssertionFacts:
    severity = decode.word(check.get("severity"))
    return AssertionFacts(
        dataset_id=dataset,
        name=decode.name(check_name(check)),
        column=decode.name(str(check.get("column") or "")),
        at=at,
        success=success,
        severity=severity.lower() if severity else None,
        body=_encode(
            {
                key: str(check[key])[:_LONGEST]
                for key in _STORED_FIELDS
                if check.get(key) is not None
            }
        ),
        run_alias=run,
    )
