"""Sets OpenLineage up from `[fairlead]`, without touching anything the user set in `[openlineage]`.

Airflow reads its options from the environment before it looks into airflow.cfg, each time it is
asked. So the options are put into the environment of the process, early enough that the OpenLineage
plugin, which decides at import whether it is enabled, finds them; child processes inherit them.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from fairlead_airflow.config import Config, Reader, airflow_reader

TRANSPORT = "fairlead_airflow.transport.FairleadTransport"
RUN_FACETS = ("fairlead_airflow.facets.run_facets",)


@dataclass
class Plan:
    """What is to be set in the environment, and what was left as the user has it, with the reason."""

    environment: dict[str, str] = field(default_factory=dict)
    left_alone: list[str] = field(default_factory=list)

    def put(self, option: str, value: str) -> None:
        self.environment[f"AIRFLOW__OPENLINEAGE__{option.upper()}"] = value


def plan(read: Reader, environ: Mapping[str, str], enabled: bool) -> Plan:
    """Decide; touches nothing."""
    result = Plan()
    if not enabled:
        result.left_alone.append("everything, because [fairlead] enabled is False")
    elif _is_true(read("openlineage", "disabled")) or _is_true(environ.get("OPENLINEAGE_DISABLED")):
        result.left_alone.append("everything, because OpenLineage is disabled by configuration")
    else:
        _plan_transport(result, read, environ)
        _plan_run_facets(result, read)
    return result


def _plan_transport(result: Plan, read: Reader, environ: Mapping[str, str]) -> None:
    if TRANSPORT in (read("openlineage", "transport") or ""):
        return  # put there by the parent process, or by the user himself
    for option in ("config_conn_id", "config_path", "transport"):
        if read("openlineage", option):
            result.left_alone.append(
                f"[openlineage] {option}, which is set: events go where it says"
            )
            return
    for name in sorted(environ):
        if name in _LEGACY or name.startswith("OPENLINEAGE__TRANSPORT"):
            result.left_alone.append(f"{name}, which is set: events go where it says")
            return
    result.put("transport", json.dumps({"type": TRANSPORT}))


_LEGACY = ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG")


def _plan_run_facets(result: Plan, read: Reader) -> None:
    """The list is added to: what the user named comes first and stays."""
    named = [name.strip() for name in (read("openlineage", "custom_run_facets") or "").split(";")]
    named = [name for name in named if name]
    missing = [name for name in RUN_FACETS if name not in named]
    if missing:
        result.put("custom_run_facets", ";".join([*named, *missing]))


def apply() -> Plan:
    """Set up this process. May be called any number of times."""
    from fairlead_airflow import compat

    parser = compat.conf()
    read = airflow_reader(parser)
    config = Config.read(read, compat.home())
    result = plan(read, os.environ, config.enabled)
    os.environ.update(result.environment)
    if result.environment:
        _forget_cached_options()
    return result


def is_ours() -> bool:
    """True where events go through our transport."""
    from fairlead_airflow import compat

    return TRANSPORT in (airflow_reader(compat.conf())("openlineage", "transport") or "")


def _forget_cached_options() -> None:
    """Clear OpenLineage's cached options, which may have been read before they were set here."""
    module = sys.modules.get("airflow.providers.openlineage.conf")
    for function in vars(module).values() if module else ():
        if hasattr(function, "cache_clear"):
            function.cache_clear()


def _is_true(value: str | None) -> bool:
    return (value or "").strip().lower() in ("true", "1", "t")
