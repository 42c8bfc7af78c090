"""Runs of the job that is a DAG file: failed while Airflow cannot import it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fairlead_airflow import compat
from fairlead_airflow.event_parts import SPEC, facet, producer
from fairlead_sdk.documents import Json

_IMPORT_SCHEMA = "urn:fairlead:facets:1-0-0:FairleadImportErrorRunFacet"
_ERROR_SCHEMA = "https://openlineage.io/spec/facets/1-0-1/ErrorMessageRunFacet.json"
_JOB_TYPE_SCHEMA = "https://openlineage.io/spec/facets/2-0-4/JobTypeJobFacet.json"


def import_error(facts: Mapping[str, Any], at: datetime) -> dict[str, object]:
    """A failed run of the job that is the DAG file; its message is the trace's last line."""
    made_by = producer()
    lines = [line for line in facts["trace"].splitlines() if line.strip()]
    message = lines[-1].strip() if lines else "the DAG file cannot be read"
    error = {
        "message": message,
        "programmingLanguage": "PYTHON",
        "stackTrace": facts["trace"],
    }
    reported = {"file": facts["file"], "message": message}
    run_facets = {
        "errorMessage": facet(made_by, _ERROR_SCHEMA, error),
        "fairlead_import_error": facet(made_by, _IMPORT_SCHEMA, reported),
    }
    return _run_of_file("FAIL", facts["file"], at, run_facets)


def import_recovered(facts: Mapping[str, Any], at: datetime) -> dict[str, object]:
    """A successful run of the same job: the file can be read again, or is gone."""
    return _run_of_file("COMPLETE", facts["file"], at, {})


def _run_of_file(event_type: str, file: str, at: datetime, run_facets: Json) -> Json:
    from airflow.providers.openlineage import conf
    from openlineage.client.uuid import generate_new_uuid

    made_by = producer()
    kind = {"integration": "AIRFLOW", "jobType": "DAG_FILE", "processingType": "BATCH"}
    return {
        "eventType": event_type,
        "eventTime": at.isoformat(),
        "producer": made_by,
        "schemaURL": f"{SPEC}/RunEvent",
        "run": {"runId": str(generate_new_uuid(at)), "facets": run_facets},
        "job": {
            "namespace": conf.namespace(),
            "name": relative(file, compat.conf().get("core", "dags_folder")),
            "facets": {"jobType": facet(made_by, _JOB_TYPE_SCHEMA, kind)},
        },
        "inputs": [],
        "outputs": [],
    }


_CHECKOUT = re.compile(r".*/(?:tracking_repo|versions/[^/]+)/")
"""Where Git bundles keep their files: the way there says nothing, and changes with each version."""


def relative(file: str, dags_folder: str) -> str:
    """The file's path inside its bundle, as far as it is known."""
    folder = f"{dags_folder.rstrip('/')}/"
    if file.startswith(folder):
        return file[len(folder) :]
    return _CHECKOUT.sub("", file, count=1)
