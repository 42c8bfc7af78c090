"""What is in force, where it came from, and whether an event gets through.

The checks go from cause to effect, and end behind the first that fails: nothing is asked of an address
that no event goes to, and no probe is sent to a receiver that refuses it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from fairlead_airflow import bootstrap, compat, deployment, framing, links, probing
from fairlead_airflow.config import SECTION, Config, airflow_reader
from fairlead_airflow.findings import Finding, Level, fact, fail, ok, summary, warn
from fairlead_airflow.provider_info import get_provider_info
from fairlead_airflow.transport import read_config, resolve
from fairlead_sdk.cli import status as spool_status
from fairlead_sdk.http import plain_url
from fairlead_sdk.settings import Settings

_PACKAGES = (
    "apache-airflow",
    "apache-airflow-providers-openlineage",
    "openlineage-python",
    "airflow-provider-fairlead",
    "fairlead-sdk",
)


def examine(timeout: float, *, send: bool = True) -> list[Finding]:
    """Return the summary, followed by all findings. `timeout` of the probe in seconds; no event is sent
    without `send`."""
    findings: list[Finding] = []
    for found in _stages(timeout, send):
        findings += found
        if findings and findings[-1].level is Level.FAIL:
            break
    arrives = "lineage of this host arrives"
    unproven = "nothing is wrong so far; that events arrive is not proven, since none was sent"
    return [summary(findings, arrives if send else unproven), *findings]


def _stages(timeout: float, send: bool) -> Iterator[Iterable[Finding]]:
    yield versions()
    yield options()
    try:
        config = read_config()
    except ValueError as error:
        yield [fail(str(error))]
        return
    yield switches(config)
    yield listeners()
    try:
        settings, origin = destination(config)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what the user must hear
        yield [fail(f"connection {config.conn_id}: {type(error).__name__}: {error}")]
        return
    yield where(settings, origin)
    yield spool(settings)
    receiver = probing.Receiver(settings) if settings.destination.get("url") else None
    if receiver:
        yield probing.health(receiver)
        yield probing.key(receiver)
    own = deployment.own_name()
    if send:
        yield probing.probe(settings, _namespace(), timeout, own)
    if receiver:
        yield probing.neighbours(receiver, _namespace(), own)
    yield tabs(config)


def _namespace() -> str:
    from airflow.providers.openlineage import conf

    return str(conf.namespace())


def versions() -> Iterator[Finding]:
    """Who takes part."""
    for package in _PACKAGES:
        try:
            yield fact(f"{package} {version(package)}")
        except PackageNotFoundError:
            yield fail(f"{package} is not installed")
            return


def options() -> Iterator[Finding]:
    """What is set in `[fairlead]`, and where. Values that may be secret are not shown."""
    known = get_provider_info()["config"][SECTION]["options"]
    for name in known:
        value, source = _set(SECTION, name)
        if known[name].get("sensitive"):  # Airflow 2 may not know yet that it is
            value = "< hidden >"
        if source:
            yield fact(f"[{SECTION}] {name} = {value} ({source})")


def _set(section: str, option: str) -> tuple[str, str | None]:
    """The value of an option, and where it was set; None for that where it is the default."""
    sources = compat.conf().as_dict(display_source=True, display_sensitive=False)
    entry: Any = sources.get(section, {}).get(option)
    if isinstance(entry, tuple) and len(entry) == 2 and not str(entry[1]).startswith("default"):
        return str(entry[0]), str(entry[1])
    return str(entry), None


def switches(config: Config) -> Iterator[Finding]:
    """Whether OpenLineage is on and sends through our transport; if not, which option says so."""
    from airflow.providers.openlineage import conf

    plan = bootstrap.apply()
    if not config.enabled:
        _, source = _set(SECTION, "enabled")
        yield fail(f"Fairlead is switched off: [{SECTION}] enabled is False ({source})")
        return
    if conf.is_disabled():
        yield fail(f"OpenLineage is switched off: {_disabled_by()}")
        return
    if not bootstrap.is_ours():
        yield fail(_elsewhere(plan.left_alone))
        return
    yield ok("OpenLineage is on, and its transport is Fairlead's")
    for option in ("selective_enable", "disabled_for_operators"):
        value, source = _set("openlineage", option)
        if source and value.lower() not in ("", "false"):
            yield warn(f"[openlineage] {option} = {value} ({source}): some tasks send nothing")
    read = airflow_reader(compat.conf())
    yield fact(f"[openlineage] namespace = {_namespace()}")
    yield fact(f"[openlineage] custom_run_facets = {read('openlineage', 'custom_run_facets')}")


def _disabled_by() -> str:
    value, source = _set("openlineage", "disabled")
    if source and value.lower() in ("true", "t", "1"):
        return f"[openlineage] disabled = {value} ({source})"
    if legacy := os.environ.get("OPENLINEAGE_DISABLED"):
        return f"OPENLINEAGE_DISABLED={legacy} (environment)"
    return "no transport is set"


def _elsewhere(left_alone: list[str]) -> str:
    """What of `[openlineage]` decides where tasks send, if that is not our transport."""
    what = next(iter(left_alone), "a transport that is set").partition(",")[0]
    with suppress(ValueError, TypeError, AttributeError):
        transport = json.loads(airflow_reader(compat.conf())("openlineage", "transport") or "")
        what = f"{what} (type {transport['type']})" if "type" in transport else what
    return (
        f"events of tasks go through {what}, not through Fairlead's spool: what [{SECTION}] says of "
        f"their destination is not used. Remove it to send to [{SECTION}] url"
    )


def listeners() -> Iterator[Finding]:
    """Whether the listeners are registered, in the server's plugins and in the tasks'."""
    for where, plugins, errors in compat.plugins():
        found = {type(one).__name__ for plugin in plugins for one in plugin.listeners}
        for source, error in errors.items():
            yield warn(f"{where}: plugin {source} failed: {error}")
        if "OpenLineageListener" not in found:
            yield fail(f"{where}: OpenLineage's listener is not registered, so no event is sent")
            return
        yield ok(f"{where}: OpenLineage listens")


def destination(config: Config) -> tuple[Settings, str]:
    """Where events go, and which option or connection says so. Raises what Airflow raises for a
    connection that it does not have."""
    if config.transport:
        return resolve(config), f"[{SECTION}] transport"
    if config.url:
        return resolve(config), f"[{SECTION}] url"
    return resolve(config), f"connection {config.conn_id}"


def where(settings: Settings, origin: str) -> Iterator[Finding]:
    """The destination, if its address is one."""
    url = settings.destination.get("url")
    if url and (fault := probing.address_fault(url)):
        yield fail(f"{origin} = {plain_url(url)} {fault}")
        return
    to = (
        plain_url(url)
        if url
        else f"a transport of type {settings.destination['transport']['type']}"
    )
    yield fact(f"events go to {to} (set by {origin})")


def spool(settings: Settings) -> Iterator[Finding]:
    """What this host's disk holds."""
    state = spool_status(settings)
    yield fact(f"spool {state['folder']}: {state['waiting']} waiting, {state['bytes']} bytes")
    for name in ("rejected", "damaged", "dropped", "refused"):
        if state[name]:
            yield warn(f"{state[name]} events were {name}, now or in the past")
    if error := state.get("deliverer_last_error"):
        at = state["deliverer_last_error_at"]
        recovered = (state.get("deliverer_last_delivered_at") or "") > at
        later = "; events were delivered since" if recovered else ""
        yield (fact if recovered else warn)(f"the last delivery that failed, {at}: {error}{later}")
    if state["problem"]:
        yield fail(f"the spool takes no events: {state['problem']}")


def tabs(config: Config) -> Iterator[Finding]:
    """Whether Airflow's page can show the catalog's."""
    page = links.page_address(config)
    if page and compat.has_tabs():
        yield from framing.framing_findings(page)
