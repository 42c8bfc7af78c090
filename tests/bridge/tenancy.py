"""
Two teams in one catalog, with their own word in every text of theirs, and what each may ask.

The amber team reads what the cobalt team writes, and the other way round.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from fastapi import FastAPI
from starlette.testclient import TestClient

from fairlead_bridge import ids, inbox
from fairlead_bridge.access.caller import ROLES, Caller, Namespaces, Role, with_included
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.engine import writing
from fairlead_bridge.insight.maintenance import Window
from fairlead_bridge.insight.statements import Statement
from fairlead_bridge.monitoring import actions, maintenance
from fairlead_bridge.monitoring.stated import store
from fairlead_bridge.monitoring.stated.entry import Stated
from fairlead_bridge.settings import load
from fairlead_bridge.web import metrics
from fairlead_bridge.web.api import build_api
from tests.bridge.asking import called_by
from tests.bridge.monitored import DAY, Bridge, micros
from tests.support.small import dataset, parent, run_event, uuid

AMBER, COBALT = "amber", "cobalt"
#: The days that the teams' DAGs ran; on the last, what they load fails.
DAYS = 6
NOW = DAY + timedelta(days=DAYS, hours=9)
INTERESTS = {"lake": frozenset({"dataset", "job", "run", "incident"})}


def store_of(word: str) -> str:
    return f"postgres://{word}:5432"


def member_of(word: str, *roles: Role) -> Caller:
    """Who sees the namespaces of one team."""
    patterns = Namespaces((f"team-{word}", f"team-{word}-*", f"postgres://{word}:*"))
    return Caller(f"{word}-key", "key", with_included(roles or ROLES), patterns)


# --- what the teams send --------------------------------------------------------------------------


def table(word: str, name: str, **facets: Any) -> dict[str, Any]:
    columns = {"fields": [{"name": f"{word}_id", "type": "int"}, {"name": f"{word}_mail", "type": "text"}]}  # fmt: skip
    return dataset(
        f"{word}.{name}",
        store_of(word),
        schema=columns,
        documentation={"description": f"{word} {name} for {word}"},
        ownership={"owners": [{"name": f"team:{word}", "type": "TEAM"}]},
        tags={"tags": [{"key": "pii", "value": word, "field": f"{word}_mail"}]},
        datasetType={"datasetType": "TABLE"},
        storage={"storageLayer": word},
        fairlead_contract={
            "id": word,
            "owners": [f"team:{word}"],
            "columns": [{"name": f"{word}_mail"}],
        },
        **facets,
    )


def comes_from(*sources: tuple[str, str]) -> dict[str, Any]:
    """Column lineage: each column of a table of the first team from the same one of each source."""
    word = sources[0][0]
    return {
        "fields": {
            f"{word}_mail": {
                "inputFields": [
                    {
                        "namespace": store_of(other),
                        "name": f"{other}.{name}",
                        "field": f"{other}_mail",
                        "transformations": [{"type": "DIRECT", "description": f"{other} mail"}],
                    }
                    for other, name in sources
                ]
            }
        }
    }


def days(word: str, other: str, number: int, *, fails: bool) -> Iterator[bytes]:
    """
    The team's DAG, every day at five; `number` is of its first run. It reads a table of the other
    team, and on the last day it may fail.
    """
    for day in range(DAYS + 1):
        at = DAY + timedelta(days=day, hours=5)
        yield from _day(word, other, number + 0x100 * day, at, day, fails=fails and day == DAYS)


def _day(
    word: str, other: str, number: int, at: datetime, day: int, *, fails: bool
) -> Iterator[bytes]:
    space, dag = f"team-{word}", f"{word}_dag"
    run = {"run_id": f"scheduled__{word}_{day}", "run_type": "scheduled"}
    about = {"dag": {"dag_id": dag, "owner": word, "timetable_summary": "@daily"}, "dagRun": run}
    tags = {"airflowDagRun": about, "fairlead_deployment": {"name": f"{word}-airflow"}}
    of_dag = {"jobType": {"integration": "AIRFLOW", "jobType": "DAG", "processingType": "BATCH"}}
    yield run_event("START", at.isoformat(), uuid(number), dag, namespace=space, run=tags, facets=of_dag)  # fmt: skip
    steps = [
        ("load", [], [table(word, "raw")]),
        ("sum", [table(word, "raw"), table(other, "exported")], [table(word, "totals", columnLineage=comes_from((word, "raw"), (other, "exported")))]),
        ("publish", [table(word, "totals")], [table(word, "rates", columnLineage=comes_from((word, "totals")))]),
    ]  # fmt: skip
    for step, (task, reads, writes) in enumerate(steps, 1):
        begin = at + timedelta(minutes=5 * step)
        state = "FAIL" if fails else "COMPLETE"
        facets = {
            "airflow": {
                "dag": {"dag_id": dag, "owner": word},
                "dagRun": run,
                "task": {"task_id": task, "operator_class": f"{word}Operator", "owner": word},
                "taskInstance": {"try_number": 1},
            },
            "parent": parent(uuid(number), dag, space),
        }
        if fails:
            facets["errorMessage"] = {
                "message": f"{word} broke", "programmingLanguage": "SQL", "stackTrace": f"{word} trace",
            }  # fmt: skip
        checked = {
            **writes[0],
            "outputFacets": {
                "outputStatistics": {"rowCount": 10 + day, "size": 100},
                "dataQualityAssertions": {"assertions": [{"assertion": f"{word}_check", "name": f"{word}_check", "success": day != DAYS - 1 or word == COBALT, "column": f"{word}_id"}]},
            },
        }  # fmt: skip
        code = {
            "sql": {"query": f"select 1 as {word}"},
            "documentation": {"description": f"{word} {task}"},
            "sourceCode": {"language": "python", "sourceCode": f"{word}()"},
            "sourceCodeLocation": {"type": "git", "url": f"https://git/{word}.git"},
            "ownership": {"owners": [{"name": f"team:{word}"}]},
        }
        for kind, moment in (("START", begin), (state, begin + timedelta(minutes=1))):
            yield run_event(
                kind, moment.isoformat(), uuid(number + step), f"{dag}.{task}", namespace=space,
                run=facets, facets=code, inputs=reads, outputs=[checked],
            )  # fmt: skip
        if fails:
            break
    end = "FAIL" if fails else "COMPLETE"
    yield run_event(end, (at + timedelta(minutes=20)).isoformat(), uuid(number), dag, namespace=space, run=tags, facets=of_dag)  # fmt: skip


def others(word: str, other: str, number: int) -> Iterator[bytes]:
    """Jobs of every other kind: started by the other team's DAG, without a run, and one event that is broken."""
    space, at = f"team-{word}", (DAY + timedelta(hours=6)).isoformat()
    started_by = {"parent": parent(uuid(number ^ 1), f"{other}_dag", f"team-{other}")}
    for kind in ("START", "COMPLETE"):
        yield run_event(
            kind, at, uuid(number), f"{word}_app", namespace=f"{space}-spark", run=started_by,
            facets={"jobType": {"integration": "SPARK", "processingType": "BATCH", "jobType": "APPLICATION"}},
            inputs=[table(other, "exported")], outputs=[table(word, "exported")],
        )  # fmt: skip
    for day in range(DAYS + 1):
        ended = (DAY + timedelta(days=day, hours=7)).isoformat()
        error = {"errorMessage": {"message": f"{word} alone", "programmingLanguage": "SQL"}}
        broke = day == DAYS
        yield run_event(
            "FAIL" if broke else "COMPLETE", ended, uuid(number + 0x100 + day), f"{word}_alone",
            namespace=space, run=error if broke else {}, outputs=[table(word, "alone")],
        )  # fmt: skip
    facet = {"_producer": "https://p", "_schemaURL": "https://s#/definitions/JobEvent"}
    yield json.dumps(
        {
            "eventTime": at,
            "producer": "https://p",
            "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/JobEvent",
            "job": {"namespace": space, "name": f"{word}_declared", "facets": {"documentation": {**facet, "description": word}}},
            "inputs": [table(word, "raw")],
            "outputs": [],
        }
    ).encode()  # fmt: skip
    yield json.dumps(
        {
            "eventTime": at,
            "producer": "https://p",
            "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/DatasetEvent",
            "dataset": table(word, "declared"),
        }
    ).encode()
    yield json.dumps(
        {
            "eventType": "COMPLETE",
            "eventTime": f"not a time, {word}",
            "run": {"runId": uuid(number + 9)},
            "job": {"namespace": space, "name": f"{word}_dag"},
            "inputs": [{"namespace": store_of(other), "name": f"{other}.exported"}],
        }
    ).encode()


