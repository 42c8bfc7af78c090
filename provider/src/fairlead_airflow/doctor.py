"""What is in force, where it came from, and whether an event gets through.

Every check is a function that gives findings; a finding is a line for a person and whether it is good.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from uuid import UUID, uuid4

import requests

from fairlead.cli import status as spool_status
from fairlead.settings import Settings
from fairlead_airflow import bootstrap, compat
from fairlead_airflow.config import SECTION, Config, airflow_reader
from fairlead_airflow.provider_info import get_provider_info
from fairlead_airflow.transport import FairleadTransport, read_config, resolve

PROBE_JOB = "fairlead.doctor"


@dataclass(frozen=True)
class Finding:
    """`good` is None for what is neither: a fact."""

    text: str
    good: bool | None = None


def versions() -> Iterator[Finding]:
    """Who takes part."""
    for package in (
        "apache-airflow",
        "apache-airflow-providers-openlineage",
        "openlineage-python",
        "airflow-provider-fairlead",
        "fairlead",
    ):
        try:
            yield Finding(f"{package} {version(package)}")
        except PackageNotFoundError:
            yield Finding(f"{package} is not installed", good=False)


def options() -> Iterator[Finding]:
    """What is set in `[fairlead]`, and where. Values that may be secret are not shown."""
    parser = compat.conf()
    known = get_provider_info()["config"][SECTION]["options"]
    sources = parser.as_dict(display_source=True, display_sensitive=False).get(SECTION, {})
    for name in known:
        value, source = _value_and_source(sources.get(name))
        if known[name].get("sensitive"):  # Airflow 2 may not know yet that it is
            value = "< hidden >"
        if source and not source.startswith("default"):
            yield Finding(f"[{SECTION}] {name} = {value} ({source})")


def _value_and_source(entry: Any) -> tuple[str, str | None]:
    if isinstance(entry, tuple) and len(entry) == 2:
        return str(entry[0]), str(entry[1])
    return str(entry), None


def openlineage() -> Iterator[Finding]:
    """Whether OpenLineage is on and sends through us, and what was left as the user has it."""
    from airflow.providers.openlineage import conf

    read = airflow_reader(compat.conf())
    for note in bootstrap.apply().left_alone:
        yield Finding(f"left alone: {note}", good=False)
    yield Finding(
        "OpenLineage is disabled" if conf.is_disabled() else "OpenLineage is enabled",
        good=not conf.is_disabled(),
    )
    if bootstrap.is_ours():
        yield Finding("[openlineage] transport is ours, set from [fairlead]", good=True)
    else:
        yield Finding(f"[openlineage] transport is not ours: {read('openlineage', 'transport')}")
    yield Finding(f"[openlineage] namespace = {conf.namespace()}")
    yield Finding(f"[openlineage] custom_run_facets = {read('openlineage', 'custom_run_facets')}")


def listeners() -> Iterator[Finding]:
    """Whether the listeners are registered, in the server's plugins and in the tasks'."""
    for where, plugins, errors in compat.plugins():
        found = {type(one).__name__ for plugin in plugins for one in plugin.listeners}
        good = "OpenLineageListener" in found
        yield Finding(f"{where}: OpenLineage listens" if good else f"{where}: nobody listens", good)
        for source, error in errors.items():
            yield Finding(f"{where}: plugin {source} failed: {error}", good=False)


def destination(config: Config) -> tuple[list[Finding], Settings | None]:
    """Where events go, and who says so."""
    if not config.enabled:
        return [Finding(f"[{SECTION}] enabled is False", good=False)], None
    try:
        settings = resolve(config)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what the user must hear
        text = f"connection {config.conn_id}: {type(error).__name__}: {error}"
        return [Finding(text, good=False)], None
    origin = "option" if config.static_destination() else f"connection {config.conn_id}"
    where = settings.destination.get("url") or settings.destination["transport"].get("type")
    return [Finding(f"events go to {where} (from {origin})", good=True)], settings


def receiver(settings: Settings) -> Iterator[Finding]:
    """Whether the bridge answers."""
    if not settings.destination.get("url"):
        return
    try:
        answer = _ask(settings, "api/v1/health", {})
    except requests.RequestException as error:
        yield Finding(f"the receiver does not answer: {error}", good=False)
        return
    if answer.ok:
        yield Finding(f"the receiver is healthy: {answer.text[:200]}", good=True)
    else:
        yield Finding(f"the receiver answers HTTP {answer.status_code} to api/v1/health", good=None)


def spool(settings: Settings) -> Iterator[Finding]:
    """What this host's disk holds."""
    state = spool_status(settings)
    yield Finding(f"spool {state['folder']}: {state['waiting']} waiting, {state['bytes']} bytes")
    if state["problem"]:
        yield Finding(f"the spool takes no events: {state['problem']}", good=False)
    for name in ("rejected", "damaged", "dropped", "refused"):
        if state[name]:
            yield Finding(f"{state[name]} events were {name}", good=False)
    if state.get("deliverer_last_error"):
        at = state["deliverer_last_error_at"]
        recovered = (state.get("deliverer_last_delivered_at") or "") > at
        yield Finding(f"last error {at}: {state['deliverer_last_error']}", good=recovered or False)


