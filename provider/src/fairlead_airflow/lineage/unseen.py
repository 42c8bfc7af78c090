"""Why a task that has ended has neither inputs nor outputs: the run facet `fairlead_unseen`."""

from __future__ import annotations

import attrs
from openlineage.client.facet_v2 import RunFacet


@attrs.define
class UnseenRunFacet(RunFacet):
    """`docs/reference/facets/FairleadUnseenRunFacet.json` is its schema."""

    reason: str

    @staticmethod
    def _get_schema() -> str:
        return "urn:fairlead:facets:1-0-0:FairleadUnseenRunFacet"


def unseen(operator: str, *, has_extractor: bool, runs_python: bool) -> UnseenRunFacet:
    """`operator` is the name of its class."""
    if not has_extractor:
        reason = f"There is no extractor for {operator}, and its hooks reported nothing."
    elif runs_python:
        reason = "Its code used no hook that reports what it reads and writes."
    else:
        reason = f"{operator} named neither inputs nor outputs, and its hooks reported nothing."
    return UnseenRunFacet(reason=f"{reason} Inlets, outlets or @declares_lineage can say it.")
