"""What every address is asked in the name of a team, and what no answer may contain."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import sqlalchemy as sa

from fairlead_bridge import ids
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.engine import reading
from tests.bridge.monitored import DAY
from tests.bridge.tenancy import (
    DAYS,
    NOW,
    Request,
    store_of,
)
from tests.support.small import uuid

AT = (DAY.replace(day=6)).isoformat()
Names = Mapping[str, str]


def names_of(word: str, number: int, db: sa.Engine) -> dict[str, str]:
    """What the things of a team are called in requests."""
    with reading(db) as tx:
        event = sa.select(t.job_event.c.event_id).where(
            t.job_event.c.job_id == ids.job_id(f"team-{word}", f"{word}_declared")
        )
        incident = sa.select(sa.func.min(t.incident.c.id)).where(t.incident.c.node.contains(word))
        window = sa.select(t.maintenance.c.id).where(t.maintenance.c.namespace.contains(word))
        bad = sa.select(sa.func.max(t.quarantine.c.event_id)).where(
            t.quarantine.c.event_id.in_(
                sa.select(t.job_event.c.event_id).where(
                    t.job_event.c.job_id == ids.job_id(f"team-{word}", f"{word}_dag")
                )
            )
        )
        numbers = {
            "event": tx.scalar(event),
            "incident": tx.scalar(incident),
            "window": tx.scalar(window),
            "bad": tx.scalar(bad),
        }
    return {
        **{name: str(value) for name, value in numbers.items()},
        "word": word,
        "dataset": f"dataset:{store_of(word)}:{word}.totals",
        "dataset_id": ids.public(ids.dataset_id(store_of(word), f"{word}.totals")),
        "dataset_name": f"{store_of(word)}:{word}.totals",
        "raw": f"dataset:{store_of(word)}:{word}.raw",
        "rates": f"dataset:{store_of(word)}:{word}.rates",
        "job": f"job:team-{word}:{word}_dag.sum",
        "job_id": ids.public(ids.job_id(f"team-{word}", f"{word}_dag.sum")),
        "dag_id": ids.public(ids.job_id(f"team-{word}", f"{word}_dag")),
        "run": uuid(number + 2),
        "failed": uuid(number + 0x100 * DAYS + 1),
        "space": f"team-{word}",
        "store": store_of(word),
        "column": f"{word}_mail",
        "owner": f"team:{word}",
    }


#: Of what no team has.
MISSING = {
    "word": "nobody",
    "dataset": "dataset:postgres://nobody:5432:nobody.totals",
    "dataset_id": "0123456789abcdef",
    "dataset_name": "postgres://nobody:5432:nobody.totals",
    "raw": "dataset:postgres://nobody:5432:nobody.raw",
    "rates": "dataset:postgres://nobody:5432:nobody.rates",
    "job": "job:team-nobody:nobody_dag.sum",
    "job_id": "0123456789abcde0",
    "dag_id": "0123456789abcde1",
    "run": uuid(0x66),
    "failed": uuid(0x67),
    "space": "team-nobody",
    "store": "postgres://nobody:5432",
    "column": "nobody_mail",
    "owner": "team:nobody",
    "event": "900001",
    "incident": "900001",
    "window": "900001",
    "bad": "900001",
}

G, P = partial(Request, "GET"), partial(Request, "POST")


def one(path: str, **query: str) -> list[Request]:
    return [Request("GET", path, query)]


#: What is asked of each address. `{...}` are names of things (`names_of`).
CASES: dict[str, list[Request]] = {
    "GET /health": one("/health"),
    "GET /quarantine": one("/quarantine"),
    "POST /quarantine/replay": [P("/quarantine/replay", {})],
    "POST /quarantine/{event_id}/replay": [P("/quarantine/{bad}/replay", {})],
    "GET /deliveries": [*one("/deliveries", limit="200"), *one("/deliveries", sink="lake")],
    "POST /deliveries/retry": [P("/deliveries/retry", {"sink": "lake"})],
    "GET /events": [
        *one("/events", limit="500"),
        *one("/events", job="{space}:{word}_dag.sum"),
        *one("/events", job="{job_id}", since=AT),
        *one("/events", state="quarantined"),
        *one("/events", until=AT),
    ],
    "GET /events/{event_id}": one("/events/{event}"),
    "GET /runs": [
        *one("/runs", limit="500"),
        *one("/runs", namespace="{space}", outermost="true"),
        *one("/runs", dag_id="{word}_dag"),
        *one("/runs", job="{word}_dag.sum", namespace="{space}"),
        *one("/runs", state="failed"),
    ],
    "GET /runs/{run_id}": [*one("/runs/{run}"), *one("/runs/{failed}")],
    "GET /runs/{run_id}/comparison": [*one("/runs/{run}/comparison"), *one("/runs/{failed}/comparison")],
    "GET /runs/{run_id}/facets": [*one("/runs/{run}/facets"), *one("/runs/{run}/facets", name="parent")],
    "GET /jobs": [*one("/jobs", limit="500"), *one("/jobs", q="{word}"), *one("/jobs", namespace="{space}")],
    "GET /jobs/{job_id}": [*one("/jobs/{job_id}"), *one("/jobs/{dag_id}"), *one("/jobs/{job_id}", as_of=AT)],
    "GET /jobs/{job_id}/durations": one("/jobs/{job_id}/durations"),
    "GET /datasets": [
        *one("/datasets", limit="500", count="true"),
        *one("/datasets", q="{word}"),
        *one("/datasets", owner="{owner}"),
        *one("/datasets", tag="pii"),
        *one("/datasets", namespace="{store}"),
    ],
    "GET /labels": one("/labels"),
    "GET /datasets/{dataset_id}": [*one("/datasets/{dataset_id}"), *one("/datasets/{dataset_id}", as_of=AT)],
    "GET /datasets/{dataset_id}/freshness": one("/datasets/{dataset_id}/freshness"),
    "GET /schemas": [*one("/schemas", node="{dataset}"), *one("/schemas", node="{job}")],
    "GET /changes": one("/changes"), "GET /changes/code": one("/changes/code"),
    "GET /lineage": [
        *one("/lineage", node="{dataset}", depth="20"),
        *one("/lineage", node="{rates}", depth="20", kind="all"),
        *one("/lineage", node="{job}", depth="1"),
        *one("/lineage", node="{dag_id}", as_of=AT),
    ],
    "GET /lineage/paths": [
        *one("/lineage/paths", source="{raw}", target="{rates}"),
        *one("/lineage/paths", source="{rates}", target="{raw}"),
    ],
    "GET /lineage/columns": [
        *one("/lineage/columns", dataset="{dataset_name}", column="{column}"),
        *one("/lineage/columns", dataset="{dataset_id}", column="{column}", as_of=AT),
    ],
    "GET /graph": [
        *one("/graph", node="{dataset}", up="9", down="9"),
        *one("/graph", node="{job}", view="data", up="9", down="9"),
        *one("/graph", node="{rates}", group="dag", as_of=AT, up="9", down="9"),
    ],
    "GET /graph.svg": [*one("/graph.svg", node="{dataset}", up="9", down="9"), *one("/graph.svg", node="{rates}", theme="dark", up="9", down="9")],
    "GET /impact": [*one("/impact", node="{rates}"), *one("/impact", node="{raw}", column="{column}"), *one("/impact", node="{job}")],
    "POST /schema-check": [P("/schema-check", {}, {"dataset": "{rates}", "columns": [{"name": "other", "type": "int"}]})],
    "GET /personal-data": [*one("/personal-data", limit="200"), *one("/personal-data", owner="{owner}")],
    "GET /personal-data.csv": one("/personal-data.csv"),
    "GET /personal-data/suggestions": one("/personal-data/suggestions", limit="200"),
    "POST /personal-data/confirmations": [P("/personal-data/confirmations", {}, {"dataset": "{raw}", "column": "{column}", "personal": True})],
    "GET /root-cause": [*one("/root-cause", node="{dataset}"), *one("/root-cause", node="{rates}", as_of=AT)],
    "GET /outlook": [*one("/outlook", node="{dataset}"), *one("/outlook", node="{rates}"), *one("/outlook", node="{job}", as_of=AT)],
    "GET /expectations": [*one("/expectations"), *one("/expectations", node="{dataset}")],
    "PUT /expectations": [Request("PUT", "/expectations", {}, {"node": "{raw}", "every": "6h", "author": "me"})],
    "DELETE /expectations": [Request("DELETE", "/expectations", {"node": "{raw}"})],
    "GET /declarations": one("/declarations"),
    "GET /contracts": [*one("/contracts"), *one("/contracts", dataset="{dataset}")],
    "GET /contracts/{contract_id}": one("/contracts/{word}"),
    "POST /declarations": [
        P("/declarations", {}, {"files": [{"name": "a.yaml", "text": "datasets: [{node: '{raw}'}]"}]}),
        P("/declarations", {}, {"files": [], "prune": True, "dry_run": True}),
    ],
    "POST /forget": [P("/forget", {}, {"nodes": [each], "dry_run": True}) for each in ("{raw}", "{job}", "namespace:{store}")],
    "GET /incidents": [
        *one("/incidents", limit="200"), *one("/incidents", order="worst"),
        *one("/incidents", node="{dataset}"), *one("/incidents", owner="{owner}"),
        *one("/incidents", as_of=NOW.isoformat()),
    ],
    "GET /incidents/{id}": [*one("/incidents/{incident}"), *one("/incidents/{incident}", as_of=NOW.isoformat())],
    **{
        f"POST /incidents/{{id}}/{action}": [P(f"/incidents/{{incident}}/{action}", {}, {"text": "me"})]
        for action in ("note", "assign", "mute", "acknowledge", "resolve")
    },
    "GET /maintenance": one("/maintenance"),
    "POST /maintenance": [
        P("/maintenance", {}, {"namespace": "{space}", "starts_at": NOW.isoformat(), "ends_at": NOW.replace(hour=23).isoformat()})
    ],
    "DELETE /maintenance/{id}": [Request("DELETE", "/maintenance/{window}", {})],
    "GET /reliability": [G("/reliability", {"by": by}) for by in ("dag", "dataset", "owner")],
    "GET /overview": one("/overview"),
    "GET /at-risk": one("/at-risk"),
    "GET /search": [*one("/search", q="{word}"), *one("/search", q="rates"), *one("/search", q="mail"), *one("/search", q="pii")],
    "GET /namespaces": one("/namespaces"),
    "GET /deployments": one("/deployments"),
    "GET /facets": [*one("/facets", node="{dataset}"), *one("/facets", node="{job}")],
    "GET /session": one("/session"),
    "GET /audit": one("/audit"),
    "GET /audit.jsonl": one("/audit.jsonl"),
    "GET /keys": one("/keys"),
    "POST /keys": [P("/keys", {}, {"name": "{word}", "roles": ["viewer"]})],
    **{f"POST /keys/{{name}}/{end}": [P(f"/keys/{{word}}/{end}", {})] for end in ("rotate", "revoke")},
    "GET /metrics": one("/metrics"),
    "GET /metrics/catalog": one("/metrics/catalog"),
    "GET /ready": one("/ready"),
}  # fmt: skip

#: Addresses that are tested by other means, and by which.
ELSEWHERE = {
    "GET /stream": "test_tenants.py",
    "POST /lineage": "it answers nothing of the catalog",
    "POST /lineage/batch": "it answers nothing of the catalog",
    "GET /openapi.json": "it answers nothing of the catalog",
    "GET /docs": "it answers nothing of the catalog",
    "GET /login": "it answers nothing of the catalog",
    "POST /login": "it answers nothing of the catalog",
    "POST /logout": "it answers nothing of the catalog",
}
#: Addresses that answer 403 to all who do not see every namespace.
ABOUT_ALL = {"POST /quarantine/replay", "POST /deliveries/retry", "GET /audit", "GET /audit.jsonl", "GET /metrics", "GET /keys", "POST /keys", "POST /keys/{name}/rotate", "POST /keys/{name}/revoke"}  # fmt: skip


def key_of(method: str, path: str) -> str:
    return f"{method} {path.removeprefix('/api/v1')}"


def filled(value: Any, names: Names) -> Any:
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda found: names[found[1]], value)
    if isinstance(value, dict):
        return {key: filled(each, names) for key, each in value.items()}
    return [filled(each, names) for each in value] if isinstance(value, list) else value


def request(template: Request, names: Names) -> Request:
    plain = template.path in ("/metrics", "/metrics/catalog", "/ready")
    path = template.path if plain else f"/api/v1{template.path}"
    return Request(template.method, filled(path, names), filled(template.query, names), filled(template.body, names))  # fmt: skip


def leaks_of(secrets: Sequence[str], asked: Request, text: str) -> list[str]:
    """The secrets in a text, but for what the request itself asked_for."""
    asked_for = [str(value) for value in (*asked.query.values(), *asked.path.split("/"))]
    if asked.body:
        asked_for += re.findall(r"[^\[\]']+", str(list(asked.body.values())))
    for each in sorted(asked_for, key=len, reverse=True):
        if len(each) > 3:
            text = text.replace(each, "")
    return [secret for secret in secrets if secret in text.lower()]