def probe(settings: Settings, namespace: str, timeout: float) -> Iterator[Finding]:
    """Send an event the way tasks do, and ask the catalog for it. `timeout` in seconds."""
    run_id = uuid4()
    transport = FairleadTransport()
    start = time.monotonic()
    transport.keep(_probe_event(run_id, namespace, datetime.now(UTC)))
    if not transport.close(timeout):
        yield Finding(f"the probe is still in the spool after {timeout:g} s", good=False)
        return
    yield Finding(f"the probe was delivered after {time.monotonic() - start:.1f} s", good=True)
    if settings.destination.get("url"):
        yield _arrived(settings, run_id, namespace, start + timeout)


def _probe_event(run_id: UUID, namespace: str, now: datetime) -> dict[str, Any]:
    return {
        "eventType": "COMPLETE",
        "eventTime": now.isoformat(),
        "producer": f"airflow-provider-fairlead/{version('airflow-provider-fairlead')}",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": str(run_id), "facets": {}},
        "job": {"namespace": namespace, "name": PROBE_JOB, "facets": {}},
        "inputs": [],
        "outputs": [],
    }


def _arrived(settings: Settings, run_id: UUID, namespace: str, end: float) -> Finding:
    query = {"namespace": namespace, "job": PROBE_JOB, "limit": 20}
    while True:
        try:
            answer = _ask(settings, "api/v1/runs", query)
        except requests.RequestException as error:
            return Finding(f"the catalog cannot be asked: {error}", good=False)
        if answer.status_code in (404, 405):
            return Finding("the receiver took it; it has no catalog that could be asked")
        if answer.ok and str(run_id) in answer.text:
            return Finding("the catalog has the probe", good=True)
        if time.monotonic() >= end:
            return Finding(f"the catalog has no probe {run_id} (HTTP {answer.status_code})", False)
        time.sleep(0.2)


def _ask(settings: Settings, path: str, query: dict[str, Any]) -> requests.Response:
    to = settings.destination
    headers = dict(to.get("headers") or {})
    auth = to.get("auth") or {}
    if key := auth.get("api_key") or auth.get("apiKey"):
        headers["Authorization"] = f"Bearer {key}"
    return requests.get(
        f"{to['url'].rstrip('/')}/{path}",
        params=query,
        headers=headers,
        timeout=to.get("timeout", 10),
        verify=to.get("verify", True),
        cert=to.get("cert"),
    )


def examine(timeout: float, *, send: bool = True) -> Iterator[Finding]:
    """All of it, in the order in which a person would ask."""
    from airflow.providers.openlineage import conf

    yield from versions()
    yield from options()
    try:
        config = read_config()
    except ValueError as error:
        yield Finding(str(error), good=False)
        return
    yield from openlineage()
    yield from listeners()
    findings, settings = destination(config)
    yield from findings
    if settings is None:
        return
    yield from receiver(settings)
    yield from spool(settings)
    if send:
        yield from probe(settings, conf.namespace(), timeout)
