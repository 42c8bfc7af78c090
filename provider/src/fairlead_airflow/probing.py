"""Questions to a receiver over HTTP, and a probe sent the way that events of tasks take.

Each check proves one thing and says which: an answer proves the address, an empty batch the key, the
probe the way through the spool, the catalog's answer the rest.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from fairlead_airflow.deployment import FACET, facet
from fairlead_airflow.findings import Finding, fact, fail, ok, warn
from fairlead_airflow.transport import FairleadTransport
from fairlead_sdk.cli import status as spool_status
from fairlead_sdk.documents import Json
from fairlead_sdk.errors import FairleadError, NotUnderstood
from fairlead_sdk.http import Answer, Limits, exchange, new_session, plain_url
from fairlead_sdk.settings import Settings

PROBE_JOB = "fairlead.doctor"
_POLL = 0.2


class Receiver:
    """What receives the events, asked as the deliverer would ask it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.url: str = settings.destination["url"].rstrip("/")
        self.name = plain_url(self.url)
        auth = settings.destination.get("auth") or {}
        self.key = auth.get("api_key") or auth.get("apiKey")

    def ask(self, path: str, query: dict[str, object] | None = None) -> Answer:
        """GET below the address. FairleadError where there is no answer."""
        return self._exchange("GET", path, params=query)

    def offer(self, body: bytes) -> Answer:
        """POST events. FairleadError where there is no answer."""
        kind = {"Content-Type": "application/json"}
        return self._exchange("POST", "api/v1/lineage/batch", data=body, headers=kind)

    def _exchange(self, method: str, path: str, **more: Any) -> Answer:
        to = self._settings.destination
        pause = to.get("timeout", 10)
        with new_session() as session:
            session.headers.update(to.get("headers") or {})
            if self.key:
                session.headers["Authorization"] = f"Bearer {self.key}"
            session.verify = to.get("verify", True)
            session.cert = to.get("cert")
            limits = Limits(pause=pause, total=4 * pause)
            return exchange(session, method, f"{self.url}/{path}", limits=limits, **more)


def address_fault(url: str) -> str | None:
    """What is wrong with the form of an address; None for `http://HOST` and `https://HOST`.

    >>> address_fault("bridge:7070")
    'has no http:// or https:// in front; write http://bridge:7070'
    """
    if "://" not in url:
        return f"has no http:// or https:// in front; write http://{url.lstrip('/')}"
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        return f"is not an address: {error}"
    if parts.scheme.lower() not in ("http", "https"):
        return f"begins with {parts.scheme}://, and must begin with http:// or https://"
    return None if parts.hostname else "names no host"


def health(receiver: Receiver) -> Iterator[Finding]:
    """Whether something answers at the address, and whether it is a bridge that works."""
    try:
        answer = receiver.ask("api/v1/health")
    except FairleadError as error:
        yield fail(f"the receiver does not answer: {error}")
        return
    if wrong := answer.misdirection:
        yield fail(f"{receiver.name} is not the receiver: {wrong}")
    elif answer.is_success:
        yield from _health(receiver, answer)
    elif answer.status in (401, 403):
        yield fail(_refused(receiver, answer.status))
    elif answer.status >= 500:
        yield fail(f"{receiver.name} answers HTTP {answer.status}: {answer.text()}")
    else:
        yield fact(
            f"{receiver.name} answers HTTP {answer.status} to api/v1/health: no Fairlead bridge, so only "
            "the delivery can be checked"
        )


def _health(receiver: Receiver, answer: Answer) -> Iterator[Finding]:
    try:
        body = answer.json()
    except NotUnderstood as error:
        yield fact(str(error))
        return
    status = body.get("status") if isinstance(body, dict) else None
    if status in (None, "ok"):
        yield ok(f"{receiver.name} answers and is healthy (that takes no key)")
    else:
        yield warn(f"{receiver.name} answers, and reports trouble: {answer.text()}")


def key(receiver: Receiver) -> Iterator[Finding]:
    """Whether the receiver takes events from us: it is sent an empty batch."""
    try:
        answer = receiver.offer(b"[]")
    except FairleadError as error:
        yield fail(f"the receiver does not answer: {error}")
        return
    how = "with the key that is set" if receiver.key else "without a key"
    if wrong := answer.misdirection:
        yield fail(f"{receiver.name} is not the receiver: {wrong}")
    elif answer.status in (401, 403):
        yield fail(_refused(receiver, answer.status))
    elif answer.is_success:
        yield ok(f"{receiver.name} takes events {how}")
    elif answer.status >= 500:
        yield fail(f"{receiver.name} takes no events: HTTP {answer.status}: {answer.text()}")
    else:
        yield fact(
            f"{receiver.name} answers HTTP {answer.status} to an empty batch; the probe will show whether it accepts events"
        )