def sends(bridge: Bridge, word: str, other: str, number: int, *, fails: bool) -> None:
    """What one team sends, states and does."""
    bridge.take(
        [*days(word, other, number, fails=fails), *others(word, other, 0x7000_0000 + number)], NOW
    )
    node = f"dataset:{store_of(word)}:{word}.totals"
    with writing(bridge.db) as tx:
        for name in (node, f"job:team-{word}:{word}_*"):
            statement = Statement(by="06:00") if name == node else Statement(within="30m")
            store.put(
                tx, Stated("person", name, statement, f"{word}-person"), ids.dataset_id, micros(NOW)
            )
        window = Window(micros(NOW), micros(NOW) + 60_000_000, f"team-{word}", f"{word}*", None)
        maintenance.add(tx, window, f"{word} upgrade", f"{word}-person", micros(NOW))
        refused = run_event(
            "START", NOW.isoformat(), uuid(number + 99), f"{word}_late", namespace=f"team-{word}"
        )
        inbox.refuse(tx, [(refused, f"the key {word} sends")], "http", micros(NOW))
        own = [sa.select(c.id).where(c.namespace.contains(word)) for c in (t.job.c, t.dataset.c)]
        refuse = sa.update(t.delivery).values(reason=f"{word} refused", state="rejected")
        for ids_of in own:
            tx.execute(refuse.where(t.delivery.c.key.in_(ids_of)))
        mine = sa.select(t.incident.c.id).where(t.incident.c.node.contains(word))
        for id in tx.scalars(mine).all():
            actions.act(tx, id, "note", f"{word}-person", f"{word} note", {}, micros(NOW))
            actions.act(tx, id, "assign", f"{word}-person", f"team:{word}", {}, micros(NOW))
            actions.act(tx, id, "acknowledge", f"{word}-person", None, {}, micros(NOW))
    bridge.evaluate(NOW)


