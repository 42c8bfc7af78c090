"""Whether the catalog's page may be shown in a frame of Airflow's, as its tabs do."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatch
from urllib.parse import urlsplit

from fairlead_airflow import compat
from fairlead_airflow.findings import Finding, fact, ok, warn
from fairlead_sdk.errors import FairleadError
from fairlead_sdk.http import Limits, exchange, new_session

_LIMITS = Limits(pause=5, total=15)


def framing_findings(page: str) -> Iterator[Finding]:
    """Ask the page at this address which origins may frame it, and compare with Airflow's own."""
    try:
        with new_session() as session:
            answer = exchange(session, "GET", f"{page}/", limits=_LIMITS)
    except FairleadError as error:
        yield fact(f"whether Airflow's tabs can show {page} is not known from here: {error}")
        return
    allowed = frame_ancestors(answer.headers.get("Content-Security-Policy", ""))
    airflow = origin(compat.conf().get("api", "base_url", fallback=None) or "")
    if allowed is None or (airflow and may_frame(allowed, page, airflow)):
        yield ok("Airflow's tabs may show the catalog's page")
    elif not airflow and any(one != "'self'" for one in allowed):
        yield fact(
            f"Airflow's tabs show the catalog where Airflow is opened at {' '.join(allowed)}"
        )
    else:
        where = airflow or "the address at which people open Airflow"
        yield warn(
            f"Airflow's tabs stay empty: {page} may not be shown in a frame of {where}; start the bridge "
            f"with FAIRLEAD_FRAME_ANCESTORS={airflow or 'http://AIRFLOW:8080'}"
        )


def frame_ancestors(policy: str) -> list[str] | None:
    """The sources of `frame-ancestors` in a Content-Security-Policy; None where it does not speak of it.

    >>> frame_ancestors("default-src 'none'; frame-ancestors 'self' https://airflow.corp")
    ["'self'", 'https://airflow.corp']
    """
    for directive in policy.split(";"):
        name, *sources = directive.split() or [""]
        if name.lower() == "frame-ancestors":
            return sources
    return None


def may_frame(allowed: list[str], page: str, parent: str) -> bool:
    """Whether a page of the origin `parent` may frame `page`.

    >>> may_frame(["'self'", "https://*.corp"], "https://lineage.corp", "https://airflow.corp")
    True
    """
    for source in allowed:
        if source == "*" or (source == "'self'" and origin(page) == parent):
            return True
        if fnmatch(parent, source.rstrip("/").lower()):
            return True
    return False


def origin(address: str) -> str:
    """Scheme, host and port of an address; empty where it has none.

    >>> origin("http://Airflow:8080/prod")
    'http://airflow:8080'
    """
    parts = urlsplit(address.strip())
    return f"{parts.scheme}://{parts.netloc}".lower() if parts.scheme and parts.netloc else ""