def _refused(receiver: Receiver, status: int) -> str:
    which = "it does not know the key that is set" if receiver.key else "no key is set"
    return (
        f"{receiver.name} refuses events with HTTP {status}: {which}. Set [fairlead] api_key, or the "
        "connection's password, to a key of the bridge (`fairlead-bridge keys create`)"
    )


def probe(
    settings: Settings, namespace: str, timeout: float, deployment: str | None
) -> Iterator[Finding]:
    """Send an event as tasks do, and ask the catalog for it. `timeout` in seconds; `deployment` is what
    this Airflow calls itself."""
    run_id, transport = uuid4(), FairleadTransport()
    start, now = time.monotonic(), datetime.now(UTC)
    try:
        transport.store(_event(run_id, namespace, now, deployment))
    except OSError as error:
        yield fail(f"the spool does not take the probe: {error}")
        return
    end = start + timeout
    if not transport.close(timeout):
        yield fail(_stuck(settings, now, timeout))
        return
    for rejected in transport.spool.rejected():
        if str(run_id) in rejected["event"]:
            yield fail(f"the receiver rejected the probe: {rejected['reason']}")
            return
    yield ok(f"the probe went through the spool in {time.monotonic() - start:.1f} s")
    if settings.destination.get("url"):
        yield _arrived(Receiver(settings), run_id, namespace, end)


def _stuck(settings: Settings, since: datetime, timeout: float) -> str:
    state = spool_status(settings)
    text = f"the probe is still in the spool after {timeout:g} s"
    if (state.get("deliverer_last_error_at") or "") >= since.isoformat():
        return f"{text}: {state['deliverer_last_error']}"
    if not state["delivering"]:
        return f"{text}: no process delivers it; see deliverer.log in {state['folder']}"
    return f"{text}, {state['waiting']} events wait there"


def _event(run_id: UUID, namespace: str, now: datetime, deployment: str | None) -> Json:
    producer = f"airflow-provider-fairlead/{version('airflow-provider-fairlead')}"
    who = {FACET: facet(deployment, producer)} if deployment else {}
    return {
        "eventType": "COMPLETE",
        "eventTime": now.isoformat(),
        "producer": producer,
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": str(run_id), "facets": who},
        "job": {"namespace": namespace, "name": PROBE_JOB, "facets": {}},
        "inputs": [],
        "outputs": [],
    }


def _arrived(receiver: Receiver, run_id: UUID, namespace: str, end: float) -> Finding:
    query = {"namespace": namespace, "job": PROBE_JOB, "limit": 20}
    while True:
        try:
            answer = receiver.ask("api/v1/runs", query)
        except FairleadError as error:
            return fail(f"the catalog cannot be asked for the probe: {error}")
        if answer.status in (404, 405):
            return fact(f"{receiver.name} took the probe; it has no catalog that could be asked")
        if answer.status in (401, 403):
            return warn(f"{receiver.name} took the probe; this key may not ask its catalog")
        if answer.is_success and str(run_id).encode() in answer.body:
            return ok("the catalog has the probe")
        if time.monotonic() >= end:
            return fail(
                f"{receiver.name} took the probe, but its catalog does not have it (HTTP "
                f"{answer.status}): look at `waiting` and `quarantined` in its api/v1/health"
            )
        time.sleep(_POLL)


def neighbours(receiver: Receiver, namespace: str, own: str | None) -> Iterator[Finding]:
    """Whether another Airflow sends under the same namespace; `own` is what this one calls itself."""
    try:
        answer = receiver.ask("api/v1/deployments")
        known = answer.json() if answer.is_success else []
    except FairleadError:
        return  # reported before, or no bridge
    others = [
        f"{each['name']} (until {each['last_at']})"
        for each in (known if isinstance(known, list) else ())  # a receiver of another make
        if each["namespace"] == namespace and each["shares_namespace"] and each["name"] != own
    ]
    if others:
        yield warn(
            f"another Airflow sends under the namespace {namespace} too, so that DAGs and runs of the same "
            f"name are taken for one: {', '.join(others)}. Give each its own [openlineage] namespace"
        )