# --- what is asked --------------------------------------------------------------------------------


def application(db: sa.Engine) -> FastAPI:
    """Everything that reads, at the moment `NOW`."""
    settings = load({"database_url": str(db.url), "auth": ("keys",)})
    web = build_api(db, settings, {"lake": "openlineage"}, lambda: micros(NOW))
    web.include_router(metrics.router(db, ["lake"], lambda: None))
    return web


@dataclass
class Asking:
    """The application, as one caller asks it; it counts the statements that answers took."""

    db: sa.Engine
    caller: Caller

    def __post_init__(self) -> None:
        self.http = TestClient(
            called_by(application(self.db), self.caller), raise_server_exceptions=False
        )
        self.statements: list[str] = []
        sa.event.listen(
            self.db, "before_cursor_execute", lambda *event: self.statements.append(event[2])
        )

    def ask(self, request: Request) -> tuple[int, str, str]:
        """Status, kind and text of the answer, headers included."""
        self.statements.clear()
        answer = self.http.request(
            request.method, request.path, params=request.query or None, json=request.body
        )
        kind = answer.headers.get("content-type", "")
        headers = {
            name: value
            for name, value in answer.headers.items()
            if name not in ("content-length", "etag")
        }
        return answer.status_code, kind, f"{answer.text}\n{headers}"


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, Any]
    body: Any = None
